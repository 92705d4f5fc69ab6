"""L1 escalates: a contract becomes a ticket. The same contract is completed after a return."""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import Role, Team, TeamKind, User
from common import clock
from common.errors import NotAllowed, Refused
from escalations import access_list, contract, customers, restricting, search_index, ticket_clocks
from escalations.changes import chosen, commit, enter, lock_for, record, required, set_team
from escalations.customers import CustomerData
from escalations.models import Category, Channel, ContractForm, Level, State, Ticket
from escalations.priorities import priority_of
from escalations.transitions import Verb

_LINK_SCHEMES = ("http://", "https://")


@dataclass(frozen=True)
class Contract:
    """What L1 states when escalating. `answers` are raw: the category's form checks them."""

    category: Category
    subject: str
    description: str
    customer: CustomerData
    channel: str
    impact: int = Level.MEDIUM
    urgency: int = Level.MEDIUM
    l1_reference: str = ""
    l1_link: str = ""
    answers: dict[str, Any] = field(default_factory=dict)


def may_escalate(user: User) -> bool:
    """Tell whether `user` may escalate: L1, leads, and L2 who took a call themselves."""
    return not user.is_auditor and bool(user.teams_as(Role.L1, Role.L2, Role.LEAD))


@transaction.atomic
def escalate(stated: Contract, *, by: User) -> Ticket:
    """Create the ticket for a complete contract, in its category's team's queue.

    Where the category says so it is restricted from the start, and `by` sees no more of it than a receipt.
    Raises NotAllowed, Refused (naming the field) or contract.Invalid (naming every
    answer to mend).
    """
    if not may_escalate(by):
        raise NotAllowed(_("You may not escalate."))
    category = stated.category
    form = category.current_form
    if not category.is_active or form is None:
        raise Refused(_("Nothing can be escalated in this category now."), field="category")
    team = category.team or Team.objects.filter(kind=TeamKind.L2, is_active=True).order_by("pk").first()
    if team is None:
        raise Refused(_("There is no second-line team yet: an admin has to add one."), field="category")
    now = clock.now()
    ticket = Ticket(
        category=category,
        customer=customers.find_or_add(stated.customer, by=by),
        team=team,
        team_since=now,
        created_by=by,
        l1_team_id=next(iter(by.teams_as(Role.L1)), None),
        state=State.NEW,
        state_since=now,
        created_at=now,
        updated_at=now,
    )
    _state(ticket, stated, form)
    change = ticket_clocks.bring(ticket, reason="created")
    ticket.save()
    event = record(ticket, "created", by=by, at=change.at, l1_team=ticket.l1_team_id, customer=ticket.customer_id)
    ticket_clocks.keep(change, event)
    search_index.refresh([ticket.pk])
    restricting.restrict_from_the_start(ticket)
    return ticket


@transaction.atomic
def resubmit(ticket: Ticket, stated: Contract, *, by: User, version: int | None = None) -> Ticket:
    """Complete a returned ticket and put it back in the queue: the same ticket, not a new one.

    The category may be corrected; then its form is the contract. Raises as `escalate` does.
    """
    locked = lock_for(ticket, Verb.RESUBMIT, by=by, version=version)
    category = chosen(
        Category.objects.filter(is_active=True), stated.category.pk, "category", _("Choose one of the list.")
    )
    form = locked.form if category.pk == locked.category_id else category.current_form
    if form is None:
        raise Refused(_("Nothing can be escalated in this category now."), field="category")
    if category.pk != locked.category_id and category.team is not None and category.team != locked.team:
        access_list.require_somebody_of(category.team, locked, Role.L2, Role.LEAD, field="category")
        set_team(locked, category.team)
    locked.category = category
    _state(locked, stated, form)
    locked.owner = None
    enter(locked, State.NEW)
    commit(locked, "resubmitted", by=by, rematch=True)
    search_index.refresh([locked.pk])
    return locked


def _state(ticket: Ticket, stated: Contract, form: ContractForm) -> None:
    """Put what L1 states on the ticket, checked and cleaned of card numbers."""
    if stated.channel not in Channel.values:
        raise Refused(_("Choose one of the list."), field="channel")
    for name in ("impact", "urgency"):
        if getattr(stated, name) not in Level.values:
            raise Refused(_("Choose one of the list."), field=name)
    link = stated.l1_link.strip()
    if link and not link.startswith(_LINK_SCHEMES):
        raise Refused(_("This must be an address that begins with https:// or http://."), field="l1_link")
    ticket.form = form
    ticket.answers = redaction.redact_json(contract.clean(form, stated.answers))
    ticket.subject = _bounded(stated.subject, "subject", 200, _("Say in a line what is wrong."))
    ticket.description = _bounded(
        stated.description, "description", 20_000, _("Describe what happened, so that L2 can begin.")
    )
    ticket.channel = stated.channel
    ticket.l1_reference = redaction.clean(stated.l1_reference).strip()[:80]
    ticket.l1_link = redaction.clean(link)[:200]
    ticket.impact, ticket.urgency = stated.impact, stated.urgency
    ticket.priority = priority_of(stated.impact, stated.urgency)
    for name, value in contract.columns(form, ticket.answers).items():
        setattr(ticket, name, value)


def _bounded(text: str, name: str, longest: int, sentence: str) -> str:
    value = redaction.clean(required(text, name, sentence)).replace("\x00", "")
    if len(value) > longest:
        raise Refused(_("This may have at most %d characters.") % longest, field=name)
    return value
