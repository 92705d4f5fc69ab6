"""The bug reports beside a ticket, and beside a known issue."""

from django.template.loader import render_to_string

from accounts.models import User
from bugs import reports
from bugs.models import BugReport
from escalations.access import reads_internal, works_on
from escalations.models import Ticket
from knowledgebase.models import Article, KnownIssue

MOST = 5


def panel(ticket: Ticket, user: User) -> str:
    """Return the reports that concern the ticket, or what leads to writing one; "" for who may not read them."""
    if not reads_internal(user, ticket):
        return ""
    works = works_on(user, ticket) and not ticket.restricted_as
    found = list(BugReport.objects.visible_to(user).filter(concerned__ticket=ticket).order_by("-pk")[:MOST])
    if not found and not works:
        return ""
    return render_to_string("bugs/panel.html", {"ticket": ticket, "bugs": found, "works": works})


def issue_panel(thing: Article | KnownIssue, user: User) -> str:
    """Return the reports about a known issue, and what leads to writing one in the newest of its escalations."""
    if not isinstance(thing, KnownIssue):
        return ""
    ticket = reports.workable_of(thing, user).first()
    found = list(BugReport.objects.visible_to(user).filter(issues=thing).order_by("-pk")[:MOST])
    if not found and ticket is None:
        return ""
    context = {"ticket": ticket, "bugs": found, "works": ticket is not None, "issue": thing}
    return render_to_string("bugs/panel.html", context)
