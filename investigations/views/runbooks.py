"""Runbooks, changed by leads; and a checklist as the customer sees it, through a signed link."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations.views.parts import conflict_of, done, person
from investigations.forms.health import RunbookForm
from investigations.health import checklists, runbooks
from investigations.health.checklists import LinkRefused
from investigations.models import Plugin, StepState


@require_safe
def runbook_list(request: HttpRequest) -> HttpResponse:
    """Show the runbook of each plugin and language, and which there are not."""
    user = person(request)
    if not (runbooks.may_write(user) or user.is_auditor):
        raise Http404
    found = {(one.plugin, one.language): one for one in runbooks.in_force()}
    rows = [
        (plugin, label, [(code, name, found.get((plugin, code))) for code, name in settings.LANGUAGES])
        for plugin, label in Plugin.choices
    ]
    context = {"rows": rows, "may_write": runbooks.may_write(user)}
    return render(request, "investigations/setup/runbooks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_runbook(request: HttpRequest, plugin: str, language: str) -> HttpResponse:
    """Write the next version of a runbook."""
    user = person(request)
    if not runbooks.may_write(user) or plugin not in Plugin.values or language not in dict(settings.LANGUAGES):
        raise Http404
    current = runbooks.current(plugin, language)
    initial = {"text": runbooks.as_text(current.steps), "number": current.number} if current else {"number": 0}
    form = RunbookForm(request.POST or None, initial=initial)
    context: dict[str, Any] = {}
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            runbooks.publish(plugin, language, said["text"], by=user, number=said["number"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as stale:
            rows = [(_("Steps"), runbooks.as_text(current.steps) if current else "", said["text"])]
            context["conflict"], status = conflict_of(stale, rows), 409
        else:
            done(request, _("The next version is in force. Checklists that were started go on by theirs."))
            return redirect("runbooks")
    label = f"{Plugin(plugin).label}, {translation.gettext(dict(settings.LANGUAGES)[language])}"
    context |= {"form": form, "label": label, "current": current}
    return render(request, "investigations/setup/edit_runbook.html", context, status=status)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def customer_checklist(request: HttpRequest, token: str) -> HttpResponse:
    """Let the customer tick steps, in the runbook's language. Sent twice, it says the same twice."""
    try:
        checklist = checklists.of_link(token)
        if request.method == "POST":
            places = range(len(checklist.runbook.steps))
            states, former = (_sent(request, name, places) for name in ("step", "was"))
            checklist = checklists.mark_by_customer(token, states, former)
    except LinkRefused as refusal:
        return render(request, "escalations/rating_over.html", {"message": str(refusal)}, status=410)
    except Refused as refusal:
        return render(request, "escalations/rating_over.html", {"message": str(refusal.message)}, status=422)
    with translation.override(checklist.runbook.language):
        shown = checklist.steps.exclude(state=StepState.SKIPPED).order_by("place")
        context = {
            "checklist": checklist,
            "steps": [(checklist.runbook.steps[step.place], step) for step in shown],
            "choices": [
                (state.value, state.label) for state in (StepState.OPEN, StepState.DONE, StepState.FAILED)
            ],
            "kept": request.method == "POST",
        }
        response = render(request, "investigations/health/customer.html", context)
        response["Referrer-Policy"] = "same-origin"  # as escalations/views/rating.py has it
        return response


def _sent(request: HttpRequest, name: str, places: range) -> dict[int, str]:
    """Return what was sent under this name for each step."""
    return {place: request.POST[f"{name}-{place}"] for place in places if f"{name}-{place}" in request.POST}
