"""What a review holds: notes, answers of its checklist, documents. All of it is only ever added to.

Texts, names and files are sealed by the case's key; the database refuses UPDATE, DELETE and TRUNCATE.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.case import Case, GuardedQuerySet


class Note(models.Model):
    """Something written down."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    text = models.BinaryField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note {self.pk} of {self.case_id}"


class Document(models.Model):
    """A file. `about` is sealed: a JSON object with `name`, `type`, `size` and `sha256` of what it holds."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="documents")
    about = models.BinaryField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = GuardedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"document {self.pk} of {self.case_id}"


class DocumentContent(models.Model):
    """A document's bytes, apart from its row, so that no list reads them."""

    document = models.OneToOneField(Document, on_delete=models.PROTECT, primary_key=True, related_name="content")
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"content of document {self.pk}"


class Value(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    NOT_APPLICABLE = "na", _("Not applicable")


class Answer(models.Model):
    """An answer to an item of the checklist; the last one of an item counts."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="answers")
    item = models.CharField(max_length=40)
    value = models.CharField(max_length=3, choices=Value)
    note = models.BinaryField()
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["case", "item", "-id"], name="review_answer_last")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.item}"
