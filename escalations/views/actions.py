"""The buttons of the ticket page, made from the transition table, and what happens behind them."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations.access import DESK, parties
from escalations.forms.actions import FORMS, ONE_CLICK, ActionForm
from escalations.models import State, Ticket
from escalations.models.ticket import WAITING
from escalations.transitions import BY_VERB, Transition, Verb, open_to
from escalations.views.parts import (
    Conflict,
    conflict_of,
    done,
    forbidding,
    leave,
    person,
    ticket_rows,
    ticket_url,
    visible_ticket,
)

#: The next step that most often follows, by state.
_OBVIOUS = {
    State.NEW: Verb.ACCEPT,
    State.RETURNED: Verb.RESUBMIT,
    State.ACCEPTED: Verb.START,
    State.REOPENED: Verb.START,
    State.IN_PROGRESS: Verb.RESOLVE,
    **dict.fromkeys(WAITING, Verb.RESUME),
}
#: What is seldom done stands in the menu.
_RARE = {Verb.RETURN, Verb.MERGE, Verb.CANCEL}


@dataclass(frozen=True)
class Button:
    """One transition as a button: a link to its form, or a form of its own when one click is enough."""

    transition: Transition
    url: str
    one_click: bool
    in_dialog: bool


@dataclass
class Buttons:
    """The transitions open to a person, by how likely each is the next."""

    first: Button | None = None
    others: list[Button] = field(default_factory=list)
    rare: list[Button] = field(default_factory=list)


def buttons(ticket: Ticket, user: User) -> Buttons:
    """Return the transitions that `user` may make on `ticket` now, as buttons."""
    found = Buttons()
    stances = parties(user, ticket)
    for transition in open_to(user, ticket):
        button = _button(ticket, transition)
        if transition.verb == Verb.RESUME and not stances & DESK:
            continue  # whoever is asked resumes the work by answering
        if transition.verb in _RARE:
            found.rare.append(button)
        elif transition.verb == _OBVIOUS.get(State(ticket.state)):
            found.first = button
        else:
            found.others.append(button)
    return found


def _button(ticket: Ticket, transition: Transition) -> Button:
    pages = {
        Verb.ACCEPT: "triage", Verb.RESUBMIT: "resubmit", Verb.MERGE: "merge", Verb.WAIT_PARTNER: "new_hand_over",
    }  # fmt: skip
    if page := pages.get(transition.verb):
        return Button(transition, reverse(page, args=[ticket.reference]), one_click=False, in_dialog=False)
    url = reverse("ticket_act", args=[ticket.reference, transition.verb])
    one_click = transition.verb in ONE_CLICK
    return Button(transition, url, one_click=one_click, in_dialog=not one_click)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def act(request: HttpRequest, reference: str, verb: str) -> HttpResponse:
    """Ask for what a transition needs (GET), and make it (POST); for htmx inside a dialog."""
    ticket, user = visible_ticket(request, reference), person(request)
    if verb not in FORMS:
        raise Http404
    chosen = Verb(verb)
    form = FORMS[chosen](request.POST or None, ticket=ticket, user=user)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            form.perform()
        except StaleVersion as error:
            form, conflict = _again(request.POST, error, form)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("Done: %s.") % BY_VERB[chosen].label)
            return leave(request, ticket_url(ticket))
    possible = chosen in {transition.verb for transition in open_to(user, form.ticket)}
    if not possible and not form.is_bound:
        messages.warning(request, _("“%s” is not possible any more.") % BY_VERB[chosen].label)
        return redirect(ticket_url(ticket))
    context = {
        "ticket": form.ticket,
        "form": form,
        "transition": BY_VERB[chosen],
        "conflict": conflict,
        "possible": possible,
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, _template(request), context, status=status)


def _template(request: HttpRequest) -> str:
    in_dialog = request.htmx  # type: ignore[attr-defined]  # django-htmx adds it
    return "escalations/parts/action_dialog.html" if in_dialog else "escalations/action.html"


def _again(sent: QueryDict, error: StaleVersion, form: ActionForm) -> tuple[ActionForm, Conflict]:
    """Return the same form on the ticket as it is now, and both versions to choose from."""
    current = error.current
    if not isinstance(current, Ticket):
        raise Http404
    data = sent.copy()
    data["version"] = str(current.version)
    given: dict[str, Any] = form.cleaned_data
    conflict = conflict_of(error, ticket_rows(current, given), at=current.updated_at)
    return type(form)(data, ticket=current, user=form.user), conflict
