"""What stands beside a ticket and comes after its page: what resembles it, and what is done to it now and then.

Each part has an address of its own. The page asks for it when it is there; without JavaScript a link leads to it.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import User
from escalations import access, dispatching, ladder, panels, routing_words, waits
from escalations.access import Party, parties, reads_internal, works_on
from escalations.forms.work import OwnerForm, PriorityForm, TeamForm
from escalations.models import Ticket
from escalations.similar import similar_to
from escalations.views.parts import person, visible_ticket
from knowledgebase.search import matching_articles, matching_known_issues

MOST_EARLIER = 5


@require_safe
def work(request: HttpRequest, reference: str) -> HttpResponse:
    """Show to whom it can be passed on, which step of its ladder comes next, and how it was escalated."""
    ticket, user = visible_ticket(request, reference), person(request)
    context: dict[str, Any] = {"works": works_on(user, ticket)}
    if access.follows(user, ticket):
        context["reviews"] = ticket.reviews.select_related("reviewer")
    if reads_internal(user, ticket):
        context["next_step"] = ladder.next_step(ticket)
    if context["works"]:
        may_assign = ticket.owner_id == user.pk or Party.LEAD in parties(user, ticket)
        context |= {
            "owner_form": OwnerForm(ticket=ticket) if may_assign else None,
            "team_form": TeamForm(initial={"team": ticket.team_id}),
            "priority_form": PriorityForm(initial={"priority": ticket.priority}),
            "waits": _waits(ticket),
            "dependencies": waits.of_ticket(ticket, user),
        }
    return _part(request, ticket, "escalations/parts/work.html", _("Work"), context)


@require_safe
def related(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what resembles the ticket: articles, known issues, other escalations."""
    ticket, user = visible_ticket(request, reference, "known_issue"), person(request)
    context: dict[str, Any] = {"works": works_on(user, ticket), "panels": panels.rendered(ticket, user)}
    if access.follows(user, ticket):
        context["earlier"] = earlier_tickets(ticket, user)
    if reads_internal(user, ticket):
        context |= {
            "article_uses": ticket.article_uses.select_related("article").defer("article__search"),
            "similar": similar_to(ticket, user),
        }
    if context["works"]:
        text = f"{ticket.subject} {ticket.description}"
        used = {use.article_id for use in context["article_uses"]}
        issues = matching_known_issues(user, text, limit=3)
        context |= {
            "articles": [one for one in matching_articles(user, text, limit=4) if one.pk not in used],
            "known_issues": [issue for issue in issues if issue.pk != ticket.known_issue_id],
        }
    return _part(request, ticket, "escalations/parts/related.html", _("Related"), context)


def earlier_tickets(ticket: Ticket, user: User) -> list[Ticket]:
    """Return the customer's other tickets that `user` may see, the newest first."""
    others = Ticket.objects.visible_to(user).filter(customer=ticket.customer_id).exclude(pk=ticket.pk)
    return list(others.select_related("category").order_by("-created_at")[:MOST_EARLIER])


def _waits(ticket: Ticket) -> str:
    """Say why nobody has been given the ticket, or who is about to be; "" where people take it themselves."""
    found = dispatching.prospect(ticket)
    if found is None:
        return ""
    why = routing_words.outcome(found.outcome, str(ticket.category))
    return f"{found.person}: {why}" if found.person else why


def _part(
    request: HttpRequest, ticket: Ticket, template: str, title: str | Promise, context: dict[str, Any]
) -> HttpResponse:
    """Answer with the part alone, or with a page around it for whoever followed its link."""
    alone = bool(request.htmx)  # type: ignore[attr-defined]  # django-htmx adds it
    return render(
        request,
        template if alone else "escalations/beside.html",
        {"ticket": ticket, "part": template, "title": title, **context},
    )
