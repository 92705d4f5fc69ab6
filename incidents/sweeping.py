"""Sweeping everything that is stored for cards and secrets, step by step, and masking what is found if asked to.

For our own database a step is a delivery of an event, so that a killed worker's sweep goes on where it was.
Another database, such as a restored backup, is only read, by `manage.py sweep`.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed
from events import recording
from events.models import Event
from incidents import finds, own_numbers, stored
from incidents.finds import Place
from incidents.models import Cause, Incident, State, Sweep, Way
from incidents.stored import Column, Row, Source, Table
from redaction.files import TooMuch, redact_file
from redaction.noticing import noticing

SUBJECT = "sweep"
CONSUMER = "incident_sweep"
STEP, BEGUN, FINISHED = "incident.sweep_step", "incident.sweep_begun", "incident.sweep_finished"
COLUMN, FILE = "column", "file"

ROWS, FILES = 2000, 50  # of one step
AT_ONCE = 3.0  # seconds of steps in one delivery
#: So far apart that a word in one text says nothing of a number in the next.
BETWEEN = "\n\n\n¦¦¦¦¦¦¦¦\n\n\n"
#: Secrets of people who sign in stand here by design: hashed, encrypted or signed. Cards do not.
OWN_SECRETS = {
    "django_session", "knox_authtoken", "mfa_authenticator", "accounts_user", "accounts_earlierpassword",
    "socialaccount_socialtoken", "usersessions_usersession",
}  # fmt: skip
CARD_DATA = {"card", "track", "cvv", "iban"}
UNREADABLE = "unreadable"


class Hit(NamedTuple):
    """Something found: in which column or file, in which row, how often each kind, and whether it was masked."""

    place: str
    row: str
    kinds: Counter[str]
    is_removed: bool


@dataclass(frozen=True)
class Target:
    """What is swept: a database, a folder of files, or both."""

    source: Source | None
    media: Path | None


Told = Callable[[Hit], object]
_rewritten: list[Callable[[str, bytes], None]] = []


def hear_of_rewritten(heard: Callable[[str, bytes], None]) -> None:
    """Have `heard` called with the name and new bytes of each stored file that was masked."""
    _rewritten.append(heard)


def ours() -> Target:
    """Return our own database and files."""
    return Target(connection, Path(settings.MEDIA_ROOT))


@transaction.atomic
def begin(*, by: User, removes: bool = False, target: str = "") -> Sweep:
    """Begin a sweep, whose steps somebody has to take; one that is under way is returned as it is."""
    if not by.is_superuser and not by.is_robot:
        raise NotAllowed(_("Only admins sweep what is stored."))
    under_way = Sweep.objects.filter(finished_at=None, target=target, removes=removes).first()
    if under_way is not None:
        return under_way
    sweep = Sweep.objects.create(started_at=clock.now(), started_by=by, removes=removes, target=target)
    recording.record(BEGUN, subject=(SUBJECT, sweep.pk), by=by, data={"target": target, "removes": removes})
    return sweep


def owe(sweep: Sweep) -> None:
    """Have a worker take the next step."""
    recording.record(STEP, subject=(SUBJECT, sweep.pk), by=sweep.started_by, data={"step": sweep.step})


@transaction.atomic
def handle(event: Event) -> None:
    """Take the next steps of a sweep of our own (a consumer). A step that was taken is not taken again."""
    sweep = Sweep.objects.select_for_update().get(pk=event.subject_id)
    if sweep.finished_at is not None or sweep.step != event.data["step"]:
        return
    until = time.monotonic() + AT_ONCE
    while more := take_step(sweep, ours()):
        if time.monotonic() > until:
            break
    if more:
        owe(sweep)


@transaction.atomic
def go_on(sweep: Sweep, target: Target, told: Told) -> bool:
    """Take the next step wherever the sweep has come to; return whether there are more."""
    locked = Sweep.objects.select_for_update().get(pk=sweep.pk)
    return locked.finished_at is None and take_step(locked, target, told)


def take_step(sweep: Sweep, target: Target, told: Told = lambda _hit: None) -> bool:
    """Look at the next rows or files; return whether there are more. What is found opens incidents."""
    own_numbers.refresh()
    known = stored.tables(target.source) if target.source is not None else {}
    if not sweep.tables:
        sweep.tables = [*sorted(known), *([FILE] if target.media is not None else [])]
        sweep.table = sweep.tables[0]
    if sweep.table == FILE:
        more = _files(sweep, target, told)
    else:
        table = known.get(sweep.table)
        more = table is not None and target.source is not None and _rows(sweep, target.source, table, told)
    if not more:
        _clear(sweep)
        place = sweep.tables.index(sweep.table) + 1
        sweep.table = sweep.tables[place] if place < len(sweep.tables) else ""
        sweep.after = None
    sweep.step += 1
    if not sweep.table:
        sweep.finished_at = clock.now()
        counts = {"rows": sweep.rows, "files": sweep.files, "found": sweep.found, "removed": sweep.removed}
        recording.record(FINISHED, subject=(SUBJECT, sweep.pk), by=sweep.started_by, data=counts)
    sweep.save()
    return sweep.finished_at is None


def _rows(sweep: Sweep, source: Source, table: Table, told: Told) -> bool:
    rows = stored.rows(source, table, sweep.after, ROWS)
    hits: list[Hit] = []
    with redaction.unnoticed():
        if _is_suspect(BETWEEN.join(text for row in rows for text in row.texts), table):
            hits = [hit for row in rows for hit in _row(sweep, source, table, row)]
    _keep(sweep, COLUMN, hits, told)
    sweep.rows += len(rows)
    if rows:
        sweep.after = list(rows[-1].key)
    return len(rows) == ROWS


def _is_suspect(text: str, table: Table) -> bool:
    found = Counter(finding.kind for finding in redaction.redact(text).findings)
    return bool(_counted(found, table))


def _counted(kinds: Counter[str], table: Table) -> Counter[str]:
    if table.name in OWN_SECRETS:
        return Counter({kind: number for kind, number in kinds.items() if kind in CARD_DATA})
    return kinds


def _cleaned(column: Column, text: str) -> tuple[Counter[str], str]:
    """Return how often each kind was found, and the text without it.

    JSON is read value by value, as it was when it came in: a list of small numbers is no card's number.
    """
    with noticing() as notice:
        if text and column.type in {"json", "jsonb"}:
            after = json.dumps(redaction.redact_json(json.loads(text)), ensure_ascii=False)
        else:
            after = redaction.clean(text)
    return sum(notice.take().values(), Counter()), after


def _row(sweep: Sweep, source: Source, table: Table, row: Row) -> Iterator[Hit]:
    for column, text in zip(table.columns, row.texts, strict=True):
        kinds, after = _cleaned(column, text)
        if kinds := _counted(kinds, table):
            is_removed = sweep.removes and _mask(source, table, column, row, text, after)
            yield Hit(f"{table.name}.{column.name}", row.named, kinds, is_removed)


def _mask(source: Source, table: Table, column: Column, row: Row, text: str, after: str) -> bool:
    """Mask a text where it stands; return whether that could be done."""
    if table.only_grows or not column.can_be_masked or not table.key:
        return False
    try:
        with transaction.atomic():
            return stored.masked(source, table, column, row, text, after)
    except DatabaseError:  # a guard of its own, such as that of what was published
        return False


def _files(sweep: Sweep, target: Target, told: Told) -> bool:
    media = target.media or Path()
    names = sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())
    after = sweep.after[0] if sweep.after else ""
    batch = [name for name in names if name > after][:FILES]
    with redaction.unnoticed():
        hits = [hit for name in batch for hit in _file(sweep, media, name)]
    _keep(sweep, FILE, hits, told)
    sweep.files += len(batch)
    if batch:
        sweep.after = [batch[-1]]
    return len(batch) == FILES


def _file(sweep: Sweep, media: Path, name: str) -> Iterator[Hit]:
    path = media / name
    shown = redaction.clean(name)
    try:
        content = path.read_bytes()
        cleaned = redact_file(content, name)
    except FileNotFoundError:
        return  # deleted meanwhile
    except TooMuch:
        yield Hit(shown, "", Counter({UNREADABLE: 1}), is_removed=False)
        return
    if cleaned.findings:
        removes = sweep.removes and cleaned.content is not None
        if removes and cleaned.content is not None:
            fresh = path.with_name(f"{path.name}.sweep")
            fresh.write_bytes(cleaned.content)
            fresh.replace(path)
            for heard in _rewritten:
                heard(name, cleaned.content)
        yield Hit(shown, "", Counter(finding.kind for finding in cleaned.findings), removes)


def _keep(sweep: Sweep, kind: str, hits: list[Hit], told: Told) -> None:
    """Note the hits, those of a place together."""
    for place in dict.fromkeys(hit.place for hit in hits):
        for is_removed in (True, False):
            here = [hit for hit in hits if hit.place == place and hit.is_removed == is_removed]
            if here:
                _note(sweep, _place(sweep, kind, place), here, is_removed=is_removed)
    for hit in hits:
        told(hit)
        sweep.found += sum(hit.kinds.values())
        sweep.removed += sum(hit.kinds.values()) if hit.is_removed else 0


def _note(sweep: Sweep, place: Place, hits: list[Hit], *, is_removed: bool) -> None:
    kinds: Counter[str] = sum((hit.kinds for hit in hits), Counter())
    rows = [hit.row for hit in hits if hit.row]
    finds.note(kinds, place=place, way=Way.SWEEP, by=sweep.started_by, rows=rows, stands=not is_removed)


def _place(sweep: Sweep, kind: str, place: str) -> Place:
    return Place(f"backup.{kind}" if sweep.target else kind, 0, f"{sweep.target} {place}".strip()[-200:])


def _clear(sweep: Sweep) -> None:
    """Note of what an earlier sweep found that it is gone: this one has not found it any more."""
    kind = FILE if sweep.table == FILE else COLUMN
    begins = f"{sweep.target} " if sweep.target else ""
    begins += "" if sweep.table == FILE else f"{sweep.table}."
    standing = Incident.objects.filter(
        cause=Cause.FOUND, place_type=_place(sweep, kind, "").kind, place__startswith=begins, removed_at=None
    )
    for incident in standing:
        standing_finds: Any = incident.finds.filter(removed_at=None)
        if not standing_finds.filter(at__gte=sweep.started_at).exists():
            finds.removed(Place(incident.place_type, incident.place_id, incident.place), by=sweep.started_by)
        else:
            _forget_earlier(standing_finds.filter(at__lt=sweep.started_at), incident)


def _forget_earlier(earlier: Any, incident: Incident) -> None:
    """What an earlier sweep found and this one found again stands once."""
    if incident.state == State.OPEN:
        earlier.update(removed_at=clock.now())
