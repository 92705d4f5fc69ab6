"""The rules about accounts and deliveries: their laws, against a slow model of them, and their sentences."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from actions import delivery_cases, rule_answers, unban_rules
from actions.account_facts import Account, Ban, CourierEvent, Delivery, SignIn, Transaction, Transactions
from actions.delivery_cases import Case
from actions.rule_answers import Answer, Result
from actions.unban_rules import Facts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=2000)
ALL = frozenset({"phone_changed_at", "address_changed_at"})
CASES = settings(max_examples=40, deadline=None)


def _account(**changes):
    facts: dict[str, Any] = {
        "reference": "C-1", "status": "banned", "opened": NOW - timedelta(days=900), "kyc_level": 2,
        "phone": "•••142", "phone_changed_at": None, "address_changed_at": None, "credit_limit": None,
        "currency": "PHP", "sign_ins": (), "sign_ins_since": LONG_AGO, "told": ALL,
    }  # fmt: skip
    return Account(**(facts | changes))


def _ban(**changes):
    facts: dict[str, Any] = {
        "reference": "B",
        "at": NOW - timedelta(days=2),
        "lifted_at": None,
        "reason": "chargebacks",
        "note": "",
    }
    return Ban(**(facts | changes))


def _paid(state, days):
    return Transaction("T", NOW - timedelta(days=days), "payment", state, 100, "PHP", "Shop")


GOOD = Facts(NOW, _account(), Transactions((_paid("settled", 3),), LONG_AGO), (_ban(),), ())

moments = st.integers(-5, 1200).map(lambda days: NOW - timedelta(days=days))
maybe = lambda values: st.none() | values  # noqa: E731
accounts = st.builds(
    _account,
    opened=maybe(moments),
    kyc_level=maybe(st.integers(0, 4)),
    phone_changed_at=maybe(moments),
    sign_ins=maybe(
        st.lists(st.builds(SignIn, moments, st.booleans(), st.just("PH"), st.just("")), max_size=6).map(tuple)
    ),
    sign_ins_since=maybe(moments),
    told=st.sampled_from([ALL, frozenset()]),
)
states = st.sampled_from(["settled", "disputed", "charged_back"])
known_transactions = st.builds(
    Transactions,
    st.lists(st.builds(_paid, states, st.integers(0, 900)), max_size=6).map(tuple),
    maybe(moments),
)
known_bans = st.lists(
    st.builds(
        _ban, at=moments, lifted_at=maybe(moments), reason=st.sampled_from(["", "chargebacks", "sanctions"])
    ),
    max_size=4,
).map(tuple)
cases = st.builds(
    Facts,
    at=st.just(NOW),
    account=maybe(accounts),
    transactions=maybe(known_transactions),
    bans=maybe(known_bans),
    kept=maybe(st.lists(moments, max_size=2).map(tuple)),
)
policies = st.fixed_dictionaries({key: maybe(st.integers(0, 800)) for key in unban_rules.TERMS})


def _by_rule(answers):
    assert len({answer.rule for answer in answers}) == len(answers)
    return {answer.rule: str(answer.result) for answer in answers}


def _slow(facts, policy):
    """Answer each rule by going through every day or row, the long way round."""
    account, answers = facts.account, {}

    def days_since(moment):
        return None if moment is None or moment > NOW else sum(1 for _ in range((NOW - moment).days))

    def least(rule, key, value):
        if policy[key] is not None:
            answers[rule] = "unknown" if value is None else "pass" if value >= policy[key] else "fail"

    def counted(rule, most, days, rows, complete):
        if policy[most] is None or policy[days] is None:
            return
        begin = NOW - timedelta(days=policy[days])
        if rows is None:
            answers[rule] = "unknown"
            return
        seen = len([moment for moment in rows if begin <= moment <= NOW])
        is_complete = complete == "always" or (
            complete is not None
            and (
                complete <= begin
                or (account is not None and account.opened is not None and complete <= account.opened)
            )
        )
        answers[rule] = "fail" if seen > policy[most] else "pass" if is_complete else "unknown"

    least("account_age", "min_account_age_days", days_since(account.opened) if account else None)
    least("identity", "min_kyc_level", account.kyc_level if account else None)
    if account and account.told and account.phone_changed_at is None:
        least("phone_age", "min_phone_age_days", 10**6)
    else:
        least("phone_age", "min_phone_age_days", days_since(account.phone_changed_at) if account else None)
    sign_ins = account.sign_ins if account else None
    failed = None if sign_ins is None else [one.at for one in sign_ins if one.succeeded is False]
    counted("failed_sign_ins", "max_failed_sign_ins", "failed_sign_in_days", failed,
            account.sign_ins_since if account else None)  # fmt: skip
    for rule, state, most, days in (
        ("disputed", "disputed", "max_disputed_transactions", "disputed_days"),
        ("chargebacks", "charged_back", "max_chargebacks", "chargeback_days"),
    ):
        paid = facts.transactions
        rows = None if paid is None else [row.at for row in paid.rows if row.state == state]
        counted(rule, most, days, rows, paid.complete_since if paid else None)
    in_force = [ban.reason for ban in facts.bans or [] if ban.lifted_at is None]
    answers["ban_reason"] = (
        "fail" if "sanctions" in in_force else "pass" if in_force and "" not in in_force else "unknown"
    )
    earlier = None if facts.bans is None else [ban.at for ban in facts.bans if ban.lifted_at is not None]
    counted("earlier_bans", "max_earlier_bans", "earlier_ban_days", earlier, "always")
    if policy["wait_after_keep_days"] is not None:
        since = NOW - timedelta(days=policy["wait_after_keep_days"])
        kept = facts.kept
        answers["earlier_decision"] = (
            "unknown" if kept is None else "fail" if any(since <= moment <= NOW for moment in kept) else "pass"
        )
    return answers


@CASES
@given(facts=cases, policy=policies)
def test_the_rules_about_accounts_say_what_the_slow_model_says(facts, policy):
    assert _by_rule(unban_rules.judge(facts, policy)) == _slow(facts, policy)


def test_a_good_account_passes_by_what_secondline_comes_with():
    answers = unban_rules.judge(GOOD, unban_rules.TERMS)
    assert set(_by_rule(answers).values()) == {"pass"} and len(answers) == 9


@pytest.mark.parametrize(
    ("changed", "unknown"),
    [
        ({"account": None}, {"account_age", "identity", "phone_age", "failed_sign_ins"}),
        ({"transactions": None}, {"disputed", "chargebacks"}),
        ({"bans": None}, {"ban_reason", "earlier_bans"}),
        ({"kept": None}, {"earlier_decision"}),
    ],
)
def test_what_is_missing_is_unknown_and_nothing_else_changes(changed, unknown):
    answers = _by_rule(unban_rules.judge(replace(GOOD, **changed), unban_rules.TERMS))
    assert {rule for rule, result in answers.items() if result == "unknown"} == unknown
    assert {rule for rule, result in answers.items() if result == "fail"} == set()


@CASES
@given(facts=cases, policy=policies)
def test_taking_knowledge_away_never_makes_a_rule_pass(facts, policy):
    before = _by_rule(unban_rules.judge(facts, policy))
    for part in ("account", "transactions", "bans", "kept"):
        less = _by_rule(unban_rules.judge(replace(facts, **{part: None}), policy))
        assert all(before[rule] == "pass" for rule, result in less.items() if result == "pass")
    nothing = _by_rule(unban_rules.judge(Facts(NOW), policy))
    assert set(nothing.values()) <= {"unknown"}


events = st.lists(
    st.builds(
        CourierEvent,
        moments,
        st.sampled_from([*delivery_cases.COURIER_CODES, "teleported"]),
        st.just(""),
        st.just(""),
    ),
    max_size=5,
).map(tuple)
truth = st.sampled_from([True, False, None])
deliveries = st.builds(
    Delivery,
    st.just("DL-1"),
    st.just("Card"),
    maybe(moments),
    st.just("Cebu"),
    truth,
    truth,
    maybe(events),
    maybe(st.lists(moments, max_size=3).map(tuple)),
)
delivery_policies = st.fixed_dictionaries({key: maybe(st.integers(0, 60)) for key in delivery_cases.TERMS})
delivery_cases_known = st.builds(
    Case,
    st.just(NOW),
    maybe(st.builds(_account, address_changed_at=maybe(moments), told=st.sampled_from([ALL, frozenset()]))),
    maybe(deliveries),
)


@CASES
@given(case=delivery_cases_known, policy=delivery_policies)
def test_the_rules_about_deliveries_keep_their_laws(case, policy):
    answers = _by_rule(delivery_cases.judge(case, policy))
    sent = case.delivery
    words = {True: "pass", False: "fail", None: "unknown"}
    assert answers["address_complete"] == words[sent.address_complete if sent else None]
    assert answers["address_matches"] == words[sent.address_matches if sent else None]
    for rule, key in (("address_age", "min_address_age_days"), ("courier", "lost_after_days"),
                      ("earlier_resets", "max_earlier_resets")):  # fmt: skip
        assert (rule in answers) == (policy[key] is not None)
    if "courier" in answers:
        past = sorted(
            (one for one in (sent.events if sent else None) or () if one.at <= NOW), key=lambda one: one.at
        )
        if answers["courier"] == "pass":
            assert past[-1].code in {"lost", "returned", "damaged"}
        if not past or past[-1].code in {"delivered", "teleported"}:
            assert answers["courier"] == "unknown"
        if past and past[-1].code == "signed":
            assert answers["courier"] == "fail"
    if "earlier_resets" in answers:
        resets = sent.resets if sent else None
        expected = (
            "unknown" if resets is None else "pass" if len(resets) <= policy["max_earlier_resets"] else "fail"
        )
        assert answers["earlier_resets"] == expected
    assert set(_by_rule(delivery_cases.judge(Case(NOW, None, None), policy)).values()) == {"unknown"}
    for less in (replace(case, account=None), replace(case, delivery=None)):
        for rule, result in _by_rule(delivery_cases.judge(less, policy)).items():
            assert result != "pass" or answers[rule] == "pass"


def _event(code, days):
    return CourierEvent(NOW - timedelta(days=days), code, "", "")


@pytest.mark.parametrize(
    ("said", "result", "sentence"),
    [
        ([("collected", 9), ("lost", 2)], "pass", "Reported lost 2 d ago."),
        ([("signed", 9), ("lost", 2)], "unknown", "ask the courier"),
        ([("signed", 9), ("returned", 2)], "pass", "Returned to sender"),
        ([("delivered", 3)], "unknown", "somebody has to judge"),
        ([("lost", 9), ("reset", 4)], "fail", "Still on its way"),
        ([("in_transit", 30)], "unknown", "No report for 30 d"),
        ([], "unknown", "not known"),
    ],
)
def test_the_couriers_last_word_decides(said, result, sentence):
    delivery = Delivery("D", "Card", NOW, "Cebu", True, True, tuple(_event(*one) for one in said), ())
    answers = {
        one.rule: one for one in delivery_cases.judge(Case(NOW, _account(), delivery), delivery_cases.TERMS)
    }
    assert answers["courier"].result == result and sentence in answers["courier"].reason


def test_an_answer_that_was_kept_is_said_in_the_readers_language():
    (kept, *_rest) = [answer.kept() for answer in unban_rules.judge(GOOD, unban_rules.TERMS)]
    again = Answer.stored(kept)
    assert again.reason == "Opened 900 d ago; at least 30 days are needed."
    assert again.label == "Age of the account"
    with translation.override("es"):
        assert Answer.stored(kept).reason


def test_of_no_rules_nobody_knows_and_the_worst_counts():
    assert rule_answers.worst([]) == Result.UNKNOWN
    good, bad, open_ = (Answer("r", result, "") for result in ("pass", "fail", "unknown"))
    assert [rule_answers.worst(some) for some in ([good], [good, open_], [open_, bad])] == [
        "pass",
        "unknown",
        "fail",
    ]
