"""Writing bug reports, and saying which escalations they concern."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts.models import Role, User
from bugs.models import BugReport, BugTicket, Severity
from common import clock
from common.errors import Absent, DomainError, NotAllowed, Refused, StaleVersion
from escalations.access import works_on
from escalations.changes import lock
from escalations.models import Evidence, Ticket
from escalations.models.ticket import OPEN
from events import recording
from knowledgebase.models import KnownIssue

SUBJECT = "bug"
WRITTEN, CHANGED, LINKED, UNLINKED = "bug.written", "bug.changed", "bug.ticket_linked", "bug.ticket_unlinked"
LONGEST = 10_000
MOST_TICKETS = 500


@dataclass(frozen=True)
class Words:
    """What a report says; the first line is its title."""

    title: str
    environment: str
    steps: str
    expected: str
    actual: str
    severity: Severity
    evidence: Iterable[Evidence] = ()
    issues: Iterable[KnownIssue] = ()


@transaction.atomic
def write(ticket: Ticket, words: Words, *, by: User) -> BugReport:
    """Write a report about an escalation. Raises Absent, NotAllowed, or Refused (naming the field)."""
    locked = _workable(ticket, by)
    bug = BugReport(ticket=locked, made_by=by, made_at=clock.now(), severity=words.severity)
    _put(bug, words)
    bug.save()
    BugTicket.objects.create(bug=bug, ticket=locked, linked_by=by, linked_at=bug.made_at)
    _attach(bug, words)
    _record(bug, WRITTEN, by=by, ticket=locked.pk)
    return bug


@transaction.atomic
def change(bug: BugReport, words: Words, *, by: User, version: int) -> BugReport:
    """Change a report's words; what was sent already stays as it was. Raises StaleVersion besides `write`'s."""
    locked = locked_for(bug, by=by)
    if locked.version != version:
        raise StaleVersion(_("Somebody changed this report meanwhile. Nothing was saved."), current=locked)
    _put(locked, words)
    locked.version += 1
    locked.save()
    _attach(locked, words)
    _record(locked, CHANGED, by=by, version=locked.version)
    return locked


@transaction.atomic
def link(bug: BugReport, ticket: Ticket, *, by: User) -> BugReport:
    """Say that a report concerns one more escalation. Linking it again changes nothing."""
    ticket = _workable(ticket, by)
    locked = _seen(bug, by)
    if locked.concerned.count() >= MOST_TICKETS:
        raise Refused(_("A bug report can concern at most %d escalations.") % MOST_TICKETS, field="reference")
    _row, is_new = BugTicket.objects.get_or_create(
        bug=locked, ticket=ticket, defaults={"linked_by": by, "linked_at": clock.now()}
    )
    if is_new:
        _record(locked, LINKED, by=by, ticket=ticket.pk)
    return locked


def link_all(bug: BugReport, issue: KnownIssue, *, by: User) -> int:
    """Link the open escalations of a known issue that the person works on; return how many. Each by itself."""
    linked = 0
    for ticket in workable_of(issue, by).exclude(bugs__bug=bug)[:MOST_TICKETS]:
        try:
            link(bug, ticket, by=by)
        except DomainError:  # restricted, given away or closed at this moment
            continue
        linked += 1
    return linked


def workable_of(issue: KnownIssue, user: User) -> QuerySet[Ticket]:
    """Return the open escalations of a known issue that the person may report a bug about, the newest first."""
    found = Ticket.objects.visible_to(user).filter(known_issue=issue, state__in=OPEN, restricted_as="")
    return found.filter(team__in=user.teams_as(Role.L2, Role.LEAD)).order_by("-pk")


@transaction.atomic
def unlink(bug: BugReport, ticket: Ticket, *, by: User) -> BugReport:
    """Say that a report does not concern an escalation after all. The one it was written at stays."""
    ticket = _workable(ticket, by)
    locked = _seen(bug, by)
    if locked.ticket_id == ticket.pk:
        raise Refused(_("The escalation in which the report was written stays with it."))
    gone, _kinds = BugTicket.objects.filter(bug=locked, ticket=ticket).delete()
    if gone:
        _record(locked, UNLINKED, by=by, ticket=ticket.pk)
    return locked


def may_change(user: User, bug: BugReport) -> bool:
    """Tell whether the person works on the escalation that the report was written at."""
    return works_on(user, bug.ticket)


def locked_for(bug: BugReport, *, by: User) -> BugReport:
    """Return the report as stored now, locked, with its escalation. Raises Absent, NotAllowed."""
    locked = _seen(bug, by)
    if not may_change(by, locked):
        raise NotAllowed(_("Only those who work on the escalation may change its bug report."))
    return locked


def _seen(bug: BugReport, by: User) -> BugReport:
    if not BugReport.objects.visible_to(by).filter(pk=bug.pk).exists():
        raise Absent(_("There is no such bug report."))
    return BugReport.objects.select_for_update(of=("self",)).select_related("ticket", "tracker").get(pk=bug.pk)


def _workable(ticket: Ticket, by: User) -> Ticket:
    locked = lock(ticket, by=by)
    if not works_on(by, locked):
        raise NotAllowed(_("Only those who work on the escalation may report a bug about it."))
    if locked.restricted_as:
        raise Refused(_("A restricted escalation goes into no bug report: reports leave the house."))
    return locked


def _put(bug: BugReport, words: Words) -> None:
    bug.title = " ".join(_clean(words.title).split())[:200]
    if not bug.title:
        raise Refused(_("Give the report a title."), field="title")
    bug.environment, bug.steps = _clean(words.environment), _clean(words.steps)
    bug.expected, bug.actual = _clean(words.expected), _clean(words.actual)
    bug.severity = Severity(words.severity)


def _attach(bug: BugReport, words: Words) -> None:
    concerned = bug.concerned.values("ticket")
    chosen = [one.pk for one in words.evidence]
    bug.evidence.set(Evidence.objects.filter(pk__in=chosen, ticket__in=concerned, removed_at=None))
    bug.issues.set(words.issues)


def _clean(text: str) -> str:
    return redaction.clean(text.replace("\x00", "").strip())[:LONGEST]


def _record(bug: BugReport, kind: str, *, by: User, **data: object) -> None:
    recording.record(kind, subject=(SUBJECT, bug.pk), by=by, data={"title": bug.title, **data})
