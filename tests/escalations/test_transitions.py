"""The transition table is what happens: every verb, from every state, by every kind of person."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts import people
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from escalations import escalating, lifecycle, merging, triage
from escalations.models import HandOver, ReasonKind, State, Ticket
from escalations.transitions import BY_VERB, TRANSITIONS, Verb, open_to
from tests.escalations.desk import GOOD, Desk

PEOPLE = ("l1", "l2", "lead", "partner", "outsider", "auditor", "system")


def calls(desk: Desk) -> dict[Verb, Callable[[Ticket, User], Any]]:
    other = desk.escalated()
    return {
        Verb.ACCEPT: lambda t, by: triage.accept(t, by=by, review=GOOD),
        Verb.RETURN: lambda t, by: triage.return_to_l1(
            t, by=by, review=GOOD, reason=desk.reason(ReasonKind.RETURN), missing="The time."
        ),
        Verb.RESUBMIT: lambda t, by: escalating.resubmit(t, desk.contract(), by=by),
        Verb.START: lambda t, by: lifecycle.start(t, by=by),
        Verb.WAIT_CUSTOMER: lambda t, by: lifecycle.wait_for_customer(t, by=by, message="When?"),
        Verb.WAIT_L1: lambda t, by: lifecycle.wait_for_l1(t, by=by, message="When?"),
        Verb.WAIT_PARTNER: lambda t, by: lifecycle.wait_for_partner(
            t, by=by, partner=desk.engineering, message="Why?"
        ),
        Verb.RESUME: lambda t, by: lifecycle.resume(t, by=by),
        Verb.RESOLVE: lambda t, by: lifecycle.resolve(t, by=by, **desk.resolution()),
        Verb.CLOSE: lambda t, by: lifecycle.close(t, by=by),
        Verb.REOPEN: lambda t, by: lifecycle.reopen(
            t, by=by, reason=desk.reason(ReasonKind.REOPEN), explanation="Still broken."
        ),
        Verb.CANCEL: lambda t, by: lifecycle.cancel(t, by=by, reason=desk.reason(ReasonKind.CANCEL)),
        Verb.MERGE: lambda t, by: merging.merge(t, by=by, target=other),
        Verb.UNMERGE: lambda t, by: merging.unmerge(t, by=by, explanation="Another bank."),
    }


def person(desk: Desk, who: str) -> User:
    return people.system() if who == "system" else getattr(desk, who)


@pytest.mark.parametrize("verb", list(Verb))
def test_a_verb_works_just_where_the_table_says(desk: Desk, verb: Verb) -> None:
    ticket, other = desk.escalated(), desk.escalated()
    HandOver.objects.create(
        ticket=ticket, team=desk.engineering, question="?", asked_by=desk.l2, asked_at=clock.now()
    )
    call = calls(desk)[verb]
    for state in State:
        Ticket.objects.filter(pk=ticket.pk).update(
            state=state, resolved_at=clock.now(), merged_into=other if state == State.MERGED else None
        )
        ticket.refresh_from_db()
        for who in PEOPLE:
            by = person(desk, who)
            expected = verb in {transition.verb for transition in open_to(by, ticket)}
            undo = transaction.savepoint()
            try:
                result = call(ticket, by)
            except (NotAllowed, Refused):
                happened = False
            else:
                happened = True
                assert result.state == (BY_VERB[verb].target or State.NEW)  # as it was when it was made
            transaction.savepoint_rollback(undo)
            assert happened == expected, f"{verb} from {state} by {who}"


def test_outsiders_auditors_and_partners_change_nothing_by_the_table() -> None:
    for transition in TRANSITIONS:
        assert State.CANCELLED not in transition.sources
        assert "partner" not in transition.who  # partners answer, which ends the wait


def test_every_state_can_be_left_or_is_an_end() -> None:
    left = set().union(*(transition.sources for transition in TRANSITIONS))
    assert set(State) - left == {State.CANCELLED}
