"""The ticket page, and everything one does on it."""

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import DomainError, NotAllowed, Refused, StaleVersion
from escalations import assignment, contract, conversation, knowledge, panels, timeline
from escalations.access import Party, parties, reads_internal, works_on
from escalations.deadlines import of_clocks
from escalations.forms.actions import FORMS, ONE_CLICK, ActionForm
from escalations.forms.work import MessageForm, OwnerForm, PriorityForm, TeamForm
from escalations.models import ClockSegment, MessageKind, State, Ticket
from escalations.similar import similar_to
from escalations.transitions import BY_VERB, Verb, open_to
from escalations.views.parts import done, person, stale, ticket_rows, ticket_url, visible_ticket
from knowledgebase.models import Article, KnownIssue
from knowledgebase.search import matching_articles, matching_known_issues

MOST_EARLIER = 5


@require_safe
def ticket_page(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one escalation with all that belongs to it."""
    ticket = visible_ticket(request, reference)
    return render(request, "escalations/ticket.html", page_context(ticket, person(request)))


def page_context(ticket: Ticket, user: User, *, message_form: MessageForm | None = None) -> dict[str, Any]:
    """Return what the ticket page shows to `user`."""
    internal = reads_internal(user, ticket)
    works = works_on(user, ticket)
    clocks = ticket.clocks.select_related("calendar").prefetch_related(
        Prefetch("segments", ClockSegment.objects.select_related("calendar"))
    )
    text = f"{ticket.subject} {ticket.description}"
    return {
        "ticket": ticket,
        "answers": contract.rows(ticket.form, ticket.answers),
        "deadlines": of_clocks(list(clocks)),
        "entries": timeline.of_ticket(ticket, user),
        "actions": list(open_to(user, ticket)),
        "one_click": ONE_CLICK,
        "message_form": message_form or MessageForm(ticket=ticket, user=user),
        "can_write": bool(conversation.kinds_for(user, ticket)) and ticket.state not in _SILENT,
        "diagnosis": getattr(ticket, "diagnosis", None) if internal else None,
        "reads_internal": internal,
        "works": works,
        "leads": Party.LEAD in parties(user, ticket),
        "is_requester": Party.REQUESTER in parties(user, ticket),
        "owner_form": OwnerForm(ticket=ticket) if works else None,
        "team_form": TeamForm(initial={"team": ticket.team_id}) if works else None,
        "priority_form": PriorityForm(initial={"priority": ticket.priority}) if works else None,
        "reviews": ticket.reviews.select_related("reviewer"),
        "attachments": visible_attachments(ticket, user),
        "hand_overs": ticket.hand_overs.select_related("team", "asked_by") if internal else (),
        "article_uses": ticket.article_uses.select_related("article") if internal else (),
        "articles": matching_articles(user, text, limit=4) if works else (),
        "known_issues": matching_known_issues(user, text, limit=3) if works else (),
        "similar": similar_to(ticket, user) if internal else (),
        "earlier": earlier_tickets(ticket, user),
        "ratings": ticket.ratings.all(),
        "panels": panels.rendered(ticket, user),
    }


_SILENT = {State.MERGED, State.CANCELLED}


def earlier_tickets(ticket: Ticket, user: User) -> list[Ticket]:
    """Return the customer's other tickets that `user` may see, the newest first."""
    others = Ticket.objects.visible_to(user).filter(customer=ticket.customer_id).exclude(pk=ticket.pk)
    return list(others.select_related("category").order_by("-created_at")[:MOST_EARLIER])


def visible_attachments(ticket: Ticket, user: User) -> list[Any]:
    """Return the files of the contract and of the messages that `user` may read."""
    readable = conversation.readable(user, ticket).values("pk")
    own = ticket.attachments.filter(message=None)
    return list((own | ticket.attachments.filter(message__in=readable)).distinct().order_by("created_at"))


@require_http_methods(["GET", "HEAD", "POST"])
@once
def act(request: HttpRequest, reference: str, verb: str) -> HttpResponse:
    """Ask for what a transition needs (GET), and make it (POST)."""
    ticket, user = visible_ticket(request, reference), person(request)
    if verb not in FORMS:
        raise Http404
    chosen = Verb(verb)
    form = FORMS[chosen](request.POST or None, ticket=ticket, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            form.perform()
        except StaleVersion as error:
            return _stale(request, error, form, ticket)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("Done: %s.") % BY_VERB[chosen].label)
            return redirect(ticket_url(ticket))
    if chosen not in {transition.verb for transition in open_to(user, ticket)} and not form.errors:
        messages.warning(request, _("“%s” is not possible any more.") % BY_VERB[chosen].label)
        return redirect(ticket_url(ticket))
    template = "escalations/parts/action.html" if request.htmx else "escalations/action.html"  # type: ignore[attr-defined]
    context = {"ticket": ticket, "form": form, "transition": BY_VERB[chosen]}
    return render(request, template, context, status=422 if form.errors else 200)


def _stale(request: HttpRequest, error: StaleVersion, form: ActionForm, ticket: Ticket) -> HttpResponse:
    current = error.current
    if not isinstance(current, Ticket):
        raise Http404
    return stale(
        request, error, ticket_rows(current, form.cleaned_data), back_url=ticket_url(ticket), by=None,
        at=current.updated_at,
    )  # fmt: skip


@require_POST
@once
def write_message(request: HttpRequest, reference: str) -> HttpResponse:
    """Add a message with its files."""
    ticket, user = visible_ticket(request, reference), person(request)
    form = MessageForm(request.POST, request.FILES, ticket=ticket, user=user)
    if form.is_valid():
        try:
            conversation.write(
                ticket,
                by=user,
                kind=MessageKind(form.cleaned_data["kind"]),
                body=form.cleaned_data["body"],
                uploads=form.cleaned_data["uploads"],
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("Sent."))
            return redirect(f"{ticket_url(ticket)}#composer")
    return render(request, "escalations/ticket.html", page_context(ticket, user, message_form=form), status=422)


@require_POST
@once
def take(request: HttpRequest, reference: str) -> HttpResponse:
    """Make this person the owner of a ticket nobody has."""
    ticket = visible_ticket(request, reference)
    return _try(request, ticket, lambda: assignment.take(ticket, by=person(request)), _("It is yours."))


@require_POST
@once
def set_owner(request: HttpRequest, reference: str) -> HttpResponse:
    """Give the ticket to somebody of its team, or to nobody."""
    ticket = visible_ticket(request, reference)
    form = OwnerForm(request.POST, ticket=ticket)
    if not form.is_valid():
        return _try(request, ticket, None, "")
    owner = form.cleaned_data["owner"]
    return _try(request, ticket, lambda: assignment.assign(ticket, owner, by=person(request)), _("Passed on."))


@require_POST
@once
def set_team(request: HttpRequest, reference: str) -> HttpResponse:
    """Pass the ticket to another second-line team."""
    ticket = visible_ticket(request, reference)
    form = TeamForm(request.POST)
    if not form.is_valid():
        return _try(request, ticket, None, "")
    team = form.cleaned_data["team"]
    return _try(
        request, ticket, lambda: assignment.give_to_team(ticket, team, by=person(request)), _("Passed on.")
    )


@require_POST
@once
def set_priority(request: HttpRequest, reference: str) -> HttpResponse:
    """Change the priority, and with it the targets of the clocks."""
    ticket = visible_ticket(request, reference)
    form = PriorityForm(request.POST)
    if not form.is_valid():
        return _try(request, ticket, None, "")
    priority = form.cleaned_data["priority"]
    return _try(
        request,
        ticket,
        lambda: assignment.set_priority(ticket, priority, by=person(request)),
        _("The priority is P%s now.") % priority,
    )


@require_POST
@once
def link_issue(request: HttpRequest, reference: str) -> HttpResponse:
    """Link the ticket to a known issue, or take the link away."""
    ticket, user = visible_ticket(request, reference), person(request)
    raw = request.POST.get("issue", "")
    issue = KnownIssue.objects.visible_to(user).filter(pk=raw).first() if raw.isdecimal() else None
    if raw and issue is None:
        raise Http404
    return _try(request, ticket, lambda: knowledge.link_known_issue(ticket, issue, by=user), _("Done."))


@require_POST
@once
def use_article(request: HttpRequest, reference: str) -> HttpResponse:
    """Link an article, and say whether it was the answer."""
    ticket, user = visible_ticket(request, reference), person(request)
    raw = request.POST.get("article", "")
    article = Article.objects.visible_to(user).filter(pk=raw).first() if raw.isdecimal() else None
    if article is None:
        raise Http404
    solved = request.POST.get("solved") == "yes"
    return _try(
        request, ticket, lambda: knowledge.use_article(ticket, article, by=user, solved=solved), _("Linked.")
    )


def _try(request: HttpRequest, ticket: Ticket, change: Any, sentence: str) -> HttpResponse:
    """Make a small change and go back to the page, with a sentence on how it went."""
    try:
        if change is None:
            raise Refused(_("Choose one of the list."))
        change()
    except NotAllowed as refusal:
        return render(request, "403.html", {"message": refusal.message}, status=403)
    except DomainError as refusal:
        return render(
            request, "400.html", {"message": refusal.message, "back_url": ticket_url(ticket)}, status=422
        )
    done(request, sentence)
    return redirect(ticket_url(ticket))
