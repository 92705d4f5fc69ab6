"""Pages of improvement proposals: the list, a proposal, its form, its steps."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common import markdown
from common.errors import Refused, StaleVersion
from escalations.models import Ticket
from escalations.views.parts import done, forbidding
from knowledgebase import access
from reports import costs, days, improvements
from reports.forms.improvements import ProposalForm, StateFilter, StepForm, proposal_initial
from reports.improvements import STEPS
from reports.models import Proposal
from reports.views import wording
from reports.views.asking import reader

PAGE_SIZE = 50
TICKETS_SHOWN = 20


def _reader(request: HttpRequest) -> User:
    user = reader(request)
    if not improvements.reads(user):
        raise Http404
    return user


def _proposal(pk: int) -> Proposal:
    return get_object_or_404(Proposal.objects.select_related("owner", "proposed_by", "known_issue"), pk=pk)


@require_safe
def improvement_list(request: HttpRequest) -> HttpResponse:
    """List the proposals, what was touched last first."""
    user = _reader(request)
    form = StateFilter(request.GET)
    found = Proposal.objects.select_related("owner", "known_issue")
    if form.is_valid() and form.cleaned_data["state"]:
        found = found.filter(state=form.cleaned_data["state"])
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    found_costs = costs.costs(page.object_list)
    rows = [(one, found_costs[one.pk]) for one in page]
    context = {"form": form, "page": page, "rows": rows, "may_write": access.may_write(user)}
    return render(request, "reports/improvements.html", context)


@require_safe
def improvement(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a proposal with what its escalations cost, and what came of it."""
    return _page(request, _reader(request), _proposal(pk))


def _page(
    request: HttpRequest,
    user: User,
    proposal: Proposal,
    status: int = 200,
    *,
    sent: tuple[str, StepForm] | None = None,
    trouble: object = "",
) -> HttpResponse:
    steps = []
    for verb, step in STEPS.items():
        if improvements.may(user, verb, proposal):
            form = StepForm(
                initial={"version": proposal.version, "released_on": days.today()}, auto_id=f"{verb}_%s"
            )
            steps.append((verb, step, sent[1] if sent and sent[0] == verb else form))
    visible = Ticket.objects.visible_to(user).filter(pk__in=costs.tickets_of(proposal).values("pk"))
    cost = costs.cost(proposal)
    context: dict[str, Any] = {
        "proposal": proposal,
        "cost": cost,
        "hours": wording.decimal(round(cost.hours, 1)),
        "parts": [
            (label, markdown.render(text))
            for label, text in (
                (_("Problem"), proposal.problem),
                (_("Evidence"), proposal.evidence),
                (_("Suggestion"), proposal.suggestion),
            )
            if text
        ],
        "outcome": _outcome(improvements.outcome(proposal)),
        "steps": steps,
        "may_write": access.may_write(user) and proposal.state not in {"measured", "declined"},
        "tickets": visible.order_by("-created_at")[:TICKETS_SHOWN],
        "trouble": trouble,
        "least_weeks": improvements.LEAST_WEEKS,
    }
    return render(request, "reports/improvement.html", context, status=status)


def _outcome(found: improvements.Outcome | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "weeks": found.weeks,
        "before": wording.decimal(round(found.before / found.weeks, 1)),
        "after": wording.decimal(round(found.after / found.weeks, 1)),
        "before_count": found.before,
        "after_count": found.after,
        "ratio": _two(found.ratio),
        "interval": _("95 %% interval %(low)s to %(high)s")
        % {"low": _two(found.low), "high": "∞" if found.high is None else _two(found.high)},
        "tone": "good" if found.is_better else "bad" if found.low > 1 else "",
    }


def _two(ratio: float | None) -> str:
    return wording.decimal(None if ratio is None else round(ratio, 2), 2)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_improvement(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a proposal, or change one. ?issue= and ?ticket= fill in what it is about."""
    user = _reader(request)
    proposal = _proposal(pk) if pk else None
    if not access.may_write(user):
        raise PermissionDenied
    initial = proposal_initial(proposal, user) if proposal else _begun(request, user)
    form = ProposalForm(request.POST or None, user=user, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            if proposal is None:
                kept = improvements.propose(form.draft(), by=user)
            else:
                kept = improvements.rewrite(proposal, form.draft(), by=user, version=form.cleaned_data["version"])
        except StaleVersion as stale:
            status = 409
            current = stale.current
            data = request.POST.copy()
            data["version"] = str(getattr(current, "version", 0))
            form = ProposalForm(data, user=user)
            form.add_error(None, _("%s Saving again puts this over it.") % stale.message)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The proposal is kept."))
            return redirect(kept)
    if status == 200 and form.errors:
        status = 422
    return render(request, "reports/improvement_edit.html", {"form": form, "proposal": proposal}, status=status)


def _begun(request: HttpRequest, user: User) -> dict[str, Any]:
    issue = request.GET.get("issue", "")
    known = issue if issue.isdecimal() and len(issue) < 19 else None
    return {"version": 0, "owner": user.pk, "known_issue": known, "tickets": request.GET.get("ticket", "")[:40]}


@require_POST
@once
@forbidding
def step_improvement(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Bring a proposal to its next state."""
    user, proposal = _reader(request), _proposal(pk)
    if verb not in STEPS:
        raise Http404
    form = StepForm(request.POST, auto_id=f"{verb}_%s")
    if form.is_valid():
        try:
            moved = improvements.step(proposal, verb, by=user, **form.cleaned_data)
        except StaleVersion as stale:
            return _page(request, user, _proposal(pk), 409, trouble=stale.message)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The proposal is “%s” now.") % moved.get_state_display())
            return redirect(moved)
    return _page(request, user, proposal, 422, sent=(verb, form))
