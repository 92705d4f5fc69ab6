"""Whether an account that was banned may be opened again: rules over its age, behaviour, transactions and past.

Pure functions. A policy is a dict of whole numbers (`TERMS`); a rule whose number is empty does not count. What is
not known makes a rule unknown, never pass.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from actions.account_facts import Account, Ban, Transactions
from actions.rule_answers import Answer, Policy, at_most, bring_in
from actions.rule_answers import judge as apply

#: The numbers of a policy with what Secondline comes with.
TERMS = {
    "min_account_age_days": 30,
    "min_kyc_level": 2,
    "min_phone_age_days": 14,
    "max_failed_sign_ins": 10,
    "failed_sign_in_days": 14,
    "max_disputed_transactions": 0,
    "disputed_days": 180,
    "max_chargebacks": 0,
    "chargeback_days": 365,
    "max_earlier_bans": 1,
    "earlier_ban_days": 730,
    "wait_after_keep_days": 14,
}

#: Bans that are never lifted here, whatever the numbers say: their reasons, as the back office names them.
FOR_GOOD = frozenset({"confirmed_fraud", "sanctions", "stolen_identity"})

_EVER = datetime.min.replace(tzinfo=UTC)

Moments = list[datetime] | None


@dataclass(frozen=True)
class Facts:
    """What is known of an account at the moment `at`; None is what is not known.

    `kept` are the times at which a review here decided to keep the ban.
    """

    at: datetime
    account: Account | None = None
    transactions: Transactions | None = None
    bans: tuple[Ban, ...] | None = None
    kept: tuple[datetime, ...] | None = None


def judge(facts: Facts, policy: Policy) -> list[Answer]:
    """Return the answer of each rule that `policy` has."""
    return apply(facts, policy, _RULES)


def _at_least(rule: str, least: int, known: int | None) -> Answer:
    if known is None:
        return Answer(rule, "unknown", f"{rule}.unknown", {"least": least})
    return Answer(rule, "pass" if known >= least else "fail", f"{rule}.known", {"least": least, "known": known})


def _days_since(moment: datetime | None, at: datetime) -> int | None:
    """Return whole days from `moment` to `at`; of a moment that is still to come nobody knows what it means."""
    return (at - moment).days if moment is not None and moment <= at else None


def _account_age(facts: Facts, policy: Policy) -> Answer | None:
    if (least := policy.get("min_account_age_days")) is None:
        return None
    opened = facts.account.opened if facts.account else None
    return _at_least("account_age", least, _days_since(opened, facts.at))


def _identity(facts: Facts, policy: Policy) -> Answer | None:
    if (least := policy.get("min_kyc_level")) is None:
        return None
    return _at_least("identity", least, facts.account.kyc_level if facts.account else None)


def _phone_age(facts: Facts, policy: Policy) -> Answer | None:
    if (least := policy.get("min_phone_age_days")) is None:
        return None
    account = facts.account
    if account is not None and account.tells("phone_changed_at") and account.phone_changed_at is None:
        return Answer("phone_age", "pass", "phone_age.never", {"least": least})
    return _at_least("phone_age", least, _days_since(account.phone_changed_at if account else None, facts.at))


def _counted(
    facts: Facts,
    policy: Policy,
    rule: str,
    most: str,
    days: str,
    moments: Moments,
    complete_since: datetime | None,
) -> Answer | None:
    """Answer a rule that allows so many within so many days; it needs both numbers."""
    if policy.get(most) is None or policy.get(days) is None:
        return None
    opened = facts.account.opened if facts.account else None
    if complete_since is not None and opened is not None and complete_since <= opened:
        complete_since = _EVER  # before it was opened there was nothing
    return at_most(
        rule, policy[most], moments, at=facts.at, days=policy[days], complete_since=complete_since
    )  # fmt: skip


def _failed_sign_ins(facts: Facts, policy: Policy) -> Answer | None:
    account = facts.account
    rows = account.sign_ins if account else None
    failed = None if rows is None else [row.at for row in rows if not row.succeeded]
    since = account.sign_ins_since if account else None
    return _counted(
        facts, policy, "failed_sign_ins", "max_failed_sign_ins", "failed_sign_in_days", failed, since
    )  # fmt: skip


def _disputed(facts: Facts, policy: Policy) -> Answer | None:
    moments, since = _in_state(facts, "disputed")
    return _counted(facts, policy, "disputed", "max_disputed_transactions", "disputed_days", moments, since)


def _chargebacks(facts: Facts, policy: Policy) -> Answer | None:
    moments, since = _in_state(facts, "charged_back")
    return _counted(facts, policy, "chargebacks", "max_chargebacks", "chargeback_days", moments, since)


def _in_state(facts: Facts, state: str) -> tuple[Moments, datetime | None]:
    known = facts.transactions
    if known is None:
        return None, None
    return [row.at for row in known.rows if row.state == state], known.complete_since


def _ban_reason(facts: Facts, _policy: Policy) -> Answer | None:
    reasons = [ban.reason for ban in facts.bans or () if ban.lifted_at is None]
    if grave := next((reason for reason in reasons if reason in FOR_GOOD), None):
        return Answer("ban_reason", "fail", "ban_reason.grave", {"reason": grave})
    if not reasons or not all(reasons):
        return Answer("ban_reason", "unknown", "ban_reason.unknown")
    return Answer("ban_reason", "pass", "ban_reason.light", {"reason": ", ".join(reasons)})


def _earlier_bans(facts: Facts, policy: Policy) -> Answer | None:
    earlier = None if facts.bans is None else [ban.at for ban in facts.bans if ban.lifted_at is not None]
    return _counted(facts, policy, "earlier_bans", "max_earlier_bans", "earlier_ban_days", earlier, _EVER)


def _earlier_decision(facts: Facts, policy: Policy) -> Answer | None:
    if (days := policy.get("wait_after_keep_days")) is None:
        return None
    return at_most("earlier_decision", 0, facts.kept, at=facts.at, days=days, complete_since=_EVER)


_RULES = (
    _account_age,
    _identity,
    _phone_age,
    _failed_sign_ins,
    _disputed,
    _chargebacks,
    _ban_reason,
    _earlier_bans,
    _earlier_decision,
)


bring_in(
    {
        "account_age": _("Age of the account"),
        "identity": _("Identity check"),
        "phone_age": _("Phone number"),
        "failed_sign_ins": _("Failed sign-ins"),
        "disputed": _("Disputed transactions"),
        "chargebacks": _("Chargebacks"),
        "ban_reason": _("Reason of the ban"),
        "earlier_bans": _("Earlier bans"),
        "earlier_decision": _("Decisions here to keep the ban"),
    },
    {
        "account_age.known": _("Opened %(known)s d ago; at least %(least)s days are needed."),
        "account_age.unknown": _("Nobody knows when it was opened; at least %(least)s days are needed."),
        "identity.known": _("Checked to level %(known)s; at least level %(least)s is needed."),
        "identity.unknown": _("Nobody knows how far it was checked; at least level %(least)s is needed."),
        "phone_age.known": _("Changed %(known)s d ago; at least %(least)s days are needed."),
        "phone_age.never": _("Never changed; after a change %(least)s days have to pass."),
        "phone_age.unknown": _("Nobody knows when it was changed; after a change %(least)s days have to pass."),
        "ban_reason.light": _("“%(reason)s”, which may be lifted."),
        "ban_reason.grave": _("“%(reason)s”: such a ban is never lifted here."),
        "ban_reason.unknown": _("No ban is known to be in force, or nobody knows why it is."),
    },
)
