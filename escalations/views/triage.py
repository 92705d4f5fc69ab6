"""The triage screen: on the left what L1 states, on the right the decision, in one form."""

from dataclasses import dataclass
from typing import Any, cast

from django.db.models import QuerySet
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import contract, conversation, deadlines
from escalations.access import works_on
from escalations.forms.actions import AcceptForm, ActionForm, MergeForm, ReturnForm
from escalations.models import State, Ticket
from escalations.similar import similar_to
from escalations.transitions import BY_VERB, Verb
from escalations.views.beside import earlier_tickets
from escalations.views.parts import (
    Conflict,
    conflict_of,
    done,
    forbidding,
    leave,
    person,
    ticket_rows,
    ticket_url,
    visible_ticket,
)
from knowledgebase.models import KnownIssue
from knowledgebase.search import matching_articles, matching_known_issues

DECISIONS: dict[str, type[ActionForm]] = {
    Verb.ACCEPT: AcceptForm,
    Verb.RETURN: ReturnForm,
    Verb.MERGE: MergeForm,
}


@dataclass
class Decision:
    """The three forms of the screen, which are one to the eye. Only the chosen one is checked."""

    chosen: str
    forms: dict[str, ActionForm]

    @property
    def form(self) -> ActionForm:
        return self.forms[self.chosen]

    @property
    def review(self) -> ActionForm:
        """The form whose questions about the escalation are shown; merging asks none."""
        return self.forms[Verb.ACCEPT if self.chosen == Verb.MERGE else self.chosen]


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def triage(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a new escalation with everything the decision needs, and make the decision.

    What is past triage opens as usual.
    """
    ticket, user = visible_ticket(request, reference, "form"), person(request)
    posted = request.POST if request.method == "POST" else None
    if not works_on(user, ticket) or (ticket.state != State.NEW and not posted):
        return redirect(ticket_url(ticket))
    decision, conflict = _decision(posted, ticket, user), None
    if posted and decision.form.is_valid():
        try:
            decision.form.perform()
        except StaleVersion as error:
            decision, conflict = _again(posted, error, decision, user)
        except Refused as refusal:
            named = refusal.field in decision.form.fields
            decision.form.add_error(refusal.field if named else None, refusal.message)
        else:
            verb = Verb(decision.chosen)
            done(
                request,
                _("%(reference)s: %(done)s.") % {"reference": ticket.reference, "done": BY_VERB[verb].label},
            )
            return leave(request, ticket_url(ticket))
    status = 409 if conflict else 422 if decision.form.errors else 200
    context = {**_context(ticket, user), "decision": decision, "conflict": conflict}
    _suggest_issues(decision.forms[Verb.ACCEPT], context["known_issues"])
    return render(request, "escalations/triage.html", context, status=status)


def _decision(posted: QueryDict | None, ticket: Ticket, user: User) -> Decision:
    """Return the forms: the chosen one bound, the others holding what was typed into them meanwhile."""
    chosen = posted.get("decision", Verb.ACCEPT) if posted else Verb.ACCEPT
    if chosen not in DECISIONS:
        raise Http404
    forms: dict[str, ActionForm] = {}
    for verb, form_class in DECISIONS.items():
        if posted and verb == chosen:
            forms[verb] = form_class(posted, ticket=ticket, user=user)
        else:
            typed: dict[str, Any] = {name: value for name, value in posted.items() if value} if posted else {}
            forms[verb] = form_class(ticket=ticket, user=user, initial=typed)
        forms[verb].use_required_attribute = False  # two of the three are hidden
    return Decision(chosen, forms)


def _again(posted: QueryDict, error: StaleVersion, decision: Decision, user: User) -> tuple[Decision, Conflict]:
    """Return the same decision on the ticket as it is now, and both versions."""
    current = error.current
    if not isinstance(current, Ticket):
        raise Http404
    data = posted.copy()
    data["version"] = str(current.version)
    rows = ticket_rows(current, decision.form.cleaned_data)
    return _decision(data, current, user), conflict_of(error, rows, at=current.updated_at)


def _context(ticket: Ticket, user: User) -> dict[str, Any]:
    text = f"{ticket.subject} {ticket.description}"
    clocks = ticket.clocks.select_related("team").order_by("pk")
    files = conversation.files(user, ticket)
    return {
        "ticket": ticket,
        "follows": True,
        "answers": contract.rows(ticket.form, ticket.answers),
        "attachments": [file for file in files if file.message_id is None],
        "deadlines": deadlines.board(deadlines.seen_by(user, ticket, clocks)),
        "returned_before": ticket.reviews.select_related("reviewer") if ticket.return_count else (),
        "earlier": earlier_tickets(ticket, user),
        "similar": similar_to(ticket, user),
        "known_issues": matching_known_issues(user, text, limit=4),
        "articles": matching_articles(user, text, limit=4),
    }


def _suggest_issues(form: ActionForm, fitting: list[KnownIssue]) -> None:
    """Put the known issues that share words with the ticket at the top of the choice."""
    field = cast(ModelChoiceField, form.fields["known_issue"])
    pks = {issue.pk for issue in fitting}
    offered = cast(QuerySet[KnownIssue], field.queryset)
    others = [(issue.pk, str(issue)) for issue in offered if issue.pk not in pks]
    groups = [(_("Fits"), [(issue.pk, str(issue)) for issue in fitting]), (_("Others"), others)]
    field.choices = [("", field.empty_label), *(group for group in groups if group[1])]
