"""The ladder: steps before and after a deadline, whom they climb to, and what people are alerted of."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team
from escalations.models.clock import Clock
from escalations.models.handover import HandOver
from escalations.models.ticket import Ticket
from events.models import Event

if TYPE_CHECKING:
    from accounts.models import User


class StepAction(models.TextChoices):
    """What a step of a ladder does."""

    NOTIFY_OWNER = "notify_owner", _("alert the owner")
    NOTIFY_TEAM = "notify_team", _("alert the team")
    NOTIFY_LEAD = "notify_lead", _("alert the lead")
    RAISE_PRIORITY = "raise_priority", _("raise the priority by one")
    REASSIGN = "reassign", _("give it to somebody else of the team")
    CLIMB = "climb", _("alert the next person of the escalation path")


class RungState(models.TextChoices):
    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class LadderRung(models.Model):
    """One step of a ladder on one clock: each exists once, and is done at most once.

    `at` is when it comes; empty while the clock stands still. It follows from the clock's ledger
    (escalations.ladder.instants). Cancelled: the clock stopped, or goes by other steps now. Skipped: it lies
    before the ticket was imported, or there was nothing to do.
    """

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="rungs")
    minutes = models.IntegerField()
    does = models.CharField(max_length=16, choices=StepAction)
    at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=RungState, default=RungState.PLANNED)
    done_at = models.DateTimeField(null=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock", "minutes", "does"], name="rung_once_per_clock"),
            models.CheckConstraint(
                condition=Q(state="done", done_at__isnull=False, event__isnull=False)
                | (~Q(state="done") & Q(done_at__isnull=True, event__isnull=True)),
                name="rung_done_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["at", "id"], name="rung_planned", condition=Q(state="planned", at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} · {self.minutes:+d} min · {self.does} · {self.state}"


class EscalationContact(models.Model):
    """The `position`-th person to climb to when a team's tickets need somebody further up."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="escalation_path")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["team", "position"]
        constraints = [
            models.UniqueConstraint(fields=["team", "position"], name="escalation_path_position"),
            models.UniqueConstraint(fields=["team", "person"], name="escalation_path_person"),
        ]

    def __str__(self) -> str:
        return f"{self.team} · {self.position} · {self.person}"


class AlertKind(models.TextChoices):
    """What somebody is told; its event holds the particulars."""

    ASSIGNED = "assigned", _("Given to you")
    MESSAGE = "message", _("New message")
    MENTIONED = "mentioned", _("You were mentioned")
    ASKED = "asked", _("Question for you")
    RETURNED = "returned", _("Returned to you")
    RESOLVED = "resolved", _("Resolved")
    TAKEN_UP = "taken_up", _("Taken up again")
    MERGED = "merged", _("Merged as a duplicate")
    HANDED_OVER = "handed_over", _("Handed over to your team")
    NUDGED = "nudged", _("Reminder")
    DUE_SOON = "due_soon", _("Due soon")
    MISSED = "missed", _("Deadline missed")
    FORGOTTEN = "forgotten", _("Forgotten")
    REOPENED = "reopened", _("Reopened again")
    UNSENT = "unsent", _("Not sent")
    APPROVAL = "approval", _("Asks for your approval")
    DECIDED = "decided", _("Sensitive action")
    ACCESS = "access", _("Access list")
    FIXED = "fixed", _("Bug fixed")
    RECHECK = "recheck", _("Re-check of an integration")


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, user: "User") -> "AlertQuerySet":
        """Return the person's own alerts, those about tickets that they may not see now left out.

        An alert about a hand-over of their team's they see without the ticket.
        """
        seen = Q(ticket=None) | Q(ticket__in=Ticket.objects.visible_to(user))
        if user.teams_as(Role.PARTNER, Role.LEAD):
            handed = HandOver.objects.visible_to(user).values("ticket")
            seen |= Q(ticket__in=handed, event__data__has_key="hand_over")
        return self.filter(seen, recipient=user)


class Alert(models.Model):
    """What one person was told because of one event: of one fact only once.

    `ticket` is None where it is about no single one.
    `digest_at`: with which digest it goes out, if it does. `sent_at`: when it was mailed, alone or in a digest.
    """

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, null=True, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=AlertKind)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    digest_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    #: What it is about, as the person may know it: see escalations.alerts.entitle.
    title = ""

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "recipient"], name="alerted_once_per_event"),
        ]
        indexes = [
            models.Index(F("recipient"), F("id").desc(), name="alert_unread", condition=Q(read_at__isnull=True)),
            models.Index(F("recipient"), F("id").desc(), name="alert_read", condition=Q(read_at__isnull=False)),
            models.Index(
                fields=["digest_at"],
                name="alert_digest",
                condition=Q(digest_at__isnull=False, sent_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id} · {self.ticket_id} · {self.kind}"
