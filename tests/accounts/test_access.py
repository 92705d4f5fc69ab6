"""Who has access, opened and taken by admins, and reviewed every half year with a signature."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from knox.models import AuthToken

from accounts import access, access_reminders, access_review, lockout
from accounts.models import AccessReview, Membership, User
from common import clock
from common.errors import NotAllowed, Refused
from events.models import Event
from tests.accounts.test_lockout import fail
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return MembershipFactory(role="lead", user__name="Lea Lead").user


@pytest.fixture
def team(lead):
    return lead.memberships.get().team


@pytest.fixture
def member(team):
    return MembershipFactory(team=team, role="l2", user__name="Max Member").user


def test_the_list_shows_what_opens_doors(admin, member, client_of, django_assert_max_num_queries):
    TOTP.activate(member, "JBSWY3DPEHPK3PXP")
    AuthToken.objects.create(member)
    AuthToken.objects.create(member, expiry=timedelta(seconds=-1))
    fail(member.email, 10)
    found = {holder.person: holder for holder in access.holders(access.people_of(admin))}
    assert (found[member].factors, found[member].tokens) == (["totp"], 1)
    assert found[member].locked_until is not None
    UserFactory.create_batch(5)
    client = client_of(admin)
    with django_assert_max_num_queries(14):
        page = client.get(reverse("access")).content.decode()
    assert "Max Member" in page
    assert "locked until" in page


def test_a_lead_sees_their_team_and_opens_nothing(lead, member, admin, client_of):
    stranger = MembershipFactory(role="l2", user__name="Sam Stranger").user
    client = client_of(lead)
    page = client.get(reverse("access")).content.decode()
    assert "Max Member" in page
    assert "Sam Stranger" not in page
    fail(member.email, 10)
    for name in ("unlock_person", "reset_second_factor"):
        assert client.post(reverse(name, args=[member.pk])).status_code == 404
    assert client.post(reverse("begin_access_review"), {"team": ""}).status_code == 404
    other = stranger.memberships.get().team
    assert client.post(reverse("begin_access_review"), {"team": other.pk}).status_code == 404
    with pytest.raises(NotAllowed):
        access_review.begin(other, by=lead)


def test_an_admin_unlocks(member, admin, client_of):
    fail(member.email, 10)
    client_of(admin).post(reverse("unlock_person", args=[member.pk]))
    assert lockout.locked_until([member.email]) == {}
    assert Event.objects.get(kind="person.unlocked").actor == admin


def test_a_team_is_reviewed_and_signed(lead, team, member, admin, client_of):
    leaving = MembershipFactory(team=team, role="l1").user
    client = client_of(lead)
    address = client.post(reverse("begin_access_review"), {"team": team.pk}).url
    assert client.post(reverse("begin_access_review"), {"team": team.pk}).url == address, "one at a time"
    review = AccessReview.objects.get()
    assert "3 people to go" in client.get(address).content.decode()
    client.post(reverse("sign_off_access_review", args=[review.pk]))
    review.refresh_from_db()
    assert review.is_open

    decided = {f"decision-{member.pk}": "confirmed", f"decision-{leaving.pk}": "withdrawn"}
    client.post(address, decided | {f"decision-{lead.pk}": "confirmed"})
    assert not Membership.objects.filter(user=leaving).exists()
    assert User.objects.get(pk=leaving.pk).is_active
    assert access_review.undecided(review) == [lead], "nobody confirms their own"
    client_of(admin).post(address, {f"decision-{lead.pk}": "confirmed"})

    Membership.objects.filter(user=member).update(role="lead")
    assert access_review.undecided(review) == [member], "the access has changed since"
    access_review.decide(review, member, "confirmed", by=lead)
    client.post(reverse("sign_off_access_review", args=[review.pk]))
    page = client.get(address).content.decode()
    assert "Signed off" in page
    assert str(leaving) in page
    kinds = Event.objects.filter(subject_type="access_review").order_by("id").values_list("kind", flat=True)
    assert [kind.partition(".")[2] for kind in kinds] == ["begun", *["decided"] * 4, "signed_off"]
    with pytest.raises(Refused):
        access_review.decide(review, member, "withdrawn", by=lead)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessReview.objects.filter(pk=review.pk).update(signed_off_by=None)


def test_what_an_admin_withdraws_is_the_account(admin, member, client_of):
    review = access_review.begin(None, by=admin)
    with pytest.raises(Refused):
        access_review.decide(review, admin, "withdrawn", by=admin)
    access_review.decide(review, admin, "confirmed", by=admin)  # there is no other admin
    access_review.decide(review, member, "withdrawn", by=admin)
    member.refresh_from_db()
    assert not member.is_active
    assert Event.objects.get(kind="person.deactivated").data == {"reason": "access_review"}


def test_a_review_is_due_every_half_year_and_overdue_is_shown(lead, team, admin, client_of):
    client = client_of(lead)
    assert "Overdue" in client.get(reverse("access")).content.decode(), "never reviewed"
    review = access_review.begin(team, by=lead)
    access_review.decide(review, lead, "confirmed", by=admin)
    access_review.sign_off(review, by=lead)
    assert "Overdue" not in client.get(reverse("access")).content.decode()
    with time_machine.travel(clock.now() + timedelta(days=183)):
        assert access_review.standings(lead)[0].is_overdue


def test_who_owes_an_overdue_review_is_mailed_once_a_week_until_it_is_signed(lead, team, admin):
    MembershipFactory(team=team, role="lead", user__language="es", user__is_active=False)
    leaderless = MembershipFactory(role="l2").team
    assert access_reminders.remind() == 3
    assert access_reminders.remind() == 0
    told = {}
    for event in Event.objects.filter(kind=access_reminders.OVERDUE):
        mail.outbox.clear()
        access_reminders.handle(event)
        told[event.subject_id] = {to for message in mail.outbox for to in message.to}
        assert reverse("access") in mail.outbox[0].body
    assert told == {0: {admin.email}, team.pk: {lead.email}, leaderless.pk: {admin.email}}
    review = access_review.begin(team, by=lead)
    for person in (lead, *access_review.undecided(review)):
        access_review.decide(review, person, "confirmed", by=admin)
    access_review.sign_off(review, by=lead)
    mail.outbox.clear()
    access_reminders.handle(Event.objects.get(kind=access_reminders.OVERDUE, subject_id=team.pk))
    assert mail.outbox == []
    with time_machine.travel(clock.now() + timedelta(days=8)):
        assert access_reminders.remind() == 2
