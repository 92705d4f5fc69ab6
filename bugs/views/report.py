"""A bug report: written from an escalation, looked at, changed, taken along as a file."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from bugs import hand_overs, impact, leaving, reports, setup
from bugs.forms.report import AddressForm, CommentForm, HandOverForm, ReferenceForm, ReportForm
from bugs.models import BugReport, State
from common.errors import Refused, StaleVersion
from escalations.access import reads_internal, works_on
from escalations.models import Evidence, Ticket
from escalations.views.parts import done, forbidding, person, visible_ticket
from knowledgebase.models import KnownIssue
from redaction.schemes import MASK

TONES = {State.FIXED: "good", State.UNSENT: "bad", State.SENDING: "warn"}


def seen(request: HttpRequest, number: int) -> BugReport:
    """Return the report, or answer 404 where this person may not see it."""
    found = BugReport.objects.visible_to(person(request)).select_related("ticket", "tracker", "made_by")
    return get_object_or_404(found, pk=number)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def new_bug(request: HttpRequest, reference: str) -> HttpResponse:
    """Write a report about an escalation, beginning with what is known of it."""
    ticket = visible_ticket(request, reference, "known_issue")
    user = person(request)
    if not reads_internal(user, ticket) or not works_on(user, ticket):
        raise Http404
    evidence = Evidence.objects.filter(ticket=ticket, removed_at=None)
    issue = ticket.known_issue
    asked = issue is not None and request.GET.get("issue", "") == str(issue.pk)
    initial = {
        "title": issue.title if issue and asked else ticket.subject,
        "actual": issue.symptoms if issue and asked else ticket.error_code, "environment": ticket.product,
        "severity": impact.of_ticket(ticket).suggested.value, "evidence": evidence.filter(supports=True),
        "issues": [issue.pk] if issue else [], "links_others": asked,
    }  # fmt: skip
    form = ReportForm(request.POST or None, evidence=evidence, issues=_issues(user, ticket), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            bug = reports.write(ticket, form.words(), by=user)
            if issue is not None and form.cleaned_data.get("links_others"):
                reports.link_all(bug, issue, by=user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The report is written. Nothing has left the house yet."))
            return redirect(bug)
    context = {"ticket": ticket, "form": form}
    return render(request, "bugs/edit.html", context, status=422 if form.errors else 200)


def _issues(user: User, ticket: Ticket, bug: BugReport | None = None) -> Any:
    numbers = set(bug.issues.values_list("pk", flat=True)) if bug else set()
    if ticket.known_issue_id:
        numbers.add(ticket.known_issue_id)
    return KnownIssue.objects.visible_to(user).filter(pk__in=numbers)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_bug(request: HttpRequest, number: int) -> HttpResponse:
    """Change a report's words."""
    bug, user = seen(request, number), person(request)
    if not reports.may_change(user, bug):
        raise Http404
    tickets = Ticket.objects.visible_to(user).filter(bugs__bug=bug)
    evidence = Evidence.objects.filter(ticket__in=tickets, removed_at=None)
    initial = {name: getattr(bug, name) for name in (
        "title", "environment", "steps", "expected", "actual", "severity", "version",
    )} | {"evidence": bug.evidence.all(), "issues": bug.issues.all()}  # fmt: skip
    form = ReportForm(
        request.POST or None, evidence=evidence, issues=_issues(user, bug.ticket, bug), initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            reports.change(bug, form.words(), by=user, version=form.cleaned_data["version"] or 0)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as stale:
            again: dict[str, Any] = {
                "message": stale.message,
                "rows": [],
                "back_url": reverse("edit_bug", args=[bug.pk]),
            }
            return render(request, "409.html", again, status=409)
        else:
            done(request, _("Saved."))
            return redirect(bug)
    context = {"ticket": bug.ticket, "bug": bug, "form": form}
    return render(request, "bugs/edit.html", context, status=422 if form.errors else 200)


@require_safe
def bug(request: HttpRequest, number: int) -> HttpResponse:
    """Show a report, and exactly what leaves the house of it."""
    return page(request, seen(request, number))


def page(
    request: HttpRequest,
    bug: BugReport,
    refusal: Refused | None = None,
    comment_form: CommentForm | None = None,
    hand_over_form: HandOverForm | None = None,
) -> HttpResponse:
    """Show a report, with what was refused of what one wanted to do with it."""
    user = person(request)
    rows = bug.concerned.filter(ticket__in=Ticket.objects.visible_to(user)).select_related("ticket__customer")
    may_change = reports.may_change(user, bug)
    now = leaving.markdown(bug)
    text = bug.sent_text or now
    context = {
        "bug": bug, "tone": TONES.get(State(bug.state), ""), "rows": rows, "refusal": refusal,
        "others": bug.concerned.count() - len(rows), "impact": impact.of(bug),
        "text": leaving.pieces(text), "is_masked": MASK in text, "is_changed": text != now,
        "leaving_title": leaving.title(bug), "may_change": may_change, "reference_form": ReferenceForm(),
        "address_form": AddressForm(), "trackers": setup.usable() if may_change else [],
        "comments": bug.comments.select_related("by"), "comment_form": comment_form or CommentForm(),
        "hand_overs": bug.hand_overs.visible_to(user).select_related("team", "owner").order_by("pk"),
        "hand_over_form": hand_over_form or HandOverForm(initial={"question": hand_overs.opening(bug)}),
        "can_be_sent": bug.state in {State.DRAFT, State.UNSENT},
    }  # fmt: skip
    status = 422 if refusal or comment_form or hand_over_form else 200
    return render(request, "bugs/bug.html", context, status=status)


@require_safe
def bug_archive(request: HttpRequest, number: int) -> HttpResponse:
    """Hand out the report and its evidence as a ZIP with a manifest."""
    bug = seen(request, number)
    try:
        content = leaving.archive(bug)
    except Refused as refusal:
        return page(request, bug, refusal)
    return _file(content, f"bug-{bug.pk}.zip", "application/zip")


@require_safe
def bug_markdown(request: HttpRequest, number: int) -> HttpResponse:
    """Hand out the report as Markdown."""
    bug = seen(request, number)
    text = f"# {leaving.title(bug)}\n\n{leaving.markdown(bug)}"
    return _file(text.encode(), f"bug-{bug.pk}.md", "text/markdown; charset=utf-8")


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_POST
@once
@forbidding
def hand_over_bug(request: HttpRequest, number: int) -> HttpResponse:
    """Ask a partner to see to a bug."""
    bug = seen(request, number)
    form = HandOverForm(request.POST)
    if form.is_valid():
        try:
            row = hand_overs.ask(bug, by=person(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("%s is asked.") % row.team)
            return redirect(bug)
    return page(request, bug, hand_over_form=form)


@require_POST
@once
@forbidding
def link_bug(request: HttpRequest, number: int) -> HttpResponse:
    """Say that one more escalation is concerned."""
    bug = seen(request, number)
    ticket = visible_ticket(request, request.POST.get("reference", "").strip())
    try:
        reports.link(bug, ticket, by=person(request))
    except Refused as refusal:
        return page(request, bug, refusal)
    done(request, _("Linked."))
    return redirect(bug)


@require_POST
@once
@forbidding
def unlink_bug(request: HttpRequest, number: int) -> HttpResponse:
    """Say that an escalation is not concerned after all."""
    bug = seen(request, number)
    ticket = visible_ticket(request, request.POST.get("reference", "").strip())
    try:
        reports.unlink(bug, ticket, by=person(request))
    except Refused as refusal:
        return page(request, bug, refusal)
    done(request, _("Unlinked."))
    return redirect(bug)
