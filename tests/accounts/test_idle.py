"""A session ends after 15 minutes in which nobody did anything; what pages ask for by themselves is nothing."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from common import clock
from config.live import _alive, admit
from tests.accounts.test_sign_in import sign_in
from tests.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def user():
    return MembershipFactory(role="l2").user


@pytest.fixture
def moment():
    with time_machine.travel(clock.now(), tick=False) as moment:
        yield moment


def is_in(client):
    return client.get(reverse("idle")).json()["left"] > 0


def test_whoever_does_something_stays_and_whoever_does_nothing_goes(user, client_of, moment):
    client = client_of(user)
    for _ in range(3):
        moment.shift(14 * MINUTE)
        assert client.get(reverse("preferences")).status_code == 200
    moment.shift(15 * MINUTE)
    assert client.get(reverse("preferences")).status_code == 302
    assert not client.cookies["sessionid"]["max-age"], "the browser must not end it earlier"


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("idle", {}),
        ("unread_alerts", {"HX-Request": "true"}),
        ("view_counts", {"HX-Request": "true"}),
        ("live", {}),
        ("queue", {"HX-Request": "true", "X-Quiet": "1"}),
    ],
)
def test_what_a_page_asks_for_by_itself_does_not_count(user, client_of, moment, name, headers):
    client = client_of(user)
    for _ in range(2):
        moment.shift(7 * MINUTE)
        assert client.get(reverse(name), headers=headers).status_code < 300
    moment.shift(2 * MINUTE)
    assert not is_in(client)


def test_a_quiet_request_that_writes_the_session_leaves_its_end(user, client_of, moment):
    client = client_of(user)
    moment.shift(10 * MINUTE)
    client.post(reverse("read_alerts"), headers={"X-Quiet": "1"})
    session = client.session
    session.is_quiet = True
    session["something"] = 1
    session.save()
    assert 290 <= client.get(reverse("idle")).json()["left"] <= 300


def test_the_live_stream_neither_extends_nor_outlives_it(user, client_of, moment, settings, monkeypatch):
    monkeypatch.setattr("config.live.close_old_connections", lambda: None)
    client = client_of(user)
    key = client.session.session_key
    scope = {"headers": [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())], "query_string": b""}
    moment.shift(14 * MINUTE)
    assert admit(scope) is not None
    assert _alive({key}) == {key}
    moment.shift(2 * MINUTE)
    assert admit(scope) is None
    assert _alive({key}) == set()


def test_a_page_learns_how_long_it_has_and_says_that_somebody_is_there(user, client_of, moment):
    client = client_of(user)
    moment.shift(13 * MINUTE)
    assert client.get(reverse("idle")).json()["left"] == 120
    assert client.post(reverse("idle")).json()["left"] == 900
    assert client.get(reverse("idle")).json()["left"] == 900
    assert Client().get(reverse("idle")).json()["left"] == 0


# Signing in leads back


def test_a_part_of_a_page_leads_back_to_the_page():
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/queue/?scope=mine"}
    answer = Client().get(reverse("queue"), headers=headers)
    assert answer.headers["HX-Redirect"] == f"{reverse('account_login')}?next=/queue/%3Fscope%3Dmine"
    elsewhere = headers | {"HX-Current-URL": "https://evil.example/queue/"}
    assert Client().get(reverse("queue"), headers=elsewhere).headers["HX-Redirect"].endswith("?next=/")


def test_a_page_that_asks_by_itself_is_left_with_what_is_written_on_it():
    answer = Client().get(reverse("queue"), headers={"HX-Request": "true", "X-Quiet": "1"})
    assert answer.status_code == 204
    assert "HX-Redirect" not in answer.headers


def test_a_form_leads_back_to_the_page_that_it_was_on(user):
    client = Client()
    sent = client.post(reverse("set_language"), {}, headers={"Referer": "http://testserver/preferences/"})
    assert sent.headers["Location"] == f"{reverse('account_login')}?next=/preferences/"
    back = client.post(
        sent.headers["Location"], {"login": user.email, "password": PASSWORD, "next": "/preferences/"}
    )
    assert back.headers["Location"] == "/preferences/"


def test_the_sign_in_says_why(user):
    assert "15 minutes" in Client().get(f"{reverse('account_login')}?idle=1").content.decode()
    client = Client()
    sign_in(client, user.email)
    page = client.get(reverse("preferences")).content.decode()
    assert 'data-seconds="900"' in page
