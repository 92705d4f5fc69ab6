"""The diagnosis board: hypotheses, evidence for and against them, verdicts."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations import board, evidence, hypotheses
from escalations.access import reads_internal, works_on
from escalations.diagnosis import MOST_HYPOTHESES
from escalations.evidence_words import origin, page
from escalations.forms.board import SuspicionForm, VerdictForm, VersionForm
from escalations.forms.evidence import EvidenceForm
from escalations.forms.fields import root_cause_choices
from escalations.models import Evidence, Ticket
from escalations.views.parts import done, forbidding, person, visible_ticket


def internal_ticket(request: HttpRequest, reference: str) -> Ticket:
    """Return the ticket, or answer 404 where this person may not read its diagnosis."""
    ticket = visible_ticket(request, reference)
    if not reads_internal(person(request), ticket):
        raise Http404
    return ticket


@require_safe
def diagnosis_board(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what is suspected, and what speaks for and against it."""
    return _answer(request, internal_ticket(request, reference))


@require_POST
@once
@forbidding
def suspect(request: HttpRequest, reference: str) -> HttpResponse:
    """Add a hypothesis."""
    ticket, user = internal_ticket(request, reference), person(request)
    form = SuspicionForm(request.POST)
    if form.is_valid():
        try:
            added = hypotheses.suspect(ticket, form.cleaned_data["text"], by=user)
        except Refused as refusal:
            form.add_error("text" if refusal.field == "text" else None, refusal.message)
        else:
            done(request, _("%s is on the board.") % added.upper())
            return _back(ticket, added)
    return _answer(request, ticket, 422, suspicion=form)


@require_POST
@once
@forbidding
def judge(request: HttpRequest, reference: str, hypothesis: str) -> HttpResponse:
    """Confirm a hypothesis, rule it out, or open it again."""
    ticket, user = internal_ticket(request, reference), person(request)
    form = VerdictForm(request.POST, anchor=hypothesis, causes=root_cause_choices())
    if not form.is_valid():
        return _answer(request, ticket, 422, verdicts={hypothesis: form})
    try:
        hypotheses.judge(ticket, hypothesis, by=user, **form.cleaned_data)
    except StaleVersion as stale:
        again = _with_version(request.POST, getattr(stale.current, "version", 0))
        form = VerdictForm(again, anchor=hypothesis, causes=root_cause_choices())
        return _answer(request, ticket, 409, trouble=stale.message, verdicts={hypothesis: form})
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return _answer(request, ticket, 422, verdicts={hypothesis: form})
    done(request, _("The verdict on %s is kept.") % hypothesis.upper())
    return _back(ticket, hypothesis)


def _with_version(sent: QueryDict, version: int) -> QueryDict:
    data = sent.copy()
    data["version"] = str(version)
    return data


@require_POST
@once
@forbidding
def drop_hypothesis(request: HttpRequest, reference: str, hypothesis: str) -> HttpResponse:
    """Take a hypothesis off the board, and offer to bring it back."""
    ticket, user = internal_ticket(request, reference), person(request)
    try:
        hypotheses.drop(ticket, hypothesis, by=user, version=_version(request))
    except StaleVersion as stale:
        return _answer(request, ticket, 409, trouble=stale.message)
    except Refused as refusal:
        return _answer(request, ticket, 422, trouble=refusal.message)
    return redirect(f"{reverse('diagnosis_board', args=[ticket.reference])}?dropped={hypothesis}")


@require_POST
@once
@forbidding
def bring_back_hypothesis(request: HttpRequest, reference: str, hypothesis: str) -> HttpResponse:
    """Put a hypothesis back on the board."""
    ticket, user = internal_ticket(request, reference), person(request)
    try:
        hypotheses.bring_back(ticket, hypothesis, by=user)
    except Refused as refusal:
        return _answer(request, ticket, 422, trouble=refusal.message)
    done(request, _("%s is back.") % hypothesis.upper())
    return _back(ticket, hypothesis)


@require_POST
@once
@forbidding
def move_evidence(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Hold evidence for or against another hypothesis."""
    ticket, user = internal_ticket(request, reference), person(request)
    kept = _evidence(ticket, number)
    form = EvidenceForm(request.POST, ticket=ticket)
    if not form.is_valid():
        return _answer(request, ticket, 422, trouble=_said(form))
    try:
        moved = evidence.move(kept, by=user, version=_version(request), **form.place())
    except StaleVersion as stale:
        return _answer(request, ticket, 409, trouble=stale.message)
    except Refused as refusal:
        return _answer(request, ticket, 422, trouble=refusal.message)
    return _back(ticket, f"evidence-{moved.pk}")


@require_POST
@once
@forbidding
def remove_evidence(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Take evidence off the board, and offer to put it back."""
    ticket, user = internal_ticket(request, reference), person(request)
    kept = _evidence(ticket, number)
    try:
        evidence.remove(kept, by=user, version=_version(request))
    except StaleVersion as stale:
        return _answer(request, ticket, 409, trouble=stale.message)
    return redirect(f"{reverse('diagnosis_board', args=[ticket.reference])}?removed={kept.pk}")


@require_POST
@once
@forbidding
def restore_evidence(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Put evidence back to where it was."""
    ticket, user = internal_ticket(request, reference), person(request)
    kept = evidence.restore(_evidence(ticket, number), by=user)
    done(request, _("It is back."))
    return _back(ticket, f"evidence-{kept.pk}")


def _evidence(ticket: Ticket, number: int) -> Evidence:
    kept = get_object_or_404(Evidence.objects.filter(ticket=ticket), pk=number)
    kept.ticket = ticket
    return kept


def _version(request: HttpRequest) -> int:
    form = VersionForm(request.POST)
    return form.cleaned_data["version"] if form.is_valid() else -1  # stale, whatever it is now


def _said(form: EvidenceForm) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def _back(ticket: Ticket, anchor: str) -> HttpResponse:
    return redirect(f"{reverse('diagnosis_board', args=[ticket.reference])}#{anchor}")


def _answer(
    request: HttpRequest,
    ticket: Ticket,
    status: int = 200,
    *,
    trouble: object = "",
    suspicion: SuspicionForm | None = None,
    verdicts: dict[str, VerdictForm] | None = None,
) -> HttpResponse:
    """Show the board as it is now, with the forms that were not taken as they were sent."""
    found = board.of_ticket(ticket)
    works = works_on(person(request), ticket)
    for one in found.standing:
        one.origin, one.page = origin(one), page(one)  # type: ignore[attr-defined]
    sent, causes = verdicts or {}, root_cause_choices() if works else []
    context: dict[str, Any] = {
        "ticket": ticket,
        "board": found,
        "works": works,
        "trouble": trouble,
        "suspicion": suspicion or SuspicionForm(),
        "is_full": len(found.rows) >= MOST_HYPOTHESES,
        "rows": [(row, sent.get(row.hypothesis.id) or _verdict(found, row, causes)) for row in found.rows],
        "open": set(sent),
        "just_removed": next((one for one in found.removed if str(one.pk) == request.GET.get("removed")), None),
        "just_dropped": next((one for one in found.dropped if one.id == request.GET.get("dropped")), None),
    }
    return render(request, "escalations/board.html", context, status=status)


def _verdict(found: board.Board, row: board.Row, causes: list[Any]) -> VerdictForm:
    cause = found.diagnosis.root_cause_id if found.diagnosis else None
    initial = {
        "version": found.version,
        "status": row.hypothesis.status,
        "reason": row.hypothesis.reason,
        "root_cause": cause,
    }
    return VerdictForm(initial=initial, anchor=row.hypothesis.id, causes=causes)
