"""The escalation ticket."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team
from escalations.models.catalogue import Category, ContractForm, Reason, RootCause
from escalations.models.customer import Customer
from knowledgebase.models import KnownIssue

if TYPE_CHECKING:
    from accounts.models import User

REFERENCE_PREFIX = "ESC-"
LONGEST_TAG = 40


class State(models.TextChoices):
    NEW = "new", _("New")
    ACCEPTED = "accepted", _("Accepted")
    IN_PROGRESS = "in_progress", _("In progress")
    WAITING_CUSTOMER = "waiting_customer", _("Waiting on customer")
    WAITING_L1 = "waiting_l1", _("Waiting on L1")
    WAITING_PARTNER = "waiting_partner", _("Waiting on partner")
    RETURNED = "returned", _("Returned")
    RESOLVED = "resolved", _("Resolved")
    REOPENED = "reopened", _("Reopened")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")
    MERGED = "merged", _("Merged")


ENDED = frozenset({State.RESOLVED, State.CLOSED, State.CANCELLED, State.MERGED})
OPEN = frozenset(State) - ENDED
#: States in which a ticket without an owner waits for somebody to take it, or to be given to.
UNTAKEN = (State.NEW, State.ACCEPTED, State.REOPENED, State.IN_PROGRESS)
WAITING = frozenset({State.WAITING_CUSTOMER, State.WAITING_L1, State.WAITING_PARTNER})


class Channel(models.TextChoices):
    PHONE = "phone", _("Phone")
    CHAT = "chat", _("Chat")
    EMAIL = "email", _("Email")
    SOCIAL = "social", _("Social media")
    APP_REVIEW = "app_review", _("App review")
    OTHER = "other", _("Other")


class RestrictionKind(models.TextChoices):
    """Why only those on a ticket's own list may see it."""

    SECURITY = "security", _("Security")
    FRAUD = "fraud", _("Fraud")
    COMPLIANCE = "compliance", _("Compliance")


class Level(models.IntegerChoices):
    """Impact and urgency, the highest first (ITIL)."""

    HIGH = 1, _("High")
    MEDIUM = 2, _("Medium")
    LOW = 3, _("Low")


class Priority(models.IntegerChoices):
    P1 = 1, "P1"
    P2 = 2, "P2"
    P3 = 3, "P3"
    P4 = 4, "P4"


#: The due time, for sorting, of a ticket none of whose clocks runs.
NEVER_DUE = datetime(9999, 12, 31, tzinfo=UTC)


def due_or_never() -> Coalesce:
    """Return the next due time as something that sorts last when there is none.

    The queue's index is over this very expression.
    """
    return Coalesce(
        "next_due_at",
        Value(NEVER_DUE, output_field=models.DateTimeField()),
        output_field=models.DateTimeField(),
    )


def risk_or_none() -> Coalesce:
    """Return how likely a deadline is missed, in percent, as something that sorts last (-1) when nobody knows.

    The queue's index by risk is over this very expression.
    """
    # Not the column's own type: that can't be negative, so Django would take "= -1" for something always false.
    signed = models.SmallIntegerField()
    return Coalesce("breach_risk", Value(-1, output_field=signed), output_field=signed)


def _on_list(user: "User") -> Q:
    """Return the condition of a restricted ticket on whose list `user` stands, by name or by a team.

    The rows that are not restricted, nearly all, cost one comparison; the partial index `ticket_restricted` finds
    the others. The list is asked for each of them, and never joined.
    """
    from escalations.models.restricted import AccessEntry

    listed = AccessEntry.objects.of(user).filter(ticket=models.OuterRef("pk"))
    return ~Q(restricted_as="") & Q(models.Exists(listed))


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: "User") -> "TicketQuerySet":
        """Return the tickets this person may see; every other one looks absent.

        L1 sees own and own team's escalations, L2 and leads their teams', a
        partner what was handed to them with the ticket itself, auditors and admins all. A restricted one
        is seen by those on its own list, and by nobody else.
        """
        if user.reads_all:
            return self.not_hidden_from(user)
        visible = Q(created_by=user)
        if from_teams := user.teams_as(Role.L1, Role.LEAD):
            visible |= Q(l1_team__in=from_teams)
        if own_teams := user.teams_as(Role.L2, Role.LEAD):
            visible |= Q(team__in=own_teams)
        if partner_teams := user.teams_as(Role.PARTNER):
            from escalations.models.handover import HandOver

            handed = HandOver.objects.filter(
                ticket=models.OuterRef("pk"), team__in=partner_teams, shares_ticket=True
            )
            visible |= Q(models.Exists(handed))
        return self.filter((Q(restricted_as="") & visible) | _on_list(user))

    def not_hidden_from(self, user: "User") -> "TicketQuerySet":
        """Return these but for the restricted ones whose list `user` is not on."""
        return self.filter(Q(restricted_as="") | _on_list(user))

    def hidden_from(self, user: "User") -> "TicketQuerySet":
        """Return the restricted ones whose list `user` is not on: few, of however many there are."""
        return self.restricted().exclude(_on_list(user))

    def restricted(self) -> "TicketQuerySet":
        """Return these as far as only a list of their own may see them."""
        return self.filter(~Q(restricted_as=""))

    def open(self) -> "TicketQuerySet":
        """Return the tickets somebody still has to do something about."""
        return self.filter(state__in=OPEN)


class Ticket(models.Model):
    """One escalation, from the contract L1 wrote to the answer L2 gave.

    Change it only through the functions of escalations.lifecycle and its
    neighbours: they lock, check, and record the event. The columns about clocks
    (`next_due_at`, `next_due_metric`, `breach_risk`) are a cache of the clocks' own rows; `breach_risk` is
    the highest forecast among those that are owed to the customer, in percent.

    `unanswered_since` is the oldest customer message that nobody has answered; `promised_at` and
    `promised_for` are an update promised to the customer and not given yet; `forgotten_at` is when to look
    whether anybody has touched it. `let_go_at` is when a person left it to nobody on purpose: routing does not
    give it out then, until it gets an owner, another team, or somebody asks for routing.

    `restricted_as` is set while only those on its own list may see it (escalations.restricting).
    """

    subject = models.CharField(_("subject"), max_length=200)
    description = models.TextField(_("what happened"))
    category = models.ForeignKey(Category, verbose_name=_("category"), on_delete=models.PROTECT)
    form = models.ForeignKey(ContractForm, on_delete=models.PROTECT, null=True, related_name="+")
    answers = models.JSONField(default=dict)
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="tickets"
    )
    channel = models.CharField(_("channel"), max_length=12, choices=Channel)
    l1_reference = models.CharField(_("L1 ticket"), max_length=80, blank=True)
    l1_link = models.URLField(_("link to the L1 ticket"), blank=True)
    transaction_ref = models.CharField(_("transaction or request id"), max_length=120, blank=True)
    product = models.CharField(_("product"), max_length=80, blank=True)
    error_code = models.CharField(_("error code"), max_length=80, blank=True)

    impact = models.PositiveSmallIntegerField(_("impact"), choices=Level, default=Level.MEDIUM)
    urgency = models.PositiveSmallIntegerField(_("urgency"), choices=Level, default=Level.MEDIUM)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority)

    state = models.CharField(_("state"), max_length=20, choices=State, default=State.NEW)
    state_since = models.DateTimeField(_("in this state since"))
    team = models.ForeignKey(Team, verbose_name=_("team"), on_delete=models.PROTECT, related_name="+")
    team_since = models.DateTimeField(_("with this team since"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.PROTECT, null=True,
        related_name="owned_tickets",
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("escalated by"), on_delete=models.PROTECT,
        related_name="escalated_tickets",
    )  # fmt: skip
    l1_team = models.ForeignKey(
        Team, verbose_name=_("escalated from"), on_delete=models.PROTECT, null=True, related_name="+"
    )

    created_at = models.DateTimeField(_("escalated"))
    updated_at = models.DateTimeField(_("last change"))
    accepted_at = models.DateTimeField(null=True)
    first_response_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reopen_count = models.PositiveIntegerField(default=0)
    return_count = models.PositiveIntegerField(default=0)
    reassignment_count = models.PositiveIntegerField(default=0)

    unanswered_since = models.DateTimeField(_("the customer waits for an answer since"), null=True)
    promised_at = models.DateTimeField(null=True)
    promised_for = models.DateTimeField(_("update promised for"), null=True)

    next_due_at = models.DateTimeField(_("next deadline"), null=True)
    next_due_metric = models.CharField(max_length=20, blank=True)
    breach_risk = models.PositiveSmallIntegerField(_("risk"), null=True)

    restricted_as = models.CharField(
        _("restricted"), max_length=12, choices=RestrictionKind, blank=True, default="", db_default=""
    )

    forgotten_at = models.DateTimeField(null=True)
    let_go_at = models.DateTimeField(null=True)

    resolution = models.ForeignKey(
        Reason, verbose_name=_("resolution code"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    root_cause = models.ForeignKey(
        RootCause, verbose_name=_("root cause"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    answer_to_l1 = models.TextField(_("answer for L1"), blank=True)
    answer_to_customer = models.TextField(_("answer for the customer"), blank=True)
    known_issue = models.ForeignKey(
        KnownIssue,
        verbose_name=_("known issue"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="tickets",
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged_from")
    tags = ArrayField(models.CharField(max_length=LONGEST_TAG), verbose_name=_("tags"), default=list)

    origin = models.CharField(max_length=40, blank=True)
    external_reference = models.CharField(max_length=80, blank=True)
    imported_facts = models.JSONField(default=dict)

    version = models.PositiveIntegerField(default=1)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        indexes = [
            models.Index(
                F("team"),
                F("priority"),
                due_or_never(),
                F("id"),
                name="ticket_queue",
                condition=Q(state__in=sorted(OPEN)),
            ),
            # The queue of those who see several teams, and its other orders, over what is open.
            models.Index(
                F("priority"),
                due_or_never(),
                F("id"),
                name="ticket_open_urgency",
                condition=Q(state__in=sorted(OPEN)),
            ),
            models.Index(due_or_never(), F("id"), name="ticket_open_due", condition=Q(state__in=sorted(OPEN))),
            models.Index(
                fields=["created_at", "id"], name="ticket_open_created", condition=Q(state__in=sorted(OPEN))
            ),
            models.Index(
                fields=["updated_at", "id"], name="ticket_open_updated", condition=Q(state__in=sorted(OPEN))
            ),
            models.Index(
                risk_or_none().desc(), F("id").desc(), name="ticket_risk", condition=Q(state__in=sorted(OPEN))
            ),
            models.Index(
                fields=["team", "priority", "created_at", "id"],
                name="ticket_to_route",
                condition=Q(owner=None, let_go_at=None, state__in=sorted(UNTAKEN)),
            ),
            models.Index(fields=["owner", "state"], name="ticket_owner_state"),
            models.Index(fields=["l1_team", "-created_at"], name="ticket_l1_team"),
            models.Index(fields=["created_by", "-created_at"], name="ticket_creator"),
            models.Index(fields=["customer", "-created_at"], name="ticket_customer"),
            models.Index(fields=["transaction_ref"], name="ticket_transaction", condition=~Q(transaction_ref="")),
            models.Index(F("error_code"), F("id").desc(), name="ticket_error_code", condition=~Q(error_code="")),
            models.Index(F("product"), F("id").desc(), name="ticket_product", condition=~Q(product="")),
            # What is rare among all tickets, so that a list of it need not look through the others.
            models.Index(
                F("created_at").desc(), F("id").desc(), name="ticket_reopened", condition=Q(reopen_count__gt=0)
            ),
            models.Index(
                F("created_at").desc(), F("id").desc(), name="ticket_returned", condition=Q(return_count__gt=0)
            ),
            models.Index(
                KT("answers__endpoint"), name="ticket_endpoint", condition=Q(answers__has_key="endpoint")
            ),
            models.Index(fields=["state", "state_since"], name="ticket_state_since"),
            models.Index(fields=["created_at"], name="ticket_created"),
            models.Index(fields=["resolved_at"], name="ticket_resolved", condition=Q(resolved_at__isnull=False)),
            models.Index(
                fields=["forgotten_at"], name="ticket_forgotten", condition=Q(forgotten_at__isnull=False)
            ),
            GinIndex(fields=["answers"], name="ticket_answers", opclasses=["jsonb_path_ops"]),
            models.Index(fields=["l1_reference"], name="ticket_l1_reference", condition=~Q(l1_reference="")),
            GinIndex(fields=["tags"], name="ticket_tags"),
            models.Index(F("id").desc(), name="ticket_tagged", condition=~Q(tags=[])),
            models.Index(fields=["id", "customer"], name="ticket_restricted", condition=~Q(restricted_as="")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "external_reference"], name="ticket_imported_once", condition=~Q(origin="")
            ),
            models.CheckConstraint(
                condition=Q(impact__range=(1, 3), urgency__range=(1, 3), priority__range=(1, 4)),
                name="ticket_priority_range",
            ),
            models.CheckConstraint(
                condition=Q(state=State.MERGED, merged_into__isnull=False)
                | (~Q(state=State.MERGED) & Q(merged_into__isnull=True)),
                name="ticket_merged_has_target",
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="ticket_not_merged_into_itself"),
            models.CheckConstraint(
                condition=~Q(state__in=[State.RESOLVED, State.CLOSED]) | Q(resolved_at__isnull=False),
                name="ticket_resolved_has_time",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.reference} {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("ticket", args=[self.reference])

    @property
    def reference(self) -> str:
        return f"{REFERENCE_PREFIX}{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def survivor(self) -> "Ticket":
        """Return the escalation that goes on in a merged one's place; itself if it is not merged."""
        ticket = self
        while ticket.merged_into is not None:
            ticket = ticket.merged_into
        return ticket
