"""SAML: whom a signed answer to our own question signs in, and which answers are refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts import saml_provider as idp
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(settings: Any) -> User:
    settings.SOCIALACCOUNT_PROVIDERS = idp.configured()
    settings.ALLOWED_HOSTS = ["desk.example.com"]
    return UserFactory(email="ana@example.com")


def browser() -> Client:
    return Client(headers={"Host": "desk.example.com"})


def sent_off(client: Client) -> str:
    """Go to the provider; return the question that it was asked."""
    address = reverse("saml_login", args=["company"]) + "?process=login&next=/preferences/"
    return idp.asked(client.post(address).headers["Location"])


def come_back(client: Client, answer: str) -> Any:
    kept = client.post(reverse("saml_acs", args=["company"]), {"SAMLResponse": answer})
    assert kept.status_code == 302
    return client.get(kept.headers["Location"])


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_signed_answer_to_our_question_signs_in_and_leads_back(ana: User):
    client = browser()
    come = come_back(client, idp.answer(sent_off(client), "Ana@example.com"))
    assert (come.status_code, come.headers["Location"]) == (302, "/preferences/")
    assert client.session["_auth_user_id"] == str(ana.pk)


def test_an_answer_is_good_for_once_and_for_whoever_asked(ana: User):
    client = browser()
    answer = idp.answer(sent_off(client), ana.email)
    assert come_back(client, answer).status_code == 302
    client.logout()
    assert come_back(client, answer).status_code == 403
    other = browser()
    sent_off(other)
    assert come_back(other, answer).status_code == 403
    assert not is_in(client)
    assert not is_in(other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"signer": "somebody else"},
        {"audience": "https://another.example.com/metadata/"},
        {"valid": (timedelta(hours=-2), timedelta(hours=-1))},
        {"valid": (timedelta(hours=1), timedelta(hours=2))},
        {"said_after": ("ana@example.com", "eva@example.com")},
    ],
    ids=["another key", "another desk's", "expired", "not yet valid", "changed after signing"],
)
def test_what_is_not_right_signs_nobody_in(ana: User, wrong: dict[str, Any]):
    UserFactory(email="eva@example.com")
    client = browser()
    come = come_back(client, idp.answer(sent_off(client), ana.email, **wrong))
    assert come.status_code == 401
    assert not is_in(client)


def test_an_answer_to_a_question_that_nobody_asked_is_refused(ana: User):
    client = browser()
    assert come_back(client, idp.answer("_never", ana.email)).status_code == 403
    assert not is_in(client)


def test_whom_no_admin_has_added_stays_outside(ana: User):
    client = browser()
    assert "Your admin adds people" in come_back(client, idp.answer(sent_off(client), "eve@example.com")).text
    assert not is_in(client)


def test_nothing_is_kept_of_what_strangers_send_there(ana: User, settings: Any):
    client, card = browser(), "4111 1111 1111 1111"
    address = reverse("saml_acs", args=["company"])
    kept = client.post(
        f"{address}?a=4111111111111111", {"SAMLResponse": "x", "more": card}, headers={"X-More": card}
    )  # fmt: skip
    assert kept.status_code == 302
    held = [session.get_decoded() for session in Session.objects.all()]
    assert "saml" in str(held) and "1111" not in str(held)
    for sent in (
        {"SAMLResponse": idp.answer("_q", f"{card}@x.example")},
        {"RelayState": card},
        {"SAMLResponse": "x" * 300_000},
    ):
        assert client.post(address, sent).status_code == 400
    settings.SOCIALACCOUNT_PROVIDERS = {"saml": {"APPS": []}}
    assert client.post(address, {"SAMLResponse": "x"}).status_code == 404
