"""Writing an action: choosing its kind, filling in its form, editing it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.views.once import once
from actions import access, account_review, kinds, lifecycle, policies, statement
from actions.forms.action import EVIDENCE, PAYLOAD, ActionForm, initial_of
from actions.kinds import Definition
from actions.models import Kind, State
from actions.transitions import Verb, open_to
from actions.views.parts import visible_action
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import contract
from escalations.contract import Invalid
from escalations.models import Ticket
from escalations.views.parts import done, forbidding, person, visible_ticket
from points.models import Transfer, TransferKind

MOST_SPENDINGS = 8

#: Which kind is offered first for tickets of a category.
_USUAL = {
    "credit_line": Kind.CREDIT_LINE,
    "phone_change": Kind.PHONE_CHANGE,
    "account_restriction": Kind.UNBAN,
    "points_refund": Kind.POINTS_REFUND,
    "unrecognised_delivery": Kind.DELIVERY_RESET,
    "chargeback": Kind.REVERSAL,
    "transaction_failure": Kind.REVERSAL,
}


@require_safe
@forbidding
def choose_kind(request: HttpRequest, reference: str) -> HttpResponse:
    """Choose what is to be done, with what each kind needs and who approves it."""
    ticket = _worked(request, reference)
    usual = _USUAL.get(ticket.category.key)
    offered = sorted(kinds.KINDS.values(), key=lambda one: one.kind != usual)
    rows = [(one, policies.who_approves(policies.in_force(one.kind))) for one in offered]
    return render(request, "actions/choose.html", {"ticket": ticket, "rows": rows, "usual": usual})


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def new_action(request: HttpRequest, reference: str, kind: str) -> HttpResponse:
    """Write the draft of an action."""
    ticket = _worked(request, reference)
    if kind not in Kind.values:
        raise Http404
    definition = kinds.of(kind)
    initial = {
        f"{PAYLOAD}account": ticket.customer.external_id,
        **_from_ticket(definition, ticket),
        **_from_address(definition, request),
        **_from_review(definition, ticket),
    }
    form = ActionForm(request.POST or None, definition=definition, ticket=ticket, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            action = lifecycle.draft(ticket, kind, form.payload(), form.evidence(), by=person(request))
        except Invalid as invalid:
            form.blame(invalid)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            done(request, _("The draft is kept. Look at the checks, then ask for approval."))
            return redirect(action)
    return _written(request, form, ticket, {"policy": policies.in_force(kind)})


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def edit_action(request: HttpRequest, number: int) -> HttpResponse:
    """Edit an action; whatever was requested or approved is a draft again."""
    action = visible_action(request, number)
    if Verb.EDIT not in {one.verb for one in open_to(person(request), action)}:
        raise NotAllowed(_("You may not edit this action, or it is too late."))
    definition = kinds.of(action.kind)
    initial = initial_of(action)
    form = ActionForm(request.POST or None, definition=definition, ticket=action.ticket, initial=initial)
    if form.is_bound and form.is_valid():
        raw = request.POST.get("version", "")
        version = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 10 else None
        try:
            lifecycle.edit(action, form.payload(), form.evidence(), by=person(request), version=version)
        except Invalid as invalid:
            form.blame(invalid)
        except (Refused, StaleVersion) as refusal:
            form.add_error(None, refusal.message)
        else:
            done(request, _("It is kept as a draft."))
            return redirect(action)
    context = {
        "action": action,
        "voids": action.state in {State.REQUESTED, State.APPROVED},
        "policy": policies.in_force(action.kind),
    }
    return _written(request, form, action.ticket, context)


def _from_address(definition: Definition, request: HttpRequest) -> dict[str, str]:
    """Return what the page that led here has chosen already, such as a delivery."""
    keys = [
        field["key"] for field in definition.fields if field["type"] == "reference" and field["key"] != "account"
    ]
    return {
        f"{PAYLOAD}{key}": request.GET[key][: contract.LONGEST["reference"]] for key in keys if key in request.GET
    }


def _from_review(definition: Definition, ticket: Ticket) -> dict[str, str]:
    """Return what the account's review found, if it decided to lift the ban."""
    review = account_review.to_be_opened(ticket) if definition.kind == Kind.UNBAN else None
    if review is None:
        return {}
    return {f"{PAYLOAD}ban": review.ban, f"{EVIDENCE}review_text": review.reasons}


def _written(request: HttpRequest, form: ActionForm, ticket: Ticket, context: dict[str, Any]) -> HttpResponse:
    context |= {
        "form": form,
        "ticket": ticket,
        "definition": form.definition,
        "policy_rows": policies.rows_of(context["policy"]),
        "has_sources": bool(statement.sources(ticket)),
        "spendings": _spendings(ticket) if form.definition.kind == Kind.POINTS_REFUND else None,
    }
    return render(request, "actions/write.html", context, status=422 if form.errors else 200)


def _spendings(ticket: Ticket) -> list[Transfer]:
    """Return what the customer's account has spent lately, as far as the ledger knows."""
    spent = Transfer.objects.filter(
        kind=TransferKind.SPENT, postings__account__reference=ticket.customer.external_id
    )
    return list(spent.select_related("allowance").order_by("-pk")[:MOST_SPENDINGS])


def _worked(request: HttpRequest, reference: str) -> Ticket:
    ticket = visible_ticket(request, reference)
    if not access.works_on(person(request), ticket.team_id):
        raise Http404
    return ticket


def _from_ticket(definition: Definition, ticket: Ticket) -> dict[str, str]:
    """Return what the ticket knows already of the kind's payload."""
    keys = {field["key"] for field in definition.fields}
    known = {"transaction": ticket.transaction_ref}
    return {PAYLOAD + key: value for key, value in known.items() if key in keys and value}
