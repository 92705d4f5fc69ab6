"""The demo customers' accounts, made up so that they fit what their cases in Secondline say.

Everything follows from a customer's reference, so a second seeding would tell the same.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from django.db import models, transaction

from bench.back_office.models import (
    Account,
    Ban,
    CourierEvent,
    Delivery,
    PhoneChange,
    PointsEntry,
    Reset,
    Transaction,
)

_CURRENCIES = {"PH": "PHP", "SG": "SGD", "US": "USD", "AE": "AED", "GB": "GBP", "MX": "MXN", "CO": "COP",
               "ES": "EUR", "PE": "PEN", "CL": "CLP"}  # fmt: skip
_CITIES = {"PH": "Cebu", "SG": "Singapore", "US": "Denver", "AE": "Dubai", "GB": "Leeds", "MX": "Guadalajara",
           "CO": "Medellín", "ES": "Valencia", "PE": "Lima", "CL": "Valparaíso"}  # fmt: skip
_SHOPS = ["QuickCart", "MediPlus Pharmacy", "GreenGrocer 24", "Skyline Cinemas", "Harbour Books", "Café Altura",
          "TecnoPunto", "Cines Plaza", "Northwind Outdoor", "Metro Gadget Hub"]  # fmt: skip
_DEVICES = ["Galaxy A15", "iPhone 13", "Pixel 7a", "Redmi Note 13", "Moto G54"]
_LIGHT = ["unusual_volume", "shared_device", "chargebacks", "documents_expired"]
_GRAVE = ["confirmed_fraud", "stolen_identity"]
_ITEMS = {"card": "Payment card", "reader": "Card reader", "goods": "Reward: headphones", "letter": "Contract"}
_WAYS = {
    "signed": ["collected", "in_transit", "out_for_delivery", "signed"],
    "delivered": ["collected", "in_transit", "out_for_delivery", "delivered"],
    "lost": ["collected", "in_transit", "lost"],
    "returned": ["collected", "in_transit", "out_for_delivery", "attempted", "attempted", "returned"],
    "under way": ["collected", "in_transit"],
}


class Book:
    """All rows, by model, to be stored in a few statements."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.rows: dict[type[models.Model], list[models.Model]] = {
            model: []
            for model in (Account, PhoneChange, Ban, Transaction, PointsEntry, Delivery, CourierEvent, Reset)
        }

    def add(self, *rows: models.Model) -> None:
        for row in rows:
            self.rows[type(row)].append(row)

    @transaction.atomic
    def store(self) -> None:
        for model, rows in self.rows.items():
            model._default_manager.bulk_create(rows, batch_size=2000, ignore_conflicts=True)


def open_accounts(lines: Iterable[str]) -> None:
    """Open an account for each customer that a line of `manage.py demo_accounts` describes."""
    book = Book()
    for line in lines:
        customer = json.loads(line)
        _tell(book, customer, Random(customer["reference"]))
    book.store()
    print(f"{len(book.rows[Account])} accounts")


def _tell(book: Book, customer: dict[str, Any], rng: Random) -> None:
    opened = datetime.fromisoformat(customer["opened"])
    account = Account(
        reference=customer["reference"],
        opened=opened,
        kyc_level=rng.choices([1, 2, 3, None], [12, 60, 26, 2])[0],
        phone=customer["phone"],
        credit_limit=rng.choice([None, 500_000, 1_000_000, 1_500_000, 2_500_000]),
        currency=_CURRENCIES.get(customer["country"], "USD"),
    )
    account.sign_ins = _sign_ins(book, rng, customer["country"], rng.choices([0, 1, 2, 14], [50, 30, 15, 5])[0])
    book.add(account)
    _everyday(book, rng, account)
    if rng.random() < 0.1:
        _moved(account, book.now - timedelta(days=rng.randrange(1, 60)))
    for case in customer["cases"]:
        if tell := _CASES.get(case["category"]):
            tell(book, rng, account, case, datetime.fromisoformat(case["at"]))


def _sign_ins(book: Book, rng: Random, country: str, failed: int) -> list[dict[str, Any]]:
    device = rng.choice(_DEVICES)
    rows = [
        {
            "at": (book.now - timedelta(hours=rng.randrange(1, 700))).isoformat(),
            "succeeded": number >= failed,
            "country": country if number >= failed else rng.choice([country, "NG", "RO"]),
            "device": device if number >= failed else rng.choice(_DEVICES),
        }
        for number in range(failed + rng.randrange(3, 9))
    ]
    return sorted(rows, key=lambda row: str(row["at"]), reverse=True)


def _everyday(book: Book, rng: Random, account: Account) -> None:
    """Payments and points of the last months."""
    life = max(1, (book.now - account.opened).days)
    for number in range(rng.randrange(3, 14)):
        at = book.now - timedelta(days=rng.uniform(0.1, min(life, 150)))
        state = rng.choices(["settled", "declined", "reversed", "disputed"], [890, 77, 30, 3])[0]
        book.add(_transaction(account, f"TXN-{_code(rng)}{number}", at, state, _amount(rng), rng.choice(_SHOPS)))
    for number in range(rng.randrange(1, 4)):
        at = book.now - timedelta(days=rng.uniform(1, min(life, 120)))
        kind, points = rng.choice([("earned", 50), ("earned", 100), ("spent", -200)])
        book.add(_points(account, f"PTS-{_code(rng)}{number}", at, kind, points * rng.randrange(1, 9)))


def _transaction(
    account: Account, reference: str, at: datetime, state: str, amount: int, shop: str
) -> Transaction:
    return Transaction(
        reference=reference, account=account, at=at, kind="payment", state=state, amount=amount,
        currency=account.currency, counterparty=shop,
    )  # fmt: skip


def _points(account: Account, reference: str, at: datetime, kind: str, points: int) -> PointsEntry:
    return PointsEntry(reference=reference, account=account, at=at, kind=kind, points=points)


def _code(rng: Random) -> str:
    return "".join(rng.choices("ABCDEFGHJKMNPQRSTUVWXYZ", k=6))


def _amount(rng: Random) -> int:
    return rng.randrange(20, 900) * 100


def _moved(account: Account, at: datetime) -> None:
    account.address_changed_at = at


def _restricted(book: Book, rng: Random, account: Account, case: dict[str, Any], at: datetime) -> None:
    """A ban, in force while the case is open; sometimes a former one, sometimes a grave one."""
    number = len([ban for ban in book.rows[Ban] if isinstance(ban, Ban) and ban.account_id == account.pk])
    banned_at = at - timedelta(days=rng.randrange(1, 6))
    in_force = case["is_open"] and account.status != "banned"
    book.add(
        Ban(
            reference=f"BAN-{account.pk[2:]}-{number + 1}",
            account=account,
            at=banned_at,
            lifted_at=None if in_force else at + timedelta(days=2),
            reason=rng.choice(_GRAVE) if rng.random() < 0.08 else rng.choice(_LIGHT),
            note=f"Case {case['reference']}" if case["reference"] else "",
        )
    )
    if in_force:
        account.status = "banned"
    if rng.random() < 0.25:
        before = banned_at - timedelta(days=rng.randrange(60, 500))
        book.add(
            Ban(reference=f"BAN-{account.pk[2:]}-{number + 1}0", account=account, at=before,
                lifted_at=before + timedelta(days=4), reason=rng.choice(_LIGHT))
        )  # fmt: skip
    if rng.random() < 0.12:
        disputed = _transaction(
            account, f"TXN-{_code(rng)}D", banned_at, "charged_back", _amount(rng), "QuickCart"
        )
        book.add(disputed)


def _points_case(book: Book, _rng: Random, account: Account, case: dict[str, Any], at: datetime) -> None:
    """What was spent and is asked back."""
    if case["spent"]:
        reference, points = case["spent"]
        book.add(_points(account, reference, at - timedelta(days=3), "spent", -points))


def _phone_case(book: Book, rng: Random, account: Account, case: dict[str, Any], at: datetime) -> None:
    if case["is_open"] or rng.random() < 0.3:
        return
    changed = at + timedelta(hours=rng.randrange(2, 40))
    if changed < book.now:
        book.add(PhoneChange(account=account, at=changed, before=account.phone, after=account.phone))
        account.phone_changed_at = changed


def _credit_case(_book: Book, rng: Random, account: Account, case: dict[str, Any], _at: datetime) -> None:
    now = case["answers"].get("limit_now")
    if isinstance(now, dict) and now.get("currency") == account.currency:
        account.credit_limit = now["amount"]
    elif account.credit_limit is None:
        account.credit_limit = rng.choice([500_000, 1_000_000])


def _paid(book: Book, rng: Random, account: Account, case: dict[str, Any], _at: datetime) -> None:
    """The very transaction that the case is about."""
    if not case["reference"].startswith("TXN-"):
        return
    told = case["answers"].get("amount")
    amount = (
        told["amount"] if isinstance(told, dict) and told.get("currency") == account.currency else _amount(rng)
    )
    declined = case["answers"].get("outcome") in {"declined", "timed_out"}
    state = "declined" if declined else "disputed" if case["category"] == "chargeback" else "settled"
    shop = case["answers"].get("counterparty") or rng.choice(_SHOPS)
    happened = datetime.fromisoformat(case["happened_at"])
    book.add(_transaction(account, case["reference"], happened, state, max(1, abs(amount)), shop))


def _sent(book: Book, rng: Random, account: Account, case: dict[str, Any], at: datetime) -> None:
    """The delivery of the case, with the courier's events and sometimes an earlier reset."""
    way = rng.choices(list(_WAYS), [20, 25, 20, 20, 15])[0]
    ordered = at - timedelta(days=rng.randrange(6, 25))
    delivery = Delivery(
        reference=case["reference"] or f"DL-{_code(rng)}",
        account=account,
        item=_ITEMS.get(case["answers"].get("item", ""), "Payment card"),
        ordered_at=ordered,
        city=_CITIES.get(account.currency[:2], "") or rng.choice(list(_CITIES.values())),
        address_complete=rng.choices([True, False, None], [85, 10, 5])[0],
        address_matches={"current": True, "former": False, "foreign": False}.get(
            case["answers"].get("address", "")
        ),
    )
    book.add(delivery)
    step = (at - ordered) / (len(_WAYS[way]) + 1)
    for number, code in enumerate(_WAYS[way], 1):
        event = CourierEvent(delivery=delivery, at=ordered + step * number, code=code, place=delivery.city)
        if code == "attempted":
            event.note = "Nobody at home."
        book.add(event)
    for _number in range(rng.choices([0, 1, 2], [80, 15, 5])[0]):
        book.add(Reset(delivery=delivery, at=ordered + step / 2))


_CASES = {
    "account_restriction": _restricted,
    "points_refund": _points_case,
    "phone_change": _phone_case,
    "credit_line": _credit_case,
    "transaction_failure": _paid,
    "chargeback": _paid,
    "unrecognised_delivery": _sent,
}
