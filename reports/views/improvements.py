"""Pages of improvement proposals: the list, a proposal, its form, its steps."""

from datetime import date
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common import markdown
from common.errors import Refused, StaleVersion
from escalations.models import Ticket
from escalations.similar import exact_reference
from escalations.views.parts import done, forbidding
from events.models import Event
from knowledgebase import access
from knowledgebase.models import KnownIssue
from reports import costs, days, grounds, improvements, naming, released, trends
from reports.forms.improvements import ProposalForm, StateFilter, StepForm, proposal_initial
from reports.improvements import STEPS
from reports.models import Proposal, ProposalState
from reports.views import wording
from reports.views.asking import reader

M = TypeVar("M", bound=Model)

PAGE_SIZE = 50
TICKETS_SHOWN = 20


def _reader(request: HttpRequest) -> User:
    user = reader(request)
    if not improvements.reads(user):
        raise Http404
    return user


def _proposal(user: User, pk: int) -> Proposal:
    seen = Proposal.objects.visible_to(user).select_related("owner", "partner", "proposed_by", "known_issue")
    return get_object_or_404(seen, pk=pk)


@require_safe
def improvement_list(request: HttpRequest) -> HttpResponse:
    """List the proposals, what was touched last first."""
    user = _reader(request)
    form = StateFilter(request.GET)
    found = Proposal.objects.visible_to(user).select_related("owner", "partner", "known_issue")
    if form.is_valid() and form.cleaned_data["state"]:
        found = found.filter(state=form.cleaned_data["state"])
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    found_costs = costs.costs(list(page))
    rows = [(one, found_costs[one.pk]) for one in page]
    context = {"form": form, "page": page, "rows": rows, "may_write": access.may_write(user)}
    return render(request, "reports/improvements.html", context)


@require_safe
def improvement(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a proposal with what its escalations cost, and what came of it."""
    user = _reader(request)
    return _page(request, user, _proposal(user, pk))


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
                initial={"version": proposal.version, "released_on": proposal.released_on or days.today()},
                auto_id=f"{verb}_%s",
            )
            steps.append((verb, step, sent[1] if sent and sent[0] == verb else form))
    visible = Ticket.objects.visible_to(user).filter(pk__in=costs.tickets_of(proposal).values("pk"))
    cost, outcome = costs.cost(proposal), released.outcome(proposal)
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
        "outcome": _outcome(outcome),
        "why_not_yet": released.why_not_yet(proposal) if proposal.released_on and not outcome else "",
        "records_begin": released.records_begin() if outcome and outcome.is_cut else None,
        "steps": steps,
        "dated": improvements.DATED,
        "may_take": improvements.may_take(user, proposal),
        "history": [(event, _did(event)) for event in improvements.history(proposal)],
        "may_write": access.may_write(user) and proposal.state not in {"measured", "declined"},
        "tickets": visible.order_by("-created_at")[:TICKETS_SHOWN],
        "unseen": cost.tickets - visible.count(),
        "trouble": trouble,
    }
    return render(request, "reports/improvement.html", context, status=status)


def _outcome(found: released.Outcome | None) -> dict[str, Any] | None:
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


#: What the record's events are called; those that are missing are called by the state that they led to.
_DEEDS = {
    "proposal.rewritten": gettext_lazy("Edited"),
    "proposal.taken": gettext_lazy("Taken over"),
    "proposal.release_corrected": gettext_lazy("Release corrected"),
    "proposal.outcome_withdrawn": gettext_lazy("Outcome withdrawn, to be measured again"),
}


def _did(event: Event) -> str:
    """Return what was done, with the day of the release or what was measured where that was what it was about."""
    did = str(_DEEDS.get(event.kind) or ProposalState(event.data["state"]).label)
    if event.kind in {"proposal.released", "proposal.release_corrected"} and event.get("released_on"):
        return f"{did}: {date_format(date.fromisoformat(event.data['released_on']), _('j M Y'))}"
    if event.kind == "proposal.measured" and (outcome := event.get("outcome")):
        counts = _("%(before)d before, %(after)d after, in %(weeks)d weeks each")
        return f"{did}: {counts % {name: outcome[name] for name in ('before', 'after', 'weeks')}}"
    return did


def _two(ratio: float | None) -> str:
    return wording.decimal(None if ratio is None else round(ratio, 2), 2)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_improvement(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a proposal, or change one. ?issue=, ?ticket= and ?trend= say what it is about, and so its evidence."""
    user = _reader(request)
    proposal = _proposal(user, pk) if pk else None
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
    """Return what a new proposal starts with: what the address names, as far as the person sees it."""
    begun: dict[str, Any] = {"version": 0, "owner": user.pk}
    visible = Ticket.objects.visible_to(user).filter(restricted_as="")
    about = Q(pk=exact_reference(request.GET.get("ticket", "")))
    if trend := _numbered(trends.shown_to(user), request.GET.get("trend")):
        begun["title"] = naming.named([trend])[0].label
        about |= Q(pk__in=trend.examples)
    named = list(visible.filter(about).order_by("pk"))
    issue = _numbered(KnownIssue.objects.visible_to(user).defer("search"), request.GET.get("issue"))
    if issue is None and named and len({one.known_issue_id for one in named}) == 1:
        issue = named[0].known_issue  # theirs, all of them
    if issue is not None:
        begun |= {"title": begun.get("title") or issue.title, "problem": issue.symptoms, "known_issue": issue.pk}
        about |= Q(known_issue=issue)
    begun["tickets"] = " ".join(one.reference for one in named)
    begun["evidence"] = grounds.told(visible.filter(about))
    return begun


def _numbered(found: QuerySet[M], number: str | None) -> M | None:
    return found.filter(pk=number).first() if number and number.isdecimal() and len(number) < 19 else None


@require_POST
@once
@forbidding
def take_improvement(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a proposal that is put to the person's team theirs."""
    user = _reader(request)
    proposal = _proposal(user, pk)
    form = StepForm(request.POST)
    if not form.is_valid():
        return _page(request, user, proposal, 422)
    try:
        improvements.take(proposal, by=user, version=form.cleaned_data["version"])
    except StaleVersion as stale:
        return _page(request, user, _proposal(user, pk), 409, trouble=stale.message)
    done(request, _("It is yours now."))
    return redirect(proposal)


@require_POST
@once
@forbidding
def step_improvement(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Bring a proposal to its next state."""
    user = _reader(request)
    proposal = _proposal(user, pk)
    if verb not in STEPS:
        raise Http404
    form = StepForm(request.POST, auto_id=f"{verb}_%s")
    if form.is_valid():
        try:
            moved = improvements.step(proposal, verb, by=user, **form.cleaned_data)
        except StaleVersion as stale:
            return _page(request, user, _proposal(user, pk), 409, trouble=stale.message)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The proposal is “%s” now.") % moved.get_state_display())
            return redirect(moved)
    return _page(request, user, proposal, 422, sent=(verb, form))
