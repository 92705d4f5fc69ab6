"""One sensitive action: its page, asking for approval, deciding, withdrawing."""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms.confirm import ConfirmForm
from accounts.models import User
from accounts.views.once import once
from actions import access, checks, execution, facts, kinds, lifecycle, policies, story
from actions.facts import Facts
from actions.forms.action import DecisionForm, ReasonForm
from actions.models import Action, Kind, State
from actions.rule_answers import Answer
from actions.transitions import Verb, open_to
from actions.views.parts import visible_action
from common.errors import Refused, StaleVersion
from escalations.models import Attachment, Ticket
from escalations.views.parts import done, forbidding, person
from points import ledger

_JUDGED_NOW = frozenset({State.DRAFT, State.REQUESTED})


@require_safe
def action_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show an action: what is asked, what proves it, the checks, its past, and who may do what next."""
    action = visible_action(request, number)
    known = facts.gather(action, by=person(request)) if action.state in _JUDGED_NOW else Facts()
    return _page(request, action, known)


@require_POST
@forbidding
def request_action(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ask for approval."""
    action = visible_action(request, number)
    return _request(request, action, facts.gather(action, by=person(request)))


@once
def _request(request: HttpRequest, action: Action, known: Facts) -> HttpResponse:
    try:
        lifecycle.request(action, known, by=person(request), version=_version(request))
    except (Refused, StaleVersion) as refusal:
        return _page(request, visible_action(request, action.pk), known, refusal=refusal.message)
    done(request, _("Approval is asked for."))
    return redirect(action)


@require_POST
@forbidding
def approve_action(request: HttpRequest, number: int) -> HttpResponseBase:
    """Approve what was seen, proving anew who one is."""
    action = visible_action(request, number)
    return _approve(request, action, facts.gather(action, by=person(request)))


@once
def _approve(request: HttpRequest, action: Action, known: Facts) -> HttpResponse:
    user = person(request)
    unanswered = checks.unanswered(checks.judge(action, known, by=user))
    form = DecisionForm(request.POST, unanswered=unanswered)
    confirm = ConfirmForm(request.POST, user=user)
    forms = {"decision_form": form, "confirm_form": confirm}
    if Verb.APPROVE not in {one.verb for one in open_to(user, action)}:
        refusal = access.why_not_approve(user, action) or _("It was decided about meanwhile.")
        return _page(request, action, known, refusal=refusal)
    if not form.is_valid() or not confirm.is_valid():
        return _page(request, action, known, **forms)
    try:
        lifecycle.approve(
            action,
            known,
            by=user,
            digest=form.cleaned_data["digest"],
            proof_given=confirm.proof(),
            accepted=form.accepted(),
        )
    except Refused as refusal:
        if refusal.field in form.fields:
            form.add_error(refusal.field, refusal.message)
            return _page(request, action, known, **forms)
        return _page(request, visible_action(request, action.pk), known, refusal=refusal.message)
    except StaleVersion as stale:
        return _page(request, visible_action(request, action.pk), known, refusal=stale.message)
    done(request, _("Approved. It is carried out now."))
    return redirect(action)


@require_POST
@once
@forbidding
def reject_action(request: HttpRequest, number: int) -> HttpResponse:
    """Say no, with a reason."""
    action = visible_action(request, number)
    form = DecisionForm(request.POST)
    try:
        if form.is_valid():
            given = form.cleaned_data
            lifecycle.reject(action, by=person(request), digest=given["digest"], reason=given["reason"])
            done(request, _("Rejected."))
            return redirect(action)
    except Refused as refusal:
        form.add_error("reason" if refusal.field == "reason" else None, refusal.message)
    except StaleVersion as stale:
        return _page(request, visible_action(request, number), Facts(), refusal=stale.message)
    return _page(
        request, visible_action(request, number), facts.gather(action, by=person(request)), reject_form=form
    )


@require_POST
@once
@forbidding
def cancel_action(request: HttpRequest, number: int) -> HttpResponse:
    """Withdraw an action, with a reason."""
    action = visible_action(request, number)
    form = ReasonForm(request.POST)
    try:
        if form.is_valid():
            lifecycle.cancel(
                action, by=person(request), reason=form.cleaned_data["reason"], version=_version(request)
            )
            done(request, _("Cancelled."))
            return redirect(action)
    except (Refused, StaleVersion) as refusal:
        form.add_error(None, refusal.message)
    return _page(request, visible_action(request, number), Facts(), cancel_form=form)


@require_safe
def evidence_file(request: HttpRequest, number: int, key: str) -> FileResponse:
    """Send a file that is evidence of an action: whoever sees the action may, also without the ticket."""
    action = visible_action(request, number)
    source = (action.evidence.get(key) or {}).get("source") or {}
    found = (
        action.ticket.attachments.filter(pk=source.get("id", 0)).first() if source.get("type") == "file" else None
    )
    if found is None:
        raise Http404
    return _download(found)


def _download(file: Attachment) -> FileResponse:
    response = FileResponse(
        file.file.open("rb"), as_attachment=True, filename=file.name, content_type="application/octet-stream"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _page(request: HttpRequest, action: Action, known: Facts, *, refusal: Any = "", **forms: Any) -> HttpResponse:
    user = person(request)
    judged = _judged(action, known, user)
    offers = {one.verb.value: one for one in open_to(user, action)}
    definition = kinds.of(action.kind)
    context = {
        "action": action,
        "amount": kinds.measured(action.kind, action.amount, action.currency),
        "payload": definition.rows(action.payload),
        "evidence": story.evidence(action),
        "checks": judged,
        "judged_now": action.state in _JUDGED_NOW,
        "failing": checks.failing(judged),
        "offers": offers,
        "next_steps": story.next_steps(action, user),
        "why_not": access.why_not_approve(user, action) if action.state == State.REQUESTED else "",
        "story": story.told(action),
        "sees_ticket": Ticket.objects.visible_to(user).filter(pk=action.ticket_id).exists(),
        "policy_rows": policies.rows_of(action.policy),
        "decision_form": DecisionForm(initial={"digest": action.digest}, unanswered=checks.unanswered(judged)),
        "reject_form": DecisionForm(initial={"digest": action.digest}),
        "confirm_form": ConfirmForm(user=user) if Verb.APPROVE in offers else None,
        "cancel_form": ReasonForm(),
        "posting": ledger.by_key(execution.points_key(action)) if action.kind == Kind.POINTS_REFUND else None,
        "refusal": refusal,
        **forms,
    }
    return render(request, "actions/action.html", context, status=422 if refusal or forms else 200)


def _judged(action: Action, known: Facts, user: User) -> list[Answer]:
    """Return the checks as they stand now while somebody has to decide, else as the decision had them."""
    if action.state in _JUDGED_NOW:
        if action.state == State.DRAFT:
            action.policy = policies.in_force(action.kind)
        return checks.judge(action, known, by=user)
    decision = action.decisions.order_by("-pk").first()
    return [Answer.stored(kept) for kept in (decision.checks if decision and decision.checks else action.checks)]


def _version(request: HttpRequest) -> int | None:
    raw = request.POST.get("version", "")
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 10 else None
