"""Reports on their way to a tracker and back: sent, linked, heard of; and the answers after a fix."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.views.once import once
from bugs import commenting, fixes, hearing, sending
from bugs.forms.report import CommentForm
from bugs.models import State, Tracker
from bugs.views.report import page, seen
from common.errors import Refused
from escalations.models import Ticket
from escalations.views.parts import done, forbidding, person


@require_POST
@once
@forbidding
def send_bug(request: HttpRequest, number: int) -> HttpResponse:
    """Have a report sent."""
    bug = seen(request, number)
    chosen = request.POST.get("tracker", "")
    tracker = get_object_or_404(Tracker, pk=int(chosen) if chosen.isdecimal() and len(chosen) < 10 else 0)
    try:
        sending.ask(bug, tracker, by=person(request))
    except Refused as refusal:
        return page(request, bug, refusal)
    done(request, _("The report is on its way."))
    return redirect(bug)


@require_POST
@forbidding
def link_issue(request: HttpRequest, number: int) -> HttpResponse:
    """Have an issue that is there already stand for the report."""
    bug = seen(request, number)
    try:
        sending.link(bug, request.POST.get("address", "")[:500], by=person(request))
    except Refused as refusal:
        return page(request, bug, refusal)
    done(request, _("Linked."))
    return redirect(bug)


@require_POST
@once
@forbidding
def comment_bug(request: HttpRequest, number: int) -> HttpResponse:
    """Have a comment brought to the tracker."""
    bug = seen(request, number)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return page(request, bug, comment_form=form)
    data = form.cleaned_data
    try:
        commenting.write(
            bug, data["body"], by=person(request), state=data["asked_state"], assignee=data["asked_assignee"]
        )
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return page(request, bug, comment_form=form)
    done(request, _("The comment is on its way."))
    return redirect(bug)


@require_POST
@once
@forbidding
def unlink_issue(request: HttpRequest, number: int) -> HttpResponse:
    """Have no issue stand for the report any more."""
    bug = seen(request, number)
    sending.unlink(bug, by=person(request))
    done(request, _("Unlinked. The issue stays in the tracker."))
    return redirect(bug)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def bug_answers(request: HttpRequest, number: int) -> HttpResponse:
    """Show the answers that a fix makes possible, and send those that are ticked."""
    bug, user = seen(request, number), person(request)
    refused: list[tuple[Ticket, str]] = []
    if request.method == "POST":
        ticked = {int(one) for one in request.POST.getlist("ticket") if one.isdecimal() and len(one) < 19}
        texts = {one: request.POST.get(f"text-{one}", "").strip() for one in ticked}
        sent, refused = fixes.answer_all(bug, texts, by=user)
        said = ngettext("%d answer was sent.", "%d answers were sent.", sent) % sent
        if not refused:
            done(request, said)
            return redirect(bug)
    context = {
        "bug": bug, "refused": refused, "is_fixed": bug.state == State.FIXED,
        "answers": fixes.ready(bug, user) if bug.state == State.FIXED else [],
    }  # fmt: skip
    return render(request, "bugs/answers.html", context, status=422 if refused else 200)


@csrf_exempt
@login_not_required
@require_POST
def tracker_hook(request: HttpRequest, number: int) -> HttpResponse:
    """Take a tracker's webhook in: 204 where it is signed, whatever it says; else 403."""
    announced = request.headers.get("Content-Length", "0")
    if not announced.isdecimal() or int(announced) > hearing.LARGEST:
        return HttpResponse(status=413)
    tracker = Tracker.objects.filter(pk=number, is_retired=False).first()
    try:
        if tracker is None:
            raise hearing.NotSigned
        hearing.take(tracker, headers=request.headers, body=request.body)
    except (hearing.NotSigned, Refused):
        return HttpResponse(status=403)
    return HttpResponse(status=204)
