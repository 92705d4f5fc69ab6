"""A bug report: what is wrong in the product, for those who can mend it."""

import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role
from bugs.models.tracker import Tracker
from escalations.models import Evidence, HandOver, Ticket
from knowledgebase.models import KnownIssue

if TYPE_CHECKING:
    from accounts.models import User


class State(models.TextChoices):
    """Where a report stands. From OPEN on it is the tracker's word, where there is one."""

    DRAFT = "draft", pgettext_lazy("a bug report", "Draft")
    SENDING = "sending", pgettext_lazy("a bug report", "Being sent")
    UNSENT = "unsent", pgettext_lazy("a bug report", "Not sent")
    OPEN = "open", pgettext_lazy("a bug report", "Open")
    FIXED = "fixed", pgettext_lazy("a bug report", "Fixed")
    DECLINED = "declined", pgettext_lazy("a bug report", "Declined")


class Severity(models.IntegerChoices):
    CRITICAL = 1, pgettext_lazy("severity", "Critical")
    MAJOR = 2, pgettext_lazy("severity", "Major")
    MINOR = 3, pgettext_lazy("severity", "Minor")
    TRIVIAL = 4, pgettext_lazy("severity", "Trivial")


class BugReportQuerySet(models.QuerySet["BugReport"]):
    def visible_to(self, user: "User") -> "BugReportQuerySet":
        """Return reports that come from a ticket the person sees, and concern one they work with or may read.

        The first line, partners and customers see none: reports hold what the second line found out.
        """
        if user.is_robot:
            return self
        seen = Ticket.objects.visible_to(user)
        if not user.reads_all:
            teams = user.teams_as(Role.L2, Role.LEAD)
            if not teams:
                return self.none()
            seen = seen.filter(team__in=teams)
        concerned = BugTicket.objects.filter(bug=OuterRef("pk"), ticket__in=seen.values("pk"))
        hidden = Ticket.objects.hidden_from(user).filter(pk=OuterRef("ticket"))
        return self.filter(Exists(concerned), ~Exists(hidden))


class BugReport(models.Model):
    """What is wrong, how to see it, and how far the tracker is with it.

    `ticket` is where it was written; it and all others it concerns are in `BugTicket`. `marker` stands in what is
    sent, so that a report whose sending was interrupted is found there and not sent twice. `version` counts the
    changes of its words. `hand_overs` ask partners to see to it, and are answered by the fix.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="bugs_written")
    title = models.CharField(_("title"), max_length=200)
    environment = models.TextField(_("environment"), blank=True)
    steps = models.TextField(_("steps"), blank=True)
    expected = models.TextField(_("expected"), blank=True)
    actual = models.TextField(_("actual"), blank=True)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity)
    issues = models.ManyToManyField(KnownIssue, verbose_name=_("known issues"), blank=True, related_name="bugs")
    evidence = models.ManyToManyField(Evidence, verbose_name=_("evidence"), blank=True, related_name="+")
    hand_overs = models.ManyToManyField(HandOver, verbose_name=_("hand-overs"), blank=True, related_name="bugs")
    marker = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    tracker = models.ForeignKey(Tracker, on_delete=models.PROTECT, null=True, related_name="bugs")
    remote_number = models.CharField(max_length=80, blank=True)
    remote_url = models.CharField(max_length=500, blank=True)
    remote_changed_at = models.DateTimeField(null=True)
    remote_assignee = models.CharField(max_length=120, blank=True)
    sent_text = models.TextField(blank=True)
    trouble = models.CharField(max_length=500, blank=True)
    tried_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    linked_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    fixed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = BugReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("bug report")
        verbose_name_plural = _("bug reports")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tracker", "remote_number"], condition=~Q(remote_number=""), name="bug_once_per_issue"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "sending", "unsent"]) | ~Q(remote_number=""),
                name="bug_open_is_linked",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("bug", args=[self.pk])

    @property
    def remote_name(self) -> str:
        """How the tracker calls the issue: #7, or PAY-7."""
        return f"#{self.remote_number}" if self.remote_number.isdecimal() else self.remote_number

    @property
    def issue_url(self) -> str:
        """Where the issue's page is. The tracker of the settings may be elsewhere by now."""
        if self.tracker is not None and self.tracker.is_of_settings:
            return settings.TRACKER_URL + urlsplit(self.remote_url).path
        return self.remote_url

    @property
    def is_linked(self) -> bool:
        """Whether an issue of a tracker stands for it."""
        return bool(self.remote_number)


class BugTicket(models.Model):
    """An escalation that a bug report concerns. `answered_at`: when its customer was told of the fix from here."""

    bug = models.ForeignKey(BugReport, on_delete=models.CASCADE, related_name="concerned")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="bugs")
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    linked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["bug", "ticket"], name="bug_ticket_once")]

    def __str__(self) -> str:
        return f"{self.bug_id} – {self.ticket_id}"
