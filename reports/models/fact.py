"""Facts: what happened on a day, in the narrowest cell anybody may ask about.

Everything here is derived from events and can be rebuilt from them at any time.
That is why the dimensions carry no foreign-key constraints: the events they
come from are already guarded, and each constraint would be paid on every row.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team
from escalations.models import Category, Channel, Priority, Ticket


class Measure(models.TextChoices):
    """What a fact counts. Each says what its `bucket` and its `total` mean, if it has them."""

    CREATED = "created", _("Created")
    ACCEPTED = "accepted", pgettext_lazy("counted", "Accepted")
    RETURNED = "returned", pgettext_lazy("counted", "Returned")  # bucket: the reason's id
    RESUBMITTED = "resubmitted", pgettext_lazy("counted", "Resubmitted")
    TAKEN = "taken", pgettext_lazy("counted", "Taken or assigned")
    RESOLVED = "resolved", pgettext_lazy("counted", "Resolved")  # bucket: the resolution code's id
    REOPENED = "reopened", pgettext_lazy("counted", "Reopened")  # bucket: the reason's id
    CANCELLED = "cancelled", pgettext_lazy("counted", "Cancelled")  # bucket: the reason's id
    MERGED = "merged", pgettext_lazy("counted", "Merged")
    CLOSED = "closed", pgettext_lazy("counted", "Closed")
    BACKLOG = "backlog", _("Backlog")  # +1 and −1: summed over all days up to D it is the backlog of D
    RATED = "rated", pgettext_lazy("counted", "Rated")  # bucket: the score; total: the scores' sum
    # Whether each clock reached its aim in time. A resolution that was undone is neither.
    MET_ACCEPT = "met:accept", _("Accepted in time")
    MET_FIRST_RESPONSE = "met:first_response", _("Answered first in time")
    MET_RESOLUTION = "met:resolution", _("Resolved in time")
    BREACHED_ACCEPT = "breached:accept", _("Acceptance overdue")
    BREACHED_FIRST_RESPONSE = "breached:first_response", _("First response overdue")
    BREACHED_RESOLUTION = "breached:resolution", _("Resolution overdue")
    # Durations. bucket: as of reports.durations; total: seconds. "Business" is what
    # the ticket's own clock counted; "calendar" is all of the time since creation.
    ACCEPT_BUSINESS = "accept_business", _("Time to accept, business")
    ACCEPT_CALENDAR = "accept_calendar", _("Time to accept, calendar")
    FIRST_RESPONSE_BUSINESS = "first_response_business", _("Time to first response, business")
    FIRST_RESPONSE_CALENDAR = "first_response_calendar", _("Time to first response, calendar")
    RESOLUTION_BUSINESS = "resolution_business", _("Time to resolve, business")
    RESOLUTION_CALENDAR = "resolution_calendar", _("Time to resolve, calendar")


class Cell(models.Model):
    """One amount of one measure on one day, as the ticket stood then. Days are the desk's own."""

    day = models.DateField()
    team = models.ForeignKey(
        Team, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+", null=True,
        db_constraint=False, db_index=False,
    )  # fmt: skip
    category = models.ForeignKey(
        Category, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    channel = models.CharField(max_length=12, choices=Channel)
    priority = models.PositiveSmallIntegerField(choices=Priority)
    measure = models.CharField(max_length=30, choices=Measure)
    bucket = models.BigIntegerField(null=True)
    count = models.BigIntegerField()
    total = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class DailyFact(Cell):
    """The sum of all tickets in one cell: what the dashboards read."""

    class Meta:
        constraints = [
            # It leads with what every question names, so that it serves reading as well.
            models.UniqueConstraint(
                fields=["measure", "day", "team", "agent", "category", "channel", "priority", "bucket"],
                name="daily_fact_cell",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.measure}: {self.count}"


class TicketLedger(models.Model):
    """Says that a ticket's facts are kept. Whoever changes them holds this row's lock."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return str(self.ticket_id)


class TicketFact(Cell):
    """What one ticket adds to one cell: the ledger behind the sums, and the tickets behind a figure."""

    ticket = models.ForeignKey(TicketLedger, on_delete=models.CASCADE, related_name="facts", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "ticket", "measure", "day", "team", "agent", "category", "channel", "priority", "bucket",
                ],
                name="ticket_fact_cell",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=~Q(count=0, total=0), name="ticket_fact_not_nothing"),
        ]  # fmt: skip
        indexes = [models.Index(fields=["measure", "day"], name="ticket_fact_measure_day")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.day} {self.measure}: {self.count}"
