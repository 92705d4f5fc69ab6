"""Runbooks: what guides a customer, step by step, in their language. Changing one publishes its next version."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from events import recording
from investigations.models import Plugin, Runbook

SUBJECT = "runbook"
PUBLISHED = "runbook.published"
MOST_STEPS = 20
_LONGEST_TITLE = 120
_LONGEST_TEXT = 2000
_MARK = "## "


def may_write(user: User) -> bool:
    """Tell whether the person may change runbooks: leads and admins."""
    return not user.is_auditor and (user.is_lead or user.is_superuser)


def in_force() -> list[Runbook]:
    """Return the newest version of each plugin and language."""
    newest = Runbook.objects.order_by("plugin", "language", "-number").distinct("plugin", "language")
    return list(newest.select_related("written_by"))


def current(plugin: str, language: str) -> Runbook | None:
    """Return the version in force."""
    return Runbook.objects.filter(plugin=plugin, language=language).order_by("-number").first()


def for_customer(plugin: str, language: str) -> Runbook | None:
    """Return the runbook in the customer's language, in English where there is none."""
    return current(plugin, language) or current(plugin, "en")


def as_text(steps: list[dict[str, Any]]) -> str:
    """Return steps as people edit them: a line "## title" begins each."""
    return "\n\n".join(f"{_MARK}{step['title']}\n{step['text']}".strip() for step in steps)


def read_text(text: str) -> list[dict[str, str]]:
    """Return the steps of a text. Raises Refused where it has none, too many, or one without a title."""
    steps: list[dict[str, str]] = []
    for line in text.replace("\x00", "").splitlines():
        if line.startswith(_MARK) or line.strip() == _MARK.strip():
            title = line[len(_MARK) :].strip()
            if not title:
                raise Refused(_("Each step needs a title behind its “##”."), field="text")
            steps.append({"title": title[:_LONGEST_TITLE], "text": ""})
        elif steps:
            steps[-1]["text"] += f"{line.rstrip()}\n"
        elif line.strip():
            raise Refused(_("Begin each step with a line “## title”."), field="text")
    if not steps:
        raise Refused(_("Write one step at least; each begins with a line “## title”."), field="text")
    if len(steps) > MOST_STEPS:
        raise Refused(_("At most %d steps.") % MOST_STEPS, field="text")
    return [{"title": step["title"], "text": step["text"].strip()[:_LONGEST_TEXT]} for step in steps]


@transaction.atomic
def publish(plugin: str, language: str, text: str, *, by: User, number: int) -> Runbook:
    """Publish the next version; `number` is that of the version it was made from, 0 for none.

    Checklists that were started go on by the version they were started with.
    Raises NotAllowed, Refused, StaleVersion.
    """
    if not may_write(by):
        raise NotAllowed(_("You may not change runbooks."))
    if plugin not in Plugin.values:
        raise Refused(_("Choose one of the list."), field="plugin")
    steps = read_text(redaction.clean(text))
    newest = (
        Runbook.objects.select_for_update().filter(plugin=plugin, language=language).order_by("-number").first()
    )
    if (newest.number if newest else 0) != number:
        raise StaleVersion(
            _("Somebody published another version while you had it open. Nothing was saved."), current=newest
        )
    if newest and newest.steps == steps:
        return newest
    runbook = Runbook.objects.create(
        plugin=plugin, language=language, number=number + 1, steps=steps, written_by=by, written_at=clock.now()
    )
    data = {"plugin": plugin, "language": language, "number": runbook.number}
    recording.record(PUBLISHED, subject=(SUBJECT, runbook.pk), by=by, data=data)
    return runbook
