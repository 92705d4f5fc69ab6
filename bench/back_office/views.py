"""The answers over HTTP."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from bench.back_office import operations
from bench.back_office.models import Account, Delivery, Operation

ABSENT = {"status": "absent"}
MOST_TRANSACTIONS = 500


class SignedIn:
    """Lets in whoever has the token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("Authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {settings.TOKEN}".encode()):
            return JsonResponse({"reason": "No token, or a wrong one."}, status=401)
        return self.get_response(request)


def operate(request: HttpRequest) -> HttpResponse:
    """Carry an order out once: 201 new, 200 known, 422 rejected, 409 known by another key, 400 no order."""
    if request.method != "POST":
        return JsonResponse({"reason": "POST only."}, status=405)
    key = request.headers.get("Idempotency-Key", "")
    try:
        asked = json.loads(request.body)
        order, action, sequence, payload = (asked[name] for name in ("order", "action", "sequence", "payload"))
        understood = (
            0 < len(key) <= 80
            and isinstance(order, str)
            and action in operations.ACTIONS
            and type(sequence) is int
            and sequence > 0
            and isinstance(payload, dict)
        )
    except (ValueError, KeyError, TypeError):
        understood = False
    if not understood:
        return _refused(key, "That is not an order that is understood here.", 400)
    try:
        operation, new = operations.carry_out(key, order, action, sequence, payload)
    except operations.OtherRequest:
        return _refused(key, "This key was used for another order.", 422)
    except operations.UnderAnotherKey as known:
        return _refused(key, "Ordered before.", 409, first=known.first.answer())
    status = 422 if operation.status == "rejected" else 201 if new else 200
    return JsonResponse(operation.answer(), status=status)


def _refused(key: str, reason: str, status: int, **more: Any) -> HttpResponse:
    """Say no and name the key, by which one sees that no gateway says so in our place."""
    return JsonResponse({"key": key, "reason": reason, **more}, status=status)


def operation(request: HttpRequest, key: str) -> HttpResponse:
    found = Operation.objects.filter(pk=key).first()
    return JsonResponse(found.answer()) if found else JsonResponse(ABSENT, status=404)


def _about(view: Callable[[Account], dict[str, Any]]) -> Callable[[HttpRequest, str], HttpResponse]:
    def answer(request: HttpRequest, reference: str) -> HttpResponse:
        account = Account.objects.filter(pk=reference).first()
        return JsonResponse(view(account)) if account else JsonResponse(ABSENT, status=404)

    return answer


@_about
def account(account: Account) -> dict[str, Any]:
    names = ("reference", "status", "opened", "kyc_level", "phone", "phone_changed_at", "address_changed_at",
             "credit_limit", "currency", "sign_ins")  # fmt: skip
    return {name: getattr(account, name) for name in names} | {"sign_ins_since": account.opened}


@_about
def transactions(account: Account) -> dict[str, Any]:
    names = ("reference", "at", "kind", "state", "amount", "currency", "counterparty")
    rows = list(account.transactions.order_by("-at").values(*names)[:MOST_TRANSACTIONS])
    complete = account.opened if len(rows) < MOST_TRANSACTIONS else rows[-1]["at"]
    return {"transactions": rows, "complete_since": complete}


@_about
def points(account: Account) -> dict[str, Any]:
    rows = account.points_entries.order_by("-at").values("reference", "at", "kind", "points", "original_id")
    return {"points": [{**row, "original": row.pop("original_id") or ""} for row in rows]}


@_about
def bans(account: Account) -> dict[str, Any]:
    names = ("reference", "at", "lifted_at", "reason", "note")
    return {"bans": list(account.bans.order_by("-at").values(*names))}


@_about
def deliveries(account: Account) -> dict[str, Any]:
    found = account.deliveries.order_by("-ordered_at").prefetch_related("events", "resets")
    return {"deliveries": [_delivery(one) for one in found]}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    names = ("reference", "item", "ordered_at", "city", "address_complete", "address_matches")
    return {
        **{name: getattr(delivery, name) for name in names},
        "events": [
            {"at": event.at, "code": event.code, "place": event.place, "note": event.note}
            for event in sorted(delivery.events.all(), key=lambda event: event.at)
        ],
        "resets": sorted(reset.at for reset in delivery.resets.all()),
    }
