"""The person or company the escalation is about. Customers never sign in."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import User


class Segment(models.TextChoices):
    CONSUMER = "consumer", _("Consumer")
    BUSINESS = "business", _("Business")
    ENTERPRISE = "enterprise", _("Enterprise")


def customer_words() -> SearchVector:
    """Return what customers are found by, word for word and without accents: the index is over this expression."""
    return SearchVector("name", "external_id", "email", "phone", config="secondline_names")


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: "User") -> "CustomerQuerySet":
        """Return the customers this person may see.

        Desk staff see all, since L1 escalates for any customer; a partner sees
        those of the tickets handed to them. Whoever works on no ticket, auditors and admins, sees none of whom
        nothing but hidden tickets is known: that would say that there are some.
        """
        from escalations.models.ticket import Ticket

        if user.is_l1 or user.is_l2 or user.is_lead:
            return self
        if user.reads_all:
            about = Ticket.objects.filter(customer=models.OuterRef("pk"))
            return self.exclude(
                models.Exists(about.hidden_from(user)) & ~models.Exists(about.not_hidden_from(user))
            )
        return self.filter(tickets__in=Ticket.objects.visible_to(user)).distinct()


class Customer(models.Model):
    """One customer, known by the company's own id for them."""

    external_id = models.CharField(_("customer id"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("email"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    segment = models.CharField(_("segment"), max_length=12, choices=Segment, default=Segment.CONSUMER)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    country = models.CharField(_("country"), max_length=2, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            GinIndex(fields=["name"], name="customer_name_trgm", opclasses=["gin_trgm_ops"]),
            GinIndex(customer_words(), name="customer_words"),
            models.Index(Upper("email"), name="customer_email", condition=~models.Q(email="")),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("customer", args=[self.pk])
