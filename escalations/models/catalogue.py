"""What admins set up: categories with their forms, reasons, root causes, priorities."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from common.language import localized


class Named(models.Model):
    """Something an admin names in both languages and may retire."""

    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=120)
    name_es = models.CharField(_("name in Spanish"), max_length=120, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        abstract = True
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return localized(self, "name")


class Category(Named):
    """A kind of problem. Its newest published form is the contract that L1 fills in."""

    description = models.CharField(_("when to choose it"), max_length=250, blank=True)
    description_es = models.CharField(_("when to choose it, in Spanish"), max_length=250, blank=True)
    team = models.ForeignKey(
        Team, verbose_name=_("team that takes it"), on_delete=models.PROTECT, related_name="+",
        null=True, blank=True,
    )  # fmt: skip

    class Meta(Named.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [models.UniqueConstraint(fields=["key"], name="category_key")]

    @property
    def hint(self) -> str:
        return localized(self, "description")

    @property
    def current_form(self) -> "ContractForm | None":
        return self.forms.order_by("-version").first()


class ContractForm(models.Model):
    """One version of a category's contract. Tickets keep the version they were written in.

    `fields` is a list of field definitions; escalations.contract documents them.
    """

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="forms")
    version = models.PositiveIntegerField(_("version"), editable=False)
    fields = models.JSONField(_("fields"))
    created_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = _("contract form")
        verbose_name_plural = _("contract forms")
        constraints = [models.UniqueConstraint(fields=["category", "version"], name="form_version")]

    def __str__(self) -> str:
        return f"{self.category} v{self.version}"


class ReasonKind(models.TextChoices):
    RETURN = "return", _("Return to L1")
    REOPEN = "reopen", _("Reopen")
    CANCEL = "cancel", _("Cancel")
    RESOLUTION = "resolution", _("Resolution code")


class Reason(Named):
    """A code people choose when they return, reopen, cancel or resolve."""

    kind = models.CharField(_("kind"), max_length=12, choices=ReasonKind)

    class Meta(Named.Meta):
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="reason_key")]


class RootCause(Named):
    """A node of the tree of root causes. Only leaves are chosen."""

    parent = models.ForeignKey(
        "self", verbose_name=_("below"), on_delete=models.PROTECT, null=True, blank=True,
        related_name="children",
    )  # fmt: skip

    class Meta(Named.Meta):
        verbose_name = _("root cause")
        verbose_name_plural = _("root causes")
        constraints = [models.UniqueConstraint(fields=["key"], name="root_cause_key")]

    @property
    def path(self) -> str:
        """The names from the tree's top to this node."""
        return f"{self.parent.path} › {self}" if self.parent else str(self)

    def clean(self) -> None:
        above = self.parent
        while above is not None:
            if self.pk and above.pk == self.pk:
                raise ValidationError({"parent": _("A root cause can't stand below itself.")})
            above = above.parent


class PriorityRule(models.Model):
    """One cell of the matrix impact × urgency → priority."""

    impact = models.PositiveSmallIntegerField(_("impact"))
    urgency = models.PositiveSmallIntegerField(_("urgency"))
    priority = models.PositiveSmallIntegerField(_("priority"))

    class Meta:
        verbose_name = _("priority rule")
        verbose_name_plural = _("priority matrix")
        ordering = ["impact", "urgency"]
        constraints = [
            models.UniqueConstraint(fields=["impact", "urgency"], name="priority_rule_cell"),
            models.CheckConstraint(
                condition=models.Q(impact__range=(1, 3), urgency__range=(1, 3), priority__range=(1, 4)),
                name="priority_rule_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.impact} × {self.urgency} → P{self.priority}"
