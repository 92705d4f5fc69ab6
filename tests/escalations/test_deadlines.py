"""Deadlines as people read them."""

from datetime import UTC, datetime

import time_machine
from django.template import Context, Template

from escalations.deadlines import of_clocks
from escalations.models import Calendar, Clock, ClockState, Metric
from tests.escalations.desk import Desk

FRIDAY = datetime(2026, 3, 6, 16, 30, tzinfo=UTC)  # half an hour before Manila's late shift ends


def test_a_deadline_at_the_end_of_a_shift_is_overdue_after_it(desk: Desk) -> None:
    ticket = desk.escalated()
    late = Calendar.objects.get(name="Manila 16:00–01:00")
    row = Clock(
        ticket=ticket,
        metric=Metric.RESOLUTION,
        calendar=late,
        target_seconds=1800,
        state=ClockState.RUNNING,
        started_at=FRIDAY,
        due_at=datetime(2026, 3, 6, 17, 0, tzinfo=UTC),
        policy=ticket.clocks.earliest("pk").policy,
    )
    Clock.objects.filter(ticket=ticket, metric=Metric.RESOLUTION).delete()
    Clock.objects.bulk_create([row])
    with time_machine.travel(datetime(2026, 3, 7, 12, 0, tzinfo=UTC), tick=False):
        (deadline,) = of_clocks(list(Clock.objects.filter(ticket=ticket, metric=Metric.RESOLUTION)))
        assert (deadline.state, deadline.remaining) == ("overdue", 0)
        shown = Template(
            "{% load face %}{% deadline one.due_at state=one.state remaining=one.remaining %}"
        ).render(Context({"one": deadline}))
        assert "over" in shown
