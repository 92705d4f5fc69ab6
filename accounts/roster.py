"""Who is on duty, until when, and who is next: pure questions, each with its moment as an argument.

Somebody is on duty from the instant at which a shift begins up to, and not at, the instant at which it ends.
Shifts that touch are one stretch. What a wall time means where clocks are changed, and that a shift belongs
to the day on which it starts, is as in common.business_hours: a day off takes away the shifts that start on
it, also their part after midnight, and leaves what began the day before. An extra shift counts on a day off
too. A version of a roster holds from the instant it was published until the next one's.

Only active people who are in the (active) team now are on duty, whatever a roster says.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import F
from django.utils import timezone

from accounts.models import OFF_KINDS, ExceptionKind, Roster, RosterException, Shift, Team, User
from common import business_hours
from common.business_hours import DAY, Interval

T = TypeVar("T", int, datetime)
Span = tuple[datetime, datetime]

WEEK = 7 * DAY  # minutes

#: Weekly shifts without a gap in so long a time have none; only extra shifts could close one.
REACH = timedelta(days=8)
#: How far ahead the next shift is looked for, in steps: most find it in the first.
AHEAD = (REACH, timedelta(days=60), timedelta(days=400))


class Stretch(NamedTuple):
    """Duty without interruption. `ends` is None where no end is within reach: round the clock."""

    starts: datetime
    ends: datetime | None


class Plan(NamedTuple):
    """A person's weekly shifts in one version of a roster, and for how long that holds (None: until further)."""

    zone: str
    weekly: tuple[Interval, ...]
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Duty:
    """All that says when one person is on duty for one team."""

    person: User
    team: Team
    zone: str
    plans: tuple[Plan, ...]
    off: tuple[RosterException, ...]
    extras: tuple[RosterException, ...]

    def spans(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """Return the duty between two moments, cut to them, in order; what touches is one."""
        found = [
            span
            for plan in self.plans
            for span in _hours(plan.zone, plan.weekly, self._days_off).spans(
                max(since, plan.since), min(until, plan.until or until)
            )
        ]
        found += [
            (max(since, extra.starts_at), min(until, extra.ends_at))
            for extra in self.extras
            if extra.starts_at and extra.ends_at and extra.starts_at < until and extra.ends_at > since
        ]
        return list(_joined(found))

    def on(self, at: datetime) -> Stretch | None:
        """Return the stretch in which `at` lies, or None."""
        until = at + REACH
        for starts, ends in self.spans(at - REACH, until):
            if starts <= at < ends:
                return Stretch(starts, None if ends == until else ends)
        return None

    def next(self, at: datetime) -> Stretch | None:
        """Return the first stretch that begins after `at`, looking ahead for more than a year."""
        for ahead in AHEAD:
            for starts, ends in self.spans(at, at + ahead + REACH):
                if at < starts <= at + ahead:
                    return Stretch(starts, ends if ends < starts + REACH else None)
        return None

    def next_change(self, at: datetime) -> datetime | None:
        """Return when the person next comes on or goes off after `at`.

        Where that is out of reach, the moment to look again; None if nothing is to come.
        """
        present = self.on(at)
        if present is not None and present.ends is not None:
            return present.ends
        if present is None and (coming := self.next(at)) is not None:
            return coming.starts
        weekly = any(plan.until is None or plan.until > at for plan in self.plans)
        return (at + REACH if present else at + AHEAD[-1]) if weekly else None

    def changes(self, since: datetime, until: datetime) -> list[tuple[datetime, bool]]:
        """Return the instants from `since` up to and with `until` at which duty begins (True) or ends (False)."""
        margin = timedelta(seconds=1)
        found: list[tuple[datetime, bool]] = []
        for starts, ends in self.spans(since - margin, until + margin):
            found += [(starts, True), (ends, False)]
        return [change for change in found if since <= change[0] <= until]

    def away(self, at: datetime) -> RosterException | None:
        """Return the leave or sickness of the day on which `at` lies in the roster's zone, if any."""
        return self.off_on(local_day(at, self.zone))

    def off_on(self, day: date) -> RosterException | None:
        """Return the leave or sickness of that day, if any."""
        return next((entry for entry in self.off if day in _days(entry)), None)

    def follows_week(self, at: datetime) -> bool:
        """Tell whether the version in force at `at` has the person on weekly shifts."""
        return any(plan.since <= at and (plan.until is None or plan.until > at) for plan in self.plans)

    def besides_week(self) -> "Duty":
        """Return the duty without the weekly shifts: the extra ones."""
        return replace(self, plans=())

    @property
    def _days_off(self) -> frozenset[date]:
        return frozenset(day for entry in self.off for day in _days(entry))


@dataclass(frozen=True)
class Standing:
    """How one person stands at a moment: on duty (`on`), or off, and when they come next."""

    duty: Duty
    on: Stretch | None
    next: Stretch | None
    away: RosterException | None

    @property
    def person(self) -> User:
        return self.duty.person


def duties(
    *, teams: Iterable[Team] | None = None, people: Iterable[User] | None = None, since: datetime
) -> list[Duty]:
    """Return who is on the roster of which team, with all that counts from eight days before `since` on.

    Of all teams or people, where these are not given. Four queries, however many there are.
    """
    since -= REACH
    rosters = _in_force(teams, since)
    named = {roster.team_id: roster.team for roster, _until in rosters}
    zones = {roster.team_id: roster.zone for roster, _until in rosters}  # the newest version's
    weekly = _weekly([roster for roster, _until in rosters], people)
    extras = _extras(named, people, since)
    persons = {person.pk: person for person, _intervals in weekly.values()}
    persons |= {pair[0]: entries[0].person for pair, entries in extras.items()}
    off = _off(persons, since)
    plans: dict[tuple[int, int], list[Plan]] = {}
    for roster, until in rosters:
        for person in persons:
            if (roster.pk, person) in weekly and roster.published_at:
                plan = Plan(roster.zone, tuple(weekly[roster.pk, person][1]), roster.published_at, until)
                plans.setdefault((person, roster.team_id), []).append(plan)
    pairs = sorted({*plans, *extras}, key=lambda pair: (str(persons[pair[0]]), pair))
    return [
        Duty(
            person=persons[person],
            team=named[team],
            zone=zones[team],
            plans=tuple(plans.get((person, team), ())),
            off=tuple(off.get(person, ())),
            extras=tuple(extras.get((person, team), ())),
        )
        for person, team in pairs
    ]


def standings(teams: Iterable[Team], at: datetime) -> list[Standing]:
    """Return how everybody on the teams' rosters stands at `at`: on duty first, then by who comes next."""
    found = [Standing(duty, duty.on(at), duty.next(at), duty.away(at)) for duty in duties(teams=teams, since=at)]
    found = [one for one in found if one.on or one.next or one.away or one.duty.follows_week(at)]
    return sorted(found, key=lambda one: (one.on is None, one.next.starts if one.next else at + 2 * AHEAD[-1]))


def on_now(team: Team, at: datetime) -> list[tuple[User, Stretch]]:
    """Return who is on duty for the team at `at`, and since and until when."""
    return [(one.person, one.on) for one in standings([team], at) if one.on]


def next_on(team: Team, at: datetime) -> list[tuple[User, Stretch]]:
    """Return who comes on next after `at`: all whose stretch begins at the earliest such instant."""
    coming = [(one.person, one.next) for one in standings([team], at) if one.next]
    first = min((stretch.starts for _person, stretch in coming), default=at)
    return [(person, stretch) for person, stretch in coming if stretch.starts == first]


def shift_of(person: User, at: datetime) -> Stretch | None:
    """Return the stretch in which the person is on duty at `at`, for whichever team, or None."""
    return next((found for duty in duties(people=[person], since=at) if (found := duty.on(at))), None)


def next_shift(person: User, at: datetime) -> Stretch | None:
    """Return the first stretch of the person that begins after `at`, for whichever team, or None."""
    coming = [found for duty in duties(people=[person], since=at) if (found := duty.next(at))]
    return min(coming, key=lambda stretch: stretch.starts, default=None)


def next_handover(team: Team, at: datetime) -> datetime | None:
    """Return the first instant after `at` at which somebody of the team goes off duty, or None."""
    ends = []
    for duty in duties(teams=[team], since=at):
        stretch = duty.on(at) or duty.next(at)
        if stretch is not None and stretch.ends is not None:
            ends.append(stretch.ends)
    return min(ends, default=None)


class Relief(NamedTuple):
    """Who has the work after a hand-over, and until when."""

    people: list[User]
    until: datetime


def relief(team: Team, at: datetime) -> Relief | None:
    """Return who has the team's work from `at` on: those then on duty, else the next to come on.

    Until the last of them goes off; round the clock counts until the next hand-over, or for a day. None when
    nobody comes.
    """
    holding = on_now(team, at) or next_on(team, at)
    if not holding:
        return None
    ends = [stretch.ends for _person, stretch in holding if stretch.ends is not None]
    until = max(ends) if ends else next_handover(team, at) or at + timedelta(days=1)
    return Relief([person for person, _stretch in holding], until)


def coverage(roster: Roster) -> list[Interval]:
    """Return the hours of the week in which somebody is on, in the roster's zone; drafts too.

    As intervals of business_hours: none overlap or touch, but for one longer than a day's reach, which is cut
    at midnights.
    """
    starts = ((shift.day * DAY, shift) for shift in roster.shifts.all())
    return weekly_union([(midnight + shift.opens, midnight + shift.closes) for midnight, shift in starts])


def weekly_union(spans: Sequence[tuple[int, int]]) -> list[Interval]:
    """Return the union of spans in minutes of the week, which may reach into the next, as weekly intervals."""
    within = sorted(
        piece
        for opens, closes in spans
        for piece in ((opens, min(closes, WEEK)), (0, closes - WEEK))
        if piece[0] < piece[1]
    )
    joined = list(_joined(within))
    if len(joined) > 1 and joined[0][0] == 0 and joined[-1][1] == WEEK:  # over Sunday's midnight it is one
        joined = [*joined[1:-1], (joined[-1][0], WEEK + joined[0][1])]
    return sorted(interval for opens, closes in joined for interval in _intervals(opens, closes))


def _intervals(opens: int, closes: int) -> Iterator[Interval]:
    """Cut a span in minutes of the week into intervals that end at the latest on the day after they begin."""
    while closes > (opens // DAY + 2) * DAY:
        midnight = (opens // DAY + 1) * DAY
        yield _interval(opens, midnight)
        opens = midnight
    yield _interval(opens, closes)


def _interval(opens: int, closes: int) -> Interval:
    day = opens // DAY
    return Interval(day % 7, opens - day * DAY, closes - day * DAY)


def _joined(spans: Iterable[tuple[T, T]]) -> Iterator[tuple[T, T]]:
    """Yield the spans in order, with those that overlap or touch made one."""
    present: tuple[T, T] | None = None
    for starts, ends in sorted(spans):
        if present is not None and starts <= present[1]:
            present = (present[0], max(present[1], ends))
            continue
        if present is not None:
            yield present
        present = (starts, ends)
    if present is not None:
        yield present


def first_overlap(ones: Iterable[Span], others: Iterable[Span]) -> datetime | None:
    """Return the first instant that lies in a span of each, or None."""
    marked = sorted([(span, True) for span in ones] + [(span, False) for span in others])
    last = {True: datetime.min.replace(tzinfo=UTC), False: datetime.min.replace(tzinfo=UTC)}
    for (starts, ends), side in marked:
        if starts < last[not side]:
            return starts
        last[side] = max(last[side], ends)
    return None


@lru_cache(maxsize=2048)
def _hours(zone: str, weekly: tuple[Interval, ...], off: frozenset[date]) -> business_hours.Calendar:
    return business_hours.Calendar(zone, weekly, off)


def _in_force(teams: Iterable[Team] | None, since: datetime) -> list[tuple[Roster, datetime | None]]:
    """Return the published versions that hold at some time after `since`, each with its end."""
    published = Roster.objects.filter(published_at__isnull=False, team__is_active=True)
    if teams is not None:
        published = published.filter(team__in=teams)
    versions = list(published.select_related("team").order_by("team_id", "published_at", "number"))
    ends = [
        one.published_at if one is not None and one.team_id == roster.team_id else None
        for roster, one in pairwise([*versions, None])
        if roster is not None
    ]
    return [(roster, end) for roster, end in zip(versions, ends, strict=True) if end is None or end > since]


def _weekly(
    rosters: Iterable[Roster], people: Iterable[User] | None
) -> dict[tuple[int, int], tuple[User, list[Interval]]]:
    """Return the shifts of who may be on duty, by version and person."""
    shifts = Shift.objects.filter(
        roster__in=list(rosters), person__is_active=True, person__memberships__team=F("roster__team")
    )
    if people is not None:
        shifts = shifts.filter(person__in=people)
    found: dict[tuple[int, int], tuple[User, list[Interval]]] = {}
    for shift in shifts.select_related("person"):
        found.setdefault((shift.roster_id, shift.person_id), (shift.person, []))[1].append(shift.interval)
    return found


def _extras(
    teams: Iterable[int], people: Iterable[User] | None, since: datetime
) -> dict[tuple[int, int], list[RosterException]]:
    extras = RosterException.objects.filter(
        kind=ExceptionKind.EXTRA, undone_at=None, ends_at__gt=since, team__in=teams,
        person__is_active=True, person__memberships__team=F("team"),
    )  # fmt: skip
    if people is not None:
        extras = extras.filter(person__in=people)
    found: dict[tuple[int, int], list[RosterException]] = {}
    for entry in extras.select_related("person"):
        found.setdefault((entry.person_id, entry.team_id), []).append(entry)
    return found


def _off(people: Iterable[int], since: datetime) -> dict[int, list[RosterException]]:
    # A day earlier than in UTC: it may still be that day somewhere.
    entries = RosterException.objects.filter(
        kind__in=OFF_KINDS, undone_at=None, person__in=people, last_day__gte=since.date() - timedelta(days=1)
    )
    found: dict[int, list[RosterException]] = {}
    for entry in entries:
        found.setdefault(entry.person_id, []).append(entry)
    return found


def _days(entry: RosterException) -> Iterator[date]:
    if entry.first_day and entry.last_day:
        for ordinal in range(entry.first_day.toordinal(), entry.last_day.toordinal() + 1):
            yield date.fromordinal(ordinal)


def local_day(at: datetime, zone: str) -> date:
    """Return the day that `at` belongs to on the wall of `zone`."""
    return timezone.localtime(at, ZoneInfo(zone)).date()
