"""The job behind a log: its lines are indexed and grouped, what they come to is kept."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet

from common import clock, progress
from common.errors import Refused
from common.zones import zone_info
from events.models import Event
from investigations import fetching, lines
from investigations.keeping import end
from investigations.logs.analysis import NO_TIME, Analysis, Stopped, Template, analyze
from investigations.models import Log, LogState, LogTemplate, LogTrouble
from investigations.sources.asking import SourceTrouble

logger = logging.getLogger(__name__)

CONSUMER = "logs"
#: Fetching and analysis together end well before a job must (CELERY_TASK_SOFT_TIME_LIMIT).
LONGEST_SECONDS = 420
#: Longer than a job can live (CELERY_TASK_TIME_LIMIT): whose claim is older than this was killed.
LEASE = timedelta(minutes=11)
MOST_ATTEMPTS = 3
#: So many templates are kept, the first of their rank, and so many ids.
MOST_TEMPLATES = 5000
MOST_IDS = 200
_LONGEST_TEXT = 2000


class TooLong(Exception):
    """It takes longer than a job may."""


def consume(event: Event) -> None:
    """Analyse the log that was added, once this transaction is over. Safe to repeat: what is over stays so."""
    transaction.on_commit(partial(carry_out, event.subject_id), robust=True)


def carry_out(number: int) -> None:
    """Analyse a log, unless somebody is at it. Never called within a transaction.

    Who is killed in the middle leaves a claim that lapses: the log is late, never lost. One that kills each of its
    workers is given up.
    """
    if not _free().filter(pk=number).update(claimed_at=clock.now(), attempts=F("attempts") + 1):
        return
    log = Log.objects.get(pk=number)
    if log.attempts > MOST_ATTEMPTS:
        end(log, LogState.FAILED, LogTrouble.BROKEN, attempts=MOST_ATTEMPTS)
        return
    run(log)


def take_up() -> None:
    """Analyse the log that has waited longest of those whose worker was killed, or that none has begun."""
    overdue = _free().filter(added_at__lt=clock.now() - LEASE).order_by("added_at", "pk")
    number = overdue.values_list("pk", flat=True).first()
    if number is not None:
        carry_out(number)


def _free() -> QuerySet[Log]:
    """Return the logs that are under way and that nobody is at."""
    claimed = Q(claimed_at__gte=clock.now() - LEASE)
    return Log.objects.filter(state=LogState.UNDER_WAY).exclude(claimed)


def job(log: Log) -> str:
    """Return the name under which its progress is noted (common.progress)."""
    return f"log.{log.pk}"


def run(log: Log) -> None:
    """Analyse a log and keep what comes out, or why nothing does.

    Its row is not touched until the end, so that it can be cancelled meanwhile.
    """
    began = time.monotonic()
    try:
        if log.source_id is not None and not log.text:
            fetching.fetch(log)
        _run(log, began)
    except Stopped:
        return
    except SourceTrouble as error:
        end(log, LogState.FAILED, error.trouble)
    except Refused:
        end(log, LogState.FAILED, LogTrouble.NO_ROOM)
    except DatabaseError:
        raise
    except TooLong:
        end(log, LogState.FAILED, LogTrouble.TOO_LONG)
    except FileNotFoundError:
        end(log, LogState.FAILED, LogTrouble.GONE)
    except Exception:
        logger.exception("The analysis of log %s failed.", log.pk)
        end(log, LogState.FAILED, LogTrouble.BROKEN)


def _run(log: Log, began: float) -> None:
    def went_on(done: int) -> None:
        if not Log.objects.filter(pk=log.pk, state=LogState.UNDER_WAY).exists():
            raise Stopped
        if time.monotonic() - began > LONGEST_SECONDS:
            raise TooLong
        progress.note(job(log), done, log.lines)

    went_on(0)
    ends: list[int] = []
    # As the system has it: Django's File would begin a line at a lone carriage return, too.
    with Path(log.text.path).open("rb") as file:
        found = analyze(
            _read(file, ends), zone=zone_info(log.zone), now=log.added_at, name=log.name, went_on=went_on
        )
        examples = [_line(file, ends, template) for template in found.templates[:MOST_TEMPLATES]]
    index = lines.index_of(found, ends)
    timed = [instant for instant in found.instant if instant != NO_TIME]
    with transaction.atomic():
        log.index.save("", ContentFile(index), save=False)
        kept = end(
            log,
            LogState.DONE,
            index=log.index.name,
            seconds=round(time.monotonic() - began, 1),
            layout=found.layout,
            templates_found=len(found.templates),
            failures=sum(template.count for template in found.templates if template.bad),
            begins_at=_instant(min(timed)) if timed else None,
            ends_at=_instant(max(timed)) if timed else None,
            without_zone=found.without_zone,
            sources=found.sources,
            ids=[[what, value, len(where)] for (what, value), where in found.ids.items()][:MOST_IDS],
        )
        if not kept:
            log.index.delete(save=False)
            raise Stopped
        LogTemplate.objects.bulk_create(_rows(log, found, examples), batch_size=1000)


def _read(file: IO[bytes], ends: list[int]) -> Iterator[str]:
    """Yield the lines of a stored text, and note where each ends."""
    at = 0
    for line in file:
        at += len(line)
        ends.append(at)
        yield line.decode("utf-8", "replace").rstrip("\n")


def _line(file: IO[bytes], ends: list[int], template: Template) -> str:
    number = template.first
    start = ends[number - 2] if number > 1 else 0
    file.seek(start)
    return file.read(min(ends[number - 1] - start, _LONGEST_TEXT)).decode("utf-8", "ignore").rstrip("\n")


def _rows(log: Log, found: Analysis, examples: list[str]) -> Iterator[LogTemplate]:
    for place, (template, example) in enumerate(zip(found.templates, examples, strict=False)):
        yield LogTemplate(
            log=log, place=place, text=template.text[:_LONGEST_TEXT], count=template.count, first=template.first,
            last=template.last, severity=template.severity, level=min(filter(None, template.levels), default=0),
            signs=[[*sign[:2], count] for sign, count in template.signs.most_common(20)], example=example,
        )  # fmt: skip


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
