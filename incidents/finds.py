"""Noting what was found, without the number: what is found at one place joins the incident that is open there."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction

from accounts import people
from accounts.models import User
from common import clock
from events import recording
from incidents.models import Cause, Find, Incident, State, Way

SUBJECT = "incident"
OPENED, JOINED, REMOVED = "incident.opened", "incident.found", "incident.removed"
#: What comes again by the same door within this time is the same find: somebody goes on typing.
SAME_WITHIN = timedelta(minutes=10)
MOST_ROWS = 1000


class Place(NamedTuple):
    """Where something was found: an object (`ticket`, 1042), a page, a column or a file (`text`)."""

    kind: str
    number: int = 0
    text: str = ""


#: Return the object that a part belongs to, or None if it is gone.
Whole = Callable[[int], Place | None]
_wholes: dict[str, Whole] = {}


def name_wholes(kind: str, whole: Whole) -> None:
    """Let what is found at objects of this type be noted at what they belong to; an app says so when it starts."""
    _wholes[kind] = whole


def place_of(kind: str, number: int) -> Place:
    """Return where something belongs that was found in a change of this object."""
    whole = _wholes[kind](number) if kind in _wholes else None
    return whole or Place(kind, number)


@transaction.atomic
def note(
    kinds: Mapping[str, int],
    *,
    place: Place,
    way: str,
    by: User | None,
    deed: str = "",
    is_stored: bool = True,
    stands: bool = False,
    rows: Iterable[str] = (),
    cause: str = Cause.FOUND,
) -> Find:
    """Note a find, and open an incident unless one is open at that place.

    `stands` says that it was found and not taken out; otherwise it was masked before it was stored. Within a
    transaction the find is part of it.
    """
    now = clock.now()
    incident, is_new = _incident(cause, place, way, by)
    find = None if stands else _same(incident, way, deed, by, dict(kinds), is_stored)
    counted = Counter(incident.kinds)
    if find is None:
        counted.update(kinds)
        find = Find.objects.create(
            incident=incident,
            way=way,
            deed=deed,
            person=by,
            kinds=dict(kinds),
            at=now,
            last_at=now,
            removed_at=None if stands else now,
            is_stored=is_stored,
            rows=list(rows)[:MOST_ROWS],
        )
        data = {"kinds": dict(kinds), "way": way, "place": [*place], "stands": stands}
        recording.record(
            OPENED if is_new else JOINED, subject=(SUBJECT, incident.pk), by=by or people.system(), data=data
        )
    else:
        find.times += 1
        find.last_at = now
        find.save(update_fields=["times", "last_at"])
    incident.kinds, incident.last_at = dict(counted), now
    incident.removed_at = None if stands or _something_stands(incident) else now
    incident.save(update_fields=["kinds", "last_at", "removed_at"])
    return find


def _incident(cause: str, place: Place, way: str, by: User | None) -> tuple[Incident, bool]:
    """Return the incident that is open at the place, locked, and whether it was opened for this."""
    here = {"cause": cause, "place_type": place.kind, "place_id": place.number, "place": place.text[:200]}
    opened = Incident.objects.select_for_update().filter(**here, state=State.OPEN)
    if incident := opened.first():
        return incident, False
    now = clock.now()
    try:
        with transaction.atomic():
            return Incident.objects.create(**here, way=way, person=by, opened_at=now, last_at=now), True
    except IntegrityError:  # somebody else has just opened it
        return opened.get(), False


def _same(
    incident: Incident, way: str, deed: str, by: User | None, kinds: dict[str, int], is_stored: bool
) -> Find | None:
    lately = incident.finds.filter(way=way, deed=deed, person=by, is_stored=is_stored, removed_at__isnull=False)
    last = lately.filter(last_at__gt=clock.now() - SAME_WITHIN).first()
    return last if last is not None and last.kinds == kinds else None


def _something_stands(incident: Incident) -> bool:
    return incident.finds.filter(removed_at=None).exists()


@transaction.atomic
def removed(place: Place, *, by: User) -> None:
    """Note that what stood at a place has been taken out."""
    incident = Incident.objects.select_for_update().filter(
        cause=Cause.FOUND, place_type=place.kind, place_id=place.number, place=place.text[:200], removed_at=None
    ).first()  # fmt: skip
    if incident is None:
        return
    now = clock.now()
    incident.finds.filter(removed_at=None).update(removed_at=now)
    incident.removed_at = now
    incident.save(update_fields=["removed_at"])
    recording.record(REMOVED, subject=(SUBJECT, incident.pk), by=by)


def way_of(part: str, door: str) -> str:
    """Return how a part of what came in is called: a file is a file, whichever form it came by."""
    return part if part in {Way.FILE, Way.FILE_NAME, Way.LOG, Way.ADDRESS} else door
