"""When a mail may reach somebody: at once, or with the digest of the next morning or shift."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from accounts import roster
from accounts.models import User
from accounts.preferences import zone_named
from escalations.models import Alert, AlertKind, NotificationSettings, Priority, Urgent

#: When the digest of whoever is on no roster comes, by the clock on their wall.
MORNING = time(8)

_OF_THE_LADDER = {AlertKind.DUE_SOON, AlertKind.MISSED, AlertKind.FORGOTTEN, AlertKind.REOPENED}


@dataclass(frozen=True)
class Presence:
    """Whether somebody is on a roster and on duty, and when their next shift begins."""

    rostered: bool = False
    on_duty: bool = False
    next_shift: datetime | None = None


def presence(person: User, at: datetime) -> Presence:
    """Return how the person stands at `at`, over all their teams' rosters."""
    duties = roster.duties(people=[person], since=at)
    coming = [stretch.starts for duty in duties if (stretch := duty.next(at)) is not None]
    on_duty = any(duty.on(at) is not None for duty in duties)
    return Presence(bool(coming) or on_duty, on_duty, min(coming, default=None))


def is_urgent(alert: Alert, urgent: Urgent) -> bool:
    """Tell whether an alert reaches its person outside their shift, too, by what they chose."""
    of_the_ladder = alert.kind in _OF_THE_LADDER or alert.event.get("how") == "ladder"
    if not of_the_ladder or urgent == Urgent.NOTHING:
        return False
    return urgent == Urgent.LADDER or (alert.ticket is not None and alert.ticket.priority == Priority.P1)


def waits(alert: Alert, chosen: NotificationSettings, present: Presence) -> bool:
    """Tell whether the mail has to wait for the person's next shift."""
    if not chosen.quiet or not present.rostered or present.on_duty:
        return False
    return not is_urgent(alert, Urgent(chosen.urgent))


def next_digest(person: User, present: Presence, at: datetime) -> datetime:
    """Return when the person's next digest comes: as their next shift begins, or in the morning of their zone."""
    if present.next_shift is not None:
        return present.next_shift
    zone = zone_named(person.time_zone)
    day = at.astimezone(zone).date()
    morning = datetime.combine(day, MORNING, tzinfo=zone)
    if morning.astimezone(UTC) <= at:
        morning = datetime.combine(day + timedelta(days=1), MORNING, tzinfo=zone)
    return morning.astimezone(UTC)
