"""Policies of actions: what is in force, what is proposed, and changing one by two people."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms.confirm import ConfirmForm
from accounts.views.once import once
from actions import access, policies
from actions.forms.action import ReasonForm
from actions.forms.policy import PolicyForm, initial_of
from actions.models import ActionPolicy, Kind, PolicyState
from common.errors import DomainError, NotAllowed
from escalations.contract import Invalid
from escalations.views.parts import done, forbidding, person


@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """List what is in force for each kind, and what waits for a decision."""
    user = _reader(request)
    current = ActionPolicy.objects.filter(state=PolicyState.IN_FORCE).select_related("approver_team", "decided_by")
    waiting = {
        one.kind: one
        for one in ActionPolicy.objects.filter(state__in=[PolicyState.DRAFT, PolicyState.PROPOSED]).select_related(
            "edited_by"
        )
    }
    found = {one.kind: one for one in current}
    rows = [
        (found[kind.value], policies.who_approves(found[kind.value]), waiting.get(kind.value)) for kind in Kind
    ]
    return render(request, "actions/policies.html", {"rows": rows, "may_change": access.may_change_policies(user)})


@require_safe
def policy_page(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a policy, what is proposed, and its earlier versions."""
    _reader(request)
    return _page(request, _kind(kind))


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def policy_draft(request: HttpRequest, kind: str) -> HttpResponse:
    """Write the next version."""
    user, of_kind = _reader(request), _kind(kind)
    if not access.may_change_policies(user):
        raise NotAllowed(_("Only leads and admins change policies."))
    version = policies.open_version(kind)
    base = version or policies.in_force(kind)
    form = PolicyForm(request.POST or None, kind=of_kind, initial=initial_of(base))
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            policies.save_draft(
                kind,
                data,
                approver_team=data["approver_team"],
                approver_role=data["approver_role"],
                why=data["why"],
                by=user,
            )
        except (DomainError, Invalid) as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("action_policy", kind=kind)
    context = {"kind": of_kind, "form": form, "version": version}
    return render(request, "actions/policy_draft.html", context, status=422 if form.errors else 200)


@require_POST
@once
@forbidding
def act_on_policy(request: HttpRequest, kind: str, verb: str) -> HttpResponse:
    """Propose, take back, discard, approve or reject what is open."""
    user, of_kind = _reader(request), _kind(kind)
    version = policies.open_version(kind)
    if version is None or str(version.pk) != request.POST.get("version"):
        return _page(request, of_kind, refusal=_("Somebody changed this policy meanwhile. Look again."))
    forms: dict[str, Any] = {}
    try:
        match verb:
            case "propose":
                policies.propose(version, by=user)
            case "take-back":
                policies.take_back(version, by=user)
            case "discard":
                policies.discard(version, by=user)
            case "reject":
                policies.reject(version, by=user, reason=request.POST.get("reason", ""))
            case "approve":
                forms["confirm_form"] = confirm = ConfirmForm(request.POST, user=user)
                if not confirm.is_valid():
                    return _page(request, of_kind, **forms)
                policies.approve(version, by=user, proof_given=confirm.proof())
            case _:
                raise Http404
    except NotAllowed:
        raise
    except DomainError as refusal:
        return _page(request, of_kind, refusal=refusal.message, **forms)
    done(request, _("Done."))
    return redirect("action_policy", kind=kind)


def _page(request: HttpRequest, kind: Kind, *, refusal: Any = "", **forms: Any) -> HttpResponse:
    user = person(request)
    versions = list(
        ActionPolicy.objects.filter(kind=kind).select_related(
            "approver_team", "edited_by", "proposed_by", "decided_by"
        )
    )
    current = next(one for one in versions if one.state == PolicyState.IN_FORCE)
    waiting = next((one for one in versions if one.state in {PolicyState.DRAFT, PolicyState.PROPOSED}), None)
    may_decide = waiting is not None and policies.may_decide(user, waiting)
    context = {
        "kind": kind,
        "current": current,
        "rows": policies.rows_of(current),
        "waiting": waiting,
        "differences": policies.differences(current, waiting) if waiting else [],
        "may_change": access.may_change_policies(user),
        "may_decide": may_decide,
        "confirm_form": ConfirmForm(user=user) if may_decide else None,
        "reject_form": ReasonForm(),
        "history": versions,
        "refusal": refusal,
        **forms,
    }
    return render(request, "actions/policy.html", context, status=422 if refusal or forms else 200)


def _reader(request: HttpRequest) -> Any:
    user = person(request)
    if not access.may_read_policies(user):
        raise Http404
    return user


def _kind(kind: str) -> Kind:
    if kind not in Kind.values:
        raise Http404
    return Kind(kind)
