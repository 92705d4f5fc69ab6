"""The list of reviews, opening one, and the page of one."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.once import once
from audit.noting import note
from common import clock, progress
from common.errors import Refused
from compliance import cases, changes, checklists, decisions, documents, notices, packs, timeline, transitions
from compliance.forms.cases import (
    CaseFilter,
    DocumentForm,
    IndicatorsForm,
    LinkForm,
    NewCaseForm,
    NoteForm,
    OwnerForm,
)
from compliance.indicators import Indicator
from compliance.models import REFERENCE_PREFIX, Case, Kind, PackState, State
from compliance.sealing import CaseKey
from compliance.views.asking import asked_case, for_members, member
from escalations.models import Ticket

PAGE = 50
SOON = timedelta(days=3)


@require_safe
@for_members
def case_list(request: HttpRequest) -> HttpResponse:
    """List the reviews, what is due first."""
    user = member(request)
    form = CaseFilter(request.GET)
    found = Case.objects.visible_to(user).select_related("customer", "owner")
    found = _narrowed(found, form.cleaned_data) if form.is_valid() else found.none()
    page = Paginator(found.order_by(F("next_due_at").asc(nulls_last=True), "-pk"), PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "form": form,
        "page": page,
        "is_narrowed": any(form.cleaned_data.values()) if form.is_valid() else True,
        "news": [(one, timeline.line_of(one.event)) for one in notices.unread(user)],
    }
    return render(request, "compliance/cases.html", context)


def _narrowed(found: Any, asked: dict[str, Any]) -> Any:
    state = asked["state"]
    if not state:
        found = found.exclude(state=State.DECIDED)
    elif state != "all":
        found = found.filter(state=state)
    if asked["kind"]:
        found = found.filter(kind=asked["kind"])
    if asked["owner"]:
        found = found.filter(owner=asked["owner"])
    if asked["due"]:
        found = found.filter(next_due_at__lt=clock.now() + (SOON if asked["due"] == "soon" else timedelta()))
    words = asked["customer"].strip()
    if words:
        number = words.upper().removeprefix(REFERENCE_PREFIX)
        named = Q(customer__name__icontains=words) | Q(customer__external_id__iexact=words)
        found = found.filter(named | Q(pk=number) if number.isdecimal() and len(number) < 19 else named)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
@once
def new_case(request: HttpRequest) -> HttpResponse:
    """Open a review."""
    given = {"ticket": request.GET.get("ticket", ""), "kind": Kind.SUSPICIOUS_ACTIVITY}
    form = NewCaseForm(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        made = _opened(request, form)
        if made is not None:
            messages.success(request, _("The review is open."))
            return redirect(made)
    context = {"form": form}
    return render(request, "compliance/new.html", context, status=422 if form.is_bound else 200)


def _opened(request: HttpRequest, form: NewCaseForm) -> Case | None:
    """Open what the valid form asks for; where that is refused, say so in the form and return None."""
    user, said = member(request), form.cleaned_data
    try:
        ticket = cases.find_ticket(said["ticket"], by=user) if said["ticket"].strip() else None
        customer = None if ticket else cases.find_customer(said["customer"], by=user)
        return cases.open_case(
            Kind(said["kind"]), by=user, reason=said["reason"], ticket=ticket, customer=customer
        )
    except Refused as refusal:
        form.add_error(refusal.field, refusal.message)
        return None


@require_safe
@for_members
def case_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show a review with everything in it; that it was read is noted."""
    case = asked_case(request, number)
    note("compliance.case_read", by=member(request), about=(changes.SUBJECT, case.pk))
    return render(request, "compliance/case.html", page_context(request, case))


def page_context(request: HttpRequest, case: Case, **forms: Any) -> dict[str, Any]:
    """Return what the page shows. `forms` take the place of fresh ones. Raises Unreadable."""
    user, key = member(request), CaseKey(case)
    items = checklists.items(case, key)
    indicators = key.json(case, "indicators")
    proposal = transitions.open_proposal(case)
    links = list(case.tickets.select_related("ticket").order_by("ticket"))
    visible = set(
        Ticket.objects.visible_to(user)
        .filter(pk__in=[one.ticket_id for one in links])
        .values_list("pk", flat=True)
    )
    made = list(case.packs.select_related("requested_by").order_by("-pk")[:5])
    return {
        "case": case,
        "offered": transitions.offered(case, user, proposal),
        "is_own_proposal": proposal is not None and proposal.proposed_by_id == user.pk,
        "proposals": decisions.all_of(case, key),
        "items": items,
        "answered": sum(not item.lacks for item in items),
        "documents": documents.of(case, key),
        "entries": timeline.of(case, key),
        "deadlines": case.deadlines.order_by("due_at"),
        "indicators": [Indicator(one).label for one in indicators],
        "tickets": [(one, one.ticket if one.ticket_id in visible else None) for one in links],
        "customers": case.customers.select_related("customer").order_by("customer__name"),
        "packs": made,
        "pack_progress": pack_progress(made[0]) if made else None,
        "note_form": NoteForm(auto_id="note_%s"),
        "owner_form": OwnerForm(case=case, auto_id="owner_%s"),
        "indicators_form": IndicatorsForm(initial={"indicators": indicators}, auto_id="risk_%s"),
        "link_form": LinkForm(auto_id="link_%s"),
        "document_form": DocumentForm(auto_id="file_%s"),
    } | forms


def pack_progress(pack: Any) -> progress.Progress | None:
    """Return how far a pack has come."""
    return progress.of(packs.job(pack)) if pack.state == PackState.UNDER_WAY else None


@require_POST
@for_members
@once
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark what is new as read."""
    notices.read(by=member(request))
    return redirect("compliance_cases")
