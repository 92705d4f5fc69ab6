"""Ladders through the front door: steps planned, taken once, cancelled; forgotten tickets; reopenings."""

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import connection, transaction

from accounts import people
from accounts.models import Availability, Membership, Role, User
from common import clock
from common.errors import Refused
from escalations import (
    alerts,
    assignment,
    changes,
    climbing,
    contacts,
    conversation,
    diagnosis,
    ladder,
    lifecycle,
    ticket_clocks,
    timeline,
)
from escalations.diagnosis import Findings
from escalations.models import (
    Alert,
    Clock,
    LadderRung,
    MessageKind,
    Metric,
    Policy,
    ReasonKind,
    RungState,
    Ticket,
)
from escalations.models.ticket import ENDED
from escalations.steps import Step
from events.models import Delivery, Event
from tests.escalations import levels
from tests.escalations.desk import Desk

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def step(metric: Metric, minutes: int, does: str) -> dict[str, Any]:
    return {"metric": str(metric), "minutes": minutes, "does": does}


def policy(*ladder: dict[str, Any], **columns: Any) -> Policy:
    """A policy of elapsed time before all others, with pauses, at P1: accept in 1, resolve in 4 hours."""
    minutes = {Metric.ACCEPT: 60, Metric.FIRST_RESPONSE: 120, Metric.RESOLUTION: 240}
    columns = {"pauses_in": ["waiting_customer", "returned"], **columns}
    return levels.policy("Flat", minutes, ladder=list(ladder), **columns)


def told() -> list[tuple[str, str]]:
    """Who was alerted of what, in order."""
    return list(Alert.objects.order_by("id").values_list("recipient__name", "kind"))


def rungs(ticket: Ticket) -> dict[tuple[int, str], tuple[str, datetime | None]]:
    found = LadderRung.objects.filter(clock__ticket=ticket)
    return {(rung.minutes, rung.does): (rung.state, rung.at) for rung in found}


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


def test_who_is_away_or_left_is_passed_over(desk: Desk) -> None:
    policy(step(Metric.ACCEPT, 0, "notify_team"), step(Metric.RESOLUTION, 0, "notify_owner"))
    with time_machine.travel(MONDAY, tick=False) as now:
        first, second = desk.started(impact=1, urgency=1), desk.escalated(impact=1, urgency=1)
        people.set_availability(desk.l2, Availability.AWAY, by=desk.l2)
        now.shift(timedelta(minutes=61))
        climbing.take_steps()
        assert told() == [("Otis Second", "missed"), ("Lea Lead", "missed")]
        now.shift(timedelta(hours=4))
        climbing.take_steps()
        owners = Alert.objects.filter(ticket=first, event__data__step__does="notify_owner")
        assert owners.get().recipient == desk.lead
        assert (
            Alert.objects.filter(ticket=second, event__data__step__does="notify_owner").get().recipient
            == desk.lead
        )


def test_climbing_goes_from_person_to_person_then_to_leads_then_to_admins(desk: Desk) -> None:
    policy(*(step(Metric.RESOLUTION, minutes, "climb") for minutes in (0, 10, 20, 30)))
    admin = desk.person("Ada Admin")
    admin.is_superuser = True
    admin.save()
    contacts.change(desk.payments, [desk.l2, desk.other_l2], by=desk.lead, seen=[])
    with time_machine.travel(MONDAY, tick=False) as now:
        desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=4, seconds=1))
        people.set_availability(desk.l2, Availability.AWAY, by=desk.l2)
        for _time in range(4):
            climbing.take_steps()
            now.shift(timedelta(minutes=10))
    assert [name for name, _kind in told()] == ["Otis Second", "Lea Lead", "Ada Admin", "Lea Lead"]


def test_reassigning_gives_it_to_the_least_busy_of_those_who_are_there(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, 0, "reassign"))
    third, busy = (desk.person(name, (desk.payments, Role.L2)) for name in ("Tina Third", "Bea Busy"))
    people.set_availability(busy, Availability.BUSY, by=busy)
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket, other = desk.started(impact=1, urgency=1), desk.accepted(impact=3, urgency=3)
        assignment.assign(other, desk.other_l2, by=desk.lead)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
        ticket.refresh_from_db()
        assert ticket.owner == third
        assert told() == [("Tina Third", "assigned")]
    line = next(entry.line for entry in timeline.of_ticket(ticket, desk.l2) if "gave it to" in entry.line)
    assert line == "gave it to Tina Third. Resolution: missed, it was due Mon 2 Mar, 12:00 UTC."


def test_where_nobody_can_take_it_the_lead_hears_of_it(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, 0, "reassign"))
    with time_machine.travel(MONDAY, tick=False) as now:
        desk.started(impact=1, urgency=1)
        people.set_availability(desk.other_l2, Availability.AWAY, by=desk.other_l2)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
    assert told() == [("Lea Lead", "missed")]


def test_at_night_when_nobody_is_there_the_lead_hears_of_it_all_the_same(desk: Desk) -> None:
    policy(step(Metric.ACCEPT, 0, "notify_team"))
    with time_machine.travel(MONDAY, tick=False) as now:
        desk.escalated(impact=1, urgency=1)
        User.objects.update(availability=Availability.AWAY)
        now.shift(timedelta(hours=2))
        climbing.take_steps()
    assert told() == [("Lea Lead", "missed")]


def test_p1_cannot_be_raised_and_the_step_is_passed_over(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, 0, "raise_priority"))
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        assert climbing.take_steps() == 0
    assert [state for state, _at in rungs(ticket).values()] == ["skipped"]
    assert not Event.objects.filter(kind="ticket.priority_changed").exists()


def test_nobody_hears_of_a_ticket_that_they_may_not_see(desk: Desk) -> None:
    policy(step(Metric.RESOLUTION, 0, "climb"))
    contacts.change(desk.payments, [desk.other_l2], by=desk.lead, seen=[])
    Membership.objects.filter(user=desk.other_l2).update(team=desk.accounts)
    with time_machine.travel(MONDAY, tick=False) as now:
        desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
    assert told() == [("Lea Lead", "missed")]


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


def test_a_forgotten_ticket_climbs_until_somebody_touches_it(desk: Desk) -> None:
    policy(forgotten_after_minutes=120)
    contacts.change(desk.payments, [desk.other_l2], by=desk.lead, seen=[])
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=1))
        assignment.assign(ticket, desk.l2, by=desk.lead)
        conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="Looking into it.")
        now.shift(timedelta(hours=2))
        conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_L1, body="Hello?")
        assert climbing.take_steps() == 0  # the second is not over
        now.shift(timedelta(seconds=1))
        assert climbing.take_steps() == 1
        assert climbing.take_steps() == 0
        assert told() == [("Sam Second", "forgotten"), ("Otis Second", "forgotten")]
        now.shift(timedelta(hours=2, seconds=1))
        assert climbing.take_steps() == 1
        assert told()[2:] == [("Sam Second", "forgotten"), ("Lea Lead", "forgotten")]
        diagnosis.write(ticket, Findings(symptoms="Slow"), by=desk.l2, version=0)
        now.shift(timedelta(hours=1, minutes=59))
        assert climbing.take_steps() == 0
        now.shift(timedelta(minutes=2))
        climbing.take_steps()
        assert told()[4:] == [("Sam Second", "forgotten"), ("Otis Second", "forgotten")]
        lifecycle.wait_for_customer(ticket, by=desk.l2, message="Are you there?")
        now.shift(timedelta(days=9))
        assert climbing.take_steps() == 0
    assert len(told()) == 6
    ticket.refresh_from_db()
    assert ticket.forgotten_at is None


def test_reopening_again_and_again_raises_the_priority_and_tells_the_lead(desk: Desk) -> None:
    policy(raise_after_reopens=2)
    ticket = desk.resolved(impact=2, urgency=2)
    why = {"reason": desk.reason(ReasonKind.REOPEN), "explanation": "Still broken."}
    priorities = []
    for _time in range(4):
        ticket = lifecycle.reopen(ticket, by=desk.l2, **why)
        priorities.append(ticket.priority)
        ticket = desk.resolved(lifecycle.start(ticket, by=desk.l2))
    assert priorities == [3, 2, 1, 1]
    assert told() == [("Lea Lead", "reopened")] * 3
    said = [alerts.sentence(alert) for alert in Alert.objects.order_by("id").select_related("event")]
    assert said == [f"Reopenings so far: {times}." for times in (2, 3, 4)]


def test_an_alert_is_mailed_in_the_language_and_zone_of_whom_it_is_for(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    policy(step(Metric.RESOLUTION, 0, "notify_team"))
    people.change_preferences(desk.lead, by=desk.lead, language="es", time_zone="Asia/Manila")
    with time_machine.travel(MONDAY, tick=False) as now:
        ticket = desk.started(impact=1, urgency=1)
        now.shift(timedelta(hours=5))
        climbing.take_steps()
        owed = list(Delivery.objects.filter(consumer=alerts.CONSUMER).order_by("id"))
        assert len(owed) == 3
        alerts.read(None, by=desk.l2)  # who has read it needs no mail
        people.deactivate(desk.other_l2, by=desk.lead)
        for delivery in owed:
            alerts.handle(delivery.event)
    (sent,) = mailoutbox
    assert sent.to == [desk.lead.email]
    assert sent.extra_headers["Content-Language"] == "es"
    assert f"[{ticket.reference}]" in sent.subject
    assert "20:00 Manila" in sent.body
    assert ticket.get_absolute_url() in sent.body
    assert ticket.description not in sent.body and "ana@example.com" not in sent.body


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
