"""Two cases that only a few people see: one of fraud in the payments' team, one of security in the accounts'."""

from datetime import datetime

from common import clock
from escalations import restricting
from escalations.models import Alert, RestrictionKind, State, Ticket
from events.models import Delivery
from integrations.demo.people import PAYMENTS, RISK, Staff

_CASES = (
    (PAYMENTS, RestrictionKind.FRAUD, "Several payments to one account that somebody of ours may know."),
    (
        RISK,
        RestrictionKind.SECURITY,
        "Keys of this customer stand on a public page; the fewer know it, the better.",
    ),
)


def restrict(staff: Staff, now: datetime) -> None:
    """Let each team's lead restrict its newest case that somebody works on and nobody was alerted of."""
    with clock.replaying(now):
        for name, kind, reason in _CASES:
            lead, team = staff.leads[name], staff.teams[name]
            working = Ticket.objects.filter(team=team, state=State.IN_PROGRESS, owner__isnull=False)
            alerted = Alert.objects.filter(ticket__isnull=False).values("ticket")
            apart = working.exclude(pk__in=alerted).filter(merged_from=None)
            found = apart.select_related("owner").order_by("-created_at").first()
            if found is not None and found.owner is not None:
                restricting.restrict(found, by=lead, kind=kind, reason=reason, persons=[found.owner])
    Delivery.objects.filter(event__kind="ticket.restricted").delete()  # the past owes nothing
