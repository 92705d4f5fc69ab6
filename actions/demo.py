"""Sensitive actions of the demo company: some in each state, on its open escalations."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile

from accounts.models import Membership, Role, User
from accounts.proof import PASSWORD, Proof
from actions import execution, lifecycle, news
from actions.account_facts import Account, CourierEvent, Delivery, Transaction, Transactions
from actions.facts import Facts
from actions.models import Action, Kind, State
from common import clock
from escalations import attachments
from escalations.models import Ticket
from events.models import Delivery as Owed
from points import ledger

_LIMIT = 1_000_000
_PHONE = "+639171234567"


@dataclass(frozen=True)
class _Case:
    """One action: `ends` names the state that it is brought to, `ago` how many hours before now."""

    kind: Kind
    ends: State
    ago: float
    words: str


_CASES = (
    _Case(Kind.POINTS_REFUND, State.REQUESTED, 3, "Redemption failed at the till, the points are gone."),
    _Case(Kind.POINTS_REFUND, State.REQUESTED, 1.5, "The order was returned on Monday, the shop confirms it."),
    _Case(Kind.REVERSAL, State.REQUESTED, 0.5, "Taken twice within a minute, the acquirer confirms one capture."),
    _Case(Kind.POINTS_REFUND, State.VERIFIED, 20, "Points were taken twice for one voucher."),
    _Case(Kind.POINTS_REFUND, State.DONE, 6, "The voucher never arrived."),
    _Case(Kind.POINTS_REFUND, State.REJECTED, 18, "The customer says that they did not redeem anything."),
    _Case(Kind.POINTS_REFUND, State.CANCELLED, 9, "Asked for before the shop had answered."),
    _Case(Kind.POINTS_REFUND, State.DRAFT, 0.3, "The customer sends the receipt today."),
    _Case(Kind.POINTS_REFUND, State.EXPIRED, 40, "The campaign ended while the customer was waiting."),
    _Case(Kind.PHONE_CHANGE, State.APPROVED, 2, "Video call, document and selfie agree."),
    _Case(Kind.CREDIT_LINE, State.APPROVED, 4, "Payslips of three months."),
    _Case(Kind.UNBAN, State.DRAFT, 1, "Shared device of the family, documents agree."),
    _Case(Kind.DELIVERY_RESET, State.REQUESTED, 5, "The courier confirms that the parcel is lost."),
)  # fmt: skip

_CATEGORY = {
    Kind.POINTS_REFUND: "points_refund",
    Kind.REVERSAL: "transaction_failure",
    Kind.PHONE_CHANGE: "phone_change",
    Kind.CREDIT_LINE: "credit_line",
    Kind.UNBAN: "account_restriction",
    Kind.DELIVERY_RESET: "unrecognised_delivery",
}


def lay_out() -> int:
    """Bring some actions into each state, and return how many. What is approved is left to the worker."""
    if Action.objects.exists():
        return 0
    tickets = {kind: _tickets(kind) for kind in Kind}
    made = 0
    for case in _CASES:
        ticket = next(tickets[case.kind], None)
        if ticket is not None:
            with clock.replaying(clock.now() - timedelta(hours=case.ago)):
                _bring(case, ticket)
            made += 1
    lifecycle.expire_overdue()
    waiting = Action.objects.filter(state=State.REQUESTED).values("pk")
    told = Owed.objects.filter(consumer=news.CONSUMER)
    told.exclude(event__kind=lifecycle.REQUESTED, event__subject_id__in=waiting).delete()
    return made


def _tickets(kind: Kind) -> Iterator[Ticket]:
    found = Ticket.objects.open().filter(category__key=_CATEGORY[kind], team__kind="l2")
    if kind == Kind.REVERSAL:  # of one that the back office will say is settled, and of that amount
        found = found.filter(
            transaction_ref__startswith="TXN-",
            customer__country="PH",
            answers__outcome__in=["debited", "duplicated", "pending"],
            answers__amount__currency="PHP",
            answers__amount__amount__lt=5_000_000,
        )
    if kind == Kind.CREDIT_LINE:  # what the contract says is what the reference back office has
        found = found.filter(customer__country="PH", answers__limit_now__currency="PHP")
    yield from found.select_related("customer", "team", "category").order_by("-created_at")


def _bring(case: _Case, ticket: Ticket) -> None:
    maker, lead = _members(ticket, Role.L2, "l2@"), _members(ticket, Role.LEAD, "lead@")
    payload, facts = _payload(case.kind, ticket, maker)
    evidence = _evidence(case, ticket, maker)
    action = lifecycle.draft(ticket, case.kind, payload, evidence, by=maker)
    if case.ends == State.DRAFT:
        return
    action = lifecycle.request(action, facts, by=maker)
    if case.ends == State.CANCELLED:
        lifecycle.cancel(action, by=maker, reason="The shop pays it back itself.")
    elif case.ends == State.REJECTED:
        lifecycle.reject(action, by=lead, digest=action.digest, reason="Nothing shows that. Ask for the receipt.")
    elif case.ends in {State.APPROVED, State.DONE, State.VERIFIED}:
        proof = Proof(lead.pk, PASSWORD, clock.now())
        approved = lifecycle.approve(action, facts, by=lead, digest=action.digest, proof_given=proof)
        if case.ends != State.APPROVED:
            execution.begin(approved)
            execution.carry_out(approved.pk)
        if case.ends == State.VERIFIED:
            execution.verify(approved.pk)


def _members(ticket: Ticket, role: Role, preferred: str) -> User:
    """Return somebody of the ticket's team in that role, one of the demo's sign-ins where there is one."""
    members = Membership.objects.filter(team=ticket.team, role=role).select_related("user").order_by("pk")
    people = [one.user for one in members]
    return next((one for one in people if one.email.startswith(preferred)), people[0])


def _payload(kind: Kind, ticket: Ticket, maker: User) -> tuple[dict[str, Any], Facts]:
    """Return a payload that fits the ticket, and what the back office would say of its account."""
    account, now = ticket.customer.external_id, clock.now()
    limit = (ticket.answers.get("limit_now") or {}).get("amount", _LIMIT)
    known = Account(
        reference=account, status="active", opened=ticket.customer.created_at, kyc_level=2, phone="",
        phone_changed_at=None, address_changed_at=None, credit_limit=limit, currency="PHP", sign_ins=(),
        told=frozenset({"phone_changed_at", "address_changed_at"}),
    )  # fmt: skip
    facts = Facts(account=known)
    match kind:
        case Kind.POINTS_REFUND:
            answered = str(ticket.answers.get("points", ""))
            points = min(int(answered), 5_000) if answered.isdecimal() and answered != "0" else 500
            original = f"PTS-{ticket.transaction_ref.removeprefix('TXN-') or ticket.pk}"
            ledger.spend(account=account, points=points, key=original, by=maker, about="back office")
            return {"account": account, "original": original, "points": str(points), "reason": "failed"}, facts
        case Kind.REVERSAL:
            reference, amount = ticket.transaction_ref, ticket.answers["amount"]
            at = now - timedelta(days=2)
            paid = Transaction(
                reference, at, "payment", "settled", amount["amount"], amount["currency"], "QuickCart"
            )
            facts = Facts(account=known, transactions=Transactions((paid,), None))
            return {"account": account, "transaction": reference, "amount": amount, "reason": "duplicated"}, facts
        case Kind.PHONE_CHANGE:
            return {"account": account, "new_phone": _PHONE, "reason": "lost"}, facts
        case Kind.CREDIT_LINE:
            limits = {"present_limit": {"amount": limit, "currency": "PHP"}}
            limits["new_limit"] = {"amount": limit + 500_000, "currency": "PHP"}
            return {"account": account, **limits, "reason": "income"}, facts
        case Kind.UNBAN:
            return {"account": account, "reason": "cleared"}, facts
    reference = ticket.transaction_ref or f"DL-{ticket.pk}"
    lost = CourierEvent(now - timedelta(days=1), "lost", "Cebu", "")
    parcel = Delivery(reference, "Parcel", now - timedelta(days=9), "Cebu", True, True, (lost,), ())
    facts = Facts(account=known, deliveries=(parcel,))
    return {"account": account, "delivery": reference, "address": "same", "reason": "lost"}, facts


def _evidence(case: _Case, ticket: Ticket, maker: User) -> dict[str, Any]:
    words = {"text": case.words}
    file = {"source": f"file-{_file(ticket, maker)}"} if case.kind in {Kind.PHONE_CHANGE, Kind.CREDIT_LINE} else {}
    return {
        Kind.POINTS_REFUND: {"proof": words},
        Kind.REVERSAL: {"statement": words, "trace": {"text": "Capture 1 of 2 has no order behind it."}},
        Kind.PHONE_CHANGE: {"identity": words, "document": file},
        Kind.CREDIT_LINE: {"income": file, "statement": words},
        Kind.UNBAN: {"review": words},
        Kind.DELIVERY_RESET: {"courier": words, "statement": {"text": "“I was at home all day.”"}},
    }[case.kind]


def _file(ticket: Ticket, maker: User) -> int:
    return attachments.attach(ticket, ContentFile(b"Scanned at the branch.\n", name="document.txt"), by=maker).pk
