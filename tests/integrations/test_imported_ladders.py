"""What lies before an import alerts nobody; what comes after it does."""

from datetime import UTC, datetime, timedelta

import time_machine

from escalations import assignment, climbing, policies
from escalations.models import Alert, LadderRung, Metric, State, Ticket
from events.models import Event
from integrations import storing
from integrations.replay import Replay
from tests import seed
from tests.escalations import levels
from tests.escalations.desk import Desk

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def _replay(desk: Desk, *, began: timedelta, resolved: bool = False) -> Replay:
    model = desk.escalated()
    ticket = Ticket(
        subject="Old", description="From elsewhere", category=desk.category, customer=model.customer,
        channel="phone", impact=1, urgency=1, priority=1, team=desk.payments, created_by=desk.l1,
    )  # fmt: skip
    replay = Replay(ticket, policies.rulebook())
    replay.create(NOW - began, by=desk.l1)
    replay.accept(NOW - began, by=desk.l2)
    replay.start(NOW - began, by=desk.l2)
    if resolved:
        replay.resolve(NOW - timedelta(minutes=1), by=desk.l2)
    replay.pass_deadlines(NOW)
    return replay


def test_only_what_comes_after_the_import_is_planned(db: None) -> None:
    seed.catalogue()
    desk = Desk()
    ladder = [
        {"metric": "resolution", "minutes": minutes, "does": does}
        for minutes, does in [(-30, "notify_owner"), (0, "notify_lead"), (120, "climb"), (60, "raise_priority")]
    ]
    levels.policy("Flat", {Metric.RESOLUTION: 240}, ladder=ladder, forgotten_after_minutes=300)
    with time_machine.travel(NOW, tick=False) as now:
        late, ahead, over = storing.store([
            _replay(desk, began=timedelta(hours=5, minutes=30)),
            _replay(desk, began=timedelta(hours=1)),
            _replay(desk, began=timedelta(hours=9), resolved=True),
        ])  # fmt: skip
        rungs = LadderRung.objects.filter(clock__ticket__in=[late, ahead, over])
        assert list(rungs.filter(clock__ticket=late).order_by("at").values_list("does", "state")) == [
            ("notify_owner", "skipped"), ("notify_lead", "skipped"),
            ("raise_priority", "skipped"), ("climb", "planned"),
        ]  # fmt: skip
        assert set(rungs.filter(clock__ticket=ahead).values_list("state", flat=True)) == {"planned"}
        assert not rungs.filter(clock__ticket=over).exists()
        assert (late.forgotten_at, over.forgotten_at) == (NOW + timedelta(hours=5), None)
        now.shift(timedelta(seconds=1))
        assert climbing.take_steps() == 0
        assignment.set_priority(late, 2, by=desk.lead)  # a change by somebody brings nothing of it back
        now.shift(timedelta(hours=1))
        assert climbing.take_steps() == 1
    (alert,) = Alert.objects.all()
    assert (alert.ticket_id, alert.recipient) == (late.pk, desk.lead)
    assert Event.objects.get(kind="ticket.alerted").data["step"]["does"] == "climb"
    assert late.state == State.IN_PROGRESS
