"""Service levels the slow and obvious way, to hold the real ones against.

Nothing here asks the code that it checks. Time is walked through tick by tick (a minute, or a second where
seconds matter), and at every tick each clock looks whether it runs and whether its calendar is open, which
it learns from what a clock on the wall of that zone shows. What happened to a ticket is kept as plain facts;
which clocks go is read off them after the rules of docs/sla.md, metric by metric.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60
ENDED = {"resolved", "closed"}
GONE = {"cancelled", "merged"}
ELSEWHERE = {"waiting_customer", "waiting_l1", "waiting_partner", "returned"}


@dataclass(frozen=True)
class SlowHours:
    """Open hours: shifts as (weekday, opens, closes) in minutes after midnight, and closed days.

    `changes` are (instant, offset in seconds) that a zone has instead of what tz data say.
    """

    zone: str
    weekly: tuple[tuple[int, int, int], ...]
    holidays: frozenset[date] = frozenset()
    by_day: bool = False
    changes: tuple[tuple[int, int], ...] = ()
    _days: dict[date, list[bool]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def is_open(self, at: datetime) -> bool:
        day = at.date()
        if day not in self._days:
            self._days[day] = self._minutes_of(day)
        return self._days[day][at.hour * 60 + at.minute]

    def _minutes_of(self, day: date) -> list[bool]:
        """Ask for each minute of a day in UTC whether it is open.

        A shift opens and closes when the wall first shows that time or a later one. So what counts is the
        furthest that the wall has shown: an hour shown twice is lived through, but opens nothing twice.
        """
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        furthest = max(self._wall(midnight - minutes * MINUTE) for minutes in range(180))
        minutes = []
        for minute in range(DAY_MINUTES):
            furthest = max(furthest, self._wall(midnight + minute * MINUTE))
            minutes.append(self._shows_open(furthest))
        return minutes

    def _wall(self, at: datetime) -> datetime:
        """Return what the clock on the wall shows."""
        if not self.changes:
            return at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        offset = [offset for since, offset in self.changes if since <= at.timestamp()][-1]
        return at.replace(tzinfo=None) + timedelta(seconds=offset)

    def _shows_open(self, wall: datetime) -> bool:
        for back in (0, 1):
            day = wall.date() - timedelta(days=back)
            minute = wall.hour * 60 + wall.minute + back * DAY_MINUTES
            closed = (wall.date() if self.by_day else day) in self.holidays
            if not closed and any(
                weekday == day.weekday() and opens <= minute < closes for weekday, opens, closes in self.weekly
            ):
                return True
        return False


@dataclass(frozen=True)
class SlowCalendar:
    """A version of a calendar."""

    name: str
    number: int
    hours: SlowHours


@dataclass(frozen=True)
class SlowVersion:
    """A policy version; `minutes` are {(metric, priority): minutes}."""

    policy: str
    number: int
    calendar: str
    minutes: dict[tuple[str, int], int]
    open_time: bool = True
    pauses_in: frozenset[str] = frozenset()
    priorities: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    own_calendars: bool = False

    def suits(self, ticket: "SlowTicket") -> bool:
        return (
            (not self.priorities or ticket.priority in self.priorities)
            and (not self.categories or ticket.category in self.categories)
            and (not self.teams or ticket.team in self.teams)
        )


@dataclass(frozen=True)
class SlowAim:
    version: SlowVersion | None
    calendar: SlowCalendar | None
    seconds: int | None
    date: datetime | None = None


@dataclass
class SlowClock:
    """One clock. `doing` is running, paused, stopped or cancelled; `out_at` is when its time was used up."""

    metric: str
    since: datetime
    whose: int | None
    aim: SlowAim
    tick: timedelta
    doing: str = ""
    used: timedelta = timedelta()
    paused: timedelta = timedelta()
    idle: timedelta = timedelta()
    stretch_from: datetime | None = None
    out_at: datetime | None = None
    breached: datetime | None = None
    planned: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.doing in {"running", "paused"}

    @property
    def is_by_hand(self) -> bool:
        return self.aim.date is not None and self.metric not in {"update", "regulatory"}

    def go_on(self, at: datetime, *, doing: str, aim: SlowAim) -> None:
        """From `at` on do this, by that aim."""
        if self.doing == doing and self.aim == aim:
            return
        if self.doing in {"stopped", "cancelled"}:
            self.paused += self.idle  # having been resolved or merged in between is a pause
            self.idle = timedelta()
        self.doing, self.aim, self.stretch_from, self.planned = doing, aim, at, None
        self.out_at = None
        if self.is_open and aim.date is not None:
            self.out_at = max(aim.date, at)
        elif doing == "running" and self._left() <= timedelta():
            self.out_at = at

    def pass_tick(self, at: datetime) -> None:
        """Live through the tick that begins at `at`."""
        if not self.is_open:
            self.idle += self.tick
            return
        if self.breached is None and self.out_at is not None and self.out_at < at + self.tick:
            self.breached = self.out_at
        if self.doing == "paused":
            self.paused += self.tick
        elif self._counts(at):
            self.used += self.tick
            if self.aim.date is None and self.out_at is None and not self._left():
                self.out_at = at + self.tick

    def due(self, now: datetime) -> datetime | None:
        """Return when it can be missed, or was, by walking on."""
        if not self.is_open or (self.doing == "paused" and self.aim.date is None):
            return None
        if self.breached is not None:
            return self.breached
        if self.out_at is not None:
            return self.out_at
        if self.planned is None:
            left, at = self._left(), now
            while left:
                if self._counts(at):
                    left -= self.tick
                at += self.tick
            self.planned = at
        return self.planned

    def _counts(self, at: datetime) -> bool:
        return self.aim.calendar is None or self.aim.calendar.hours.is_open(at)

    def _left(self) -> timedelta:
        return timedelta(seconds=self.aim.seconds or 0) - self.used


@dataclass
class SlowTicket:
    """What happened to one ticket, as plain facts."""

    created: datetime
    category: int
    team: int
    priority: int
    state: str = "new"
    before: str = ""
    was_accepted: bool = False
    was_answered: bool = False
    was_resolved: bool = False
    team_since: datetime = field(init=False)
    unanswered_since: datetime | None = None
    promise: tuple[datetime, datetime] | None = None
    asked: dict[int, datetime] = field(default_factory=dict)
    clocks: list[SlowClock] = field(default_factory=list)
    #: What has begun, whether a policy had a target for it or not.
    begun: set[tuple[str, datetime, int | None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.team_since = self.created

    def goes(self) -> Iterator[tuple[str, datetime, int | None]]:
        """Yield the clocks that go, be it running or standing still: metric, since when, whose."""
        if self.state in ENDED | GONE:
            return
        if not self.was_accepted:
            yield "accept", self.created, None
        if not self.was_answered:
            yield "first_response", self.created, None
        if not self.was_resolved:
            yield "first_resolution", self.created, None
        yield "resolution", self.created, None
        yield "regulatory", self.created, None
        yield "ownership", self.team_since, self.team
        if self.unanswered_since is not None:
            yield "next_response", self.unanswered_since, None
        if self.promise is not None:
            yield "update", self.promise[0], None
        for partner, since in self.asked.items():
            yield "hand_over", since, partner

    def stands_still(self, metric: str, aim: SlowAim) -> bool:
        if metric in {"update", "regulatory", "hand_over"}:
            return False
        if metric == "ownership":
            return self.state in ELSEWHERE
        return aim.version is not None and self.state in aim.version.pauses_in

    # What people do.

    def move_to(self, team: int, at: datetime) -> None:
        if team != self.team:
            self.team, self.team_since = team, at

    def tell_customer(self) -> None:
        self.was_answered = True
        self.unanswered_since = self.promise = None

    def hear_customer(self, at: datetime) -> None:
        if self.was_answered and self.unanswered_since is None:
            self.unanswered_since = at

    def resolve(self) -> None:
        self.tell_customer()
        self.state = "resolved"
        self.was_accepted = self.was_resolved = True
        self.asked.clear()


@dataclass
class SlowDesk:
    """The rules in force, the tickets, and how far time has been walked through."""

    now: datetime
    tick: timedelta = MINUTE
    #: Policies in order, each with its kind and its newest version.
    service: dict[str, SlowVersion] = field(default_factory=dict)
    regulatory: dict[str, SlowVersion] = field(default_factory=dict)
    calendars: dict[str, SlowCalendar] = field(default_factory=dict)
    of_team: dict[int, str] = field(default_factory=dict)
    tickets: list[SlowTicket] = field(default_factory=list)

    def walk_to(self, at: datetime) -> None:
        while self.now < at:
            for ticket in self.tickets:
                for clock in ticket.clocks:
                    clock.pass_tick(self.now)
            self.now += self.tick

    def settle(self, ticket: SlowTicket, *, look_again: bool = False) -> None:
        """Bring the clocks to the facts. `look_again` after what policies look at has changed."""
        if ticket.state in GONE:
            for unfinished in ticket.clocks:
                if unfinished.is_open:
                    unfinished.go_on(self.now, doing="cancelled", aim=unfinished.aim)
            return
        going = []
        for metric, since, whose in ticket.goes():
            clock = self._clock(ticket, metric, since, whose)
            is_new = (metric, since, whose) not in ticket.begun or metric == "update"
            ticket.begun.add((metric, since, whose))
            if clock is None:
                if not (is_new or look_again):
                    continue  # a clock begins with what it measures, or when the rules are looked up again
                aim = self._aim(ticket, metric, since, whose, None)
                if aim is None:
                    continue
                clock = SlowClock(metric, since, whose, aim, self.tick)
                ticket.clocks.append(clock)
            elif look_again and clock.is_open and metric != "update" and not clock.is_by_hand:
                aim = self._aim(ticket, metric, since, whose, clock.aim) or clock.aim
            else:
                aim = clock.aim
            going.append(clock)
            doing = "paused" if ticket.stands_still(metric, aim) else "running"
            clock.go_on(self.now, doing=doing, aim=aim)
        for other in ticket.clocks:
            if other.is_open and not any(other is one for one in going):
                other.go_on(self.now, doing="stopped", aim=other.aim)

    def set_by_hand(self, clock: SlowClock, date: datetime) -> None:
        clock.go_on(self.now, doing=clock.doing, aim=replace(clock.aim, date=date))

    def clear(self, ticket: SlowTicket, clock: SlowClock) -> None:
        """Let the policy say again what a clock runs towards."""
        former = replace(clock.aim, date=None)
        aim = self._aim(ticket, clock.metric, clock.since, clock.whose, former) or former
        clock.go_on(self.now, doing=clock.doing, aim=aim)

    @staticmethod
    def _clock(ticket: SlowTicket, metric: str, since: datetime, whose: int | None) -> SlowClock | None:
        for clock in ticket.clocks:
            if (clock.metric, clock.since, clock.whose) == (metric, since, whose):
                # Another date promised within the same second is another promise.
                if metric == "update" and ticket.promise is not None and clock.aim.date != ticket.promise[1]:
                    continue
                return clock
        return None

    def _aim(
        self, ticket: SlowTicket, metric: str, since: datetime, whose: int | None, former: SlowAim | None
    ) -> SlowAim | None:
        """Return what the clock should run towards now, or None where nothing is set."""
        if metric == "update":
            return SlowAim(None, None, None, ticket.promise[1] if ticket.promise else None)
        policies = self.regulatory if metric == "regulatory" else self.service
        version = next((version for version in policies.values() if version.suits(ticket)), None)
        if version is None:
            return None
        if former is not None and former.version is not None and former.version.policy == version.policy:
            version = former.version  # a running clock keeps its version
        minutes = version.minutes.get((metric, ticket.priority))
        if minutes is None:
            return None
        calendar = self.calendars[self._calendar(ticket, version, whose)] if version.open_time else None
        kept = former.calendar if former is not None else None
        if kept is not None and calendar is not None and kept.name == calendar.name:
            calendar = kept  # and its version of the same calendar
        aim = SlowAim(version, calendar, minutes * 60)
        if metric != "regulatory":
            return aim
        counted = SlowClock(metric, since, None, aim, self.tick, doing="running")
        return SlowAim(version, calendar, minutes * 60, counted.due(since))

    def _calendar(self, ticket: SlowTicket, version: SlowVersion, whose: int | None) -> str:
        if whose in self.of_team:
            return self.of_team[whose]
        if version.own_calendars and ticket.team in self.of_team:
            return self.of_team[ticket.team]
        return version.calendar
