"""Writes that wait for approval: who may give it, who is told, and where they are listed."""

from collections.abc import Iterable, Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership, Role, User
from common import clock
from escalations import alerts
from escalations.approvals import Request
from escalations.models import AlertKind, Ticket
from escalations.models.ticket import TicketQuerySet
from escalations.waits import MOST, On, Wait
from events.models import Event
from investigations.console import runs
from investigations.models import Run, RunState

NAME = runs.SUBJECT
CONSUMER = "api_run_news"
_LATER = (runs.APPROVED, runs.REJECTED, runs.EXPIRED)
KINDS = (runs.MADE, *_LATER)


def waiting_for(user: User) -> Iterator[Request]:
    """Yield the writes that this person may approve or reject now."""
    if user.is_auditor or not (user.is_lead or user.is_superuser):
        return
    found = _waiting(Ticket.objects.visible_to(user)).exclude(made_by=user)
    if not user.is_superuser:
        found = found.filter(ticket__team__in=user.teams_as(Role.LEAD))
    for run in found.select_related("ticket", "made_by", "environment").order_by("expires_at")[:MOST]:
        if run.expires_at is not None:
            yield Request(
                run.ticket, f"{run} · {run.environment}", run.made_by, run.expires_at, run.get_absolute_url()
            )


def waits(tickets: TicketQuerySet, _user: User) -> Iterator[Wait]:
    """Yield the approvals that these escalations wait for, for the list of who waits for whom."""
    for run in _waiting(tickets).select_related("ticket__team").order_by("made_at")[: MOST + 1]:
        yield Wait(
            ticket=run.ticket, on=On.APPROVAL, key=f"{NAME}:{run.pk}", whom=_("Approval: %s") % run,
            since=run.made_at, due_at=run.expires_at, url=run.get_absolute_url(),
        )  # fmt: skip


def reached(ticket: Ticket, key: str) -> Iterable[User]:
    """Return whom a reminder reaches: who may approve it."""
    number = key.partition(":")[2]
    tickets = Ticket.objects.filter(pk=ticket.pk)
    run = _waiting(tickets).filter(pk=number).select_related("ticket").first() if number.isdecimal() else None
    return approvers(run) if run is not None else []


def _waiting(tickets: TicketQuerySet) -> QuerySet[Run]:
    return Run.objects.filter(ticket__in=tickets, state=RunState.WAITING, expires_at__gt=clock.now()).defer("body")


def approvers(run: Run) -> list[User]:
    """Return the leads who may decide about a write; admins where the team has no other lead than its maker."""
    leads = Membership.objects.filter(team=run.ticket.team_id, role=Role.LEAD).values("user")
    people = User.objects.filter(is_active=True).exclude(pk=run.made_by_id)
    for some in (people.filter(pk__in=leads), people.filter(is_superuser=True)):
        found = [person for person in some if runs.may_decide(person, run) and _sees(person, run)]
        if found:
            return found
    return []


def _sees(person: User, run: Run) -> bool:
    return Ticket.objects.filter(pk=run.ticket_id).visible_to(person).exists()


def handle(event: Event) -> None:
    """Ask whoever may approve a write, and tell its maker what became of it. Safe to repeat."""
    run = Run.objects.select_related("ticket", "made_by").filter(pk=event.subject_id).first()
    if run is None or not run.is_write:
        return
    if event.kind == runs.MADE:
        alerts.tell(run.ticket, approvers(run), AlertKind.APPROVAL, event=event)
    elif run.made_by.is_active and run.made_by_id != event.actor_id and _sees(run.made_by, run):
        alerts.tell(run.ticket, [run.made_by], AlertKind.DECIDED, event=event)
