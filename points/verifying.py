"""Whether the ledger is right: the trial balance, and whatever no transfer may be."""

from dataclasses import dataclass, field

from django.db import connection
from django.db.models import F, Q, Sum

from points.models import Account, Allowance, Posting, Transfer

# The database refuses each of these; here it is asked whether it really did.
WRONG = """
SELECT transfer.id FROM points_transfer AS transfer
LEFT JOIN points_posting AS posting ON posting.transfer_id = transfer.id
GROUP BY transfer.id
HAVING count(posting.id) < 2 OR sum(posting.points) <> 0
    OR sum(posting.points) FILTER (WHERE posting.points > 0) <> transfer.points
ORDER BY transfer.id
"""

DRIFTED = """
SELECT spent.id FROM points_transfer AS spent
LEFT JOIN points_allowance AS allowance ON allowance.transfer_id = spent.id
LEFT JOIN points_transfer AS undone ON undone.corrects_id = spent.id
WHERE spent.kind = 'spent' AND (
    allowance.transfer_id IS NULL
    OR allowance.points <> CASE WHEN undone.id IS NULL THEN spent.points ELSE 0 END
    OR allowance.refunded <> coalesce((
        SELECT sum(refund.points) FROM points_transfer AS refund
        WHERE refund.original_id = spent.id
            AND NOT EXISTS (SELECT FROM points_transfer AS one WHERE one.corrects_id = refund.id)
    ), 0)
)
ORDER BY spent.id
"""


@dataclass(frozen=True)
class TrialBalance:
    """The sums of the ledger. `total` is zero; `wrong` and `drifted` name transfers that are not right."""

    accounts: int
    transfers: int
    total: int
    owed: int  # points that the programme holds of customers
    refunded: int
    wrong: list[int] = field(default_factory=list)
    drifted: list[int] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return self.total == 0 and not self.wrong and not self.drifted


def trial_balance() -> TrialBalance:
    """Sum the ledger up and check every transfer."""
    sums = Posting.objects.aggregate(
        total=Sum("points", default=0), owed=Sum("points", filter=Q(account__holder="programme"), default=0)
    )
    return TrialBalance(
        accounts=Account.objects.count(),
        transfers=Transfer.objects.count(),
        total=sums["total"],
        owed=sums["owed"],
        refunded=Allowance.objects.aggregate(sum=Sum(F("refunded"), default=0))["sum"],
        wrong=_ids(WRONG),
        drifted=_ids(DRIFTED),
    )


def _ids(sql: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [pk for (pk,) in cursor.fetchall()]
