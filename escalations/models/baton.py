"""The baton: what one shift leaves to the next, item by item, each acknowledged by somebody who comes on."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team
from escalations.models.ticket import ENDED, Ticket

if TYPE_CHECKING:
    from accounts.models import User


class BatonQuerySet(models.QuerySet["Baton"]):
    def visible_to(self, user: "User") -> "BatonQuerySet":
        """Return the hand-overs of the teams that `user` works in or leads; all for auditors and admins."""
        return self if user.reads_all else self.filter(team__in=user.teams_as(Role.L2, Role.LEAD))


class Baton(models.Model):
    """One change of shift of a team. `until` is when those who then have the work go off in their turn."""

    team = models.ForeignKey(Team, verbose_name=_("team"), on_delete=models.PROTECT, related_name="batons")
    at = models.DateTimeField(_("change of shift"))
    until = models.DateTimeField(_("until"))
    made_at = models.DateTimeField()
    going_off = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    coming_on = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")

    objects = BatonQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over of a shift")
        verbose_name_plural = _("hand-overs of shifts")
        ordering = ["-at", "team"]
        constraints = [
            models.UniqueConstraint(fields=["team", "at"], name="baton_once"),
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="baton_has_a_shift"),
        ]

    def __str__(self) -> str:
        return f"{self.team} · {self.at.isoformat()}"

    def get_absolute_url(self) -> str:
        return reverse("baton_past", args=[self.pk])


class BatonItemQuerySet(models.QuerySet["BatonItem"]):
    def visible_to(self, user: "User") -> "BatonItemQuerySet":
        """Return the items whose hand-over and whose ticket `user` may see."""
        if user.reads_all:
            return self.exclude(ticket__in=Ticket.objects.hidden_from(user))
        batons = Baton.objects.visible_to(user)
        return self.filter(baton__in=batons, ticket__in=Ticket.objects.visible_to(user))

    def waiting(self) -> "BatonItemQuerySet":
        """Return the items that nobody has acknowledged and that are still to do."""
        return self.filter(waiting_items())


def waiting_items(prefix: str = "") -> Q:
    """Return the condition of an item that waits for somebody to acknowledge it."""
    return Q(**{f"{prefix}acknowledged_at": None}) & ~Q(**{f"{prefix}ticket__state__in": sorted(ENDED)})


class BatonItem(models.Model):
    """One ticket handed over: as it stood then, and who has acknowledged it since."""

    baton = models.ForeignKey(Baton, on_delete=models.CASCADE, related_name="items")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="baton_items")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("had it"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    due_at = models.DateTimeField(_("due"), null=True)
    was_overdue = models.BooleanField(default=False)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("acknowledged by"), on_delete=models.PROTECT, null=True,
        related_name="+",
    )  # fmt: skip
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    taken = models.BooleanField(default=False)
    note = models.TextField(_("note"), blank=True)

    objects = BatonItemQuerySet.as_manager()

    class Meta:
        ordering = [F("due_at").asc(nulls_last=True), "pk"]
        constraints = [
            models.UniqueConstraint(fields=["baton", "ticket"], name="baton_item_once"),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None, taken=False, note="")
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="baton_item_acknowledged_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} in {self.baton_id}"

    @property
    def is_waiting(self) -> bool:
        return self.acknowledged_at is None and self.ticket.is_open
