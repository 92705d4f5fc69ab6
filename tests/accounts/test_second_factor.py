"""The second step: an app's code, used once; recovery codes; wrong ones lock; and roles that can't do without."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts import second_factor
from audit.models import Entry, Result
from common import clock
from config.live import admit
from events.models import Event
from tests.accounts.test_lockout import token
from tests.accounts.test_sign_in import sign_in
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def code_now(secret):
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))


@pytest.fixture
def secret():
    return generate_totp_secret()


@pytest.fixture
def ana(secret):
    user = UserFactory(email="ana@example.com", name="Ana Cruz")
    TOTP.activate(user, secret)
    return user


@pytest.fixture
def lead():
    return MembershipFactory(role="lead").user


def second_step(client, code):
    return client.post(reverse("mfa_authenticate"), {"code": code})


def test_the_password_alone_signs_nobody_in(ana, secret):
    client = Client()
    assert sign_in(client, ana.email).url == reverse("mfa_authenticate")
    assert client.get(reverse("preferences")).status_code == 302
    assert "six digits" in client.get(reverse("mfa_authenticate")).content.decode()
    assert second_step(client, code_now(secret)).status_code == 302
    assert client.get(reverse("preferences")).status_code == 200


def test_a_code_is_good_for_once_even_when_the_cache_is_flushed(ana, secret):
    with time_machine.travel(clock.now(), tick=False) as moment:
        code = code_now(secret)
        for seconds in (0, 1, 29):
            moment.shift(timedelta(seconds=seconds))
            caches["default"].clear()
            client = Client()
            sign_in(client, ana.email)
            second_step(client, code)
            assert ("_auth_user_id" in client.session) is (seconds == 0)


def test_wrong_codes_lock_the_sign_in_though_the_password_was_right(ana, secret):
    client = Client()
    for _ in range(9):
        sign_in(client, ana.email)
        assert second_step(client, "000000").status_code == 200
    noted = Entry.objects.filter(action="session.began", result=Result.FAILED, name=ana.email)
    assert noted.count() == 9, "each wrong code is in the trail"
    assert second_step(client, "000000").status_code == 429
    assert second_step(client, code_now(secret)).status_code == 429
    assert sign_in(Client(), ana.email).status_code == 429


def test_a_recovery_code_works_once(ana):
    (one, *_) = RecoveryCodes.activate(ana).get_unused_codes()
    for works in (True, False):
        client = Client()
        sign_in(client, ana.email)
        second_step(client, one)
        assert ("_auth_user_id" in client.session) is works


def test_secrets_are_encrypted_and_survive_a_change_of_the_key(ana, secret, settings):
    stored = Authenticator.objects.get(user=ana).data["secret"]
    assert secret not in stored
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another one"
    adapter = second_factor.Adapter()
    assert adapter.decrypt(stored) == secret
    settings.SECRET_KEY_FALLBACKS = []
    assert len({secret, adapter.decrypt(stored), adapter.decrypt(stored)}) == 3, "a lost key must fit no code"


def test_the_api_asks_for_the_code_too(ana, secret):
    assert "code" in token(ana.email).json()["errors"]
    assert token(ana.email, code="000000").status_code == 400
    given = token(ana.email, code=code_now(secret))
    assert given.status_code == 201
    assert token(ana.email, code=code_now(secret)).status_code == 400, "each code once"
    assert (
        APIClient(headers={"Authorization": f"Bearer {given.json()['token']}"}).get("/api/v1/tickets/").status_code
        == 200
    )


# Setting it up


def confirm(client):
    client.post(reverse("account_reauthenticate"), {"password": "correct horse battery"})


def test_setting_it_up_gives_recovery_codes_and_is_on_record(client_of, django_capture_on_commit_callbacks):
    user = UserFactory()
    client = client_of(user)
    assert client.get(reverse("mfa_activate_totp")).status_code == 302, "asks for the password first"
    confirm(client)
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)}, follow=True)
    codes = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    assert codes[0] in done.content.decode()
    assert codes[0] in client.get(reverse("mfa_download_recovery_codes")).content.decode()
    for name in ("mfa_index", "mfa_generate_recovery_codes", "mfa_deactivate_totp", "mfa_add_webauthn"):
        assert client.get(reverse(name)).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_generate_recovery_codes"))
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=user).exists()
    recorded = Event.objects.filter(subject_type="person", subject_id=user.pk).order_by("id")
    assert [(event.kind.rpartition("_")[2], event.data["kind"]) for event in recorded] == [
        ("added", "totp"),
        ("added", "recovery_codes"),
        ("renewed", "recovery_codes"),
        ("removed", "totp"),
        ("removed", "recovery_codes"),
    ]


def test_an_admin_takes_a_lost_one_away(ana, secret, admin):
    theirs = Client()
    sign_in(theirs, ana.email)
    second_step(theirs, code_now(secret))
    assert theirs.get(reverse("preferences")).status_code == 200
    second_factor.reset(ana, by=admin)
    assert not second_factor.has_one(ana)
    assert theirs.get(reverse("preferences")).status_code == 302, "whoever found the phone is out"
    assert Event.objects.get(kind="person.second_factor_reset").actor == admin


# Roles that need one


def test_without_it_a_lead_can_do_nothing_but_set_it_up(lead, settings, client_of):
    settings.MFA_REQUIRED_FOR = ["lead"]
    client = client_of(lead)
    for name in ("preferences", "queue", "access", "admin:index"):
        assert client.get(reverse(name)).url == reverse("mfa_index")
    assert client.get(reverse("queue"), headers={"HX-Request": "true"}).headers["HX-Redirect"] == reverse(
        "mfa_index"
    )
    assert client.get(reverse("api-ticket-list")).status_code == 403
    assert client.post(reverse("set_language"), {"language": "es"}).status_code == 302
    client.post(reverse("set_language"), {"language": "en"})
    assert "Your role needs a second step" in client.get(reverse("mfa_index")).content.decode()
    confirm(client)
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    assert client.get(reverse("queue")).status_code == 200
    assert "Set up another" in str(client.get(reverse("mfa_deactivate_totp")).context["form"].errors)


def test_tokens_and_the_live_stream_are_no_way_around_it(lead, settings, client_of, monkeypatch):
    monkeypatch.setattr("config.live.close_old_connections", lambda: None)
    issued = AuthToken.objects.create(lead)[1]
    api = APIClient(headers={"Authorization": f"Bearer {issued}"})
    cookies = f"{settings.SESSION_COOKIE_NAME}={client_of(lead).session.session_key}".encode()
    scope = {"headers": [(b"cookie", cookies)], "query_string": b""}
    assert api.get("/api/v1/tickets/").status_code == 200
    assert admit(scope) is not None
    settings.MFA_REQUIRED_FOR = ["lead"]
    assert api.get("/api/v1/tickets/").status_code == 401
    assert token(lead.email).status_code == 403
    assert admit(scope) is None


@pytest.mark.parametrize(
    ("needing", "marks", "needs"),
    [
        (["admin"], {"is_superuser": True}, True),
        (["admin"], {"is_staff": True}, True),
        (["auditor"], {"is_auditor": True}, True),
        (["l2"], {"is_auditor": True}, False),
        (["admin"], {"is_superuser": True, "is_robot": True}, False),
    ],
)
def test_who_needs_one(settings, needing, marks, needs):
    settings.MFA_REQUIRED_FOR = needing
    assert second_factor.is_required(UserFactory(**marks)) is needs
