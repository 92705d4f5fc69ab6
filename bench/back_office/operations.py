"""Carrying an order out exactly once.

The operation's row goes in first: whoever comes second with its key waits for the first to end, and finds its
answer. Row, answer and what is done are one transaction.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction

from bench.back_office.models import Account, Ban, Delivery, Operation, PointsEntry, Transaction

Payload = dict[str, Any]
LARGEST = 10**15


class Refused(Exception):
    """The order can't be carried out; its sentence is the answer, for ever."""


class OtherRequest(Exception):
    """The key was used for something else before."""


class UnderAnotherKey(Exception):
    """The order, action and sequence came before under another key."""

    def __init__(self, first: Operation) -> None:
        super().__init__(first.key)
        self.first = first


def carry_out(key: str, order: str, action: str, sequence: int, payload: Payload) -> tuple[Operation, bool]:
    """Return the operation of `key` and whether it is new. Raises OtherRequest or UnderAnotherKey."""
    asked = {"order": order, "action": action, "sequence": sequence, "payload": payload}
    with transaction.atomic():
        try:
            with transaction.atomic():
                operation = Operation.objects.create(key=key, **asked)
        except IntegrityError:
            known = Operation.objects.filter(key=key).first()
            if known is None:
                raise UnderAnotherKey(
                    Operation.objects.get(order=order, action=action, sequence=sequence)
                ) from None
            if any(getattr(known, name) != value for name, value in asked.items()):
                raise OtherRequest(key) from None
            return known, False
        try:
            with transaction.atomic():
                operation.details = ACTIONS[action](payload)
        except Refused as refused:
            operation.status, operation.reason = "rejected", str(refused)
        else:
            operation.status, operation.reference = "done", f"OP-{secrets.token_hex(5).upper()}"
        operation.save()
        return operation, True


def _text(payload: Payload, name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name} is missing.")
    return value.strip()


def _number(payload: Payload, name: str) -> int:
    value = payload.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST:
        raise Refused(f"{name} must be a whole number above zero.")
    return value


def _money(payload: Payload, name: str) -> tuple[int, str]:
    value = payload.get(name)
    if not isinstance(value, dict):
        raise Refused(f"{name} must be an amount and a currency.")
    return _number(value, "amount"), _text(value, "currency")


def _account(payload: Payload) -> Account:
    found = Account.objects.select_for_update().filter(pk=_text(payload, "account")).first()
    if found is None:
        raise Refused("There is no such account.")
    if found.status == "closed":
        raise Refused("The account is closed.")
    return found


def _raise_credit_line(payload: Payload) -> Payload:
    account, (limit, currency) = _account(payload), _money(payload, "new_limit")
    if account.credit_limit is None:
        raise Refused("The account has no credit line.")
    if currency != account.currency:
        raise Refused(f"The account's currency is {account.currency}.")
    if _money(payload, "present_limit")[0] != account.credit_limit:
        raise Refused("The limit is not what it was when this was asked for.")
    if limit <= account.credit_limit:
        raise Refused("That is no increase.")
    before, account.credit_limit = account.credit_limit, limit
    account.save(update_fields=["credit_limit"])
    return {"before": before, "after": limit, "currency": account.currency}


def _change_phone(payload: Payload) -> Payload:
    account, phone = _account(payload), _text(payload, "new_phone")
    now = datetime.now(UTC)
    if phone == account.phone:
        raise Refused("That is the account's number already.")
    account.phone_changes.create(at=now, before=account.phone, after=phone)
    account.phone, account.phone_changed_at = phone, now
    account.save(update_fields=["phone", "phone_changed_at"])
    return {"phone_ends": phone[-3:]}


def _unban(payload: Payload) -> Payload:
    account = _account(payload)
    ban = Ban.objects.select_for_update().filter(account=account, lifted_at=None).first()
    if ban is None:
        raise Refused("The account is not banned.")
    ban.lifted_at, account.status = datetime.now(UTC), "active"
    ban.save(update_fields=["lifted_at"])
    account.save(update_fields=["status"])
    return {"ban": ban.reference}


def _refund_points(payload: Payload) -> Payload:
    account, points = _account(payload), _number(payload, "points")
    original = PointsEntry.objects.select_for_update().filter(
        pk=_text(payload, "original"), account=account, kind="spent"
    ).first()  # fmt: skip
    if original is None:
        raise Refused("The account spent no points under that reference.")
    if original.refunded + points > -original.points:
        raise Refused("That is more than is left of what was spent.")
    original.refunded += points
    original.save(update_fields=["refunded"])
    entry = PointsEntry.objects.create(
        reference=f"PTS-{secrets.token_hex(5).upper()}", account=account, at=datetime.now(UTC), kind="refunded",
        points=points, original=original,
    )  # fmt: skip
    return {"entry": entry.reference, "original": original.reference, "left": -original.points - original.refunded}


def _reset_delivery(payload: Payload) -> Payload:
    account = _account(payload)
    delivery = Delivery.objects.filter(pk=_text(payload, "delivery"), account=account).first()
    if delivery is None:
        raise Refused("The account has no such delivery.")
    delivery.resets.create(at=datetime.now(UTC))
    delivery.events.create(at=datetime.now(UTC), code="reset", note="A second delivery was ordered.")
    return {"delivery": delivery.reference, "resets": delivery.resets.count()}


def _request_reversal(payload: Payload) -> Payload:
    account = _account(payload)
    paid = Transaction.objects.select_for_update().filter(
        pk=_text(payload, "transaction"), account=account
    ).first()  # fmt: skip
    if paid is None:
        raise Refused("The account has no such transaction.")
    if paid.state != "settled" or paid.reversal_requested_at:
        raise Refused("Only a settled transaction can be reversed, and once.")
    amount, currency = _money(payload, "amount")
    if currency != paid.currency or amount > paid.amount:
        raise Refused("That is more than was paid.")
    paid.reversal_requested_at = datetime.now(UTC)
    paid.save(update_fields=["reversal_requested_at"])
    return {"transaction": paid.reference, "amount": amount, "currency": paid.currency}


ACTIONS: dict[str, Callable[[Payload], Payload]] = {
    "credit_line": _raise_credit_line,
    "phone_change": _change_phone,
    "unban": _unban,
    "points_refund": _refund_points,
    "delivery_reset": _reset_delivery,
    "reversal": _request_reversal,
}
