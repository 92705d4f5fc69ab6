"""docs/sla.md: its worked examples are lived through here, and the document holds the tables that come out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from common import clock
from escalations import conversation, lifecycle, ticket_clocks, triage
from escalations.clocks import read
from escalations.models import MessageKind, Metric, Ticket
from tests.escalations.desk import GOOD, Desk

DOCUMENT = Path(__file__).parents[2] / "docs" / "sla.md"
MANILA = ZoneInfo("Asia/Manila")


@contextmanager
def at(text: str) -> Iterator[None]:
    """Let the desk's clock show a time in Manila, such as "2026-03-06 22:00"."""
    with clock.replaying(datetime.fromisoformat(text).replace(tzinfo=MANILA)):
        yield


def table(ticket: Ticket, metric: Metric, cycle: int = 1) -> str:
    """Return the ledger of a clock as the document shows it: one line an entry, times in Manila."""
    (ledger,) = [one for one in ticket_clocks.load(ticket) if (one.metric, one.cycle) == (str(metric), cycle)]
    lines = ["| From | The clock | because of | used until then | falls due |", "| --- | --- | --- | ---: | --- |"]
    for number, entry in enumerate(ledger.entries):
        so_far = read(ledger.entries[: number + 1])
        lines.append(
            f"| {_day(entry.at)} | {entry.does.label} | {entry.reason} | {_length(so_far.used)} "
            f"| {_day(so_far.due_at) if so_far.due_at else '–'} |"
        )
    return "\n".join(lines)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(MANILA):%a %-d %b, %H:%M}"


def _length(seconds: int) -> str:
    return f"{seconds // 3600} h {seconds // 60 % 60:02} min"


def holds(shown: str) -> None:
    """Check that the document shows this very table."""
    assert shown in DOCUMENT.read_text(), f"docs/sla.md should say:\n\n{shown}\n"


def test_first_example_a_question_over_the_weekend(desk: Desk) -> None:
    with at("2026-03-06 22:00"):
        ticket = desk.escalated()
    with at("2026-03-06 22:10"):
        triage.accept(ticket, by=desk.l2, review=GOOD)
        lifecycle.start(ticket, by=desk.l2)
    with at("2026-03-06 23:00"):
        lifecycle.wait_for_customer(ticket, by=desk.l2, message="Which card was it?")
    with at("2026-03-09 10:00"):
        conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body="The one ending in 1881.")
    holds(table(ticket, Metric.FIRST_RESOLUTION))
    with at("2026-03-09 15:30"):
        conversation.write(ticket, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body="Thank you, found it.")
    holds(table(ticket, Metric.NEXT_RESPONSE))
    with at("2026-03-10 22:00"):
        desk.resolved(ticket)
    holds(table(ticket, Metric.FIRST_RESOLUTION))
    assert ticket_clocks.mark_breaches() == 0
