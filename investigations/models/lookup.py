"""Lookups: where they ask, what they ask in which version, and what was answered on a ticket."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from escalations.models import Ticket


class LookupKind(models.TextChoices):
    POSTGRESQL = "postgresql", "PostgreSQL"
    MYSQL = "mysql", "MySQL, MariaDB"
    HTTP = "http", "HTTP"


def usually_masked() -> list[str]:
    """Return which names are hidden in answers of a new source."""
    return [
        "password", "passwd", "secret", "token", "api key", "authorization", "pan", "card number", "cvv", "cvc",
        "pin", "iban", "phone", "mobile",
    ]  # fmt: skip


class LookupSource(models.Model):
    """A database or an HTTP interface that lookups ask.

    `url` holds no secret: `postgresql://user@host:5432/database`, `mysql://…`, `https://host/base`. `secret`, a
    password or bearer token, is sealed (common.sealed) for this row. One that `is_back_office` is what the
    settings name, and keeps neither. `can_write` is what the last check found, None where nobody knows.
    Columns and nested names that have one of `masked` as words are hidden where the lookup has no rule for them.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=LookupKind)
    is_back_office = models.BooleanField(_("the back office of the settings"), default=False)
    url = models.CharField(_("address"), max_length=300, blank=True)
    secret = models.TextField(blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    checked_at = models.DateTimeField(null=True)
    answers = models.BooleanField(null=True)
    can_write = models.BooleanField(null=True)
    masked = ArrayField(models.CharField(max_length=80), default=usually_masked, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("lookup source")
        verbose_name_plural = _("lookup sources")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_back_office=True, url="", secret="")
                | (~models.Q(url="") & ~models.Q(is_back_office=True)),
                name="lookup_source_keeps_no_second_address",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("edit_lookup_source", args=[self.pk])


#: What the lookups that come with Secondline are called, answer and ask for: shown translated.
READY_MADE = frozenset(
    {
        gettext_noop("Account"),
        gettext_noop("Reference"),
        gettext_noop("Since"),
        gettext_noop("Until"),
        gettext_noop("State, level, limit and contact of the account"),
        gettext_noop("Transactions"),
        gettext_noop("All payments of the account, the newest first"),
        gettext_noop("Deliveries"),
        gettext_noop("Orders with the courier's events"),
        gettext_noop("Points"),
        gettext_noop("Points earned, spent and refunded"),
        gettext_noop("Ban history"),
        gettext_noop("Bans of the account, and when they were lifted"),
        gettext_noop("Transactions around the time"),
        gettext_noop("Payments of the account in the three days before and after it happened"),
        gettext_noop("Transaction by reference"),
        gettext_noop("One payment, whose account it is, and whether its reversal was asked for"),
        gettext_noop("Account and phone changes"),
        gettext_noop("The account with each change of its phone number"),
        gettext_noop("Bans with who shares the reason"),
        gettext_noop("Bans of the account, and how many other accounts are banned for the same reason now"),
    }
)


def in_words(text: str) -> str:
    """Return a name or sentence as people read it: translated where it came with Secondline."""
    return gettext(text) if text in READY_MADE else text


class Lookup(models.Model):
    """A named question. What it asks is in its versions; the one with the highest number holds."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("lookup")
        verbose_name_plural = _("lookups")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("lookup_setup", args=[self.pk])

    @property
    def title(self) -> str:
        """Its name as people read it: translated where it came with Secondline."""
        return in_words(self.name)


class LookupVersion(models.Model):
    """What a lookup asks; never changed, and never deleted.

    `statement` is one SELECT, or the path of a GET, with parameters as `:name` or `{name}`. `parameters` and
    `masks` are spelled as investigations.lookups.parameters and .masking have them. `rows_path` leads to the rows
    of a JSON answer. `roles` and `teams` say who may run it; empty: whoever works on the ticket.
    """

    lookup = models.ForeignKey(Lookup, on_delete=models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    source = models.ForeignKey(LookupSource, verbose_name=_("source"), on_delete=models.PROTECT, related_name="+")
    description = models.CharField(_("what it answers"), max_length=300, blank=True)
    statement = models.TextField(_("question"))
    parameters = models.JSONField(default=list)
    masks = models.JSONField(default=dict)
    rows_path = models.CharField(_("where the rows are"), max_length=200, blank=True)
    within_seconds = models.PositiveSmallIntegerField(_("seconds at most"), default=5)
    most_rows = models.PositiveIntegerField(_("rows at most"), default=100)
    roles = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    teams = ArrayField(models.BigIntegerField(), default=list, blank=True)
    why = models.CharField(_("why it was changed"), max_length=300)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of a lookup")
        verbose_name_plural = _("versions of lookups")
        ordering = ["lookup", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["lookup", "number"], name="lookup_version_once"),
            models.CheckConstraint(
                condition=models.Q(
                    within_seconds__gte=1, within_seconds__lte=30, most_rows__gte=1, most_rows__lte=500
                ),
                name="lookup_version_limits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lookup} v{self.number}"

    @property
    def answers(self) -> str:
        """What it answers, translated where it came with Secondline."""
        return in_words(self.description)


class LookupState(models.TextChoices):
    UNDER_WAY = "under_way", _("Under way")
    DONE = "done", pgettext_lazy("a lookup", "Answered")
    FAILED = "failed", pgettext_lazy("a lookup", "No answer")


class LookupTrouble(models.TextChoices):
    """Why there is no answer, and what to do."""

    NOT_ALLOWED = (
        "not_allowed",
        _("Secondline may not ask that machine. Whoever runs it can add it to OUTGOING_HOSTS."),
    )
    UNREACHABLE = "unreachable", _("The source can't be reached. Try again later, or tell whoever runs it.")
    TOO_SLOW = "too_slow", _("The source did not answer in time. Ask for less, or try again later.")
    UNTRUSTED = (
        "untrusted",
        _("The source shows no certificate that is trusted for its name, so it was not asked. Tell an admin."),
    )
    SIGN_IN = "sign_in", _("The source does not let Secondline in. An admin can enter its secret anew.")
    NO_SECRET = "no_secret", _("The secret of this source can't be opened. An admin can enter it anew.")
    NOT_SET_UP = "not_set_up", _("No back office is connected: an admin can name one in the settings.")
    WRITES = "writes", _("The lookup tried to change something. Nothing was changed; lookups only read.")
    REJECTED = "rejected", _("The source does not understand the question. An admin can mend the lookup.")
    STATUS = "status", _("The source answered with an error.")
    UNREADABLE = "unreadable", _("What the source answered can't be read.")
    TOO_LARGE = "too_large", _("The answer is too large. Ask for less.")
    UNMASKED = "unmasked", _("A column that has to be masked is not in the answer, so none of it is kept.")
    BROKEN = "broken", _("Something went wrong that should not. The worker's log has the details.")


class LookupRun(models.Model):
    """One question asked about a ticket, and what came: masked and redacted, as it is kept.

    `values` are the parameters as they were sent, `columns` names, `rows` lists of texts or null. `sha256` is of
    both (investigations.lookups.running.digest). `is_cut`: there were more rows; `cut_cells` were too long.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="lookup_runs")
    version = models.ForeignKey(LookupVersion, on_delete=models.PROTECT, related_name="runs")
    values = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=LookupState, default=LookupState.UNDER_WAY)
    trouble = models.CharField(max_length=12, choices=LookupTrouble, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    columns = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    is_cut = models.BooleanField(default=False)
    cut_cells = models.PositiveIntegerField(default=0)
    masked = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("run of a lookup")
        verbose_name_plural = _("runs of lookups")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="under_way", finished_at__isnull=True)
                | (~models.Q(state="under_way") & models.Q(finished_at__isnull=False)),
                name="lookup_run_finished_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state="failed") & ~models.Q(trouble="")
                | ~models.Q(state="failed") & models.Q(trouble=""),
                name="lookup_run_failed_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} #{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("lookup_run", args=[self.ticket.reference, self.pk])
