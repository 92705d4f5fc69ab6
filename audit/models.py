"""The trail: entries as they were written, the seals that chain them, and proofs of what was deleted."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Result(models.TextChoices):
    DONE = "done", pgettext_lazy("result", "Done")
    REFUSED = "refused", pgettext_lazy("result", "Refused")
    ABSENT = "absent", pgettext_lazy("result", "Not found")
    FAILED = "failed", pgettext_lazy("result", "Failed")


class Entry(models.Model):
    """Who did what to what, when, from where, and what came of it.

    Names no other table by a foreign key: what it says stays what it was. `at` and the column `transaction` are
    the database's, whatever the application says. The database refuses UPDATE, DELETE and TRUNCATE.
    """

    at = models.DateTimeField(db_default=Now())
    person_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=254, blank=True)  # of the person then, or what somebody called themselves
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.BigIntegerField(null=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)
    request = models.CharField(max_length=32, blank=True)
    result = models.CharField(max_length=10, choices=Result)
    event_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("entry of the audit trail")
        verbose_name_plural = _("entries of the audit trail")
        constraints = [
            models.CheckConstraint(condition=~models.Q(action=""), name="audit_entry_has_action"),
            models.CheckConstraint(condition=models.Q(result__in=Result.values), name="audit_entry_result"),
        ]
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["person_id", "at", "id"], name="audit_person"),
            models.Index(fields=["action", "at", "id"], name="audit_action"),
            models.Index(fields=["object_type", "object_id", "at", "id"], name="audit_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.name or 'nobody'}"


class Seal(models.Model):
    """An entry's place in the chain: numbers without a gap, each hash over the entry and the hash before."""

    number = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, models.DO_NOTHING, db_constraint=False, related_name="seal")
    key = models.CharField(max_length=20)  # the name of the key in AUDIT_KEYS
    hash = models.BinaryField()
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")

    def __str__(self) -> str:
        return f"seal {self.number}"


class Deletion(models.Model):
    """The signed proof of which numbers were deleted, and the hash from which the chain goes on.

    The database takes none that leaves a gap, or names an entry of the last twelve months.
    """

    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField(unique=True)
    last_hash = models.BinaryField()
    last_at = models.DateTimeField()
    at = models.DateTimeField()
    key = models.CharField(max_length=20)  # the name of the key in AUDIT_SIGNING_KEYS
    signature = models.BinaryField()

    class Meta:
        verbose_name = _("proof of deletion")
        verbose_name_plural = _("proofs of deletion")

    def __str__(self) -> str:
        return f"deleted {self.first} to {self.last}"


class Verification(models.Model):
    """What came of checking the whole chain. An empty `problem` means that it is whole."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    checkpoints = models.PositiveIntegerField()
    bad_number = models.BigIntegerField(null=True)
    problem = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("verification of the audit trail")
        verbose_name_plural = _("verifications of the audit trail")

    def __str__(self) -> str:
        return self.problem or "whole"
