"""The ladder of a policy's draft: its steps, and what forgotten and reopened tickets do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import policies, policy_drafts, policy_words
from escalations.forms.ladder import AttentionForm, LadderFormSet
from escalations.models import Policy, PolicyVersion
from escalations.views.parts import Conflict, done, forbidding
from escalations.views.service_levels import conflict, editor, last_saved, refuse


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_ladder(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit the ladder of a policy's draft; all else in it stays as it is."""
    user = editor(request)
    policy = get_object_or_404(Policy.objects.select_related("current__calendar"), pk=pk)
    draft = policy_drafts.draft_of(policy)
    if request.method != "POST":
        form = AttentionForm(draft=draft, version=policy_drafts.token(draft))
        return _page(request, draft, form, LadderFormSet(steps=draft.ladder, kind=policy.kind))
    form = AttentionForm(request.POST, draft=draft, version="")
    ladder = LadderFormSet(request.POST, kind=policy.kind)
    if not (form.is_valid() and ladder.is_valid()):
        return _page(request, draft, form, ladder)
    columns = {"ladder": ladder.steps(), **form.columns()}
    try:
        saved = policy_drafts.save_draft(policy, by=user, version=form.cleaned_data["version"], **columns)
    except StaleVersion as stale:
        return _stale(request, policy, stale, columns)
    except Refused as refusal:
        refuse(form, refusal)
        return _page(request, draft, form, ladder)
    if not saved.pk:
        done(request, _("Nothing was changed, so there is nothing to publish."))
        return redirect("policy", pk=pk)
    done(request, _("The draft is saved. Nothing changes until it is published."))
    return redirect("policy_publish" if "review" in request.POST else "policy", pk=pk)


def _page(
    request: HttpRequest,
    draft: PolicyVersion,
    form: AttentionForm,
    ladder: LadderFormSet,
    stale: Conflict | None = None,
) -> HttpResponse:
    context = {"policy": draft.policy, "draft": draft, "form": form, "ladder": ladder, "conflict": stale}
    bad = form.errors or (ladder.is_bound and not ladder.is_valid())
    status = 409 if stale else 422 if bad else 200
    return render(request, "escalations/setup/policy_ladder.html", context, status=status)


def _stale(request: HttpRequest, policy: Policy, stale: StaleVersion, columns: dict[str, object]) -> HttpResponse:
    """Show the form again on the draft as it is now, with both versions."""
    theirs = policy_drafts.draft_of(policy)
    mine = PolicyVersion(policy=policy, number=theirs.number, **columns)
    both = conflict(
        stale, policy_words.ladder(theirs), policy_words.ladder(mine), last_saved(policies.SUBJECT, policy.pk)
    )
    sent = request.POST.copy()
    sent["version"] = policy_drafts.token(theirs)
    form = AttentionForm(sent, draft=theirs, version="")
    return _page(request, theirs, form, LadderFormSet(sent, kind=policy.kind), both)
