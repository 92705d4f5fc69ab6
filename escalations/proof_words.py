"""A clock's proof in words: why it ran or stood still, who had the ticket, and what it comes to."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team, User
from common import durations
from escalations.by_hand import CLEARED
from escalations.clocks import Aim
from escalations.custody import Hands, Holder
from escalations.deadlines import BY_HAND
from escalations.models import CalendarVersion, Does, MessageKind, State, Ticket
from escalations.proof import Proof
from events.models import Event

_REASONS: dict[str, str | Promise] = {
    "created": gettext_lazy("Escalated"),
    "accepted": gettext_lazy("Accepted"),
    "returned": gettext_lazy("Returned to L1"),
    "resubmitted": gettext_lazy("Completed and resubmitted"),
    "team": gettext_lazy("Passed to another team"),
    "priority": gettext_lazy("Priority changed"),
    BY_HAND: gettext_lazy("Deadline set by hand"),
    CLEARED: gettext_lazy("Back to the policy's target"),
}


def reason(code: str, otherwise: str = "") -> str:
    """Return why an entry was made; `otherwise` for a code of another app's."""
    if code in _REASONS:
        return str(_REASONS[code])
    if code in State.values:
        return str(State(code).label)
    if code in MessageKind.values:
        return str(MessageKind(code).label)
    return otherwise or code


class Names:
    """The names of the teams and people in whose hands a ticket was. `partners`: whether they may be named."""

    def __init__(self, ticket: Ticket, holders: Iterable[Holder], *, partners: bool) -> None:
        holders = list(holders)
        self.customer = str(ticket.customer)
        self.partners = partners
        self.teams = _names(Team, (holder.team_id for holder in holders))
        self.people = _names(User, (holder.owner_id for holder in holders))

    def team(self, holder: Holder) -> str:
        """Return "Payments", "Customer", "Partner: Engineering" or "A partner"."""
        if holder.hands == Hands.SECOND_LINE:
            return self.teams.get(holder.team_id or 0, "–")
        if holder.hands == Hands.PARTNER:
            name = self.teams.get(holder.team_id or 0) if self.partners else None
            return _("Partner: %s") % name if name else _("A partner")
        return str(holder.hands.label)

    def owner(self, holder: Holder) -> str:
        """Return the owner's name, or that nobody of the team had it; "" beyond the second line."""
        if holder.hands != Hands.SECOND_LINE:
            return ""
        return self.people.get(holder.owner_id or 0) or _("nobody yet")

    def cause(self, event: Event) -> str:
        """Return who caused a line of the ledger: what comes by mail is written down by nobody."""
        by_mail = event.actor.is_robot and event.get("kind") == MessageKind.FROM_CUSTOMER
        return self.customer if by_mail else str(event.actor)

    def whole(self, holder: Holder | None) -> str:
        """Return team and owner in one line."""
        if holder is None:
            return "–"
        return " · ".join(filter(None, (self.team(holder), self.owner(holder))))


def _names(model: type[Team] | type[User], ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {pk for pk in ids if pk is not None}
    if not wanted:
        return {}
    return dict(model._default_manager.filter(pk__in=wanted).values_list("pk", "name"))


def aim(towards: Aim) -> str:
    """Return "4 h 00 min 00 s of open time" or the date that stands."""
    if towards.due_at is not None:
        return durations.exact(towards.due_at)
    return _amount(towards.seconds or 0, towards)


def _amount(seconds: int, towards: Aim) -> str:
    pattern = _("%s of open time") if towards.calendar is not None else _("%s of elapsed time")
    return pattern % durations.to_the_second(seconds)


def conclusion(proof: Proof) -> list[str]:
    """Return, sentence by sentence, what the reckoning comes to."""
    return [sentence for sentence in (_missed(proof), _ending(proof)) if sentence]


def _missed(proof: Proof) -> str:
    breaking, at = proof.breaking, proof.breached_at
    if breaking is None or at is None:
        return ""
    when = moment(at)
    towards = breaking.aim
    if towards.due_at is not None:
        if towards.due_at < at:
            return _("The date set, {date}, lay in the past: it was missed at once, on {when}.").format(
                date=moment(towards.due_at), when=when
            )
        return _("The date {when} passed, and the clock had not stopped: from then on it was missed.").format(
            when=when
        )
    if at == breaking.start and proof.ledger.entries[0] is not breaking.entry:
        return _("From {when} on the target was {target}, and so much was used already: missed at once.").format(
            when=when, target=_amount(towards.seconds or 0, towards)
        )
    return _("{target} were used up on {when}: from then on it was missed.").format(
        target=_amount(towards.seconds or 0, towards), when=when
    )


def _ending(proof: Proof) -> str:
    last, used = proof.segments[-1], _amount(proof.used, proof.aim)
    words = {"used": used, "now": moment(proof.until)}
    if last.entry.does == Does.STOP:
        pattern = _("It stopped on {end} with {used} used.")
        if proof.breached_at is None and proof.aim.due_at is None and proof.aim.seconds is not None:
            words["left"] = durations.to_the_second(proof.aim.seconds - proof.used)
            pattern = _("It stopped in time, on {end}, with {used} used: {left} were left.")
        elif proof.breached_at is None and proof.aim.due_at is not None:
            words["left"] = durations.to_the_second(int((proof.aim.due_at - last.start).total_seconds()))
            pattern = _("It stopped in time, on {end}: {left} before its date.")
        return pattern.format(end=moment(last.start), **words)
    if last.entry.does == Does.CANCEL:
        return _("It ended without a result on {end} with {used} used.").format(end=moment(last.start), **words)
    if proof.breached_at is not None:
        return _("By {now} it had used {used}, and it goes on.").format(**words)
    if proof.due_at is not None and proof.aim.due_at is not None:
        return _("It is due on {due}, whether it runs or not.").format(due=moment(proof.due_at))
    left = durations.to_the_second(max(0, (proof.aim.seconds or 0) - proof.used))
    if proof.due_at is not None:
        return _("By {now} it had used {used}. If nothing happens, the other {left} are used up on {due}.").format(
            left=left, due=moment(proof.due_at), **words
        )
    return _("It stands still with {used} used: {left} are left once it goes on.").format(left=left, **words)


def moment(at: datetime) -> str:
    """Return "Tue 3 Mar 2026, 17:02:11 (Manila)", in the reader's zone."""
    return f"{durations.on_the_second(at)} ({durations.zone_name(timezone.localtime(at))})"


def holiday(version: CalendarVersion, day: date) -> str:
    """Return a holiday's name as the country's calendar has it, "" for one of the desk's own."""
    return _public(version.holiday_country, day.year).get(day, "") if version.holiday_country else ""


@lru_cache(maxsize=128)
def _public(country: str, year: int) -> dict[date, str]:
    return dict(holidays.country_holidays(country, years=year))


def differs(zone: str) -> bool:
    """Tell whether a calendar's zone is another one than the reader's."""
    return str(ZoneInfo(zone)) != str(timezone.get_current_timezone())


def beyond_holidays(proof: Proof) -> CalendarVersion | None:
    """Return the calendar whose known holidays end before this clock does, if there is one."""
    end = max(filter(None, (proof.due_at, proof.breached_at, proof.stopped_at, proof.until)))
    for version in proof.calendars:
        if version.holidays_until is not None and end.year > version.holidays_until:
            return version
    return None
