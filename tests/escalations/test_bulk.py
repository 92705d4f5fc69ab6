"""Many tickets at once: each for itself, few at once and many by a job, stopped, killed, undone."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from common.errors import NotAllowed, Refused
from escalations import assignment, bulk, conversation, lifecycle, macro_setup, macros, tagging
from escalations.models import BulkAction, BulkOutcome, BulkState, Macro, MessageKind, ReasonKind, State, Ticket
from escalations.models.ticket import TicketQuerySet
from events import relay
from events.models import Delivery, Event
from knowledgebase import known_issues
from tests.escalations.desk import Desk

DONE, REFUSED, FAILED, UNCHANGED = (
    BulkOutcome.DONE,
    BulkOutcome.REFUSED,
    BulkOutcome.FAILED,
    BulkOutcome.UNCHANGED,
)


def these(*tickets: Ticket) -> TicketQuerySet:
    return Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets])


def outcomes(action: BulkAction) -> dict[int, str]:
    return dict(action.results.values_list("ticket_id", "outcome"))


def reason(action: BulkAction, ticket: Ticket) -> str:
    return action.results.get(ticket=ticket).reason


def owed() -> list[int]:
    waiting = Delivery.objects.filter(consumer=bulk.CONSUMER, delivered_at=None)
    return list(waiting.values_list("pk", flat=True))


def deliver_all() -> None:
    while pending := owed():
        for number in pending:
            assert relay.deliver(number), Delivery.objects.get(pk=number).last_error


def fresh(*tickets: Ticket) -> list[Ticket]:
    for ticket in tickets:
        ticket.refresh_from_db()
    return list(tickets)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let more than one ticket be a job already, of two tickets a step."""
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    monkeypatch.setattr(bulk, "BATCH", 2)


def test_each_ticket_has_its_own_success_or_reason(desk: Desk) -> None:
    fine, same, resolved = desk.started(), desk.started(), desk.resolved()
    assignment.assign(same, desk.other_l2, by=desk.lead)
    action = bulk.start("assign", {"owner": desk.other_l2.pk}, these(fine, same, resolved), by=desk.lead)
    assert outcomes(action) == {fine.pk: DONE, same.pk: UNCHANGED, resolved.pk: REFUSED}
    assert "reopen it first" in reason(action, resolved)
    assert (action.state, action.changed, action.problems) == (BulkState.FINISHED, 1, 1)
    assert fresh(fine)[0].owner == desk.other_l2
    kinds = list(Event.objects.filter(subject_type="bulk_action").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["bulk.started", "bulk.finished"]


def test_what_fails_unexpectedly_is_one_tickets_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tickets = [desk.started() for _number in range(3)]
    change_priority = assignment.change_priority

    def failing(locked: Ticket, *args: Any, **kwargs: Any) -> Event:
        event = change_priority(locked, *args, **kwargs)
        if locked.pk == tickets[1].pk:
            raise ZeroDivisionError
        return event

    monkeypatch.setattr(assignment, "change_priority", failing)
    action = bulk.start("priority", {"priority": 1}, these(*tickets), by=desk.l2)
    assert list(outcomes(action).values()) == [DONE, FAILED, DONE]
    assert [ticket.priority for ticket in fresh(*tickets)] == [1, 4 if tickets[1].priority == 4 else 3, 1]


def test_a_ticket_of_another_team_looks_absent(desk: Desk) -> None:
    own, other = desk.started(), desk.started()
    assignment.give_to_team(other, desk.accounts, by=desk.l2)
    both = these(own, other)
    action = bulk.start("priority", {"priority": 1}, both, by=desk.l2, asked=3)
    assert outcomes(action) == {own.pk: DONE}
    assert action.missing == 2  # as if it were a number that never was
    with pytest.raises(Refused):
        bulk.start("priority", {"priority": 1}, these(other), by=desk.l2)
    for person in (desk.l1, desk.partner, desk.auditor):
        with pytest.raises(NotAllowed):
            bulk.start("priority", {"priority": 1}, both, by=person)


def test_rights_are_those_of_each_ticket_at_the_moment_it_is_its_turn(desk: Desk, batches: None) -> None:
    own, others, gone = desk.started(), desk.started(), desk.started()
    assignment.assign(others, desk.other_l2, by=desk.lead)
    action = bulk.start("assign", {"owner": desk.other_l2.pk}, these(own, others, gone), by=desk.l2)
    assignment.give_to_team(gone, desk.accounts, by=desk.l2)
    deliver_all()
    assert outcomes(action) == {own.pk: DONE, others.pk: REFUSED, gone.pk: REFUSED}
    assert reason(action, gone) == "There is no such escalation."


def test_who_works_here_no_longer_does_no_more(desk: Desk, batches: None) -> None:
    tickets = [desk.started() for _number in range(4)]
    action = bulk.start("priority", {"priority": 1}, these(*tickets), by=desk.l2)
    relay.deliver(owed()[0])
    User.objects.filter(pk=desk.l2.pk).update(is_active=False)
    deliver_all()
    assert list(outcomes(action).values()) == [DONE, DONE, REFUSED, REFUSED]


def test_a_specialist_takes_what_nobody_has(desk: Desk) -> None:
    untaken = desk.escalated()
    action = bulk.start("assign", {"owner": desk.l2.pk}, these(untaken), by=desk.l2)
    assert fresh(untaken)[0].owner == desk.l2
    bulk.undo(action, by=desk.l2)
    assert fresh(untaken)[0].owner is None


def test_a_killed_worker_loses_and_doubles_nothing(
    desk: Desk, batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after the tickets were changed and before the step was noted: all of that is taken back."""
    tickets = [desk.started() for _number in range(5)]
    action = bulk.start("tag", {"add": ["wave"], "remove": []}, these(*tickets), by=desk.l2)
    steps = list(Event.objects.filter(kind=bulk.KIND))
    assert relay.deliver(owed()[0])
    with monkeypatch.context() as dying:
        dying.setattr(bulk, "_owe_step", lambda _action: (_ for _ in ()).throw(MemoryError))
        assert not relay.deliver(owed()[0])
    assert Event.objects.filter(kind="ticket.tagged").count() == 2
    deliver_all()
    for step in steps:  # delivered once more
        bulk.handle(step)
    action.refresh_from_db()
    assert (action.state, action.changed, action.step) == (BulkState.FINISHED, 5, 3)
    assert Event.objects.filter(kind="ticket.tagged").count() == 5


def test_a_stopped_action_leaves_the_rest_as_it_is(desk: Desk, batches: None) -> None:
    tickets = [desk.started() for _number in range(5)]
    action = bulk.start("priority", {"priority": 1}, these(*tickets), by=desk.l2)
    relay.deliver(owed()[0])
    with pytest.raises(NotAllowed):
        bulk.stop(action, by=desk.other_l2)
    with pytest.raises(Refused):
        bulk.undo(action, by=desk.l2)
    bulk.stop(action, by=desk.l2)
    deliver_all()
    assert [ticket.priority == 1 for ticket in fresh(*tickets)] == [True, True, False, False, False]
    with pytest.raises(Refused):
        bulk.stop(action, by=desk.l2)
    back = bulk.undo(action, by=desk.l2)
    deliver_all()
    assert list(outcomes(back).values()) == [DONE, DONE]


def test_undoing_sets_back_what_nobody_has_changed_since(desk: Desk) -> None:
    issue = known_issues.open_issue(by=desk.l2, title="Gateway down", symptoms="No payments.")
    former = known_issues.open_issue(by=desk.l2, title="Bank down", symptoms="No refunds.")
    quiet, changed = desk.started(), desk.started()
    tagging.change(quiet, by=desk.l2, add=["vip", "old"])
    bulk.start("known_issue", {"issue": former.pk}, these(quiet), by=desk.l2)
    before = _told(quiet)
    deeds: list[tuple[str, dict[str, Any]]] = [
        ("assign", {"owner": desk.other_l2.pk}),  # from then on it is not hers to pass on
        ("priority", {"priority": 1}),
        ("tag", {"add": ["wave"], "remove": ["old"]}),
        ("known_issue", {"issue": issue.pk}),
    ]
    for key, parameters in deeds:
        action = bulk.start(key, parameters, these(quiet, changed), by=desk.l2)
        assert set(outcomes(action).values()) == {DONE}, key
        conversation.write(fresh(changed)[0], by=desk.lead, kind=MessageKind.NOTE, body="Mine now.")
        lifecycle.resume(lifecycle.wait_for_l1(changed, by=desk.lead, message="Which version?"), by=desk.lead)
        assert _told(quiet) != before
        back = bulk.undo(action, by=desk.l2)
        assert outcomes(back) == {quiet.pk: DONE, changed.pk: REFUSED}
        assert reason(back, changed) == "Lea Lead has changed it since."
        assert _told(quiet) == before, key
        with pytest.raises(Refused, match="undone already"):
            bulk.undo(action, by=desk.l2)
        with pytest.raises(NotAllowed):
            bulk.undo(action, by=desk.lead)


def _told(ticket: Ticket) -> tuple[Any, ...]:
    ticket = Ticket.objects.get(pk=ticket.pk)
    return ticket.owner_id, ticket.priority, ticket.tags, ticket.known_issue_id, ticket.state


def test_states_change_by_the_transition_table_and_go_back_only_along_it(desk: Desk) -> None:
    working, new = desk.started(), desk.escalated()
    asked = bulk.start("wait_l1", {"message": "Which version?"}, these(working, new), by=desk.l2)
    assert outcomes(asked) == {working.pk: DONE, new.pk: REFUSED}
    bulk.undo(asked, by=desk.l2)
    assert fresh(working)[0].state == State.IN_PROGRESS
    reason_code = desk.reason(ReasonKind.CANCEL)
    cancelled = bulk.start("cancel", {"reason": reason_code}, these(working, new), by=desk.lead)
    assert {ticket.state for ticket in fresh(working, new)} == {State.CANCELLED}
    with pytest.raises(Refused, match="can't be undone"):
        bulk.undo(cancelled, by=desk.lead)
    resolving = bulk.start("resolve", desk.resolution(), these(desk.started(), new), by=desk.l2)
    assert sorted(outcomes(resolving).values()) == [DONE, REFUSED]


def test_a_macro_says_to_each_its_own_text_and_does_what_belongs_to_it(desk: Desk) -> None:
    draft = macro_setup.Draft(
        name="Ask for a receipt",
        kind=MessageKind.TO_CUSTOMER,
        body_en="Dear {customer.name}, about {ticket.reference}",
        actions={"verb": "wait_customer"},
        states=(State.IN_PROGRESS,),
        teams=(desk.payments,),
    )
    macro = macro_setup.save(None, draft, by=desk.lead)
    first, second, new = desk.started(), desk.started(), desk.escalated()
    action = bulk.start("macro", {"macro": macro.pk}, these(first, second, new), by=desk.lead)
    assert outcomes(action) == {first.pk: DONE, second.pk: DONE, new.pk: REFUSED}
    assert "can't be used" in reason(action, new)
    for ticket in fresh(first, second):
        assert ticket.state == State.WAITING_CUSTOMER
        assert ticket.messages.filter(body=f"Dear Ana Cruz, about {ticket.reference}").count() == 1
    assert macros.with_use(Macro.objects.all()).get().uses.count() == 2
    note = macro_setup.Draft(name="Only a note", kind=MessageKind.NOTE, body_en="Seen.", teams=(desk.payments,))
    said = bulk.start("macro", {"macro": macro_setup.save(None, note, by=desk.lead).pk}, these(new), by=desk.lead)
    assert outcomes(said) == {new.pk: DONE}


def test_what_was_typed_is_kept_without_card_numbers(desk: Desk) -> None:
    action = bulk.start(
        "wait_l1", {"message": "Is 4111 1111 1111 1111 theirs?"}, these(desk.started()), by=desk.l2
    )
    assert "1111 1111 1111" not in action.parameters["message"]


def test_more_than_can_be_done_at_a_time_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    tickets = [desk.started() for _number in range(3)]
    with pytest.raises(Refused, match="more than 2"):
        bulk.start("priority", {"priority": 1}, these(*tickets), by=desk.l2)
    assert not BulkAction.objects.exists()


def test_a_job_asks_little_for_each_ticket(desk: Desk) -> None:
    """75 tickets in steps of 25: what is asked for each stays as it is for few."""
    template = desk.started()
    copies = [Ticket(**{**_columns(template), "pk": None}) for _number in range(75)]
    Ticket.objects.bulk_create(copies)
    action = bulk.start("assign", {"owner": desk.other_l2.pk}, these(*copies), by=desk.lead)
    with CaptureQueriesContext(connection) as asked:
        deliver_all()
    action.refresh_from_db()
    assert (action.state, action.changed, action.step) == (BulkState.FINISHED, 75, 3)
    assert len(asked) / 75 < 14  # half of them savepoints


def _columns(ticket: Ticket) -> dict[str, Any]:
    return {
        field.attname: getattr(ticket, field.attname)
        for field in Ticket._meta.concrete_fields
        if not field.generated
    }


def test_a_lead_of_two_teams_changes_both_in_one_go(desk: Desk) -> None:
    both = desk.person("Bo Both", (desk.payments, Role.LEAD), (desk.accounts, Role.LEAD))
    here, there = desk.started(), desk.started()
    assignment.give_to_team(there, desk.accounts, by=desk.l2)
    action = bulk.start("assign", {"owner": desk.other_l2.pk}, these(here, there), by=both)
    assert outcomes(action) == {here.pk: DONE, there.pk: REFUSED}
    assert reason(action, there) == "Otis Second is not in the team that has it."
