"""The ledger of points: accounts, transfers between them, and each transfer's postings."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

REFERENCE_PREFIX = "PT-"


class Holder(models.TextChoices):
    """Whose points an account counts."""

    CUSTOMER = "customer", _("Customer")
    PROGRAMME = "programme", _("Points programme")


class Account(models.Model):
    """An account of the ledger, never changed. A customer's bears the reference that they have in the back office.

    Its balance is what has passed through here, not all that a customer owns.
    """

    reference = models.CharField(max_length=120, unique=True)
    holder = models.CharField(max_length=10, choices=Holder)
    opened_at = models.DateTimeField()

    class Meta:
        verbose_name = _("points account")
        verbose_name_plural = _("points accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["holder"], name="points_one_programme", condition=Q(holder=Holder.PROGRAMME)
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class TransferKind(models.TextChoices):
    SPENT = "spent", _("Points spent")
    REFUND = "refund", _("Refund")
    CORRECTION = "correction", _("Correction")


class Transfer(models.Model):
    """One movement of `points` between accounts, never changed; a correction is a transfer of its own.

    `key` makes it safe to ask twice. `original` is what a refund gives back, `corrects` what a correction undoes.
    `about` names what it was made for; who reads it knows what it means.
    """

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=10, choices=TransferKind)
    points = models.PositiveIntegerField()
    original = models.ForeignKey("self", models.PROTECT, null=True, related_name="refunds")
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="corrected_by")
    about = models.CharField(max_length=120, blank=True)
    why = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("points transfer")
        verbose_name_plural = _("points transfers")
        constraints = [
            models.CheckConstraint(condition=~Q(key="") & Q(points__gt=0), name="points_transfer_moves"),
            models.CheckConstraint(
                condition=Q(kind=TransferKind.SPENT, original=None, corrects=None)
                | Q(kind=TransferKind.REFUND, original__isnull=False, corrects=None)
                | Q(kind=TransferKind.CORRECTION, original=None, corrects__isnull=False),
                name="points_transfer_names_its_cause",
            ),
        ]
        indexes = [models.Index(fields=["about"], name="points_transfer_about", condition=~Q(about=""))]

    def __str__(self) -> str:
        return f"{self.reference} · {self.get_kind_display()}"

    @property
    def reference(self) -> str:
        return f"{REFERENCE_PREFIX}{self.pk}"


class Posting(models.Model):
    """What a transfer adds to an account (+) or takes from it (−). A transfer's postings sum to zero."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, models.PROTECT, related_name="postings")
    points = models.IntegerField()

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.UniqueConstraint(fields=["transfer", "account"], name="points_posting_once_an_account"),
            models.CheckConstraint(condition=~Q(points=0), name="points_posting_not_nothing"),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="points_posting_statement")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.points:+}"


class Allowance(models.Model):
    """How much of what was spent has been refunded, so that it is never more than was spent.

    The database writes it by what the ledger says, whatever anybody else would write (migration 0002). Whoever
    refunds holds this row meanwhile.
    """

    transfer = models.OneToOneField(Transfer, models.PROTECT, primary_key=True, related_name="allowance")
    points = models.PositiveIntegerField()
    refunded = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("refundable points")
        verbose_name_plural = _("refundable points")
        constraints = [
            models.CheckConstraint(condition=Q(refunded__lte=F("points")), name="points_refunded_at_most_all")
        ]

    def __str__(self) -> str:
        return f"{self.transfer_id}: {self.refunded} / {self.points}"

    @property
    def left(self) -> int:
        return self.points - self.refunded
