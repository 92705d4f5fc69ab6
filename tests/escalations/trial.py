"""The real desk and the slow one side by side: the same happens to both, and they have to agree."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from accounts import people
from accounts.models import Team
from common import clock
from escalations import by_hand, calendars, policies, ticket_clocks
from escalations.clocks import Ledger, read
from escalations.models import (
    Calendar,
    CalendarChoice,
    CalendarVersion,
    Clock,
    ClockEntry,
    Policy,
    PolicyVersion,
    Ticket,
)
from events.models import Event
from tests.escalations.deeds import Hands, imagine
from tests.escalations.slow_sla import (
    MINUTE,
    SlowCalendar,
    SlowClock,
    SlowDesk,
    SlowHours,
    SlowTicket,
    SlowVersion,
)

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Terms:
    """What a policy version says. Minutes per metric are those at P1, twice that at P2 and so on."""

    minutes: dict[str, int]
    calendar: str
    open_time: bool = True
    pauses_in: frozenset[str] = frozenset()
    priorities: frozenset[int] = frozenset()
    #: Number of the category among the choices.
    category: int | None = None
    own_calendars: bool = False
    nothing_at_p4: bool = False

    def targets(self) -> dict[tuple[str, int], int]:
        priorities = range(1, 4 if self.nothing_at_p4 else 5)
        return {(metric, one): count * one for metric, count in self.minutes.items() for one in priorities}


@dataclass
class Trial:
    """One desk in both ways."""

    hands: Hands
    now: datetime
    tick: timedelta = MINUTE
    tickets: list[Ticket] = field(default_factory=list)
    agreed: bool = True

    def __post_init__(self) -> None:
        self.slow = SlowDesk(self._second(self.now), self.tick)

    # What happens.

    def pass_time(self, gap: timedelta) -> None:
        """Let time pass, if only a microsecond: two things never happen at once to the same row."""
        self.now += gap or MICROSECOND
        self.slow.walk_to(self._second(self.now))

    def publish_hours(self, name: str, hours: SlowHours) -> None:
        number = self.slow.calendars[name].number + 1 if name in self.slow.calendars else 1
        draft = CalendarVersion(
            calendar=Calendar.objects.get_or_create(name=name)[0],
            number=number,
            zone=hours.zone,
            weekly=[
                {"day": day, "opens": _wall(opens), "closes": _wall(closes)} for day, opens, closes in hours.weekly
            ],
            own_holidays=sorted(day.isoformat() for day in hours.holidays),
            holiday_rule="calendar_day" if hours.by_day else "shift_start",
        )
        known = calendars.zone_offsets
        offsets = mock.patch.object(calendars, "zone_offsets", lambda zone: hours.changes or known(zone))
        with offsets, clock.replaying(self.now):
            calendars.publish(draft, by=people.system())
        self.slow.calendars[name] = SlowCalendar(name, number, hours)

    def publish_policy(self, name: str, kind: str, terms: Terms) -> None:
        policy = Policy.objects.get(name=name)
        among = self.slow.regulatory if kind == "regulatory" else self.slow.service
        number = among[name].number + 1 if name in among else 1
        categories = [] if terms.category is None else [self.hands.choices.categories[terms.category].pk]
        draft = PolicyVersion(
            policy=policy,
            number=number,
            calendar=Calendar.objects.get(name=terms.calendar),
            own_calendars=terms.own_calendars,
            priorities=sorted(terms.priorities),
            categories=categories,
            pauses_in=sorted(terms.pauses_in),
            targets=[
                {"metric": metric, "priority": one, "minutes": minutes, "business_time": terms.open_time}
                for (metric, one), minutes in terms.targets().items()
            ],
        )
        with clock.replaying(self.now):
            policies.publish(draft, by=people.system())
        among[name] = SlowVersion(
            name, number, terms.calendar, terms.targets(), terms.open_time, terms.pauses_in, terms.priorities,
            frozenset(categories), own_calendars=terms.own_calendars,
        )  # fmt: skip

    def give_calendar(self, team: Team, calendar: str) -> None:
        CalendarChoice.objects.create(team=team, calendar=Calendar.objects.get(name=calendar))
        self.slow.of_team[team.pk] = calendar

    def escalate(self, number: int) -> None:
        with clock.replaying(self.now):
            ticket = self.hands.escalate(number)
        slow = SlowTicket(self._second(self.now), ticket.category_id, ticket.team_id, ticket.priority)
        self.tickets.append(ticket)
        self.slow.tickets.append(slow)
        self.slow.settle(slow)

    def do(self, which: int, deed: str, number: int) -> None:
        with clock.replaying(self.now):
            self.hands.do(self.tickets[which], deed, number)
        self._imagine(which, deed, number)

    def merge(self, which: int, target: int) -> None:
        with clock.replaying(self.now):
            self.hands.merge(self.tickets[which], self.tickets[target])
        self._imagine(which, "merge", 0)

    def unmerge(self, which: int) -> None:
        with clock.replaying(self.now):
            ticket = self.tickets[which]
            ticket.refresh_from_db()
            self.hands.unmerge(ticket)
        self._imagine(which, "unmerge", 0)

    def _imagine(self, which: int, deed: str, number: int) -> None:
        slow = self.slow.tickets[which]
        look_again = imagine(slow, deed, number, at=self.slow.now, choices=self.hands.choices)
        if look_again is not None:
            self.slow.settle(slow, look_again=look_again)

    def set_by_hand(self, which: int, clock_number: int, minutes: int) -> None:
        """Set, or clear if it is set, the deadline of one of the clocks that allow it."""
        slow = self.slow.tickets[which]
        allowed = [
            one for one in slow.clocks
            if one.is_open and one.breached is None and one.metric not in {"update", "regulatory"}
        ]  # fmt: skip
        if not allowed:
            return
        chosen = allowed[clock_number % len(allowed)]
        same = [one for one in slow.clocks if one.metric == chosen.metric]
        cycle = next(number for number, one in enumerate(same, 1) if one is chosen)
        row = Clock.objects.get(ticket=self.tickets[which], metric=chosen.metric, cycle=cycle)
        date = self.slow.now + timedelta(minutes=minutes)
        with clock.replaying(self.now):
            if chosen.is_by_hand:
                by_hand.clear_deadline(row, by=self.hands.lead)
                self.slow.clear(slow, chosen)
            else:
                by_hand.set_deadline(row, date, by=self.hands.lead, reason="Because.")
                self.slow.set_by_hand(chosen, date)

    def mark_breaches(self) -> None:
        with clock.replaying(self.now):
            ticket_clocks.mark_breaches()
        self.agree(marked=True)

    # How both have to look.

    def next_due(self) -> datetime | None:
        """Return the next instant at which something falls due."""
        dues = (each.due(self.slow.now) for slow in self.slow.tickets for each in slow.clocks)
        return min((due for due in dues if due is not None and due > self.slow.now), default=None)

    def agree(self, *, marked: bool = False) -> None:
        """Compare everything; `marked` when the job has just been round."""
        self.agreed = False
        pks = [ticket.pk for ticket in self.tickets]
        rows: dict[int, list[Clock]] = {pk: [] for pk in pks}
        clocks = Clock.objects.filter(ticket__in=pks).select_related("policy__policy", "calendar__calendar")
        for row in clocks.order_by("pk"):
            rows[row.ticket_id].append(row)
        ledgers = {
            each.clock_id: each for each in ticket_clocks.ledgers_of([one for of in rows.values() for one in of])
        }
        breaches: dict[int, list[tuple[str, int, datetime]]] = {pk: [] for pk in pks}
        for event in Event.objects.filter(kind=ticket_clocks.BREACHED, subject_type="ticket", subject_id__in=pks):
            breaches[event.subject_id].append((event.data["metric"], event.data["cycle"], event.at))
        stored = Ticket.objects.in_bulk(pks)
        for pk, slow in zip(pks, self.slow.tickets, strict=True):
            self._agree_on_ticket(stored[pk], slow, rows[pk], ledgers)
            noticed = [(row.metric, row.cycle, row.breached_at) for row in rows[pk] if row.breached_at]
            assert sorted(breaches[pk]) == sorted(noticed), "a breach is told once, at its own instant"
            if marked:
                late = [each for each in slow.clocks if each.breached]
                assert len(late) == len(noticed), "the job leaves nothing out"
        self._agree_on_entries(pks)
        self.agreed = True

    def _agree_on_ticket(
        self, ticket: Ticket, slow: SlowTicket, rows: list[Clock], ledgers: dict[int | None, Ledger]
    ) -> None:
        assert (ticket.state, ticket.priority, ticket.team_id) == (slow.state, slow.priority, slow.team)
        cycles: dict[str, int] = {}
        expected = []
        for each in slow.clocks:
            cycles[each.metric] = cycles.get(each.metric, 0) + 1
            expected.append((each.metric, cycles[each.metric], each.since, each.whose))
        found = [(row.metric, row.cycle, row.started_at, row.team_id) for row in rows]
        assert sorted(found, key=str) == sorted(expected, key=str)
        for key, each in zip(expected, slow.clocks, strict=True):
            row = rows[found.index(key)]
            self._agree_on_clock(row, ledgers[row.pk], each)
        dues = [
            (due, each.metric)
            for each in slow.clocks
            if each.metric not in {"ownership", "hand_over"} and (due := each.due(self.slow.now)) is not None
        ]
        assert (ticket.next_due_at, ticket.next_due_metric) == min(dues, default=(None, ""))

    def _agree_on_clock(self, row: Clock, ledger: Ledger, slow: SlowClock) -> None:
        now = self.slow.now
        aim = slow.aim
        paused = ledger.now.paused
        if ledger.now.state == "paused":
            paused += int((now - ledger.entries[-1].at).total_seconds())
        real: dict[str, Any] = {
            "state": str(row.state),
            "policy": row.policy and (row.policy.policy.name, row.policy.number),
            "calendar": row.calendar and (row.calendar.calendar.name, row.calendar.number),
            "aim": (row.target_seconds, row.fixed_due_at),
            "used": ledger.used(now),
            "paused": paused,
            "due": row.due_at,
            "breached": ledger.breached(now),
        }
        obvious: dict[str, Any] = {
            "state": slow.doing,
            "policy": aim.version and (aim.version.policy, aim.version.number),
            "calendar": aim.calendar and (aim.calendar.name, aim.calendar.number),
            "aim": (aim.seconds, aim.date),
            "used": int(slow.used.total_seconds()),
            "paused": int(slow.paused.total_seconds()),
            "due": slow.due(now),
            "breached": slow.breached,
        }
        differing = {name: (real[name], obvious[name]) for name in real if real[name] != obvious[name]}
        assert not differing, f"{row.metric} {row.cycle}: {differing}"
        assert row.breached_at in (None, slow.breached)
        reading = read(ledger.entries)
        assert (reading.breached_at or row.breached_at) == row.breached_at
        cached = (row.state, row.used_seconds, row.paused_seconds, row.due_at, row.stopped_at, row.counted_to)
        last = ledger.entries[-1]
        assert cached == (*reading[:4], reading.stopped_at, last.at)
        assert ledger.aim[2:] == (row.target_seconds, row.fixed_due_at)
        assert (ledger.aim.policy, ledger.aim.calendar) == (row.policy, row.calendar)

    @staticmethod
    def _agree_on_entries(pks: Iterable[int]) -> None:
        """Each line follows the one before, says something new, and names an event of its ticket and time."""
        before: ClockEntry | None = None
        entries = ClockEntry.objects.filter(clock__ticket__in=pks).select_related("clock", "event")
        for entry in entries.order_by("clock", "number"):
            former = before if before is not None and before.clock_id == entry.clock_id else None
            assert entry.number == (former.number + 1 if former else 1)
            assert (entry.event.subject_type, entry.event.subject_id) == ("ticket", entry.clock.ticket_id)
            assert entry.at == entry.event.at.replace(microsecond=0)
            if former is not None:
                assert former.at <= entry.at
                assert _says(former) != _says(entry)
            before = entry

    def _second(self, at: datetime) -> datetime:
        return at.replace(microsecond=0)


def _says(entry: ClockEntry) -> tuple[Any, ...]:
    return entry.does, entry.policy_id, entry.calendar_id, entry.target_seconds, entry.fixed_due_at


def _wall(minutes: int) -> str:
    """Return a wall time as calendars write it; one after midnight is on the next day."""
    minutes = minutes if minutes <= 1440 else minutes - 1440
    return f"{minutes // 60:02}:{minutes % 60:02}"
