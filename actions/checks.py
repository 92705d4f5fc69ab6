"""Whether an action keeps its policy: each check answers pass, fail or unknown, with its reason.

A fail blocks, at the request and at the approval. What nobody can tell (unknown) may be requested; the approver
has to accept each with a reason of their own. What the back office knows is fetched before (actions.facts).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from actions import access, account_review, delivery_cases, kinds, limits, statement, unban_rules
from actions.facts import Facts
from actions.models import AFTER_APPROVAL, Action, Kind, PolicyState, State
from actions.rule_answers import Answer, bring_in
from common import clock
from points import ledger
from points.models import TransferKind


def judge(action: Action, facts: Facts, *, by: User) -> list[Answer]:
    """Return all checks of the action under its policy, as requested by `by` unless it was requested already."""
    return [answer for rule in _RULES for answer in rule(action, facts, by)]


def failing(answers: Iterable[Answer]) -> list[Answer]:
    """Return what blocks."""
    return [answer for answer in answers if answer.result == "fail"]


def unanswered(answers: Iterable[Answer]) -> list[Answer]:
    """Return what the approver has to accept."""
    return [answer for answer in answers if answer.result == "unknown"]


def _answer(rule: str, result: Literal["pass", "fail", "unknown"], said: str, **values: Any) -> Answer:
    return Answer(rule, result, f"{rule}.{said}", values)


def _policy(action: Action, _facts: Facts, _by: User) -> Iterator[Answer]:
    if action.policy.state != PolicyState.IN_FORCE:
        yield _answer("policy", "fail", "changed")


def _evidence(action: Action, _facts: Facts, _by: User) -> Iterator[Answer]:
    lacking = statement.missing(kinds.of(action.kind), action.evidence)
    if lacking:
        yield _answer("evidence", "fail", "missing", what=", ".join(lacking))
    else:
        yield _answer("evidence", "pass", "there")


def _customer(action: Action, facts: Facts, _by: User) -> Iterator[Answer]:
    customer, is_unban = action.ticket.customer.external_id, action.kind == Kind.UNBAN
    if action.account != customer:
        yield _answer("customer", "unknown", "other", customer=customer)
    elif facts.is_silent:
        yield _answer("customer", "unknown", "silent")
    elif facts.account is None:
        yield _answer("customer", "fail", "none")
    elif facts.account.is_banned != is_unban:
        yield _answer("customer", "fail", "not_banned" if is_unban else "banned")
    else:
        yield _answer("customer", "pass", "same")


def _limits(action: Action, _facts: Facts, by: User) -> Iterator[Answer]:
    used: dict[str, tuple[int, int]] = {}
    if (one := action.policy.terms.get("one_most")) is not None:
        used["one_most"] = (0, one)
    used |= limits.used(action, action.requested_by_id or by.pk)
    for name, (already, most) in used.items():
        if not limits.are_comparable(action):
            currency = action.policy.terms.get("currency", "")
            yield Answer(name, "unknown", "limit.currency", {"currency": currency})
            continue
        amounts = {"asked": action.amount, "used": already, "most": most}
        values = {key: kinds.measured(action.kind, each, action.currency) for key, each in amounts.items()}
        keeps = already + action.amount <= most
        yield Answer(name, "pass" if keeps else "fail", "limit.kept" if keeps else "limit.broken", values)


def _cooling_off(action: Action, facts: Facts, _by: User) -> Iterator[Answer]:
    hours = action.policy.terms.get("cooling_hours")
    if hours is None:
        return
    since = clock.now() - timedelta(hours=hours)
    changed_here = Action.objects.filter(
        kind=Kind.PHONE_CHANGE,
        account=action.account,
        state__in=AFTER_APPROVAL - {State.FAILED},
        approved_at__gte=since,
    ).exclude(pk=action.pk)
    account = facts.account
    changed = account.phone_changed_at if account else None
    if changed_here.exists() or (changed is not None and changed >= since):
        yield _answer("cooling_off", "fail", "recent", hours=hours)
    elif account is None or not account.tells("phone_changed_at"):
        yield _answer("cooling_off", "unknown", "unknown", hours=hours)
    else:
        yield _answer("cooling_off", "pass", "over", hours=hours)


def _credit_line(action: Action, facts: Facts, _by: User) -> Iterator[Answer]:
    if action.kind != Kind.CREDIT_LINE:
        return
    stated, account = action.payload["present_limit"], facts.account
    if account is None or account.credit_limit is None:
        yield _answer("present_limit", "unknown", "unknown")
    elif (account.credit_limit, account.currency) != (stated["amount"], stated["currency"]):
        known = kinds.measured(action.kind, account.credit_limit, account.currency)
        yield _answer("present_limit", "fail", "other", known=known)
    else:
        yield _answer("present_limit", "pass", "same")


def _refund(action: Action, _facts: Facts, _by: User) -> Iterator[Answer]:
    if action.kind != Kind.POINTS_REFUND:
        return
    spent = ledger.by_key(action.order)
    if spent is None or spent.kind != TransferKind.SPENT:
        yield _answer("original", "fail", "none")
    elif not spent.postings.filter(account__reference=action.account).exists():
        yield _answer("original", "fail", "other")
    else:
        left = spent.allowance.left
        said = {"spent": spent.points, "left": left}
        yield _answer("original", "pass" if action.amount <= left else "fail", "left", **said)


def _reversal(action: Action, facts: Facts, _by: User) -> Iterator[Answer]:
    if action.kind != Kind.REVERSAL:
        return
    found, amount = facts.transaction(action.order), action.payload["amount"]
    most = action.policy.terms.get("max_age_days")
    if found is None:
        yield _answer("transaction", "unknown", "unknown")
    elif found.state != "settled":
        yield _answer("transaction", "fail", "state", state=found.state)
    elif amount["currency"] != found.currency or amount["amount"] > abs(found.amount):
        known = kinds.measured(action.kind, abs(found.amount), found.currency)
        yield _answer("transaction", "fail", "amount", known=known)
    elif most is not None and found.at < clock.now() - timedelta(days=most):
        yield _answer("transaction", "fail", "old", days=most)
    else:
        yield _answer("transaction", "pass", "right")


def _unban(action: Action, facts: Facts, _by: User) -> Iterator[Answer]:
    if action.kind == Kind.UNBAN:
        kept = account_review.kept_bans(action.account)
        known = unban_rules.Facts(clock.now(), facts.account, facts.transactions, facts.bans, kept)
        yield from unban_rules.judge(known, action.policy.terms)


def _delivery(action: Action, facts: Facts, _by: User) -> Iterator[Answer]:
    if action.kind == Kind.DELIVERY_RESET:
        case = delivery_cases.Case(clock.now(), facts.account, facts.delivery(action.order))
        yield from delivery_cases.judge(case, action.policy.terms)


def _approver(action: Action, _facts: Facts, by: User) -> Iterator[Answer]:
    others = [person for person in access.approvers(action) if action.requested_by_id or person.pk != by.pk]
    if others:
        yield _answer("approver", "pass", "some", count=len(others))
    else:
        yield _answer("approver", "fail", "nobody")


_RULES: tuple[Callable[[Action, Facts, User], Iterator[Answer]], ...] = (
    _policy,
    _evidence,
    _customer,
    _limits,
    _cooling_off,
    _credit_line,
    _refund,
    _reversal,
    _unban,
    _delivery,
    _approver,
)

bring_in(
    {
        "policy": _("Policy"),
        "evidence": _("Evidence"),
        "customer": _("Account of the customer"),
        "one_most": _("Limit for one action"),
        "customer_most": _("Limit for the account"),
        "person_most": _("Limit for the person"),
        "day_most": _("Limit for the day"),
        "cooling_off": _("Cooling-off after a change of phone"),
        "present_limit": _("Present limit"),
        "original": _("Original posting"),
        "transaction": _("Transaction"),
        "approver": _("Somebody else can approve"),
    },
    {
        "policy.changed": _("It has changed since it was requested: it has to be requested again."),
        "evidence.there": _("Everything that this kind needs is there."),
        "evidence.missing": _("Missing: %(what)s."),
        "customer.same": _("The account is the customer’s."),
        "customer.other": _("The escalation is about %(customer)s, not about this account."),
        "customer.silent": _("The back office does not answer now."),
        "customer.none": _("The back office knows no such account."),
        "customer.banned": _("The account is banned."),
        "customer.not_banned": _("The account is not banned."),
        "limit.kept": _("%(asked)s asked and %(used)s used, of %(most)s."),
        "limit.broken": _("%(asked)s asked and %(used)s used: more than %(most)s."),
        "limit.currency": _("The limit is in %(currency)s: nobody can compare them."),
        "cooling_off.recent": _("The phone number was changed within the last %(hours)s hours."),
        "cooling_off.over": _("No change of phone number within the last %(hours)s hours."),
        "cooling_off.unknown": _(
            "Nobody knows whether the phone number was changed within the last %(hours)s hours."
        ),
        "present_limit.same": _("The back office has the same limit."),
        "present_limit.other": _("In the back office the limit is %(known)s."),
        "present_limit.unknown": _("The back office names no limit now."),
        "original.left": _("Of %(spent)s points that were spent, %(left)s can still be refunded."),
        "original.none": _("The ledger knows no points that were spent under that reference."),
        "original.other": _("Another account spent those points."),
        "transaction.right": _("The transaction is settled, recent enough, and of that amount."),
        "transaction.state": _("The transaction is not settled: %(state)s."),
        "transaction.amount": _("The transaction was of %(known)s only."),
        "transaction.old": _("The transaction is older than %(days)s days."),
        "transaction.unknown": _("The back office tells of no such transaction now."),
        "approver.some": _("People who can approve it: %(count)s."),
        "approver.nobody": _("Nobody but who made it is of the group that approves."),
    },
)
