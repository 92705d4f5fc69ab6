"""What must not be said to a customer, since it would tell them of a review; and what compliance has let pass."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.language import localized

LONGEST_TERM = 100


class TippingOffWords(models.Model):
    """Words of one kind, in every language, and what to write instead. Compliance keeps them."""

    key = models.SlugField(max_length=60, blank=True)  # of those that came along; none else
    name = models.CharField(_("name"), max_length=100)
    terms = ArrayField(models.CharField(max_length=LONGEST_TERM), verbose_name=_("words"))
    instead = models.TextField(_("what to write instead"))
    instead_es = models.TextField(_("what to write instead, in Spanish"), blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("words that would tip off")
        verbose_name_plural = _("words that would tip off")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="tipping_off_key", condition=~models.Q(key=""))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def advice(self) -> str:
        return localized(self, "instead")


class ReleasedAnswer(models.Model):
    """A text that compliance lets pass word for word, wherever it is sent; `digest` tells it from others."""

    digest = models.CharField(max_length=64, unique=True)
    text = models.TextField()
    reason = models.TextField(_("reason"))
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField()

    class Meta:
        verbose_name = _("released answer")
        verbose_name_plural = _("released answers")
        ordering = ["-released_at"]

    def __str__(self) -> str:
        return self.digest[:12]
