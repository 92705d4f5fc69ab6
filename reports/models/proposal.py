"""Proposals to improve the product or a process, from escalations that should not have been necessary."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role, Team, User
from escalations.models import Ticket
from knowledgebase.models import KnownIssue


class ProposalState(models.TextChoices):
    PROPOSED = "proposed", pgettext_lazy("a proposal", "Proposed")
    ACCEPTED = "accepted", pgettext_lazy("a proposal", "Accepted")
    IN_PROGRESS = "in_progress", pgettext_lazy("a proposal", "In progress")
    RELEASED = "released", pgettext_lazy("a proposal", "Released")
    MEASURED = "measured", pgettext_lazy("a proposal", "Measured")
    DECLINED = "declined", pgettext_lazy("a proposal", "Declined")


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, user: User) -> "ProposalQuerySet":
        """Return those the person reads: all for who works or reads here, what is put to them for partners."""
        if user.reads_all or user.is_l2 or user.is_lead:
            return self
        return self.filter(partner__in=user.teams_as(Role.PARTNER))


class Proposal(models.Model):
    """What should be better, why, and what came of it. `partner` is the team that it is put to, if any.

    Its escalations are `tickets` and those linked to `known_issue`. `outcome` is what was measured, as of
    reports.improvements.Outcome, kept when the state became `measured`.
    """

    title = models.CharField(_("title"), max_length=200)
    problem = models.TextField(_("problem"))
    evidence = models.TextField(_("evidence"), blank=True)
    suggestion = models.TextField(_("suggestion"))
    known_issue = models.ForeignKey(
        KnownIssue, verbose_name=_("known issue"), on_delete=models.PROTECT, null=True, blank=True,
        related_name="proposals",
    )  # fmt: skip
    tickets = models.ManyToManyField(Ticket, verbose_name=_("escalations"), blank=True, related_name="proposals")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.PROTECT, related_name="+"
    )
    partner = models.ForeignKey(
        Team, verbose_name=_("put to"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(_("state"), max_length=12, choices=ProposalState, default=ProposalState.PROPOSED)
    reason = models.TextField(_("reason"), blank=True)
    released_on = models.DateField(_("released on"), null=True)
    outcome = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=1)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["-updated_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["released", "measured"], released_on__isnull=False)
                | (~Q(state__in=["released", "measured"]) & Q(released_on__isnull=True)),
                name="proposal_released_has_day",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("improvement", args=[self.pk])
