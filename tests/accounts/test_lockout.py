"""Ten failures lock a sign-in for half an hour, everywhere, in the database; an admin opens it again."""

from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import lockout
from common import clock
from events.models import Event
from tests.accounts.test_sign_in import sign_in
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
WRONG = "wrong horse battery"


@pytest.fixture
def ana():
    return UserFactory(email="ana@example.com", name="Ana Cruz")


def fail(email, times, **extra):
    answer = None
    for _ in range(times):
        answer = sign_in(Client(), email, WRONG, **extra)
    return answer


def token(email, password=PASSWORD, **extra):
    given = {"email": email, "password": password, **extra}
    return APIClient().post(reverse("api-tokens"), given, format="json")


def test_the_tenth_failure_locks_and_says_until_when(ana):
    assert fail(ana.email, 9).status_code == 200
    locked = fail(" ANA@example.com ", 1)
    assert locked.status_code == 429
    assert 1790 <= int(locked.headers["Retry-After"]) <= 1800
    page = locked.content.decode()
    until = lockout.locked_until([ana.email])[ana.email]
    assert f'datetime="{until.isoformat()}"' in page
    assert "30 minutes" in page
    assert sign_in(Client(), ana.email).status_code == 429, "the right password must not help"


def test_it_opens_after_half_an_hour_however_often_one_tries_meanwhile(ana):
    with time_machine.travel(clock.now(), tick=False) as moment:
        fail(ana.email, 10)
        moment.shift(timedelta(minutes=29))
        assert sign_in(Client(), ana.email).status_code == 429
        moment.shift(timedelta(minutes=1, seconds=1))
        assert sign_in(Client(), ana.email).status_code == 302


def test_guesses_from_many_machines_are_counted_together_and_lock_for_the_whole_time(ana):
    with time_machine.travel(clock.now(), tick=False) as moment:
        for machine in range(10):
            extra = {"headers": {"User-Agent": f"Guess/{machine}"}, "REMOTE_ADDR": f"198.51.100.{machine}"}
            answer = fail(ana.email, 1, **extra)
            moment.shift(timedelta(minutes=3))
        assert answer.status_code == 429
        moment.shift(timedelta(minutes=26))
        assert sign_in(Client(), ana.email).status_code == 429


def test_the_count_survives_a_flushed_cache(ana):
    fail(ana.email, 9)
    for one in caches.all():
        one.clear()
    assert fail(ana.email, 1).status_code == 429


def test_a_sign_in_begins_the_count_anew(ana):
    fail(ana.email, 9)
    assert sign_in(Client(), ana.email).status_code == 302
    assert fail(ana.email, 9).status_code == 200


def test_an_unknown_address_is_locked_like_any_other():
    assert fail("nobody@example.com", 10).status_code == 429
    assert not Event.objects.filter(kind="person.locked").exists()


def test_api_and_pages_count_together(ana):
    fail(ana.email, 5)
    caches["default"].clear()
    for _ in range(4):
        assert token(ana.email, WRONG).status_code == 403
    locked = token(ana.email, WRONG)
    assert locked.status_code == 429
    assert locked.headers["Content-Type"] == "application/problem+json"
    assert "locked" in locked.json()["detail"]
    assert token(ana.email).status_code == 429
    assert sign_in(Client(), ana.email).status_code == 429


def test_the_admin_site_has_no_way_around_it(admin):
    fail(admin.email, 10)
    form = {"login": admin.email, "username": admin.email, "password": PASSWORD}
    client = Client()
    client.post(reverse("admin:login"), form, follow=True)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("name", ["account_reauthenticate", "account_change_password"])
def test_a_password_asked_for_once_more_is_counted_too(ana, client_of, name):
    theirs = client_of(ana)
    fail(ana.email, 9)
    form = {
        "password": WRONG,
        "oldpassword": WRONG,
        "password1": "a new long secret",
        "password2": "a new long secret",
    }
    assert theirs.post(reverse(name), form).status_code == 429
    right = form | {"password": PASSWORD, "oldpassword": PASSWORD}
    assert theirs.post(reverse(name), right).status_code == 429
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_locking_and_unlocking_are_on_record(ana, admin):
    fail(ana.email, 10, REMOTE_ADDR="198.51.100.7")
    fail(ana.email, 2)
    lockout.unlock(ana, by=admin)
    lockout.unlock(ana, by=admin)
    assert sign_in(Client(), ana.email).status_code == 302
    recorded = Event.objects.filter(subject_type="person", subject_id=ana.pk).order_by("id")
    assert list(recorded.values_list("kind", flat=True)) == ["person.locked", "person.unlocked"]
    assert recorded[0].data == {"address": "198.51.100.7"}
    assert recorded[1].actor == admin


def test_nothing_typed_is_kept(ana):
    secret, card = "hunter2 hunter2", "4111 1111 1111 1111"
    form = {"login": card, "password": secret, "next": f"/{secret}/", "remember": card}
    Client(headers={"User-Agent": f"Mozilla {card}"}).post(f"{reverse('account_login')}?q={secret}", form)
    sign_in(Client(), f"{card}@example.com", secret)
    kept = " ".join(str(value) for row in AccessAttempt.objects.values_list() for value in row)
    assert secret not in kept
    assert "4111 1111" not in kept
