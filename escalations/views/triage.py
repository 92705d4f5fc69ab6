"""The triage screen: accept, return, merge, or link to a known issue."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from escalations import contract
from escalations.access import works_on
from escalations.deadlines import of_clocks
from escalations.forms.actions import AcceptForm, MergeForm, ReturnForm
from escalations.models import State
from escalations.similar import similar_to
from escalations.views.parts import person, ticket_url, visible_ticket
from escalations.views.ticket import earlier_tickets, visible_attachments
from knowledgebase.search import matching_articles, matching_known_issues


@require_safe
def triage(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a new escalation with everything the decision needs; what is past triage opens as usual."""
    ticket, user = visible_ticket(request, reference), person(request)
    if ticket.state != State.NEW or not works_on(user, ticket):
        return redirect(ticket_url(ticket))
    text = f"{ticket.subject} {ticket.description}"
    context = {
        "ticket": ticket,
        "answers": contract.rows(ticket.form, ticket.answers),
        "deadlines": of_clocks(list(ticket.clocks.select_related("calendar").prefetch_related("segments"))),
        "attachments": visible_attachments(ticket, user),
        "earlier": earlier_tickets(ticket, user),
        "similar": similar_to(ticket, user),
        "known_issues": matching_known_issues(user, text, limit=4),
        "articles": matching_articles(user, text, limit=4),
        "accept_form": AcceptForm(ticket=ticket, user=user, auto_id="accept_%s"),
        "return_form": ReturnForm(ticket=ticket, user=user, auto_id="return_%s"),
        "merge_form": MergeForm(ticket=ticket, user=user, auto_id="merge_%s"),
    }
    return render(request, "escalations/triage.html", context)
