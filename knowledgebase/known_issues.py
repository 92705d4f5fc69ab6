"""Opening, revising and closing known issues."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from events import recording
from knowledgebase import texts
from knowledgebase.access import may_hand_on, may_write
from knowledgebase.models import IssueStatus, KnownIssue

SUBJECT = "known_issue"


@transaction.atomic
def open_issue(*, by: User, title: str, symptoms: str, workaround: str = "") -> KnownIssue:
    """Tell the desk of a problem that more than one ticket has; `by` becomes its owner.

    Texts are redacted before they are stored. Raises NotAllowed unless `by` is
    L2 or a lead, Refused when title or symptoms are empty or a text is too long.
    """
    if not may_write(by):
        raise NotAllowed(_("Only second-line specialists and leads open known issues."))
    now = clock.now()
    issue = KnownIssue(owner=by, opened_at=now, updated_at=now)
    _fill(issue, title=title, symptoms=symptoms, workaround=workaround)
    issue.save()
    _record(issue, "opened", by=by)
    return issue


@transaction.atomic
def revise(issue: KnownIssue, *, by: User, version: int, title: str, symptoms: str, workaround: str) -> KnownIssue:
    """Store new texts and return the known issue as it is now.

    Nothing is stored when the texts are the same. Raises StaleVersion when
    somebody changed it since `version`, and what `open_issue` raises.
    """
    locked = _lock(issue, by=by, version=version)
    before = _content(locked)
    _fill(locked, title=title, symptoms=symptoms, workaround=workaround)
    changed = sorted(name for name, value in _content(locked).items() if value != before[name])
    if changed:
        _save(locked)
        _record(locked, "revised", by=by, changed=changed)
    return locked


@transaction.atomic
def set_status(issue: KnownIssue, *, by: User, version: int, status: str) -> KnownIssue:
    """Say how far the desk is with the problem, and return the known issue as it is now.

    Any status may follow any other: a fix that did not hold is taken back.
    Raises Refused when a workaround is announced but none is written, and what
    `revise` raises.
    """
    locked = _lock(issue, by=by, version=version)
    if status not in IssueStatus.values:
        raise Refused(_("Choose one of the statuses."), field="status")
    if status == IssueStatus.WORKAROUND and not locked.workaround:
        raise Refused(_("Write down the workaround first."), field="status")
    if status == locked.status:
        return locked
    former, locked.status = locked.status, status
    locked.fixed_at = clock.now() if status == IssueStatus.FIXED else None
    _save(locked)
    _record(locked, "status_changed", by=by, former=former)
    return locked


@transaction.atomic
def change_owner(issue: KnownIssue, *, by: User, owner: User) -> KnownIssue:
    """Make `owner` answerable for the known issue. Only the present owner or a lead may."""
    locked = _lock(issue, by=by)
    if not may_hand_on(by, locked):
        raise NotAllowed(_("Only the owner or a lead may give this known issue to somebody else."))
    if not owner.is_active or not may_write(owner):
        raise Refused(_("%(name)s does not work on known issues.") % {"name": owner}, field="owner")
    if locked.owner_id == owner.pk:
        return locked
    former, locked.owner = locked.owner_id, owner
    locked.updated_at = clock.now()
    locked.save(update_fields=["owner", "updated_at"])
    _record(locked, "owner_changed", by=by, former=former, owner=owner.pk)
    return locked


def _lock(issue: KnownIssue, *, by: User, version: int | None = None) -> KnownIssue:
    locked = (
        KnownIssue.objects.visible_to(by)
        .select_for_update(of=("self",), no_key=True)
        .select_related("owner")
        .filter(pk=issue.pk)
        .first()
    )
    if locked is None or not may_write(by):
        raise NotAllowed(_("You may not change this known issue."))
    if version is not None and version != locked.version:
        raise StaleVersion(
            _("Somebody changed this known issue while you had it open. Nothing was saved."), current=locked
        )
    return locked


def _fill(issue: KnownIssue, *, title: str, symptoms: str, workaround: str) -> None:
    issue.title = texts.line(title, "title", _("Give the known issue a title."))
    issue.symptoms = texts.text(symptoms, "symptoms", _("Describe the symptoms."))
    issue.workaround = texts.text(workaround, "workaround")
    if issue.status == IssueStatus.WORKAROUND and not issue.workaround:
        raise Refused(
            _("The status says that there is a workaround: write it down, or change the status first."),
            field="workaround",
        )


def _content(issue: KnownIssue) -> dict[str, str]:
    return {"title": issue.title, "symptoms": issue.symptoms, "workaround": issue.workaround}


def _save(issue: KnownIssue) -> None:
    issue.version += 1
    issue.updated_at = clock.now()
    issue.save()


def _record(issue: KnownIssue, kind: str, *, by: User, **data: Any) -> None:
    facts = {"version": issue.version, "status": issue.status}
    recording.record(f"known_issue.{kind}", subject=(SUBJECT, issue.pk), by=by, data={**data, **facts})
