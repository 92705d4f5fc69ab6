"""The last calls of an integration, as far as the desk has seen them: its re-checks."""

from accounts.models import User
from escalations.models import Ticket
from investigations.models import Integration, RecheckResult

MOST = 12


def last(integration: Integration, user: User) -> list[RecheckResult]:
    """Return the newest calls to the endpoints, of tickets that the person sees, the newest first."""
    results = RecheckResult.objects.filter(
        recheck__integration=integration, recheck__ticket__in=Ticket.objects.visible_to(user)
    )
    return list(results.select_related("recheck").order_by("-pk")[:MOST])
