"""Environments that requests go to, templates of requests, and every request that was made from a ticket."""

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common import clock
from escalations.models import Ticket
from investigations.models.webhooks import Scheme

STUCK_AFTER = timedelta(minutes=1)
READING = ("GET", "HEAD", "OPTIONS")
WRITING = ("POST", "PUT", "PATCH", "DELETE")


class Method(models.TextChoices):
    GET = "GET", "GET"
    HEAD = "HEAD", "HEAD"
    OPTIONS = "OPTIONS", "OPTIONS"
    POST = "POST", "POST"
    PUT = "PUT", "PUT"
    PATCH = "PATCH", "PATCH"
    DELETE = "DELETE", "DELETE"


class Environment(models.Model):
    """Where requests go: an address, headers sent along, and secrets that headers and requests name as {{NAME}}.

    `secrets` holds them sealed, by name; nobody is shown them again. One that `is_back_office` goes to the back
    office of the settings, with the token of the settings as {{BACK_OFFICE_TOKEN}}, and stores neither; it is
    for reading alone, since what the back office carries out are sensitive actions. By `scheme` each write is
    signed as it goes out, in `signing_header` or the scheme's usual one. `teams`: on whose escalations it may be
    used, all where it is empty. `version` counts the changes.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    is_back_office = models.BooleanField(default=False)
    base_url = models.CharField(_("address"), max_length=300, blank=True)
    headers = models.JSONField(_("headers"), default=list)
    secrets = models.JSONField(default=dict)
    allows_writes = models.BooleanField(_("writes are possible"), default=False)
    scheme = models.CharField(_("signature"), max_length=8, choices=Scheme, default=Scheme.NONE)
    signing_header = models.CharField(_("header"), max_length=100, blank=True)
    is_retired = models.BooleanField(default=False)
    teams = ArrayField(models.BigIntegerField(), default=list, blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("environment")
        verbose_name_plural = _("environments")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_back_office=True, base_url="") | (Q(is_back_office=False) & ~Q(base_url="")),
                name="environment_has_one_address",
            ),
            models.CheckConstraint(
                condition=Q(is_back_office=False) | Q(allows_writes=False), name="environment_back_office_reads"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("environment", args=[self.pk])


class RequestTemplate(models.Model):
    """A request to start from, of one integration; written by hand or an operation of an OpenAPI document."""

    integration = models.CharField(_("integration"), max_length=80)
    name = models.CharField(_("name"), max_length=160)
    method = models.CharField(max_length=7, choices=Method)
    path = models.CharField(max_length=2000)
    headers = models.JSONField(default=list)
    body = models.TextField(blank=True)
    parameters = models.JSONField(default=list)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["integration", "path", "method"]
        constraints = [
            models.UniqueConstraint(fields=["integration", "method", "path"], name="request_template_once")
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class RunState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("a request", "Waits for approval")
    REJECTED = "rejected", pgettext_lazy("a request", "Rejected")
    SENDING = "sending", pgettext_lazy("a request", "Being sent")
    WITHDRAWN = "withdrawn", pgettext_lazy("a request", "Withdrawn")
    EXPIRED = "expired", pgettext_lazy("a request", "Expired")
    ANSWERED = "answered", pgettext_lazy("a request", "Answered")
    FAILED = "failed", pgettext_lazy("a request", "No answer")
    UNKNOWN = "unknown", pgettext_lazy("a request", "Outcome unknown")


class Run(models.Model):
    """A request as it was composed, secrets as {{NAME}}, and what came back, both redacted.

    `digest` is the SHA-256 of the exact request, the environment's version included; who approves a write approves
    that, until `expires_at`. `key` is the Idempotency-Key of a write. `answer_sha256` and `answer_size` are of the
    body as it came.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="api_runs")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="+")
    environment_version = models.PositiveIntegerField()
    method = models.CharField(max_length=7, choices=Method)
    path = models.TextField()
    headers = models.JSONField(default=list)
    body = models.TextField(blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    digest = models.CharField(max_length=64)
    key = models.UUIDField(unique=True)
    state = models.CharField(max_length=10, choices=RunState)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_digest = models.CharField(max_length=64, blank=True)
    decided_why = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer_headers = models.JSONField(default=list)
    answer_body = models.TextField(blank=True)
    answer_size = models.PositiveIntegerField(default=0)
    answer_sha256 = models.CharField(max_length=64, blank=True)
    is_cut = models.BooleanField(default=False)
    seconds = models.FloatField(null=True)
    trouble = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("API run")
        verbose_name_plural = _("API runs")
        indexes = [
            models.Index(fields=["ticket", "-id"], name="run_newest_of_ticket"),
            models.Index(fields=["expires_at"], condition=Q(state=RunState.WAITING), name="run_waiting"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("made_by")), name="run_two_people"
            ),
            models.CheckConstraint(
                condition=Q(method__in=READING)
                | Q(state__in=[RunState.WAITING, RunState.WITHDRAWN, RunState.EXPIRED], sent_at=None)
                | Q(decided_by__isnull=False, decided_at__isnull=False, decided_digest=F("digest")),
                name="run_write_is_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state=RunState.WAITING) | Q(expires_at__isnull=False), name="run_waits_for_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state=RunState.ANSWERED, status__isnull=False)
                | (~Q(state=RunState.ANSWERED) & Q(status=None)),
                name="run_answered_has_status",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def get_absolute_url(self) -> str:
        return reverse("api_run", args=[self.ticket.reference, self.pk])

    @property
    def outcome(self) -> RunState:
        """Its state now: a write whose time is over has expired, a request whose process died is unknown."""
        if self.state == RunState.WAITING and self.expires_at is not None and self.expires_at <= clock.now():
            return RunState.EXPIRED
        began = self.sent_at or self.decided_at or self.made_at
        is_stuck = self.state == RunState.SENDING and clock.now() - began > STUCK_AFTER
        return RunState.UNKNOWN if is_stuck else RunState(self.state)

    @property
    def milliseconds(self) -> int:
        """How long it took; 0 where nothing came."""
        return round((self.seconds or 0) * 1000)

    @property
    def is_write(self) -> bool:
        """Whether it may change something over there."""
        return self.method in WRITING
