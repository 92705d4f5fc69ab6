"""Hand-overs: handing over, the partners' queue, and one hand-over's own page."""

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role, Team, TeamKind, User
from accounts.views.once import once
from common.errors import Absent, Refused, StaleVersion
from escalations import (
    access,
    composing,
    contract,
    conversation,
    deadlines,
    hand_over_list,
    handing_over,
    timeline,
)
from escalations.forms.handing_over import AskForm, GiveForm, ShareForm, StepForm
from escalations.hand_over_states import Move, Side, open_to
from escalations.models import HandOver, MessageKind, Ticket
from escalations.views.files import sent
from escalations.views.parts import done, forbidding, person, ticket_url, visible_ticket

_TABS = (
    (hand_over_list.OPEN, gettext_lazy("Open")),
    (hand_over_list.MINE, gettext_lazy("Mine")),
    (hand_over_list.UNOWNED, gettext_lazy("Not taken")),
    (hand_over_list.OVERDUE, gettext_lazy("Overdue")),
    (hand_over_list.ANSWERED, gettext_lazy("Answered")),
    (hand_over_list.ALL, gettext_lazy("All")),
)


@require_safe
def hand_over_queue(request: HttpRequest) -> HttpResponse:
    """List what is asked of this person's team, or what the desk has asked of partners."""
    user = person(request)
    if not hand_over_list.may_list(user):
        raise Http404
    show = request.GET.get("show", hand_over_list.OPEN)
    show = show if show in hand_over_list.SHOWS else hand_over_list.OPEN
    own, teams = user.teams_as(Role.PARTNER), []
    if not own:
        teams = list(Team.objects.filter(kind=TeamKind.PARTNER, is_active=True))
    team, number = _number(request.GET.get("team")), _number(request.GET.get("page")) or 1
    page = hand_over_list.page(user, show=show, team=team, number=min(number, 1000))
    context = {
        "page": page,
        "show": show,
        "tabs": _TABS,
        "teams": teams,
        "team": team,
        "number": number,
        "is_partner": bool(own),
    }
    return render(request, "escalations/hand_overs.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def new_hand_over(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask which partner (GET without one), what they want to be told (GET with one), and hand over (POST)."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not access.works_on(user, ticket):
        raise Http404
    said = request.POST if request.method == "POST" else request.GET
    partner = Team.objects.filter(
        pk=_number(said.get("partner")) or 0, kind=TeamKind.PARTNER, is_active=True
    ).first()
    partner_form = handing_over.current_form(partner) if partner is not None else None
    if request.method != "POST":
        form = AskForm(ticket=ticket, partner_form=partner_form, initial={"partner": partner})
        return _ask_page(request, ticket, form, partner)
    form = AskForm(request.POST, request.FILES, ticket=ticket, partner_form=partner_form)
    if form.is_valid():
        try:
            row = handing_over.ask(ticket, by=user, **form.given())
        except (Refused, StaleVersion) as refusal:
            field = getattr(refusal, "field", None)
            form.add_error(field if field in form.fields else None, refusal.message)
            status = 409 if isinstance(refusal, StaleVersion) else 422
            if isinstance(refusal, StaleVersion):
                form.data = again = request.POST.copy()
                again["version"] = str(refusal.current.version) if isinstance(refusal.current, Ticket) else ""
            return _ask_page(request, ticket, form, partner, status=status)
        done(request, _("Handed over to %s.") % row.team)
        return redirect(ticket_url(ticket))
    return _ask_page(request, ticket, form, partner, status=422)


def _ask_page(
    request: HttpRequest, ticket: Ticket, form: AskForm, partner: Team | None, *, status: int = 200
) -> HttpResponse:
    asked = ticket.hand_overs.owed().values_list("team", flat=True)
    context = {
        "ticket": ticket,
        "form": form,
        "partner": partner,
        "partners": Team.objects.filter(kind=TeamKind.PARTNER, is_active=True),
        "asked": set(asked),
        "askable": ticket.state in handing_over.ASKABLE,
        "agreed": _agreed(partner),
    }
    return render(request, "escalations/new_hand_over.html", context, status=status)


def _agreed(partner: Team | None) -> list[tuple[str, int]]:
    agreement = getattr(partner, "agreement", None) if partner is not None else None
    if agreement is None:
        return []
    labels = dict(HandOver._meta.get_field("urgency").flatchoices)
    return [(str(labels[level]), 60 * minutes) for level in labels if (minutes := agreement.minutes(level))]


@require_safe
def hand_over(request: HttpRequest, number: int) -> HttpResponse:
    """Show one hand-over: to the partner what was handed to them, to the desk how it stands."""
    return _page(request, _visible(request, number))


def _visible(request: HttpRequest, number: int) -> HandOver:
    rows = HandOver.objects.visible_to(person(request))
    row = rows.select_related(
        "ticket__team", "ticket__customer", "ticket__category", "team", "owner", "asked_by", "form"
    ).filter(pk=number).first()  # fmt: skip
    if row is None:
        raise Http404
    return row


def _page(
    request: HttpRequest, row: HandOver, *, failed: StepForm | None = None, status: int = 200
) -> HttpResponse:
    user = person(request)
    sides = handing_over.sides(user, row)
    steps = open_to(row, sides)
    by_desk = Side.DESK in sides and Side.PARTNER not in sides
    forms = [
        failed
        if failed is not None and failed.step.move == step.move
        else StepForm(step=step, hand_over=row, by_desk=by_desk)
        for step in steps
    ]
    prefetch_related_objects([row.ticket], "attachments")
    thread = list(conversation.thread(row).prefetch_related(None))
    for message in thread:
        message.ticket = row.ticket  # this very object, whose files were fetched
    due = hand_over_list.due_of(row)
    context: dict[str, Any] = {
        "row": row,
        "ticket": row.ticket,
        "entries": timeline.of_messages(row.ticket, thread),
        "asked_for": contract.rows(row.form, row.answers),
        "clicks": [form for form in forms if not form.step.asks],
        "written": [form for form in forms if form.step.asks],
        "opened": failed.step.move if failed is not None else "",
        "is_partner": Side.PARTNER in sides,
        "may_take": Side.PARTNER in sides and row.is_owed and row.owner_id is None,
        "sees_ticket": Ticket.objects.visible_to(user).filter(pk=row.ticket_id).exists(),
        "deadline": next(iter(deadlines.of_clocks([due])), None) if due is not None else None,
    }
    if handing_over.may_give(user, row):
        context["give_form"] = GiveForm(hand_over=row, auto_id="give_%s")
    if Side.DESK in sides:
        context["tellable"] = _tellable(user, row)
        context["share_form"] = ShareForm(instance=row, auto_id="share_%s")
    return render(request, "escalations/hand_over.html", context, status=status)


def _tellable(user: User, row: HandOver) -> set[int]:
    if MessageKind.TO_CUSTOMER not in conversation.kinds_for(user, row.ticket):
        return set()
    return set(composing.tellable(row).values_list("pk", flat=True))


@require_safe
def hand_over_file(request: HttpRequest, number: int, file: int) -> FileResponse:
    """Send a file of the thread, to whoever may see the hand-over."""
    row = _visible(request, number)
    found = conversation.files_of(row).filter(pk=file).first()
    if found is None:
        raise Http404
    return sent(request, found)


@require_POST
@once
@forbidding
def move_hand_over(request: HttpRequest, number: int, move: str) -> HttpResponse:
    """Make one step on a hand-over."""
    row = _visible(request, number)
    if move not in set(Move):
        raise Http404
    user = person(request)
    sides = handing_over.sides(user, row)
    chosen = next((step for step in open_to(row, sides) if step.move == move), None)
    if chosen is None:
        return _refused(request, row, _not_possible(row))
    form = StepForm(request.POST, request.FILES, step=chosen, hand_over=row, by_desk=Side.PARTNER not in sides)
    if not form.is_valid():
        return _page(request, row, failed=form, status=422)
    try:
        handing_over.act(row, chosen.move, by=user, **form.cleaned_data)
    except StaleVersion as stale:
        current = _visible(request, number)
        form.data = again = request.POST.copy()
        again["version"] = str(current.version)
        form.add_error(None, stale.message)
        return _page(request, current, failed=form, status=409)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return _page(request, row, failed=form, status=422)
    except Absent as absent:
        raise Http404 from absent
    done(request, _("Done: %s.") % chosen.label)
    return redirect("hand_over", number=row.pk)


def _not_possible(row: HandOver) -> str:
    said: str = _("This is not possible any more: the hand-over is “%s” now.") % row.get_state_display()
    return said


@require_POST
@once
@forbidding
def take_hand_over(request: HttpRequest, number: int) -> HttpResponse:
    """Make this person of the partner's the owner of a hand-over that nobody has."""
    row = _visible(request, number)
    try:
        handing_over.take(row, by=person(request))
    except Refused as refusal:
        return _refused(request, row, refusal.message)
    done(request, _("It is yours."))
    return redirect("hand_over", number=row.pk)


@require_POST
@once
@forbidding
def give_hand_over(request: HttpRequest, number: int) -> HttpResponse:
    """Give a hand-over to somebody else of the partner's, or to nobody."""
    row = _visible(request, number)
    form = GiveForm(request.POST, hand_over=row)
    if not form.is_valid():
        return _refused(request, row, _("Load the page again and repeat what you did."))
    try:
        handing_over.give(row, by=person(request), **form.cleaned_data)
    except (Refused, StaleVersion) as refusal:
        return _refused(request, row, refusal.message, status=409 if isinstance(refusal, StaleVersion) else 422)
    done(request, _("Passed on."))
    return redirect("hand_over", number=row.pk)


@require_POST
@once
@forbidding
def share_hand_over(request: HttpRequest, number: int) -> HttpResponse:
    """Change what is shown of a hand-over: the escalation to the partner, the thread to the first line."""
    row = _visible(request, number)
    form = ShareForm(request.POST, instance=_visible(request, number))
    if not form.is_valid():
        return _refused(request, row, _("Load the page again and repeat what you did."))
    given = {"shares_ticket": False, "shows_l1": False} | form.cleaned_data
    try:
        handing_over.share(row, by=person(request), **given)
    except (Refused, StaleVersion) as refusal:
        return _refused(request, row, refusal.message, status=409 if isinstance(refusal, StaleVersion) else 422)
    done(request, _("What is shown of it is changed."))
    return redirect("hand_over", number=row.pk)


def _refused(request: HttpRequest, row: HandOver, message: object, *, status: int = 422) -> HttpResponse:
    context = {"message": message, "back_url": row.get_absolute_url()}
    return render(request, "400.html", context, status=status)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
