"""The demo's bug reports, one in every state, and its tracker: the one that the settings name."""

from datetime import datetime, timedelta
from itertools import islice

from accounts.models import User
from bugs import fixes, reports, sending
from bugs.models import Severity, State, Tracker
from bugs.trackers.issue import Issue
from common import clock
from escalations.access import works_on
from escalations.models import Ticket
from escalations.models.ticket import OPEN
from events.models import Delivery

PROJECT = "acme/payments"
_PAGE = "https://tracker.invalid/acme/payments/issues"  # the page is looked for where the settings' tracker is

_DRAFT = reports.Words(
    "Refund stays “on its way” after the bank has confirmed it", "Live",
    "Refund a card payment.\nWait for the bank.",
    "The refund says “done”.", "It says “on its way” for days.", Severity.MINOR,
)  # fmt: skip
_FIXED = reports.Words(
    "Payments in euros are shown in dollars", "Live, plugin 4.1", "Pay 12.00 EUR.\nOpen the list of payments.",
    "12.00 EUR", "12.00 USD", Severity.MAJOR,
)  # fmt: skip
_OPEN = reports.Words(
    "Declined payments are tried again without asking", "Live", "Pay with a card that the bank declines.",
    "One attempt", "Three attempts within a minute", Severity.MAJOR,
)  # fmt: skip


def lay_out(now: datetime) -> None:
    """Have reports in every state, and the tracker that `make run` starts with issues 1 and 2."""
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin is None:
        return
    tracker, _is_new = Tracker.objects.get_or_create(
        name="Payments issues",
        defaults={"is_of_settings": True, "project": PROJECT, "changed_by": admin, "changed_at": now},
    )
    found = Ticket.objects.filter(state__in=OPEN, restricted_as="", category__key__contains="transaction")
    newest = found.filter(owner__email__startswith="l2@").select_related("owner").order_by("-pk")[1:50]
    tickets = list(islice((one for one in newest if one.owner and works_on(one.owner, one)), 5))
    if len(tickets) < 5:
        return
    with clock.replaying(now - timedelta(hours=5)):
        _write(tickets[:1], _DRAFT)
        _write(tickets[1:3], _FIXED, tracker, Issue("1", f"{_PAGE}/1", State.FIXED, "sam"))
        _write(tickets[3:], _OPEN, tracker, Issue("2", f"{_PAGE}/2", State.OPEN, "noor"))
    Delivery.objects.filter(consumer=fixes.CONSUMER).delete()  # a fix of the past wakes nobody now


def _write(
    tickets: list[Ticket], words: reports.Words, tracker: Tracker | None = None, issue: Issue | None = None
) -> None:
    by = tickets[0].owner
    assert isinstance(by, User)  # noqa: S101  by the filter
    bug = reports.write(tickets[0], words, by=by)
    for other in tickets[1:]:
        reports.link(bug, other, by=by)
    if tracker is not None and issue is not None:
        sending.keep_link(bug, tracker, issue, by=by)
