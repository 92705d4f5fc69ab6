"""Whom each team's escalations climb to, set up by its leads."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import Absent, Refused, StaleVersion
from escalations import contacts
from escalations.forms.contacts import path_forms
from escalations.models import EscalationContact
from escalations.views.parts import Conflict, conflict_of, done, person


@require_safe
def path_list(request: HttpRequest) -> HttpResponse:
    """Show each team with the people that its escalations climb to."""
    user = person(request)
    if not (user.is_lead or user.reads_all):
        raise Http404
    teams = list(contacts.teams_shown_to(user))
    found: dict[int, list[User]] = {team.pk: [] for team in teams}
    for contact in EscalationContact.objects.filter(team__in=teams).select_related("person"):
        found[contact.team_id].append(contact.person)
    rows = [(team, found[team.pk], contacts.may_change(user, team)) for team in teams]
    return render(request, "escalations/setup/escalation_paths.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_path(request: HttpRequest, number: int) -> HttpResponse:
    """Set up one team's path."""
    user = person(request)
    team = get_object_or_404(contacts.teams_shown_to(user), pk=number)
    if not contacts.may_change(user, team):
        raise Http404
    form, rows = path_forms(request.POST if request.method == "POST" else None, team, contacts.path_of(team))
    context: dict[str, Any] = {"team": team}
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid() and rows.is_valid():
        path = [row.cleaned_data["person"] for row in rows if row.cleaned_data.get("person")]
        try:
            contacts.change(team, path, by=user, seen=form.cleaned_data["seen"])
        except StaleVersion as stale:
            context["conflict"] = _conflict(stale, path)
            sent = request.POST.copy()
            sent["seen"] = " ".join(str(theirs.pk) for theirs in _people(stale))
            form, rows = path_forms(sent, team, _people(stale))
            status = 409
        except Absent as absent:
            raise Http404 from absent
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            done(request, _("The escalation path is kept."))
            return redirect("escalation_paths")
    context |= {"form": form, "rows": rows}
    return render(request, "escalations/setup/edit_escalation_path.html", context, status=status)


def _people(stale: StaleVersion) -> list[User]:
    return stale.current if isinstance(stale.current, list) else []


def _conflict(stale: StaleVersion, mine: list[User]) -> Conflict:
    """Return both versions of the path."""
    theirs = "\n".join(map(str, _people(stale)))
    return conflict_of(stale, [(_("Escalation path"), theirs, "\n".join(map(str, mine)))])
