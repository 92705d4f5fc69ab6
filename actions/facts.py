"""What the back office and the points ledger know that an action's checks need.

Fetched outside of any transaction, since the back office may take its time.
"""

from dataclasses import dataclass

from accounts.models import User
from actions import account_facts
from actions.account_facts import Account, Ban, Delivery, Transaction, Transactions
from actions.back_office import Unavailable
from actions.models import Action, Kind
from audit.noting import note


@dataclass(frozen=True)
class Facts:
    """What is known of an action's account. `is_silent` if the back office did not answer.

    `account` is None if there is none, or nobody knows. Of the rest only what the kind needs is fetched.
    """

    account: Account | None = None
    transactions: Transactions | None = None
    bans: tuple[Ban, ...] | None = None
    deliveries: tuple[Delivery, ...] | None = None
    is_silent: bool = False

    def transaction(self, reference: str) -> Transaction | None:
        """Return one of the account's transactions, if it is known."""
        rows = self.transactions.rows if self.transactions else ()
        return next((one for one in rows if one.reference == reference), None)

    def delivery(self, reference: str) -> Delivery | None:
        """Return one of the account's deliveries, if it is known."""
        return next((one for one in self.deliveries or () if one.reference == reference), None)


def gather(action: Action, *, by: User) -> Facts:
    """Return what the back office knows of this action's account. What is not known stays unknown.

    That `by` had it read is noted in the audit trail before.
    """
    kind, reference = action.kind, action.account
    about = {"account": reference, "what": "checks"}
    note("account.read", by=by, about=("action", action.pk), data=about)
    try:
        account = account_facts.account(reference)
        if account is None:
            return Facts()
        return Facts(
            account=account,
            transactions=(account_facts.transactions(reference) if kind in {Kind.REVERSAL, Kind.UNBAN} else None),
            bans=account_facts.bans(reference) if kind == Kind.UNBAN else None,
            deliveries=account_facts.deliveries(reference) if kind == Kind.DELIVERY_RESET else None,
        )
    except Unavailable:
        return Facts(is_silent=True)
