"""The admin site is for admins, puts every change on record, and lets history be."""

import pytest
from django.urls import reverse

from accounts.models import Membership, User
from events.models import Delivery, Event
from tests.events.conftest import happen, watcher  # noqa: F401  fixtures
from tests.factories import PASSWORD, MembershipFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db

PERSON = {
    "time_zone": "UTC", "language": "en", "availability": "available", "is_active": "on",
    "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0",
}  # fmt: skip


@pytest.fixture
def site(client, admin):
    client.force_login(admin, backend="accounts.sign_in.Backend")
    return client


def test_only_staff_may_enter(client):
    client.force_login(UserFactory(), backend="accounts.sign_in.Backend")
    assert client.get(reverse("admin:index")).status_code in (302, 403)


def test_sign_in_is_the_same_page_as_everywhere(client):
    response = client.get(reverse("admin:index"), follow=True)
    assert reverse("account_login") in response.redirect_chain[-1][0]


def test_it_bears_our_name(site):
    assert "Secondline" in site.get(reverse("admin:index")).content.decode()


def test_an_admin_adds_a_person_with_a_role(site, admin):
    team = TeamFactory()
    form = {
        "email": "New.Person@Example.com", "name": "New Person", "usable_password": "true",
        "password1": PASSWORD, "password2": PASSWORD,
        "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0",
        "memberships-0-team": team.pk, "memberships-0-role": "l2",
    }  # fmt: skip
    assert site.post(reverse("admin:accounts_user_add"), form).status_code == 302
    person = User.objects.get(email="new.person@example.com")
    assert person.check_password(PASSWORD)
    assert person.roles == {team.pk: "l2"}
    recorded = Event.objects.filter(subject_type="person", subject_id=person.pk, actor=admin).order_by("id")
    assert [event.kind for event in recorded] == ["person.added", "person.roles_changed"]
    assert recorded[1].data == {"roles": {team.name: "l2"}}


def test_an_address_that_somebody_has_is_refused_in_words(site):
    UserFactory(email="taken@example.com")
    form = {"email": "TAKEN@example.com", "name": "x", "usable_password": "false"} | PERSON
    page = site.post(reverse("admin:accounts_user_add"), form)
    assert page.status_code == 200
    assert "already" in page.content.decode()


def test_switching_a_person_off_ends_their_sessions(site, client_of):
    person = UserFactory(name="Pat")
    theirs = client_of(person)
    form = PERSON | {"email": person.email, "name": "Pat"}
    del form["is_active"]
    assert site.post(reverse("admin:accounts_user_change", args=[person.pk]), form).status_code == 302
    assert theirs.get(reverse("preferences")).status_code == 302
    assert Event.objects.get(subject_id=person.pk, subject_type="person").kind == "person.deactivated"


def test_a_changed_name_is_on_record(site):
    person = UserFactory()
    form = PERSON | {"email": person.email, "name": "Another Name"}
    site.post(reverse("admin:accounts_user_change", args=[person.pk]), form)
    assert Event.objects.get(kind="person.changed").data == {"changed": ["name"]}


def test_the_list_action_switches_off_all_but_oneself(site, admin):
    one, two = UserFactory(), UserFactory()
    chosen = [one.pk, two.pk, admin.pk]
    site.post(reverse("admin:accounts_user_changelist"), {"action": "deactivate", "_selected_action": chosen})
    assert set(User.objects.filter(is_active=True)) == {admin}


def test_staff_who_are_no_admins_cannot_give_themselves_powers(client):
    from django.contrib.auth.models import Permission

    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.add(*Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(clerk, backend="accounts.sign_in.Backend")
    form = PERSON | {"email": clerk.email, "name": "Clerk", "is_staff": "on", "is_superuser": "on"}
    assert client.post(reverse("admin:accounts_user_change", args=[clerk.pk]), form).status_code == 302
    clerk.refresh_from_db()
    assert clerk.name == "Clerk"
    assert not clerk.is_superuser


def test_a_team_shows_its_people_and_records_their_roles(site):
    member = MembershipFactory(role="l2")
    form = {
        "name": member.team.name, "kind": "l2", "is_active": "on",
        "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": member.pk, "memberships-0-user": member.user.pk,
        "memberships-0-team": member.team.pk, "memberships-0-role": "lead",
    }  # fmt: skip
    assert site.post(reverse("admin:accounts_team_change", args=[member.team.pk]), form).status_code == 302
    assert Membership.objects.get(pk=member.pk).role == "lead"
    assert Event.objects.get(kind="person.roles_changed").data == {"roles": {member.team.name: "lead"}}
    assert site.get(reverse("admin:accounts_team_changelist")).status_code == 200


@pytest.mark.parametrize("name", ["accounts_user", "accounts_team"])
def test_history_keeps_its_people_and_teams(site, name):
    thing = UserFactory() if name == "accounts_user" else TeamFactory()
    assert site.post(reverse(f"admin:{name}_delete", args=[thing.pk]), {"post": "yes"}).status_code == 403


# Events and deliveries


@pytest.mark.parametrize("name", ["events_event", "events_delivery"])
def test_the_record_is_only_to_be_read(site, happen, name):  # noqa: F811
    delivery = happen()
    pk = delivery.pk if name == "events_delivery" else delivery.event_id
    assert site.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert site.get(reverse(f"admin:{name}_change", args=[pk])).status_code == 200
    assert site.get(reverse(f"admin:{name}_add")).status_code == 403
    assert site.post(reverse(f"admin:{name}_change", args=[pk]), {}).status_code == 403
    assert site.post(reverse(f"admin:{name}_delete", args=[pk]), {"post": "yes"}).status_code == 403


def test_a_failing_delivery_is_found_and_delivered_again(site, happen):  # noqa: F811
    failing = happen(2)
    happen(1)
    later = failing.next_attempt_at.replace(year=failing.next_attempt_at.year + 1)
    Delivery.objects.filter(pk=failing.pk).update(last_error="ValueError: no", next_attempt_at=later)
    page = site.get(reverse("admin:events_delivery_changelist"), {"state": "failing"})
    assert list(page.context["cl"].result_list) == [failing]
    site.post(
        reverse("admin:events_delivery_changelist"),
        {"action": "deliver_again", "_selected_action": [failing.pk]},
    )
    failing.refresh_from_db()
    assert failing.next_attempt_at < later
    for state in ("owed", "done"):
        assert site.get(reverse("admin:events_delivery_changelist"), {"state": state}).status_code == 200
