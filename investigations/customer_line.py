"""A customer on one axis of time: their escalations, and what the back office knows of the account.

The back office is asked for everything at once, outside of any transaction, and only for so long; what does not
come is said, and the rest is there.
"""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

import redaction
from accounts.models import User
from audit.noting import note
from common.texts import storable_within
from escalations import contract
from escalations.access import reads_internal
from escalations.models import Customer, Ticket
from investigations.lookups import over_http, place
from investigations.lookups.answer import NoAnswer
from investigations.models import LookupKind

KINDS = {
    "tickets": gettext_lazy("Escalations"),
    "transactions": gettext_lazy("Transactions"),
    "account": gettext_lazy("Account"),
    "deliveries": gettext_lazy("Deliveries"),
    "points": gettext_lazy("Points"),
}
FACTS = tuple(KINDS)[1:]
WITHIN = 3.0  # seconds for the back office
MOST_TICKETS, MOST_ROWS = 200, 500
_OF_TRANSACTION = ("kind", "state", "counterparty", "reference")
_TROUBLED = {"declined", "disputed", "charged_back", "failed", "lost", "returned", "attempted"}


#: What the reference back office's codes mean; another's are shown as they are.
WORDS = {
    "payment": pgettext_lazy("a transaction", "Payment"),
    "settled": pgettext_lazy("a transaction", "settled"),
    "declined": pgettext_lazy("a transaction", "declined"),
    "disputed": pgettext_lazy("a transaction", "disputed"),
    "charged_back": pgettext_lazy("a transaction", "charged back"),
    "reversed": pgettext_lazy("a transaction", "reversed"),
    "earned": pgettext_lazy("points", "earned"),
    "spent": pgettext_lazy("points", "spent"),
    "refunded": pgettext_lazy("points", "refunded"),
    "collected": gettext_lazy("Collected"),
    "in_transit": gettext_lazy("In transit"),
    "out_for_delivery": gettext_lazy("Out for delivery"),
    "attempted": gettext_lazy("Delivery attempted"),
    "delivered": gettext_lazy("Delivered"),
    "signed": gettext_lazy("Signed for"),
    "lost": gettext_lazy("Lost"),
    "returned": gettext_lazy("Returned to sender"),
    "damaged": gettext_lazy("Damaged"),
}


@dataclass(frozen=True)
class Moment:
    """Something that happened. `tone` is `bad` for what went wrong; `url` leads to it, if it is ours."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    tone: str = ""
    url: str = ""


@dataclass
class Line:
    """What is known, the newest first. `silent`: why a kind of fact is missing."""

    moments: list[Moment] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)


def tickets_of(customer: Customer, user: User) -> list[Ticket]:
    """Return the customer's escalations that `user` sees, the newest first; none if none is theirs to read."""
    found = list(
        Ticket.objects.visible_to(user)
        .filter(customer=customer)
        .select_related("category")
        .order_by("-pk")[:MOST_TICKETS]
    )
    return found if any(reads_internal(user, ticket) for ticket in found) else []


def moments_of(tickets: Iterable[Ticket]) -> list[Moment]:
    """Return when escalations began and were resolved."""
    found = []
    for ticket in tickets:
        url, detail = ticket.get_absolute_url(), ticket.subject
        found.append(Moment(ticket.created_at, "tickets", _("%s escalated") % ticket.reference, detail, "", url))
        if ticket.resolved_at:
            found.append(
                Moment(ticket.resolved_at, "tickets", _("%s resolved") % ticket.reference, detail, "good", url)
            )
    return found


def facts(customer: Customer, *, by: User) -> Line:
    """Ask the back office about the account; noted in the audit trail before. Never within a transaction."""
    reference = customer.external_id
    note("account.read", by=by, about=("customer", customer.pk), data={"account": reference})
    line = Line()
    try:
        where = place.back_office(LookupKind.HTTP)
    except NoAnswer as error:
        line.silent = dict.fromkeys(FACTS, str(error.trouble.label))
        return line
    language = translation.get_language()

    def ask(part: str) -> Any:
        with translation.override(language):
            status, body = over_http.get(where, f"/accounts/{quote(reference, safe='')}{part}", WITHIN)
            return storable_within(json.loads(body)) if status == 200 else {}

    asked = [(kind, part, read) for kind, parts in _READERS.items() for part, read in parts]
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = [(kind, pool.submit(ask, part), read) for kind, part, read in asked]
        for kind, answer, read in answers:
            try:
                line.moments += read(answer.result())
            except NoAnswer as error:
                line.silent[kind] = str(error.trouble.label)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # rubbish: it is not known
                line.silent[kind] = _("What the back office answered can't be read.")
    return line


def _at(value: object) -> datetime:
    at = datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _said(value: object) -> str:
    return redaction.clean(str(value if value is not None else ""))[:200].replace("_", " ")


def _word(value: object) -> str:
    return str(WORDS[value]) if isinstance(value, str) and value in WORDS else _said(value)


def _money(row: dict[str, Any]) -> str:
    amount = {"amount": int(row["amount"]), "currency": _said(row["currency"])}
    return contract.as_text({"type": "money"}, amount)


def _transactions(answer: dict[str, Any]) -> list[Moment]:
    return [
        Moment(
            _at(row["at"]), "transactions",
            _money(row),
            " · ".join(filter(None, (_word(row.get(name)) for name in _OF_TRANSACTION))),
            "bad" if row.get("state") in _TROUBLED else "",
        )
        for row in answer.get("transactions", [])[:MOST_ROWS]
    ]  # fmt: skip


def _account(answer: dict[str, Any]) -> list[Moment]:
    found = []
    for name, title in (
        ("opened", _("Account opened")),
        ("phone_changed_at", _("Phone changed")),
        ("address_changed_at", _("Address changed")),
    ):
        if answer.get(name):
            found.append(Moment(_at(answer[name]), "account", title))
    for row in answer.get("sign_ins", [])[:MOST_ROWS]:
        detail = " · ".join(filter(None, (_said(row.get(name)) for name in ("device", "country"))))
        failed = row.get("succeeded") is False
        title = _("Sign-in failed") if failed else _("Sign-in")
        found.append(Moment(_at(row["at"]), "account", title, detail, "bad" if failed else ""))
    return found


def _bans(answer: dict[str, Any]) -> list[Moment]:
    found = []
    for row in answer.get("bans", [])[:MOST_ROWS]:
        found.append(Moment(_at(row["at"]), "account", _("Banned"), _said(row.get("reason")), "bad"))
        if row.get("lifted_at"):
            found.append(
                Moment(_at(row["lifted_at"]), "account", _("Ban lifted"), _said(row.get("reason")), "good")
            )
    return found


def _deliveries(answer: dict[str, Any]) -> list[Moment]:
    found = []
    for row in answer.get("deliveries", [])[:MOST_ROWS]:
        what = " · ".join((_said(row.get("item")), _said(row.get("reference"))))
        found.append(Moment(_at(row["ordered_at"]), "deliveries", _("Ordered"), what))
        for event in row.get("events", [])[:MOST_ROWS]:
            tone = "bad" if event.get("code") in _TROUBLED else ""
            title = _word(event.get("code")).capitalize()
            found.append(
                Moment(_at(event["at"]), "deliveries", title, f"{what} · {_said(event.get('place'))}", tone)
            )
        found += [Moment(_at(at), "deliveries", _("Sent again"), what) for at in row.get("resets", [])]
    return found


def _points(answer: dict[str, Any]) -> list[Moment]:
    return [
        Moment(
            _at(row["at"]), "points", _("%s points") % number_format(int(row["points"]), force_grouping=True),
            " · ".join((_word(row.get("kind")), _said(row.get("reference")))),
        )
        for row in answer.get("points", [])[:MOST_ROWS]
    ]  # fmt: skip


_Reader = Callable[[dict[str, Any]], list[Moment]]
_READERS: dict[str, list[tuple[str, _Reader]]] = {
    "transactions": [("/transactions", _transactions)],
    "account": [("", _account), ("/bans", _bans)],
    "deliveries": [("/deliveries", _deliveries)],
    "points": [("/points", _points)],
}
