"""What is done on the page of a review."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.views.once import once
from common.errors import Refused
from compliance import cases, checklists, decisions, documents, lifecycle
from compliance.forms.cases import DocumentForm, IndicatorsForm, LinkForm, NoteForm, OwnerForm
from compliance.forms.checklist import ItemForm
from compliance.models import Case, Document
from compliance.sealing import CaseKey
from compliance.transitions import Verb
from compliance.views.asking import asked_case, case_url, for_members, member
from compliance.views.cases import page_context

CLICKS: dict[str, Callable[..., None]] = {
    Verb.TAKE: lifecycle.take,
    Verb.WAIT: lifecycle.wait,
    Verb.RESUME: lifecycle.resume,
    Verb.WITHDRAW: decisions.withdraw,
    Verb.REOPEN: lifecycle.reopen,
}


@require_POST
@for_members
@once
def act(request: HttpRequest, number: int, verb: str) -> HttpResponse:
    """Do what needs no more than a click."""
    case = asked_case(request, number)
    if verb not in CLICKS:
        raise Http404
    CLICKS[verb](case, by=member(request))
    return redirect(case)


@require_POST
@for_members
@once
def set_owner(request: HttpRequest, number: int) -> HttpResponse:
    """Give the review to a member."""
    case = asked_case(request, number)
    form = OwnerForm(request.POST, case=case, auto_id="owner_%s")
    return _saved(
        request, case, form, "owner_form", lambda said: cases.assign(case, said["owner"], by=member(request))
    )


@require_POST
@for_members
@once
def write_note(request: HttpRequest, number: int) -> HttpResponse:
    """Add a note."""
    case = asked_case(request, number)
    form = NoteForm(request.POST, auto_id="note_%s")
    return _saved(
        request, case, form, "note_form",
        lambda said: cases.write_note(case, said["note"], by=member(request)), anchor="timeline",
    )  # fmt: skip


@require_POST
@for_members
@once
def set_indicators(request: HttpRequest, number: int) -> HttpResponse:
    """Say which signs of risk there are."""
    case = asked_case(request, number)
    form = IndicatorsForm(request.POST, auto_id="risk_%s")
    return _saved(
        request, case, form, "indicators_form",
        lambda said: cases.set_indicators(case, said["indicators"], by=member(request)),
    )  # fmt: skip


@require_POST
@for_members
@once
def link(request: HttpRequest, number: int) -> HttpResponse:
    """Link an escalation, a customer, or both."""
    case, user = asked_case(request, number), member(request)

    def carry_out(said: dict[str, Any]) -> None:
        if not said["ticket"].strip() and not said["customer"].strip():
            raise Refused(_("Name an escalation or a customer."), field="ticket")
        if said["ticket"].strip():
            cases.link_ticket(case, cases.find_ticket(said["ticket"], by=user), by=user)
        if said["customer"].strip():
            cases.link_customer(case, cases.find_customer(said["customer"], by=user), by=user)

    return _saved(request, case, LinkForm(request.POST, auto_id="link_%s"), "link_form", carry_out)


@require_POST
@for_members
@once
def unlink(request: HttpRequest, number: int, what: str, entry: int) -> HttpResponse:
    """Take a link away."""
    case = asked_case(request, number)
    links: dict[str, QuerySet[Any]] = {"tickets": case.tickets.all(), "customers": case.customers.all()}
    if what not in links:
        raise Http404
    cases.unlink(case, get_object_or_404(links[what], pk=entry), by=member(request))
    return redirect(case)


@require_POST
@for_members
@once
def add_document(request: HttpRequest, number: int) -> HttpResponse:
    """Seal a file into the review."""
    case = asked_case(request, number)
    form = DocumentForm(request.POST, request.FILES, auto_id="file_%s")
    return _saved(
        request, case, form, "document_form",
        lambda said: documents.add(case, said["uploads"], by=member(request)), anchor="documents",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
@once
def checklist(request: HttpRequest, number: int) -> HttpResponse:
    """Show the checklist, and save the answers that were changed; one that is refused leaves the others."""
    case, user = asked_case(request, number), member(request)
    key = CaseKey(case)
    held = documents.of(case, key)
    known = {one.row.pk: one.row for one in held}
    rows = [ItemForm(request.POST or None, item=item, documents=held) for item in checklists.items(case, key)]
    if request.method == "POST":
        for row in rows:
            _answer(case, row, known, user)
        if not any(row.errors for row in rows):
            messages.success(request, _("The checklist is saved."))
            return redirect(case_url(case, "checklist"))
    context = {"case": case, "rows": rows, "documents": held}
    wrong = request.method == "POST"
    return render(request, "compliance/checklist.html", context, status=422 if wrong else 200)


def _answer(case: Case, row: ItemForm, known: dict[int, Document], user: Any) -> None:
    if not row.is_valid() or not row.cleaned_data["value"]:
        if row.is_valid() and row.cleaned_data["note"]:
            row.add_error("value", _("Choose an answer, too."))
        return
    said = row.cleaned_data
    document = known[said["document"]] if said["document"] else None
    try:
        checklists.answer(
            case,
            row.item.key,
            said["value"],
            by=user,
            note=said["note"],
            document=document,
            seen=said["seen"] or 0,
        )
    except Refused as refusal:
        row.add_error("value", refusal.message)


def _saved(
    request: HttpRequest,
    case: Case,
    form: Form,
    name: str,
    carry_out: Callable[[dict[str, Any]], Any],
    *,
    anchor: str = "",
) -> HttpResponse:
    """Do what a form of the case's page asks for; where it is refused, show the page with the form's errors."""
    if form.is_valid():
        try:
            carry_out(form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return redirect(case_url(case, anchor))
    current = asked_case(request, case.pk)
    return render(request, "compliance/case.html", page_context(request, current, **{name: form}), status=422)
