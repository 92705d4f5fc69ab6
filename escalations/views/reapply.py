"""Applying the service levels in force to running clocks: to one ticket, or to a selection."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common import durations
from common.errors import Refused, StaleVersion
from escalations import by_hand, reapplications, reapplying, service_levels
from escalations.clocks import Aim
from escalations.forms.reapply import ReapplyForm
from escalations.models import (
    Effect,
    Metric,
    Reapplication,
    ReapplicationState,
    Ticket,
)
from escalations.models.ticket import REFERENCE_PREFIX
from escalations.reapplying import Outcome, Preview
from escalations.views.parts import done, forbidding, person, ticket_url, visible_ticket

RECENT = 20
PAGE_SIZE = 50
_UNDER_WAY = {ReapplicationState.PREVIEWING, ReapplicationState.APPLYING}
_TONES = {Effect.FAILS: "bad", Effect.OVERDUE: "bad", Effect.EARLIER: "warn"}


@dataclass(frozen=True)
class Row:
    """One clock of a preview as it is shown."""

    reference: str
    metric: str
    effect: str
    tone: str
    version_before: str
    version_after: str
    calendar_before: str
    calendar_after: str
    target_before: str
    target_after: str
    due_before: datetime | None
    due_after: datetime | None


def demand_reader(request: HttpRequest) -> User:
    """Let the pages look absent to whoever has nothing to do with service levels."""
    user = person(request)
    if not service_levels.may_read(user):
        raise Http404
    return user


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def reapply(request: HttpRequest) -> HttpResponse:
    """Ask for a selection and begin its preview; show what was applied lately."""
    user = demand_reader(request)
    form = None
    if service_levels.may_set_up(user):
        form = ReapplyForm(request.POST or None, user=user, initial=_asked(request))
    if request.method == "POST":
        if form is None:
            raise PermissionDenied(_("Only team leads and admins apply service levels."))
        if form.is_valid():
            try:
                return redirect(reapplications.request(form.save(commit=False), by=user))
            except Refused as refusal:
                form.add_error(None, refusal.message)
    recent = Reapplication.objects.select_related(*_NAMED)[:RECENT]
    context = {"form": form, "recent": [(one, _selection(one)) for one in recent]}
    return render(request, "escalations/setup/reapply.html", context, status=422 if form and form.errors else 200)


_NAMED = ("requested_by", "policy__policy", "calendar__calendar", "team", "category")


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Return what a link to the form has chosen already, such as the version that was just replaced."""
    return {name: value for name, value in request.GET.items() if name in ReapplyForm.Meta.fields}


@require_safe
def reapplication(request: HttpRequest, number: int) -> HttpResponse:
    """Show a preview or a result, and how far it has come."""
    user = demand_reader(request)
    found = get_object_or_404(Reapplication.objects.select_related(*_NAMED), pk=number)
    context: dict[str, Any] = {
        "one": found,
        "selection": _selection(found),
        "under_way": found.state in _UNDER_WAY,
        "counts": _counts(found.counts),
        "rows": [row for row in map(_row_of_json, _seen(found.rows, user)) if row],
        "may_apply": found.state == ReapplicationState.PREVIEWED and found.requested_by_id == user.pk,
    }
    if found.state in {ReapplicationState.APPLYING, ReapplicationState.APPLIED}:
        context |= _results(request, found, user)
    if request.htmx:  # type: ignore[attr-defined]  # django-htmx adds it
        return render(request, "escalations/setup/parts/reapplication.html", context)
    return render(request, "escalations/setup/reapplication.html", context)


@require_POST
@once
@forbidding
def start_reapplication(request: HttpRequest, number: int) -> HttpResponse:
    """Apply what was previewed."""
    user = demand_reader(request)
    found = get_object_or_404(Reapplication, pk=number)
    try:
        reapplications.apply(found, by=user)
    except Refused as refusal:
        context = {"message": refusal.message, "back_url": found.get_absolute_url()}
        return render(request, "400.html", context, status=422)
    return redirect(found)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def reapply_ticket(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what the service levels in force would change on one ticket (GET), and apply them (POST)."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not by_hand.may_set(user, ticket):
        raise PermissionDenied(_("Only leads of its team and admins apply the current service levels."))
    also_by_hand = (request.POST or request.GET).get("also_by_hand") == "on"
    problem = ""
    if request.method == "POST":
        raw = request.POST.get("version", "")
        version = int(raw) if raw.isdecimal() and len(raw) < 10 else None
        try:
            event = reapplying.reapply(ticket, by=user, also_by_hand=also_by_hand, version=version)
        except StaleVersion:
            ticket = visible_ticket(request, reference)
            problem = _("Somebody changed this escalation meanwhile. This is what would change now.")
        except Refused as refusal:
            problem = str(refusal.message)
        else:
            done(
                request, _("The service levels in force apply now.") if event else _("Nothing had to be changed.")
            )
            return redirect("clocks", ticket.reference)
    found = reapplying.preview([ticket], also_by_hand=also_by_hand) if ticket.is_open else Preview()
    by_hand_count = found.counts[Effect.BY_HAND]
    context = {
        "ticket": ticket,
        "rows": [_row(outcome) for outcome in found.rows],
        "changes": found.changed_tickets,
        "also_by_hand": also_by_hand,
        "offers_by_hand": also_by_hand or by_hand_count,
        "problem": problem,
        "back_url": ticket_url(ticket),
    }
    return render(request, "escalations/reapply_ticket.html", context, status=409 if problem else 200)


def _selection(one: Reapplication) -> list[str]:
    """Return what was chosen, in words."""
    said = [
        f"{label.capitalize()}: {value}"
        for label, value in (
            (_("running by policy"), one.policy),
            (_("counted by calendar"), one.calendar),
            (_("team"), one.team),
            (_("category"), one.category),
            (_("priority"), one.get_priority_display() if one.priority else None),
        )
        if value
    ]
    if one.also_by_hand:
        said.append(_("also deadlines that were set by hand"))
    return said or [_("All open escalations within reach")]


def _counts(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """Return (label, tone, how many clocks) for each effect there is, the worst first."""
    return [(str(effect.label), _TONES.get(effect, ""), counts[effect]) for effect in Effect if counts.get(effect)]


def _seen(rows: list[dict[str, Any]], user: User) -> list[dict[str, Any]]:
    """Return the rows of tickets that `user` may see: a preview was made for somebody else's eyes, perhaps."""
    seen = set(
        Ticket.objects.visible_to(user).filter(pk__in={row["ticket"] for row in rows}).values_list("pk", flat=True)
    )
    return [row for row in rows if row["ticket"] in seen]


def _results(request: HttpRequest, one: Reapplication, user: User) -> dict[str, Any]:
    """Return the tickets with what became of them, those that failed first, page by page."""
    tickets = one.tickets.filter(ticket__in=Ticket.objects.visible_to(user)).select_related("ticket")
    raw = request.GET.get("after", "0")
    after = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 16 else 0
    changed = list(tickets.filter(problem="", ticket__gt=after).order_by("ticket")[: PAGE_SIZE + 1])
    more = changed[PAGE_SIZE:]
    return {
        "failed": tickets.exclude(problem="").order_by("ticket")[:PAGE_SIZE] if not after else [],
        "changed": changed[:PAGE_SIZE],
        "next_url": f"?after={changed[PAGE_SIZE - 1].ticket_id}" if more else "",
        "previous_url": "?" if after else "",
    }


def _row_of_json(kept: dict[str, Any]) -> Row:
    return _row(Outcome.from_json(kept))


def _row(outcome: Outcome) -> Row:
    before, after = outcome.before, outcome.after
    return Row(
        reference=f"{REFERENCE_PREFIX}{outcome.ticket}",
        metric=str(Metric(outcome.metric).label),
        effect=str(Effect(outcome.effect).label),
        tone=_TONES.get(Effect(outcome.effect), ""),
        version_before=str(before.policy or "–") if before else "",
        version_after=str(after.policy or "–"),
        calendar_before=_hours(before) if before else "",
        calendar_after=_hours(after),
        target_before=_target(before) if before else "",
        target_after=_target(after),
        due_before=outcome.due_before,
        due_after=outcome.due_after,
    )


def _hours(aim: Aim) -> str:
    return str(aim.calendar) if aim.calendar else _("all hours")


def _target(aim: Aim) -> str:
    if aim.due_at is not None and aim.seconds is None:
        return _("a date")
    return durations.in_words(aim.seconds or 0, days=aim.calendar is None)
