"""An action's past and its next steps, as people read them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from actions import access, kinds
from actions.access import Party, parties
from actions.lifecycle import SUBJECT
from actions.models import Action, Decision
from actions.rule_answers import LABELS
from actions.statement import FILE, NOTE
from actions.transitions import TRANSITIONS, Verb
from events.models import Event

_LINES: dict[str, str | Promise] = {
    "action.drafted": gettext_lazy("wrote the draft"),
    "action.edited": gettext_lazy("edited it"),
    "action.requested": gettext_lazy("asked for approval"),
    "action.approved": gettext_lazy("approved it"),
    "action.rejected": gettext_lazy("rejected it"),
    "action.cancelled": gettext_lazy("cancelled it"),
    "action.expired": gettext_lazy("let it expire: nobody decided in time"),
    "action.executing": gettext_lazy("began to carry it out"),
    "action.done": gettext_lazy("carried it out"),
    "action.failed": gettext_lazy("could not carry it out"),
    "action.unknown": gettext_lazy("got no answer: the outcome is unknown"),
    "action.verified": gettext_lazy("read it back: it is as it should be"),
}
_TONES = {"action.done": "good", "action.verified": "good", "action.failed": "bad", "action.rejected": "bad"}
_ICONS = {
    "action.approved": "check", "action.rejected": "x-mark", "action.executing": "play",
    "action.done": "check-circle",
    "action.verified": "shield-check", "action.unknown": "question-mark-circle", "action.failed": "x-circle",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One thing that happened. `notes` are what was said with it."""

    at: datetime
    person: User
    line: str
    tone: str
    icon: str
    notes: list[str]


@dataclass(frozen=True)
class Step:
    """What may come next: what it is called, who may do it, and why this person can't."""

    label: str
    who: str
    is_yours: bool
    why_not: str


@dataclass(frozen=True)
class Proof:
    """A piece of evidence: its words, and the file or note that it names."""

    key: str
    label: str
    text: str
    file: str
    note: str
    is_needed: bool

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing."""
        return not (self.text or self.file or self.note)


def told(action: Action) -> list[Line]:
    """Return what happened, oldest first."""
    events = (
        Event.objects.filter(subject_type=SUBJECT, subject_id=action.pk).select_related("actor").order_by("pk")
    )
    decisions = iter(action.decisions.order_by("pk"))
    return [_line(event, action, decisions) for event in events]


def _line(event: Event, action: Action, decisions: Iterator[Decision]) -> Line:
    said = str(_LINES.get(event.kind, event.kind))
    notes: list[str] = []
    if event.kind in {"action.approved", "action.rejected"}:
        notes = list(_decided(next(decisions, None)))
    elif event.kind == "action.edited" and event.get("voided"):
        said = _("edited it, which made the approval void")
    elif event.kind in {"action.cancelled", "action.failed"} and action.why_ended:
        notes = [action.why_ended]
    return Line(event.at, event.actor, said, _TONES.get(event.kind, ""), _ICONS.get(event.kind, ""), notes)


def _decided(decision: Decision | None) -> Iterator[str]:
    if decision is None:
        return
    if decision.reason:
        yield decision.reason
    for rule, reason in decision.accepted.items():
        rule_name = LABELS.get(rule, rule)
        yield _("Accepted without an answer, %(rule)s: %(reason)s") % {"rule": rule_name, "reason": reason}


def next_steps(action: Action, user: User) -> list[Step]:
    """Return what may become of the action now, by whom, and why not by this person."""
    stances = parties(user, action)
    return [
        Step(
            label=str(one.label),
            who=_who(one.who, action),
            is_yours=bool(stances & one.who),
            why_not=access.why_not_approve(user, action) if Party.APPROVER in one.who else "",
        )
        for one in TRANSITIONS
        if action.state in one.sources and one.verb != Verb.EXPIRE
    ]


def _who(who: frozenset[Party], action: Action) -> str:
    if Party.APPROVER in who:
        names: list[Any] = [str(person) for person in access.approvers(action)[:6]]
        return get_text_list(names, _("or")) if names else _("nobody: whoever could made it")
    if Party.WORKER in who:
        return _("L2 and lead of %s") % action.ticket.team
    return _("Secondline itself")


def evidence(action: Action) -> list[Proof]:
    """Return each piece of evidence that the kind knows, with what was given for it."""
    found = []
    for piece in kinds.of(action.kind).evidence:
        kept = action.evidence.get(piece.key) or {}
        source = kept.get("source") or {}
        note = ""
        if source.get("type") == NOTE:
            note = str(action.ticket.messages.filter(pk=source["id"]).values_list("body", flat=True).first() or "")
        found.append(
            Proof(
                key=piece.key,
                label=str(piece.label),
                text=kept.get("text", ""),
                file=source.get("name", "") if source.get("type") == FILE else "",
                note=note,
                is_needed=piece.required,
            )
        )
    return found
