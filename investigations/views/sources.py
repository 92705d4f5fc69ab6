"""Log sources: set up by admins, asked on a ticket."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations.access import works_on
from escalations.views.parts import conflict_of, done, forbidding, person
from investigations import fetching, keeping, log_sources
from investigations.forms.sources import FetchForm, SourceForm
from investigations.models import LogSource
from investigations.views.asking import internal_ticket, log_of


@require_safe
def log_source_list(request: HttpRequest) -> HttpResponse:
    """Show the sources that logs are fetched from."""
    user = person(request)
    if not (user.is_superuser or user.is_auditor):
        raise Http404
    context = {"sources": LogSource.objects.all(), "may_add": log_sources.may_set_up(user)}
    return render(request, "investigations/setup/sources.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_log_source(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Add a source, or change one."""
    user = person(request)
    if not log_sources.may_set_up(user):
        raise Http404
    source = get_object_or_404(LogSource, pk=number) if number is not None else None
    form = SourceForm(request.POST or None, instance=source)
    context: dict[str, Any] = {}
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        columns = {name: form.cleaned_data[name] for name in SourceForm.Meta.fields}
        try:
            log_sources.save(
                source, columns, secret=form.cleaned_data["secret"], by=user, version=form.cleaned_data["version"]
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as stale:
            context["conflict"], status = conflict_of(stale, []), 409
        else:
            done(request, _("The source is kept."))
            return redirect("log_sources")
    name = LogSource.objects.values_list("name", flat=True).get(pk=source.pk) if source else ""
    context |= {"form": form, "source": source, "name": name}
    return render(request, "investigations/setup/edit_source.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def fetch_log(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask a source for lines about the ticket."""
    ticket, user = internal_ticket(request, reference), person(request)
    if not works_on(user, ticket):
        raise Http404
    form = FetchForm(request.POST or None, initial=_suggested(ticket))
    if form.is_bound and form.is_valid():
        asked: dict[str, Any] = form.cleaned_data
        try:
            log = fetching.ask(
                ticket, asked["source"], ids=asked["ids"], since=asked["since"], until=asked["until"], by=user
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return redirect(log)
    context = {"ticket": ticket, "form": form, "sources": LogSource.objects.filter(is_active=True).exists()}
    return render(request, "investigations/fetch.html", context, status=422 if form.is_bound else 200)


def _suggested(ticket: Any) -> dict[str, Any]:
    ids, since, until = fetching.suggested(ticket)
    return {"ids": " ".join(ids), "since": timezone.localtime(since), "until": timezone.localtime(until)}


@require_POST
@once
@forbidding
def remove_log(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Delete what is in a log, for a reason."""
    log = log_of(internal_ticket(request, reference), number)
    try:
        keeping.remove(log, why=request.POST.get("why", ""), by=person(request))
    except Refused as refusal:
        done(request, str(refusal.message))
        return redirect(log)
    done(request, _("The log is removed. What was quoted from it as evidence stays."))
    return redirect(log)
