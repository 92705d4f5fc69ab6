"""What the demo's back office is told of the customers, so that its accounts fit their cases."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from escalations.demo import moment_of
from escalations.models import Customer, Ticket
from escalations.models.ticket import OPEN

#: Answers of the contracts that say something about an account.
_TOLD = ("limit_now", "item", "address", "amount", "outcome", "counterparty")


def _spent(ticket: Ticket) -> tuple[str, int] | None:
    """Return reference and number of the points that a case is about, as the demo's actions name them."""
    if ticket.category.key != "points_refund":
        return None
    asked = str(ticket.answers.get("points", ""))
    points = min(int(asked), 5_000) if asked.isdecimal() else 0
    return f"PTS-{ticket.transaction_ref.removeprefix('TXN-') or ticket.pk}", points or 500


def described() -> Iterator[dict[str, Any]]:
    """Yield each customer with the cases about them, oldest first."""
    cases: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for ticket in Ticket.objects.select_related("category").order_by("created_at"):
        cases[ticket.customer_id].append(
            {
                "category": ticket.category.key,
                "at": ticket.created_at.isoformat(),
                "happened_at": moment_of(ticket).isoformat(),
                "is_open": ticket.state in OPEN,
                "reference": ticket.transaction_ref,
                "spent": _spent(ticket),
                "answers": {key: ticket.answers[key] for key in _TOLD if key in ticket.answers},
            }
        )
    for customer in Customer.objects.order_by("pk"):
        yield {
            "reference": customer.external_id,
            "opened": customer.created_at.isoformat(),
            "phone": customer.phone,
            "country": customer.country,
            "cases": cases[customer.pk],
        }
