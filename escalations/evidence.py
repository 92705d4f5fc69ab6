"""Evidence of a ticket's hypotheses: kept as it was found, held for or against one of them."""

import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import hypotheses
from escalations.access import works_on
from escalations.changes import lock
from escalations.models import Evidence, EvidenceKind, Ticket
from events import recording

SUBJECT = "evidence"
KEPT, MOVED, REMOVED, RESTORED = "evidence.kept", "evidence.moved", "evidence.removed", "evidence.restored"
MOST = 300
LONGEST_TITLE, LONGEST_BODY, LONGEST_SOURCE = 200, 20_000, 4_000


@transaction.atomic
def keep(
    ticket: Ticket,
    *,
    kind: EvidenceKind,
    title: str,
    body: str,
    source: dict[str, Any],
    by: User,
    hypothesis: str = "",
    supports: bool = True,
    suspicion: str = "",
) -> Evidence:
    """Keep evidence for (or against) a hypothesis of the ticket's diagnosis, or of none yet.

    `suspicion` is the text of a new hypothesis, which is added and taken. A body above 20,000 characters is cut,
    and says so. Raises Absent, NotAllowed, or Refused (field `title`, `hypothesis`, `text`).
    """
    locked = _workable(ticket, by)
    name = " ".join(redaction.clean(title).replace("\x00", "").split())
    if not name:
        raise Refused(_("Say what this is evidence of."), field="title")
    if Evidence.objects.filter(ticket=locked, removed_at=None).count() >= MOST:
        raise Refused(_("An escalation can have at most %d pieces of evidence.") % MOST, field="title")
    origin = redaction.redact_json(source)
    if len(json.dumps(origin)) > LONGEST_SOURCE:
        raise Refused(_("Where this comes from is too long to be kept."), field="title")
    hypothesis = _chosen(locked, hypothesis, suspicion, by)
    kept = Evidence.objects.create(
        ticket=locked,
        kind=EvidenceKind(kind),
        title=_cut(name, LONGEST_TITLE, "…"),
        body=_cut(
            redaction.clean(body).replace("\x00", "").strip(), LONGEST_BODY, "\n" + _("(cut here, it was longer)")
        ),
        source=origin,
        hypothesis=hypothesis,
        supports=supports,
        kept_by=by,
        kept_at=clock.now(),
    )
    _record(kept, KEPT, by=by)
    return kept


@transaction.atomic
def move(
    evidence: Evidence, *, hypothesis: str, supports: bool, by: User, version: int, suspicion: str = ""
) -> Evidence:
    """Hold evidence for or against another hypothesis, "" for none; `version` is its own as the person saw it.

    Raises Absent, NotAllowed, Refused, or StaleVersion when somebody moved it meanwhile.
    """
    locked, ticket = _locked(evidence, by, version)
    hypothesis = _chosen(ticket, hypothesis, suspicion, by)
    if (locked.hypothesis, locked.supports) == (hypothesis, supports):
        return locked
    former = {"former": locked.hypothesis, "supported": locked.supports}
    locked.hypothesis, locked.supports = hypothesis, supports
    return _save(locked, MOVED, by=by, **former)


@transaction.atomic
def remove(evidence: Evidence, *, by: User, version: int) -> Evidence:
    """Take evidence off the board; it stays, and can be put back. Raises what `move` does."""
    locked, _ticket = _locked(evidence, by, version)
    if locked.removed_at is not None:
        return locked
    locked.removed_by, locked.removed_at = by, clock.now()
    return _save(locked, REMOVED, by=by)


@transaction.atomic
def restore(evidence: Evidence, *, by: User) -> Evidence:
    """Put evidence back to where it was. Raises Absent or NotAllowed."""
    locked, _ticket = _locked(evidence, by, None)
    if locked.removed_at is None:
        return locked
    locked.removed_by = locked.removed_at = None
    return _save(locked, RESTORED, by=by)


def _workable(ticket: Ticket, by: User) -> Ticket:
    locked = lock(ticket, by=by)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not write the diagnosis."))
    return locked


def _locked(evidence: Evidence, by: User, version: int | None) -> tuple[Evidence, Ticket]:
    """Return the evidence and its ticket as stored now, both locked: the ticket's lock is everybody's."""
    ticket = _workable(evidence.ticket, by)
    locked = Evidence.objects.get(pk=evidence.pk)
    locked.ticket = ticket
    if version is not None and locked.version != version:
        raise StaleVersion(_("Somebody moved this evidence meanwhile. Nothing was changed."), current=locked)
    return locked, ticket


def _chosen(ticket: Ticket, hypothesis: str, suspicion: str, by: User) -> str:
    if suspicion.strip():
        return hypotheses.suspect(ticket, suspicion, by=by)
    if hypothesis and hypothesis not in hypotheses.ids(ticket):
        raise Refused(_("There is no such hypothesis any more. Choose another one."), field="hypothesis")
    return hypothesis


def _save(evidence: Evidence, kind: str, *, by: User, **data: Any) -> Evidence:
    evidence.version += 1
    evidence.save()
    _record(evidence, kind, by=by, **data)
    return evidence


def _record(evidence: Evidence, kind: str, *, by: User, **data: Any) -> None:
    facts = {"kind": evidence.kind, "hypothesis": evidence.hypothesis, "supports": evidence.supports}
    recording.record(
        kind, subject=(SUBJECT, evidence.pk), by=by, data={"ticket": evidence.ticket_id, **facts, **data}
    )


def _cut(text: str, longest: int, mark: str) -> str:
    return text if len(text) <= longest else text[: longest - len(mark)] + mark
