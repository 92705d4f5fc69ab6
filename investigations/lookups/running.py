"""Running a lookup for a ticket: asked for a reason, carried out by a worker, kept masked, quoted as evidence."""

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from common.texts import storable
from escalations import evidence
from escalations.access import works_on
from escalations.changes import lock
from escalations.models import Evidence, EvidenceKind, Ticket
from events import recording
from events.models import Event
from investigations.lookups import asking, definitions, parameters
from investigations.lookups.answer import NoAnswer, Table
from investigations.models import LookupRun, LookupState, LookupTrouble, LookupVersion

logger = logging.getLogger(__name__)

CONSUMER = "lookups"
SUBJECT = "lookup_run"
ASKED, ANSWERED = "lookup.asked", "lookup.answered"
MOST_RUNS = 500
SHORTEST_REASON = 5
#: A run that takes longer has lost its worker.
LOST_AFTER = timedelta(minutes=2)
_EVIDENCE_ROWS = 50


def may_run(user: User, ticket: Ticket, version: LookupVersion) -> bool:
    """Tell whether `user` works on the ticket and is among those the lookup is for."""
    return works_on(user, ticket) and is_for(user, ticket, version)


def is_for(user: User, ticket: Ticket, version: LookupVersion) -> bool:
    """Tell whether `user`, as who they are on the ticket, is among those the lookup is for."""
    if version.teams and ticket.team_id not in version.teams:
        return False
    return not version.roles or user.roles.get(ticket.team_id) in version.roles


def read_by(user: User, ticket: Ticket) -> QuerySet[LookupRun]:
    """Return the ticket's runs as far as `user` may read what came: whom the lookup is for, and who reads all.

    The caller judges whether they read the ticket's internal part at all.
    """
    runs = LookupRun.objects.filter(ticket=ticket)
    if user.reads_all:
        return runs
    role = user.roles.get(ticket.team_id, "")
    return runs.filter(
        Q(version__roles=[]) | Q(version__roles__contains=[role]),
        Q(version__teams=[]) | Q(version__teams__contains=[ticket.team_id]),
    )


def offered(user: User, ticket: Ticket) -> list[LookupVersion]:
    """Return what `user` may look up for the ticket, by name."""
    return [
        version
        for version in definitions.latest()
        if version.lookup.is_active and version.source.is_active and may_run(user, ticket, version)
    ]


@transaction.atomic
def ask(ticket: Ticket, version: LookupVersion, given: Mapping[str, str], *, reason: str, by: User) -> LookupRun:
    """Have a lookup run. Values are judged before anybody is asked.

    Raises NotAllowed, Refused (field `reason`, or the name of a parameter).
    """
    locked = lock(ticket, by=by)
    if not may_run(by, locked, version):
        raise NotAllowed(_("You may not run this lookup here."))
    if definitions.latest_of(version.lookup).pk != version.pk:
        raise Refused(_("This lookup was changed meanwhile. Look at what it asks now, and send it again."))
    if not (version.lookup.is_active and version.source.is_active):
        raise Refused(_("This lookup is not in use any more."))
    why = " ".join(redaction.clean(reason).replace("\x00", "").split())[:300]
    if len(why) < SHORTEST_REASON:
        raise Refused(_("Say why you look this up: it is kept with the answer."), field="reason")
    values = {}
    for parameter in parameters.stored(version.parameters):
        text = given.get(parameter.name, "").strip()
        parameters.value(parameter, text)
        values[parameter.name] = text
    if LookupRun.objects.filter(ticket=locked).count() >= MOST_RUNS:
        raise Refused(_("An escalation can have at most %d lookups.") % MOST_RUNS)
    run = LookupRun.objects.create(
        ticket=locked, version=version, values=values, reason=why, asked_by=by, asked_at=clock.now()
    )
    data = {
        "ticket": locked.pk, "lookup": version.lookup.name, "version": version.number,
        "source": version.source.name, "values": values, "reason": why,
    }  # fmt: skip
    recording.record(ASKED, subject=(SUBJECT, run.pk), by=by, data=data)
    return run


def handle(event: Event) -> None:
    """Carry out what was asked, once this transaction is over. Safe to repeat: reading twice changes nothing."""
    transaction.on_commit(partial(carry_out, event.subject_id), robust=True)


def carry_out(number: int) -> None:
    """Ask the source, and keep what came, or why nothing did. Never called within a transaction."""
    run = (
        LookupRun.objects.filter(pk=number, state=LookupState.UNDER_WAY)
        .select_related("version__source", "version__lookup", "asked_by")
        .first()
    )
    if run is None:
        return
    began = time.monotonic()
    try:
        table, masked = asking.ask(run.version, run.values)
        _keep(run, table, masked, time.monotonic() - began)
    except NoAnswer as error:
        _fail(run, error.trouble, error.detail, time.monotonic() - began)
    except Refused as error:
        _fail(run, LookupTrouble.REJECTED, str(error.message), time.monotonic() - began)
    except Exception:
        logger.exception("Lookup run %s failed.", run.pk)
        _fail(run, LookupTrouble.BROKEN, "", time.monotonic() - began)


def _fail(run: LookupRun, trouble: LookupTrouble, detail: str, seconds: float) -> None:
    said = redaction.clean(storable(detail))[:300]
    _end(run, LookupState.FAILED, {"trouble": trouble.value}, seconds, trouble=trouble.value, detail=said)


def _keep(run: LookupRun, table: Table, masked: int, seconds: float) -> None:
    sha256 = digest(table.columns, table.rows)
    said = {"rows": len(table.rows), "sha256": sha256}
    _end(
        run, LookupState.DONE, said, seconds, columns=table.columns, rows=table.rows, is_cut=table.is_cut,
        cut_cells=table.cut_cells, masked=masked, sha256=sha256,
    )  # fmt: skip


@transaction.atomic
def _end(run: LookupRun, state: LookupState, said: dict[str, Any], seconds: float, **columns: Any) -> None:
    ended = LookupRun.objects.filter(pk=run.pk, state=LookupState.UNDER_WAY).update(
        state=state, finished_at=clock.now(), seconds=seconds, **columns
    )
    if ended:
        data = {"ticket": run.ticket_id, "state": state.value, **said}
        recording.record(ANSWERED, subject=(SUBJECT, run.pk), by=run.asked_by, data=data)


def digest(columns: list[str], rows: list[list[str | None]]) -> str:
    """Return the SHA-256 of an answer as it is kept: of [columns, rows] as JSON without spaces, in UTF-8."""
    spelled = json.dumps([columns, rows], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(spelled.encode("utf-8", "surrogatepass")).hexdigest()


def is_lost(run: LookupRun) -> bool:
    """Tell whether nobody is at it any more: its worker ended in the middle."""
    return run.state == LookupState.UNDER_WAY and clock.now() - run.asked_at > LOST_AFTER


def keep_as_evidence(
    run: LookupRun, *, by: User, hypothesis: str = "", supports: bool = True, suspicion: str = ""
) -> Evidence:
    """Quote the answer as evidence, with what was asked in which version, and when.

    Raises what escalations.evidence.keep does, and Refused where there is no answer.
    """
    if run.state != LookupState.DONE:
        raise Refused(_("There is no answer that could be evidence."))
    version = run.version
    source = {
        "run": run.pk, "lookup": version.lookup.name, "version": version.number,
        "source": version.source.name, "values": run.values, "rows": len(run.rows),
        "at": run.finished_at.isoformat() if run.finished_at else None, "sha256": run.sha256,
    }  # fmt: skip
    return evidence.keep(
        run.ticket, kind=EvidenceKind.LOOKUP, title=f"{version.lookup.name} v{version.number}", body=as_text(run),
        source=source, by=by, hypothesis=hypothesis, supports=supports, suspicion=suspicion,
    )  # fmt: skip


def as_text(run: LookupRun) -> str:
    """Return an answer as lines of text, the first of them its columns."""
    if not run.rows:
        return _("No rows.")
    rows = [" | ".join(run.columns)]
    rows += [" | ".join("–" if cell is None else " ".join(cell.split()) for cell in row) for row in run.rows]
    if len(rows) > _EVIDENCE_ROWS + 1:
        more = len(rows) - 1 - _EVIDENCE_ROWS
        rows = [*rows[: _EVIDENCE_ROWS + 1], _("and %d rows more") % more]
    return "\n".join(rows)


@dataclass(frozen=True)
class Difference:
    """What an answer has that an earlier one had not, and the other way round."""

    earlier: LookupRun
    columns: list[str]
    came: list[list[str | None]]
    went: list[list[str | None]]
    stayed: int


def compare(run: LookupRun, earlier: LookupRun) -> Difference:
    """Compare two answers by the columns that both have. Raises Refused where they have none in common."""
    columns = [name for name in run.columns if name in earlier.columns]
    if not columns and run.rows and earlier.rows:
        raise Refused(_("These two answers have no column in common."))
    new, old = _narrow(run, columns), _narrow(earlier, columns)
    left = list(old)
    came = []
    for row in new:
        if row in left:
            left.remove(row)
        else:
            came.append(row)
    return Difference(earlier, columns or run.columns or earlier.columns, came, left, len(new) - len(came))


def _narrow(run: LookupRun, columns: list[str]) -> list[list[str | None]]:
    if not columns:
        return list(run.rows)
    places = [run.columns.index(name) for name in columns]
    return [[row[place] for place in places] for row in run.rows]


def earlier_runs(run: LookupRun, user: User) -> list[LookupRun]:
    """Return earlier answers to the same lookup on the same ticket that `user` may read, the newest first."""
    return list(
        read_by(user, run.ticket)
        .filter(version__lookup=run.version.lookup_id, state=LookupState.DONE, pk__lt=run.pk)
        .select_related("version")
        .defer("rows", "columns")
        .order_by("-pk")[:20]
    )
