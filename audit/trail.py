"""Reading the trail: found by date, person, action, object and result, newest first, page by page."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Concat

from audit import canonical
from audit.models import Entry, Result
from events import hiding

if TYPE_CHECKING:
    from accounts.models import User

#: What begins like this, in actions and objects, exists only for who reviews for compliance.
WALLED = "compliance"

PAGE = 100
CHUNK = 2000

# Each action there is, by one look at the index for each: there are few, of millions of rows.
ACTIONS = """
WITH RECURSIVE known AS (
    (SELECT action FROM audit_entry ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT entry.action FROM audit_entry AS entry WHERE entry.action > known.action
            ORDER BY entry.action LIMIT 1)
    FROM known WHERE known.action IS NOT NULL
)
SELECT action FROM known WHERE action IS NOT NULL ORDER BY action
"""


@dataclass(frozen=True)
class Wanted:
    """Which entries: those from `since` and before `until`, of whoever is called like `person`, and so on."""

    since: datetime | None = None
    until: datetime | None = None
    person: str = ""
    action: str = ""
    object_type: str = ""
    object_id: int | None = None
    result: str = ""

    def found(self, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        """Return those of `entries` that are wanted, in no order."""
        if self.since:
            entries = entries.filter(at__gte=self.since)
        if self.until:
            entries = entries.filter(at__lt=self.until)
        if self.person:
            entries = entries.filter(_called(self.person))
        exact = {"action": self.action, "object_type": self.object_type, "object_id": self.object_id}
        exact["result"] = self.result
        return entries.filter(**{field: value for field, value in exact.items() if value not in ("", None)})

    def in_words(self) -> dict[str, Any]:
        """Return what was asked for, as it is noted of whoever reads."""
        asked = {field: value for field, value in asdict(self).items() if value not in ("", None)}
        return {k: canonical.moment(v) if isinstance(v, datetime) else v for k, v in asked.items()}


def _called(words: str) -> Q:
    """Return whoever is called like that by now, and what strangers called themselves."""
    people = get_user_model().objects.filter(Q(name__icontains=words) | Q(email__icontains=words))
    return Q(person_id__in=list(people.values_list("pk", flat=True)[:500])) | Q(
        person_id=None, name__icontains=words
    )


@dataclass(frozen=True)
class Place:
    """Between two entries of the trail: right after the one of this time and id."""

    at: datetime
    id: int

    @classmethod
    def read(cls, written: str) -> "Place | None":
        """Return the place that a link names, or None if it names none."""
        at, _, pk = written.rpartition("_")
        try:
            return cls(datetime.fromisoformat(at), int(pk))
        except ValueError:
            return None

    @classmethod
    def of(cls, entry: Entry) -> "Place":
        return cls(entry.at, entry.pk)

    def __str__(self) -> str:
        return f"{canonical.moment(self.at)}_{self.id}"


@dataclass(frozen=True)
class Page:
    """Entries, newest first, and the places to read on from: `newer` and `older`, where there are any."""

    entries: list[Entry]
    newer: Place | None
    older: Place | None


def shown_to(user: "User") -> QuerySet[Entry]:
    """Return the entries that a reader of the trail may see: not those about what is hidden from them.

    That somebody asked for it and was told that there is no such thing stays: of a number that there is not it
    would stand there, too. Entries about compliance reviews are its members' only. What a member asked of the
    trail itself is about reviews, too, if it names them; if anybody else does, it is not, or one could hide by it.
    The trail, its chain and its checks hold all entries.
    """
    hidden = hiding.hidden_from(user, kind="object_type", number="object_id")
    shown = Entry.objects.exclude(hidden & ~Q(result=Result.ABSENT))
    if user.reviews_compliance:
        return shown
    nothing = Value("", output_field=TextField())
    said = Concat(*(Coalesce(KT(f"data__{name}"), nothing) for name in ("path", "object_type", "action")))
    members = get_user_model().objects.filter(memberships__team__reviews_compliance=True)
    return shown.alias(said=said).exclude(
        Q(action__startswith=f"{WALLED}.")
        | Q(object_type__startswith=WALLED)
        | Q(object_type__startswith=f"page.{WALLED}")
        | Q(person_id__in=members.values("pk"), said__contains=WALLED)
    )


def page(wanted: Wanted, *, reader: "User", before: Place | None = None, after: Place | None = None) -> Page:
    """Return the newest entries, or those next to a place: older than `before`, or newer than `after`."""
    found = wanted.found(shown_to(reader)).select_related("seal")
    if after:
        rows = list(_beyond(found, after, newer=True).order_by("at", "id")[: PAGE + 1])
        entries, more = rows[:PAGE][::-1], len(rows) > PAGE
        return _paged(entries, newer=more, older=True)
    rows = list((_beyond(found, before) if before else found).order_by("-at", "-id")[: PAGE + 1])
    return _paged(rows[:PAGE], newer=before is not None, older=len(rows) > PAGE)


def _paged(entries: list[Entry], *, newer: bool, older: bool) -> Page:
    if not entries:
        return Page([], None, None)
    return Page(entries, Place.of(entries[0]) if newer else None, Place.of(entries[-1]) if older else None)


def _beyond(found: QuerySet[Entry], place: Place, *, newer: bool = False) -> QuerySet[Entry]:
    if newer:
        return found.filter(at__gte=place.at).exclude(at=place.at, id__lte=place.id)
    return found.filter(at__lte=place.at).exclude(at=place.at, id__gte=place.id)


def whole(wanted: Wanted, *, reader: "User") -> Iterator[Entry]:
    """Yield all entries, oldest first, a chunk at a time: an export may be as long as the trail."""
    place = None
    while True:
        found = wanted.found(shown_to(reader)).select_related("seal").order_by("at", "id")
        chunk = list((_beyond(found, place, newer=True) if place else found)[:CHUNK])
        yield from chunk
        if len(chunk) < CHUNK:
            return
        place = Place.of(chunk[-1])


def actions(reader: "User") -> list[str]:
    """Return the actions that the trail knows, by name, but for what the reader may not know of."""
    with connection.cursor() as cursor:
        cursor.execute(ACTIONS)
        found = [action for (action,) in cursor.fetchall()]
    return [action for action in found if reader.reviews_compliance or not action.startswith(f"{WALLED}.")]
