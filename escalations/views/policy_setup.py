"""A policy's page: what it says now and before, its draft, publishing it, its order and whether it is in use."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import policies, policy_checks, policy_drafts, policy_order, policy_words, service_levels
from escalations.forms.ladder import AttentionForm, LadderFormSet
from escalations.forms.named import NameForm, NewPolicyForm
from escalations.forms.policy_setup import PolicyForm
from escalations.models import Policy, PolicyKind, PolicyVersion, Priority
from escalations.views.parts import Conflict, done, forbidding
from escalations.views.service_levels import (
    conflict,
    editor,
    history,
    last_saved,
    no_draft,
    reader,
    refuse,
    status_of,
)


@require_safe
def policy_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a policy says, its draft and its earlier versions."""
    user = reader(request)
    policy = _policy(pk)
    clocks = service_levels.open_clocks("policy")
    names = policy_words.Names()
    published = list(
        policy.versions.filter(published_at__isnull=False).select_related("published_by", "policy", "calendar")
    )[::-1]
    draft = policy_drafts.stored_draft(policy)
    current = published[0] if published else None
    context = {
        "policy": policy,
        "current": current,
        "conditions": policy_words.conditions(current, names) if current else {},
        "targets": policy_words.target_rows(current, policy.kind) if current else [],
        "priorities": [priority.label for priority in Priority],
        "ladder": policy_words.ladder(current) if current else {},
        "pauses": policy_words.pauses(current) if current else "",
        "notes": policy_checks.warnings(current) if current else [],
        "hidden_behind": policy_checks.hidden_behind(policy, current) if current and policy.is_active else None,
        "draft": draft,
        "draft_token": policy_drafts.token(draft) if draft else "",
        "saved": last_saved(policies.SUBJECT, policy.pk) if draft else None,
        "history": history(published, lambda version: policy_words.as_text(version, names), clocks),
        "may_edit": service_levels.may_set_up(user),
        "rename_form": NameForm(initial={"name": policy.name}),
        "copy_form": NameForm(initial={"name": _("%s (copy)") % policy.name}, auto_id="copy_%s"),
    }
    return render(request, "escalations/setup/policy.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def new_policy(request: HttpRequest) -> HttpResponse:
    """Name a new policy, then write what it says."""
    user = editor(request)
    form = NewPolicyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            policy = policy_drafts.create(by=user, **form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            return redirect("policy_draft", pk=policy.pk)
    context = {"form": form, "title": _("New policy"), "act": _("Go on to its targets")}
    return render(request, "escalations/setup/new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def policy_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit a policy's draft, its ladder included."""
    user = editor(request)
    policy = _policy(pk)
    forms = DraftForms(policy_drafts.draft_of(policy), request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _edit_page(request, forms)
    if not forms.are_valid():
        return _edit_page(request, forms)
    try:
        saved = policy_drafts.save_draft(policy, by=user, version=forms.version, **forms.columns())
    except StaleVersion as stale:
        return _stale(request, pk, stale, forms)
    except Refused as refusal:
        refuse(forms.policy, refusal)
        return _edit_page(request, forms)
    if not saved.pk:
        done(request, _("Nothing was changed, so there is nothing to publish."))
        return redirect("policy", pk=pk)
    done(request, _("The draft is saved. Nothing changes until it is published."))
    return redirect("policy_publish" if "review" in request.POST else "policy", pk=pk)


class DraftForms:
    """What a draft is edited with: its targets and conditions, its ladder, and what counts as forgotten."""

    def __init__(self, draft: PolicyVersion, data: QueryDict | None = None) -> None:
        self.draft = draft
        self.policy = PolicyForm(data, draft=draft, version=policy_drafts.token(draft))
        self.ladder = LadderFormSet(data, steps=draft.ladder, kind=draft.policy.kind)
        # What is forgotten and reopened is the business of service levels: a regulatory deadline has no owner.
        self.attention = AttentionForm(data, draft=draft) if draft.policy.kind == PolicyKind.SERVICE else None

    @property
    def version(self) -> str:
        """The token of the draft that was before whoever sent this."""
        return str(self.policy.cleaned_data["version"])

    def are_valid(self) -> bool:
        """Judge all of them, so that everything that is wrong is said at once."""
        attention = self.attention is None or self.attention.is_valid()
        parts: list[bool] = [self.policy.is_valid(), self.ladder.is_valid(), attention]
        return all(parts)

    @property
    def has_errors(self) -> bool:
        wrong = bool(self.policy.errors) or self.ladder.total_error_count() > 0
        return wrong or bool(self.attention and self.attention.errors)

    def columns(self) -> dict[str, Any]:
        """Return what the valid forms set in the draft."""
        attention = self.attention.columns() if self.attention else {}
        return {**self.policy.columns(), **attention, "ladder": self.ladder.steps()}


def _edit_page(request: HttpRequest, forms: DraftForms, stale: Conflict | None = None) -> HttpResponse:
    context = {
        "policy": forms.draft.policy,
        "draft": forms.draft,
        "form": forms.policy,
        "ladder": forms.ladder,
        "attention": forms.attention,
        "conflict": stale,
    }
    status = 409 if stale else 422 if forms.has_errors else 200
    return render(request, "escalations/setup/policy_edit.html", context, status=status)


def _stale(request: HttpRequest, pk: int, stale: StaleVersion, forms: DraftForms) -> HttpResponse:
    """Show the form again on the draft as it is now, with both versions."""
    policy = _policy(pk)
    theirs = policy_drafts.draft_of(policy)
    kept = service_levels.contents(theirs, policy_drafts.COLUMNS)
    mine = PolicyVersion(policy=policy, number=theirs.number, **{**kept, **forms.columns()})
    sent = request.POST.copy()
    sent["version"] = policy_drafts.token(theirs)
    names = policy_words.Names()
    both = conflict(
        stale,
        policy_words.in_words(theirs, names),
        policy_words.in_words(mine, names),
        last_saved(policies.SUBJECT, pk),
    )
    return _edit_page(request, DraftForms(theirs, sent), both)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def publish_policy(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what publishing would change, and publish."""
    user = editor(request)
    policy = _policy(pk)
    if request.method != "POST":
        return _publish_page(request, policy)
    try:
        published = policy_drafts.publish(policy, by=user, version=request.POST.get("version", ""))
    except (StaleVersion, Refused) as refusal:
        return _publish_page(request, _policy(pk), refusal)
    done(request, _("Version %d is published.") % published.number)
    return redirect("policy", pk=pk)


def _publish_page(
    request: HttpRequest, policy: Policy, refusal: StaleVersion | Refused | None = None
) -> HttpResponse:
    draft = policy_drafts.stored_draft(policy)
    if draft is None:
        return no_draft(request, refusal, reverse("policy", args=[policy.pk]))
    names = policy_words.Names()
    faults = policy_checks.faults(draft) + policy_checks.faults_when_published(draft)
    clocks = service_levels.open_clocks("policy")
    context = {
        "thing": policy,
        "back_url": reverse("policy", args=[policy.pk]),
        "edit_url": reverse("policy_draft", args=[policy.pk]),
        "draft": draft,
        "token": policy_drafts.token(draft),
        "former": policy_words.as_text(policy.current, names) if policy.current else "",
        "text": policy_words.as_text(draft, names),
        "keep": sum(clocks.get(pk, 0) for pk in policy.versions.values_list("pk", flat=True)),
        "faults": [fault.sentence for fault in faults],
        "warnings": policy_checks.warnings(draft),
        "refusal": refusal,
    }
    return render(request, "escalations/setup/publish.html", context, status=status_of(refusal))


@require_POST
@once
@forbidding
def act_on_policy(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Rename or copy a policy, put it in or out of use, move it, or discard its draft."""
    user = editor(request)
    policy = _policy(pk)
    act = _VERBS.get(verb)
    if act is None:
        raise Http404
    led_to = policy
    try:
        led_to = act(policy, request.POST, user) or policy
        done(request, str(_SENTENCES[verb]()))
    except (Refused, StaleVersion) as refusal:
        messages.error(request, str(refusal.message))
    if verb in {"up", "down"} or not Policy.objects.filter(pk=led_to.pk).exists():
        return redirect("service_levels")
    return redirect("policy", pk=led_to.pk)


def _discard(policy: Policy, sent: QueryDict, user: User) -> None:
    policy_drafts.discard(policy, by=user, version=sent.get("version"))


_VERBS: dict[str, Callable[[Policy, QueryDict, User], Policy | None]] = {
    "rename": lambda policy, sent, user: policy_drafts.rename(policy, sent.get("name", ""), by=user),
    "copy": lambda policy, sent, user: policy_drafts.copy(policy, sent.get("name", ""), by=user),
    "use": lambda policy, _sent, user: policy_order.set_in_use(policy, True, by=user),
    "retire": lambda policy, _sent, user: policy_order.set_in_use(policy, False, by=user),
    "up": lambda policy, _sent, user: policy_order.move(policy, "up", by=user),
    "down": lambda policy, _sent, user: policy_order.move(policy, "down", by=user),
    "discard": _discard,
}
_SENTENCES: dict[str, Callable[[], Any]] = {
    "rename": lambda: _("The policy is renamed."),
    "copy": lambda: _("The copy is a draft and out of use: change it, publish it, put it in use."),
    "use": lambda: _("The policy is in use. Escalations that come in from now on are matched with it."),
    "retire": lambda: _("The policy is out of use. Clocks that run by it go on."),
    "up": lambda: _("The policy is tried earlier now."),
    "down": lambda: _("The policy is tried later now."),
    "discard": lambda: _("The draft is discarded."),
}


def _policy(pk: int) -> Policy:
    return get_object_or_404(Policy.objects.select_related("current__calendar__current", "current__policy"), pk=pk)
