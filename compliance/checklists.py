"""The checklist of a case: its items, by the version that it began with, and what was answered last."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import Refused
from compliance import changes
from compliance.models import Answer, Case, Document, Evidence, Value
from compliance.sealing import CaseKey, next_number

LONGEST_ANSWER = 4000


@dataclass(frozen=True)
class Item:
    """One item, and its last answer with the note opened."""

    key: str
    text: str
    evidence: Evidence
    answer: Answer | None
    note: str

    @property
    def lacks(self) -> str:
        """Return what is missing of it, as a sentence; "" when it is answered as it has to be."""
        if self.answer is None:
            return _("Not answered yet.")
        if self.answer.value == Value.NOT_APPLICABLE:
            return "" if self.note else _("Say in a note why it does not apply.")
        if self.evidence == Evidence.NOTE and not self.note:
            return _("It needs a note.")
        if self.evidence == Evidence.DOCUMENT and self.answer.document_id is None:
            return _("It needs a document.")
        return ""


def items(case: Case, key: CaseKey) -> list[Item]:
    """Return the items in order. Raises Unreadable."""
    last: dict[str, Answer] = {}
    answers = case.answers.select_related("by").order_by("item", "-pk").distinct("item")
    for one in answers:
        last[one.item] = one
    return [
        Item(
            key=item["key"],
            text=text_of(item),
            evidence=Evidence(item["evidence"]),
            answer=(given := last.get(item["key"])),
            note=key.text(given, "note") if given else "",
        )
        for item in case.procedure.items
    ]


def text_of(item: dict[str, Any]) -> str:
    """Return what the item asks, in the language now active as far as it was written in it."""
    is_spanish = (get_language() or "").startswith("es")
    return str((is_spanish and item.get("text_es")) or item["text"])


@transaction.atomic
def answer(
    case: Case, item: str, value: str, *, by: User, note: str = "", document: Document | None = None, seen: int = 0
) -> None:
    """Answer one item. `seen` is the id of the answer that the person saw, 0 for none. Raises Refused.

    An answer that says what the last one says is none.
    """
    case = changes.locked_open(case, by)
    if item not in {one["key"] for one in case.procedure.items} or value not in Value.values:
        raise Refused(_("Choose one of the list."), field=item)
    if document is not None and document.case_id != case.pk:
        raise Refused(_("Choose one of the list."), field=item)
    text = redaction.clean(note.strip())
    if len(text) > LONGEST_ANSWER:
        raise Refused(_("This is too long: at most %d characters.") % LONGEST_ANSWER, field=item)
    key = CaseKey(case)
    last = case.answers.filter(item=item).order_by("-pk").first()
    number = document.pk if document else None
    if last and (last.value, key.text(last, "note"), last.document_id) == (value, text, number):
        return
    if (last.pk if last else 0) != seen:
        raise Refused(
            _("Somebody answered this meanwhile. Look at their answer, then save yours again."), field=item
        )
    given = Answer(
        pk=next_number(Answer), case=case, item=item, value=value, document=document, by=by, at=clock.now()
    )
    given.note = key.seal_text(given, "note", text)
    given.save(force_insert=True)
    changes.commit_content(case, "compliance.answered", by=by, data={"item": item, "value": value})
