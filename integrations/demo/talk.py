"""What is said to the customer on the way: thanks for an answer, promises of an update, and keeping them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.formats import date_format

from common import business_hours
from escalations import calendars
from escalations.models import MessageKind, Metric
from integrations.demo.facts import MANILA

if TYPE_CHECKING:
    from integrations.demo.telling import Telling

PROMISED_SHARE = 0.5
LATE_SHARE = 0.08
AGAIN_SHARE = 0.3
HALF_HOUR = timedelta(minutes=30)


def acknowledge(telling: "Telling") -> None:
    """Say that the case is in good hands, often with a date for the next update."""
    _say(telling, "ack", promise=telling.chance(PROMISED_SHARE))


def thank(telling: "Telling") -> None:
    """Answer what the customer wrote: nearly always in time."""
    target = telling.target(Metric.NEXT_RESPONSE)
    telling.work_until(telling.spent + target * telling.factor(LATE_SHARE) * 0.9)
    _say(telling, "thanks", promise=False)


def ask_how_it_goes(telling: "Telling") -> None:
    """The customer loses patience and asks; the owner answers."""
    body = telling.text("nudge")
    telling.replay.message(telling.at, MessageKind.FROM_CUSTOMER, body, by=telling.shelf.system)
    target = telling.target(Metric.NEXT_RESPONSE)
    telling.work_until(telling.spent + target * telling.factor(LATE_SHARE) * 0.9)
    _say(telling, "still_on_it", promise=telling.chance(PROMISED_SHARE))


def update_before(telling: "Telling", moment: datetime) -> None:
    """Write the promised update if its time comes before `moment` and the present."""
    at = telling.update_at
    if at is None or at >= min(moment, telling.now):
        return
    telling.at = max(telling.at + timedelta(seconds=20), at)
    _say(telling, "update", promise=telling.chance(AGAIN_SHARE))


def _say(telling: "Telling", key: str, *, promise: bool) -> None:
    body, until = telling.text(key), _date(telling) if promise and not telling.arrival.halt else None
    telling.update_at = None
    if until is not None:
        body = f"{body} {telling.text('promise', when=_in_words(telling, until))}"
        telling.update_at = _writing(telling, until)
    telling.replay.message(telling.at, MessageKind.TO_CUSTOMER, body, by=telling.owner, promise=until)


def _hours(telling: "Telling") -> business_hours.Calendar:
    return calendars.hours(telling.shelf.staff.hours[telling.ticket.team.name])


def _date(telling: "Telling") -> datetime:
    """Return a date within the next working day or two, on the half hour."""
    until = _hours(telling).add(telling.at, telling.rng.uniform(5400, 10 * 3600))
    whole = until.replace(minute=until.minute // 30 * 30, second=0, microsecond=0)
    return whole + HALF_HOUR


def _writing(telling: "Telling", until: datetime) -> datetime:
    """Return when the update is written: in the last part of the time, or too late."""
    hours = _hours(telling)
    if telling.chance(LATE_SHARE):
        return hours.add(until, telling.rng.uniform(600, 9000))
    left = hours.between(telling.at, until)
    return hours.add(telling.at, left * telling.rng.uniform(0.6, 0.97))


def _in_words(telling: "Telling", until: datetime) -> str:
    local = until.astimezone(MANILA)
    with translation.override(telling.language):
        return date_format(local, "l j F, H:i" if telling.language == "en" else r"l j \d\e F, H:i")
