"""Carry calendars, policies and clocks over into versions and ledgers. There is no way back.

Every calendar and policy becomes its version 1, published by Secondline itself, with the holidays and UTC
offsets of this day frozen. Every clock keeps its metric, what it runs towards and what it did when: a segment
becomes an entry, and the time that a reopened clock had been stopped becomes one, too. Each entry names the
event of its ticket that is nearest to it in time.

What is kept of the figures: every instant at which a clock ran, stood still, stopped or was breached. The time
used is counted anew over the same stretches by the hours that are frozen now; where somebody had changed a
calendar's hours since, it differs from what a segment had noted, and the ledger is right from now on, because
every reader can count it again. A target that a clock had earlier, at another priority, is looked up in the
policies by what its ticket's events remember. Where that would give another breach than the one that was
marked then, the mark stands: the entries before it bear no target, and the one in which it lies bears its
instant as a date.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass, replace

import holidays
import tzdata
from django.db import migrations
from django.db.models.fields.json import KT

from common import business_hours
from common.clock import now

SYSTEM_EMAIL = "system@secondline.invalid"
HOLIDAY_YEARS = range(2010, 2041)
TICKETS_AT_ONCE = 1000
RUN, PAUSE, STOP, CANCEL = "run", "pause", "stop", "cancel"
DOES = {"running": RUN, "paused": PAUSE, "stopped": STOP, "cancelled": CANCEL}
STATES = {does: state for state, does in DOES.items()}
SECOND = datetime.timedelta(seconds=1)

# The last of a ticket's events at which its team was another one than before.
TEAM_SINCE = """
UPDATE escalations_ticket SET team_since = coalesce(moved.at, escalations_ticket.created_at)
FROM escalations_ticket AS ticket LEFT JOIN (
    SELECT subject_id, max(at) AS at FROM (
        SELECT subject_id, at, data->'ticket'->'team' AS team,
            lag(data->'ticket'->'team') OVER (PARTITION BY subject_id ORDER BY at, id) AS former
        FROM events_event WHERE subject_type = 'ticket' AND data->'ticket' ? 'team'
    ) AS told WHERE team <> former GROUP BY subject_id
) AS moved ON moved.subject_id = ticket.id
WHERE ticket.id = escalations_ticket.id
"""

NEXT_DUE = """
UPDATE escalations_ticket SET next_due_at = due.due_at, next_due_metric = coalesce(due.metric, '')
FROM escalations_ticket AS ticket LEFT JOIN (
    SELECT DISTINCT ON (ticket_id) ticket_id, due_at, metric FROM escalations_clock
    WHERE due_at IS NOT NULL ORDER BY ticket_id, due_at, metric
) AS due ON due.ticket_id = ticket.id
WHERE ticket.id = escalations_ticket.id AND (ticket.next_due_at, ticket.next_due_metric)
    IS DISTINCT FROM (due.due_at, coalesce(due.metric, ''))
"""


@dataclass(frozen=True)
class Line:
    """An entry before it is stored; policy and calendar are those of old, by their ids."""

    at: datetime.datetime
    does: str
    policy: int
    calendar: int | None
    seconds: int | None
    reason: str
    date: datetime.datetime | None = None


def keep(apps, schema_editor):
    def model(name):
        return apps.get_model("escalations", name)

    if model("OldCalendar").objects.exists():
        by = apps.get_model("accounts", "User").objects.get_or_create(
            email=SYSTEM_EMAIL,
            defaults={"name": "Secondline", "is_active": False, "is_robot": True, "password": "!"},
        )[0]
        published = {"number": 1, "published_at": now(), "published_by": by}
        calendars = _keep_calendars(model, published)
        policies = _keep_policies(model, calendars, published)
        _Clocks(apps, calendars, policies).keep()
    schema_editor.execute(TEAM_SINCE)
    schema_editor.execute(NEXT_DUE)


def _keep_calendars(model, published):
    """Keep every calendar; return the new versions by the old ids."""
    kept = {}
    for old in model("OldCalendar").objects.order_by("pk"):
        calendar = model("Calendar").objects.create(name=old.name)
        country = old.holiday_country
        public = holidays.country_holidays(country, years=HOLIDAY_YEARS) if country else {}
        calendar.current = kept[old.pk] = model("CalendarVersion").objects.create(
            calendar=calendar,
            zone=old.zone,
            weekly=old.weekly,
            holiday_country=country,
            own_holidays=old.own_holidays,
            holiday_rule="shift_start",
            holidays=sorted({*(day.isoformat() for day in public), *old.own_holidays}),
            holidays_until=HOLIDAY_YEARS[-1] if country else None,
            offsets=[list(change) for change in business_hours.zone_offsets(old.zone)],
            tz_version=tzdata.IANA_VERSION,
            **published,
        )
        calendar.save()
    return kept


def _keep_policies(model, calendars, published):
    """Keep every policy; return the new versions by the old ids, the first to be asked first."""
    kept = {}
    for old in model("OldPolicy").objects.order_by("position", "pk"):
        policy = model("Policy").objects.create(
            name=old.name, kind="service", position=old.position, is_active=old.is_active
        )
        targets = model("OldTarget").objects.filter(policy=old).order_by("metric", "priority")
        policy.current = kept[old.pk] = model("PolicyVersion").objects.create(
            policy=policy,
            calendar=calendars[old.calendar_id].calendar,
            categories=sorted(old.categories.values_list("pk", flat=True)),
            teams=sorted(old.teams.values_list("pk", flat=True)),
            priorities=old.priorities,
            segments=old.segments,
            channels=old.channels,
            pauses_in=old.pauses_in,
            targets=list(targets.values("metric", "priority", "minutes", "business_time")),
            **published,
        )
        policy.save()
    return kept


class _Clocks:
    """Keeps the clocks, so many tickets at a time."""

    def __init__(self, apps, calendars, policies):
        self.model = lambda name: apps.get_model("escalations", name)
        self.Event = apps.get_model("events", "Event")
        self.calendars, self.policies = calendars, policies
        self.hours = {pk: _hours(version) for pk, version in calendars.items()}

    def keep(self):
        Ticket = self.model("Ticket")
        last = 0
        while True:
            tickets = {
                row[0]: row
                for row in Ticket.objects.filter(pk__gt=last)
                .order_by("pk")
                .values_list("pk", "created_at", "customer__segment")[:TICKETS_AT_ONCE]
            }
            if not tickets:
                return
            last = max(tickets)
            self._keep(tickets)

    def _keep(self, tickets):
        clocks = list(self.model("OldClock").objects.filter(ticket__in=tickets).order_by("pk"))
        segments = defaultdict(list)
        of_clocks = self.model("OldClockSegment").objects.filter(clock__in=clocks)
        for segment in of_clocks.order_by("clock", "started_at", "pk"):
            segments[segment.clock_id].append(segment)
        events = defaultdict(list)
        told = self.Event.objects.filter(subject_type="ticket", subject_id__in=tickets).exclude(
            kind="sla.breached"
        )
        columns = {
            name: KT(f"data__ticket__{name}") for name in ("state", "priority", "category", "team", "channel")
        }
        for event in told.order_by("at", "pk").values("pk", "subject_id", "kind", "at", **columns):
            events[event["subject_id"]].append(event)
        rows, entries = [], []
        for clock in clocks:
            _pk, created_at, segment = tickets[clock.ticket_id]
            story = events[clock.ticket_id]
            lines = self._lines(clock, segments[clock.pk], story, segment)
            row = self._row(clock, lines, created_at)
            rows.append(row)
            entries += [self._entry(row, number, line, story) for number, line in enumerate(lines, 1)]
        self.model("Clock").objects.bulk_create(rows)
        self.model("ClockEntry").objects.bulk_create(entries, batch_size=5000)

    def _lines(self, clock, segments, story, segment):
        """Return what the clock did, line by line, with the breach that was marked and no other."""
        final = {"policy": clock.policy_id, "calendar": clock.calendar_id, "seconds": clock.target_seconds}
        lines, ended = [], None
        for one in segments:
            aim = {**final, "calendar": one.calendar_id}
            at = _second(one.started_at)
            if ended is not None and ended < at:
                lines.append(Line(ended, STOP, **aim, reason=_cause(story, ended)["says"]))
            # A reopened clock noted the time for which it had been stopped as a pause.
            if not one.is_running and one.reason == "stopped":
                lines.append(Line(at, STOP, **aim, reason=_cause(story, at)["says"]))
            else:
                lines.append(Line(at, RUN if one.is_running else PAUSE, **aim, reason=one.reason))
            ended = one.ended_at and _second(one.ended_at)
        if clock.state in {"stopped", "cancelled"} or not lines:
            at = _second(clock.stopped_at or clock.started_at)
            lines.append(Line(at, DOES[clock.state], **final, reason=_cause(story, at)["says"]))
        lines[-1] = replace(lines[-1], **final)
        lines = _in_order(lines)
        marked = clock.breached_at and _second(clock.breached_at)
        for guess in (self._as_then(clock, lines, story, segment), lines):
            if self._is_as_marked(guess, marked):
                return _without_repetition(guess)
        return _without_repetition(_with_mark(lines, marked))

    def _as_then(self, clock, lines, story, segment):
        """Return the lines with the targets that the policies set for the ticket as it was then."""
        found = []
        last = _cause(story, lines[-1].at, lines[-1].reason)
        for line in lines[:-1]:
            then = _cause(story, line.at, line.reason)
            aim = self._target(clock, then, segment) if then["priority"] != last["priority"] else {}
            found.append(replace(line, **aim))
        return [*found, lines[-1]]

    def _target(self, clock, then, segment):
        for pk, version in self.policies.items():
            if version.policy.is_active and _matches(version, then, segment):
                for target in version.targets:
                    if (target["metric"], str(target["priority"])) == (clock.metric, then["priority"]):
                        return {"policy": pk, "seconds": target["minutes"] * 60}
                break
        return {}

    def _is_as_marked(self, lines, marked):
        """Tell whether the lines give the breach that was marked; an open clock's lies behind its last line."""
        reading = self._read(lines)
        if reading["breached_at"] is None and marked is not None:
            return reading["due_at"] == marked
        return reading["breached_at"] == marked

    def _read(self, lines):
        """Return what follows from the lines, as escalations.clocks.read does."""
        used = paused = 0
        due_at = breached_at = None
        for number, line in enumerate(lines):
            due_at = self._due(line, used)
            if due_at is not None and breached_at is not None:
                due_at = breached_at
            if number + 1 == len(lines):
                break
            end = lines[number + 1].at
            if due_at is not None and due_at < end and breached_at is None:
                breached_at = due_at
            if line.does == RUN:
                used += self._between(line.calendar, line.at, end)
            else:
                paused += int((end - line.at).total_seconds())
        return {"used_seconds": used, "paused_seconds": paused, "due_at": due_at, "breached_at": breached_at}

    def _due(self, line, used):
        if line.does in {STOP, CANCEL}:
            return None
        if line.date is not None:
            return max(line.date, line.at)
        if line.does == PAUSE or line.seconds is None:
            return None
        left = line.seconds - used
        if left < 0:
            return line.at
        if line.calendar is None:
            return line.at + datetime.timedelta(seconds=left)
        return self.hours[line.calendar].add(line.at, left)

    def _between(self, calendar, start, end):
        if calendar is None:
            return int((end - start).total_seconds())
        return int(self.hours[calendar].between(start, end))

    def _row(self, clock, lines, created_at):
        last, reading = lines[-1], self._read(lines)
        reading["breached_at"] = clock.breached_at and _second(clock.breached_at)
        return self.model("Clock")(
            ticket_id=clock.ticket_id,
            metric=clock.metric,
            cycle=1,
            started_at=_second(created_at),
            policy=self.policies[last.policy],
            calendar=self.calendars.get(last.calendar),
            target_seconds=last.seconds,
            fixed_due_at=last.date,
            state=STATES[last.does],
            counted_to=last.at,
            stopped_at=last.at if last.does in {STOP, CANCEL} else None,
            **reading,
        )

    def _entry(self, row, number, line, story):
        return self.model("ClockEntry")(
            clock=row,
            number=number,
            at=line.at,
            does=line.does,
            reason=line.reason[:40],
            policy=self.policies[line.policy],
            calendar=self.calendars.get(line.calendar),
            target_seconds=line.seconds,
            fixed_due_at=line.date,
            event_id=_cause(story, line.at, line.reason)["pk"],
        )


def _hours(version):
    """Return the version's business hours, or None where they can't be reckoned with: no clock ran by them."""
    described = {
        name: getattr(version, name) for name in ("zone", "weekly", "holidays", "holiday_rule", "offsets")
    }
    try:
        return business_hours.Calendar.from_json(described)
    except business_hours.CalendarError:
        return None


def _second(at):
    return at.replace(microsecond=0)


def _cause(story, at, reason=""):
    """Return the event nearest to `at`, among those of one second the one that the reason speaks of.

    It `says` what a ledger names it: the state that it brought, or what it was.
    """
    found = min(
        story,
        key=lambda event: (
            abs(_second(event["at"]) - at),
            not (event["state"] == reason or reason.removesuffix("ed") in event["kind"]),
        ),
    )
    kind = found["kind"].removeprefix("ticket.")
    states = {"started": "in_progress", "resumed": "in_progress", "waiting": found["state"]}
    return {**found, "says": states.get(kind) or kind}


def _matches(version, then, segment):
    return (
        (not version.categories or then["category"] in {str(pk) for pk in version.categories})
        and (not version.teams or then["team"] in {str(pk) for pk in version.teams})
        and (not version.priorities or then["priority"] in {str(one) for one in version.priorities})
        and (not version.segments or segment in version.segments)
        and (not version.channels or then["channel"] in version.channels)
    )


def _with_mark(lines, marked):
    """Return the lines with no breach but the one that was marked, at its instant."""
    quiet = [*(replace(line, seconds=None) for line in lines[:-1]), lines[-1]]
    if marked is None:
        return quiet
    going = [number for number, line in enumerate(lines) if line.at <= marked and line.does in {RUN, PAUSE}]
    inside = [number for number in going if number + 1 == len(lines) or lines[number + 1].at >= marked]
    number = min(inside, default=0)
    late = replace(quiet[number], at=min(quiet[number].at, marked), date=marked)
    # What was done in the very second of the breach came after it; a second later it still does.
    following = quiet[number + 1 :] or [quiet[number]]
    return [*quiet[:number], late, *(replace(line, at=max(line.at, marked + SECOND)) for line in following)]


def _in_order(lines):
    """Return the lines with no time going backwards."""
    for number in range(1, len(lines)):
        if lines[number].at < lines[number - 1].at:
            lines[number] = replace(lines[number], at=lines[number - 1].at)
    return lines


def _without_repetition(lines):
    """Return the lines that say something new."""
    kept = lines[:1]
    for line in lines[1:]:
        if replace(line, at=kept[-1].at, reason=kept[-1].reason) != kept[-1]:
            kept.append(line)
    return kept


class Migration(migrations.Migration):
    dependencies = [("escalations", "0003_versioned_service_levels"), ("events", "0002_append_only")]

    # Not reversible: the old tables can't hold what a ledger says.
    operations = [migrations.RunPython(keep)]
