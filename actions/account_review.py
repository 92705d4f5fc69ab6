"""Reviewing a banned account: what the back office knows, what the rules say, and the decision with its reasons.

Reading asks the back office, so it is never done within a transaction; each is noted in the audit trail before.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from actions import access, account_facts, policies, unban_rules
from actions.account_facts import Account, Ban, Transactions
from actions.back_office import Unavailable
from actions.models import AccountReview, ActionPolicy, Kind, ReviewDecision
from actions.rule_answers import Answer, Result, worst
from actions.unban_rules import Facts
from audit.noting import note
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from escalations.access import reads_internal
from escalations.models import Ticket
from events import recording

SUBJECT = "account_review"
REVIEWED = "account.reviewed"
LONGEST_REASONS = 4000


@dataclass(frozen=True)
class Reading:
    """What is known of a ticket's account at the moment `at`, and what the rules of the policy say.

    `silent` says why the back office does not answer; then nothing is known, and the rules say so. Without
    it, `account` is None if there is no such account.
    """

    at: datetime
    facts: Facts
    answers: tuple[Answer, ...]
    policy: ActionPolicy
    silent: str = ""

    @property
    def account(self) -> Account | None:
        return self.facts.account

    @property
    def result(self) -> Result:
        """What all rules together come to."""
        return worst(self.answers)

    @property
    def digest(self) -> str:
        """What tells whether somebody decides upon what they saw: the answers and the policy, not the time."""
        seen = {
            "status": self.account.status if self.account else None,
            "policy": self.policy.number,
            "answers": [(answer.rule, str(answer.result)) for answer in self.answers],
        }
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class LastKnown:
    """What the back office said when somebody last decided: shown while it does not answer."""

    at: datetime
    account: Account
    bans: tuple[Ban, ...]


def may_read(user: User, ticket: Ticket) -> bool:
    """Tell whether `user` may read the account of a ticket that they see: who works it, auditors, admins."""
    return reads_internal(user, ticket)


def may_decide(user: User, ticket: Ticket) -> bool:
    """Tell whether `user` may decide: L2 and leads of the ticket's team. Being an admin is not enough."""
    return access.works_on(user, ticket.team_id)


def read(ticket: Ticket, *, by: User) -> Reading:
    """Ask the back office about the ticket's account. Does not raise for its silence: nothing is known then."""
    reference = ticket.customer.external_id
    note("account.read", by=by, about=("ticket", ticket.pk), data={"account": reference})
    kept = kept_bans(reference)
    account: Account | None = None
    transactions: Transactions | None = None
    bans: tuple[Ban, ...] | None = None
    silent = ""
    try:
        account = account_facts.account(reference)
        if account is not None:
            transactions = account_facts.transactions(reference)
            bans = account_facts.bans(reference)
    except Unavailable as error:
        account, transactions, silent = None, None, str(error)
    now = clock.now()
    facts = Facts(at=now, account=account, transactions=transactions, bans=bans, kept=kept)
    policy = policies.in_force(Kind.UNBAN)
    return Reading(now, facts, tuple(unban_rules.judge(facts, policy.terms)), policy, silent)


def kept_bans(reference: str) -> tuple[datetime, ...]:
    """Return when reviews here decided to keep the account's ban."""
    kept = AccountReview.objects.filter(account=reference, decision=ReviewDecision.KEEP)
    return tuple(kept.values_list("at", flat=True))


def to_be_opened(ticket: Ticket) -> AccountReview | None:
    """Return the ticket's newest decision about the account, if it was to open it again."""
    newest = AccountReview.objects.filter(ticket=ticket).order_by("-pk").first()
    return newest if newest is not None and newest.decision == ReviewDecision.UNBAN else None


def reviews(reference: str, user: User) -> list[AccountReview]:
    """Return what was decided about an account upon escalations that `user` may see, newest first.

    The rules count the others, too, without saying where they are.
    """
    visible = Ticket.objects.visible_to(user)
    found = AccountReview.objects.filter(account=reference, ticket__in=visible).select_related("by", "ticket")
    return list(found.order_by("-pk")[:50])


def last_known(earlier: list[AccountReview]) -> LastKnown | None:
    """Return what the newest review that read the account was told, or None."""
    read_before = next((one for one in earlier if one.read_at is not None and one.facts.get("account")), None)
    if read_before is None or read_before.read_at is None:
        return None
    account = account_facts.account_of(read_before.facts["account"])
    return LastKnown(read_before.read_at, account, account_facts.bans_of(read_before.facts))


@transaction.atomic
def decide(ticket: Ticket, *, by: User, decision: str, reasons: str, reading: Reading, seen: str) -> AccountReview:
    """Keep a decision about the account as it was just read. `seen` is the digest of what the person looked at.

    Raises NotAllowed, Refused, or StaleVersion if the rules say something else by now than the person saw.
    """
    ticket = Ticket.objects.select_for_update(of=("self",)).select_related("customer").get(pk=ticket.pk)
    if not may_decide(by, ticket):
        raise NotAllowed(_("Only the team that has the escalation decides about the account."))
    if not ticket.is_open:
        raise Refused(_("The escalation has ended: decide upon an open one."))
    reasons = redaction.clean(reasons.replace("\x00", "").strip())[:LONGEST_REASONS]
    if not reasons:
        raise Refused(_("Give your reasons."), field="reasons")
    if decision not in ReviewDecision.values:
        raise Refused(_("Choose a decision."), field="decision")
    if seen != reading.digest:
        raise StaleVersion(
            _("The account or the policy has changed since you looked. Look again."), current=reading
        )
    if decision == ReviewDecision.UNBAN:
        _may_be_opened(reading)
    review = AccountReview.objects.create(
        ticket=ticket,
        account=ticket.customer.external_id,
        decision=decision,
        reasons=reasons,
        by=by,
        at=clock.now(),
        read_at=None if reading.silent else reading.at,
        facts=_kept(reading.facts),
        answers=[answer.kept() for answer in reading.answers],
        policy_number=reading.policy.number,
        policy_terms=reading.policy.terms,
    )
    recording.record(
        REVIEWED,
        subject=(SUBJECT, review.pk),
        by=by,
        data={
            "ticket": ticket.pk,
            "account": review.account,
            "decision": decision,
            "rules": {answer.rule: str(answer.result) for answer in reading.answers},
            "policy": review.policy_number,
        },
    )
    return review


def _may_be_opened(reading: Reading) -> None:
    if reading.silent or reading.account is None:
        raise Refused(_("Nobody knows the account now, so it can't be opened again."), field="decision")
    if not reading.account.is_banned:
        raise Refused(_("The account is not banned."), field="decision")
    if reading.result == Result.FAIL:
        raise Refused(_("A rule fails: keep the ban, or ask for more."), field="decision")


def _kept(facts: Facts) -> dict[str, Any]:
    if facts.account is None:
        return {}
    bans = [
        {
            "reference": ban.reference,
            "at": ban.at.isoformat(),
            "lifted_at": ban.lifted_at.isoformat() if ban.lifted_at else None,
            "reason": ban.reason,
            "note": ban.note,
        }
        for ban in facts.bans or ()
    ]
    return {"account": account_facts.spelled(facts.account), "bans": bans}
