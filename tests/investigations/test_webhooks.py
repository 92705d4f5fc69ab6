"""What arrives at a ticket's address, and what its signature is worth."""

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from common import clock
from escalations.models import Evidence, EvidenceKind, Ticket
from events.models import Event
from investigations.console import composing
from investigations.console.composing import LARGEST_BODY
from investigations.models import Scheme, Verdict, WebhookAddress, WebhookDelivery
from investigations.webhooks import receiving
from investigations.webhooks.signatures import Signing, check, sign
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk

NOW = 1_790_000_000
BODY = b'{"id":"evt_1","amount":1250,"name":"\xc3\x81na"}'
SECRET = "whsec_8hJ2kPq7"


def mac(body: bytes, secret: bytes = SECRET.encode()) -> bytes:
    return hmac.digest(secret, body, hashlib.sha256)


def stripe(body: bytes = BODY, at: int = NOW, secret: bytes = SECRET.encode()) -> str:
    return f"t={at},v1={mac(f'{at}.'.encode() + body, secret).hex()},v0=00"


GITHUB = f"sha256={mac(BODY).hex()}"


@pytest.mark.parametrize(
    ("scheme", "header", "value", "verdict"),
    [
        (Scheme.STRIPE, "stripe-signature", stripe(), Verdict.VALID),
        (Scheme.STRIPE, "stripe-signature", stripe().replace("v1=", f"v1={'0' * 64},v1="), Verdict.VALID),
        (Scheme.STRIPE, "stripe-signature", stripe(at=NOW - 301), Verdict.OLD),
        (Scheme.STRIPE, "stripe-signature", stripe(at=NOW + 301), Verdict.OLD),
        (Scheme.STRIPE, "stripe-signature", stripe(at=NOW - 299), Verdict.VALID),
        (Scheme.STRIPE, "stripe-signature", stripe(secret=b"another"), Verdict.WRONG),
        (Scheme.STRIPE, "stripe-signature", stripe(secret=b"8hJ2kPq7"), Verdict.OTHER_FORM),
        (Scheme.STRIPE, "stripe-signature", stripe(json.dumps(json.loads(BODY)).encode()), Verdict.BODY_CHANGED),
        (Scheme.STRIPE, "stripe-signature", stripe(BODY + b"\n"), Verdict.BODY_CHANGED),
        (Scheme.STRIPE, "stripe-signature", f"t={NOW},v1={mac(BODY).hex()}", Verdict.WITHOUT_TIME),
        (Scheme.STRIPE, "stripe-signature", GITHUB, Verdict.MALFORMED),
        (Scheme.STRIPE, "stripe-signature", "t=now,v1=zz", Verdict.MALFORMED),
        (Scheme.STRIPE, "x-other", stripe(), Verdict.NO_HEADER),
        (Scheme.GITHUB, "x-hub-signature-256", GITHUB, Verdict.VALID),
        (Scheme.GITHUB, "x-hub-signature-256", GITHUB.upper(), Verdict.MALFORMED),
        (Scheme.GITHUB, "x-hub-signature-256", f"sha256={mac(b'other').hex()}", Verdict.WRONG),
        (Scheme.HEX, "x-sign", mac(BODY).hex(), Verdict.VALID),
        (Scheme.HEX, "x-sign", mac(BODY).hex()[:-1], Verdict.MALFORMED),
        (Scheme.BASE64, "x-sign", b64encode(mac(BODY)).decode(), Verdict.VALID),
        (Scheme.BASE64, "x-sign", mac(BODY).hex(), Verdict.MALFORMED),
        (Scheme.NONE, "x-sign", "anything", Verdict.UNCHECKED),
    ],
)
def test_what_a_signature_is_worth(scheme, header, value, verdict):
    signing = Signing(scheme, SECRET, header if header == "x-sign" else "")
    assert check(signing, {header: value}, BODY, NOW) == verdict


SLACK = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SVIX = {
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "timestamp": "1614265330",
    "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}  # fmt: skip
SVIX_SECRET, SVIX_BODY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
JEFE = b"what do ya want for nothing?"
JEFE_512 = (
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
)
JEFE_256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.parametrize(
    ("scheme", "secret", "headers", "body", "at"),
    [
        (  # docs.slack.dev, Verifying requests from Slack
            Scheme.SLACK, "8f742231b10e8888abcd99yyyzzz85a5",
            {
                "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
                "x-slack-request-timestamp": "1531420618",
            },
            SLACK, 1531420618,
        ),
        # docs.svix.com, Verifying webhooks manually; by the names of Standard Webhooks, too, and beside another's
        (Scheme.STANDARD, SVIX_SECRET, {f"svix-{key}": text for key, text in SVIX.items()}, SVIX_BODY, 1614265330),
        (
            Scheme.STANDARD, SVIX_SECRET, {f"webhook-{key}": text for key, text in SVIX.items()},
            SVIX_BODY, 1614265330,
        ),
        (
            Scheme.STANDARD, SVIX_SECRET,
            {f"webhook-{key}": text.replace("v1,", f"v1,{'A' * 43}= v1,") for key, text in SVIX.items()},
            SVIX_BODY, 1614265330,
        ),
        (  # docs.github.com, Validating webhook deliveries
            Scheme.GITHUB, "It's a Secret to Everybody",
            {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
            b"Hello, World!", NOW,
        ),
        # RFC 2202 and RFC 4231, test case 2; base64 as Shopify writes it
        (Scheme.SHA1, "Jefe", {"x-sign": "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"}, JEFE, NOW),
        (Scheme.SHA512, "Jefe", {"x-sign": JEFE_512}, JEFE, NOW),
        (Scheme.HEX, "Jefe", {"x-sign": JEFE_256}, JEFE, NOW),
        (
            Scheme.BASE64, "Jefe", {"x-shopify-hmac-sha256": b64encode(bytes.fromhex(JEFE_256)).decode()},
            JEFE, NOW,
        ),
    ],
)  # fmt: skip
def test_published_examples(scheme, secret, headers, body, at):
    signing = Signing(scheme, secret, "X-Sign" if "x-sign" in headers else "")
    assert check(signing, headers, body, at + 10) == Verdict.VALID
    assert check(signing, headers, body + b" .", at + 10) == Verdict.WRONG
    assert check(signing, {}, body, at) == Verdict.NO_HEADER
    if len(headers) > 1:
        assert check(signing, headers, body, at + 301) == Verdict.OLD
        bare = {name: value for name, value in headers.items() if not name.endswith("timestamp")}
        assert check(signing, bare, body, at) == Verdict.MALFORMED


def test_the_first_webhook_signature_of_github_is_written_with_its_hash():
    signing = Signing(Scheme.SHA1, "Jefe", "X-Hub-Signature")
    signed = {"X-Hub-Signature": "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"}
    assert sign(signing, JEFE, NOW) == signed
    assert check(signing, {"x-hub-signature": signed["X-Hub-Signature"]}, JEFE, NOW) == Verdict.VALID


@trying(max_examples=40)
@given(st.binary(max_size=60), st.text(min_size=1, max_size=20), st.sampled_from([*Scheme][1:]))
def test_what_we_sign_is_right_and_one_byte_more_is_not(body, secret, scheme):
    signing = Signing(scheme, secret, "X-Sign")
    said = {name.lower(): value for name, value in sign(signing, body, NOW, identifier="msg_1").items()}
    assert check(signing, said, body, NOW) == Verdict.VALID
    assert check(signing, said, body + b"x", NOW) != Verdict.VALID


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.started()


def opened(desk: Desk, ticket: Ticket, **signing: Any) -> str:
    """Open the ticket's address and return it."""
    client = client_of(desk.l2)
    assert client.post(reverse("open_webhook", args=[ticket.reference])).status_code == 302
    if signing:
        answer = client.post(reverse("set_signing", args=[ticket.reference]), {"tolerance": 300, **signing})
        assert answer.status_code == 302, answer.context["signing_form"].errors
    return str(client.get(reverse("webhooks", args=[ticket.reference])).context["url"]).replace(
        "http://testserver", ""
    )


def arrive(url: str, body: bytes = BODY, method: str = "post", **headers: str) -> Any:
    sender = Client(enforce_csrf_checks=True)
    return getattr(sender, method)(url, body, content_type="application/json", headers=headers)


@pytest.mark.django_db
def test_what_arrives_is_shown_redacted_and_was_checked_on_its_exact_bytes(desk, ticket):
    url = opened(desk, ticket, scheme="github", secret=SECRET)
    body = b'{"card": "4111111111111111", "html": "<script>alert(1)</script>"}'
    signature = f"sha256={mac(body).hex()}"
    answer = arrive(
        url, body, **{"X-Hub-Signature-256": signature, "Authorization": "Bearer abc", "Cookie": "a=b"}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    delivery = WebhookDelivery.objects.get()
    assert delivery.verdict == Verdict.VALID
    assert delivery.sha256 == hashlib.sha256(body).hexdigest()
    kept = str(WebhookDelivery.objects.values()) + str(Event.objects.values("data"))
    assert "4111111111111111" not in kept
    assert "Bearer abc" not in kept
    client = client_of(desk.l2)
    shown = client.get(reverse("webhook_delivery", args=[ticket.reference, delivery.pk])).content.decode()
    assert "<script>alert" not in shown
    assert "411111••••••1111" in shown
    part = client.get(reverse("webhooks", args=[ticket.reference]), headers={"HX-Request": "true"})
    assert f"delivery-{delivery.pk}" in part.content.decode()
    assert "<html" not in part.content.decode()


@pytest.mark.django_db
def test_what_signs_a_browser_or_a_proxy_in_is_neither_kept_nor_sent_again(desk, ticket):
    url = opened(desk, ticket)
    browser = client_of(desk.l2)  # the address lies on the desk's own origin: its cookies come along
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    sent = {"Proxy-Authorization": "Basic c2VjcmV0OnNlY3JldA", "X-Shop": "1"}
    assert browser.post(url, BODY, content_type="application/json", headers=sent).status_code == 204
    delivery = WebhookDelivery.objects.get()
    page = browser.get(reverse("webhook_delivery", args=[ticket.reference, delivery.pk])).content.decode()
    again = composing.replayed(delivery.headers)
    for value in (session, "c2VjcmV0OnNlY3JldA"):
        assert value not in str(delivery.headers) + page
    assert ["Cookie", "••••••"] in delivery.headers
    assert ["X-Shop", "1"] in again
    assert not {"cookie", "proxy-authorization"} & {name.lower() for name, _value in again}


@pytest.mark.django_db
def test_neither_token_nor_secret_is_kept_or_shown_to_who_does_not_work_on_it(desk, ticket):
    url = opened(desk, ticket, scheme="stripe", secret=SECRET)
    token = url.split("/")[-2]
    assert len(token) >= 43
    kept = str(WebhookAddress.objects.values()) + str(Event.objects.values("data"))
    assert token not in kept
    assert SECRET not in kept
    page = reverse("webhooks", args=[ticket.reference])
    assert SECRET not in client_of(desk.l2).get(page).content.decode()
    assert token not in client_of(desk.auditor).get(page).content.decode()
    assert client_of(desk.l1).get(page).status_code == 404


@pytest.mark.django_db
def test_methods(desk, ticket):
    url = opened(desk, ticket)
    sender = Client(enforce_csrf_checks=True)
    for method in ("get", "head", "options"):
        assert getattr(sender, method)(url).status_code == 204
    assert not WebhookDelivery.objects.exists()
    for method in ("post", "put", "patch", "delete"):
        assert arrive(url, method=method).status_code == 204
    assert WebhookDelivery.objects.count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00binary\x00", b"\xf1 latin", b"[" * 50_000, b"<?xml version='1.0'?><a><b>1</b></a>"]
)
def test_whatever_arrives_can_be_shown(body, desk, ticket):
    url = opened(desk, ticket, scheme="hex", secret=SECRET, header="X-Sign")
    assert arrive(url, body, **{"X-Sign": "0" * 64}).status_code == 204
    delivery = WebhookDelivery.objects.get()
    page = client_of(desk.l2).get(reverse("webhook_delivery", args=[ticket.reference, delivery.pk]))
    assert page.status_code == 200
    assert (delivery.size, delivery.verdict) == (len(body), Verdict.WRONG)


@pytest.mark.django_db
def test_too_large_too_many_too_late(desk, ticket, monkeypatch):
    url = opened(desk, ticket)
    assert arrive(url, b"x" * (LARGEST_BODY + 1)).status_code == 413
    monkeypatch.setattr(receiving, "MOST_A_MINUTE", 2)
    assert [arrive(url).status_code for _time in range(3)] == [204, 204, 429]
    with monkeypatch.context() as patch:  # nothing is worked out for what is not taken in
        patch.setattr(receiving, "check", None)
        patch.setattr(receiving, "readable", None)
        assert arrive(url).status_code == 429
    later = clock.now() + receiving.GOOD_FOR + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert arrive(url).status_code == 404
    monkeypatch.undo()
    client = client_of(desk.l2)
    client.post(reverse("close_webhook", args=[ticket.reference]))
    assert arrive(url).status_code == 404
    again = opened(desk, ticket)
    assert again != url
    assert (arrive(url).status_code, arrive(again).status_code) == (404, 204)
    assert arrive("/hooks/guessed/").status_code == 404
    monkeypatch.setattr(receiving, "MOST", 2)
    assert [arrive(again).status_code for _time in range(2)] == [204, 429]
    client.post(reverse("close_webhook", args=[ticket.reference]))
    assert arrive(opened(desk, ticket)).status_code == 204  # what came to an earlier address is not counted


@pytest.mark.django_db
def test_another_scheme_is_found_in_its_own_header(desk, ticket):
    url = opened(desk, ticket, scheme="stripe", secret=SECRET)
    client = client_of(desk.l2)
    page = reverse("webhooks", args=[ticket.reference])
    header = client.get(page).context["signing_form"].initial["header"]
    sent = {"scheme": "github", "header": header, "secret": "", "tolerance": 300}
    client.post(reverse("set_signing", args=[ticket.reference]), sent)
    arrive(url, BODY, **{"X-Hub-Signature-256": GITHUB})
    assert WebhookDelivery.objects.get().verdict == Verdict.VALID


@pytest.mark.django_db
def test_only_who_works_on_it_opens_an_address(desk, ticket):
    for user, status in ((desk.auditor, 403), (desk.l1, 404), (desk.outsider, 404)):
        assert client_of(user).post(reverse("open_webhook", args=[ticket.reference])).status_code == status
    opened(desk, ticket)
    answer = client_of(desk.l2).post(
        reverse("set_signing", args=[ticket.reference]), {"scheme": "hex", "secret": "", "tolerance": 1}
    )
    assert answer.status_code == 422


@pytest.mark.django_db
def test_it_becomes_evidence(desk, ticket):
    arrive(opened(desk, ticket))
    delivery = WebhookDelivery.objects.get()
    client = client_of(desk.l2)
    answer = client.post(
        reverse("delivery_evidence", args=[ticket.reference, delivery.pk]),
        {"hypothesis": "new", "text": "The shop signs wrongly", "supports": "against"},
    )
    assert answer.status_code == 302
    kept = Evidence.objects.get()
    assert (kept.kind, kept.supports, kept.source["sha256"]) == (EvidenceKind.WEBHOOK, False, delivery.sha256)
