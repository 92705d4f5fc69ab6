"""Whether an action keeps its policy: each check answers pass, fail or unknown, with its reason.

A fail blocks, at the request and at the approval. What nobody can tell (unknown) may be requested; the approver has
to accept each with a reason of their own. What the back office knows is fetched before (`gather`), outside of any
transaction.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from actions import access, kinds, limits, statement
from actions.facts import Facts
from actions.models import AFTER_APPROVAL, Action, Kind, State
from common import clock

Result = Literal["pass", "fail", "unknown"]
PASS: Result = "pass"
FAIL: Result = "fail"
UNKNOWN: Result = "unknown"


@dataclass(frozen=True)
class Check:
    """One rule's answer and its reason."""

    rule: str
    result: Result
    reason: str

    @property
    def label(self) -> str:
        """What the rule is called."""
        return str(LABELS.get(self.rule, self.rule))

    def kept(self) -> dict[str, str]:
        """Return it as it is stored with a request or a decision."""
        return {"rule": self.rule, "result": self.result, "reason": self.reason}


LABELS: dict[str, str | Promise] = {
    "evidence": gettext_lazy("Evidence"),
    "customer": gettext_lazy("Account of the customer"),
    "one_most": gettext_lazy("Limit for one action"),
    "customer_most": gettext_lazy("Limit for the account"),
    "person_most": gettext_lazy("Limit for the person"),
    "day_most": gettext_lazy("Limit for the day"),
    "cooling_off": gettext_lazy("Cooling-off after a change of phone"),
    "present_limit": gettext_lazy("Present limit"),
    "transaction": gettext_lazy("Transaction"),
    "approver": gettext_lazy("Somebody else can approve"),
}


def judge(action: Action, facts: Facts, *, by: User) -> list[Check]:
    """Return all checks of the action under its policy, as requested by `by` unless it was requested already."""
    return [check for rule in _RULES for check in rule(action, facts, by)]


def failing(checks: list[Check]) -> list[Check]:
    """Return what blocks."""
    return [check for check in checks if check.result == FAIL]


def unanswered(checks: list[Check]) -> list[Check]:
    """Return what the approver has to accept."""
    return [check for check in checks if check.result == UNKNOWN]


def _evidence(action: Action, _facts: Facts, _by: User) -> Iterator[Check]:
    lacking = statement.missing(kinds.of(action.kind), action.evidence)
    if lacking:
        yield Check("evidence", FAIL, _("Missing: %s.") % ", ".join(lacking))
    else:
        yield Check("evidence", PASS, _("Everything that this kind needs is there."))


def _customer(action: Action, facts: Facts, _by: User) -> Iterator[Check]:
    if action.account != action.ticket.customer.external_id:
        known = {"customer": action.ticket.customer.external_id}
        yield Check(
            "customer", UNKNOWN, _("The escalation is about %(customer)s, not about this account.") % known
        )
    elif facts.silent:
        yield Check("customer", UNKNOWN, facts.silent)
    elif facts.account is None:
        yield Check("customer", FAIL, _("The back office knows no such account."))
    elif facts.account.is_banned and action.kind != Kind.UNBAN:
        yield Check("customer", FAIL, _("The account is banned."))
    elif not facts.account.is_banned and action.kind == Kind.UNBAN:
        yield Check("customer", FAIL, _("The account is not banned."))
    else:
        yield Check("customer", PASS, _("The account is the customer’s."))


def _limits(action: Action, _facts: Facts, by: User) -> Iterator[Check]:
    if (one := action.policy.terms.get("one_most")) is not None:
        yield _limit("one_most", action, 0, one)
    for name, (used, most) in limits.used(action, action.requested_by_id or by.pk).items():
        yield _limit(name, action, used, most)


def _limit(name: str, action: Action, used: int, most: int) -> Check:
    if not limits.are_comparable(action):
        currency = {"currency": action.policy.terms.get("currency", "")}
        return Check(name, UNKNOWN, _("The limit is in %(currency)s: nobody can compare them.") % currency)
    amounts = {
        "asked": kinds.measured(action.kind, action.amount, action.currency),
        "used": kinds.measured(action.kind, used, action.currency),
        "most": kinds.measured(action.kind, most, action.currency),
    }
    if used + action.amount > most:
        return Check(name, FAIL, _("%(asked)s asked and %(used)s used: more than %(most)s.") % amounts)
    return Check(name, PASS, _("%(asked)s asked and %(used)s used, of %(most)s.") % amounts)


def _cooling_off(action: Action, facts: Facts, _by: User) -> Iterator[Check]:
    hours = action.policy.terms.get("cooling_hours")
    if hours is None:
        return
    since = clock.now() - timedelta(hours=hours)
    changed = Action.objects.filter(
        kind=Kind.PHONE_CHANGE, account=action.account, state__in=AFTER_APPROVAL - {State.FAILED}
    ).exclude(pk=action.pk)
    own = changed.filter(approved_at__gte=since).order_by("-approved_at").first()
    theirs = facts.account.phone_changed_at if facts.account else None
    if own is not None or (theirs is not None and theirs >= since):
        yield Check("cooling_off", FAIL, _("The phone number was changed within the last %d hours.") % hours)
    elif facts.account is None:
        yield Check("cooling_off", UNKNOWN, facts.silent or _("Nobody knows when the phone number was changed."))
    else:
        yield Check("cooling_off", PASS, _("No change of phone number within the last %d hours.") % hours)


def _credit_line(action: Action, facts: Facts, _by: User) -> Iterator[Check]:
    if action.kind != Kind.CREDIT_LINE:
        return
    present = action.payload["present_limit"]
    if facts.account is None or facts.account.credit_limit is None:
        yield Check("present_limit", UNKNOWN, facts.silent or _("The back office names no limit."))
    elif (facts.account.credit_limit, facts.account.currency) != (present["amount"], present["currency"]):
        known = kinds.measured(action.kind, facts.account.credit_limit, facts.account.currency)
        yield Check("present_limit", FAIL, _("In the back office the limit is %s.") % known)
    else:
        yield Check("present_limit", PASS, _("The back office has the same limit."))


def _reversal(action: Action, facts: Facts, _by: User) -> Iterator[Check]:
    if action.kind != Kind.REVERSAL:
        return
    found = facts.transaction(action.payload["transaction"])
    if found is None:
        unknown = facts.silent or facts.account is None
        reason = facts.silent or _("The account has no such transaction that the back office tells of.")
        yield Check("transaction", UNKNOWN if unknown or _may_be_older(facts) else FAIL, reason)
        return
    most, amount = action.policy.terms.get("max_age_days"), action.payload["amount"]
    if found.state != "settled" and found.state != "disputed":
        yield Check("transaction", FAIL, _("The transaction is not settled: %s.") % found.state)
    elif amount["currency"] != found.currency or amount["amount"] > abs(found.amount):
        told = kinds.measured(action.kind, abs(found.amount), found.currency)
        yield Check("transaction", FAIL, _("The transaction was of %s only.") % told)
    elif most is not None and found.at < clock.now() - timedelta(days=most):
        yield Check("transaction", FAIL, _("The transaction is older than %d days.") % most)
    else:
        yield Check("transaction", PASS, _("The transaction is settled, recent enough, and of that amount."))


def _may_be_older(facts: Facts) -> bool:
    return facts.transactions is None or facts.transactions.complete_since is not None


def _approver(action: Action, _facts: Facts, by: User) -> Iterator[Check]:
    others = [person for person in access.approvers(action) if action.requested_by_id or person.pk != by.pk]
    if others:
        yield Check(
            "approver",
            PASS,
            ngettext("%d person can approve it.", "%d people can approve it.", len(others)) % len(others),
        )
    else:
        yield Check("approver", FAIL, _("Nobody but who made it is of the group that approves."))


_RULES: tuple[Callable[[Action, Facts, User], Iterator[Check]], ...] = (
    _evidence,
    _customer,
    _limits,
    _cooling_off,
    _credit_line,
    _reversal,
    _approver,
)
