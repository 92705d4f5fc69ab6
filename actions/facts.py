"""What the back office knows that an action's checks need, fetched outside of any transaction."""

from dataclasses import dataclass

from actions import account_facts
from actions.account_facts import Account, Transaction, Transactions
from actions.back_office import Unavailable
from actions.models import Action, Kind


@dataclass(frozen=True)
class Facts:
    """What is known of an action's account. `silent` says why it is not, if the back office did not answer.

    `account` is None if there is none, or nobody knows. Of the rest only what the kind needs is fetched.
    """

    account: Account | None = None
    transactions: Transactions | None = None
    silent: str = ""

    def transaction(self, reference: str) -> Transaction | None:
        """Return one of the account's transactions, if it is known."""
        rows = self.transactions.rows if self.transactions else ()
        return next((one for one in rows if one.reference == reference), None)


def gather(action: Action) -> Facts:
    """Return what the back office knows of this action's account. Never raises: what is not known stays unknown."""
    try:
        account = account_facts.account(action.account)
        if account is None:
            return Facts()
        transactions = None
        if action.kind == Kind.REVERSAL:
            transactions = account_facts.transactions(action.account)
        return Facts(account=account, transactions=transactions)
    except Unavailable as error:
        return Facts(silent=str(error) or "?")
