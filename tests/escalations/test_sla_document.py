"""docs/sla.md: its worked examples are lived through here, and the document holds the tables that come out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from accounts import people
from accounts.models import Team
from common import clock
from escalations import (
    assignment,
    by_hand,
    conversation,
    custody,
    lifecycle,
    policies,
    reapplying,
    ticket_clocks,
    triage,
)
from escalations.clocks import read
from escalations.models import MessageKind, Metric, Policy, PolicyVersion, ReasonKind, Ticket
from events.models import Event
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


def test_second_example_a_higher_priority_a_new_version_and_a_deadline_by_hand(desk: Desk) -> None:
    with at("2026-03-10 15:00"):
        ticket = desk.started()
    with at("2026-03-10 23:00"):
        assignment.set_priority(ticket, 2, by=desk.lead)
    with at("2026-03-10 23:15"):
        _publish_twelve_hours()
    before = table(ticket, Metric.FIRST_RESOLUTION)
    with at("2026-03-10 23:30"):
        reapplying.reapply(ticket, by=desk.lead)
    with at("2026-03-11 16:00"):
        clock_row = ticket.clocks.get(metric=Metric.FIRST_RESOLUTION)
        friday = datetime(2026, 3, 13, 18, 0, tzinfo=MANILA)
        by_hand.set_deadline(clock_row, friday, by=desk.lead, reason="Agreed with the merchant.")
    with at("2026-03-11 17:00"):
        lifecycle.wait_for_customer(ticket, by=desk.l2, message="Is Friday all right?")
    holds(table(ticket, Metric.FIRST_RESOLUTION))
    assert table(ticket, Metric.FIRST_RESOLUTION).startswith(before)  # publishing alone wrote no line


def _publish_twelve_hours() -> None:
    """Publish the next version of Standard, with 12 hours to the first resolution at P2."""
    standard = Policy.objects.get(name="Standard")
    assert standard.current is not None
    draft = PolicyVersion.objects.get(pk=standard.current.pk)
    draft.pk, draft.number, draft.published_at, draft.published_by = None, 2, None, None
    for target in draft.targets:
        if (target["metric"], target["priority"]) == (Metric.FIRST_RESOLUTION, 2):
            target["minutes"] = 12 * 60
    policies.publish(draft, by=people.system())


def test_third_example_a_partner_a_reopening_and_who_held_it(desk: Desk) -> None:
    with at("2026-03-10 15:00"):
        ticket = desk.started()
    with at("2026-03-10 17:00"):
        lifecycle.wait_for_partner(ticket, by=desk.l2, partner=desk.engineering, message="Is it the gateway?")
    with at("2026-03-10 20:00"):
        conversation.write(ticket, by=desk.partner, kind=MessageKind.PARTNER, body="It was. Mended.")
    with at("2026-03-10 21:00"):
        desk.resolved(ticket)
    with at("2026-03-11 15:00"):
        lifecycle.reopen(ticket, by=desk.l1, reason=desk.reason(ReasonKind.REOPEN), explanation="Still failing.")
    with at("2026-03-12 16:00"):
        lifecycle.start(ticket, by=desk.l2)
        desk.resolved(ticket)
    for metric in (Metric.FIRST_RESOLUTION, Metric.RESOLUTION, Metric.OWNERSHIP, Metric.HAND_OVER):
        holds(table(ticket, metric))
    holds(_custody(ticket))


def _custody(ticket: Ticket) -> str:
    """Return who held a ticket, stretch by stretch and in total, as the document shows it."""
    ticket.refresh_from_db()
    assert ticket.resolved_at is not None
    events = list(Event.objects.filter(subject_type="ticket", subject_id=ticket.pk).order_by("at", "pk"))
    held = custody.stretches(events, since=ticket.created_at, until=ticket.resolved_at)
    parts = custody.totals(held)
    names = {desk_team.pk: desk_team.name for desk_team in Team.objects.all()}
    lines = ["| Who held it | how long |", "| --- | ---: |"]
    lines += [
        f"| {names[holder.team_id] if holder.team_id else holder.hands.label} | {_length(seconds)} |"
        for holder, seconds in parts.items()
    ]
    life = int((ticket.resolved_at - ticket.created_at).total_seconds())
    assert sum(parts.values()) == life
    return "\n".join(
        [*lines, f"| **Its life, {_day(ticket.created_at)} to {_day(held[-1].end)}** | **{_length(life)}** |"]
    )
