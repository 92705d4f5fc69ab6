"""Changing a calendar: its draft is written, looked at, and published as the next version, or discarded."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Absent, Refused, StaleVersion
from escalations import calendar_checks, calendars, service_levels
from escalations.models import Calendar, CalendarVersion
from events.recording import record

#: What somebody sets in a version; all else is frozen by publishing.
COLUMNS = ("zone", "weekly", "holiday_country", "own_holidays", "holiday_rule")


def draft_of(calendar: Calendar) -> CalendarVersion:
    """Return the calendar's draft; one that is not stored yet, like its current hours, where it has none."""
    stored = stored_draft(calendar)
    if stored is not None:
        return stored
    former = calendar.current
    columns = service_levels.contents(former, COLUMNS) if former else {"zone": "UTC", "weekly": []}
    return CalendarVersion(calendar=calendar, number=former.number + 1 if former else 1, **columns)


def stored_draft(calendar: Calendar) -> CalendarVersion | None:
    """Return the draft that somebody saved, or None."""
    return calendar.versions.filter(published_at=None).first()


def token(draft: CalendarVersion) -> str:
    """Return what tells whether a draft was changed since it was read."""
    return service_levels.token(service_levels.contents(draft, COLUMNS))


@transaction.atomic
def create(name: str, *, by: User) -> Calendar:
    """Make a calendar, which is of use once its hours are published. Raises Refused for a name that can't be."""
    service_levels.demand(by)
    calendar = Calendar.objects.create(name=service_levels.free_name(Calendar, name))
    record("calendar.added", subject=(calendars.SUBJECT, calendar.pk), by=by, data={"name": calendar.name})
    return calendar


@transaction.atomic
def rename(calendar: Calendar, name: str, *, by: User) -> Calendar:
    """Give the calendar another name. Raises Refused for one that can't be."""
    service_levels.demand(by)
    calendar = _locked(calendar)
    name = service_levels.free_name(Calendar, name, of=calendar)
    if name != calendar.name:
        former, calendar.name = calendar.name, name
        calendar.save(update_fields=["name"])
        data = {"name": name, "former": former}
        record("calendar.renamed", subject=(calendars.SUBJECT, calendar.pk), by=by, data=data)
    return calendar


@transaction.atomic
def save_draft(calendar: Calendar, *, by: User, version: str | None = None, **columns: Any) -> CalendarVersion:
    """Write `columns` (of COLUMNS) into the calendar's draft, and return it. Nothing is in force by that.

    `version` is the `token` of the draft that `by` had before them; left out, it is not compared. Raises
    NotAllowed, StaleVersion if somebody changed or published it meanwhile, Refused for hours that can't be.
    """
    service_levels.demand(by)
    calendar = _locked(calendar)
    draft = draft_of(calendar)
    before = token(draft)
    service_levels.demand_fresh(draft, before, version)
    for column in columns:
        if column not in COLUMNS:
            raise TypeError(column)
        setattr(draft, column, columns[column])
    service_levels.demand_faultless(calendar_checks.faults(draft))
    if token(draft) == before and (draft.pk or calendar.current_id):
        return draft  # nothing was changed
    draft.save()
    data = {"version": draft.pk, "number": draft.number}
    record("calendar.draft_saved", subject=(calendars.SUBJECT, calendar.pk), by=by, data=data)
    return draft


@transaction.atomic
def discard(calendar: Calendar, *, by: User, version: str | None = None) -> None:
    """Delete the draft; with it the calendar, if it was never published. Doing it again does nothing.

    Raises NotAllowed, and StaleVersion if somebody changed the draft since `version`, its token.
    """
    service_levels.demand(by)
    try:
        calendar = _locked(calendar)
    except Absent:
        return
    draft = stored_draft(calendar)
    if draft is not None:
        service_levels.demand_fresh(draft, token(draft), version)
        draft.delete()
    elif calendar.current_id:
        return
    record(
        "calendar.draft_discarded", subject=(calendars.SUBJECT, calendar.pk), by=by, data={"name": calendar.name}
    )
    if calendar.current_id is None:
        calendar.delete()


@transaction.atomic
def publish(calendar: Calendar, *, by: User, version: str | None = None) -> CalendarVersion:
    """Publish the draft as the calendar's hours from now on. Clocks that run keep the version they have.

    Of two who publish at once, one is told: raises StaleVersion when there is no draft any more, or it is not
    the one of `version`, its token. Raises NotAllowed, and Refused for hours that can't be or change nothing.
    """
    service_levels.demand(by)
    calendar = _locked(calendar)
    draft = stored_draft(calendar)
    if draft is None:
        raise StaleVersion(
            _("There is no draft any more: somebody has published or discarded it."), current=calendar.current
        )
    service_levels.demand_fresh(draft, token(draft), version)
    service_levels.demand_faultless(calendar_checks.faults(draft))
    if calendar.current is not None and token(calendar.current) == token(draft):
        raise Refused(_("This draft says what version %d says already.") % calendar.current.number)
    return calendars.publish(draft, by=by)


def _locked(calendar: Calendar) -> Calendar:
    found = (
        Calendar.objects.select_for_update(of=("self",)).select_related("current").filter(pk=calendar.pk).first()
    )
    if found is None:
        raise Absent(_("There is no such calendar."))
    return found
