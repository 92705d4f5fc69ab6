"""Taking the next ticket: the most urgent one, and never the same one twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts import people
from accounts.models import Availability, Role
from common.errors import NotAllowed, Refused
from escalations import assignment
from escalations.models import Ticket
from events.models import Event
from tests.escalations.desk import Desk


def test_the_most_urgent_untaken_ticket_of_own_teams_is_next(desk: Desk) -> None:
    low = desk.escalated(impact=3, urgency=3)
    high = desk.escalated(impact=1, urgency=1)
    desk.escalated(impact=1, urgency=1)
    Ticket.objects.filter(pk=high.pk).update(next_due_at=None)  # not due: behind its equal
    second = assignment.take_next(by=desk.l2)
    assert second is not None and second.priority == 1 and second != high
    assert assignment.take_next(by=desk.l2) == high
    assert assignment.take_next(by=desk.l2) == low
    assert assignment.take_next(by=desk.l2) is None
    assert assignment.take_next(by=desk.outsider) is None


def test_l1_and_people_who_are_away_take_nothing(desk: Desk) -> None:
    desk.escalated()
    with pytest.raises(NotAllowed):
        assignment.take_next(by=desk.l1)
    desk.l2.availability = Availability.AWAY
    with pytest.raises(Refused):
        assignment.take_next(by=desk.l2)


def test_only_the_owner_or_a_lead_passes_a_ticket_on(desk: Desk) -> None:
    ticket = assignment.take(desk.escalated(), by=desk.l2)
    with pytest.raises(Refused):
        assignment.take(ticket, by=desk.other_l2)
    with pytest.raises(NotAllowed):
        assignment.assign(ticket, desk.other_l2, by=desk.other_l2)
    assert assignment.assign(ticket, desk.other_l2, by=desk.lead).owner == desk.other_l2
    with pytest.raises(Refused):
        assignment.assign(ticket, desk.outsider, by=desk.lead)


def test_another_team_gets_it_without_an_owner(desk: Desk) -> None:
    ticket = assignment.take(desk.escalated(), by=desk.l2)
    passed = assignment.give_to_team(ticket, desk.accounts, by=desk.l2)
    assert (passed.team, passed.owner, passed.reassignment_count) == (desk.accounts, None, 1)
    assert not Ticket.objects.visible_to(desk.l2).exists()
    assert assignment.take_next(by=desk.outsider) == ticket


def test_work_that_was_let_go_of_is_offered_again(desk: Desk) -> None:
    ticket = desk.started()
    assignment.assign(ticket, None, by=desk.l2)
    assert assignment.take_next(by=desk.other_l2) == ticket


def test_the_tickets_of_somebody_who_left_are_offered_to_others(desk: Desk) -> None:
    ticket, ended = desk.started(), desk.resolved()
    people.deactivate(desk.l2, by=desk.lead)
    assignment.handle(Event.objects.get(kind="person.deactivated"))
    ticket.refresh_from_db()
    ended.refresh_from_db()
    assert (ticket.owner, ended.owner) == (None, desk.l2)
    assert assignment.take_next(by=desk.other_l2) == ticket


@pytest.mark.django_db(transaction=True)
def test_a_hundred_clicks_at_once_give_a_hundred_tickets(desk: Desk) -> None:
    people = [desk.person(f"Agent {number}", (desk.payments, Role.L2)) for number in range(20)]
    for _number in range(100):
        desk.escalated()
    together = threading.Barrier(20)

    def click_five_times(number: int) -> list[int]:
        together.wait()
        try:
            taken = [assignment.take_next(by=people[number]) for _click in range(5)]
        finally:
            connection.close()
        return [ticket.pk for ticket in taken if ticket is not None]

    with ThreadPoolExecutor(20) as pool:
        taken = [pk for clicks in pool.map(click_five_times, range(20)) for pk in clicks]
    assert len(taken) == len(set(taken)) == 100
