"""One action upon many tickets: asking for it, watching it, its results, and undoing it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import NotAllowed, Refused
from escalations import bulk
from escalations.bulk_deeds import DEEDS
from escalations.forms.bulk import FORMS, BulkForm, Selection
from escalations.models import BulkAction, BulkOutcome, Ticket
from escalations.models.bulk import OUTCOME_ORDER
from escalations.views.parts import forbidding, leave, person
from escalations.views.queue import worked_by

RECENT = 50
PAGE_SIZE = 50
NAMED = 8
_TONES = {BulkOutcome.FAILED: "bad", BulkOutcome.REFUSED: "warn", BulkOutcome.DONE: "good"}


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def new_bulk_action(request: HttpRequest) -> HttpResponse:
    """Ask for what a deed needs, naming how many tickets it is for (GET), and begin it (POST)."""
    user = person(request)
    if not bulk.may_use(user):
        raise NotAllowed(_("Only second-line people change escalations in bulk."))
    given = request.POST if request.method == "POST" else request.GET
    deed, selection = DEEDS.get(given.get("deed", "")), Selection.of(given)
    if deed is None:
        raise Http404
    form = FORMS[deed.key](request.POST or None, user=user)
    found, counted = _Found(0, []), 0
    try:
        tickets = selection.tickets(worked_by(user), user)
        counted = bulk.count(tickets, user)
        found = _Found(counted, list(tickets.order_by("pk")[:NAMED]))
        if form.is_bound and form.is_valid():
            if not deed.has_way_back and given.get("counted") != str(counted):
                form.add_error(None, _("Meanwhile it is another number of escalations. Look again, and confirm."))
            else:
                asked = None if selection.everything else len(selection.numbers)
                query = selection.query
                parameters = form.parameters()
                begun = bulk.start(deed.key, parameters, tickets, by=user, query=query, asked=asked)
                return leave(request, begun.get_absolute_url())
    except Refused as refusal:
        _refuse(form, refusal)
    context = {
        "deed": deed,
        "form": form,
        "selection": selection,
        "found": found,
        "back_url": f"{reverse('queue')}?{selection.query}",
    }
    template = "escalations/parts/bulk_dialog.html" if _by_htmx(request) else "escalations/bulk_new.html"
    return render(request, template, context, status=422 if form.errors else 200)


@dataclass(frozen=True)
class _Found:
    """How many tickets are meant, and the first of them."""

    count: int
    first: list[Ticket]

    @property
    def more(self) -> int:
        return self.count - len(self.first)

    @property
    def too_many(self) -> bool:
        return self.count > bulk.MOST

    @property
    def most(self) -> int:
        return bulk.MOST


def _refuse(form: BulkForm, refusal: Refused) -> None:
    if form.is_bound:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
    else:
        form.refusal = refusal.message  # type: ignore[attr-defined]  # shown in place of the form


def _by_htmx(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]  # django-htmx adds it


def _readable(request: HttpRequest, number: int) -> BulkAction:
    """Return the action for whoever asked for it and for those who read all; for others it looks absent."""
    user = person(request)
    actions = BulkAction.objects.select_related("requested_by", "undoes", "undone_by")
    if not user.reads_all:
        actions = actions.filter(requested_by=user)
    return get_object_or_404(actions, pk=number)


@require_safe
def bulk_actions(request: HttpRequest) -> HttpResponse:
    """List the actions of this person, the newest first; those of everybody for who reads all."""
    user = person(request)
    actions = BulkAction.objects.select_related("requested_by", "undoes", "undone_by")
    if not user.reads_all:
        actions = actions.filter(requested_by=user)
    return render(request, "escalations/bulk_actions.html", {"recent": actions[:RECENT]})


@require_safe
def bulk_action(request: HttpRequest, number: int) -> HttpResponse:
    """Show how far an action has come, and what became of each ticket, what went wrong first."""
    user, action = person(request), _readable(request, number)
    counts = dict(action.results.order_by().values_list("outcome").annotate(Count("pk")))
    wanted = request.GET.get("outcome", "")
    if wanted and wanted not in BulkOutcome.values:
        raise Http404
    waiting = counts.get(BulkOutcome.WAITING, 0)
    context = {
        "action": action,
        "done": action.total - waiting,
        "figures": _figures(action, counts, wanted),
        "wanted": wanted,
        "may_stop": action.is_running and (action.requested_by_id == user.pk or user.is_superuser),
        "may_undo": not action.is_running
        and action.requested_by_id == user.pk
        and bulk.has_way_back(action)
        and not hasattr(action, "undone_by")
        and action.changed > 0,
        "no_way_back": not action.undoes and not bulk.has_way_back(action),
        "back_url": f"{reverse('queue')}?{action.query}",
        **_results(request, action, user, wanted),
    }
    template = "escalations/parts/bulk_results.html" if _by_htmx(request) else "escalations/bulk_action.html"
    return render(request, template, context)


@dataclass(frozen=True)
class _Figure:
    label: str
    value: int
    tone: str
    url: str
    is_wanted: bool


def _figures(action: BulkAction, counts: dict[str, int], wanted: str) -> list[_Figure]:
    everything = _Figure(_("All"), action.total, "", action.get_absolute_url(), not wanted)
    return [everything] + [
        _Figure(
            str(outcome.label), counts[outcome], _TONES.get(outcome, ""), f"?outcome={outcome}", wanted == outcome
        )
        for outcome in BulkOutcome
        if counts.get(outcome)
    ]


def _results(request: HttpRequest, action: BulkAction, user: User, wanted: str) -> dict[str, Any]:
    """Return a page of results, and how many tickets `user` may no longer see, which are not named."""
    visible = action.results.filter(ticket__in=Ticket.objects.visible_to(user))
    results = visible.annotate(place=OUTCOME_ORDER).select_related("ticket")
    if wanted:
        results = results.filter(outcome=wanted)
    place, _dot, number = request.GET.get("after", "").partition(".")
    after = bool(place.isdecimal() and number.isdecimal() and len(place) < 3 and len(number) < 19)
    if after:
        results = results.filter(Q(place__gt=int(place)) | Q(place=int(place), ticket__gt=int(number)))
    page = list(results.order_by("place", "ticket")[: PAGE_SIZE + 1])
    following = ""
    if len(page) > PAGE_SIZE:
        last = page[PAGE_SIZE - 1]
        asked = {"outcome": wanted} if wanted else {}
        following = f"?{urlencode({**asked, 'after': f'{last.place}.{last.ticket_id}'})}"
    return {
        "results": [(one, _TONES.get(BulkOutcome(one.outcome), "")) for one in page[:PAGE_SIZE]],
        "next_url": following,
        "previous_url": (f"?outcome={wanted}" if wanted else "?") if after else "",
        "hidden": 0 if user.reads_all else action.total - visible.count(),
    }


@require_POST
@once
@forbidding
def stop_bulk_action(request: HttpRequest, number: int) -> HttpResponse:
    """Leave the tickets that are not done yet as they are."""
    action = _readable(request, number)
    try:
        bulk.stop(action, by=person(request))
    except Refused as refusal:
        return _refused(request, action, refusal)
    return redirect(action)


@require_POST
@once
@forbidding
def undo_bulk_action(request: HttpRequest, number: int) -> HttpResponse:
    """Take back what was changed, as far as nobody has changed it since."""
    action = _readable(request, number)
    try:
        return redirect(bulk.undo(action, by=person(request)))
    except Refused as refusal:
        return _refused(request, action, refusal)


def _refused(request: HttpRequest, action: BulkAction, refusal: Refused) -> HttpResponse:
    context = {"message": refusal.message, "back_url": action.get_absolute_url()}
    return render(request, "400.html", context, status=422)
