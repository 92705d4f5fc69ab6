"""Routing: who is given what, why, and what is left to people."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts import people
from accounts.models import Attendance, Availability
from common.errors import NotAllowed, Refused
from escalations import alerts, assignment, dispatching, news, routing_setup, timeline
from escalations.models import (
    Alert,
    AlertKind,
    RoutedPerson,
    RoutingMethod,
    RoutingMode,
    Skill,
    TeamRouting,
    Ticket,
)
from escalations.routing import Candidate, Choice, Hindrance, Round, Waiting
from events.models import Event
from tests.escalations.desk import Desk

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

candidates = st.lists(
    st.builds(
        Candidate,
        person=st.integers(1, 9),
        load=st.integers(0, 9),
        capacity=st.integers(0, 9),
        skills=st.dictionaries(st.integers(1, 3), st.integers(1, 2), max_size=2),
    ),
    max_size=5,
    unique_by=lambda one: one.person,
)
tickets = st.lists(st.builds(Waiting, category=st.integers(1, 4), weight=st.integers(1, 4)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(candidates, tickets, st.sampled_from(RoutingMethod))
def test_nobody_is_given_more_than_fits_nor_what_others_know(
    on: list[Candidate], waiting: list[Waiting], method: RoutingMethod
) -> None:
    before = {one.person: one.load for one in on}
    known = frozenset({1})
    turn = Round(method, on, known)
    for ticket in waiting:
        outcome = turn.give(ticket, at=NOW)
        if not isinstance(outcome, Choice):
            continue
        chosen = next(one for one in on if one.person == outcome.person)
        assert chosen.load <= chosen.capacity
        if method == RoutingMethod.BY_SKILL and ticket.category == 1:
            assert outcome.skill == chosen.skills[1]
    for one in on:
        assert one.load == before[one.person] or one.load <= one.capacity


def test_a_heavy_one_is_not_overtaken_by_lighter_ones_for_ever() -> None:
    turn = Round(RoutingMethod.LEAST_LOADED, [Candidate(1, load=5, capacity=8)], frozenset())
    assert turn.give(Waiting(1, 4), at=NOW) == Hindrance.NO_ROOM
    assert turn.give(Waiting(1, 1), at=NOW) == Hindrance.BEHIND


def test_the_best_with_the_fewest_points_gets_it_by_skill() -> None:
    on = [Candidate(1, 0, 8), Candidate(2, 6, 8, {7: 2}), Candidate(3, 1, 8, {7: 1}), Candidate(4, 5, 8, {7: 2})]
    choice = Round(RoutingMethod.BY_SKILL, on, frozenset({7})).give(Waiting(7, 2), at=NOW)
    assert choice == Choice(4, RoutingMethod.BY_SKILL, load=7, capacity=8, among=3, skill=2)


def push(desk: Desk, **values: object) -> TeamRouting:
    routing: TeamRouting = TeamRouting.objects.create(team=desk.payments, **{"mode": RoutingMode.PUSH, **values})
    return routing


def test_a_ticket_that_arrives_is_given_and_says_why(desk: Desk) -> None:
    push(desk)
    RoutedPerson.objects.create(team=desk.payments, person=desk.l2, capacity=0)
    ticket = desk.escalated(impact=1, urgency=1)
    dispatching.handle(Event.objects.get(kind="ticket.created"))
    ticket.refresh_from_db()
    assert ticket.owner == desk.other_l2
    news.handle(Event.objects.get(kind="ticket.assigned"))
    assert Alert.objects.get(recipient=desk.other_l2).kind == AlertKind.ASSIGNED
    lines = [entry.line for entry in timeline.of_ticket(ticket, desk.lead)]
    assert alerts.sentence(Alert.objects.get()) == "It is yours now: fewest points (now 4 of 8), 1 with room."
    assert lines[-1] == "gave it to Otis Second: fewest points (now 4 of 8), 1 with room"


def test_a_backlog_goes_by_priority_then_age_as_far_as_there_is_room(desk: Desk) -> None:
    push(desk, capacity=4, method=RoutingMethod.ROUND_ROBIN)
    old, young, urgent = desk.escalated(), desk.escalated(), desk.escalated(impact=1, urgency=1)
    dispatching.drain()
    owners = dict(Ticket.objects.values_list("pk", "owner"))
    assert owners[urgent.pk] == desk.l2.pk and owners[old.pk] == desk.other_l2.pk
    assert all(points <= 4 for points in dispatching.loads(owners.values(), TeamRouting.objects.get()).values())
    assert dispatching.drain() == 0
    assert Ticket.objects.filter(pk=young.pk).exists()


def test_who_is_away_or_off_duty_gets_nothing(desk: Desk) -> None:
    routing = push(desk)
    people.set_availability(desk.l2, Availability.AWAY, by=desk.l2)
    Attendance.objects.create(person=desk.other_l2, team=desk.payments, on_duty=False)
    desk.escalated()
    assert dispatching.drain() == 0
    assert [one.outcome for one in dispatching.preview(routing)] == [Hindrance.NOBODY_ON]


def test_what_a_person_let_go_of_stays_with_people_until_asked(desk: Desk) -> None:
    ticket = desk.started()
    assignment.assign(ticket, None, by=desk.l2)
    push(desk)
    assert dispatching.drain() == 0
    with pytest.raises(NotAllowed):
        dispatching.ask(ticket, by=desk.l2)
    dispatching.ask(ticket, by=desk.lead)
    assert dispatching.drain() == 1


def test_by_skill_those_who_know_it_come_first(desk: Desk) -> None:
    push(desk, method=RoutingMethod.BY_SKILL)
    Skill.objects.create(person=desk.other_l2, category=desk.category, level=2)
    ticket = desk.escalated()
    assert dispatching.drain() == 1
    ticket.refresh_from_db()
    assert ticket.owner == desk.other_l2
    assert f"expert in {desk.category}" in timeline.of_ticket(ticket, desk.lead)[-1].line


def test_the_next_one_is_not_taken_where_all_are_given_out(desk: Desk) -> None:
    desk.escalated()
    routing = push(desk)
    with pytest.raises(Refused):
        assignment.take_next(by=desk.l2)
    TeamRouting.objects.filter(pk=routing.pk).update(mode=RoutingMode.BOTH)
    assert assignment.take_next(by=desk.l2) is not None


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_fill_the_same_room(desk: Desk) -> None:
    routing = push(desk, capacity=6)
    for _number in range(12):
        desk.escalated()
    together = threading.Barrier(4)

    def work(_number: int) -> int:
        together.wait()
        try:
            return dispatching.drain()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        given = sum(pool.map(work, range(4)))
    assert given == Ticket.objects.exclude(owner=None).count() > 0
    loads = dispatching.loads([desk.l2.pk, desk.other_l2.pk], routing)
    assert set(loads.values()) == {6}


def test_a_lead_sets_it_up_sees_what_it_would_do_and_a_stale_edit_is_refused(desk: Desk) -> None:
    ticket = desk.escalated()
    page, address = Client(), reverse("edit_routing", args=[desk.payments.pk])
    page.force_login(desk.lead)
    assert page.get(reverse("edit_routing", args=[desk.accounts.pk])).status_code == 404
    sent = {
        "version": "0", "mode": "both", "method": "by_skill", "gives_new": "on", "capacity": "6",
        "weight_p1": "4", "weight_p2": "3", "weight_p3": "2", "weight_p4": "1",
        f"person-{desk.l2.pk}-capacity": "5", f"person-{desk.l2.pk}-expert": str(desk.category.pk),
    }  # fmt: skip
    assert page.post(address, sent).status_code == 302
    html = page.get(address).content.decode()
    assert ticket.reference in html and f"expert in {desk.category} (now 2 of 5 points)" in html
    assert page.post(address, sent).status_code == 409
    assert TeamRouting.objects.get().version == 1


def test_what_nobody_can_get_does_not_hide_what_lies_deeper(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "_BATCH", 2)
    push(desk, method=RoutingMethod.BY_SKILL, weight_p1=9)
    RoutedPerson.objects.create(team=desk.payments, person=desk.l2, capacity=9)
    Skill.objects.create(person=desk.other_l2, category=desk.category, level=1)
    heavy = [desk.escalated(impact=1, urgency=1) for _number in range(5)]
    light = desk.escalated(impact=3, urgency=3)
    assert dispatching.drain() == 1
    assert list(Ticket.objects.exclude(owner=None)) == [light]
    assert {one.outcome for one in dispatching.preview(TeamRouting.objects.get())} == {Hindrance.TOO_HEAVY}
    page = Client()
    page.force_login(desk.l2)
    address = reverse("ticket_work", args=[heavy[0].reference])
    assert "It has more points than anybody&#x27;s capacity" in page.get(address).content.decode()
    assert "Waits to be given out" not in page.get(reverse("ticket_work", args=[light.reference])).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_on_the_way_leaves_whole_batches_and_the_next_one_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(desk, capacity=6)
    for _number in range(6):
        desk.escalated()
    calls, change_owner = [], assignment.change_owner

    def killed_at_the_fourth(*args: Any, **values: Any) -> Event:
        calls.append(args)
        if len(calls) == 4:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return change_owner(*args, **values)

    monkeypatch.setattr(dispatching, "_BATCH", 2)
    monkeypatch.setattr(dispatching, "change_owner", killed_at_the_fourth)
    with pytest.raises(OperationalError):
        dispatching.drain()
    connection.close()
    given = Event.objects.filter(kind="ticket.assigned")
    assert given.count() == Ticket.objects.exclude(owner=None).count() == 2
    assert dispatching.drain() == 4
    assert len(set(given.values_list("subject_id", flat=True))) == given.count() == 6


def test_take_next_is_offered_only_where_people_take(
    desk: Desk, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    page, button = Client(), reverse("take_next")
    page.force_login(desk.l2)
    assert button in page.get(reverse("queue")).content.decode()
    routing = routing_setup.of_team(desk.payments)
    chosen = {name: getattr(routing, name) for name in routing_setup.SETTINGS} | {"mode": RoutingMode.PUSH}
    with django_capture_on_commit_callbacks(execute=True):
        routing_setup.change(desk.payments, chosen, {}, by=desk.lead, version=0)
    assert button not in page.get(reverse("queue")).content.decode()
