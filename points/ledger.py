"""Posting to the ledger of points: what customers spent, what is refunded of it, and corrections.

Each is a transfer whose postings sum to zero, made once for its key. Nothing is ever changed; the database holds
all that (migration 0002). The ledger knows nothing of tickets: `about` is whatever the caller finds its reason by.
"""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import Refused
from events import recording
from points.models import Account, Allowance, Holder, Posting, Transfer, TransferKind

SUBJECT = "points_transfer"
PROGRAMME = "programme"
MOST = 2**31 - 1


def by_key(key: str) -> Transfer | None:
    """Return the transfer that was made for `key`, if there is one."""
    return Transfer.objects.filter(key=key).first()


@transaction.atomic
def spend(*, account: str, points: int, key: str, by: User, about: str = "") -> Transfer:
    """Enter that `account` spent `points` under the reference `key`, so that they can be refunded. Safe to repeat.

    Raises Refused if the key stands for something else.
    """
    _are_points(points)
    return _post(
        Transfer(key=key, kind=TransferKind.SPENT, points=points, about=about, by=by),
        [(_account(account), -points), (_programme(), points)],
    )


@transaction.atomic
def refund(*, account: str, points: int, original: str, key: str, by: User, about: str) -> Transfer:
    """Give `account` back `points` of what it spent under the key `original`. Safe to repeat with the same key.

    Raises Refused if that would be more than it spent, if it spent nothing under that key, or if `key` stands for
    something else. Refunds of one original wait for each other.
    """
    _are_points(points)
    spent = Transfer.objects.filter(key=original, kind=TransferKind.SPENT).first()
    if spent is None:
        raise Refused(_("The ledger knows no points that were spent under that reference."), field="original")
    allowance = Allowance.objects.select_for_update().get(pk=spent.pk)
    postings = [(posting.account, points if posting.points < 0 else -points) for posting in _postings(spent)]
    if all(one.reference != account for one, gets in postings if gets > 0):
        raise Refused(_("Another account spent those points."), field="original")
    wanted = Transfer(key=key, kind=TransferKind.REFUND, points=points, original=spent, about=about, by=by)
    if (known := by_key(key)) is None and points > allowance.left:
        raise Refused(
            _("Of %(points)s points that were spent, %(left)s can still be refunded.")
            % {"points": spent.points, "left": allowance.left},
            field="points",
        )
    return _same(known, wanted) if known else _post(wanted, postings)


@transaction.atomic
def correct(wrong: Transfer, *, key: str, why: str, by: User, about: str = "") -> Transfer:
    """Undo a transfer by its opposite, which names it. Safe to repeat with the same key.

    Raises Refused for a correction, for what was corrected before, for what was spent and is refunded by now, and
    without a reason.
    """
    why = redaction.clean(why.replace("\x00", "").strip())[:500]
    if not why:
        raise Refused(_("Say why it is wrong."), field="why")
    if wrong.kind == TransferKind.CORRECTION:
        raise Refused(_("A correction is not corrected: post what is right instead."))
    original = wrong if wrong.kind == TransferKind.SPENT else wrong.original
    allowance = Allowance.objects.select_for_update().get(transfer=original)
    wanted = Transfer(
        key=key, kind=TransferKind.CORRECTION, points=wrong.points, corrects=wrong, about=about, why=why, by=by
    )
    if known := by_key(key):
        return _same(known, wanted)
    if Transfer.objects.filter(corrects=wrong).exists():
        raise Refused(_("It was corrected before."))
    if wrong.kind == TransferKind.SPENT and allowance.refunded:
        raise Refused(_("Some of it is refunded: correct the refunds first."))
    return _post(wanted, [(posting.account, -posting.points) for posting in _postings(wrong)])


def _are_points(points: int) -> None:
    if isinstance(points, bool) or not 0 < points <= MOST:
        raise Refused(_("Points are a whole number, 1 or more."), field="points")


def _account(reference: str) -> Account:
    if reference == PROGRAMME or not reference:
        raise Refused(_("That is no customer's account."), field="account")
    found, _made = Account.objects.get_or_create(
        reference=reference, defaults={"holder": Holder.CUSTOMER, "opened_at": clock.now()}
    )
    return found


def _programme() -> Account:
    return Account.objects.get(holder=Holder.PROGRAMME)


def _postings(transfer: Transfer) -> list[Posting]:
    return list(transfer.postings.select_related("account").order_by("pk"))


def _post(transfer: Transfer, postings: list[tuple[Account, int]]) -> Transfer:
    """Store a transfer with its postings and record it, unless its key was posted meanwhile."""
    transfer.about = redaction.clean(transfer.about)[:120]
    transfer.at = clock.now()
    try:
        with transaction.atomic():
            transfer.save(force_insert=True)
    except IntegrityError:
        known = by_key(transfer.key)
        if known is None:
            raise
        return _same(known, transfer, postings)
    Posting.objects.bulk_create(
        Posting(transfer=transfer, account=account, points=points) for account, points in postings
    )
    recording.record(
        f"points.{transfer.kind}",
        subject=(SUBJECT, transfer.pk),
        by=transfer.by,
        data={
            "points": transfer.points,
            "accounts": {account.reference: points for account, points in postings},
            "original": transfer.original_id,
            "corrects": transfer.corrects_id,
            "about": transfer.about,
        },
    )
    return transfer


def _same(known: Transfer, wanted: Transfer, postings: list[tuple[Account, int]] | None = None) -> Transfer:
    """Return what was posted before, if it is what is wanted now."""
    fields = ("kind", "points", "original_id", "corrects_id")
    is_same = all(getattr(known, field) == getattr(wanted, field) for field in fields)
    if is_same and postings is not None:
        moved = {(posting.account_id, posting.points) for posting in known.postings.all()}
        is_same = moved == {(account.pk, points) for account, points in postings}
    if not is_same:
        raise Refused(_("That key stands for another transfer."), field="key")
    return known
