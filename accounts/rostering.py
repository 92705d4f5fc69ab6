"""Changing rosters: drafts, publishing, days off and extra shifts. Leads do it for their teams, admins for all."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Q
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import attendance, roster
from accounts.models import (
    OFF_KINDS,
    ExceptionKind,
    Membership,
    Role,
    Roster,
    RosterException,
    Shift,
    Team,
    TeamKind,
    User,
)
from accounts.models.user import time_zones
from common import business_hours, clock
from common.business_hours import DAY, Interval
from common.errors import NotAllowed, Refused, StaleVersion
from common.zones import first_shown, zone_offsets
from events.recording import record

#: A draft holds no more: nobody writes a team's week with more, and a form must end somewhere.
MOST_SHIFTS = 700
LONGEST_OFF = timedelta(days=366)
#: Exceptions are entered for the time from a week ago to two years ahead.
BACK, AHEAD = timedelta(days=7), timedelta(days=730)
#: Two teams' shifts are compared over so long a time, since their zones change clocks on different days.
_COMPARED = timedelta(days=371)


class WeeklyShift(NamedTuple):
    """A shift as asked for."""

    person: User
    interval: Interval


def may_edit(user: User, team: Team) -> bool:
    """Tell whether `user` may change the team's roster: its leads, and admins."""
    return (
        team.kind == TeamKind.L2
        and team.is_active
        and not user.is_auditor
        and (user.is_superuser or user.roles.get(team.pk) == Role.LEAD)
    )


def may_read(user: User) -> bool:
    """Tell whether `user` may read rosters: who works in the second line, auditors and admins."""
    return user.reads_all or bool(teams_of(user))


def teams_of(user: User) -> list[Team]:
    """Return the second-line teams that `user` works in or leads."""
    own = user.teams_as(Role.L2, Role.LEAD)
    return list(Team.objects.filter(pk__in=own, kind=TeamKind.L2, is_active=True))


def rostered_teams() -> list[Team]:
    """Return the teams that may have a roster."""
    return list(Team.objects.filter(kind=TeamKind.L2, is_active=True))


def members(team: Team) -> list[User]:
    """Return who may be on the team's roster."""
    inside = Membership.objects.filter(team=team).values("user")
    return list(User.objects.filter(pk__in=inside, is_active=True, is_robot=False).order_by("name"))


def published(team: Team) -> Roster | None:
    """Return the version in force, if there is one."""
    versions = Roster.objects.filter(team=team, published_at__isnull=False).select_related("published_by")
    return versions.order_by("-number").first()


def draft(team: Team) -> Roster | None:
    """Return the team's draft, if there is one."""
    return Roster.objects.filter(team=team, published_at=None).first()


def drafted(teams: Iterable[Team]) -> set[int]:
    """Return which of the teams have a draft, by id."""
    return set(Roster.objects.filter(team__in=teams, published_at=None).values_list("team", flat=True))


def to_come(team: Team, at: datetime) -> list[RosterException]:
    """Return the extra shifts for the team, and the days off of who is in it, that are not over at `at`."""
    today = at.date() - timedelta(days=1)  # it may still be that day somewhere
    off = Q(kind__in=OFF_KINDS, last_day__gte=today, person__memberships__team=team)
    found = RosterException.objects.filter(off | Q(team=team, ends_at__gt=at), undone_at=None).distinct()
    return list(found.select_related("person", "team", "entered_by").order_by("first_day", "starts_at", "pk"))


@transaction.atomic
def save_draft(team: Team, zone: str, shifts: Iterable[WeeklyShift], *, by: User, version: int) -> Roster:
    """Keep the shifts as the team's draft, and return it.

    `version` is the `saved_count` of the draft that `by` had before them, 0 for none. Raises NotAllowed;
    StaleVersion if somebody saved, published or discarded meanwhile; Refused, with the field, for what can't
    be: an unknown zone, no shifts, too many, a person not in the team, overlapping shifts of one person, also
    with those of other teams.
    """
    _lock(team, by)
    present = _demanded(team, version)
    wanted = sorted(shifts, key=lambda shift: (shift.interval, shift.person.pk))
    _check(team, zone, wanted)
    now = clock.now()
    if present is None:
        newest = Roster.objects.filter(team=team).aggregate(number=Max("number"))["number"] or 0
        present = Roster(team=team, number=newest + 1, saved_count=0)
    present.zone, present.saved_at = zone, now
    present.saved_count += 1
    present.save()
    present.shifts.all().delete()
    Shift.objects.bulk_create(
        Shift(roster=present, person=shift.person, **shift.interval._asdict()) for shift in wanted
    )
    _note(present, "draft_saved", by=by, shifts=len(wanted))
    return present


@transaction.atomic
def discard_draft(team: Team, *, by: User, version: int) -> None:
    """Throw the draft away. Raises as save_draft, and Refused when there is none."""
    _lock(team, by)
    present = _demanded(team, version)
    if present is None:
        raise Refused(_("There is no draft."))
    _note(present, "draft_discarded", by=by)
    present.delete()


@transaction.atomic
def publish(team: Team, *, by: User, version: int) -> Roster:
    """Let the draft be in force from now on, and return it. Who is on shift becomes available, others away.

    Raises as save_draft, since people and other teams may have changed, and Refused when there is no draft.
    """
    _lock(team, by)
    present = _demanded(team, version)
    if present is None:
        raise Refused(_("There is no draft to publish."))
    wanted = [WeeklyShift(shift.person, shift.interval) for shift in present.shifts.select_related("person")]
    concerned = {shift.person.pk for shift in wanted}
    concerned |= set(attendance.of_team(team).values_list("person", flat=True))
    attendance.lock(concerned)
    _check(team, present.zone, wanted)
    present.published_at, present.published_by = clock.now(), by
    present.save()
    _note(present, "published", by=by, shifts=len(wanted))
    attendance.replan(concerned)
    return present


def _lock(team: Team, by: User) -> None:
    if not may_edit(by, team):
        raise NotAllowed(_("Only the team's lead or an admin changes its roster."))
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)


def _demanded(team: Team, version: int) -> Roster | None:
    """Return the draft, if it is still the one that somebody had before them."""
    present = draft(team)
    if version != (present.saved_count if present else 0):
        raise StaleVersion(
            _("Somebody changed this draft while you had it open. Nothing was saved."), current=present
        )
    return present


def _note(version: Roster, kind: str, *, by: User, **data: int) -> None:
    record(
        f"roster.{kind}",
        subject=("roster", version.pk),
        by=by,
        data={"team": version.team_id, "number": version.number, **data},
    )


def _check(team: Team, zone: str, shifts: Sequence[WeeklyShift]) -> None:
    if zone not in time_zones():
        raise Refused(_("Choose a time zone of the list."), field="zone")
    if not shifts:
        raise Refused(_("A roster needs at least one shift."))
    if len(shifts) > MOST_SHIFTS:
        raise Refused(_("A roster holds at most %d shifts a week.") % MOST_SHIFTS)
    inside = {person.pk for person in members(team)}
    weekly: dict[User, list[Interval]] = {}
    for shift in shifts:
        if shift.person.pk not in inside:
            raise Refused(
                _("%(person)s is not in the team %(team)s.") % {"person": shift.person, "team": team},
                field="person",
            )
        weekly.setdefault(shift.person, []).append(_checked(shift))
    for person, intervals in weekly.items():
        _check_week(person, intervals)
    _check_elsewhere(team, zone, weekly)


def _checked(shift: WeeklyShift) -> Interval:
    day, opens, closes = shift.interval
    if not (0 <= day <= 6 and 0 <= opens < DAY and closes <= opens + DAY):
        raise Refused(_("A shift begins within its day and lasts at most 24 hours."))
    if closes <= opens:
        raise Refused(_("A shift of %s is empty: it ends when it begins.") % shift.person)
    return shift.interval


def _check_week(person: User, intervals: list[Interval]) -> None:
    """Raise Refused where shifts of one person overlap, also from Sunday into Monday."""
    ordered = sorted(intervals)
    for one, other in zip(ordered, [*ordered[1:], ordered[0]._replace(day=ordered[0].day + 7)], strict=True):
        if one.day * DAY + one.closes > other.day * DAY + other.opens:
            raise Refused(
                _("Two shifts of %(person)s overlap on %(day)s.")
                % {"person": person, "day": WEEKDAYS[other.day % 7]}
            )


def _check_elsewhere(team: Team, zone: str, weekly: dict[User, list[Interval]]) -> None:
    """Raise Refused where the shifts overlap with what the people do for other teams, or with an extra shift."""
    now = clock.now()
    until = now + _COMPARED
    for duty in roster.duties(people=weekly, since=now):
        own = duty.team.pk == team.pk
        others = (duty.besides_week() if own else duty).spans(now, until)
        if not others:
            continue
        hours = business_hours.Calendar(zone, weekly[duty.person])
        clash = roster.first_overlap(hours.spans(now, until), others)
        if clash is not None:
            raise Refused(
                _("%(person)s is on duty for %(team)s already: %(when)s.")
                % {"person": duty.person, "team": duty.team, "when": _moment(clash, zone)}
            )


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{date_format(local, _('j M Y, H:i'))} {zone}"


@transaction.atomic
def take_off(
    team: Team, person: User, kind: ExceptionKind, first_day: date, last_day: date, *, by: User
) -> RosterException:
    """Take away the person's shifts that start on these days, of leave or sickness. Raises NotAllowed, Refused."""
    _lock_person(team, person, by)
    if kind not in OFF_KINDS:
        raise Refused(_("Choose one of the list."), field="kind")
    if last_day < first_day:
        raise Refused(_("The last day is before the first."), field="last_day")
    if last_day - first_day >= LONGEST_OFF:
        raise Refused(_("At most a year at a time."), field="last_day")
    today = clock.now().date()
    if not today - BACK <= first_day <= today + AHEAD:
        raise Refused(_("Choose a day from a week ago to two years ahead."), field="first_day")
    overlapping = RosterException.objects.filter(
        person=person, undone_at=None, kind__in=OFF_KINDS, first_day__lte=last_day, last_day__gte=first_day
    )
    if overlapping.exists():
        raise Refused(_("%s is off on some of these days already.") % person, field="first_day")
    return _enter(team, person, kind, by=by, first_day=first_day, last_day=last_day)


@transaction.atomic
def add_extra(team: Team, person: User, day: date, opens: int, closes: int, *, by: User) -> RosterException:
    """Add a shift of one day; minutes after its midnight in the roster's zone. Raises NotAllowed, Refused."""
    _lock_person(team, person, by)
    version = published(team)
    if version is None:
        raise Refused(_("The team has no published roster yet."))
    if not (0 <= opens < closes <= opens + DAY and opens < DAY):
        raise Refused(_("A shift ends after it begins and lasts at most 24 hours."), field="closes")
    now = clock.now()
    if not now.date() - BACK <= day <= now.date() + AHEAD:
        raise Refused(_("Choose a day from a week ago to two years ahead."), field="day")
    shown = first_shown(zone_offsets(version.zone))
    midnight = datetime.combine(day, time(), UTC)
    starts_at, ends_at = (
        datetime.fromtimestamp(shown(int((midnight + timedelta(minutes=minutes)).timestamp())), UTC)
        for minutes in (opens, closes)
    )
    if starts_at >= ends_at:
        raise Refused(_("The clocks are changed then: this shift would have no length."), field="closes")
    for duty in roster.duties(people=[person], since=starts_at):
        clash = roster.first_overlap([(starts_at, ends_at)], duty.spans(starts_at, ends_at))
        if clash is not None:
            raise Refused(
                _("%(person)s is on duty for %(team)s already: %(when)s.")
                % {"person": person, "team": duty.team, "when": _moment(clash, version.zone)},
                field="opens",
            )
    return _enter(team, person, ExceptionKind.EXTRA, by=by, starts_at=starts_at, ends_at=ends_at)


@transaction.atomic
def undo(entry: RosterException, *, by: User) -> None:
    """Let an exception count no more. Raises NotAllowed, and Refused when that was done already."""
    _lock_person(entry.team, entry.person, by)
    if not RosterException.objects.filter(pk=entry.pk, undone_at=None).update(undone_at=clock.now()):
        raise Refused(_("This is undone already."))
    _note_exception(entry, "undone", by=by)
    attendance.replan([entry.person_id])


def _lock_person(team: Team, person: User, by: User) -> None:
    if not may_edit(by, team):
        raise NotAllowed(_("Only the team's lead or an admin changes its roster."))
    if not attendance.lock([person.pk]) or person not in members(team):
        raise Refused(
            _("%(person)s is not in the team %(team)s.") % {"person": person, "team": team}, field="person"
        )


def _enter(team: Team, person: User, kind: ExceptionKind, *, by: User, **when: date | datetime) -> RosterException:
    entry = RosterException.objects.create(
        team=team, person=person, kind=kind, entered_by=by, entered_at=clock.now(), **when
    )
    _note_exception(entry, "entered", by=by)
    attendance.replan([person.pk])
    return entry


def _note_exception(entry: RosterException, kind: str, *, by: User) -> None:
    record(
        f"roster.exception_{kind}",
        subject=("person", entry.person_id),
        by=by,
        data={"team": entry.team_id, "exception": entry.pk, "kind": entry.kind},
    )
