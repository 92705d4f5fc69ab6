"""The whole loop, through the domain functions: escalate, triage, diagnose, answer, resolve, rate."""

import pytest

from accounts.models import Role, TeamKind
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import conversation, csat, diagnosis, escalating, lifecycle, merging, similar, triage
from escalations.csat import LinkRefused, Opinion
from escalations.diagnosis import Findings, Hypothesis
from escalations.models import Clock, ClockState, MessageKind, Metric, ReasonKind, State, Ticket
from events.models import Event
from tests.escalations.desk import GOOD, Desk
from tests.factories import TeamFactory


def test_an_escalation_goes_from_l1_to_a_rating(desk: Desk) -> None:
    ticket = desk.escalated(subject="Card 4111 1111 1111 1111 was refused")
    assert ticket.state == State.NEW
    assert "1111 1111 1111" not in ticket.subject
    assert ticket.next_due_at is not None

    ticket = lifecycle.start(triage.accept(ticket, by=desk.l2, review=GOOD), by=desk.l2)
    written = diagnosis.write(
        ticket,
        Findings(symptoms="No callback", hypotheses=[Hypothesis("The bank is down", "confirmed", "Status page")]),
        by=desk.l2,
        version=0,
    )
    assert written.version == 1

    ticket = lifecycle.wait_for_customer(ticket, by=desk.l2, message="When did you pay?")
    conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_CUSTOMER, body="At nine.")
    ticket.refresh_from_db()
    assert ticket.state == State.IN_PROGRESS

    ticket = desk.resolved(ticket)
    assert {row.state for row in Clock.objects.filter(ticket=ticket)} == {ClockState.STOPPED}
    link = csat.token(csat.invite(ticket))
    rating = csat.rate(link, Opinion(5, ["fast", "made up"], "Thank you"))
    assert (rating.agent, rating.team, rating.reasons) == (desk.l2, desk.payments, ["fast"])
    with pytest.raises(LinkRefused):
        csat.rate(link, Opinion(1, [], ""))

    kinds = list(Event.objects.filter(subject_id=ticket.pk).order_by("id").values_list("kind", flat=True))
    assert kinds == [
        "ticket.created", "ticket.accepted", "ticket.started", "ticket.diagnosed", "ticket.waiting",
        "ticket.message", "ticket.resolved", "ticket.rating_asked", "ticket.rated",
    ]  # fmt: skip


def test_a_returned_escalation_is_completed_as_the_same_ticket(desk: Desk) -> None:
    ticket = desk.returned()
    assert ticket.state == State.RETURNED
    back = escalating.resubmit(ticket, desk.contract(description="It was at nine."), by=desk.l1)
    assert (back.pk, back.state, back.return_count) == (ticket.pk, State.NEW, 1)
    assert Clock.objects.get(ticket=ticket, metric=Metric.ACCEPT).state == ClockState.RUNNING


def test_resolving_demands_code_cause_and_both_answers(desk: Desk) -> None:
    ticket = desk.started()
    for name in desk.resolution():
        with pytest.raises(Refused) as refusal:
            lifecycle.resolve(ticket, by=desk.l2, **{**desk.resolution(), name: "" if "answer" in name else None})
        assert refusal.value.field == name
    ticket.refresh_from_db()
    assert ticket.state == State.IN_PROGRESS


def test_a_stale_version_is_refused_and_changes_nothing(desk: Desk) -> None:
    ticket = desk.escalated()
    triage.accept(ticket, by=desk.l2, review=GOOD)
    events = Event.objects.count()
    with pytest.raises(StaleVersion) as refusal:
        lifecycle.start(ticket, by=desk.other_l2, version=ticket.version)
    assert isinstance(refusal.value.current, Ticket)
    assert Event.objects.count() == events


def test_partners_answer_what_was_handed_to_them_and_nothing_else(desk: Desk) -> None:
    ticket = desk.started()
    assert not Ticket.objects.visible_to(desk.partner).exists()
    lifecycle.wait_for_partner(ticket, by=desk.l2, partner=desk.engineering, message="Is the gateway up?")
    assert Ticket.objects.visible_to(desk.partner).get() == ticket
    conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="They are slow today.")
    conversation.write(ticket, by=desk.partner, kind=MessageKind.PARTNER, body="It is up again.")
    ticket.refresh_from_db()
    assert ticket.state == State.IN_PROGRESS
    seen = [message.body for message in conversation.readable(desk.partner, ticket)]
    assert seen == ["Is the gateway up?", "It is up again."]
    with pytest.raises(NotAllowed):
        conversation.write(ticket, by=desk.partner, kind=MessageKind.NOTE, body="Hello")


def test_reopening_goes_on_with_the_resolution_clock(desk: Desk) -> None:
    ticket = desk.resolved()
    lifecycle.close(ticket, by=desk.lead)
    again = lifecycle.reopen(
        ticket, by=desk.l1, reason=desk.reason(ReasonKind.REOPEN), explanation="Still not there."
    )
    clock_row = Clock.objects.get(ticket=ticket, metric=Metric.RESOLUTION)
    assert (again.state, again.reopen_count) == (State.REOPENED, 1)
    assert clock_row.state == ClockState.RUNNING
    assert [entry.reason for entry in clock_row.entries.all()][-2:] == ["resolved", "reopened"]


def test_what_l1_says_after_the_end_has_to_reopen_it(desk: Desk) -> None:
    """Else nobody would act on it, and it would be closed over the answer."""
    ticket = desk.resolved()
    with pytest.raises(Refused):
        conversation.write(ticket, by=desk.l1, kind=MessageKind.FROM_L1, body="It is still broken.")
    assert MessageKind.FROM_L1 not in conversation.kinds_for(desk.l1, ticket)


def test_l1_cannot_take_back_what_was_handed_to_a_partner(desk: Desk) -> None:
    ticket = lifecycle.wait_for_partner(
        desk.started(), by=desk.l2, partner=desk.engineering, message="Is the gateway up?"
    )
    with pytest.raises(NotAllowed):
        lifecycle.resume(ticket, by=desk.l1)
    assert ticket.hand_overs.get().ended_at is None


def test_another_team_is_warned_that_there_is_one_and_no_more(desk: Desk) -> None:
    ticket = desk.escalated()
    elsewhere = desk.person("Nina Night", (TeamFactory(kind=TeamKind.L1), Role.L1))
    assert similar.open_elsewhere(elsewhere, ticket.customer.external_id, [])
    assert similar.open_of_customer(elsewhere, ticket.customer.external_id) == []
    assert not similar.open_elsewhere(desk.l1, ticket.customer.external_id, [])
    assert not similar.open_elsewhere(elsewhere, "", [""])


def test_merging_keeps_one_ticket(desk: Desk) -> None:
    duplicate, original = desk.escalated(), desk.escalated()
    merged = merging.merge(duplicate, by=desk.l2, target=original)
    assert (merged.state, merged.merged_into) == (State.MERGED, original)
    with pytest.raises(Refused):
        merging.merge(original, by=desk.l2, target=duplicate)
    assert set(Clock.objects.filter(ticket=duplicate).values_list("state", flat=True)) == {ClockState.CANCELLED}
