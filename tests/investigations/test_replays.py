"""A webhook that arrived, sent once more: signed anew, byte for byte, and right for a receiver that looks."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from escalations.models import Ticket
from investigations.models import Environment, Run, RunState, Scheme, Verdict, WebhookDelivery
from investigations.webhooks.signatures import Signing, sign
from tests import seed
from tests.clients import client_of
from tests.escalations.desk import Desk
from tests.investigations.test_console import PASSWORD
from tests.investigations.test_webhooks import NOW, arrive, opened

pytestmark = pytest.mark.django_db

THEIRS, OURS = "whsec_of_the_sender_9d1f", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LONG = b'{"id": "evt_1",\r\n "note": "' + b"\xc3\xa1 " * 51_000 + b'",\n "end": "\r"}\r\n'


@pytest.fixture
def received() -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """Serve; return the address and what arrives there: path, headers, body."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.path, dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_said: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,)).start()
    yield f"127.0.0.1:{server.server_port}", came
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk() -> Desk:
    seed.catalogue()
    return Desk()


def replay(desk: Desk, ticket: Ticket, to: Environment, delivery: WebhookDelivery, **changes: str) -> Run:
    """Send what arrived as a browser sends the form that offers it, and have another person approve it."""
    client = client_of(desk.l2)
    address = reverse("api_console", args=[ticket.reference]) + f"?delivery={delivery.pk}"
    page = client.get(address)
    form = page.context["form"].initial
    assert f'action="{address}"' in page.content.decode()
    lines = form["body"].replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    sent = {"environment": to.pk, **form, "body": lines, "reason": "It never came", **changes}
    answer = client.post(address, sent)
    assert answer.status_code == 302, answer.context["form"].errors
    run = Run.objects.latest("pk")
    lead = desk.person("Luz Lead", (desk.payments, Role.LEAD))
    lead.set_password(PASSWORD)
    lead.save()
    approver = Client()
    approver.force_login(lead)
    approval = {"digest": run.digest, "password": PASSWORD}
    assert approver.post(reverse("approve_run", args=[ticket.reference, run.pk]), approval).status_code == 302
    run.refresh_from_db()
    return run


def signing_environment(desk: Desk, entry: str, scheme: Scheme, **fields: str) -> Environment:
    client = client_of(desk.lead)
    sent = {
        "name": scheme.value, "base_url": f"http://{entry}", "headers": "", "allows_writes": "on",
        "scheme": scheme.value, "signing_secret": OURS, **fields,
    }  # fmt: skip
    without = client.post(reverse("new_environment"), {**sent, "signing_secret": ""})
    assert "signing_secret" in without.context["form"].errors
    assert client.post(reverse("new_environment"), sent).status_code == 302
    made = Environment.objects.get(name=scheme.value)
    assert OURS not in str(made.secrets) + client.get(made.get_absolute_url()).content.decode()
    return made


@pytest.mark.parametrize(
    ("scheme", "header", "body"),
    [(Scheme.STRIPE, "", LONG), (Scheme.STANDARD, "", b'{"a": 1}\r\n'), (Scheme.SHA512, "X-Sign", b"a=1&b=2")],
)  # fmt: skip
def test_from_what_arrived_to_a_receiver_that_finds_it_valid(scheme, header, body, desk, received, settings):
    entry, came = received
    settings.OUTGOING_HOSTS = [entry]
    ticket, theirs = desk.started(), desk.started()
    url = opened(desk, ticket, scheme=scheme.value, header=header, secret=THEIRS)
    signed = sign(Signing(scheme, THEIRS, header), body, NOW, identifier="msg_7")
    arrive(f"{url}shop%20a/events?shop=1&mode=test", body, **signed, **{"X-Shop-Topic": "paid", "Cookie": "a=b"})
    delivery = WebhookDelivery.objects.get()
    assert (delivery.is_exact, delivery.size) == (True, len(body))

    to = signing_environment(desk, entry, scheme, signing_header=header)
    run = replay(desk, ticket, to, delivery)
    assert (run.state, run.status) == (RunState.ANSWERED, 204)
    ((path, headers, sent),) = came
    assert path == "/shop%20a/events?shop=1&mode=test"
    assert hashlib.sha256(sent).hexdigest() == delivery.sha256
    assert headers["X-Shop-Topic"] == "paid"
    assert "Cookie" not in headers
    if scheme == Scheme.STANDARD:
        assert headers["Webhook-Id"] == "msg_7"  # the same event, told once more
    page = client_of(desk.l2).get(run.get_absolute_url()).content.decode()
    assert "{{SIGNATURE}}" in page
    for secret in (OURS, THEIRS):
        assert secret not in page + str(Run.objects.values()) + str(headers)

    # What went out, at the address of another ticket that knows the environment's secret.
    judge = opened(desk, theirs, scheme=scheme.value, header=header, secret=OURS)
    passed_on = {
        key: text for key, text in headers.items() if key not in {"Host", "Content-Length", "Content-Type"}
    }
    arrive(judge, sent, **passed_on)
    assert WebhookDelivery.objects.latest("pk").verdict == Verdict.VALID


def test_a_changed_body_goes_out_as_it_was_changed(desk, received, settings):
    entry, came = received
    settings.OUTGOING_HOSTS = [entry]
    ticket = desk.started()
    arrive(opened(desk, ticket), b"a\r\nb")
    to = signing_environment(desk, entry, Scheme.GITHUB)
    replay(desk, ticket, to, WebhookDelivery.objects.get(), body="a\r\nc")
    assert came[0][2] == b"a\nc"


def test_a_masked_body_says_that_it_is_not_the_one_that_came(desk):
    ticket = desk.started()
    arrive(opened(desk, ticket), b'{"card": "4111111111111111"}')
    delivery = WebhookDelivery.objects.get()
    address = reverse("webhook_delivery", args=[ticket.reference, delivery.pk])
    assert "not kept byte for byte" in client_of(desk.l2).get(address).content.decode()
