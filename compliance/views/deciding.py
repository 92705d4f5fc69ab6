"""Proposing and deciding: two people, each of whom proves with it who they are."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.forms.confirm import ConfirmForm
from accounts.views.once import once
from common.errors import Refused
from compliance import checklists, content, decisions, documents, transitions
from compliance.forms.deciding import ProposalForm, RejectionForm
from compliance.indicators import Indicator
from compliance.models import Case
from compliance.sealing import CaseKey
from compliance.transitions import Verb
from compliance.views.asking import asked_case, for_members, member


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
@once
def propose(request: HttpRequest, number: int) -> HttpResponse:
    """Propose a decision."""
    case, user = asked_case(request, number), member(request)
    if request.method != "POST" and not transitions.may(Verb.PROPOSE, case, user, None):
        return redirect(case)
    form = ProposalForm(request.POST or None, case=case)
    confirm = ConfirmForm(request.POST or None, user=user)
    # The password is tried only for what is else complete: each try counts.
    if request.method == "POST" and form.is_valid() and confirm.is_valid():
        said = form.cleaned_data
        try:
            decisions.propose(case, said["outcome"], by=user, reason=said["reason"], proof_given=confirm.proof())
        except Refused as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            messages.success(request, _("Proposed. Somebody else of your team decides."))
            return redirect(case)
    context = {
        "case": case,
        "form": form,
        "confirm_form": confirm if form.is_valid() else ConfirmForm(user=user),
        "lacking": decisions.lacking(case, CaseKey(case)),
    }
    return render(request, "compliance/propose.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
@once
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Show what is proposed and what it is about, and confirm or reject it."""
    case, user = asked_case(request, number), member(request)
    if request.method != "POST":
        if not transitions.may(Verb.CONFIRM, case, user, transitions.open_proposal(case)):
            return redirect(case)
        fresh = {"form": RejectionForm(), "confirm_form": ConfirmForm(user=user)}
        return render(request, "compliance/decide.html", _to_decide(case) | fresh)
    verb = request.POST.get("do", "")
    if verb not in {Verb.CONFIRM, Verb.REJECT}:
        raise Http404
    rejects = verb == Verb.REJECT
    form, confirm, refused = (
        RejectionForm(request.POST if rejects else None),
        ConfirmForm(request.POST, user=user),
        "",
    )
    if (form.is_valid() or not rejects) and confirm.is_valid():
        try:
            if rejects:
                remark = form.cleaned_data["remark"]
                decisions.reject(case, by=user, remark=remark, proof_given=confirm.proof())
            else:
                digest = request.POST.get("digest", "")
                decisions.confirm(case, by=user, digest=digest, proof_given=confirm.proof())
                messages.success(request, _("Decided."))
            return redirect(case)
        except Refused as refusal:
            refused = str(refusal)
    context: dict[str, Any] = {"form": form, "confirm_form": confirm, "refused": refused}
    return render(request, "compliance/decide.html", _to_decide(asked_case(request, number)) | context, status=422)


def _to_decide(case: Case) -> dict[str, Any]:
    """Return all that the decision is about, and the digest of just that. Raises Unreadable."""
    key = CaseKey(case)
    made = decisions.all_of(case, key)
    return {
        "case": case,
        "proposal": made[-1] if made and made[-1].row.ended_at is None else None,
        "digest": content.digest(case, key),
        "items": checklists.items(case, key),
        "documents": documents.of(case, key),
        "notes": [(one, key.text(one, "text")) for one in case.notes.select_related("by").order_by("pk")],
        "indicators": [Indicator(one).label for one in key.json(case, "indicators")],
        "links": case.tickets.count() + case.customers.count(),
    }
