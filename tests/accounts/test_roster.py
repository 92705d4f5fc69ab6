"""Who is on duty and who is next, against somebody who walks along the wall clock minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import people, roster, rostering
from accounts.models import ExceptionKind, Membership, Roster, RosterException, Team, User
from accounts.roster import WEEK, Duty, Plan, Stretch
from common import business_hours
from common.business_hours import DAY, Interval
from tests.accounts.rosters import AFTERNOON, EVENING, MANILA, Crew, day, utc

MINUTE = timedelta(minutes=1)
WALKED = timedelta(days=4)
#: A day near each change of the clocks, and an ordinary one.
PLACES = [
    ("America/New_York", date(2026, 3, 8)), ("America/New_York", date(2026, 11, 1)),
    ("America/Santiago", date(2026, 4, 4)), ("America/Santiago", date(2026, 9, 6)),
    ("Europe/London", date(2026, 3, 29)), ("Australia/Lord_Howe", date(2026, 4, 5)),
    (MANILA, date(2026, 6, 3)),
]  # fmt: skip


def walk(zone: str, shifts: list[Interval], off: set[date], extra: tuple[datetime, datetime] | None, at: datetime):
    """Return whether somebody is on duty, for each minute within four days of `at`."""
    first, last = at - WALKED, at + WALKED
    minutes = [first + number * MINUTE for number in range(int((last - first) / MINUTE))]
    walls = [minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for minute in minutes]

    def shown(wall: datetime) -> int:
        return next((place for place, shown in enumerate(walls) if shown >= wall), len(walls))

    on = [False] * len(minutes)
    start = walls[0].date() - timedelta(days=3)
    for number in range(14):
        today = start + timedelta(days=number)
        for shift in shifts:
            if shift.day == today.weekday() and today not in off:
                midnight = datetime.combine(today, time())
                begins = shown(midnight + timedelta(minutes=shift.opens))
                for place in range(begins, shown(midnight + timedelta(minutes=shift.closes))):
                    on[place] = True
    if extra:
        for place, minute in enumerate(minutes):
            on[place] = on[place] or extra[0] <= minute < extra[1]
    return minutes, on


@st.composite
def weeks(draw: st.DrawFn) -> list[Interval]:
    """Draw weekly shifts that do not overlap."""
    ends = sorted(draw(st.lists(st.integers(0, WEEK // 15 - 1), min_size=2, max_size=16, unique=True)))
    shifts = []
    for opens, closes in zip(ends[::2], ends[1::2], strict=False):
        start, length = opens * 15, min((closes - opens) * 15, DAY)
        shifts.append(Interval(start // DAY, start % DAY, start % DAY + length))
    return shifts


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_duty_is_what_a_walk_along_the_wall_clock_finds(data):
    zone, near = data.draw(st.sampled_from(PLACES))
    shifts = data.draw(weeks())
    off = {near + timedelta(days=number) for number in data.draw(st.sets(st.integers(-4, 4), max_size=3))}
    at = datetime.combine(near, time(), tzinfo=UTC) + MINUTE * data.draw(st.integers(-DAY, DAY))
    begins = at + MINUTE * data.draw(st.integers(-DAY, DAY))
    extra = (begins, begins + MINUTE * data.draw(st.integers(1, DAY))) if data.draw(st.booleans()) else None
    duty = Duty(
        person=User(pk=1),
        team=Team(pk=1),
        zone=zone,
        plans=(Plan(zone, tuple(shifts), at - timedelta(days=90), None),),
        off=tuple(RosterException(kind=ExceptionKind.LEAVE, first_day=one, last_day=one) for one in off),
        extras=(RosterException(kind=ExceptionKind.EXTRA, starts_at=extra[0], ends_at=extra[1]),) if extra else (),
    )
    minutes, on = walk(zone, shifts, off, extra, at)
    here = minutes.index(at)
    ahead = [place for place in range(here + 1, len(minutes)) if on[place] and not on[place - 1]]
    present = duty.on(at)
    assert (present is not None) == on[here]
    if present is not None:
        off_again = next((minutes[place] for place in range(here, len(minutes)) if not on[place]), None)
        assert off_again is None or present.ends == off_again
    coming = duty.next(at)
    if ahead:
        assert coming is not None and coming.starts == minutes[ahead[0]]
    else:
        assert coming is None or coming.starts >= minutes[-1]
    until = at + timedelta(days=1)
    changed = [
        (minutes[place], on[place])
        for place in range(here, here + DAY + 1)
        if on[place] != on[place - 1]
    ]  # fmt: skip
    assert duty.changes(at, until) == changed


@given(st.lists(st.tuples(st.integers(0, WEEK - 1), st.integers(1, DAY)), min_size=1, max_size=30))
@settings(max_examples=80, deadline=None)
def test_coverage_is_every_minute_of_the_week_that_a_shift_covers(drawn):
    spans = [(opens, opens + length) for opens, length in drawn]
    found = roster.weekly_union(spans)
    covered = {minute % WEEK for opens, closes in spans for minute in range(opens, closes)}
    told = [
        minute % WEEK for one in found for minute in range(one.day * DAY + one.opens, one.day * DAY + one.closes)
    ]
    assert set(told) == covered and len(told) == len(covered)
    business_hours.Calendar("UTC", found)  # the simulator makes one of it


def duty_of(*plans: Plan) -> Duty:
    return Duty(person=User(pk=1), team=Team(pk=1), zone="UTC", plans=plans, off=(), extras=())


def test_round_the_clock_has_no_end_and_is_looked_at_again():
    always = duty_of(Plan("UTC", tuple(Interval(number, 0, DAY) for number in range(7)), utc("2026-01-01"), None))
    at = utc("2026-06-01T12:00")
    assert always.on(at).ends is None
    assert always.next(at) is None
    assert always.next_change(at) == at + roster.REACH


def test_somebody_on_leave_for_months_still_comes_back():
    entry = RosterException(kind=ExceptionKind.LEAVE, first_day=day("2026-01-05"), last_day=day("2026-11-30"))
    duty = Duty(User(pk=1), Team(pk=1), MANILA, (Plan(MANILA, AFTERNOON, utc("2025-01-01"), None),), (entry,), ())
    assert duty.next(utc("2026-01-05")) == Stretch(utc("2026-12-01T07:00"), utc("2026-12-01T16:00"))
    assert duty.away(utc("2026-01-04T16:00")) == entry  # the fifth in Manila
    assert duty.away(utc("2026-01-04T15:59")) is None


# With what is stored


@pytest.fixture
def crew(db: None) -> Crew:
    with time_machine.travel(utc("2026-06-01T00:00"), tick=False):  # a Monday
        crew = Crew()
        crew.publish()
    return crew


def names(found):
    return [(person.name, stretch.starts, stretch.ends) for person, stretch in found]


def test_who_is_on_and_who_is_next(crew):
    assert names(roster.on_now(crew.team, utc("2026-06-02T07:00"))) == [
        ("Ana Afternoon", utc("2026-06-02T07:00"), utc("2026-06-02T16:00"))
    ]
    assert [person.name for person, _stretch in roster.on_now(crew.team, utc("2026-06-02T15:59:59"))] == [
        "Ana Afternoon", "Ben Evening",
    ]  # fmt: skip
    assert names(roster.on_now(crew.team, utc("2026-06-02T16:00"))) == [
        ("Ben Evening", utc("2026-06-02T08:00"), utc("2026-06-02T17:00"))
    ]
    assert roster.on_now(crew.team, utc("2026-06-02T17:00")) == []
    assert names(roster.next_on(crew.team, utc("2026-06-05T17:00"))) == [
        ("Ana Afternoon", utc("2026-06-08T07:00"), utc("2026-06-08T16:00"))
    ]


def test_hand_overs_and_who_takes_over(crew):
    assert roster.next_handover(crew.team, utc("2026-06-02T07:00")) == utc("2026-06-02T16:00")
    assert roster.next_handover(crew.team, utc("2026-06-02T16:00")) == utc("2026-06-02T17:00")
    assert roster.relief(crew.team, utc("2026-06-02T16:00")) == ([crew.ben], utc("2026-06-02T17:00"))
    assert roster.relief(crew.team, utc("2026-06-05T17:00")) == ([crew.ana], utc("2026-06-08T16:00"))


def test_questions_about_one_person(crew):
    assert roster.shift_of(crew.ben, utc("2026-06-02T16:30")) == (utc("2026-06-02T08:00"), utc("2026-06-02T17:00"))
    assert roster.shift_of(crew.ben, utc("2026-06-02T17:00")) is None
    assert roster.next_shift(crew.ben, utc("2026-06-02T08:00")).starts == utc("2026-06-03T08:00")
    assert roster.next_shift(crew.lead, utc("2026-06-02T08:00")) is None


def test_before_it_was_published_nobody_was_on(crew):
    assert roster.on_now(crew.team, utc("2026-05-29T10:00")) == []


def test_the_next_version_changes_nothing_of_the_past(crew):
    with time_machine.travel(utc("2026-06-02T10:00"), tick=False):
        crew.publish(ana=EVENING)
    at = utc("2026-06-02T09:59:59")
    assert [person.name for person, _stretch in roster.on_now(crew.team, at)] == ["Ana Afternoon", "Ben Evening"]
    assert names(roster.on_now(crew.team, utc("2026-06-02T10:00"))) == [
        ("Ana Afternoon", utc("2026-06-02T07:00"), utc("2026-06-02T17:00"))  # without a gap
    ]


def test_a_day_off_takes_the_shift_that_starts_on_it_and_leaves_the_one_of_the_day_before(crew):
    with time_machine.travel(utc("2026-06-01T00:00"), tick=False):
        rostering.take_off(
            crew.team, crew.ben, ExceptionKind.SICK, day("2026-06-03"), day("2026-06-03"), by=crew.lead
        )
    assert roster.shift_of(crew.ben, utc("2026-06-02T16:30"))  # 00:30 on the third in Manila
    assert roster.shift_of(crew.ben, utc("2026-06-03T08:30")) is None
    assert roster.shift_of(crew.ben, utc("2026-06-03T16:30")) is None
    assert roster.shift_of(crew.ben, utc("2026-06-04T08:30"))


def test_an_extra_shift_counts_on_a_day_off(crew):
    with time_machine.travel(utc("2026-06-01T00:00"), tick=False):
        rostering.take_off(
            crew.team, crew.ben, ExceptionKind.LEAVE, day("2026-06-03"), day("2026-06-03"), by=crew.lead
        )
        extra = rostering.add_extra(crew.team, crew.ben, day("2026-06-03"), 18 * 60, 20 * 60, by=crew.lead)
    assert roster.shift_of(crew.ben, utc("2026-06-03T10:30")) == (utc("2026-06-03T10:00"), utc("2026-06-03T12:00"))
    with time_machine.travel(utc("2026-06-01T01:00"), tick=False):
        rostering.undo(extra, by=crew.lead)
    assert roster.shift_of(crew.ben, utc("2026-06-03T10:30")) is None


def test_whoever_left_the_team_or_the_firm_is_on_duty_no_more(crew):
    at = utc("2026-06-02T10:00")
    people.deactivate(crew.ana, by=crew.lead)
    Membership.objects.filter(user=crew.ben).delete()
    assert roster.on_now(crew.team, at) == [] == roster.next_on(crew.team, at)


def test_the_hours_of_a_draft(crew):
    with time_machine.travel(utc("2026-06-02T10:00"), tick=False):
        draft = crew.save(ana=[Interval(6, 1320, 1800)], ben=[Interval(0, 300, 600), Interval(3, 0, DAY)])
    assert roster.coverage(draft) == [Interval(3, 0, 1440), Interval(6, 1320, 2040)]
    prefetched = Roster.objects.prefetch_related("shifts").get(pk=draft.pk)
    assert roster.coverage(prefetched) == roster.coverage(draft)


def test_the_number_of_queries_does_not_grow(crew, django_assert_num_queries):
    for number in range(3):
        other = Crew(f"Team {number}")
        other.publish()
    with django_assert_num_queries(4):
        assert len(roster.standings(Team.objects.all(), utc("2026-06-02T10:00"))) == 8
