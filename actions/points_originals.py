"""Bringing what a customer spent from the back office into the ledger, so that it can be refunded."""

from accounts.models import User
from actions import account_facts
from actions.back_office import Unavailable
from audit.noting import note
from common.errors import Refused
from points import ledger
from points.models import Transfer

SPENT = "spent"


def bring_in(account: str, *, by: User) -> list[Transfer]:
    """Enter each of the account's spendings that the ledger lacks, and return those. Never within a transaction.

    Raises Refused, with the reason, when the back office does not answer.
    """
    note("account.read", by=by, about=("points_account", None), data={"account": account, "what": "points"})
    try:
        entries = account_facts.points(account)
    except Unavailable as error:
        raise Refused(str(error)) from error
    spent = {entry.reference: abs(entry.points) for entry in entries if entry.kind == SPENT and entry.points}
    known = set(Transfer.objects.filter(key__in=list(spent)).values_list("key", flat=True))
    return [
        ledger.spend(account=account, points=points, key=reference, by=by, about="back office")
        for reference, points in spent.items()
        if reference and reference not in known
    ]
