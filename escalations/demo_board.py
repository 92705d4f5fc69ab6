"""The demo's diagnosis board: an open escalation about a transaction, with evidence on both sides."""

from datetime import datetime, timedelta

from django.db.models import Case, When

from accounts.models import User
from common import clock
from escalations import evidence, hypotheses
from escalations.access import works_on
from escalations.models import Evidence, EvidenceKind, Ticket
from escalations.models.ticket import OPEN

_CATEGORY = "transaction"
SUSPICION = "The acquirer does not answer in time"


def lay_out(now: datetime) -> list[Evidence]:
    """Lay evidence on the board of the escalation that has the demo's logs; none where there is none."""
    open_ones = Ticket.objects.filter(state__in=OPEN, restricted_as="", category__key__contains=_CATEGORY)
    of_the_sign_in = Case(When(owner__email__startswith="l2@", then=0), default=1)
    newest = open_ones.filter(owner__isnull=False).select_related("owner").order_by(of_the_sign_in, "-pk")[:50]
    found = ((ticket, ticket.owner) for ticket in newest if ticket.owner and works_on(ticket.owner, ticket))
    ticket, owner = next(found, (None, None))
    if ticket is None or owner is None:
        return []
    with clock.replaying(now - timedelta(minutes=15)):
        return _suspect(ticket, owner)


def _suspect(ticket: Ticket, owner: User) -> list[Evidence]:
    acquirer = hypotheses.suspect(ticket, SUSPICION, by=owner)
    shop = hypotheses.suspect(ticket, "The shop sends the charge twice", by=owner)
    pieces = [
        (
            EvidenceKind.CUSTOMER,
            "The customer writes",
            "It spins for half a minute, then says declined.",
            acquirer,
            True,
        ),
        (EvidenceKind.OTHER, "Acquirer's status page", "Degraded performance since 09:10 UTC.", acquirer, True),
        (EvidenceKind.OTHER, "One charge per order", "The shop's own list names each order once.", shop, False),
        (EvidenceKind.OTHER, "Another shop is affected, too", "Asked in the team's channel.", "", True),
    ]
    return [
        evidence.keep(
            ticket, kind=kind, title=title, body=body, source={}, by=owner, hypothesis=place, supports=supports
        )
        for kind, title, body, place, supports in pieces
    ]
