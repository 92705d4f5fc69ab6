"""The columns of a list of tickets: which there are, and how each sorts."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.errors import Refused
from escalations.queue import ORDERS


@dataclass(frozen=True)
class Column:
    """A column by its heading, and the orders of `queue.ORDERS` that its heading leads to, the usual one first."""

    label: str | Promise
    orders: tuple[str, str]
    is_number: bool = False
    is_quiet: bool = False  # the heading is for screen readers only


COLUMNS = {
    "reference": Column(gettext_lazy("Reference"), ("-reference", "reference")),
    "priority": Column(gettext_lazy("Priority"), ("urgency", "-urgency"), is_quiet=True),
    "subject": Column(gettext_lazy("Subject"), ("subject", "-subject")),
    "state": Column(gettext_lazy("State"), ("state", "-state")),
    "owner": Column(gettext_lazy("Owner"), ("owner", "-owner")),
    "deadline": Column(gettext_lazy("Next deadline"), ("due", "-due")),
    "risk": Column(gettext_lazy("Risk"), ("risk", "-risk")),
    "age": Column(gettext_lazy("Age"), ("oldest", "newest"), is_number=True),
    "updated": Column(gettext_lazy("Last change"), ("updated", "untouched"), is_number=True),
    "team": Column(gettext_lazy("Team"), ("team", "-team")),
    "category": Column(gettext_lazy("Category"), ("category", "-category")),
    "customer": Column(gettext_lazy("Customer"), ("customer", "-customer")),
    "channel": Column(gettext_lazy("Channel"), ("channel", "-channel")),
    "product": Column(gettext_lazy("Product"), ("product", "-product")),
    "error_code": Column(gettext_lazy("Error code"), ("error_code", "-error_code")),
}
USUAL = ("reference", "priority", "subject", "state", "owner", "deadline", "risk", "age")
#: What opens the ticket.
ALWAYS = "subject"


@dataclass(frozen=True)
class Heading:
    """A column over a list: where its heading leads ("" if nowhere), and how the list is sorted by it."""

    key: str
    column: Column
    href: str
    sorted: str  # ascending, descending or ""


def chosen(data: QueryDict) -> list[str]:
    """Return the keys of the columns that an address asks for. Raises Refused for one that there isn't."""
    asked = [key for value in data.getlist("columns") for key in value.split(",") if key]
    if not asked:
        return list(USUAL)
    if set(asked) - set(COLUMNS):
        raise Refused(_("There is no such column."))
    found = list(dict.fromkeys(asked))
    return found if ALWAYS in found else [*found, ALWAYS]


def headings(keys: Sequence[str], data: QueryDict, order: str, *, any_order: bool) -> list[Heading]:
    """Return the headings of a list at that address; `any_order`: also by what sorts open tickets only."""
    found = []
    for key in keys:
        column = COLUMNS[key]
        first, second = column.orders
        following = second if order == first else first
        can = any_order or all(ORDERS[name].sorts_all for name in column.orders)
        found.append(
            Heading(
                key=key,
                column=column,
                href=f"?{_sorted(data, following)}" if can else "",
                sorted=_direction(order) if order in column.orders else "",
            )
        )
    return found


def plain_headings(keys: Sequence[str]) -> list[Heading]:
    """Return the headings of a list that is not sorted by them."""
    return [Heading(key, COLUMNS[key], href="", sorted="") for key in keys]


def _direction(order: str) -> str:
    _name, descending = ORDERS[order].columns[0]
    return "descending" if descending else "ascending"


def _sorted(data: QueryDict, order: str) -> str:
    rest = data.copy()
    rest["order"] = order
    for cursor in ("after", "before"):
        rest.pop(cursor, None)
    return rest.urlencode()
