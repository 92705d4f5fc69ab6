"""Validating a second delivery: what the back office and the courier know of it, and what the rules say.

Reading asks the back office, so it is never done within a transaction; each is noted in the audit trail before.
"""

from dataclasses import dataclass

from accounts.models import User
from actions import account_facts, delivery_cases, policies
from actions.account_facts import Account, Delivery
from actions.back_office import Unavailable
from actions.delivery_cases import Case
from actions.models import ActionPolicy, Kind
from actions.rule_answers import Answer, Result, worst
from audit.noting import note
from common import clock
from escalations.models import Ticket


@dataclass(frozen=True)
class Validated:
    """A delivery with the rules' answers about sending it again."""

    delivery: Delivery
    answers: tuple[Answer, ...]

    @property
    def result(self) -> Result:
        return worst(self.answers)


@dataclass(frozen=True)
class Reading:
    """What was sent to a ticket's customer. `silent` says why the back office does not answer, if it does not."""

    account: Account | None
    deliveries: tuple[Validated, ...]
    policy: ActionPolicy
    silent: str = ""

    def find(self, reference: str) -> Validated | None:
        """Return the delivery of that reference, or the newest if none is named."""
        if not reference:
            return self.deliveries[0] if self.deliveries else None
        return next((one for one in self.deliveries if one.delivery.reference == reference), None)


def read(ticket: Ticket, *, by: User) -> Reading:
    """Ask the back office what was sent to the ticket's customer. Never raises for its silence."""
    reference = ticket.customer.external_id
    note("account.read", by=by, about=("ticket", ticket.pk), data={"account": reference, "what": "deliveries"})
    policy = policies.in_force(Kind.DELIVERY_RESET)
    try:
        account = account_facts.account(reference)
        found = account_facts.deliveries(reference) if account else ()
    except Unavailable as error:
        return Reading(None, (), policy, str(error))
    now = clock.now()
    validated = tuple(
        Validated(one, tuple(delivery_cases.judge(Case(now, account, one), policy.terms))) for one in found
    )
    return Reading(account, validated, policy)
