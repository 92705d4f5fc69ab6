"""A calendar's page: its hours now and before, its draft, and publishing it."""

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
from escalations import calendar_checks, calendar_drafts, calendar_words, calendars, service_levels
from escalations.forms.calendar_setup import CalendarForm, ShiftFormSet, shifts_of, week_of
from escalations.forms.named import NameForm
from escalations.models import Calendar, CalendarChoice, CalendarVersion, Policy, Segment
from escalations.views.parts import Conflict, done, forbidding
from escalations.views.service_levels import (
    conflict,
    editor,
    history,
    last_saved,
    no_draft,
    outside_changes,
    reader,
    refuse,
    status_of,
)


@require_safe
def calendar_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a calendar's hours, its coming days, its draft and its earlier versions."""
    user = reader(request)
    calendar = _calendar(pk)
    clocks = service_levels.open_clocks("calendar")
    published = list(calendar.versions.filter(published_at__isnull=False).select_related("published_by"))[::-1]
    draft = calendar_drafts.stored_draft(calendar)
    current = calendar.current
    context = {
        "calendar": calendar,
        "current": current,
        "words": calendar_words.in_words(current) if current else {},
        "days": calendar_words.coming_days(current) if current else [],
        "closed": calendar_words.next_holidays(current) if current else [],
        "warnings": calendar_checks.warnings(current) if current else [],
        "draft": draft,
        "draft_token": calendar_drafts.token(draft) if draft else "",
        "saved": last_saved(calendars.SUBJECT, calendar.pk) if draft else None,
        "history": history(published, calendar_words.as_text, clocks),
        "changed": outside_changes(),
        "used_by": Policy.objects.filter(current__calendar=calendar),
        "choices": CalendarChoice.objects.filter(calendar=calendar).select_related("team", "customer"),
        "segments": dict(Segment.choices),
        "may_edit": service_levels.may_set_up(user),
        "rename_form": NameForm(initial={"name": calendar.name}),
    }
    return render(request, "escalations/setup/calendar.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def new_calendar(request: HttpRequest) -> HttpResponse:
    """Name a new calendar, then write its hours."""
    user = editor(request)
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            calendar = calendar_drafts.create(form.cleaned_data["name"], by=user)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            return redirect("calendar_draft", pk=calendar.pk)
    context = {"form": form, "title": _("New calendar"), "act": _("Go on to its hours")}
    return render(request, "escalations/setup/new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def calendar_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit a calendar's draft."""
    user = editor(request)
    calendar = _calendar(pk)
    draft = calendar_drafts.draft_of(calendar)
    token = calendar_drafts.token(draft)
    if request.method != "POST":
        if not draft.weekly and calendar.current is None:
            draft.zone = user.time_zone
        form = CalendarForm(draft=draft, version=token)
        return _edit_page(request, calendar, form, ShiftFormSet(initial=shifts_of(draft.weekly), prefix="shifts"))
    form = CalendarForm(request.POST, draft=draft, version=token)
    shifts = ShiftFormSet(request.POST, prefix="shifts")
    if not (form.is_valid() & shifts.is_valid()):
        return _edit_page(request, calendar, form, shifts)
    columns = {**form.columns(), "weekly": week_of(shifts)}
    try:
        saved = calendar_drafts.save_draft(calendar, by=user, version=form.cleaned_data["version"], **columns)
    except StaleVersion as stale:
        return _stale(request, calendar, stale, columns, shifts)
    except Refused as refusal:
        refuse(form, refusal)
        return _edit_page(request, calendar, form, shifts)
    return _after_saving(request, calendar, saved)


def _after_saving(request: HttpRequest, calendar: Calendar, saved: CalendarVersion) -> HttpResponse:
    if not saved.pk:
        done(request, _("Nothing was changed, so there is nothing to publish."))
        return redirect("calendar", pk=calendar.pk)
    done(request, _("The draft is saved. Nothing changes until it is published."))
    return redirect("calendar_publish" if "review" in request.POST else "calendar", pk=calendar.pk)


def _edit_page(
    request: HttpRequest,
    calendar: Calendar,
    form: CalendarForm,
    shifts: Any,
    stale: Conflict | None = None,
) -> HttpResponse:
    context = {
        "calendar": calendar,
        "form": form,
        "shifts": shifts,
        "conflict": stale,
        "has_draft": calendar_drafts.stored_draft(calendar) is not None,
    }
    wrong = form.errors or shifts.total_error_count()
    status = 409 if stale else 422 if wrong else 200
    return render(request, "escalations/setup/calendar_edit.html", context, status=status)


def _stale(
    request: HttpRequest, calendar: Calendar, stale: StaleVersion, columns: dict[str, Any], shifts: Any
) -> HttpResponse:
    """Show the form again on the draft as it is now, with both versions."""
    calendar = _calendar(calendar.pk)
    theirs = calendar_drafts.draft_of(calendar)
    mine = CalendarVersion(calendar=calendar, number=theirs.number, **columns)
    sent, token = request.POST.copy(), calendar_drafts.token(theirs)
    sent["version"] = token
    form = CalendarForm(sent, draft=theirs, version=token)
    both = conflict(
        stale,
        calendar_words.in_words(theirs),
        calendar_words.in_words(mine) if not calendar_checks.faults(mine) else {},
        last_saved(calendars.SUBJECT, calendar.pk),
    )
    return _edit_page(request, calendar, form, shifts, both)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def publish_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what publishing would change, and publish."""
    user = editor(request)
    calendar = _calendar(pk)
    if request.method != "POST":
        return _publish_page(request, calendar)
    try:
        published = calendar_drafts.publish(calendar, by=user, version=request.POST.get("version", ""))
    except (StaleVersion, Refused) as refusal:
        return _publish_page(request, _calendar(pk), refusal)
    done(request, _("Version %d is published.") % published.number)
    return redirect("calendar", pk=calendar.pk)


def _publish_page(
    request: HttpRequest, calendar: Calendar, refusal: StaleVersion | Refused | None = None
) -> HttpResponse:
    draft = calendar_drafts.stored_draft(calendar)
    if draft is None:
        return no_draft(request, refusal, reverse("calendar", args=[calendar.pk]))
    faults = calendar_checks.faults(draft)
    clocks = service_levels.open_clocks("calendar")
    context = {
        "thing": calendar,
        "back_url": reverse("calendar", args=[calendar.pk]),
        "edit_url": reverse("calendar_draft", args=[calendar.pk]),
        "draft": draft,
        "token": calendar_drafts.token(draft),
        "former": calendar_words.as_text(calendar.current) if calendar.current else "",
        "text": calendar_words.as_text(draft) if not faults else "",
        "days": calendar_words.coming_days(draft) if not faults else [],
        "keep": sum(clocks.get(pk, 0) for pk in calendar.versions.values_list("pk", flat=True)),
        "faults": [fault.sentence for fault in faults],
        "warnings": calendar_checks.warnings(draft),
        "refusal": refusal,
    }
    return render(request, "escalations/setup/publish.html", context, status=status_of(refusal))


@require_POST
@once
@forbidding
def act_on_calendar(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Rename a calendar, or discard its draft."""
    user = editor(request)
    calendar = _calendar(pk)
    act = _VERBS.get(verb)
    if act is None:
        raise Http404
    try:
        done(request, act(calendar, request.POST, user))
    except (Refused, StaleVersion) as refusal:
        messages.error(request, str(refusal.message))
    exists = Calendar.objects.filter(pk=pk).exists()
    return redirect("calendar", pk=pk) if exists else redirect("service_levels")


def _rename(calendar: Calendar, sent: QueryDict, user: User) -> str:
    calendar_drafts.rename(calendar, sent.get("name", ""), by=user)
    return _("The calendar is renamed.")


def _discard(calendar: Calendar, sent: QueryDict, user: User) -> str:
    calendar_drafts.discard(calendar, by=user, version=sent.get("version"))
    return _("The draft is discarded.")


_VERBS: dict[str, Callable[[Calendar, QueryDict, User], str]] = {"rename": _rename, "discard": _discard}


def _calendar(pk: int) -> Calendar:
    return get_object_or_404(Calendar.objects.select_related("current__published_by"), pk=pk)
