"""A clock's proof: what is written out interval by interval comes to what the ledger says."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from escalations import calendars, proof_words
from escalations.clocks import Aim, Ledger, read
from escalations.custody import Hands, Holder, Stretch
from escalations.models import Calendar, CalendarVersion, Does, Metric
from escalations.proof import Proof, prove
from events.models import Event

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 14:00 in Manila, an hour before opening
MINUTE = timedelta(minutes=1)


def version(name: str, zone: str, *hours: tuple[str, str], days: int = 5, **columns: object) -> CalendarVersion:
    weekly = [{"day": day, "opens": opens, "closes": closes} for day in range(days) for opens, closes in hours]
    return CalendarVersion(calendar=Calendar(name=name), number=1, zone=zone, weekly=weekly, **columns)


LATE = version("Late", "Asia/Manila", ("16:00", "01:00"))
LUNCH = version("Lunch", "America/New_York", ("09:00", "12:00"), ("13:00", "17:30"), days=6)
CLOSED = version("Closed", "Europe/London", ("09:00", "17:00"), own_holidays=["2026-03-03", "2026-03-08"])


def ledger(aim: Aim, *, running: bool = True, metric: Metric = Metric.RESOLUTION) -> Ledger:
    begun = Ledger(metric, 1, MONDAY)
    begun.begin(MONDAY, Does.RUN if running else Does.PAUSE, aim, "created")
    return begun


def proved(of: Ledger, until: datetime, held: list[Stretch] | None = None) -> Proof:
    causes = [Event(kind="ticket.x", at=entry.at) for entry in of.entries]
    return prove(of, causes, until=until, held=held or [])


aims = st.builds(
    Aim,
    policy=st.none(),
    calendar=st.sampled_from([LATE, LUNCH, CLOSED, None]),
    seconds=st.integers(60, 60 * 3000),
    due_at=st.one_of(st.none(), st.none(), st.integers(0, 20_000).map(lambda minutes: MONDAY + minutes * MINUTE)),
)
steps = st.lists(
    st.tuples(
        st.integers(0, 4000 * 60), st.sampled_from([Does.RUN, Does.PAUSE, Does.STOP, Does.CANCEL, "aim"]), aims
    ),
    max_size=7,
)
hands = st.lists(st.tuples(st.integers(1, 5000 * 60), st.sampled_from(list(Hands)), st.integers(1, 3)), max_size=8)


@settings(max_examples=80, deadline=None)
@given(aim=aims, steps=steps, running=st.booleans(), rest=st.integers(0, 90_000), hands=hands)
def test_the_intervals_add_up_to_what_the_ledger_says(
    aim: Aim,
    steps: list[tuple[int, Does | str, Aim]],
    running: bool,
    rest: int,
    hands: list[tuple[int, Hands, int]],
) -> None:
    clock = ledger(aim, running=running)
    at = MONDAY
    for seconds, what, other in steps:
        at += timedelta(seconds=seconds)
        if what == "aim":
            clock.aim_at(at, other, "priority")
        elif clock.is_open or what == Does.RUN:
            clock.do(at, Does(what), "x")
    until = at + timedelta(seconds=rest)
    held, since = [], MONDAY
    for seconds, who, team in hands:
        held.append(Stretch(since, since + timedelta(seconds=seconds), Holder(who, team)))
        since = held[-1].end
    shown = proved(clock, until, held)

    assert shown.used == clock.used(until) == sum(shown.used_by.values())
    assert sum(segment.seconds for segment in shown.segments) == shown.used
    assert shown.breached_at == clock.breached(until)
    reading = read(clock.entries)
    assert shown.stopped_at == reading.stopped_at
    closed = [segment.lasts for segment in shown.segments[:-1] if segment.entry.does != Does.RUN]
    assert sum(closed) == reading.paused
    if shown.breached_at is None:
        assert shown.due_at == (
            max(reading.due_at, until) if shown.ahead and reading.due_at else reading.due_at
        ) or (shown.aim.due_at is None and not shown.ahead)
    totals = [interval.total for segment in shown.segments for interval in segment.intervals]
    assert totals == sorted(totals)
    for segment in shown.segments:
        for one, following in pairwise(segment.intervals):
            assert one.end <= following.start
            assert one.total + following.seconds == following.total
        if segment.intervals and segment.end is not None:
            assert segment.start <= segment.intervals[0].start
            assert segment.intervals[-1].end <= segment.end
    if shown.ahead and shown.due_at is not None:
        assert (shown.ahead[-1].end, shown.ahead[-1].total) == (shown.due_at, shown.aim.seconds)


@settings(max_examples=60, deadline=None)
@given(seconds=st.integers(60, 400_000), calendar=st.sampled_from([LATE, LUNCH, CLOSED, None]))
def test_the_running_total_reaches_the_target_in_the_instant_of_the_breach(
    seconds: int, calendar: CalendarVersion | None
) -> None:
    clock = ledger(Aim(None, calendar, seconds))
    due_at = clock.now.due_at
    assert due_at is not None
    shown = proved(clock, due_at + timedelta(hours=40))
    (out,) = [one for one in shown.segments[0].intervals if one.end == shown.breached_at]
    assert (out.end, out.total) == (due_at, seconds)


def test_an_interval_is_one_persons_and_says_whose() -> None:
    clock = ledger(Aim(None, LATE, 7200))
    taken = datetime(2026, 3, 2, 8, 20, 11, tzinfo=UTC)
    sam, nobody = Holder(Hands.SECOND_LINE, 1, 5), Holder(Hands.SECOND_LINE, 1)
    held = [Stretch(MONDAY, taken, nobody), Stretch(taken, MONDAY + timedelta(days=9), sam)]
    clock.do(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), Does.STOP, "resolved")
    shown = proved(clock, MONDAY + timedelta(days=1), held)
    assert [(one.seconds, one.holder) for one in shown.segments[0].intervals] == [(1211, nobody), (2389, sam)]
    assert shown.used_by == {nobody: 1211, sam: 2389}


def test_holidays_that_took_time_away_are_named_and_no_others() -> None:
    clock = ledger(Aim(None, CLOSED, 360_000))
    shown = proved(clock, MONDAY + timedelta(days=8))
    assert shown.segments[0].days_off == [date(2026, 3, 3)]  # the 8th is a Sunday, closed anyway


def test_a_due_date_beyond_the_known_holidays_is_warned_of() -> None:
    known = version("Known", "Asia/Manila", ("09:00", "17:00"), holiday_country="PH", holidays_until=2026)
    near, far = (proved(ledger(Aim(None, known, hours * 3600)), MONDAY) for hours in (20, 2400))
    assert proof_words.beyond_holidays(near) is None
    assert proof_words.beyond_holidays(far) is known
    assert proof_words.holiday(known, date(2026, 12, 30)) == "Rizal Day"


def test_the_conclusion_says_when_it_was_used_up(db: None) -> None:
    clock = ledger(Aim(None, LATE, 4 * 3600))
    clock.do(datetime(2026, 3, 3, 9, 2, 11, tzinfo=UTC), Does.STOP, "resolved")
    missed, ended = proof_words.conclusion(proved(clock, MONDAY + timedelta(days=2)))
    assert missed == (
        "4 h 00 min 00 s of open time were used up on Mon 2 Mar 2026, 12:00:00 (UTC): from then on it was missed."
    )
    assert ended == "It stopped on Tue 3 Mar 2026, 09:02:11 (UTC) with 10 h 02 min 11 s of open time used."
    assert calendars.hours(LATE).between(MONDAY, clock.entries[-1].at) == 10 * 3600 + 131
