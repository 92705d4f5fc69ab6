"""The simulator: the same engine over the past, by today's rules and by what is tried."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import Role
from common import clock, progress
from common.business_hours import Interval
from common.errors import NotAllowed, Refused
from escalations import (
    assignment,
    by_hand,
    calendars,
    conversation,
    escalating,
    lifecycle,
    ticket_clocks,
    triage,
)
from escalations.models import (
    CalendarVersion,
    Clock,
    MessageKind,
    Metric,
    Policy,
    PolicyVersion,
    ReasonKind,
    Ticket,
)
from events import relay
from events.models import Delivery
from integrations import incidents
from integrations.importing import Account
from reports import days, outcomes, past, simulation, trial
from reports.models import Outcome, SimulatedClock, Simulation, SimulationState, Trouble
from tests import seed
from tests.escalations import levels
from tests.escalations.desk import GOOD
from tests.factories import UserFactory
from tests.integrations import incident_logs
from tests.reports.replays import as_replayed, as_stored, draft_of, simulated, times

NOW = datetime(2026, 11, 18, 12, 34, 56, tzinfo=UTC)


def test_a_life_through_the_domain_functions_is_replayed_to_the_second(desk):
    """One case of everything that clocks look at, with times between the seconds."""
    instants = (NOW + timedelta(minutes=47 * step, milliseconds=613 * step) for step in count())

    def then(function, *args, **named):
        with clock.replaying(next(instants)):
            ticket_clocks.mark_breaches()  # as the beat does
            return function(*args, **named)

    ticket = then(desk.escalated)
    then(
        triage.return_to_l1,
        ticket,
        by=desk.l2,
        review=GOOD,
        reason=desk.reason(ReasonKind.RETURN),
        missing="When?",
    )
    then(escalating.resubmit, ticket, desk.contract(), by=desk.l1)
    then(triage.accept, ticket, by=desk.l2, review=GOOD, priority=2)
    then(lifecycle.start, ticket, by=desk.l2)
    then(lifecycle.wait_for_customer, ticket, by=desk.l2, message="Please?")
    then(conversation.write, ticket, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body="Here.")
    then(conversation.write, ticket, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body="And here.")
    then(
        conversation.write, ticket, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body="Thanks.",
        promise=NOW + timedelta(hours=30),
    )  # fmt: skip
    with clock.replaying(NOW + timedelta(hours=7, milliseconds=250)):
        ticket.refresh_from_db()
        resolution = Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION)
        by_hand.set_deadline(resolution, NOW + timedelta(hours=60), by=desk.lead, reason="Asked for.")
    for _ in range(3):
        next(instants)
    then(lifecycle.wait_for_partner, ticket, by=desk.l2, partner=desk.engineering, message="And you?")
    then(conversation.write, ticket, by=desk.partner, kind=MessageKind.PARTNER, body="Fixed.")
    then(assignment.set_priority, ticket, 1, by=desk.lead)
    resolution.refresh_from_db()
    then(by_hand.clear_deadline, resolution, by=desk.lead)
    then(desk.resolved, ticket)
    then(
        lifecycle.reopen, ticket, by=desk.l1, reason=desk.reason(ReasonKind.REOPEN), explanation="Again it fails."
    )
    then(assignment.give_to_team, ticket, desk.accounts, by=desk.lead)
    tickets = Ticket.objects.filter(pk=ticket.pk)
    stored = as_stored(tickets)
    assert {metric for _ticket, metric, _cycle in stored} > {Metric.UPDATE, Metric.HAND_OVER, Metric.NEXT_RESPONSE}
    assert as_replayed(tickets, NOW) == stored


def test_events_and_ledgers_name_the_same_instant(desk):
    """Else a replay from the events could be a second off; with the clock running, as on a desk."""
    ticket = lifecycle.start(desk.accepted(), by=desk.l2)
    desk.resolved(ticket)
    entries = [
        entry for row in Clock.objects.filter(ticket=ticket) for entry in row.entries.select_related("event")
    ]
    assert len(entries) > 6
    assert {entry.at for entry in entries if entry.at != entry.event.at.replace(microsecond=0)} == set()


def test_imported_incidents_are_replayed_by_the_policy_that_measured_them(db, tmp_path):
    log = incidents.open_log(
        incident_logs.write(tmp_path / "log.csv", [*incident_logs.life("INC1"), *incident_logs.life("INC2")]),
        days.zone(),
    )
    incidents.import_log(log, Account(incidents.ORIGIN), lambda rows: None)
    tickets = Ticket.objects.all()
    stored = as_stored(tickets)
    assert stored and as_replayed(tickets, NOW) == stored
    [policy] = {entry[2] for _team, entries, *_ in stored.values() for entry in entries}
    draft = draft_of(incidents.POLICY, times(0.01))
    assert policy == draft.policy.current_id
    found = simulated(
        trial.copied(policies=[draft]), UserFactory(is_superuser=True), last=datetime(2016, 4, 1).date()
    )
    assert found.tickets == 2
    assert found.changed > 0


def accepted_on_monday(desk):
    """Escalated on a Friday at noon, accepted on Monday at noon: four open hours later, by the business hours."""
    hours = [{"day": day, "opens": "09:00", "closes": "14:00"} for day in range(5)]
    calendar = levels.calendar("Office", weekly=hours)
    levels.policy("Ours", {Metric.ACCEPT: 100}, calendar=calendar)
    friday = datetime(2026, 11, 13, 12, tzinfo=UTC)
    with clock.replaying(friday):
        ticket = desk.escalated()  # P3: 300 minutes
    with clock.replaying(friday + timedelta(days=3)):
        triage.accept(ticket, by=desk.l2, review=GOOD)
    return ticket, calendar


def test_a_draft_of_a_calendar_moves_the_deadlines(desk):
    ticket, calendar = accepted_on_monday(desk)
    weekly = [{"day": day, "opens": "09:00", "closes": "14:00"} for day in range(7)]
    draft = CalendarVersion.objects.create(calendar=calendar, number=2, zone="UTC", weekly=weekly)
    with clock.replaying(NOW):
        found = simulated(trial.copied(calendars=[draft]), desk.lead)
    [row] = found.clocks.all()
    assert (row.ticket, row.metric, row.before, row.after) == (ticket, Metric.ACCEPT, Outcome.MET, Outcome.MISSED)
    assert row.due_before == datetime(2026, 11, 16, 12, tzinfo=UTC)
    assert row.due_after == datetime(2026, 11, 14, 12, tzinfo=UTC)
    assert row.stopped_at == datetime(2026, 11, 16, 12, tzinfo=UTC)


def roster_hours(team, *weekly, number=1):
    return trial.RosterHours(7, team.pk, team.name, number, False, "UTC", list(weekly))


def test_a_roster_opens_the_hours_of_its_team_and_of_no_other(desk):
    ticket, _calendar = accepted_on_monday(desk)
    saturday = Interval(5, 0, 24 * 60)
    with clock.replaying(NOW):
        found = simulated(trial.copied(rosters=[roster_hours(desk.payments, saturday)]), desk.lead)
        [row] = found.clocks.all()
        assert (row.ticket, row.due_after) == (ticket, datetime(2026, 11, 14, 5, tzinfo=UTC))
        elsewhere = simulated(trial.copied(rosters=[roster_hours(desk.accounts, saturday)]), desk.lead)
    assert elsewhere.changed == 0


def test_a_deadline_set_by_hand_and_a_promise_stay_whatever_is_tried(desk):
    levels.policy("Ours", {Metric.RESOLUTION: 300, Metric.FIRST_RESPONSE: 300})
    with clock.replaying(NOW):
        ticket = desk.started()
        row = Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION)
        by_hand.set_deadline(row, NOW + timedelta(hours=2), by=desk.lead, reason="Agreed.")
        conversation.write(
            ticket, by=desk.l2, kind=MessageKind.TO_CUSTOMER, body="Soon.", promise=NOW + timedelta(hours=1)
        )
    draft = draft_of("Ours", times(0.01))
    with clock.replaying(NOW + timedelta(minutes=90)):
        found = simulated(trial.copied(policies=[draft]), desk.lead)
    sums = {row[0]: row[3:5] for row in found.result["cells"]}
    assert sums[Metric.RESOLUTION] == [[0, 0, 1], [0, 0, 1]]
    assert sums[Metric.UPDATE] == [[0, 1, 0], [0, 1, 0]]


def test_a_new_policy_counts_as_in_use_at_its_place(desk):
    with clock.replaying(NOW):
        desk.resolved()
        policy = Policy.objects.create(name="New", position=0, is_active=False)
        targets = [
            {"metric": Metric.REGULATORY, "priority": level, "minutes": 5, "business_time": False}
            for level in (1, 2, 3, 4)
        ]
        always = calendars.current("24×7").calendar
        draft = PolicyVersion.objects.create(policy=policy, number=1, calendar=always, targets=targets)
        found = simulated(trial.copied(policies=[draft]), desk.lead)
    # It matches everything and sets none of the usual targets: their clocks are gone.
    for metric, _team, _priority, today, tried, _real, _changes in found.result["cells"]:
        assert sum(tried) == 0 and sum(today) > 0, metric


def test_a_lead_simulates_what_a_lead_may_see(desk):
    mine = desk.resolved()
    other = desk.person("Another Lead", (desk.accounts, Role.LEAD))
    tried = trial.copied(policies=[draft_of("Standard", times(0.5))])
    assert simulated(tried, desk.lead).tickets == 1
    with pytest.raises(Refused, match="created in these days"):
        simulation.request(tried, by=other, span=30, last=days.today())
    for person in (desk.l1, desk.l2, desk.partner, desk.auditor):
        with pytest.raises(NotAllowed):
            simulation.request(tried, by=person, span=30, last=days.today())
    admin = UserFactory(is_superuser=True)
    assert simulated(tried, admin, category=mine.category).tickets == 1
    with pytest.raises(Refused):
        simulation.request(tried, by=admin, span=30, last=days.today(), team=desk.accounts)


def test_bad_requests_are_refused_in_a_sentence(desk):
    desk.resolved()
    draft = draft_of("Standard")
    asked = {"by": desk.lead, "span": 30, "last": days.today()}
    with pytest.raises(Refused, match="Choose a draft or a roster"):
        simulation.request(trial.copied(), **asked)
    with pytest.raises(Refused, match="created in these days"):
        simulation.request(trial.copied(policies=[draft]), **asked | {"last": days.today() - timedelta(days=400)})
    with pytest.raises(Refused, match="one of the list"):
        simulation.request(trial.copied(policies=[draft]), **asked | {"span": 31})
    calendar = calendars.current("24×7").calendar
    closed = CalendarVersion.objects.create(calendar=calendar, number=2, zone="UTC", weekly=[])
    with pytest.raises(Refused, match="never be open"):
        simulation.request(trial.copied(calendars=[closed]), **asked)
    simulation.request(trial.copied(policies=[draft]), **asked)
    with pytest.raises(Refused, match="under way"):
        simulation.request(trial.copied(policies=[draft]), **asked)


@pytest.fixture
def waiting(desk):
    """A simulation that a worker has not begun, of a ticket that took three hours."""
    levels.policy("Ours", {Metric.FIRST_RESPONSE: 600, Metric.RESOLUTION: 600})
    with clock.replaying(clock.now() - timedelta(hours=3)):
        ticket = desk.started()
    desk.resolved(ticket)
    tried = trial.copied(policies=[draft_of("Ours", times(0.001))])
    return simulation.request(tried, by=desk.lead, span=30, last=days.today())


def test_the_relay_brings_a_request_to_its_end_once(waiting):
    [delivery] = Delivery.objects.filter(consumer=simulation.CONSUMER)
    assert relay.deliver(delivery.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.tickets) == (SimulationState.DONE, 1)
    assert progress.of(simulation.job(waiting)) == (1, 1)
    before = list(waiting.clocks.values_list("pk", flat=True)), waiting.finished_at
    simulation.consume(delivery.event)
    waiting.refresh_from_db()
    assert (list(waiting.clocks.values_list("pk", flat=True)), waiting.finished_at) == before


def test_what_a_killed_worker_left_is_done_again_from_the_start(waiting, monkeypatch):
    [delivery] = Delivery.objects.filter(consumer=simulation.CONSUMER)

    def killed(*args):
        raise OperationalError("terminating connection")

    with monkeypatch.context() as broken:
        broken.setattr(outcomes.Sums, "add_real", killed)
        assert not relay.deliver(delivery.pk)
    waiting.refresh_from_db()
    assert waiting.state == SimulationState.UNDER_WAY and not SimulatedClock.objects.exists()
    assert relay.deliver(delivery.pk)
    waiting.refresh_from_db()
    assert waiting.state == SimulationState.DONE


@pytest.mark.parametrize(
    ("error", "trouble"), [(RuntimeError("?"), Trouble.BROKEN), (simulation.TooLong(), Trouble.TOO_LONG)]
)
def test_a_failure_ends_it_and_says_why(waiting, monkeypatch, caplog, error, trouble):
    def fails(*args):
        raise error

    monkeypatch.setattr(outcomes.Sums, "add_real", fails)
    [delivery] = Delivery.objects.filter(consumer=simulation.CONSUMER)
    assert relay.deliver(delivery.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.trouble) == (SimulationState.FAILED, trouble)
    assert waiting.result == {} and not waiting.clocks.exists()


def test_it_gives_up_before_its_job_would_be_ended(waiting, monkeypatch):
    monkeypatch.setattr(simulation, "LONGEST_SECONDS", -1)
    simulation.run(waiting)
    waiting.refresh_from_db()
    assert waiting.trouble == Trouble.TOO_LONG


def test_only_so_many_clocks_are_kept_but_all_are_counted(waiting, monkeypatch):
    monkeypatch.setattr(simulation, "MOST_CLOCKS", 1)
    simulation.run(waiting)
    waiting.refresh_from_db()
    assert waiting.changed > 1 and waiting.clocks.count() == 1


def test_only_the_newest_simulations_of_a_person_are_kept(waiting, monkeypatch):
    monkeypatch.setattr(simulation, "KEPT", 2)
    simulation.run(waiting)
    for _ in range(2):
        last = simulated(waiting.tried, waiting.requested_by, span=30)
    assert [one.pk for one in Simulation.objects.order_by("-pk")] == [last.pk, last.pk - 1]


def test_cancelled_before_it_began_it_is_not_begun(waiting, desk):
    with pytest.raises(NotAllowed):
        simulation.cancel(waiting, by=desk.person("Another Lead", (desk.accounts, Role.LEAD)))
    simulation.cancel(waiting, by=desk.lead)
    [delivery] = Delivery.objects.filter(consumer=simulation.CONSUMER)
    assert relay.deliver(delivery.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.result) == (SimulationState.CANCELLED, {})


@pytest.mark.django_db(transaction=True)
def test_cancelled_under_way_it_stops_and_leaves_nothing(monkeypatch):
    from tests.escalations.desk import Desk

    seed.catalogue()
    desk = Desk()
    for _ in range(3):
        desk.resolved()
    tried = trial.copied(policies=[draft_of("Standard", times(0.0001))])
    found = simulation.request(tried, by=desk.lead, span=30, last=days.today())
    monkeypatch.setattr(past, "BATCH", 1)
    seen = []

    def cancel_from_another_process(job, done, total):
        seen.append(done)

        def cancel():
            simulation.cancel(found, by=desk.lead)
            connection.close()

        other = threading.Thread(target=cancel)
        other.start()
        other.join(10)

    monkeypatch.setattr(progress, "note", cancel_from_another_process)
    with transaction.atomic():
        simulation.run(found)
    found.refresh_from_db()
    assert seen == [1]
    assert found.state == SimulationState.CANCELLED and not SimulatedClock.objects.exists()


def test_a_trial_is_kept_as_it_was_and_says_when_its_draft_has_changed(waiting):
    assert trial.changed_since(waiting.tried) == []
    draft = PolicyVersion.objects.get(published_at=None)
    draft.targets = draft.targets[1:]
    draft.save()
    assert trial.changed_since(waiting.tried) == ["Ours"]
    draft.delete()
    assert trial.changed_since(waiting.tried) == ["Ours"]
    simulation.run(waiting)
    waiting.refresh_from_db()
    assert waiting.state == SimulationState.DONE and waiting.changed
