"""A request that is sent twice is carried out once."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.transaction import TransactionManagementError
from django.test import Client
from rest_framework.test import APIClient

from accounts import safe_retry
from accounts.models import HandledRequest, Team
from common import clock
from tests.accounts import retry_urls
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.retry_urls")]

HTMX = {"HX-Request": "true"}


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def web(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def api(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


def token_of(web) -> str:
    (token,) = re.findall(r'name="form_token" value="([^"]+)"', web.get("/note").content.decode())
    return str(token)


# Pages


def test_each_form_gets_a_token_of_its_own_and_showing_it_writes_nothing(web):
    assert token_of(web) != token_of(web)
    assert not HandledRequest.objects.exists()


def test_a_repeat_goes_where_the_first_one_went(web):
    form = {"text": "hello", "form_token": token_of(web)}
    first, second = web.post("/note", form), web.post("/note", form)
    assert first.status_code == second.status_code == 302
    assert first.url == second.url
    assert Team.objects.count() == 1


def test_a_refused_form_may_be_mended_and_sent_again(web):
    token = token_of(web)
    assert web.post("/note", {"text": "bad", "form_token": token}).status_code == 422
    assert web.post("/note", {"text": "bad", "form_token": token}).status_code == 422
    assert web.post("/note", {"text": "good", "form_token": token}).status_code == 302
    assert Team.objects.count() == 1


def test_a_view_that_crashes_leaves_nothing_and_may_be_repeated(web):
    form = {"text": "crash", "form_token": token_of(web)}
    for _ in range(2):
        with pytest.raises(RuntimeError):
            web.post("/note", form)
    assert not Team.objects.exists()
    assert not HandledRequest.objects.exists()


def test_another_content_is_another_request(web):
    token = token_of(web)
    web.post("/note", {"text": "one", "form_token": token})
    web.post("/note", {"text": "two", "form_token": token})
    assert Team.objects.count() == 2


def test_another_file_is_another_request(web):
    token = token_of(web)
    for content in (b"a", b"a", b"bb"):
        web.post("/note", {"text": "x", "form_token": token, "file": SimpleUploadedFile("a.txt", content)})
    assert Team.objects.count() == 2


def test_two_people_do_not_share_a_token(web):
    form = {"text": "hello", "form_token": token_of(web)}
    web.post("/note", form)
    other = Client()
    other.force_login(UserFactory())
    other.post("/note", form)
    assert Team.objects.count() == 2


def test_without_a_token_each_post_counts(web):
    web.post("/note", {"text": "hello"})
    web.post("/note", {"text": "hello"})
    assert Team.objects.count() == 2


@pytest.mark.parametrize("token", ["short", "x" * 65, "with spaces and more", "ñ" * 20, "\x00" * 20])
def test_a_damaged_token_is_refused(web, token):
    assert web.post("/note", {"text": "hello", "form_token": token}).status_code == 400
    assert not Team.objects.exists()


def test_an_htmx_repeat_shows_the_page_as_it_is_now(web):
    form = {"text": "hello", "form_token": token_of(web)}
    assert web.post("/note", form, headers=HTMX).status_code == 200
    repeat = web.post("/note", form, headers=HTMX)
    assert (repeat.status_code, repeat.headers["HX-Refresh"]) == (204, "true")
    assert Team.objects.count() == 1


def test_an_htmx_repeat_of_a_redirect_leads_there(web):
    form = {"text": "hello", "form_token": token_of(web)}
    went_to = web.post("/note", form).url
    assert web.post("/note", form, headers=HTMX).headers["HX-Redirect"] == went_to


def test_a_plain_repeat_of_an_htmx_request_goes_home(web):
    form = {"text": "hello", "form_token": token_of(web)}
    web.post("/note", form, headers=HTMX)
    assert web.post("/note", form).url == "/"


@pytest.mark.django_db(transaction=True)
def test_both_at_once_are_carried_out_once(web, user, monkeypatch):
    monkeypatch.setattr(retry_urls, "slow", threading.Event())
    retry_urls.slow.set()
    form = {"text": "hello", "form_token": token_of(web)}

    def send(_: int) -> str:
        client = Client()
        client.force_login(user)
        try:
            return client.post("/note", form).headers["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        went_to = set(pool.map(send, range(4)))
    assert len(went_to) == 1
    assert Team.objects.count() == 1


# The API


def send(api, text="hello", key="key-1", **more):
    return api.post("/api/notes", {"text": text, **more}, format="json", headers={"Idempotency-Key": key})


def test_the_stored_answer_is_replayed(api):
    first, second = send(api), send(api)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Team.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(api):
    send(api, text="one")
    refused = send(api, text="two")
    assert refused.status_code == 422
    assert Team.objects.count() == 1


def test_a_refused_request_may_be_mended_with_the_same_key(api):
    assert send(api, text="bad").status_code == 400
    assert send(api, text="good").status_code == 201


def test_without_a_key_each_request_counts(api):
    for _ in range(2):
        api.post("/api/notes", {"text": "hello"}, format="json")
    assert Team.objects.count() == 2


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "clé"])
def test_a_malformed_key_is_refused(api, key):
    assert send(api, key=key).status_code == 400
    assert not Team.objects.exists()


def test_two_people_do_not_share_a_key(api):
    send(api)
    other = APIClient()
    other.force_authenticate(UserFactory())
    assert send(other).status_code == 201
    assert Team.objects.count() == 2


# Keeping and forgetting


def test_outcomes_are_forgotten_after_a_day(user):
    now = clock.now()
    for hours in (23, 25):
        HandledRequest.objects.create(user=user, key=str(hours), created_at=now - timedelta(hours=hours))
    assert safe_retry.prune() == 1
    assert HandledRequest.objects.get().key == "23"


@pytest.mark.django_db(transaction=True)
def test_it_insists_on_a_transaction(user):
    with pytest.raises(TransactionManagementError):
        safe_retry.begin(user, "key")
