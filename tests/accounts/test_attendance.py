"""Availability follows the roster: once per change, at its true instant, however late the job runs."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection

from accounts import attendance, people, rostering
from accounts.models import Attendance, Availability, ExceptionKind, Role, User
from common.business_hours import Interval
from events.models import Event
from tests.accounts.rosters import AFTERNOON, Crew, day, utc
from tests.factories import MembershipFactory

BEFORE, DURING = utc("2026-06-01T00:00"), utc("2026-06-01T10:00")  # a Monday; 08:00 and 18:00 in Manila


@pytest.fixture
def crew(db: None) -> Crew:
    with time_machine.travel(BEFORE, tick=False):
        crew = Crew()
        crew.publish()
    return crew


def at(text):
    return time_machine.travel(utc(text), tick=False)


def availability(person: User) -> str:
    person.refresh_from_db()
    return person.availability


def history(*persons: User) -> list[tuple[str, str, str]]:
    events = Event.objects.filter(
        kind__startswith="person.shift_", subject_id__in=[person.pk for person in persons]
    ).select_related("actor")
    assert all(event.actor.is_robot for event in events)
    return [(event.kind[13:], f"{event.at:%d %H:%M}", event.data["availability"]) for event in events]


def test_publishing_sets_those_away_who_are_not_on_shift_and_leaves_others_alone(crew):
    assert availability(crew.ana) == "away"
    assert availability(crew.lead) == "available"
    assert history(crew.ana) == []


def test_publishing_during_a_shift_begins_it(db):
    with time_machine.travel(DURING, tick=False):
        crew = Crew()
        people.set_availability(crew.ana, "busy", by=crew.ana)
        crew.publish()
    assert availability(crew.ana) == "available"
    assert history(crew.ana) == [("began", "01 10:00", "available")]


def test_a_shift_begins_and_ends_once_each(crew):
    with at("2026-06-01T06:59:59"):
        assert attendance.follow() == 0
    for when in ("2026-06-01T07:00:20", "2026-06-01T07:01:20"):
        with at(when):
            attendance.follow()
            assert availability(crew.ana) == "available"
    with at("2026-06-01T16:00"):
        assert attendance.follow() == 2  # Ben's beginning was due too
        assert attendance.follow() == 0
    assert availability(crew.ana) == "away"
    assert history(crew.ana) == [("began", "01 07:00", "available"), ("ended", "01 16:00", "away")]


def test_what_was_set_by_hand_stays_until_the_shift_changes(crew):
    with at("2026-06-01T07:00"):
        attendance.follow()
        people.set_availability(User.objects.get(pk=crew.ana.pk), "busy", by=crew.ana)
    with at("2026-06-01T09:00"):
        attendance.follow()
        assert availability(crew.ana) == "busy"
    with at("2026-06-01T16:00"):
        attendance.follow()
        assert availability(crew.ana) == "away"
        people.set_availability(User.objects.get(pk=crew.ana.pk), "available", by=crew.ana)  # overtime
    with at("2026-06-01T20:00"):
        attendance.follow()
        assert availability(crew.ana) == "available"
    with at("2026-06-02T07:00"):
        attendance.follow()
    with at("2026-06-02T16:00"):
        attendance.follow()
    assert availability(crew.ana) == "away"


def test_a_job_that_was_down_records_all_it_missed_and_lands_in_the_right_state(crew):
    with at("2026-06-02T17:30"):
        attendance.follow()
    assert history(crew.ben) == [
        ("began", "01 08:00", "available"), ("ended", "01 17:00", "away"),
        ("began", "02 08:00", "available"), ("ended", "02 17:00", "away"),
    ]  # fmt: skip
    assert availability(crew.ben) == "away"
    with at("2026-06-03T12:00"):
        attendance.follow()
    assert availability(crew.ana) == availability(crew.ben) == "available"
    assert Attendance.objects.get(person=crew.ana).next_change_at == utc("2026-06-03T16:00")


def test_falling_sick_during_the_shift_ends_it_and_undoing_begins_it_again(crew):
    with at("2026-06-01T08:30"):
        attendance.follow()
        entry = rostering.take_off(
            crew.team, crew.ana, ExceptionKind.SICK, day("2026-06-01"), day("2026-06-01"), by=crew.lead
        )
        assert availability(crew.ana) == "away"
        assert Attendance.objects.get(person=crew.ana).next_change_at == utc("2026-06-02T07:00")
    with at("2026-06-01T09:30"):
        rostering.undo(entry, by=crew.lead)
    assert history(crew.ana) == [
        ("began", "01 07:00", "available"), ("ended", "01 08:30", "away"), ("began", "01 09:30", "available"),
    ]  # fmt: skip


def test_a_change_before_the_job_has_come_round_records_the_end_where_it_was(crew):
    with at("2026-06-01T07:00"):
        attendance.follow()
    with at("2026-06-01T16:00:40"):
        crew.publish(ana=AFTERNOON)
    assert history(crew.ana) == [("began", "01 07:00", "available"), ("ended", "01 16:00", "away")]


def test_an_extra_shift_of_somebody_without_weekly_ones(crew):
    with at("2026-06-01T00:10"):
        rostering.add_extra(crew.team, crew.lead, day("2026-06-02"), 600, 700, by=crew.lead)
    assert availability(crew.lead) == "available"
    with at("2026-06-02T02:30"):
        attendance.follow()
    with at("2026-06-02T04:00"):
        attendance.follow()
    assert history(crew.lead) == [("began", "02 02:00", "available"), ("ended", "02 03:40", "away")]
    assert not Attendance.objects.filter(person=crew.lead).exists()


def test_whoever_changes_teams_at_one_instant_is_not_away(crew):
    with at("2026-06-01T00:00"):
        other = Crew("Risk")
        MembershipFactory(user=crew.ana, team=other.team, role=Role.L2)
        other.ana = crew.ana
        other.publish(ana=[Interval(1, 0, 60)])  # from 24:00 on
    with at("2026-06-01T12:00"):
        attendance.follow()
    with at("2026-06-01T16:30"):
        attendance.follow()
        assert availability(crew.ana) == "available"
    assert history(crew.ana)[1:] == [("ended", "01 16:00", "available"), ("began", "01 16:00", "available")]
    with at("2026-06-01T17:00"):
        attendance.follow()
    assert availability(crew.ana) == "away"


def test_who_is_on_the_roster_no_more_goes_off_and_then_sets_it_by_hand(crew):
    with at("2026-06-01T10:00"):
        attendance.follow()
        crew.publish(ben=[Interval(0, 960, 1500)])
        assert availability(crew.ana) == "away"
        assert not Attendance.objects.filter(person=crew.ana).exists()
        people.set_availability(crew.ana, "available", by=crew.ana)
    with at("2026-06-09T16:00"):
        attendance.follow()
    assert availability(crew.ana) == "available"


def test_leaving_ends_the_shift(crew):
    with at("2026-06-01T10:00"):
        attendance.follow()
        people.deactivate(crew.ana, by=crew.lead)
        attendance.handle(Event.objects.get(kind="person.deactivated"))
        attendance.handle(Event.objects.get(kind="person.deactivated"))
    assert [entry[0] for entry in history(crew.ana)] == ["began", "ended"]
    assert not Attendance.objects.filter(person=crew.ana).exists()


def test_following_asks_as_often_for_many_as_for_few(crew, django_assert_max_num_queries):
    with at("2026-06-01T00:00"):
        for number in range(4):
            Crew(f"Team {number}").publish()
    with at("2026-06-01T12:00"):
        people.system()
        with django_assert_max_num_queries(75):
            assert attendance.follow() == 10
    assert availability(crew.ana) == Availability.AVAILABLE


@pytest.mark.django_db(transaction=True)
def test_two_workers_record_each_change_once():
    with time_machine.travel(BEFORE, tick=False):
        crews = [Crew(f"Team {number}") for number in range(4)]
        for crew in crews:
            crew.publish()
        people.system()
    together = threading.Barrier(4)

    def work(_number: int) -> None:
        try:
            together.wait(20)
            attendance.follow()
        finally:
            connection.close()

    with at("2026-06-01T12:00"), ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    for crew in crews:
        assert history(crew.ana, crew.ben) == [
            ("began", "01 07:00", "available"), ("began", "01 08:00", "available"),
        ]  # fmt: skip
