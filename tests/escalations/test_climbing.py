"""Ladders on live tickets: steps planned, moved, taken once and cancelled."""

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from accounts import people
from common import clock
from common.errors import Refused
from escalations import (
    assignment,
    changes,
    climbing,
    ladder,
    lifecycle,
    ticket_clocks,
    timeline,
)
from escalations.models import (
    Clock,
    LadderRung,
    Metric,
    ReasonKind,
    RungState,
    Ticket,
)
from escalations.models.ticket import ENDED
from escalations.steps import Step
from events.models import Event
from tests.escalations import levels
from tests.escalations.desk import Desk
from tests.escalations.ladders import MONDAY, policy, rungs, step, told


def test_steps_are_planned_moved_held_and_cancelled_with_the_clock(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, -30, "notify_owner"), step(Metric.RESOLUTION, 60, "notify_lead"))
    before, after = (-30, "notify_owner"), (60, "notify_lead")
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        assert rungs(ticket) == {
            before: ("planned", MONDAY + timedelta(minutes=210)),
            after: ("planned", MONDAY + timedelta(minutes=300)),
        }
        now.shift(timedelta(hours=1))
        ticket = lifecycle.wait_for_customer(ticket, by=desk.l2, message="When?")
        assert rungs(ticket) == {before: ("planned", None), after: ("planned", None)}
        now.shift(timedelta(days=2))
        ticket = lifecycle.resume(ticket, by=desk.l2)
        assert rungs(ticket)[before] == ("planned", MONDAY + timedelta(days=2, minutes=210))
        ticket = assignment.set_priority(ticket, 2, by=desk.l2)
        assert rungs(ticket)[before] == ("planned", MONDAY + timedelta(days=2, minutes=450))
        desk.resolved(ticket)
        now.shift(timedelta(days=9))
        assert climbing.take_steps() == 0
    assert {state for state, _at in rungs(ticket).values()} == {"cancelled"}
    assert told() == []


def test_each_step_is_taken_once_however_the_deadline_moves(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, -30, "notify_owner"), step(Metric.RESOLUTION, 0, "climb"))
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(minutes=210))
        assert climbing.take_steps() == 0  # the second in which it comes is not over
        now.shift(timedelta(seconds=1))
        assert climbing.take_steps() == 1
        ticket = assignment.set_priority(ticket, 4, by=desk.l2)
        now.shift(timedelta(hours=20))
        climbing.take_steps()
        assert told() == [("Sam Second", "due_soon"), ("Lea Lead", "missed")]
        ticket = desk.resolved(ticket)
        ticket = lifecycle.reopen(ticket, by=desk.l2, reason=desk.reason(ReasonKind.REOPEN), explanation="Again")
        now.shift(timedelta(days=9))
        assert climbing.take_steps() == 0
    assert [state for state, _at in rungs(ticket).values()] == ["done", "done"]


def test_a_late_job_takes_what_it_missed_in_order_and_tells_of_the_deadline(desk: Desk) -> None:
    policy(
        step(Metric.RESOLUTION, 0, "notify_lead"),
        step(Metric.RESOLUTION, -30, "notify_owner"),
        step(Metric.RESOLUTION, 30, "raise_priority"),
    )
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=2)
        assert ticket.priority == 2
        now.shift(timedelta(hours=12))
        assert climbing.take_steps() == 3
        assert climbing.take_steps() == 0
        ticket.refresh_from_db()
    assert told() == [("Sam Second", "missed"), ("Lea Lead", "missed")]
    assert ticket.priority == 1
    raised = Event.objects.get(kind="ticket.priority_changed", subject_id=ticket.pk)
    assert raised.actor == people.system()
    assert raised.data["step"]["due_at"] == (MONDAY + timedelta(hours=8)).isoformat()
    lines = [entry.line for entry in timeline.of_ticket(ticket, desk.l2)]
    assert [line for line in lines if line.startswith("alerted")] == [
        "alerted Sam Second. Resolution: missed, it was due Mon 2 Mar, 16:00 UTC.",
        "alerted Lea Lead. Resolution: missed, it was due Mon 2 Mar, 16:00 UTC.",
    ]
    assert not [entry for entry in timeline.of_ticket(ticket, desk.l1) if entry.line.startswith("alerted")]


def test_a_ticket_that_ended_while_the_job_was_away_alerts_nobody(desk: Desk) -> None:
    policy(step(Metric.ACCEPT, 0, "notify_team"), step(Metric.RESOLUTION, 0, "notify_lead"))
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.escalated(impact=1, urgency=1)
        now.shift(timedelta(hours=9))
        lifecycle.cancel(ticket, by=desk.l1, reason=desk.reason(ReasonKind.CANCEL))
        assert climbing.take_steps() == 0
    assert told() == []
    assert {state for state, _at in rungs(ticket).values()} == {"cancelled"}


def test_a_new_version_of_the_ladder_does_not_make_up_for_what_lies_behind(desk: Desk) -> None:
    flat = policy(step(Metric.RESOLUTION, 0, "notify_owner"))
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
        steps = [step(Metric.RESOLUTION, minutes, "notify_lead") for minutes in (0, 120)]
        policy(*steps)
        flat.refresh_from_db()
        change = ticket_clocks.bring(ticket, reason="reapplied", reapply=True)
        ticket_clocks.keep(change, Event.objects.filter(subject_id=ticket.pk).latest("pk"))
        assert rungs(ticket) == {
            (0, "notify_owner"): ("done", MONDAY + timedelta(hours=4)),
            (120, "notify_lead"): ("planned", MONDAY + timedelta(hours=6)),
        }
        now.shift(timedelta(hours=2))
        climbing.take_steps()
    assert told() == [("Sam Second", "missed"), ("Lea Lead", "missed")]


def test_a_promise_climbs_by_the_policy_of_its_ticket(desk: Desk) -> None:
    policy(step(Metric.UPDATE, -30, "notify_owner"))
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        with transaction.atomic():
            locked = changes.lock(ticket, by=desk.l2)
            locked.promised_at, locked.promised_for = clock.now(), MONDAY + timedelta(hours=3)
            changes.commit(locked, "promised", by=desk.l2)
        now.shift(timedelta(hours=2, minutes=31))
        climbing.take_steps()
    assert told() == [("Sam Second", "due_soon")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_take_each_step_once(desk: Desk) -> None:
    policy(step(Metric.ACCEPT, 0, "notify_lead"), step(Metric.ACCEPT, 5, "notify_lead"))
    with time_machine.travel(datetime.now(UTC) - timedelta(days=3), tick=False):
        for _number in range(5):
            desk.escalated(impact=1, urgency=1)

    def work() -> None:
        try:
            climbing.take_steps()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    climbing.take_steps()  # what another worker held just then
    assert Event.objects.filter(kind="ticket.alerted").count() == 10
    assert told() == [("Lea Lead", "missed")] * 10
    assert set(LadderRung.objects.values_list("state", flat=True)) == {RungState.DONE}


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_somebody_is_changing_waits_for_the_next_round(desk: Desk) -> None:
    policy(step(Metric.ACCEPT, 0, "notify_lead"))
    with time_machine.travel(datetime.now(UTC) - timedelta(days=3), tick=False):
        ticket = desk.escalated(impact=1, urgency=1)
    taken: list[int] = []

    def work() -> None:
        try:
            taken.append(climbing.take_steps())
        finally:
            connection.close()

    with transaction.atomic():
        changes.lock(ticket, by=desk.l2)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
    assert taken == [0]
    assert climbing.take_steps() == 1


def test_a_step_that_fails_does_not_keep_the_others_from_being_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy(step(Metric.RESOLUTION, 0, "raise_priority"), step(Metric.RESOLUTION, 1, "notify_lead"))

    def fail(*_args: Any, **_more: Any) -> None:
        raise RuntimeError("out of order")

    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=2)
        now.shift(timedelta(hours=9))
        monkeypatch.setattr(assignment, "change_priority", fail)
        assert climbing.take_steps() == 1
        monkeypatch.undo()
        assert climbing.take_steps() == 1
    ticket.refresh_from_db()
    assert ticket.priority == 1


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_each_step_is_taken_once_and_none_for_what_has_ended(desk: Desk, seed: int) -> None:
    """People and the job act in a random order; then every mark that a clock crossed has alerted, once."""
    rng = random.Random(seed)
    policy(
        step(Metric.RESOLUTION, -60, "notify_owner"),
        step(Metric.RESOLUTION, 0, "notify_lead"),
        step(Metric.RESOLUTION, 45, "climb"),
        step(Metric.RESOLUTION, 90, "raise_priority"),
        step(Metric.ACCEPT, 0, "notify_team"),
        step(Metric.FIRST_RESPONSE, -15, "notify_lead"),
    )
    with time_machine.travel(MONDAY, tick=False) as now:
        tickets = [desk.started(impact=2, urgency=1), desk.started(impact=1, urgency=1)]
        for _turn in range(40):
            now.shift(timedelta(minutes=rng.choice([0, 1, 20, 50, 130])))
            ticket = Ticket.objects.get(pk=rng.choice(tickets).pk)
            what = rng.choice(["job", "job", "wait", "resume", "priority", "resolve", "reopen"])
            try:
                if what == "job":
                    climbing.take_steps()
                elif what == "wait":
                    lifecycle.wait_for_customer(ticket, by=desk.l2, message="When?")
                elif what == "resume":
                    lifecycle.resume(ticket, by=desk.l2)
                elif what == "priority":
                    assignment.set_priority(ticket, rng.randrange(1, 5), by=desk.l2)
                elif what == "resolve":
                    desk.resolved(ticket)
                else:
                    reason = desk.reason(ReasonKind.REOPEN)
                    reopened = lifecycle.reopen(ticket, by=desk.l2, reason=reason, explanation="Again")
                    lifecycle.start(reopened, by=desk.l2)
            except Refused:
                continue
        now.shift(timedelta(seconds=1))
        climbing.take_steps()
        for ticket in tickets:
            _check_ladders(ticket)
    done = Event.objects.filter(kind__in=["ticket.alerted", "ticket.priority_changed"], data__has_key="step")
    steps = [(event.subject_id, *event.data["step"].values()) for event in done]
    identities = [taken[:5] for taken in steps]  # ticket, metric, cycle, minutes, action
    assert len(identities) == len(set(identities)) == LadderRung.objects.filter(state=RungState.DONE).count()
    for event in done:
        assert event.data["ticket"]["state"] not in ENDED


def _check_ladders(ticket: Ticket) -> None:
    """Hold the stored rungs of a ticket against its ledgers."""
    ledgers = ticket_clocks.ledgers_of(Clock.objects.filter(ticket=ticket))
    for ledger in ledgers:
        stored = {Step(rung.minutes, rung.does): rung for rung in LadderRung.objects.filter(clock=ledger.clock_id)}
        instants = ladder.instants(ledger)
        if not ledger.is_open:
            assert all(rung.state != RungState.PLANNED for rung in stored.values())
        for taken, at in instants.items():
            rung = stored[taken]
            behind = at is not None and at < clock.now()
            assert rung.state in ({RungState.DONE, RungState.SKIPPED} if behind else {RungState.PLANNED})
            assert rung.at == at


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ({}, "A ladder is a list of steps."),
        ([{"metric": "accept"}], "A step names a clock"),
        ([step(Metric.ACCEPT, 0, "shout")], "There is no step that does “shout”."),
        ([{"metric": "sleep", "minutes": 0, "does": "climb"}], "There is no clock “sleep”."),
        ([{"metric": "accept", "minutes": True, "does": "climb"}], "at most 60 days"),
        ([step(Metric.ACCEPT, -86_401, "climb")], "at most 60 days"),
        ([step(Metric.ACCEPT, 0, "climb")] * 2, "The same step stands there twice."),
        ([step(Metric.ACCEPT, number, "climb") for number in range(21)], "at most 20 steps"),
    ],
)
def test_a_ladder_that_nobody_could_climb_is_not_published(desk: Desk, steps: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        levels.policy("Flat", {Metric.ACCEPT: 60}, ladder=steps)
