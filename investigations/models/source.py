"""Where logs are fetched from: a search server of the company's, set up by admins."""

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

MOST_LINES = 100_000


class SourceKind(models.TextChoices):
    SPLUNK = "splunk", "Splunk"
    ELASTICSEARCH = "elastic", "Elasticsearch"
    OPENSEARCH = "opensearch", "OpenSearch"
    LOKI = "loki", "Grafana Loki"


class SignIn(models.TextChoices):
    """What stands before the secret in the header Authorization."""

    NONE = "none", _("None")
    BEARER = "Bearer", _("Token (Bearer)")
    API_KEY = "ApiKey", _("API key of Elasticsearch")
    BASIC = "Basic", _("User and password (user:password)")


class LogSource(models.Model):
    """A server that logs are fetched from.

    `url` is the beginning of its addresses; `within` an index of Splunk, an index or pattern of Elasticsearch, a
    selector of Loki. `token` is sealed (common.sealed) and bound to the row's id. The names of fields say where an
    Elasticsearch document has its time, level, source, message and ids; `id_fields` and `more_fields` are lists
    with commas. Without `id_fields`, ids are looked for in the whole text. `tenant` is Loki's.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=SourceKind)
    url = models.CharField(_("address"), max_length=200)
    sign_in = models.CharField(_("signs in by"), max_length=8, choices=SignIn, default=SignIn.BEARER)
    token = models.TextField(blank=True)
    within = models.CharField(_("index or selector"), max_length=200)
    tenant = models.CharField(_("tenant"), max_length=80, blank=True)
    time_field = models.CharField(_("time"), max_length=80, default="@timestamp")
    level_field = models.CharField(_("level"), max_length=80, default="log.level", blank=True)
    source_field = models.CharField(_("source"), max_length=80, default="service.name", blank=True)
    message_field = models.CharField(_("message"), max_length=80, default="message")
    id_fields = models.CharField(_("fields of ids"), max_length=300, blank=True)
    more_fields = models.CharField(_("further fields to keep"), max_length=300, blank=True)
    service = models.CharField(_("service"), max_length=80, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    most_lines = models.PositiveIntegerField(_("at most so many lines"), default=20_000)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("log source")
        verbose_name_plural = _("log sources")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(most_lines__gte=1, most_lines__lte=MOST_LINES), name="log_source_lines"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("edit_log_source", args=[self.pk])
