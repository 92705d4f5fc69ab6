"""A log on a ticket: its redacted text and the index of its lines are files, what they come to is rows."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from escalations.models import Ticket
from investigations.models.source import LogSource
from knowledgebase.models import KnownIssue


class LogState(models.TextChoices):
    UNDER_WAY = "under_way", _("Under way")
    DONE = "done", pgettext_lazy("a log", "Analysed")
    CANCELLED = "cancelled", pgettext_lazy("a log", "Cancelled")
    FAILED = "failed", pgettext_lazy("a log", "Failed")
    REMOVED = "removed", pgettext_lazy("a log", "Removed")


class LogTrouble(models.TextChoices):
    """Why an analysis failed, and what to do."""

    TOO_LONG = "too_long", _("It took longer than seven minutes. Cut out the hours that matter, and add those.")
    GONE = "gone", _("Its file is not there any more. Add it again.")
    BROKEN = "broken", _("Something went wrong that should not. The worker's log has the details.")
    NO_ROOM = "no_room", _("The escalation has no room for it. Remove logs that are not needed any more.")
    # What a source says, or does not say.
    NO_LINES = "no_lines", _("The source has no such lines. Ask for another id, or for a longer time.")
    KEY = "key", _("The source refuses our key (401 or 403). An admin has to give it a new one.")
    NO_INDEX = "no_index", _("The source knows no such index or address (404). An admin has to correct it.")
    INCOMPLETE = (
        "incomplete",
        _("The source found nothing, but says that it could not look everywhere. Try again."),
    )
    TOO_LARGE = "too_large", _("The source answers more than Secondline takes in. Ask for a shorter time.")
    BUSY = "busy", _("The source has too much to do (429). Try again in some minutes, with a shorter time.")
    QUERY = "query", _("The source does not understand the query (400). An admin has to look at its set-up.")
    SOURCE_BROKEN = "source_broken", _("The source has a fault of its own (5xx). Try again later.")
    RUBBISH = "rubbish", _("The source answers what nobody can read. An admin has to look at its address.")
    REDIRECT = "redirect", _("The source sends us to another address; Secondline does not follow.")
    SILENT = "silent", _("The source did not answer in time. Try again, with a shorter time.")
    AWAY = "away", _("The source can't be reached. Try again later, or tell an admin.")
    NOT_ALLOWED = "not_allowed", _("Secondline may not call this source: its host is not in OUTGOING_HOSTS.")
    NO_SECRET = "no_secret", _("The source's key can't be opened. An admin has to enter it again.")


class LogCut(models.TextChoices):
    """Why not all that was asked for was fetched."""

    LINES = "lines", _("Not all lines were fetched: there are more than a log may have.")
    BYTES = "bytes", _("Not all lines were fetched: all of them would be too many megabytes.")
    TIME = "time", _("Not all lines were fetched: the source took too long.")
    PARTIAL = "partial", _("The source itself says that lines may be missing.")


def stored_as(_log: "Log", _name: str) -> str:
    """Return a name that says nothing."""
    name = uuid.uuid4().hex
    return f"logs/{name[:2]}/{name}"


class Log(models.Model):
    """A log as it came to a ticket, without cards and secrets.

    `text` is UTF-8 with a line feed behind each line, `index` an array of investigations.lines.RECORD; `size` and
    `sha256` are of `text`. `zone` is the one of times that name none. `service` is what wrote it, in the desk's
    words; logs of a service that are `is_normal` say which templates are nothing new there. `ids` is a list of
    [what of, id, lines]. A log of a `source` is fetched by the job; `asked` says by which `ids`, `since` when and
    `until` when. `claimed_at` says since when a worker is at it, `attempts` how many were. Of a removed log
    the row stays, with nothing of what was in it.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="logs")
    name = models.CharField(max_length=200)
    service = models.CharField(_("service"), max_length=80, blank=True)
    zone = models.CharField(_("time zone"), max_length=64)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    source = models.ForeignKey(LogSource, null=True, on_delete=models.PROTECT, related_name="+")
    asked = models.JSONField(default=dict)
    cut = models.CharField(max_length=10, choices=LogCut, blank=True)
    text = models.FileField(upload_to=stored_as, max_length=120, blank=True)
    index = models.FileField(upload_to=stored_as, max_length=120, blank=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    lines = models.PositiveIntegerField()
    masked = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=LogState, default=LogState.UNDER_WAY)
    trouble = models.CharField(max_length=20, choices=LogTrouble, blank=True)
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    layout = models.CharField(max_length=20, blank=True)
    templates_found = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    begins_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    without_zone = models.PositiveIntegerField(default=0)
    sources = models.JSONField(default=list)
    ids = models.JSONField(default=list)
    is_normal = models.BooleanField(default=False)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    removed_why = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("log")
        verbose_name_plural = _("logs")
        constraints = [
            models.CheckConstraint(
                condition=Q(state=LogState.UNDER_WAY, finished_at__isnull=True)
                | (~Q(state=LogState.UNDER_WAY) & Q(finished_at__isnull=False)),
                name="log_finished_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state=LogState.FAILED) & ~Q(trouble="") | ~Q(state=LogState.FAILED) & Q(trouble=""),
                name="log_failed_says_why",
            ),
            models.CheckConstraint(
                condition=Q(is_normal=False) | (Q(state=LogState.DONE) & ~Q(service="")),
                name="log_normal_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["service"], name="log_normal_of_service", condition=Q(is_normal=True)),
            models.Index(fields=["added_at"], name="log_under_way", condition=Q(state=LogState.UNDER_WAY)),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("log", args=[self.ticket.reference, self.pk])


class LogTemplate(models.Model):
    """A template of a log. `place` is its rank: failures first, of these what is rare.

    `signs` is a list of [kind, code, lines], `examples` a list of line numbers.
    """

    log = models.ForeignKey(Log, on_delete=models.CASCADE, related_name="templates", db_index=False)
    place = models.PositiveIntegerField()
    text = models.TextField()
    count = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    severity = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    signs = models.JSONField(default=list)
    example = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "place"], name="log_template_place")]

    def __str__(self) -> str:
        return self.text


class IssueTemplate(models.Model):
    """A template that tells of a known issue: a log that has it matches the issue."""

    issue = models.ForeignKey(KnownIssue, on_delete=models.CASCADE, related_name="log_templates", db_index=False)
    text = models.CharField(max_length=600)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "text"], name="issue_template_once")]

    def __str__(self) -> str:
        return self.text
