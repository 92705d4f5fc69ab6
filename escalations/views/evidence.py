"""Keeping evidence by hand: what a message or a file says, or what somebody saw."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.views.once import once
from common.errors import Refused
from escalations import conversation, evidence
from escalations.access import works_on
from escalations.forms.board import WordsForm
from escalations.forms.evidence import EvidenceForm
from escalations.models import EvidenceKind, Ticket
from escalations.said import Said, in_contract, in_message
from escalations.views.board import internal_ticket
from escalations.views.parts import done, forbidding, person


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def keep_evidence(request: HttpRequest, reference: str) -> HttpResponse:
    """Keep evidence; ?message= and ?file= name what of the ticket it is taken from."""
    ticket, user = internal_ticket(request, reference), person(request)
    if not works_on(user, ticket):
        raise PermissionDenied
    said = _said(request, ticket)
    kind, source, initial = _taken_from(request, ticket, said)
    words = WordsForm(request.POST or None, initial=initial)
    form = EvidenceForm(request.POST or None, ticket=ticket)
    if request.method == "POST" and words.is_valid() and form.is_valid():
        given = words.cleaned_data
        try:
            if said is not None:
                given["body"] = said.part(given["body"])
            kept = evidence.keep(ticket, kind=kind, source=source, by=user, **given, **form.place())
        except Refused as refusal:
            part = form if refusal.field in form.fields else words
            part.add_error(refusal.field if refusal.field in part.fields else None, refusal.message)
        else:
            done(request, _("The evidence is on the board."))
            return redirect(f"{reverse('diagnosis_board', args=[ticket.reference])}#evidence-{kept.pk}")
    context: dict[str, Any] = {
        "ticket": ticket,
        "words": words,
        "evidence_form": form,
        "kind": kind.label,
        "is_taken": bool(source),
        "is_said": said is not None,
    }
    if not source:
        context["files"] = list(ticket.attachments.order_by("pk"))
    status = 422 if words.errors or form.errors else 200
    return render(request, "escalations/evidence.html", context, status=status)


def _said(request: HttpRequest, ticket: Ticket) -> Said | None:
    """Return whose words the address names: a message's, or the contract's description."""
    if number := request.GET.get("message", ""):
        message = get_object_or_404(conversation.readable(person(request), ticket), pk=_number(number))
        return in_message(message, ticket)
    return in_contract(ticket) if "description" in request.GET else None


def _taken_from(
    request: HttpRequest, ticket: Ticket, said: Said | None
) -> tuple[EvidenceKind, dict[str, Any], dict[str, str]]:
    """Return the kind, the source and the words of what the address names; of nothing if it names nothing."""
    if said is not None:
        initial = {"title": said.title, "body": said.body[: evidence.LONGEST_BODY]}
        return said.kind, said.source, initial
    if number := request.GET.get("file", ""):
        file = get_object_or_404(ticket.attachments.all(), pk=_number(number))
        address = reverse("attachment", args=[ticket.reference, file.pk])
        source = {"file": file.name, "sha256": file.sha256, "page": address}
        return EvidenceKind.FILE, source, {"title": file.name}
    return EvidenceKind.OTHER, {}, {}


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)
