"""Who held a ticket how long: the stretches add up to its life, whatever happened."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from escalations import assignment, conversation, custody, lifecycle, triage
from escalations.clocks import whole_second
from escalations.custody import Hands, Holder
from escalations.models import MessageKind, State, Ticket
from escalations.snapshot import SUBJECT
from events.models import Event
from tests.escalations.desk import GOOD, Desk

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def of(ticket: Ticket, until: datetime) -> list[custody.Stretch]:
    events = Event.objects.filter(subject_type=SUBJECT, subject_id=ticket.pk).order_by("at", "id")
    return custody.stretches(events, since=ticket.created_at, until=until)


def event(at: datetime, state: str, team: int, owner: int | None, **data: Any) -> Event:
    kind = data.pop("kind", "ticket.x")
    return Event(kind=kind, at=at, data={"ticket": {"state": state, "team": team, "owner": owner}, **data})


happenings = st.lists(
    st.tuples(
        st.integers(0, 10**12),  # microseconds
        st.sampled_from(State.values),
        st.integers(1, 3),
        st.one_of(st.none(), st.integers(1, 3)),
        st.sampled_from(["ticket.x", "ticket.waiting", "sla.breached"]),
        st.one_of(st.none(), st.integers(7, 8)),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(happenings=happenings, rest=st.integers(0, 10**12))
def test_the_stretches_add_up_to_the_life(happenings: list[tuple[Any, ...]], rest: int) -> None:
    at = MONDAY
    events = [event(at, State.NEW, 1, None)]
    for micros, state, team, owner, kind, partner in happenings:
        at += timedelta(microseconds=micros)
        data = {"partner": partner} if kind == "ticket.waiting" and partner else {}
        events.append(event(at, state, team, owner, kind=kind, **data))
    until = at + timedelta(microseconds=rest)
    held = custody.stretches(events, since=MONDAY, until=until)

    told = [one for one in events if one.kind.startswith("ticket.")]
    end = until
    for one in reversed(told):
        if one.data["ticket"]["state"] not in {"closed", "cancelled", "merged"}:
            break
        end = one.at
    life = int((whole_second(end) - MONDAY).total_seconds())
    assert sum(stretch.seconds for stretch in held) == life
    assert sum(custody.totals(held).values()) == sum(custody.totals(held, people=True).values()) == life
    for stretch, following in pairwise(held):
        assert stretch.end == following.start
        assert stretch.holder != following.holder
    if held:
        assert (held[0].start, held[-1].end) == (MONDAY, whole_second(end))


def test_a_breach_that_is_dated_back_says_nothing_of_who_had_it_then() -> None:
    hour = timedelta(hours=1)
    events = [
        event(MONDAY, "new", 1, None),
        event(MONDAY + hour, "in_progress", 1, 9, kind="sla.breached"),  # noticed when 9 had it already
        event(MONDAY + 2 * hour, "in_progress", 1, 9),
    ]
    held = custody.stretches(events, since=MONDAY, until=MONDAY + 3 * hour)
    assert custody.totals(held, people=True) == {
        Holder(Hands.SECOND_LINE, 1): 7200,
        Holder(Hands.SECOND_LINE, 1, 9): 3600,
    }


def test_from_hand_to_hand(desk: Desk) -> None:
    hour = timedelta(hours=1)
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.escalated()
        now.shift(hour)
        ticket = assignment.take(ticket, by=desk.l2)
        now.shift(hour)
        ticket = lifecycle.start(triage.accept(ticket, by=desk.l2, review=GOOD), by=desk.l2)
        ticket = lifecycle.wait_for_customer(ticket, by=desk.l2, message="When?")
        now.shift(3 * hour)
        conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body="At noon.")
        now.shift(hour)
        ticket = lifecycle.wait_for_partner(ticket, by=desk.l2, partner=desk.engineering, message="Down?")
        now.shift(5 * hour)
        ticket = lifecycle.wait_for_l1(lifecycle.resume(ticket, by=desk.l2), by=desk.l2, message="Which?")
        now.shift(hour)
        ticket = desk.resolved(ticket)
        now.shift(7 * hour)
        lifecycle.close(ticket, by=desk.lead)
        now.shift(9 * hour)
    held = of(ticket, MONDAY + 40 * hour)
    assert [(one.holder, one.seconds // 3600) for one in held] == [
        (Holder(Hands.SECOND_LINE, desk.payments.pk), 1),
        (Holder(Hands.SECOND_LINE, desk.payments.pk, desk.l2.pk), 1),
        (Holder(Hands.CUSTOMER), 3),
        (Holder(Hands.SECOND_LINE, desk.payments.pk, desk.l2.pk), 1),
        (Holder(Hands.PARTNER, desk.engineering.pk), 5),
        (Holder(Hands.FIRST_LINE), 1),
        (Holder(Hands.NOBODY), 7),
    ]
