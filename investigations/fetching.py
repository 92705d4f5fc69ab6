"""Logs are fetched from a source: asked for on a ticket, and carried out by the job that analyses them."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock, progress, sealed
from common.errors import NotAllowed, Refused
from escalations.access import works_on
from escalations.changes import lock
from escalations.models import Ticket
from events import recording
from investigations.keeping import ADDED, SUBJECT, check_room, redacted, temporary
from investigations.logs import layouts
from investigations.logs.analysis import Stopped
from investigations.logs.reading import MEGABYTE, shortened
from investigations.models import Log, LogSource, LogState, LogTrouble, SourceKind
from investigations.sources import elastic, loki, splunk
from investigations.sources.asking import ID, Place, Question, Record, SourceTrouble

#: A fetched log is at most so large, and fetching takes so long.
MOST_BYTES = 100 * MEGABYTE
LONGEST_SECONDS = 180
LONGEST_SPAN = timedelta(days=31)
MOST_IDS = 10
_LOOKED_AT = 200  # lines by which it is told whether they carry their own time
_NOTED_EVERY = 500

_FETCHERS = {
    SourceKind.SPLUNK: splunk.fetch,
    SourceKind.ELASTICSEARCH: elastic.fetch,
    SourceKind.OPENSEARCH: elastic.fetch_scrolling,
    SourceKind.LOKI: loki.fetch,
}


def suggested(ticket: Ticket) -> tuple[list[str], datetime, datetime]:
    """Return which ids and which time a ticket speaks of: half an hour around what happened, or its last day."""
    said = [
        ticket.transaction_ref,
        *(str(ticket.answers.get(name, "")) for name in ("request_id", "correlation_id")),
    ]
    ids = list(dict.fromkeys(one for one in said if ID.fullmatch(one)))
    happened = next((at for at in map(_moment, ticket.answers.values()) if at), None)
    now = clock.now()
    if happened is None or happened > now:
        return ids, ticket.created_at - timedelta(days=1), min(now, ticket.created_at + timedelta(hours=1))
    return ids, happened - timedelta(minutes=30), happened + timedelta(minutes=30)


def _moment(answer: object) -> datetime | None:
    """Return the instant that an answer is, if it has a time of day."""
    if not isinstance(answer, str) or len(answer) < 16:
        return None
    try:
        found = datetime.fromisoformat(answer)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@transaction.atomic
def ask(ticket: Ticket, source: LogSource, *, ids: list[str], since: datetime, until: datetime, by: User) -> Log:
    """Have lines fetched and analysed. Raises NotAllowed, Refused."""
    locked = lock(ticket, by=by)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not add logs to this escalation."))
    if not source.is_active:
        raise Refused(_("This source is not in use any more."), field="source")
    if len(ids) > MOST_IDS:
        raise Refused(_("At most %d ids.") % MOST_IDS, field="ids")
    for one in ids:
        if not ID.fullmatch(one):
            raise Refused(
                _("“%s” is no id: at least three letters, digits or any of . : @ / + = # - _") % one[:60],
                field="ids",
            )
    if not since < until:
        raise Refused(_("The time must end after it begins."), field="until")
    if until - since > LONGEST_SPAN:
        raise Refused(_("At most %d days.") % LONGEST_SPAN.days, field="until")
    check_room(locked, 1, 0)
    now = clock.now()
    asked = {"ids": ids, "since": since.isoformat(), "until": until.isoformat()}
    name = f"{source.name} {since:%Y-%m-%d %H.%M}–{until:%H.%M} UTC"
    log = Log.objects.create(
        ticket=locked, source=source, asked=asked, name=name, service=source.service, zone=source.zone,
        added_by=by, added_at=now, size=0, lines=0, sha256="",
    )  # fmt: skip
    data = {"ticket": locked.pk, "source": source.pk, **asked}
    recording.record(ADDED, subject=(SUBJECT, log.pk), by=by, data=data)
    return log


def job(log: Log) -> str:
    """Return the name under which the progress of fetching is noted."""
    return f"log.{log.pk}.fetch"


def fetch(log: Log) -> None:
    """Bring a log's lines in, without cards and secrets. Never called within a transaction.

    Raises SourceTrouble, Stopped, Refused.
    """
    source = log.source
    if source is None:
        return
    question = Question(
        ids=tuple(log.asked["ids"]), since=datetime.fromisoformat(log.asked["since"]),
        until=datetime.fromisoformat(log.asked["until"]), most_lines=source.most_lines, most_bytes=MOST_BYTES,
        ends=time.monotonic() + LONGEST_SECONDS,
    )  # fmt: skip
    records = _FETCHERS[SourceKind(source.kind)](place_of(source), question)
    with temporary() as target:
        columns = redacted(_watched(log, written(_counted(records, question)), source.most_lines), target)
        if not question.came:
            raise SourceTrouble(LogTrouble.NO_LINES)
        log.text.save("", File(target, name="text"), save=False)
    with transaction.atomic():
        locked = Ticket.objects.select_for_update(no_key=True).get(pk=log.ticket_id)
        try:
            check_room(locked, 0, columns["size"])
        except Refused:
            log.text.delete(save=False)
            raise
        mine = Log.objects.filter(pk=log.pk, state=LogState.UNDER_WAY)
        kept = mine.update(text=log.text.name, cut=question.cut, **columns)
    if not kept:
        log.text.delete(save=False)
        raise Stopped
    log.refresh_from_db()


def place_of(source: LogSource) -> Place:
    """Return where to ask, with the secret opened. Raises SourceTrouble."""
    try:
        secret = sealed.open_(source.token, secret_of(source)) if source.token else ""
    except sealed.Unreadable as error:
        raise SourceTrouble(LogTrouble.NO_SECRET) from error
    return Place(
        url=source.url, within=source.within, sign_in=source.sign_in if secret else "none", secret=secret,
        tenant=source.tenant, time_field=source.time_field, level_field=source.level_field,
        source_field=source.source_field, message_field=source.message_field, id_fields=names_in(source.id_fields),
        more_fields=names_in(source.more_fields),
    )  # fmt: skip


def secret_of(source: LogSource) -> str:
    """Return what a source's sealed secret is bound to."""
    return f"log_source:{source.pk}:token"


def names_in(text: str) -> tuple[str, ...]:
    """Return names that are separated by commas."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _counted(records: Iterator[Record], question: Question) -> Iterator[Record]:
    for record in records:
        size = len(record.text) + (len(str(record.document)) if record.document else 0) + 40
        if not question.takes(size):
            return
        yield record


def _watched(log: Log, lines: Iterator[str], most: int) -> Iterator[str]:
    """Note how far it is, and end where the log was cancelled."""
    for number, line in enumerate(lines):
        if number % _NOTED_EVERY == 0:
            if not Log.objects.filter(pk=log.pk, state=LogState.UNDER_WAY).exists():
                raise Stopped
            progress.note(job(log), number, most)
        yield line


def written(records: Iterator[Record]) -> Iterator[str]:
    """Yield records as lines. Texts with a time of their own stay as they are; others get it in front."""
    first = list(islice(records, _LOOKED_AT))
    texts = [record.text for record in first if record.document is None]
    layout = layouts.told_by(texts) if texts else None
    timed = sum(bool(layout.read(text).time) for text in texts) if layout else 0
    verbatim = bool(texts) and timed > len(texts) / 2
    for record in chain(first, records):
        for line in (_line(record) if not verbatim else record.text).split("\n"):
            yield shortened(line)


def _line(record: Record) -> str:
    at = record.at.astimezone(UTC).isoformat(timespec="milliseconds") if record.at else ""
    if record.document is not None:
        own = {"time": at, "level": record.level, "logger": record.name, "message": record.text}
        return json.dumps({**own, **_without_empty(record.document)}, ensure_ascii=False)
    if record.text.lstrip().startswith("{"):
        try:
            value = json.loads(record.text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return json.dumps({"time": at, **value}, ensure_ascii=False)
    level = layouts.level(record.level).upper()
    return " ".join(part for part in (at, level, record.text) if part)


def _without_empty(document: object) -> dict[str, object]:
    return (
        {name: value for name, value in document.items() if value is not None}
        if isinstance(document, dict)
        else {}
    )
