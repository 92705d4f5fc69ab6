"""Rosters: who is on now and who is next, a team's week, and changing both."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import roster, rostering, weeks
from accounts.forms.rosters import (
    ExtraForm,
    OffForm,
    RosterForm,
    shifts_formset,
)
from accounts.models import Roster, RosterException, Team, User
from accounts.views.once import once
from accounts.views.preferences import person
from common import clock
from common.errors import Refused, StaleVersion

VERBS = ("save", "publish", "discard")


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show who is on duty, who is off and who comes next, for each second-line team."""
    user, now = _reader(request), clock.now()
    teams = rostering.rostered_teams()
    standings: dict[int, list[roster.Standing]] = {}
    for standing in roster.standings(teams, now):
        standings.setdefault(standing.duty.team.pk, []).append(standing)
    drafted = rostering.drafted(teams)
    own, knowing = set(user.roles), _knows_why(user, teams)
    sections = []
    for team in sorted(teams, key=lambda team: (team.pk not in own, team.name)):
        found = standings.get(team.pk, [])
        sections.append(
            {
                "team": team,
                "standings": found,
                "on": sum(1 for standing in found if standing.on),
                "first": min((one.next.starts for one in found if one.next and not one.on), default=None),
                "zone": found[0].duty.zone if found else "",
                "may_edit": rostering.may_edit(user, team),
                "has_draft": team.pk in drafted,
                "knows_why": team.pk in knowing,
            }
        )
    return render(request, "accounts/roster/overview.html", {"sections": sections})


@require_safe
def week(request: HttpRequest, number: int) -> HttpResponse:
    """Show a team's week by person and day, and the days off and extra shifts to come."""
    team = _team(request, number)
    return _week_page(request, team)


def _week_page(
    request: HttpRequest,
    team: Team,
    *,
    off: OffForm | None = None,
    extra: ExtraForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user, now = person(request), clock.now()
    published, may_edit = rostering.published(team), rostering.may_edit(user, team)
    zone = published.zone if published else user.time_zone
    today = roster.local_day(now, zone)
    members = rostering.members(team) if may_edit else []
    context = {
        "team": team,
        "published": published,
        "draft": rostering.draft(team) if may_edit else None,
        "week": weeks.week_of(team, weeks.monday_of(request.GET.get("week", ""), today), zone),
        "today": today,
        "exceptions": rostering.to_come(team, now),
        "knows_why": bool(_knows_why(user, [team])),
        "may_edit": may_edit,
        "off": off or OffForm(members=members),
        "extra": extra or ExtraForm(members=members),
    }
    return render(request, "accounts/roster/week.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """Write a team's weekly shifts: keep them as the draft, publish or discard it."""
    team = _edited_team(request, number)
    present = rostering.draft(team)
    posted = request.POST if request.method == "POST" else None
    shown = present or rostering.published(team)
    initial = {
        "version": present.saved_count if present else 0,
        "zone": shown.zone if shown else person(request).time_zone,
    }
    form = RosterForm(posted, initial=initial)
    shifts = shifts_formset(posted, shown, rostering.members(team))
    conflict, status = None, 200
    if posted is not None:
        verb = posted.get("verb", "save")
        if verb not in VERBS:
            raise Http404
        try:
            if form.is_valid() and (verb == "discard" or shifts.is_valid()):
                return _change(request, team, verb, form.cleaned_data, shifts)
            status = 422
        except StaleVersion as error:
            form, conflict, status = _again(posted, team, error, form, shifts)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            status = 422
    context = {
        "team": team, "form": form, "shifts": shifts, "draft": present, "published": rostering.published(team),
        "conflict": conflict,
    }  # fmt: skip
    return render(request, "accounts/roster/edit.html", context, status=status)


def _change(request: HttpRequest, team: Team, verb: str, given: dict[str, Any], shifts: Any) -> HttpResponse:
    user, version = person(request), given["version"]
    if verb == "discard":
        rostering.discard_draft(team, by=user, version=version)
        messages.success(request, _("The draft is thrown away."))
        return redirect("roster_week", number=team.pk)
    with transaction.atomic():  # a draft that can't be published stays as it was
        draft = rostering.save_draft(team, given["zone"], shifts.shifts(), by=user, version=version)
        if verb == "publish":
            rostering.publish(team, by=user, version=draft.saved_count)
    if verb == "publish":
        messages.success(request, _("Version %d is published and in force.") % draft.number)
        return redirect("roster_week", number=team.pk)
    messages.success(request, _("The draft is kept. Nothing changes before it is published."))
    return redirect("edit_roster", number=team.pk)


def _again(
    posted: Any, team: Team, error: StaleVersion, form: RosterForm, shifts: Any
) -> tuple[RosterForm, dict[str, Any], int]:
    """Return the same form upon the draft as it is now, and both versions."""
    current = error.current if isinstance(error.current, Roster) else None
    data = posted.copy()
    data["version"] = str(current.saved_count if current else 0)
    kept = current or rostering.published(team)
    theirs = weeks.in_words(weeks.as_shifts(kept)) if kept else {}
    mine = weeks.in_words(shifts.shifts()) if shifts.is_bound and shifts.is_valid() else {}
    rows: list[tuple[Any, Any, Any]] = [(_("Time zone"), kept.zone if kept else "", form.cleaned_data["zone"])]
    rows += [(name, theirs.get(name, ""), mine.get(name, "")) for name in sorted({**theirs, **mine})]
    conflict = {"message": error.message, "rows": rows, "by": None, "at": kept.saved_at if kept else None}
    return RosterForm(data), conflict, 409


@require_POST
@once
def take_off(request: HttpRequest, number: int) -> HttpResponse:
    """Enter leave or sickness."""
    team = _edited_team(request, number)
    form = OffForm(request.POST, members=rostering.members(team))
    if form.is_valid():
        try:
            rostering.take_off(team, form.cleaned_data["person"], by=person(request), **form.days_off())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("Entered."))
            return redirect("roster_week", number=team.pk)
    return _week_page(request, team, off=form, status=422)


@require_POST
@once
def add_extra(request: HttpRequest, number: int) -> HttpResponse:
    """Enter an extra shift."""
    team = _edited_team(request, number)
    form = ExtraForm(request.POST, members=rostering.members(team))
    if form.is_valid():
        try:
            rostering.add_extra(team, form.cleaned_data["person"], by=person(request), **form.shift())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("Entered."))
            return redirect("roster_week", number=team.pk)
    return _week_page(request, team, extra=form, status=422)


@require_POST
@once
def undo(request: HttpRequest, number: int, entry: int) -> HttpResponse:
    """Let a day off or an extra shift count no more."""
    team = _edited_team(request, number)
    found = RosterException.objects.filter(pk=entry, team=team).select_related("team", "person").first()
    if found is None:
        raise Http404
    try:
        rostering.undo(found, by=person(request))
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Undone."))
    return redirect("roster_week", number=team.pk)


def _reader(request: HttpRequest) -> User:
    """Return who reads; the pages look absent to whoever may not."""
    user = person(request)
    if not rostering.may_read(user):
        raise Http404
    return user


def _team(request: HttpRequest, number: int) -> Team:
    _reader(request)
    team = next((team for team in rostering.rostered_teams() if team.pk == number), None)
    if team is None:
        raise Http404
    return team


def _edited_team(request: HttpRequest, number: int) -> Team:
    team = _team(request, number)
    if not rostering.may_edit(person(request), team):
        raise Http404
    return team


def _knows_why(user: User, teams: list[Team]) -> set[int]:
    """Return the teams of whose people `user` may know why they are off: leads', and all for who reads all."""
    return {team.pk for team in teams if user.reads_all or rostering.may_edit(user, team)}
