"""Service levels at a glance, own calendars, and what the pages of calendars and policies share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import DomainError, Refused, StaleVersion
from escalations import (
    calendar_checks,
    calendar_choices,
    calendar_words,
    calendars,
    policy_checks,
    policy_words,
    service_levels,
)
from escalations.forms.calendar_setup import OwnCalendarForm
from escalations.models import (
    Calendar,
    CalendarChoice,
    CalendarVersion,
    Policy,
    PolicyKind,
    PolicyVersion,
    Segment,
)
from escalations.views.parts import Conflict, conflict_of, done, forbidding, person
from events.models import Event


class Earlier(NamedTuple):
    """An earlier version by which open clocks still run."""

    number: int
    clocks: int
    pk: int


@dataclass
class PolicyRow:
    """A policy in the overview."""

    policy: Policy
    place: int
    draft: PolicyVersion | None
    now: int
    """Open clocks that run by its current version."""
    earlier: list[Earlier]
    conditions: dict[str, str]
    hidden_behind: Policy | None
    is_last: bool = False


@dataclass
class CalendarRow:
    """A calendar in the overview."""

    calendar: Calendar
    draft: CalendarVersion | None
    hours: list[str]
    country: str
    policies: list[str]
    own: int
    now: int
    earlier: list[Earlier]
    warnings: list[str]
    changed: str = ""
    """What the outside world changed, if that made its current version."""


def reader(request: HttpRequest) -> User:
    """Return who looks; the pages look absent to whoever may not."""
    user = person(request)
    if not service_levels.may_read(user):
        raise Http404
    return user


def editor(request: HttpRequest) -> User:
    """Return who changes service levels. Raises NotAllowed for readers; the pages look absent to all others."""
    user = reader(request)
    service_levels.demand(user)
    return user


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show every policy in the order in which they are tried, and every calendar."""
    user = reader(request)
    policies = list(Policy.objects.select_related("current__published_by", "current__calendar"))
    rows = _policy_rows(policies)
    context = {
        "kinds": [(kind, [row for row in rows if row.policy.kind == kind.value]) for kind in PolicyKind],
        "calendars": _calendar_rows(policies),
        "choices": CalendarChoice.objects.select_related("team", "customer", "calendar"),
        "segments": dict(Segment.choices),
        "may_edit": service_levels.may_set_up(user),
    }
    return render(request, "escalations/setup/service_levels.html", context)


def _policy_rows(policies: list[Policy]) -> list[PolicyRow]:
    drafts = {draft.policy_id: draft for draft in PolicyVersion.objects.filter(published_at=None)}
    clocks = service_levels.open_clocks("policy")
    versions = PolicyVersion.objects.filter(pk__in=clocks).values_list("pk", "policy_id", "number")
    names = policy_words.Names()
    rows, before, places = [], dict[str, list[Policy]](), dict[str, int]()
    for policy in policies:
        tried = before.setdefault(policy.kind, [])
        places[policy.kind] = places.get(policy.kind, 0) + 1
        works = policy.is_active and policy.current is not None
        rows.append(
            PolicyRow(
                policy=policy,
                place=places[policy.kind],
                draft=drafts.get(policy.pk),
                now=clocks.get(policy.current_id or 0, 0),
                earlier=_earlier(versions, clocks, policy.pk, policy.current_id),
                conditions=policy_words.conditions(policy.current, names) if policy.current else {},
                hidden_behind=(
                    policy_checks.hidden_behind(policy, policy.current, tried)
                    if works and policy.current
                    else None
                ),
            )
        )
        if works:
            tried.append(policy)
    for row in rows:
        row.is_last = row.place == places[row.policy.kind]
    return rows


def _earlier(versions: Any, clocks: Mapping[int, int], owner: int, current: int | None) -> list[Earlier]:
    found = [Earlier(number, clocks[pk], pk) for pk, of, number in versions if of == owner and pk != current]
    return sorted(found, reverse=True)


def _calendar_rows(policies: list[Policy]) -> list[CalendarRow]:
    drafts = {draft.calendar_id: draft for draft in CalendarVersion.objects.filter(published_at=None)}
    clocks = service_levels.open_clocks("calendar")
    versions = CalendarVersion.objects.filter(pk__in=clocks).values_list("pk", "calendar_id", "number")
    own: dict[int, int] = {}
    for calendar_id in CalendarChoice.objects.values_list("calendar_id", flat=True):
        own[calendar_id] = own.get(calendar_id, 0) + 1
    changed = outside_changes()
    return [
        CalendarRow(
            calendar=calendar,
            draft=drafts.get(calendar.pk),
            hours=calendar_words.weekly_in_words(calendar.current.weekly) if calendar.current else [],
            country=calendar_words.country(calendar.current.holiday_country) if calendar.current else "",
            policies=[
                policy.name for policy in policies if policy.current and policy.current.calendar_id == calendar.pk
            ],
            own=own.get(calendar.pk, 0),
            now=clocks.get(calendar.current_id or 0, 0),
            earlier=_earlier(versions, clocks, calendar.pk, calendar.current_id),
            warnings=calendar_checks.warnings(calendar.current) if calendar.current else [],
            changed=changed.get(calendar.current_id or 0, ""),
        )
        for calendar in Calendar.objects.select_related("current__published_by")
    ]


def outside_changes() -> dict[int, str]:
    """Return, by calendar version, the kind of event of a change outside that Secondline published it for."""
    kinds = (calendars.ZONE_CHANGED, calendars.HOLIDAYS_CHANGED)
    events = Event.objects.filter(subject_type=calendars.SUBJECT, kind__in=kinds).order_by("-kind")
    return {event.data["version"]: event.kind for event in events}


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def own_calendar(request: HttpRequest) -> HttpResponse:
    """Give a team, a segment or a customer a calendar of their own."""
    user = editor(request)
    form = OwnCalendarForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            calendar_choices.choose_calendar(form.cleaned_data["calendar"], by=user, **form.chosen())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            done(request, _("The calendar is chosen. Clocks that begin from now on go by it."))
            return redirect("service_levels")
    return render(
        request, "escalations/setup/own_calendar.html", {"form": form}, status=422 if form.errors else 200
    )


@require_POST
@once
@forbidding
def clear_own_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody's own calendar away."""
    user = editor(request)
    choice = CalendarChoice.objects.filter(pk=pk).first()
    if choice is not None:
        calendar_choices.clear_choice(choice, by=user)
        done(request, _("They go by the calendar of the policy again."))
    return redirect("service_levels")


def refuse(form: Any, refusal: Refused) -> None:
    """Show a refusal on the form, at its field where the form has one of that name."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


def no_draft(request: HttpRequest, refusal: DomainError | None, back_url: str) -> HttpResponse:
    """Answer to who would publish what is not there: 409 if it was there when they looked."""
    if refusal is None:
        messages.info(request, _("There is no draft to publish."))
        return redirect(back_url)
    return render(request, "409.html", {"message": refusal.message, "back_url": back_url}, status=409)


def status_of(refusal: DomainError | None) -> int:
    """Return the status of a page that shows this refusal."""
    return 200 if refusal is None else 409 if isinstance(refusal, StaleVersion) else 422


def last_saved(subject: str, pk: int) -> Event | None:
    """Return the event by which the draft was last saved, to say when and by whom."""
    events = Event.objects.filter(subject_type=subject, subject_id=pk, kind=f"{subject}.draft_saved")
    return events.select_related("actor").order_by("-at", "-pk").first()


@dataclass
class Past:
    """One version in a history: what it says, what the one before it said, and the clocks that run by it."""

    version: Any
    text: str
    former: str
    clocks: int = 0


def history(versions: list[Any], text: Callable[[Any], str], clocks: Mapping[int, int]) -> list[Past]:
    """Return published versions, the newest first, each with what changed in it."""
    texts = [text(version) for version in versions]
    return [
        Past(version, said, former, clocks.get(version.pk, 0))
        for version, said, former in zip(versions, texts, [*texts[1:], ""], strict=True)
    ]


def conflict(
    stale: StaleVersion, theirs: Mapping[str, str], mine: Mapping[str, str], saved: Event | None
) -> Conflict:
    """Return both sides of a refused edit, where they differ."""
    rows: list[tuple[Any, Any, Any]] = [
        (label, theirs.get(label, ""), mine.get(label, ""))
        for label in {**theirs, **mine}
        if theirs.get(label, "") != mine.get(label, "")
    ]
    return conflict_of(stale, rows, by=saved.actor if saved else None, at=saved.at if saved else None)
