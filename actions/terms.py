"""The terms of a policy: limits, cooling-off, time to decide, and the rules of its kind, as data.

Each is a whole number or empty, which means that there is no such limit or rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actions import delivery_cases, kinds, unban_rules
from actions.models import Kind
from escalations.contract import Invalid

MOST = 10**15


@dataclass(frozen=True)
class Term:
    """One number of a policy: its name, unit, and what Secondline comes with."""

    key: str
    label: str | Promise
    default: int | None
    required: bool = False


_HOURS_TO_DECIDE = Term("hours_to_decide", gettext_lazy("Hours until a request expires"), 24, required=True)
_COOLING = Term("cooling_hours", gettext_lazy("Hours to wait after a change of phone number"), 72)
_ONE = gettext_lazy("Most for one action")
_CUSTOMER = gettext_lazy("Most for one account")
_DAYS = gettext_lazy("Days over which one account’s count")
_PERSON = gettext_lazy("Most that one person requests in a day")
_DAY = gettext_lazy("Most in a day, all people together")


def _limits(one: int | None, customer: int, days: int, person: int, day: int) -> tuple[Term, ...]:
    return (
        Term("one_most", _ONE, one),
        Term("customer_most", _CUSTOMER, customer),
        Term("customer_days", _DAYS, days, required=True),
        Term("person_most", _PERSON, person),
        Term("day_most", _DAY, day),
        _HOURS_TO_DECIDE,
    )


_OF_RULES: dict[str, str | Promise] = {
    "min_account_age_days": gettext_lazy("Least age of the account, in days"),
    "min_kyc_level": gettext_lazy("Least level of identity check"),
    "min_phone_age_days": gettext_lazy("Least days since the phone number changed"),
    "max_failed_sign_ins": gettext_lazy("Most failed sign-ins"),
    "failed_sign_in_days": gettext_lazy("Days over which failed sign-ins count"),
    "max_disputed_transactions": gettext_lazy("Most disputed transactions"),
    "disputed_days": gettext_lazy("Days over which disputes count"),
    "max_chargebacks": gettext_lazy("Most chargebacks"),
    "chargeback_days": gettext_lazy("Days over which chargebacks count"),
    "max_earlier_bans": gettext_lazy("Most earlier bans"),
    "earlier_ban_days": gettext_lazy("Days over which earlier bans count"),
    "wait_after_keep_days": gettext_lazy("Days to wait after a decision to keep the ban"),
    "max_earlier_resets": gettext_lazy("Most earlier resets of the same delivery"),
    "min_address_age_days": gettext_lazy("Least days since the address changed"),
    "lost_after_days": gettext_lazy("Days without news after which it counts as lost"),
}


def _rules(defaults: Mapping[str, int]) -> tuple[Term, ...]:
    """Return the terms of a kind's own rules."""
    return tuple(Term(key, _OF_RULES[key], default) for key, default in defaults.items())


#: Amounts of money are in minor units of the policy's `currency`.
TERMS: dict[Kind, tuple[Term, ...]] = {
    Kind.CREDIT_LINE: (*_limits(5_000_000, 5_000_000, 180, 20_000_000, 100_000_000), _COOLING),
    Kind.PHONE_CHANGE: (*_limits(None, 1, 30, 20, 200), _COOLING),
    Kind.UNBAN: (*_limits(None, 1, 90, 20, 100), *_rules(unban_rules.TERMS)),
    Kind.POINTS_REFUND: (*_limits(20_000, 50_000, 30, 200_000, 2_000_000), _COOLING),
    Kind.DELIVERY_RESET: (*_limits(None, 2, 90, 30, 300), _COOLING, *_rules(delivery_cases.TERMS)),
    Kind.REVERSAL: (
        *_limits(5_000_000, 10_000_000, 30, 30_000_000, 200_000_000),
        _COOLING,
        Term("max_age_days", gettext_lazy("Oldest transaction, in days"), 120),
    ),
}

CURRENCY = "currency"
_USUAL_CURRENCY = "PHP"


def defaults(kind: Kind) -> dict[str, Any]:
    """Return the terms that Secondline comes with."""
    terms: dict[str, Any] = {term.key: term.default for term in TERMS[kind]}
    return terms | ({CURRENCY: _USUAL_CURRENCY} if kinds.of(kind).unit == kinds.MONEY else {})


def clean(kind: Kind, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked terms. Raises Invalid, naming every wrong one."""
    cleaned: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for term in TERMS[kind]:
        value = raw.get(term.key)
        if value in (None, ""):
            cleaned[term.key] = None
            if term.required:
                errors[term.key] = _("This is needed.")
        elif isinstance(value, bool) or not str(value).isdecimal() or int(value) > MOST:
            errors[term.key] = _("This must be a whole number.")
        else:
            cleaned[term.key] = int(value)
    for key in ("hours_to_decide", "customer_days"):
        if cleaned.get(key) == 0:
            errors[key] = _("This must be 1 or more.")
    if kinds.of(kind).unit == kinds.MONEY:
        cleaned[CURRENCY] = str(raw.get(CURRENCY, "")).strip().upper()
        if not (len(cleaned[CURRENCY]) == 3 and cleaned[CURRENCY].isascii() and cleaned[CURRENCY].isalpha()):
            errors[CURRENCY] = _("This must be the code of a currency, such as PHP.")
    if errors:
        raise Invalid(errors)
    return cleaned


def rows(kind: str, terms: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each term with its value, as people read it."""
    money = {"one_most", "customer_most", "person_most", "day_most"}
    found = []
    for term in TERMS[Kind(kind)]:
        value = terms.get(term.key)
        if value is None:
            shown = "–"
        elif term.key in money:
            shown = kinds.measured(kind, value, terms.get(CURRENCY, ""))
        else:
            shown = str(value)
        found.append((str(term.label), shown))
    return found
