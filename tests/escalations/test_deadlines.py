"""Deadlines as people read them."""

from datetime import UTC, datetime

import time_machine
from django.template import Context, Template

from escalations.deadlines import of_clocks
from escalations.models import Clock, Metric
from tests.escalations import levels
from tests.escalations.desk import Desk

FRIDAY = datetime(2026, 3, 6, 16, 30, tzinfo=UTC)  # half an hour before Manila's late shift ends


def test_a_deadline_at_the_end_of_a_shift_is_overdue_after_it(desk: Desk) -> None:
    late = levels.calendar("Late", zone="Asia/Manila", weekly=[{"day": 4, "opens": "16:00", "closes": "01:00"}])
    levels.policy("Half an hour", {Metric.RESOLUTION: 10}, calendar=late)
    with time_machine.travel(FRIDAY, tick=False):
        ticket = desk.escalated()
    with time_machine.travel(datetime(2026, 3, 7, 12, 0, tzinfo=UTC), tick=False):
        (deadline,) = of_clocks(list(Clock.objects.filter(ticket=ticket, metric=Metric.RESOLUTION)))
        assert (deadline.state, deadline.remaining) == ("overdue", 0)
        shown = Template(
            "{% load face %}{% deadline one.due_at state=one.state remaining=one.remaining %}"
        ).render(Context({"one": deadline}))
        assert "over" in shown
