"""What happened to a review, as sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from common import durations
from compliance import changes
from compliance.checklists import text_of
from compliance.models import Case, Kind, Outcome, Step, Value
from compliance.sealing import CaseKey, Unreadable
from escalations.models import Customer
from escalations.models.ticket import REFERENCE_PREFIX
from events.models import Event


@dataclass(frozen=True)
class Entry:
    """One thing on the line. `text` is what somebody wrote; `is_unreadable`, that it does not open."""

    at: datetime
    actor: User
    line: str
    icon: str = ""
    tone: str = ""
    text: str = ""
    is_unreadable: bool = False


def of(case: Case, key: CaseKey) -> list[Entry]:
    """Return everything that happened, the oldest first, in the language and zone now active."""
    events = list(
        Event.objects.filter(subject_type=changes.SUBJECT, subject_id=case.pk)
        .select_related("actor")
        .order_by("pk")
    )
    texts = _texts(case, key)
    known: _Known = _names(events) | {"item": {one["key"]: text_of(one) for one in case.procedure.items}}
    entries = [_entry(event, known, texts) for event in events if event.kind not in _QUIET]
    if entries and case.notes.exists():  # the reason why it was opened is the first note
        first = min(texts.notes, default=0)
        entries[0] = _with(entries[0], texts.notes.get(first))
    return entries


def line_of(event: Event) -> str:
    """Return the sentence about one event, for the list of what is new."""
    return _line(event, _names([event]))[0]


#: What events name by a number or a key, by what it is.
_Known = dict[str, dict[Any, str]]


@dataclass(frozen=True)
class _Texts:
    """What people wrote, by id; None for what does not open."""

    notes: dict[int, str | None]
    reasons: dict[int, str | None]
    remarks: dict[int, str | None]
    documents: dict[int, str | None]


_QUIET = {"compliance.pack_made"}


def _texts(case: Case, key: CaseKey) -> _Texts:
    def text(row: Any, column: str) -> str | None:
        try:
            return key.text(row, column)
        except Unreadable:
            return None

    def name(row: Any) -> str | None:
        try:
            return str(key.json(row, "about")["name"])
        except Unreadable:
            return None

    proposals = list(case.proposals.all())
    return _Texts(
        notes={one.pk: text(one, "text") for one in case.notes.all()},
        reasons={one.pk: text(one, "reason") for one in proposals},
        remarks={one.pk: text(one, "remark") for one in proposals if one.remark},
        documents={one.pk: name(one) for one in case.documents.all()},
    )


def _names(events: Iterable[Event]) -> _Known:
    people = {event.get("owner") for event in events} - {None}
    customers = {event.get("customer") for event in events} - {None}
    return {
        "owner": {one.pk: str(one) for one in User.objects.filter(pk__in=people)} if people else {},
        "customer": {one.pk: one.name for one in Customer.objects.filter(pk__in=customers)} if customers else {},
    }


def _entry(event: Event, known: _Known, texts: _Texts) -> Entry:
    line, icon, tone = _line(event, known)
    entry = Entry(event.at, event.actor, line, icon, tone)
    match event.kind:
        case "compliance.noted":
            return _with(entry, texts.notes.get(event.data["note"]))
        case "compliance.proposed":
            return _with(entry, texts.reasons.get(event.data["proposal"]))
        case "compliance.rejected":
            return _with(entry, texts.remarks.get(event.data["proposal"]))
        case "compliance.document_added":
            return _with(entry, texts.documents.get(event.data["document"]))
    return entry


def _with(entry: Entry, text: str | None) -> Entry:
    return Entry(entry.at, entry.actor, entry.line, entry.icon, entry.tone, text or "", text is None)


def _line(event: Event, known: _Known) -> tuple[str, str, str]:
    """Return the sentence, its icon and its tone."""
    data = event.data
    match event.kind:
        case "compliance.opened":
            return _("opened the review: %s") % Kind(data["kind"]).label.lower(), "folder-open", ""
        case "compliance.taken":
            return _("took it on"), "user", ""
        case "compliance.assigned":
            return _("gave it to %s") % known["owner"].get(data["owner"], "?"), "user", ""
        case "compliance.waiting":
            return _("waits for evidence; the deadline runs on"), "clock", ""
        case "compliance.resumed":
            return _("goes on"), "play", ""
        case "compliance.noted":
            return _("noted"), "pencil-square", ""
        case "compliance.indicators_set":
            return _("changed the signs of risk"), "flag", ""
        case "compliance.answered":
            asked = known.get("item", {}).get(data["item"], data["item"])
            answer = {"asked": asked, "answer": Value(data["value"]).label}
            return _("answered “%(asked)s”: %(answer)s") % answer, "check", ""
        case "compliance.document_added":
            return _("added a document"), "document", ""
        case "compliance.linked" | "compliance.unlinked":
            return _linked(event, known), "link", ""
        case "compliance.proposed":
            return _("proposed: %s") % Outcome(data["outcome"]).label, "scale", ""
        case "compliance.withdrawn":
            return _("withdrew the proposal"), "x-mark", ""
        case "compliance.voided":
            return _("changed the review: what was proposed is void"), "x-mark", "bad"
        case "compliance.rejected":
            return _("rejected the proposal"), "x-mark", "bad"
        case "compliance.decided":
            return _("confirmed the decision: %s") % Outcome(data["outcome"]).label, "check", "good"
        case "compliance.reopened":
            return _("reopened it"), "arrow-path", ""
        case "compliance.deadline_near":
            return _deadline(_("%(step)s: due %(when)s."), data), "clock", ""
        case "compliance.deadline_missed":
            return _deadline(_("%(step)s: missed, it was due %(when)s."), data), "clock", "bad"
        case "compliance.pack_requested":
            return _("asked for the report pack"), "archive-box", ""
        case "compliance.pack_made":
            return _("The report pack is ready."), "archive-box", ""
    return event.kind, "", ""


def _linked(event: Event, known: _Known) -> str:
    if "ticket" in event.data:
        name = f"{REFERENCE_PREFIX}{event.data['ticket']}"
    else:
        name = known["customer"].get(event.data["customer"], "?")
    sentence = _("linked %s") if event.kind == "compliance.linked" else _("took the link to %s away")
    return sentence % name


def _deadline(sentence: str, data: dict[str, Any]) -> str:
    local = timezone.localtime(datetime.fromisoformat(data["due_at"]))
    when = f"{date_format(local, _('D j M, H:i'))} {durations.zone_name(local)}"
    return sentence % {"step": Step(data["step"]).label, "when": when}
