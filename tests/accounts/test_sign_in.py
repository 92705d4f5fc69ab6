"""People sign in with the account an admin made, and lose it at once when it is switched off."""

import re

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.cache import caches
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from accounts import people
from accounts.models import User
from events.models import Event
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def sign_in(client, email, password=PASSWORD, **extra):
    return client.post(reverse("account_login"), {"login": email, "password": password}, **extra)


@pytest.fixture
def ana():
    return UserFactory(email="ana@example.com", name="Ana Cruz", language="es")


@pytest.mark.parametrize("typed", ["ana@example.com", "ANA@Example.COM", " ana@example.com "])
def test_sign_in_by_email_in_any_case(client, ana, typed):
    response = sign_in(client, typed)
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(ana.pk)


def test_the_admin_commands_find_a_person_in_any_case(ana):
    assert User.objects.get_by_natural_key("Ana@EXAMPLE.com") == ana


def test_nobody_has_the_same_address_in_another_case(ana):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="ANA@example.com", name="Other")])
    assert UserFactory(email="Bo@Example.com").email == "bo@example.com"


def test_a_wrong_password_says_the_same_as_an_unknown_address(client, ana):
    known = sign_in(client, ana.email, "wrong horse battery")
    unknown = sign_in(client, "nobody@example.com", "wrong horse battery")
    texts = [re.findall(r'role="alert">(.*?)</div>', page.content.decode(), re.S) for page in (known, unknown)]
    assert texts[0] == texts[1] != []


def test_a_whole_shift_signs_in_from_one_address():
    for _ in range(40):
        assert sign_in(Client(), UserFactory().email).status_code == 302


def test_nobody_registers_themselves(client):
    page = client.get(reverse("account_signup"))
    assert "Your admin adds people" in page.content.decode()
    client.post(reverse("account_signup"), {"email": "new@example.com", "password1": "long enough secret"})
    assert not User.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize("name", ["preferences", "usersessions_list", "account_change_password"])
def test_a_page_asks_for_sign_in_first(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_the_system_itself_cannot_sign_in(client):
    people.system()
    sign_in(client, people.SYSTEM_EMAIL, "")
    assert "_auth_user_id" not in client.session


# Switched off


def test_a_deactivated_person_is_out_at_once_and_stays_out(client, ana, admin):
    sign_in(client, ana.email)
    assert client.get(reverse("preferences")).status_code == 200
    AuthToken.objects.create(user=ana)

    people.deactivate(ana, by=admin)
    assert client.get(reverse("preferences")).status_code == 302
    assert sign_in(Client(), ana.email).url == reverse("account_inactive")

    people.activate(ana, by=admin)
    assert client.get(reverse("preferences")).status_code == 302, "an old session must not come back"
    assert not AuthToken.objects.filter(user=ana).exists()
    assert not UserSession.objects.filter(user=ana).exists()
    kinds = Event.objects.filter(subject_type="person", subject_id=ana.pk).values_list("kind", flat=True)
    assert list(kinds.order_by("id")) == ["person.deactivated", "person.activated"]


# Passwords


def reset_link(email) -> str:
    Client().post(reverse("account_reset_password"), {"email": email})
    (sent,) = mail.outbox
    (link,) = re.findall(r"https?://\S+/account/password/reset/key/\S+", str(sent.body))
    return str(link)


def test_a_reset_mail_is_in_the_persons_language_and_links_to_our_own_address(ana, settings):
    settings.SITE_URL = "https://desk.example.com"
    link = reset_link("ANA@example.com")
    assert link.startswith("https://desk.example.com/account/password/reset/key/")
    assert mail.outbox[0].to == ["ana@example.com"]


def test_the_mail_is_rendered_in_the_readers_language(ana, monkeypatch):
    from django.utils import translation

    spoken = []
    monkeypatch.setattr(
        mail.EmailMultiAlternatives, "send", lambda self: spoken.append(translation.get_language())
    )
    Client().post(reverse("account_reset_password"), {"email": ana.email})
    assert spoken == ["es"]


def test_a_reset_link_sets_a_password_once(client, ana):
    link = reset_link(ana.email)
    path = link.removeprefix(settings.SITE_URL)
    form = client.get(path, follow=True)
    new = {"password1": "a fresh long secret", "password2": "a fresh long secret"}
    client.post(form.redirect_chain[-1][0], new)
    ana.refresh_from_db()
    assert ana.check_password("a fresh long secret")
    assert "used up" in Client().get(path, follow=True).content.decode()
    assert sign_in(Client(), ana.email, "a fresh long secret").status_code == 302


def test_no_mail_goes_to_an_unknown_address(client):
    response = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert response.status_code == 302
    assert mail.outbox == []


def test_a_mail_server_that_is_down_is_no_crash_and_gives_nothing_away(client, ana, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = client.post(reverse("account_reset_password"), {"email": ana.email})
    assert response.url == reverse("account_reset_password_done")


@pytest.mark.parametrize("weak", ["short", "elevenchars", "password1234", "ana@example.com", "Ana Cruz 2026"])
def test_a_weak_password_is_refused(client, ana, weak):
    client.force_login(ana, backend="accounts.sign_in.Backend")
    form = {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
    client.post(reverse("account_change_password"), form)
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_changing_the_password_signs_out_everywhere_else(ana):
    here, there = Client(), Client()
    for client in (here, there):
        sign_in(client, ana.email)
    form = {"oldpassword": PASSWORD, "password1": "a fresh long secret", "password2": "a fresh long secret"}
    here.post(reverse("account_change_password"), form)
    assert here.get(reverse("preferences")).status_code == 200
    assert there.get(reverse("preferences")).status_code == 302


# Sessions


def test_a_person_sees_and_ends_other_sessions(ana):
    here, there = Client(), Client()
    sign_in(here, ana.email, headers={"User-Agent": "Here/1"})
    sign_in(there, ana.email, headers={"User-Agent": "There/1"})
    sign_in(Client(), UserFactory().email, headers={"User-Agent": "Stranger/1"})
    page = here.get(reverse("usersessions_list")).content.decode()
    assert "Here/1" in page
    assert "There/1" in page
    assert "Stranger/1" not in page
    here.post(reverse("usersessions_list"))
    assert there.get(reverse("preferences")).status_code == 302
    assert here.get(reverse("preferences")).status_code == 200


# What a password must be


def change_password(client, new, old=PASSWORD):
    caches["default"].clear()  # where changes are limited to five a minute
    form = {"oldpassword": old, "password1": new, "password2": new}
    return client.post(reverse("account_change_password"), form)


def test_none_of_the_last_four_passwords_comes_back(ana, client_of):
    client, had = client_of(ana), [PASSWORD]
    for number in range(4):
        assert change_password(client, f"secret number {number}", had[-1]).status_code == 302
        had.append(f"secret number {number}")
    for again in had[1:]:
        page = change_password(client, again, had[-1])
        assert "distinta de las últimas 4" in page.content.decode()
    assert change_password(client, PASSWORD, had[-1]).status_code == 302, "the fifth one may"
    assert ana.earlier_passwords.count() == 4


def test_the_present_password_is_refused_though_it_was_set_before_any_was_kept(ana, client_of):
    assert "distinta de las últimas 4" in change_password(client_of(ana), PASSWORD).content.decode()


def test_each_change_is_on_record_with_who_did_it(ana, admin, client_of):
    change_password(client_of(ana), "a fresh long secret")
    link = reset_link(ana.email).removeprefix(settings.SITE_URL)
    client = Client()
    form = client.get(link, follow=True)
    client.post(
        form.redirect_chain[-1][0], {"password1": "another long secret", "password2": "another long secret"}
    )
    by_admin = {"password1": "yet another secret", "password2": "yet another secret", "usable_password": "true"}
    client_of(admin).post(reverse("admin:auth_user_password_change", args=[ana.pk]), by_admin)
    ana.refresh_from_db()
    assert ana.check_password("yet another secret")
    recorded = Event.objects.filter(kind="person.password_changed", subject_id=ana.pk).order_by("id")
    assert [event.actor for event in recorded] == [ana, ana, admin]


def test_passwords_are_hashed_with_argon2_and_older_ones_at_the_next_sign_in(ana, settings):
    from config import settings as own

    settings.PASSWORD_HASHERS = own.PASSWORD_HASHERS
    ana.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    ana.save()
    assert sign_in(Client(), ana.email).status_code == 302
    ana.refresh_from_db()
    assert ana.password.startswith("argon2$argon2id$")
