"""Accounts and what belongs to them, and the operations that were ordered."""

from django.db import models
from django.db.models import F, Q


class Account(models.Model):
    """A customer's account. Money is in minor units of `currency`."""

    reference = models.CharField(max_length=40, primary_key=True)
    status = models.CharField(max_length=10, default="active")
    opened = models.DateTimeField()
    kyc_level = models.PositiveSmallIntegerField(null=True)
    phone = models.CharField(max_length=40)
    phone_changed_at = models.DateTimeField(null=True)
    address_changed_at = models.DateTimeField(null=True)
    credit_limit = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    sign_ins = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["active", "banned", "closed"]), name="account_status")
        ]


class PhoneChange(models.Model):
    account = models.ForeignKey(Account, models.PROTECT, related_name="phone_changes")
    at = models.DateTimeField()
    before = models.CharField(max_length=40)
    after = models.CharField(max_length=40)


class Ban(models.Model):
    """In force until it is lifted; an account has one such at most."""

    reference = models.CharField(max_length=40, primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="bans")
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], name="one_ban_in_force", condition=Q(lifted_at__isnull=True)
            )
        ]


class Transaction(models.Model):
    reference = models.CharField(max_length=40, primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="transactions")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12)
    state = models.CharField(max_length=12)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    counterparty = models.CharField(max_length=120)
    reversal_requested_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="transaction_of")]


class PointsEntry(models.Model):
    """Points earned (+), spent (−) or refunded (+); what was spent is refunded no more than once over."""

    reference = models.CharField(max_length=40, primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="points_entries")
    at = models.DateTimeField()
    kind = models.CharField(max_length=10)
    points = models.IntegerField()
    original = models.ForeignKey("self", models.PROTECT, null=True, related_name="refunds")
    refunded = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(refunded=0) | Q(kind="spent", refunded__lte=-F("points")), name="refunded_at_most_all"
            )
        ]


class Delivery(models.Model):
    reference = models.CharField(max_length=40, primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="deliveries")
    item = models.CharField(max_length=80)
    ordered_at = models.DateTimeField()
    city = models.CharField(max_length=80)
    address_complete = models.BooleanField(null=True)
    address_matches = models.BooleanField(null=True)


class CourierEvent(models.Model):
    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    code = models.CharField(max_length=20)
    place = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=200, blank=True)


class Reset(models.Model):
    """A second delivery of the same thing."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="resets")
    at = models.DateTimeField()


class Operation(models.Model):
    """What was ordered, and the answer, which is the same for ever."""

    key = models.CharField(max_length=80, primary_key=True)
    order = models.CharField(max_length=120)
    action = models.CharField(max_length=40)
    sequence = models.PositiveIntegerField()
    payload = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=10)
    reference = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "action", "sequence"], name="ordered_once")]

    def answer(self) -> dict[str, object]:
        return {
            "key": self.key,
            "order": self.order,
            "action": self.action,
            "sequence": self.sequence,
            "status": self.status,
            "reference": self.reference,
            "reason": self.reason,
            "details": self.details,
        }
