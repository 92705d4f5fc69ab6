"""The API console of a ticket: compose, send, look at what came back, approve what writes."""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms.confirm import ConfirmForm
from accounts.views.once import once
from common.errors import Refused
from escalations import evidence
from escalations.access import works_on
from escalations.forms.evidence import EvidenceForm
from escalations.models import EvidenceKind, Ticket
from escalations.views.parts import done, forbidding, person
from investigations.console import composing, environments, runs, shown
from investigations.forms.console import RejectForm, RequestForm
from investigations.models import RequestTemplate, Run, RunState, WebhookDelivery
from investigations.views.asking import internal_ticket

SHOWN = 50
COMPARABLE = 30


@require_http_methods(["GET", "HEAD", "POST"])
@forbidding
def api_console(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Show the form and the ticket's requests; keep a request, then send it if it only reads."""
    ticket = internal_ticket(request, reference)
    made: list[Run] = []
    answer = _make(request, ticket, made)
    for run in made:  # the row is committed by now
        if run.state == RunState.SENDING:
            runs.send(run, by=person(request))
    return answer


@once
def _make(request: HttpRequest, ticket: Ticket, made: list[Run]) -> HttpResponse:
    user = person(request)
    form = RequestForm(request.POST or None, ticket=ticket, initial=_initial(request, ticket))
    if request.method == "POST" and form.is_valid():
        try:
            run = runs.make(ticket, form.composed(), by=user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            made.append(run)
            return redirect(run)
    template = _number(request.GET.get("template", ""))
    context = {
        "ticket": ticket,
        "form": form if works_on(user, ticket) else None,
        "runs": _runs(ticket)[:SHOWN],
        "templates": RequestTemplate.objects.only("integration", "name", "method", "path"),
        "template": RequestTemplate.objects.filter(pk=template).first() if template else None,
        "environments": [(one, environments.names(one)) for one in environments.usable(ticket)],
        "may_set_up": environments.may_change(user),
    }
    return render(request, "investigations/console.html", context, status=422 if form.errors else 200)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _initial(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    """Return what the form begins with: an earlier request, something that arrived, or a template."""
    asked = request.GET
    if run := Run.objects.filter(ticket=ticket, pk=_number(asked.get("run", ""))).first():
        own = {"environment": run.environment_id, "method": run.method, "path": run.path, "body": run.body}
        return {**own, "headers": shown.headers_text(run.headers), "reason": run.reason}
    if delivery := WebhookDelivery.objects.filter(ticket=ticket, pk=_number(asked.get("delivery", ""))).first():
        path = "/" + quote(delivery.path) + (f"?{delivery.query}" if delivery.query else "")
        headers = shown.headers_text(composing.replayed(delivery.headers))
        return {"method": delivery.method, "path": path, "headers": headers, "body": delivery.body}
    if template := RequestTemplate.objects.filter(pk=_number(asked.get("template", ""))).first():
        own = {"method": template.method, "path": template.path, "body": template.body}
        return {**own, "headers": shown.headers_text(template.headers)}
    return {"method": "GET"}


def _runs(ticket: Ticket) -> Any:
    found = Run.objects.filter(ticket=ticket).select_related("environment", "made_by").defer("answer_body", "body")
    return found.order_by("-pk")


def _run(ticket: Ticket, number: int) -> Run:
    found = Run.objects.filter(ticket=ticket).select_related("environment", "made_by", "decided_by")
    run = get_object_or_404(found, pk=number)
    run.ticket = ticket
    return run


@require_safe
def api_run(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show one request and what came back."""
    ticket = internal_ticket(request, reference)
    return _page(request, _run(ticket, number))


def _page(request: HttpRequest, run: Run, *, refusal: Any = "", **forms: Any) -> HttpResponse:
    user, ticket = person(request), run.ticket
    may_decide = runs.may_decide(user, run)
    earlier = list(_runs(ticket).exclude(pk=run.pk).filter(state=RunState.ANSWERED)[:COMPARABLE])
    number = _number(request.GET.get("with", ""))
    other = Run.objects.filter(ticket=ticket, pk=number, state=RunState.ANSWERED).first() if number else None
    context = {
        "ticket": ticket,
        "run": run,
        "state": run.outcome,
        "works": works_on(user, ticket),
        "base_url": environments.base_url(run.environment),
        "request_headers": shown.headers_text(run.headers),
        "sent_headers": shown.sent_headers(run),
        "answer_headers": shown.headers_text(run.answer_headers),
        "answer": shown.pretty(run.answer_body),
        "curl": shown.curl(run),
        "earlier": earlier,
        "other": other,
        "old": shown.answer_text(other) if other else "",
        "new": shown.answer_text(run) if other else "",
        "evidence_form": EvidenceForm(ticket=ticket),
        "may_decide": may_decide,
        "may_withdraw": run.outcome == RunState.WAITING and run.made_by_id == user.pk,
        "confirm_form": ConfirmForm(user=user) if may_decide else None,
        "reject_form": RejectForm(),
        "refusal": refusal,
        **forms,
    }
    return render(request, "investigations/run.html", context, status=422 if refusal or forms else 200)


@require_POST
@forbidding
def approve_run(request: HttpRequest, reference: str, number: int) -> HttpResponseBase:
    """Approve a write, proving anew who one is; then it is sent."""
    ticket = internal_ticket(request, reference)
    approved: list[Run] = []
    answer = _approve(request, ticket, number, approved)
    for run in approved:
        runs.send(run, by=person(request))
    return answer


@once
def _approve(request: HttpRequest, ticket: Ticket, number: int, approved: list[Run]) -> HttpResponse:
    run, user = _run(ticket, number), person(request)
    if not runs.may_decide(user, run):
        return _page(request, run, refusal=_("Another lead of the team decides about this, not whoever made it."))
    confirm = ConfirmForm(request.POST, user=user)
    if not confirm.is_valid():
        return _page(request, run, confirm_form=confirm)
    try:
        run = runs.approve(run, by=user, digest=request.POST.get("digest", ""), proof_given=confirm.proof())
    except Refused as refusal:
        return _page(request, _run(ticket, number), refusal=refusal.message)
    approved.append(run)
    return redirect(run)


@require_POST
@once
@forbidding
def reject_run(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Say that a write is not sent."""
    ticket = internal_ticket(request, reference)
    run, form = _run(ticket, number), RejectForm(request.POST)
    if not form.is_valid():
        return _page(request, run, reject_form=form)
    try:
        runs.reject(run, by=person(request), why=form.cleaned_data["why"])
    except Refused as refusal:
        return _page(request, _run(ticket, number), refusal=refusal.message)
    done(request, _("Rejected."))
    return redirect(run)


@require_POST
@once
@forbidding
def withdraw_run(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Have a write not be sent after all."""
    run = _run(internal_ticket(request, reference), number)
    try:
        runs.withdraw(run, by=person(request))
    except Refused as refusal:
        return _page(request, run, refusal=refusal.message)
    done(request, _("Withdrawn."))
    return redirect(run)


@require_POST
@once
@forbidding
def run_evidence(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Keep a request and its answer as evidence of a hypothesis."""
    ticket, user = internal_ticket(request, reference), person(request)
    run, form = _run(ticket, number), EvidenceForm(request.POST, ticket=ticket)
    if form.is_valid():
        source = {"run": run.pk, "sha256": run.answer_sha256, "digest": run.digest}
        try:
            evidence.keep(
                ticket, kind=EvidenceKind.API_RUN, title=f"{run.method} {run.path} → {run.status or run.trouble}",
                body=shown.evidence_text(run), source=source, by=user, **form.place(),
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("It is evidence in the diagnosis now."))
            return redirect(run)
    return _page(request, run, evidence_form=form)
