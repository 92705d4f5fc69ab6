"""The ticket page, and everything one does on it."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, prefetch_related_objects
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import DomainError, NotAllowed, Refused, StaleVersion
from escalations import (
    access,
    access_list,
    assignment,
    composing,
    contract,
    conversation,
    deadlines,
    knowledge,
    macros,
    merging,
    tagging,
    timeline,
)
from escalations.access import Party, parties, reads_internal, works_on
from escalations.forms.composer import MessageForm
from escalations.forms.work import OwnerForm, PriorityForm, TagsForm, TeamForm
from escalations.models import Clock, Message, MessageDraft, MessageKind, Ticket
from escalations.queue import NEEDS_L1
from escalations.views.actions import buttons
from escalations.views.parts import done, person, ticket_rows, ticket_url, visible_ticket
from knowledgebase.models import Article, KnownIssue

#: What the page shows of a ticket and what hangs on it, fetched with it.
SHOWN = ("form", "resolution", "root_cause__parent", "diagnosis__updated_by")


@require_safe
def ticket_page(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one escalation with all that belongs to it.

    What has to be searched for, and what is seldom needed, comes after the page: escalations.views.beside.
    """
    ticket, user = visible_ticket(request, reference, *SHOWN), person(request)
    context = page_context(ticket, user)
    if (wanted := request.GET.get("macro", "")).isdecimal() and len(wanted) < 19 and "message_form" in context:
        start_from(context["message_form"], int(wanted), ticket, user)
    if (said := request.GET.get("partner_said", "")).isdecimal() and len(said) < 19 and "message_form" in context:
        tell_customer(context["message_form"], int(said), ticket, user)
    if (thrown := request.GET.get("discarded", "")).isdecimal() and len(thrown) < 19:
        drafts = MessageDraft.objects.visible_to(user)
        context["discarded"] = drafts.filter(pk=thrown, ticket=ticket).exclude(discarded_at=None).first()
    return render(request, "escalations/ticket.html", context)


def start_from(form: MessageForm, number: int, ticket: Ticket, user: User) -> None:
    """Begin the composer with a macro, below what stands there already."""
    macro = macros.usable_by(user, ticket).filter(pk=number).first()
    if macro is None:
        return
    _add(form, MessageKind(macro.kind), macros.text_for(macro, ticket, by=user))
    form.use(macro)


def tell_customer(form: MessageForm, number: int, ticket: Ticket, user: User) -> None:
    """Begin an answer to the customer with what a partner answered, below what stands there already."""
    if text := composing.told_by_partner(ticket, number, by=user):
        _add(form, MessageKind.TO_CUSTOMER, text)


def _add(form: MessageForm, kind: MessageKind, text: str) -> None:
    name = f"body_{kind}"
    written = [str(form.initial.get(name, "")).strip(), text]
    form.initial = {**form.initial, "kind": kind.value, name: "\n\n".join(filter(None, written))}


def page_context(ticket: Ticket, user: User, *, message_form: MessageForm | None = None) -> dict[str, Any]:
    """Return what the ticket page shows to `user`: a partner sees the contract and the own thread, no more."""
    context: dict[str, Any] = moving_context(ticket, user, message_form=message_form) | {
        "answers": contract.rows(ticket.form, ticket.answers),
        "attachments": timeline.files_of(ticket, None),
    }
    if context["follows"]:
        context |= {"ratings": ticket.ratings.all(), "asked": _asked_of_l1(ticket)}
    if context["reads_internal"]:
        context["diagnosis"] = getattr(ticket, "diagnosis", None)
        context["hand_overs"] = access.hand_overs(ticket)
    return context


def moving_context(ticket: Ticket, user: User, *, message_form: MessageForm | None = None) -> dict[str, Any]:
    """Return what moves on the ticket page while it is open: head, actions, timeline, deadlines and facts."""
    prefetch_related_objects(
        [ticket],
        "attachments",
        Prefetch("clocks", Clock.objects.select_related("team").order_by("pk")),
    )
    works = works_on(user, ticket)
    internal = reads_internal(user, ticket)
    entries = timeline.of_ticket(ticket, user)
    context: dict[str, Any] = {
        "ticket": ticket,
        "entries": entries,
        "buttons": buttons(ticket, user),
        "reads_internal": internal,
        "works": works,
        "follows": access.follows(user, ticket),
        "outcome": merging.outcome(ticket, user),
        "is_requester": Party.REQUESTER in parties(user, ticket) and not works,
        "may_restrict": access_list.may_restrict(user, ticket),
        "may_take": works and ticket.is_open and ticket.owner_id is None and bool(user.roles.get(ticket.team_id)),
        "deadlines": deadlines.board(deadlines.seen_by(user, ticket, ticket.clocks.all())),
    }
    if works:
        context["tags_form"] = TagsForm(auto_id="tags_%s")
    if conversation.kinds_for(user, ticket):
        drafts = composing.own(user, ticket)
        seen = max((entry.message.pk for entry in entries if entry.message), default=0)
        context["message_form"] = message_form or MessageForm(ticket=ticket, user=user, drafts=drafts, seen=seen)
        context["leaving"] = [draft for draft in drafts if draft.sends_at is not None]
    return context


def _asked_of_l1(ticket: Ticket) -> Message | None:
    """Return what the second line asked, while the ticket waits for the first line's answer."""
    if ticket.state not in NEEDS_L1:
        return None
    return ticket.messages.filter(kind=MessageKind.TO_L1).select_related("author").order_by("-created_at").first()


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
    return _set(request, ticket, form, "owner", assignment.assign, _("Passed on."))


@require_POST
@once
def set_team(request: HttpRequest, reference: str) -> HttpResponse:
    """Pass the ticket to another second-line team."""
    ticket = visible_ticket(request, reference)
    return _set(request, ticket, TeamForm(request.POST), "team", assignment.give_to_team, _("Passed on."))


@require_POST
@once
def set_priority(request: HttpRequest, reference: str) -> HttpResponse:
    """Change the priority, and with it the targets of the clocks."""
    ticket = visible_ticket(request, reference)
    form = PriorityForm(request.POST)
    return _set(request, ticket, form, "priority", assignment.set_priority, _("The priority is changed."))


@require_POST
@once
def change_tags(request: HttpRequest, reference: str) -> HttpResponse:
    """Add tags, or take one away."""
    ticket = visible_ticket(request, reference)
    form = TagsForm(request.POST)

    def carry_out() -> None:
        if not form.is_valid():
            raise Refused(" ".join(str(error) for errors in form.errors.values() for error in errors))
        away = [form.cleaned_data["remove"]] if form.cleaned_data["remove"] else []
        tagging.change(ticket, by=person(request), add=form.cleaned_data["add"], remove=away)

    return _try(request, ticket, carry_out, _("The tags are changed."))


@require_safe
def suggest_tags(request: HttpRequest) -> HttpResponse:
    """Return the tags in use, as options of a field, for whoever may read them."""
    return render(request, "escalations/parts/tag_options.html", {"tags": tagging.suggestions(person(request))})


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


def _set(
    request: HttpRequest, ticket: Ticket, form: Form, name: str, change: Callable[..., Ticket], sentence: str
) -> HttpResponse:
    """Change one thing of the ticket to what the form says, unless somebody was quicker."""
    chosen = form.cleaned_data[name] if form.is_valid() else None
    raw = request.POST.get("version", "")
    seen = int(raw) if raw.isdecimal() and len(raw) < 10 else None

    def carry_out() -> None:
        if not form.is_valid():
            raise Refused(_("Choose one of the list."))
        change(ticket, chosen, by=person(request), version=seen)

    return _try(request, ticket, carry_out, sentence, sent={name: chosen or _("Nobody")})


def _try(
    request: HttpRequest,
    ticket: Ticket,
    change: Callable[[], object],
    sentence: str,
    *,
    sent: dict[str, Any] | None = None,
) -> HttpResponse:
    """Make a small change and go back to the page, with a sentence on how it went.

    `sent` is what was chosen, to be shown beside what is kept when somebody was quicker.
    """
    try:
        change()
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal.message)) from refusal
    except StaleVersion as error:
        current = visible_ticket(request, ticket.reference)
        context = {
            "message": error.message,
            "rows": ticket_rows(current, sent or {}),
            "at": current.updated_at,
            "back_url": ticket_url(ticket),
        }
        return render(request, "409.html", context, status=409)
    except DomainError as refusal:
        return render(
            request, "400.html", {"message": refusal.message, "back_url": ticket_url(ticket)}, status=422
        )
    done(request, sentence)
    to_triage = request.POST.get("back") == "triage"
    return redirect(reverse("triage", args=[ticket.reference]) if to_triage else ticket_url(ticket))
