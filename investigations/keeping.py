"""A log comes to a ticket: read, without cards and secrets, kept, and owed to the job that analyses it."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from common.zones import CalendarError, zone_info
from escalations.access import Party, standing, works_on
from escalations.attachments import files_in, safe_name
from escalations.changes import lock
from escalations.models import Ticket
from events import recording
from investigations.logs.reading import MEGABYTE, Member, members
from investigations.models import Log, LogState
from redaction.streams import redact_stream

SUBJECT = "log"
ADDED = "log.added"
CANCELLED = "log.cancelled"
REMOVED = "log.removed"
READ_AGAIN = "log.read_again"
FOLDER = "logs"

#: So many logs a ticket may have.
MOST_LOGS = 50
_IN_MEMORY = 4 * MEGABYTE


def add(ticket: Ticket, file: IO[bytes], name: str, *, by: User, zone: str, service: str = "") -> list[Log]:
    """Keep a log, or each log of an archive, and have it analysed. Nothing is kept if any of it is refused.

    Raises NotAllowed, or Refused for what investigations.logs.reading refuses.
    """
    with brought_in(ticket, file, name, by=by, zone=zone, service=service) as logs:
        keep(ticket, logs, by=by)
    return logs


@contextmanager
def brought_in(
    ticket: Ticket, file: IO[bytes], name: str, *, by: User, zone: str, service: str = ""
) -> Iterator[list[Log]]:
    """Read a log, or each log of an archive, and store its text without cards and secrets; `keep` makes it a row.

    This takes as long as the log is large, so nothing is to be held meanwhile: call it outside of transactions.
    Texts that were not kept are deleted at the end. Raises what `add` does.
    """
    if not works_on(by, ticket):
        raise NotAllowed(_("You may not add logs to this escalation."))
    check_zone(zone)
    logs: list[Log] = []
    is_kept = False
    try:
        for member in members(file, name):
            with temporary() as target:
                log = _read(member, target)
                log.zone, log.service = zone, redaction.clean(service).strip()[:80]
                logs.append(log)
            if len(logs) > MOST_LOGS:
                raise _too_many()
        yield logs
        is_kept = all(log.pk for log in logs)
    finally:
        if not is_kept:
            for log in logs:
                default_storage.delete(str(log.text.name))


def check_zone(zone: str) -> None:
    """Raise Refused where there is no such time zone."""
    try:
        zone_info(zone)
    except CalendarError as error:
        raise Refused(_("There is no such time zone. Europe/Madrid is one, UTC another."), field="zone") from error


@transaction.atomic
def keep(ticket: Ticket, logs: list[Log], *, by: User) -> None:
    """Keep logs whose texts are stored, and have them analysed. Raises NotAllowed, Refused."""
    locked = lock(ticket, by=by)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not add logs to this escalation."))
    check_room(locked, len(logs), sum(log.size for log in logs))
    for log in logs:
        log.ticket, log.added_by, log.added_at = locked, by, clock.now()
        log.save()
        recording.record(ADDED, subject=(SUBJECT, log.pk), by=by, data={"ticket": locked.pk, "sha256": log.sha256})


def check_room(locked: Ticket, logs: int, size: int) -> None:
    """Raise Refused where a locked ticket has no room for so many more logs, or bytes. Removed ones take none."""
    there = Log.objects.filter(ticket=locked).exclude(state=LogState.REMOVED)
    if there.count() + logs > MOST_LOGS:
        raise _too_many()
    used = there.aggregate(used=Sum("size"))["used"] or 0
    if used + size > settings.LOGS_OF_TICKET_MAX_BYTES:
        raise Refused(
            _("All logs of an escalation may have %d MB together. Remove those that are not needed any more.")
            % (settings.LOGS_OF_TICKET_MAX_BYTES // MEGABYTE),
            field="file",
        )


def _too_many() -> Refused:
    return Refused(_("An escalation can have at most %d logs.") % MOST_LOGS, field="file")


def temporary() -> IO[bytes]:
    """Return a file for what is not kept yet."""
    return tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=settings.FILE_UPLOAD_TEMP_DIR)


def _read(member: Member, target: IO[bytes]) -> Log:
    """Return a log that is no row yet, its text stored without cards and secrets; `target` is for the way."""
    log = Log(name=safe_name(member.name), **redacted(member.lines, target))
    log.text.save("", File(target, name="text"), save=False)
    return log


def redacted(lines: Iterator[str], target: IO[bytes]) -> dict[str, Any]:
    """Write lines into `target` without cards and secrets; return what a log says of its text."""
    digesting = _Digesting(target)
    masked = len(list(redact_stream(_Bytes(lines), digesting)))  # type: ignore[arg-type]
    target.seek(0)
    return {
        "size": digesting.size, "sha256": digesting.digest.hexdigest(), "lines": digesting.lines, "masked": masked,
    }  # fmt: skip


def sweep(older_than: timedelta = timedelta(days=1)) -> int:
    """Delete files that no log names, as of changes that failed and of tickets that are gone; return how many."""
    stored = set(files_in(FOLDER, before=clock.now() - older_than))
    named = Log.objects.filter(Q(text__in=stored) | Q(index__in=stored)).values_list("text", "index")
    orphans = stored - {name for names in named for name in names}
    for name in orphans:
        default_storage.delete(name)
    return len(orphans)


class _Bytes:
    """Lines as a stream of UTF-8."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._rest = lines, b""

    def read(self, size: int) -> bytes:
        """Return about `size` bytes, whole lines; b"" at the end."""
        parts: list[str] = []
        length = 0
        for line in self._lines:
            parts += (line, "\n")
            length += len(line) + 1
            if length >= size:
                break
        return "".join(parts).encode("utf-8", "replace")


class _Digesting:
    """Counts and digests what is written."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.digest, self.size, self.lines = hashlib.sha256(), 0, 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        self.lines += data.count(b"\n")
        return self._target.write(data)


@transaction.atomic
def cancel(log: Log, *, by: User) -> None:
    """Stop an analysis that is under way; one that is over stays as it is. Raises NotAllowed."""
    if not works_on(by, log.ticket):
        raise NotAllowed(_("You may not cancel this."))
    if end(log, LogState.CANCELLED):
        recording.record(CANCELLED, subject=(SUBJECT, log.pk), by=by, data={"ticket": log.ticket_id})


@transaction.atomic
def read_again(log: Log, *, zone: str, by: User) -> None:
    """Have the text that is kept analysed once more, its times in another zone. Raises NotAllowed, Refused.

    It is no longer its service's normal: somebody has to look at it again.
    """
    if not works_on(by, log.ticket):
        raise NotAllowed(_("You may not change this log."))
    check_zone(zone)
    locked = Log.objects.select_for_update().get(pk=log.pk)
    if locked.state in {LogState.UNDER_WAY, LogState.REMOVED} or not locked.text:
        raise Refused(_("This log can't be read again: it is under way, or its text is not there."))
    locked.templates.all().delete()
    if locked.index:
        transaction.on_commit(partial(default_storage.delete, str(locked.index.name)))
    locked.state, locked.trouble, locked.finished_at = LogState.UNDER_WAY, "", None
    locked.claimed_at, locked.attempts = None, 0
    locked.zone, locked.index, locked.is_normal = zone, "", False
    locked.save()
    data = {"ticket": locked.ticket_id, "zone": zone}
    recording.record(READ_AGAIN, subject=(SUBJECT, log.pk), by=by, data=data)


@transaction.atomic
def remove(log: Log, *, why: str, by: User) -> None:
    """Delete what is in a log, for its adder or a lead; the row stays and says who and why.

    What was quoted from it as evidence stays, too: that is the diagnosis's. Removed twice, it is the same.
    Raises NotAllowed, Refused.
    """
    locked = Log.objects.select_for_update().select_related("ticket").get(pk=log.pk)
    if not may_remove(by, locked):
        raise NotAllowed(_("Only who added a log, or a lead, may remove it."))
    reason = redaction.clean(why).strip()[:300]
    if not reason:
        raise Refused(_("Say why it is removed."), field="why")
    if locked.state == LogState.REMOVED:
        return
    files = [name for name in (locked.text.name, locked.index.name) if name]
    locked.templates.all().delete()
    locked.state, locked.trouble, locked.finished_at = LogState.REMOVED, "", clock.now()
    locked.removed_by, locked.removed_why = by, reason
    locked.text = locked.index = ""
    locked.ids, locked.sources, locked.is_normal, locked.asked = [], [], False, {}
    locked.save()
    data = {"ticket": locked.ticket_id, "sha256": locked.sha256, "why": reason}
    recording.record(REMOVED, subject=(SUBJECT, log.pk), by=by, data=data)
    for name in files:
        transaction.on_commit(partial(default_storage.delete, name))


def may_remove(user: User, log: Log) -> bool:
    """Tell whether the person may remove a log: who added it and still works on the ticket, and its leads."""
    stances = standing(user, log.ticket)
    return Party.LEAD in stances or (Party.SPECIALIST in stances and log.added_by_id == user.pk)


def end(log: Log, state: LogState, trouble: str = "", **columns: object) -> bool:
    """Bring a log that is under way to its end, once; return whether it was this call that did."""
    ended = Log.objects.filter(pk=log.pk, state=LogState.UNDER_WAY).update(
        state=state, trouble=trouble, finished_at=clock.now(), **columns
    )
    return bool(ended)
