"""Ways in that are open now, and noting what was found in what comes in by them.

Whoever cleans a text need not know of it: redaction tells what it found (`redaction.noticing`). What comes with
a change is noted in the change's own transaction, at its object. What is left, and what came with a change that
failed, is noted when the door closes.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.db import DatabaseError

from accounts.models import User
from events.models import Event
from incidents import finds
from incidents.finds import Place
from incidents.models import Find
from redaction.noticing import Notice, noticing

logger = logging.getLogger(__name__)


@dataclass
class Door:
    """One way in. `place` is where all that comes in belongs to; without one, the change says."""

    way: str
    otherwise: Place
    notice: Notice
    place: Place | None = None
    person: Callable[[], User | None] = lambda: None
    noted: list[tuple[int, str, Counter[str], str]] = field(default_factory=list)


_open: ContextVar[Door | None] = ContextVar("incidents_door", default=None)


@contextmanager
def opened(
    way: str,
    otherwise: Place,
    *,
    place: Place | None = None,
    person: Callable[[], User | None] = lambda: None,
) -> Iterator[Door]:
    """Let in what comes by this way, and note what is found in it.

    `otherwise` is where it was found when no change says so; `place`, where it was found in any case. `person` is
    asked at the end who it was.
    """
    with noticing() as notice:
        door = Door(way, otherwise, notice, place, person)
        token = _open.set(door)
        try:
            yield door
        finally:
            _open.reset(token)
            if notice or door.noted:
                _close(door)


def on_change(events: list[Event]) -> None:
    """Note what was found up to now as part of the change that these events record."""
    door = _open.get()
    if door is None or not door.notice:
        return
    event = events[0]
    place = door.place or finds.place_of(event.subject_type, event.subject_id)
    actor = door.person() if door.place else event.actor
    by = actor if actor is not None and not actor.is_robot else None
    for part, kinds in door.notice.take().items():
        way = finds.way_of(part, door.way)
        find = finds.note(kinds, place=place, way=way, by=by, deed=event.kind)
        door.noted.append((find.pk, way, kinds, event.kind))


def _close(door: Door) -> None:
    """Note what no change has taken along, and what was undone with its change."""
    try:
        by, place = door.person(), door.place or door.otherwise
        kept = set(Find.objects.filter(pk__in=[pk for pk, *_ in door.noted]).values_list("pk", flat=True))
        for pk, way, kinds, deed in door.noted:
            if pk not in kept:
                finds.note(kinds, place=place, way=way, by=by, deed=deed, is_stored=False)
        for part, kinds in door.notice.take().items():
            finds.note(kinds, place=place, way=finds.way_of(part, door.way), by=by)
    except DatabaseError:
        logger.exception("What was found could not be noted.")
