"""Whether something may be delivered a second time: rules over address, courier and earlier resets.

Pure functions, over the numbers of a policy (`TERMS`); a rule whose number is empty does not count. What is not
known makes a rule unknown, never pass.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from actions.account_facts import Account, CourierEvent, Delivery
from actions.rule_answers import Answer, Policy, bring_in
from actions.rule_answers import judge as apply

#: The numbers of a policy with what Secondline comes with.
TERMS = {
    "max_earlier_resets": 1,
    "min_address_age_days": 7,
    "lost_after_days": 14,
}

#: What a courier may report, with its words.
COURIER_CODES: dict[str, str | Promise] = {
    "collected": _("Collected"),
    "in_transit": _("In transit"),
    "out_for_delivery": _("Out for delivery"),
    "attempted": _("Delivery attempted"),
    "delivered": _("Delivered"),
    "signed": _("Signed for"),
    "lost": _("Lost"),
    "returned": _("Returned to sender"),
    "damaged": _("Damaged"),
    "reset": _("Second delivery ordered"),
}

#: After these something is with nobody any more, and may be sent again.
_GONE = frozenset({"lost", "returned", "damaged"})
_ON_ITS_WAY = frozenset({"collected", "in_transit", "out_for_delivery", "attempted", "reset"})


@dataclass(frozen=True)
class Case:
    """A delivery of an account as it is known at the moment `at`; None is what is not known."""

    at: datetime
    account: Account | None
    delivery: Delivery | None


def judge(case: Case, policy: Policy) -> list[Answer]:
    """Return the answer of each rule that `policy` has."""
    return apply(case, policy, _RULES)


def _address_complete(case: Case, _policy: Policy) -> Answer:
    return _truth("address_complete", case.delivery.address_complete if case.delivery else None)


def _address_matches(case: Case, _policy: Policy) -> Answer:
    return _truth("address_matches", case.delivery.address_matches if case.delivery else None)


def _truth(rule: str, known: bool | None) -> Answer:
    if known is None:
        return Answer(rule, "unknown", f"{rule}.unknown")
    return Answer(rule, "pass", f"{rule}.yes") if known else Answer(rule, "fail", f"{rule}.no")


def _address_age(case: Case, policy: Policy) -> Answer | None:
    if (least := policy.get("min_address_age_days")) is None:
        return None
    account, values = case.account, {"least": least}
    if account is None or not account.tells("address_changed_at"):
        return Answer("address_age", "unknown", "address_age.unknown", values)
    changed = account.address_changed_at
    if changed is None:
        return Answer("address_age", "pass", "address_age.never", values)
    if changed > case.at:
        return Answer("address_age", "unknown", "address_age.unknown", values)
    days = (case.at - changed).days
    result = Answer("address_age", "pass", "address_age.known", values | {"days": days})
    return result if days >= least else Answer("address_age", "fail", "address_age.known", values | {"days": days})


def _courier(case: Case, policy: Policy) -> Answer | None:
    """Answer by the courier's last word, since the last time that it was sent."""
    if (lost_after := policy.get("lost_after_days")) is None:
        return None
    events = _since_last_reset(case.delivery.events if case.delivery else None, case.at)
    if not events:
        return Answer("courier", "unknown", "courier.unknown")
    last = events[-1]
    days = (case.at - last.at).days
    if last.code == "signed":
        return Answer("courier", "fail", "courier.signed", {"days": days})
    if last.code == "delivered":
        return Answer("courier", "unknown", "courier.delivered", {"days": days})
    if last.code in _GONE:
        if last.code != "returned" and any(event.code == "signed" for event in events):
            return Answer("courier", "unknown", "courier.contradictory")
        return Answer("courier", "pass", f"courier.{last.code}", {"days": days})
    if last.code in _ON_ITS_WAY:
        if days >= lost_after:
            return Answer("courier", "unknown", "courier.silent", {"days": days, "least": lost_after})
        return Answer("courier", "fail", "courier.on_its_way", {"days": days, "least": lost_after})
    return Answer("courier", "unknown", "courier.unknown")


def _since_last_reset(events: tuple[CourierEvent, ...] | None, at: datetime) -> list[CourierEvent]:
    known = sorted((event for event in events or () if event.at <= at), key=lambda event: event.at)
    resets = [place for place, event in enumerate(known) if event.code == "reset"]
    return known[resets[-1] :] if resets else known


def _earlier_resets(case: Case, policy: Policy) -> Answer | None:
    if (most := policy.get("max_earlier_resets")) is None:
        return None
    resets = case.delivery.resets if case.delivery else None
    if resets is None:
        return Answer("earlier_resets", "unknown", "earlier_resets.unknown", {"most": most})
    values = {"most": most, "count": len(resets)}
    if len(resets) <= most:
        return Answer("earlier_resets", "pass", "earlier_resets.known", values)
    return Answer("earlier_resets", "fail", "earlier_resets.known", values)


_RULES = (_address_complete, _address_matches, _address_age, _courier, _earlier_resets)

bring_in(
    {
        "address_complete": _("Address is complete"),
        "address_matches": _("Address is the account's"),
        "address_age": _("Address has stood"),
        "courier": _("Courier's last word"),
        "earlier_resets": _("Earlier resets"),
    },
    {
        "address_complete.yes": _("Nothing is missing in it."),
        "address_complete.no": _("Something is missing in it: correct it with the customer first."),
        "address_complete.unknown": _("Nobody knows whether it is."),
        "address_matches.yes": _("It was sent to the account's address."),
        "address_matches.no": _("It was sent elsewhere than to the account's address."),
        "address_matches.unknown": _("Nobody knows whether it was sent to the account's address."),
        "address_age.known": _("Changed %(days)s d ago; at least %(least)s days are needed."),
        "address_age.never": _("Never changed; after a change %(least)s days have to pass."),
        "address_age.unknown": _("Nobody knows when it was changed; after a change %(least)s days have to pass."),
        "courier.signed": _("Signed for %(days)s d ago."),
        "courier.delivered": _("Delivered %(days)s d ago, without a signature: somebody has to judge."),
        "courier.lost": _("Reported lost %(days)s d ago."),
        "courier.returned": _("Returned to sender %(days)s d ago."),
        "courier.damaged": _("Reported damaged %(days)s d ago."),
        "courier.contradictory": _("Signed for, and reported lost or damaged afterwards: ask the courier."),
        "courier.on_its_way": _(
            "Still on its way: the last report is %(days)s d old, and %(least)s d are waited for."
        ),
        "courier.silent": _("No report for %(days)s d; after %(least)s d it may be lost: ask the courier."),
        "courier.unknown": _("The courier's reports are not known, or say nothing that is understood."),
        "earlier_resets.known": _("%(count)s before; at most %(most)s allowed."),
        "earlier_resets.unknown": _("Nobody knows them; at most %(most)s allowed."),
    },
)
