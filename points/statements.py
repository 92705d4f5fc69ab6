"""Reading the ledger: an account's statement, and transfers with what hangs on them."""

from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from points.models import Account, Posting, Transfer, TransferKind

PAGE = 50


@dataclass(frozen=True)
class Line:
    """A posting of a statement, and the account's balance after it."""

    posting: Posting
    balance: int


@dataclass(frozen=True)
class Statement:
    """Lines of an account, newest first; `older` is the posting to read on from, if there are more."""

    account: Account
    balance: int
    lines: list[Line]
    older: int | None


def statement(account: Account, *, before: int | None = None) -> Statement:
    """Return a page of the account's statement: the newest lines, or those before the posting `before`."""
    found = account.postings.filter(pk__lt=before) if before else account.postings.all()
    rows = list(found.select_related("transfer__by", "transfer__original").order_by("-pk")[: PAGE + 1])
    running = _sum(found)
    lines = []
    for posting in rows[:PAGE]:
        lines.append(Line(posting, running))
        running -= posting.points
    older = rows[PAGE - 1].pk if len(rows) > PAGE else None
    return Statement(account, _sum(account.postings.all()), lines, older)


def _sum(postings: QuerySet[Posting]) -> int:
    return int(postings.aggregate(sum=Sum("points", default=0))["sum"])


def transfers() -> QuerySet[Transfer]:
    """Return all transfers, newest first."""
    return Transfer.objects.select_related("by", "original", "corrects", "corrected_by").order_by("-pk")


def refunds_of(transfer: Transfer) -> list[Transfer]:
    """Return what was refunded of a transfer, oldest first; nothing unless it was spent."""
    if transfer.kind != TransferKind.SPENT:
        return []
    return list(transfer.refunds.select_related("by", "corrected_by").order_by("pk"))


def made_for(about: str) -> list[Transfer]:
    """Return the transfers that were made for `about`, oldest first."""
    return list(Transfer.objects.filter(about=about).order_by("pk"))
