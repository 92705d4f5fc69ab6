"""Report packs: a case with everything in it as one ZIP, made by a job and kept sealed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compliance.models.case import Case, GuardedQuerySet


class PackState(models.TextChoices):
    UNDER_WAY = "under_way", _("Under way")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Pack(models.Model):
    """A pack that somebody asked for. `digest` is the SHA-256 of the ZIP, `size` its bytes."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="packs")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=PackState, default=PackState.UNDER_WAY)
    finished_at = models.DateTimeField(null=True)
    size = models.PositiveBigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    objects = GuardedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], name="review_one_pack", condition=Q(state="under_way")),
        ]

    def __str__(self) -> str:
        return f"pack {self.pk} of {self.case_id}"


class PackContent(models.Model):
    """The ZIP of a pack that is done."""

    pack = models.OneToOneField(Pack, on_delete=models.PROTECT, primary_key=True, related_name="content")
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"content of pack {self.pk}"
