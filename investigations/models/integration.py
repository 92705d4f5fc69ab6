"""What a customer has connected to us, what is known to be wrong with it, and how it is looked after."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common import clock
from escalations.models import Customer, Ticket
from knowledgebase.models import KnownIssue

if TYPE_CHECKING:
    from accounts.models import User


class Plugin(models.TextChoices):
    """What connects a customer's system to ours."""

    WOOCOMMERCE = "woocommerce", "WooCommerce"
    MAGENTO = "magento", "Magento"
    SHOPIFY = "shopify", "Shopify"
    PRESTASHOP = "prestashop", "PrestaShop"
    REST = "rest", _("Own program against the API")
    WEBHOOKS = "webhooks", _("Webhooks")
    TLS = "tls", _("TLS and certificates")


class IntegrationEnvironment(models.TextChoices):
    PRODUCTION = "production", _("Production")
    TEST = "test", _("Test")


class IntegrationQuerySet(models.QuerySet["Integration"]):
    def visible_to(self, user: "User") -> "IntegrationQuerySet":
        """Return the integrations of customers that the person may see: for the second line and who reads all."""
        if not (user.is_l2 or user.is_lead or user.reads_all):
            return self.none()
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def in_use(self) -> "IntegrationQuerySet":
        """Return those that are not retired."""
        return self.filter(retired_at=None)


class Integration(models.Model):
    """One integration of a customer. `endpoints` is a list of addresses; `platform` what the plugin runs in.

    One with `retired_at` is in no list, and nothing of it is asked; it can be brought back.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="integrations")
    plugin = models.CharField(_("plugin"), max_length=20, choices=Plugin)
    plugin_version = models.CharField(_("version"), max_length=40, blank=True)
    platform = models.CharField(_("platform"), max_length=120, blank=True)
    environment = models.CharField(
        _("environment"), max_length=12, choices=IntegrationEnvironment, default=IntegrationEnvironment.PRODUCTION
    )
    endpoints = models.JSONField(_("endpoints"), default=list)
    notes = models.TextField(_("notes"), blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "plugin", "environment"],
                condition=Q(retired_at=None),
                name="integration_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_plugin_display()} {self.plugin_version}".strip()

    def get_absolute_url(self) -> str:
        return reverse("integration", args=[self.pk])


class VersionFault(models.Model):
    """A known issue that versions of a plugin have: `versions` is a specifier of PEP 440, as ">=8.0,<8.3.2".

    One with `removed_at` was taken back, for all customers; it can be put back.
    """

    issue = models.ForeignKey(KnownIssue, on_delete=models.CASCADE, related_name="version_faults", db_index=False)
    plugin = models.CharField(_("plugin"), max_length=20, choices=Plugin)
    versions = models.CharField(_("versions"), max_length=120)
    fixed_in = models.CharField(_("fixed in"), max_length=40, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "plugin", "versions"], name="version_fault_once")]
        indexes = [models.Index(fields=["plugin"], name="version_fault_plugin")]

    def __str__(self) -> str:
        return f"{self.get_plugin_display()} {self.versions}"


class Runbook(models.Model):
    """One version of what guides a customer; the highest `number` of a plugin and language is in force.

    `steps` is a list of {"title", "text"}, and is never changed.
    """

    plugin = models.CharField(max_length=20, choices=Plugin)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES)
    number = models.PositiveIntegerField()
    steps = models.JSONField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plugin", "language", "number"], name="runbook_number"),
        ]

    def __str__(self) -> str:
        return f"{self.get_plugin_display()}, {self.get_language_display()}, {self.number}"


class Checklist(models.Model):
    """A runbook as one customer goes through it because of one ticket."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="checklists")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    runbook = models.ForeignKey(Runbook, on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    link_ends_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "ticket", "runbook"], name="checklist_once")]

    def __str__(self) -> str:
        return str(self.runbook)

    @property
    def has_expired(self) -> bool:
        """Whether the customer's link has, which can be renewed."""
        return self.link_ends_at <= clock.now()


class StepState(models.TextChoices):
    OPEN = "open", pgettext_lazy("a step", "Open")
    DONE = "done", pgettext_lazy("a step", "Done")
    FAILED = "failed", pgettext_lazy("a step", "Does not work")
    SKIPPED = "skipped", pgettext_lazy("a step", "Does not apply")


class ChecklistStep(models.Model):
    """How far a step has come. Without `by` it was the customer, by the link."""

    checklist = models.ForeignKey(Checklist, on_delete=models.CASCADE, related_name="steps", db_index=False)
    place = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=StepState, default=StepState.OPEN)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["checklist", "place"], name="checklist_step_place"),
            models.CheckConstraint(
                condition=Q(state=StepState.OPEN) | Q(at__isnull=False), name="checklist_step_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place}: {self.state}"
