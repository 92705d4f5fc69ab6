"""The demo's console: the back office's operations, requests on the ticket that has the logs, and its webhooks."""

import hashlib
import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from accounts.models import User
from common import clock, outgoing
from escalations.access import Party, parties
from escalations.demo import moment_of
from escalations.models import Ticket
from investigations.console import environments, openapi, runs
from investigations.console.composing import Composed
from investigations.console.environments import Wanted
from investigations.models import Environment, Log, Run, RunState, Scheme
from investigations.webhooks import receiving
from investigations.webhooks.signatures import Signing, sign

SECRET = "whsec_demo_4f1d"  # noqa: S105  of nothing
_DOCUMENT = Path(__file__).with_name("back_office.yaml")


def lay_out(now: datetime) -> None:
    """Give the ticket of the demo's logs requests and webhooks; nothing where there is none."""
    log = Log.objects.select_related("ticket__customer", "added_by").order_by("-pk").first()
    if log is None:
        return
    ticket, by = log.ticket, log.added_by
    people = User.objects.filter(is_active=True).order_by("pk")
    lead = next(
        (one for one in people if environments.may_change(one) and Party.LEAD in parties(one, ticket)), None
    )
    if lead is None:
        return
    openapi.take("Back office", _DOCUMENT.read_bytes(), by=lead)
    back_office = Environment.objects.get(is_back_office=True)
    is_declined = ticket.answers.get("outcome") in {"declined", "timed_out"}
    states = ("settled", "declined") if is_declined else ("declined", "settled")
    for minutes, state in zip((14, 3), states, strict=True):
        _answered(ticket, back_office, by, now - timedelta(minutes=minutes), state)
    token = _webhooks(ticket, by)
    _write(ticket, by, lead, token)


def _answered(ticket: Ticket, environment: Environment, by: User, at: datetime, state: str) -> None:
    """Put a request of a while ago, with the answer it had, beside the ticket."""
    reference = ticket.customer.external_id or "C-1"
    composed = Composed(environment, "GET", f"/accounts/{reference}/transactions", [])
    money = ticket.answers.get("amount") or {"amount": 4990, "currency": "EUR"}
    charge = {
        "reference": ticket.transaction_ref, "at": moment_of(ticket).isoformat(), "kind": "payment", "state": state
    } | money  # fmt: skip
    body = json.dumps({"transactions": [charge], "complete_since": ticket.customer.created_at.isoformat()})
    Run.objects.create(
        ticket=ticket, environment=environment, environment_version=environment.version, method="GET",
        path=composed.path, digest=composed.digest, key=uuid.uuid4(), state=RunState.ANSWERED, made_by=by,
        made_at=at, sent_at=at, status=200, answer_headers=[["Content-Type", "application/json"]],
        answer_body=body, answer_size=len(body), answer_sha256=hashlib.sha256(body.encode()).hexdigest(),
        seconds=0.038,
    )  # fmt: skip


def _webhooks(ticket: Ticket, by: User) -> str:
    """Open the ticket's address and have three webhooks arrive; return its token."""
    address = receiving.open_address(ticket, by=by)
    receiving.set_signing(address, scheme=Scheme.STRIPE, header="", secret=SECRET, tolerance=300, by=by)
    address.refresh_from_db()
    body = b'{"id":"evt_3801","type":"charge.failed","charge":"ch_51","response_code":"91"}'
    now = clock.now().timestamp()
    signing = Signing(Scheme.STRIPE, SECRET)
    for said, arrived in (
        (sign(signing, body, now), body),
        (sign(signing, body, now), json.dumps(json.loads(body)).encode()),
        (sign(signing, body, now - 4000), body),
    ):
        headers = {"Content-Type": "application/json", "User-Agent": "Payments-Hooks/2", **said}
        receiving.take(address, method="POST", path="", query="", headers=headers, body=arrived)
    return receiving.token_of(address)


def _write(ticket: Ticket, by: User, lead: User, token: str) -> None:
    """Have a replay to the ticket's own address wait for approval, where the desk may be asked."""
    try:
        outgoing.check(settings.SITE_URL)
    except outgoing.OutgoingError:
        return
    wanted = Wanted(
        name="Webhook tester", is_back_office=False, base_url=settings.SITE_URL,
        headers=[["Content-Type", "application/json"]], secrets={"WEBHOOK": token}, allows_writes=True,
    )  # fmt: skip
    environment = environments.save(None, wanted, by=lead)
    composed = Composed(environment, "POST", "/hooks/{{WEBHOOK}}/", [], '{"id":"evt_3801","type":"charge.failed"}')
    runs.make(ticket, composed, by=by, reason="The shop says that this event never came: send it once more.")
