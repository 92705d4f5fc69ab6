"""Pages of known issues: the list, the issue, its editing and its status."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.views.once import once
from common import markdown
from common.errors import Refused, StaleVersion
from knowledgebase import access, known_issues, panels
from knowledgebase.filters import KnownIssueFilter
from knowledgebase.forms import IssueStatusForm, KnownIssueForm, OwnerForm
from knowledgebase.models import KnownIssue
from knowledgebase.search import search_known_issues
from knowledgebase.views.answers import demand_writer, forbidding, page_of, person


def issue_or_404(request: HttpRequest, pk: int) -> KnownIssue:
    """Return a known issue that the person may see; any other looks absent."""
    return get_object_or_404(
        KnownIssue.objects.visible_to(person(request)).select_related("owner").defer("search"), pk=pk
    )


@require_GET
def known_issue_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    issues = KnownIssue.objects.visible_to(user).select_related("owner").defer("symptoms", "workaround", "search")
    filters = KnownIssueFilter(request.GET, queryset=issues)
    query = request.GET.get("q", "").strip()
    context: dict[str, Any] = {
        "filters": filters.form,
        "query": query,
        "narrowed": query or request.GET.get("status"),
        "may_write": access.may_write(user),
    }
    if not filters.is_valid():
        context |= page_of(request, issues.none())
        return render(request, "knowledgebase/known_issue_list.html", context, status=400)
    found = (
        search_known_issues(user, query, among=filters.qs) if query else filters.qs.order_by("-updated_at", "-pk")
    )
    context |= page_of(request, found)
    return render(request, "knowledgebase/known_issue_list.html", context)


@require_GET
def known_issue(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, issue_or_404(request, pk))


def _page(request: HttpRequest, shown: KnownIssue, *, trouble: str = "", status: int = 200) -> HttpResponse:
    user = person(request)
    hands_on = access.may_hand_on(user, shown)
    context = {
        "issue": shown,
        "symptoms": markdown.render(shown.symptoms),
        "workaround": markdown.render(shown.workaround),
        "trouble": trouble,
        "may_write": access.may_write(user),
        "status_form": IssueStatusForm(initial=IssueStatusForm.values_of(shown)),
        "owner_form": OwnerForm(initial={"owner": shown.owner_id}) if hands_on else None,
        "panels": panels.rendered(shown, user),
    }
    return render(request, "knowledgebase/known_issue.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def known_issue_new(request: HttpRequest) -> HttpResponse:
    demand_writer(request)
    if request.method != "POST":
        return _form_page(request, KnownIssueForm())
    form = KnownIssueForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form)
    try:
        with forbidding():
            opened = known_issues.open_issue(by=person(request), **form.entered())
    except Refused as refusal:
        form.add_refusal(refusal)
        return _form_page(request, form)
    messages.success(request, _("The known issue was opened. Link the tickets that have it."))
    return redirect(opened)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def known_issue_edit(request: HttpRequest, pk: int) -> HttpResponse:
    shown = issue_or_404(request, pk)
    demand_writer(request)
    if request.method != "POST":
        return _form_page(request, KnownIssueForm(initial=KnownIssueForm.values_of(shown)), shown)
    form = KnownIssueForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, shown)
    version = form.cleaned_data["version"]
    try:
        with forbidding():
            known_issues.revise(shown, by=person(request), version=version, **form.entered())
    except Refused as refusal:
        form.add_refusal(refusal)
        return _form_page(request, form, shown)
    except StaleVersion:
        return _both_versions(request, form, issue_or_404(request, pk))
    messages.success(request, _("The known issue was saved."))
    return redirect(shown)


def _form_page(request: HttpRequest, form: KnownIssueForm, shown: KnownIssue | None = None) -> HttpResponse:
    context = {"form": form, "issue": shown}
    status = 422 if form.errors else 200
    return render(request, "knowledgebase/known_issue_edit.html", context, status=status)


def _both_versions(request: HttpRequest, form: KnownIssueForm, current: KnownIssue) -> HttpResponse:
    """Show the stored version beside what was sent, and a form that saves the latter over the former."""
    context = {
        "issue": current,
        "rows": form.beside(current),
        "at": current.updated_at,
        "back_url": current.get_absolute_url(),
        "form": KnownIssueForm(initial={**form.entered(), "version": current.version}),
    }
    return render(request, "knowledgebase/known_issue_conflict.html", context, status=409)


@require_POST
@once
def known_issue_status(request: HttpRequest, pk: int) -> HttpResponse:
    shown = issue_or_404(request, pk)
    form = IssueStatusForm(request.POST)
    if not form.is_valid():
        raise BadRequest(_("Choose one of the statuses, on a page loaded anew."))
    try:
        with forbidding():
            known_issues.set_status(shown, by=person(request), **form.cleaned_data)
    except Refused as refusal:
        return _page(request, issue_or_404(request, pk), trouble=str(refusal), status=422)
    except StaleVersion as stale:
        return _page(request, issue_or_404(request, pk), trouble=str(stale), status=409)
    messages.success(request, _("The status was changed."))
    return redirect(shown)


@require_POST
@once
def known_issue_owner(request: HttpRequest, pk: int) -> HttpResponse:
    shown = issue_or_404(request, pk)
    form = OwnerForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, trouble=_("Choose who should own the known issue."), status=422)
    owner = form.cleaned_data["owner"]
    try:
        with forbidding():
            known_issues.change_owner(shown, by=person(request), owner=owner)
    except Refused as refusal:
        return _page(request, issue_or_404(request, pk), trouble=str(refusal), status=422)
    messages.success(request, _("%(name)s owns this known issue now.") % {"name": owner})
    return redirect(shown)
