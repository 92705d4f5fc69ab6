"""Who has a calendar of their own: a team, a segment of customers, or one customer."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from common.errors import Refused
from escalations import calendars, service_levels
from escalations.models import Calendar, CalendarChoice, Customer, Segment
from events.recording import record


@transaction.atomic
def choose_calendar(
    calendar: Calendar,
    *,
    by: User,
    team: Team | None = None,
    segment: str = "",
    customer: Customer | None = None,
) -> CalendarChoice:
    """Give exactly one of `team`, `segment`, `customer` this calendar, in place of the one it had.

    Clocks that run keep their hours. Raises NotAllowed, and Refused for a calendar without hours or a segment
    that is none.
    """
    service_levels.demand(by)
    if sum((team is not None, bool(segment), customer is not None)) != 1:
        raise Refused(_("Choose one team, one segment or one customer."))
    if segment and segment not in Segment.values:
        raise Refused(_("There is no such segment."), field="segment")
    calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
    if calendar.current_id is None:
        raise Refused(_("“%s” has no published hours yet.") % calendar, field="calendar")
    choice, _made = CalendarChoice.objects.select_for_update(of=("self",)).get_or_create(
        team=team, segment=segment, customer=customer, defaults={"calendar": calendar}
    )
    if not _made and choice.calendar_id == calendar.pk:
        return choice
    former, choice.calendar = (None if _made else choice.calendar_id), calendar
    choice.save()
    record(
        "calendar.chosen",
        subject=(calendars.SUBJECT, calendar.pk),
        by=by,
        data={**_whose(choice), "instead_of": former},
    )
    return choice


@transaction.atomic
def clear_choice(choice: CalendarChoice, *, by: User) -> None:
    """Take somebody's own calendar away: the policy's counts again. Doing it again does nothing."""
    service_levels.demand(by)
    found = CalendarChoice.objects.select_for_update().filter(pk=choice.pk).first()
    if found is None:
        return
    whose = _whose(found)
    found.delete()
    record("calendar.unchosen", subject=(calendars.SUBJECT, found.calendar_id), by=by, data=whose)


def _whose(choice: CalendarChoice) -> dict[str, object]:
    return {"team": choice.team_id, "segment": choice.segment, "customer": choice.customer_id}
