"""Zone, language and availability are each person's own."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, User
from accounts.preferences import PreferencesMiddleware, supported, zone_named
from events.models import Event
from tests.factories import MembershipFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(client):
    user = UserFactory(name="Mara Cole", time_zone="Asia/Manila")
    client.force_login(user, backend="accounts.sign_in.Backend")
    return user


def save(client, **changes):
    form = {"name": "Mara Cole", "time_zone": "Asia/Manila", "language": "en", **changes}
    return client.post(reverse("preferences"), form)


def test_the_page_shows_what_is_stored(client, user):
    page = client.get(reverse("preferences")).content.decode()
    assert 'value="Mara Cole"' in page
    assert '<option value="Asia/Manila" selected>' in page
    assert 'name="form_token"' in page


def test_saving_changes_them_and_is_recorded_without_the_values(client, user):
    assert save(client, time_zone="America/Lima", language="es").url == reverse("preferences")
    user.refresh_from_db()
    assert (user.time_zone, user.language) == ("America/Lima", "es")
    event = Event.objects.get(kind="person.changed")
    assert event.data == {"changed": ["language", "time_zone"]}
    assert event.actor == user


def test_saving_the_same_again_changes_nothing(client, user):
    save(client)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"time_zone": "Mars/Base"}, {"time_zone": ""}, {"language": "xx"}, {"name": ""}, {"name": "x" * 121}],
)
def test_a_wrong_value_is_refused_and_changes_nothing(client, user, wrong):
    page = save(client, **wrong)
    assert page.status_code == 422
    stored = User.objects.get(pk=user.pk)
    assert (stored.name, stored.time_zone, stored.language) == ("Mara Cole", "Asia/Manila", "en")


def test_nobody_makes_themselves_an_admin_or_auditor(client, user):
    save(client, is_superuser="on", is_staff="on", is_auditor="on", email="boss@example.com")
    stored = User.objects.get(pk=user.pk)
    assert not (stored.is_superuser or stored.is_staff or stored.is_auditor)
    assert stored.email == user.email


# Availability and language, from the sidebar


def test_availability_is_switched_from_any_page(client, user):
    response = client.post(
        reverse("set_availability"), {"availability": "away", "next": reverse("usersessions_list")}
    )
    assert response.url == reverse("usersessions_list")
    user.refresh_from_db()
    assert user.availability == "away"


def test_htmx_gets_the_menu_as_it_is_then(client, user):
    menu = client.post(reverse("set_availability"), {"availability": "busy"}, headers={"HX-Request": "true"})
    assert menu.status_code == 200
    assert "Busy" in menu.content.decode()
    assert "<html" not in menu.content.decode()


@pytest.mark.parametrize("address", ["https://evil.example.com/", "//evil.example.com", "javascript:alert(1)"])
def test_next_leads_nowhere_else(client, user, address):
    response = client.post(reverse("set_availability"), {"availability": "busy", "next": address})
    assert response.url == reverse("preferences")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("set_availability", {"availability": "gone"}),
        ("set_availability", {}),
        ("set_language", {"language": "tlh"}),
        ("set_language", {}),
    ],
)
def test_an_unknown_choice_is_refused(client, user, name, form):
    assert client.post(reverse(name), form).status_code == 400
    assert not Event.objects.exists()


@pytest.mark.parametrize("name", ["set_availability", "set_language"])
def test_get_changes_nothing(client, user, name):
    assert client.get(reverse(name), {"availability": "away", "language": "es"}).status_code == 405


def test_language_is_switched_for_the_person(client, user):
    client.post(reverse("set_language"), {"language": "es"})
    page = client.get(reverse("preferences"))
    assert page.headers["Content-Language"] == "es"
    assert '<html lang="es"' in page.content.decode()


# Applied to each request


@pytest.fixture
def shown(rf):
    """Return the zone and language that a page is made in for a user."""

    def shown(user, **extra):
        request = rf.get("/", **extra)
        request.user = user
        seen: dict[str, str] = {}

        def page(request):
            from django.http import HttpResponse

            seen.update(zone=timezone.get_current_timezone_name(), language=request.LANGUAGE_CODE)
            return HttpResponse()

        response = PreferencesMiddleware(page)(request)
        return seen["zone"], seen["language"], response

    return shown


def test_a_page_is_made_in_the_persons_zone_and_language(shown):
    zone, language, response = shown(UserFactory(time_zone="Asia/Manila", language="es"))
    assert (zone, language) == ("Asia/Manila", "es")
    assert response.headers["Content-Language"] == "es"
    assert timezone.get_current_timezone_name() == "UTC", "nothing is left over for the next request"


def test_a_visitor_gets_the_browsers_language(shown):
    from django.contrib.auth.models import AnonymousUser

    zone, language, response = shown(AnonymousUser(), headers={"Accept-Language": "es-MX,es;q=0.9"})
    assert (zone, language) == ("UTC", "es")
    assert response.headers["Vary"] == "Accept-Language"


@pytest.mark.parametrize("bad", ["Mars/Base", "", "../../etc/passwd", "/etc/passwd", "America", "x\x00"])
def test_a_bad_stored_zone_falls_back_to_utc(bad):
    assert zone_named(bad).key == "UTC"


@pytest.mark.parametrize("bad", ["xx", "", "../es"])
def test_a_bad_stored_language_falls_back_to_the_default(bad):
    assert supported(bad) == "en"


def test_a_person_with_bad_preferences_still_gets_pages(client, user):
    User.objects.filter(pk=user.pk).update(time_zone="Mars/Base", language="xx")
    assert client.get(reverse("preferences")).status_code == 200


# Roles


def test_roles_come_from_active_teams_only():
    user = MembershipFactory(role="l2").user
    old = TeamFactory(is_active=False)
    Membership.objects.create(user=user, team=old, role="lead")
    assert user.is_l2
    assert not user.is_lead
    assert user.teams_as("lead") == []
