"""Writing on a ticket: sending, drafts, calling back, macros, mentions, quotes and the preview."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

import redaction
from accounts.models import User
from accounts.views.once import once
from common import markdown
from common.errors import Absent, DomainError, Refused, StaleVersion
from escalations import composing, conversation, macro_setup, macros, mentions, outbox, timeline
from escalations.forms.composer import MessageForm
from escalations.models import Macro, MessageDraft, MessageKind, Ticket
from escalations.views.parts import done, forbidding, person, ticket_url, visible_ticket
from escalations.views.ticket import page_context


@require_POST
@once
@forbidding
def write_message(request: HttpRequest, reference: str) -> HttpResponse:
    """Send a message with its files, or hold it and show why."""
    ticket, user = visible_ticket(request, reference), person(request)
    form = _form(request, ticket, user)
    status = 422
    if form.is_valid():
        kind = MessageKind(form.cleaned_data["kind"])
        form.doubt = (
            "" if request.POST.get("sure") else composing.looks_internal(ticket, kind, form.cleaned_data["body"])
        )
        try:
            if not form.doubt:
                return _sent(request, ticket, user, form)
        except StaleVersion as error:
            form.held = _new_part(ticket, error)
            status = 409
        except Refused as refusal:
            form.refuse(refusal.field, refusal.message)
        _keep_for_later(ticket, user, form)
        form = _again(request, ticket, user, form)
    return render(request, "escalations/ticket.html", page_context(ticket, user, message_form=form), status=status)


def _form(request: HttpRequest, ticket: Ticket, user: User) -> MessageForm:
    drafts = composing.own(user, ticket)
    form = MessageForm(request.POST, request.FILES, ticket=ticket, user=user, drafts=drafts)
    form.macro_used = _macro(request, ticket, user)
    return form


def _macro(request: HttpRequest, ticket: Ticket, user: User) -> Macro | None:
    raw = request.POST.get("macro", "")
    if not raw.isdecimal() or len(raw) > 18:
        return None
    return macros.usable_by(user, ticket).filter(pk=raw).first()


def _sent(request: HttpRequest, ticket: Ticket, user: User, form: MessageForm) -> HttpResponse:
    said = form.cleaned_data
    macro, wanted = form.macro_used, set(request.POST.getlist("action"))
    shown = {key for key, _words in form.chips}
    actions = {key: value for key, value in (macro.actions if macro else {}).items() if key not in shown - wanted}
    leaving = outbox.send(
        ticket,
        by=user,
        kind=MessageKind(said["kind"]),
        body=said["body"],
        uploads=said["uploads"],
        promise=said["promised_for"],
        seen=said["seen"],
        macro=macro,
        actions=actions,
        kept_files=[int(raw) for raw in request.POST.getlist("kept") if raw.isdecimal() and len(raw) < 19],
    )
    others = {kind: said[f"body_{kind}"] for kind in form.kinds if kind != said["kind"]}
    composing.keep_the_rest(ticket, others, by=user, seen=said["seen"] or 0)
    if leaving is None:
        done(request, _("Sent."))
    return redirect(f"{ticket_url(ticket)}#{'leaving' if leaving else 'composer'}")


def _new_part(ticket: Ticket, error: StaleVersion) -> list[timeline.Entry]:
    return timeline.of_messages(ticket, error.current if isinstance(error.current, list) else [])


def _keep_for_later(ticket: Ticket, user: User, form: MessageForm) -> None:
    """Keep what was not sent, with its files: a file field can't be filled in again."""
    said = form.cleaned_data
    try:
        draft = composing.keep(
            ticket, by=user, kind=MessageKind(said["kind"]), body=said["body"], promise=said.get("promised_for")
        )
        if draft is not None and "uploads" not in form.errors:
            composing.add_files(draft, said.get("uploads", ()))
    except DomainError:
        return  # the page says already what is wrong with it


def _again(request: HttpRequest, ticket: Ticket, user: User, former: MessageForm) -> MessageForm:
    """Return the form as it was sent, now with the new part of the timeline before its writer."""
    form = _form(request, ticket, user)
    form.held, form.doubt = former.held, former.doubt
    form.is_valid()
    for name, errors in former.errors.items():
        if name not in form.errors:
            form.add_error(None if name == "__all__" else name, errors)
    latest = conversation.readable(user, ticket).values_list("pk", flat=True).last()
    form.data = data = QueryDict(mutable=True)
    data.update(request.POST)
    data["seen"] = str(latest or 0)
    return form


@require_POST
@forbidding
def keep_message_draft(request: HttpRequest, reference: str) -> HttpResponse:
    """Keep the text of the chosen kind, as it is typed."""
    ticket, user = visible_ticket(request, reference), person(request)
    form = MessageForm(request.POST, ticket=ticket, user=user)
    form.is_valid()
    if "kind" not in form.cleaned_data:
        raise Http404
    try:
        draft = composing.keep(
            ticket,
            by=user,
            kind=MessageKind(form.cleaned_data["kind"]),
            body=form.cleaned_data["body"],
            promise=form.cleaned_data.get("promised_for"),
            seen=form.cleaned_data.get("seen") or 0,
        )
    except Refused as refusal:
        return JsonResponse({"detail": str(refusal.message)}, status=422)
    return JsonResponse({"saved_at": date_format(localtime(draft.updated_at), "H:i") if draft else ""})


@require_safe
def draft_list(request: HttpRequest) -> HttpResponse:
    """List what the person has begun to write and not sent."""
    drafts = (
        MessageDraft.objects.visible_to(person(request))
        .filter(discarded_at=None)
        .select_related("ticket")
        .order_by("-updated_at", "-pk")
    )
    return render(request, "escalations/drafts.html", {"drafts": drafts[:200]})


@require_POST
@once
def discard_message_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Throw a draft away; the next page offers to undo it."""
    draft = _own_draft(request, number)
    try:
        composing.discard(draft, by=person(request))
    except Refused as refusal:
        return _refused(request, draft.ticket, refusal)
    return redirect(f"{ticket_url(draft.ticket)}?discarded={draft.pk}#composer")


@require_POST
def fetch_back(request: HttpRequest, number: int) -> HttpResponse:
    """Call back what is on its way out, or undo throwing a draft away. Says so when it has gone out."""
    user = person(request)
    raw = request.POST.get("ticket", "")
    ticket = visible_ticket(request, raw)
    draft = MessageDraft.objects.visible_to(user).filter(pk=number, ticket=ticket).first()
    try:
        if draft is None:
            raise Absent(_("It has gone out already."))
        composing.fetch_back(draft, by=user)
    except Absent as gone:
        return _refused(request, ticket, gone)
    done(request, _("It is a draft again."))
    return redirect(f"{ticket_url(ticket)}#composer")


def _own_draft(request: HttpRequest, number: int) -> MessageDraft:
    return get_object_or_404(MessageDraft.objects.visible_to(person(request)).select_related("ticket"), pk=number)


def _refused(request: HttpRequest, ticket: Ticket, refusal: DomainError) -> HttpResponse:
    context = {"message": refusal.message, "back_url": ticket_url(ticket)}
    return render(request, "400.html", context, status=422)


@require_POST
def preview_message(request: HttpRequest, reference: str) -> HttpResponse:
    """Render the text of the chosen kind as it will stand on the timeline."""
    visible_ticket(request, reference)
    body = request.POST.get(f"body_{request.POST.get('kind', '')}", "")[: conversation.LONGEST]
    html = markdown.render(redaction.clean(body))
    return render(request, "escalations/parts/preview.html", {"html": html})


@require_safe
def quote(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Return a message as a quote for a text of the kind that is being written."""
    ticket, user = visible_ticket(request, reference), person(request)
    message = get_object_or_404(conversation.readable(user, ticket), pk=number)
    kind = request.GET.get("kind", "")
    if kind not in conversation.kinds_for(user, ticket):
        raise Http404
    try:
        return JsonResponse({"text": composing.quoted(message, MessageKind(kind))})
    except Refused as refusal:
        return JsonResponse({"detail": str(refusal.message)}, status=422)


@require_safe
def mentionable(request: HttpRequest, reference: str) -> HttpResponse:
    """Return whom the @ that is being typed may mean."""
    ticket, user = visible_ticket(request, reference), person(request)
    kind = request.GET.get("kind", "")
    if kind not in conversation.kinds_for(user, ticket):
        raise Http404
    found = mentions.suggested(ticket, kind, request.GET.get("q", "")[:60], by=user)
    return JsonResponse({"people": [{"name": one.name, "email": one.email} for one in found]})


@require_safe
def macro_menu(request: HttpRequest, reference: str) -> HttpResponse:
    """List the macros that the person may use here; each leads to the composer with its text."""
    ticket, user = visible_ticket(request, reference), person(request)
    found = macros.usable_by(user, ticket)
    if typed := request.GET.get("q", "").strip()[:60]:
        found = found.filter(Q(name__icontains=typed) | Q(folder__icontains=typed))
    context: dict[str, Any] = {"ticket": ticket, "macros": found[:50], "typed": typed}
    part = bool(request.htmx)  # type: ignore[attr-defined]  # django-htmx adds it
    return render(request, "escalations/parts/macro_items.html" if part else "escalations/macros.html", context)


@require_safe
def macro_text(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Return a macro's text for this ticket and what it does, for the composer."""
    ticket, user = visible_ticket(request, reference), person(request)
    macro = get_object_or_404(macros.usable_by(user, ticket), pk=number)
    text = macros.text_for(macro, ticket, by=user)
    context = {
        "macro": macro,
        "text": text,
        "chips": macro_setup.in_words(macro.actions),
        "missing": macros.missing_in(text),
    }
    return render(request, "escalations/parts/macro_used.html", context)
