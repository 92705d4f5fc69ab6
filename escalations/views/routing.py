"""How each team's escalations are given out, set up by its leads, and what would be given to whom now."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.once import once
from common.errors import Absent, StaleVersion
from escalations import contacts, dispatching, routing_setup, routing_words
from escalations.forms.routing import RoutingForm, person_forms
from escalations.models import TeamRouting
from escalations.views.parts import Conflict, conflict_of, done, forbidding, person, visible_ticket

#: Tickets shown that routing leaves to people.
_SHOWN = 50


@require_safe
def routing_list(request: HttpRequest) -> HttpResponse:
    """Show each team with how its escalations are given out."""
    user = person(request)
    if not (user.is_lead or user.reads_all):
        raise Http404
    teams = list(contacts.teams_shown_to(user))
    found = {routing.team_id: routing for routing in TeamRouting.objects.filter(team__in=teams)}
    rows = [
        (team, found.get(team.pk) or TeamRouting(team=team), contacts.may_change(user, team)) for team in teams
    ]
    return render(request, "escalations/setup/routing.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_routing(request: HttpRequest, number: int) -> HttpResponse:
    """Set up how one team's escalations are given out; below, what the stored settings would do now."""
    user = person(request)
    team = get_object_or_404(contacts.teams_shown_to(user), pk=number)
    if not contacts.may_change(user, team):
        raise Http404
    stored = routing_setup.of_team(team)
    data = request.POST if request.method == "POST" else None
    form = RoutingForm(data, instance=routing_setup.of_team(team))
    people = person_forms(data, routing_setup.people_of(team), capacity=stored.capacity)
    conflict, status = None, 422 if form.is_bound else 200
    if form.is_bound and all([form.is_valid(), *(one.is_valid() for one in people)]):
        chosen = {one.person.pk: one.chosen() for one in people}
        try:
            routing_setup.change(team, form.cleaned_data, chosen, by=user, version=form.cleaned_data["version"])
        except StaleVersion as stale:
            conflict, status = _conflict(stale, form), 409
            sent = request.POST.copy()
            sent["version"] = str(stored.version)
            form = RoutingForm(sent, instance=routing_setup.of_team(team))
        except Absent as absent:
            raise Http404 from absent
        else:
            done(request, _("How escalations are given out is kept."))
            return redirect("edit_routing", number=team.pk)
    context = {
        "team": team,
        "form": form,
        "people": people,
        "conflict": conflict,
        "stored": stored,
        "prospects": _prospects(stored),
        "let_go": dispatching.let_go(team)[:_SHOWN] if stored.pushes else [],
    }
    return render(request, "escalations/setup/edit_routing.html", context, status=status)


@require_POST
@once
@forbidding
def ask_for_routing(request: HttpRequest, reference: str) -> HttpResponse:
    """Let routing give out a ticket again that a person had let go of."""
    ticket = dispatching.ask(visible_ticket(request, reference), by=person(request))
    done(request, _("It is given out again as soon as there is room."))
    return redirect("edit_routing", number=ticket.team_id)


def _prospects(routing: TeamRouting) -> list[tuple[dispatching.Prospect, str]]:
    if not routing.pushes:
        return []
    return [
        (one, routing_words.outcome(one.outcome, str(one.ticket.category))) for one in dispatching.preview(routing)
    ]


def _conflict(stale: StaleVersion, form: RoutingForm) -> Conflict:
    """Return both versions of the settings."""
    rows = []
    for name in routing_setup.SETTINGS:
        choices = dict(getattr(form.fields[name], "choices", None) or {})
        theirs, mine = getattr(stale.current, name), form.cleaned_data[name]
        rows.append((form.fields[name].label, choices.get(theirs, theirs), choices.get(mine, mine)))
    return conflict_of(stale, rows)
