"""The search page, and what the command bar shows while somebody types."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import User
from common.errors import Refused
from escalations import finding, search_operators, searching
from escalations.finding import RANKED, Found
from escalations.models import Ticket
from escalations.searching import Query, Unknown
from escalations.views.parts import person

IN_BAR = 6
PLACES = {
    "answers": gettext_lazy("Contract"),
    "message": gettext_lazy("Message"),
    "file": gettext_lazy("File"),
    "diagnosis": gettext_lazy("Diagnosis"),
}


@dataclass(frozen=True)
class Chip:
    """An operator of the query, and the query without it."""

    text: str
    without: str


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """Search everything that this person may see."""
    user, text = person(request), request.GET.get("q", "")
    query = searching.parse(text)
    found, problem = _found(query, user, page=_page(request))
    context = {
        "text": text[: searching.LONGEST],
        "query": query,
        "found": found,
        "problem": problem,
        "unknown": [_sentence(one) for one in query.unknown],
        "chips": [Chip(str(one), str(query.without(one))) for one in query.filters],
        "help": [(name, meaning, example) for name, (meaning, example) in search_operators.HELP.items()],
        "places": PLACES,
        "most": RANKED,
        "queue_url": _queue_url(query, user) if found.tickets else "",
    }
    return render(request, "escalations/search.html", context, status=400 if problem else 200)


@require_safe
def bar(request: HttpRequest) -> HttpResponse:
    """Return the options of the command bar for what is typed so far; the person's own tickets for nothing."""
    user, text = person(request), request.GET.get("q", "")
    query = searching.parse(text)
    context: dict[str, Any] = {"text": text, "query": query}
    if query.has_text or query.filters:
        typed = query if text.endswith(" ") else query.begun()
        context["found"], context["problem"] = _found(typed, user, size=IN_BAR, beside=IN_BAR // 2)
        context["suggestions"] = search_operators.suggestions(text, user)
    else:
        context["suggestions"] = search_operators.suggestions(text, user)
        context["own"] = [] if text.strip() else _own(user)
    return render(request, "escalations/parts/command_options.html", context)


def _found(query: Query, user: User, **how: int) -> tuple[Found, str | Promise]:
    try:
        return finding.find(query, user, **how), ""
    except Refused as refusal:
        return Found(), refusal.message


def _page(request: HttpRequest) -> int:
    said = request.GET.get("page", "1")
    most = RANKED // finding.PAGE_SIZE
    return min(most, max(1, int(said))) if said.isascii() and said.isdecimal() and len(said) < 4 else 1


def _own(user: User) -> list[Ticket]:
    tickets = Ticket.objects.visible_to(user).select_related("category")
    own = tickets.filter(owner=user).open() if user.is_l2 or user.is_lead else tickets.filter(created_by=user)
    return list(own.order_by("-created_at")[:IN_BAR])


def _sentence(unknown: Unknown) -> str:
    sentence = _("“%s:” is no operator, so it was searched for as text.") % unknown.name
    if unknown.nearest:
        sentence += " " + _("Did you mean “%s:”?") % unknown.nearest
    return sentence


def _queue_url(query: Query, user: User) -> str:
    """Return the list that shows the same tickets in its order; "" where the list can't say it."""
    if not (user.is_l2 or user.is_lead or user.is_l1 or user.reads_all):
        return ""
    if any(one.operator == "in" for one in query.filters):
        return ""
    name = "queue" if user.is_l2 or user.is_lead or user.reads_all else "my_escalations"
    said = [("q", str(query)), ("scope", "all")]
    return f"{reverse(name)}?{urlencode(said)}"
