"""What came of a proposal that was released: its escalations in as many whole weeks before the day as after it.

A case counts once it is linked, to the proposal or to its known issue; what nobody links is not seen. The weeks
before never begin earlier than the records do, or an empty past would make any release look bad.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from escalations.models import Ticket
from reports import days
from reports.costs import tickets_of
from reports.models import Proposal
from reports.poisson import Ratio, rate_ratio

LEAST_WEEKS, MOST_WEEKS = 2, 26


@dataclass(frozen=True)
class Outcome:
    """Escalations in as many weeks before the release as after it; the day of the release is counted after.

    `is_cut`: more weeks have passed since, but the records do not reach back as far.
    """

    weeks: int
    before: int
    after: int
    ratio: float | None
    low: float
    high: float | None
    measured_on: str
    is_cut: bool = False

    @property
    def is_better(self) -> bool:
        """Whether the interval lies below 1 as a whole."""
        return self.high is not None and self.high < 1


def records_begin() -> date:
    """Return the day of the first escalation there is; today if there is none."""
    first = Ticket.objects.order_by("created_at").values_list("created_at", flat=True).first()
    return days.day_of(first) if first else days.today()


def outcome(proposal: Proposal) -> Outcome | None:
    """Return what was measured, or what would be by today; None without two whole weeks on both sides."""
    if proposal.outcome:
        return Outcome(**proposal.outcome)
    if proposal.released_on is None:
        return None
    since, recorded = _weeks(proposal.released_on)
    weeks = min(since, recorded, MOST_WEEKS)
    if weeks < LEAST_WEEKS:
        return None
    length = timedelta(weeks=weeks)
    before = _created(proposal, proposal.released_on - length, proposal.released_on - timedelta(days=1))
    after = _created(proposal, proposal.released_on, proposal.released_on + length - timedelta(days=1))
    found: Ratio = rate_ratio(before, after)
    is_cut = recorded < min(since, MOST_WEEKS)
    return Outcome(weeks, before, after, found.ratio, found.low, found.high, days.today().isoformat(), is_cut)


def why_not_yet(proposal: Proposal) -> str:
    """Return why a proposal that is released has no outcome."""
    if proposal.released_on is not None and _weeks(proposal.released_on)[1] < LEAST_WEEKS:
        return _("The outcome can't be measured: the records begin less than two weeks before the release.")
    return ngettext(
        "The outcome can be measured %d week after the release.",
        "The outcome can be measured %d weeks after the release.",
        LEAST_WEEKS,
    ) % LEAST_WEEKS  # fmt: skip


def _weeks(released_on: date) -> tuple[int, int]:
    """Return how many whole weeks have passed since, and how many of the time before are recorded."""
    return (days.today() - released_on).days // 7, (released_on - records_begin()).days // 7


def _created(proposal: Proposal, first: date, last: date) -> int:
    begin, end = days.span(first, last)
    return tickets_of(proposal).filter(created_at__gte=begin, created_at__lt=end).count()
