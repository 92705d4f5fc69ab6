"""The ledger of points."""

from points.models.ledger import Account, Allowance, Holder, Posting, Transfer, TransferKind

__all__ = ["Account", "Allowance", "Holder", "Posting", "Transfer", "TransferKind"]
