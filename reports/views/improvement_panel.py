"""The proposals beside a known issue or an escalation, and the way to a new one."""

from django.db.models import Q, QuerySet
from django.template.loader import render_to_string

from accounts.models import User
from escalations.models import Ticket
from knowledgebase import access
from knowledgebase.models import Article, KnownIssue
from reports import improvements
from reports.models import Proposal


def panel(thing: Article | KnownIssue, user: User) -> str:
    """Return the proposals that a known issue has led to; "" for who reads none, and on articles."""
    if not isinstance(thing, KnownIssue) or not improvements.reads(user):
        return ""
    return _panel(Proposal.objects.visible_to(user).filter(known_issue=thing), user, f"issue={thing.pk}")


def of_ticket(ticket: Ticket, user: User) -> str:
    """Return the proposals that an escalation counts for; "" for who reads none, and for a restricted one."""
    if not improvements.reads(user) or ticket.restricted_as:
        return ""
    counts = Q(pk__in=Proposal.tickets.through.objects.filter(ticket=ticket).values("proposal"))
    if ticket.known_issue_id:
        counts |= Q(known_issue=ticket.known_issue_id)
    return _panel(Proposal.objects.visible_to(user).filter(counts), user, f"ticket={ticket.reference}")


def _panel(found: QuerySet[Proposal], user: User, about: str) -> str:
    proposals, writes = list(found[:10]), access.may_write(user)
    if not proposals and not writes:
        return ""
    context = {"about": about, "proposals": proposals, "writes": writes}
    return render_to_string("reports/_improvement_panel.html", context)
