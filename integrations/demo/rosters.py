"""The second line's rosters: the two Manila shifts, a thin weekend for accounts and risk, one person on call.

The specialist to sign in as is on call round the clock, so that whoever tries the desk may take tickets and
hand-overs at any hour; leads are on no roster and set their availability themselves.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from accounts import attendance, roster, rostering
from accounts.models import ExceptionKind, Team, User
from accounts.roster import Stretch
from accounts.rostering import WeeklyShift
from common import clock
from common.business_hours import DAY, Interval
from escalations import baton
from escalations.models import Baton, BatonItem
from integrations.demo.people import CARE, PAYMENTS, PLATFORM, RISK, Staff

ZONE = "Asia/Manila"
PUBLISHED = timedelta(days=15)  # ago
HANDED_OVER = timedelta(days=5)  # so far back changes of shift are looked for, over a weekend
_KEPT = 3

_AFTERNOON, _EVENING = (15 * 60, DAY), (16 * 60, DAY + 60)
_ALWAYS = (0, DAY)
_WORKDAYS, _FROM_TUESDAY, _FROM_SUNDAY, _EVERY_DAY = range(5), range(1, 6), (6, 0, 1, 2, 3), range(7)

#: By team: who works which hours on which days.
_WEEKS: dict[str, dict[str, tuple[tuple[int, int], Iterable[int]]]] = {
    PAYMENTS: {
        "Marco Evangelista": (_ALWAYS, _EVERY_DAY),
        "Hannah Sy": (_AFTERNOON, _WORKDAYS),
        "Inés Calderón": (_AFTERNOON, _WORKDAYS),
        "Rafael Ocampo": (_EVENING, _WORKDAYS),
    },
    RISK: {
        "Gerald Tan": (_AFTERNOON, _WORKDAYS),
        "Diego Salcedo": (_EVENING, _WORKDAYS),
        "Maribel Quiambao": (_EVENING, _FROM_SUNDAY),
        "Anne Villanueva": (_EVENING, _FROM_TUESDAY),
    },
    PLATFORM: {
        "Paolo Mercado": (_AFTERNOON, _WORKDAYS),
        "Sheila Uy": (_EVENING, _WORKDAYS),
        "Andrés Lozano": (_EVENING, _WORKDAYS),
    },
    CARE: {
        "Nico Reyes-Tolentino": (_AFTERNOON, _WORKDAYS),
        "Camille Bautista": (_AFTERNOON, _WORKDAYS),
        "Sofía Quintero": (_EVENING, _WORKDAYS),
    },
}


def publish(staff: Staff, now: datetime) -> None:
    """Publish every second-line team's roster two weeks ago, and let availability follow it up to `now`."""
    with clock.replaying(now - PUBLISHED):
        for team, week in _WEEKS.items():
            people = {str(person): person for person in staff.members[team]}
            shifts = [
                WeeklyShift(people[name], Interval(day, *hours))
                for name, (hours, days) in week.items()
                for day in days
            ]
            lead = staff.leads[team]
            draft = rostering.save_draft(staff.teams[team], ZONE, shifts, by=lead, version=0)
            rostering.publish(staff.teams[team], by=lead, version=draft.saved_count)
    with clock.replaying(now):
        attendance.follow()
        _exceptions(staff, now)


def hand_over(staff: Staff, now: datetime) -> None:
    """Hand over at each team's last changes of shift; the newest is acknowledged in part, the others wholly."""
    for name in _WEEKS:
        team, moments = staff.teams[name], []
        at = roster.next_handover(team, now - HANDED_OVER)
        while at is not None and at <= now:
            moments.append(at)
            at = roster.next_handover(team, at)
        for at in moments[-_KEPT:]:
            with clock.replaying(at + timedelta(minutes=1)):
                made = baton.hand_over(team, at)
            if made is not None:
                made.going_off.set(person for person, stretch in _before(team, at) if stretch.ends == at)
                made.items.filter(ticket__created_at__gte=at).delete()  # of what came later nobody knew
                _acknowledge(made, now, share=0.4 if at == moments[-1] else 1)


def _before(team: Team, at: datetime) -> list[tuple[User, Stretch]]:
    return roster.on_now(team, at - timedelta(seconds=1))


def _acknowledge(made: Baton, now: datetime, *, share: float) -> None:
    """Let those who came on acknowledge the first items in the first minutes of their shift."""
    items = list(made.items.all())
    relief = [(person, _comes(person, made.at)) for person in made.coming_on.order_by("name")]
    for place, item in enumerate(items[: round(len(items) * share)]):
        person, comes = relief[place % len(relief)]
        at = comes + timedelta(minutes=3 + 2 * place)
        if at < now:
            item.acknowledged_by, item.acknowledged_at = person, at
    BatonItem.objects.bulk_update(items, ["acknowledged_by", "acknowledged_at"])


def _comes(person: User, at: datetime) -> datetime:
    """Return when the person has the work: at once if on duty, else when they come next."""
    coming = None if roster.shift_of(person, at) else roster.next_shift(person, at)
    return coming.starts if coming else at


def _exceptions(staff: Staff, now: datetime) -> None:
    """Somebody is on leave next week, and somebody works on Saturday."""
    today = now.astimezone(ZoneInfo(ZONE)).date()
    monday = today + timedelta(days=7 - today.weekday())
    diego, camille = _named(staff, RISK, "Diego Salcedo"), _named(staff, CARE, "Camille Bautista")
    rostering.take_off(
        staff.teams[RISK], diego, ExceptionKind.LEAVE, monday, monday + timedelta(days=2), by=staff.leads[RISK]
    )
    saturday = monday + timedelta(days=5)
    rostering.add_extra(staff.teams[CARE], camille, saturday, 16 * 60, 20 * 60, by=staff.leads[CARE])


def _named(staff: Staff, team: str, name: str) -> User:
    return next(person for person in staff.members[team] if str(person) == name)
