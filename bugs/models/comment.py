"""What is said about a bug: here, or in the tracker."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bugs.models.report import BugReport, State


class Comment(models.Model):
    """A comment of the tracker's, or one that was written here (`by`) and goes there, with what it asks for.

    One of ours has no `number` until the tracker has it; it is known there by its `marker`. `asked_state` and
    `asked_assignee`: how the issue is to stand from then on, and whose it is to be; both may be empty.
    `changed_at`: when the tracker's was changed last, by its clock.
    `noted_at`: when the concerned escalations got a note of a comment of the tracker's.
    """

    ASKED_STATES = [
        (State.OPEN, pgettext_lazy("ask a tracker to", "Open it again")),
        (State.DECLINED, pgettext_lazy("ask a tracker to", "Close it without a fix")),
    ]

    bug = models.ForeignKey(BugReport, on_delete=models.CASCADE, related_name="comments")
    number = models.CharField(max_length=80, blank=True)
    marker = models.UUIDField(default=uuid.uuid4, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    author = models.CharField(max_length=120, blank=True)
    body = models.TextField(_("comment"))
    at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    asked_state = models.CharField(
        _("issue"), max_length=8, blank=True,
        choices=ASKED_STATES,
    )  # fmt: skip
    asked_assignee = models.CharField(_("assignee in the tracker"), max_length=120, blank=True)
    tried_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True)
    noted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("comment on a bug")
        verbose_name_plural = _("comments on bugs")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["bug", "number"], condition=~Q(number=""), name="bug_comment_once"),
            models.CheckConstraint(
                condition=Q(by=None, arrived_at__isnull=False) | Q(by__isnull=False),
                name="bug_comment_is_somebodys",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tried_at"], condition=Q(arrived_at=None, failed_at=None), name="bug_comment_under_way"
            )
        ]

    def __str__(self) -> str:
        return self.body[:60]
