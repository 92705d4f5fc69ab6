"""Setting up procedures: what a kind's checklist asks and when its steps are due. Each change is a new version."""

import re
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import Absent, Refused, StaleVersion
from compliance.models import Evidence, Kind, Procedure
from events import recording

SUBJECT = "compliance_procedure"
MOST_ITEMS = 60
LONGEST_ITEM = 300
LONGEST_HOURS = 24 * 365 * 2


@dataclass(frozen=True)
class Draft:
    """What the next version shall be. Items as Procedure has them; an empty `key` is a new item's."""

    items: list[dict[str, Any]]
    take_hours: int
    take_warning: int
    decide_hours: int
    decide_warning: int


def current(kind: str) -> Procedure:
    """Return the version that new cases begin with. Raises Procedure.DoesNotExist."""
    return Procedure.objects.filter(kind=kind).select_related("published_by").latest("number")


@transaction.atomic
def publish(kind: Kind, draft: Draft, *, by: User, version: int) -> Procedure:
    """Publish the next version; cases that began go on by theirs. `version` is the one the draft was made from.

    Raises Absent, Refused, or StaleVersion when somebody published meanwhile.
    """
    if not by.reviews_compliance:
        raise Absent(_("There is no such page."))
    before = current(kind)
    if before.number != version:
        raise StaleVersion(_("Somebody published another version meanwhile."), current=before)
    _check(draft)
    try:
        with transaction.atomic():
            made = Procedure.objects.create(
                kind=kind, number=version + 1, items=_items(draft.items), take_hours=draft.take_hours,
                take_warning=draft.take_warning, decide_hours=draft.decide_hours,
                decide_warning=draft.decide_warning, published_at=clock.now(), published_by=by,
            )  # fmt: skip
    except IntegrityError:
        raise StaleVersion(_("Somebody published another version meanwhile."), current=current(kind)) from None
    data = {"kind": kind, "number": made.number}
    recording.record("compliance.procedure_published", subject=(SUBJECT, made.pk), by=by, data=data)
    return made


def _check(draft: Draft) -> None:
    if not draft.items:
        raise Refused(_("A checklist asks at least one thing."))
    if len(draft.items) > MOST_ITEMS:
        raise Refused(_("A checklist has at most %d items.") % MOST_ITEMS)
    for name, warning in (("take", draft.take_warning), ("decide", draft.decide_warning)):
        hours = draft.take_hours if name == "take" else draft.decide_hours
        if not 0 < hours <= LONGEST_HOURS:
            raise Refused(_("Between one hour and two years."), field=f"{name}_hours")
        if not 0 <= warning < hours:
            raise Refused(_("The warning must come before the deadline."), field=f"{name}_warning")


def _items(written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items, cleaned, each with a key of its own: the one it had, or one made of its words."""
    items: list[dict[str, Any]] = []
    for one in written:
        text = redaction.clean(str(one["text"]).strip())[:LONGEST_ITEM]
        if not text:
            raise Refused(_("Each item asks something."))
        key = str(one.get("key") or "")
        if not re.fullmatch(r"[a-z0-9_-]{1,40}", key):
            key = slugify(text)[:30].strip("-") or "item"
        taken = {item["key"] for item in items}
        kept, number = key, 2
        while key in taken:
            key, number = f"{kept[:30]}-{number}", number + 1
        items.append({
            "key": key,
            "evidence": Evidence(one["evidence"]).value,
            "text": text,
            "text_es": redaction.clean(str(one.get("text_es") or "").strip())[:LONGEST_ITEM],
        })  # fmt: skip
    return items
