"""The ledger of points as pages: its sums, an account's statement, and a transfer with what it was made for."""

import re
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from actions import points_originals
from actions.models import Action
from common.errors import Refused
from escalations.models import Customer
from escalations.views.parts import done, person
from points import statements, verifying
from points.models import Account, Allowance, Holder, Transfer

# Every posting is summed for it, so not for each look.
_TRIAL, _REMEMBERED = "points.trial_balance", 60  # seconds
_OF_AN_ACTION = re.compile(r"action (\d{1,18})")


def reader(request: HttpRequest) -> User:
    """Return the person, who may read the ledger: L2, leads, auditors and admins. Raises Http404 for others."""
    user = person(request)
    if not (user.is_l2 or user.is_lead or user.reads_all):
        raise Http404
    return user


@require_safe
def points_ledger(request: HttpRequest) -> HttpResponse:
    """Show the trial balance and the newest transfers."""
    user = reader(request)
    before = _number(request, "before")
    found = statements.transfers().prefetch_related("postings__account")
    rows = list((found.filter(pk__lt=before) if before else found)[: statements.PAGE + 1])
    shown = rows[: statements.PAGE]
    causes = _causes([one.about for one in shown], user)
    context = {
        "trial": cache.get_or_set(_TRIAL, verifying.trial_balance, _REMEMBERED),
        "transfers": [(one, _customer_of(one), causes.get(one.about)) for one in shown],
        "before": before,
        "older": shown[-1].pk if len(rows) > statements.PAGE else None,
    }
    return render(request, "actions/points_ledger.html", context)


@require_safe
def points_account(request: HttpRequest, reference: str) -> HttpResponse:
    """Show an account's statement; of a customer whom the ledger does not know yet, an empty one."""
    user = reader(request)
    account = Account.objects.filter(reference=reference).first()
    customer = Customer.objects.visible_to(user).filter(external_id=reference).first()
    if account is None and customer is None:
        raise Http404
    before = _number(request, "before")
    found = statements.statement(account, before=before) if account else None
    lines = found.lines if found else []
    moved = [line.posting.transfer for line in lines]
    causes = _causes([transfer.about for transfer in moved], user)
    left = {one.pk: one.left for one in Allowance.objects.filter(pk__in=[transfer.pk for transfer in moved])}
    context = {
        "reference": reference,
        "customer": customer,
        "is_programme": account is not None and account.holder == Holder.PROGRAMME,
        "statement": found,
        "lines": [
            (
                line,
                line.posting.transfer,
                left.get(line.posting.transfer_id),
                causes.get(line.posting.transfer.about),
            )
            for line in lines
        ],
        "may_bring_in": customer is not None and not user.is_auditor,
        "before": before,
    }
    return render(request, "actions/points_account.html", context)


@require_POST
def bring_in_points(request: HttpRequest, reference: str) -> HttpResponse:
    """Enter what the customer spent, as the back office has it. Safe to repeat: an entry has its key."""
    user = reader(request)
    customer = get_object_or_404(Customer.objects.visible_to(user), external_id=reference)
    if user.is_auditor:
        raise Http404
    try:
        found = points_originals.bring_in(customer.external_id, by=user)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        said = ngettext("%d entry was brought in.", "%d entries were brought in.", len(found)) % len(found)
        done(request, said if found else _("There is nothing new in the back office."))
    return redirect("points_account", reference)


@require_safe
def points_transfer(request: HttpRequest, number: int) -> HttpResponse:
    """Show a transfer: its postings, what it gives back or corrects, and the action and ticket behind it."""
    user = reader(request)
    transfer = get_object_or_404(statements.transfers(), pk=number)
    refunds = statements.refunds_of(transfer)
    causes = _causes([transfer.about, *(one.about for one in refunds)], user)
    context: dict[str, Any] = {
        "transfer": transfer,
        "cause": causes.get(transfer.about),
        "postings": list(transfer.postings.select_related("account").order_by("points")),
        "corrected_by": getattr(transfer, "corrected_by", None),
        "allowance": Allowance.objects.filter(pk=transfer.pk).first(),
        "refunds": [(one, causes.get(one.about)) for one in refunds],
    }
    return render(request, "actions/points_transfer.html", context)


def _causes(abouts: list[str], user: User) -> dict[str, Action]:
    """Return the action behind each `about`, of those that the person may see."""
    numbers = {about: int(match[1]) for about in abouts if (match := _OF_AN_ACTION.fullmatch(about))}
    if not numbers:
        return {}
    found = Action.objects.visible_to(user).select_related("ticket").in_bulk(set(numbers.values()))
    return {about: found[number] for about, number in numbers.items() if number in found}


def _customer_of(transfer: Transfer) -> Account | None:
    accounts = (posting.account for posting in transfer.postings.all())
    return next((one for one in accounts if one.holder == Holder.CUSTOMER), None)


def _number(request: HttpRequest, name: str) -> int | None:
    raw = request.GET.get(name, "")
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 19 else None
