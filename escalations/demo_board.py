"""The demo's diagnosis board: an open escalation about a transaction, with evidence on both sides."""

from datetime import datetime, timedelta

from accounts.models import User
from common import clock
from escalations import evidence, hypotheses
from escalations.demo import failed_transaction, moment_of
from escalations.models import Evidence, EvidenceKind, Ticket
from escalations.said import in_contract

SUSPICION = "The acquirer does not answer in time"


def lay_out(now: datetime) -> list[Evidence]:
    """Lay evidence on the board of the escalation that has the demo's logs; none where there is none."""
    case = failed_transaction()
    if case is None:
        return []
    ticket, owner = case
    with clock.replaying(now - timedelta(minutes=15)):
        return _suspect(ticket, owner)


def _suspect(ticket: Ticket, owner: User) -> list[Evidence]:
    acquirer = hypotheses.suspect(ticket, SUSPICION, by=owner)
    degraded = f"Degraded performance since {moment_of(ticket) - timedelta(minutes=12):%H:%M} UTC."
    shop = hypotheses.suspect(ticket, "The shop sends the charge twice", by=owner)
    pieces = [
        (EvidenceKind.OTHER, "Acquirer's status page", degraded, acquirer, True),
        (EvidenceKind.OTHER, "One charge per order", "The shop's own list names each order once.", shop, False),
        (EvidenceKind.OTHER, "Another shop is affected, too", "Asked in the team's channel.", "", True),
    ]
    said = in_contract(ticket)
    words = evidence.keep(
        ticket, kind=said.kind, title=said.title, body=said.body, source=said.source, by=owner, hypothesis=acquirer
    )
    return [words] + [
        evidence.keep(
            ticket, kind=kind, title=title, body=body, source={}, by=owner, hypothesis=place, supports=supports
        )
        for kind, title, body, place, supports in pieces
    ]
