"""Work asked of partner teams: the hand-over, what each partner agreed to, and what it wants to be told."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team
from escalations.models.ticket import Level, Ticket

if TYPE_CHECKING:
    from accounts.models import User


class HandOverState(models.TextChoices):
    """Where a hand-over stands. escalations.hand_over_states says what leads from where to where."""

    ASKED = "asked", _("Asked")
    ACCEPTED = "accepted", _("Accepted")
    IN_WORK = "in_work", _("In work")
    QUESTION_BACK = "question_back", _("Question back")
    ANSWERED = "answered", _("Answered")
    CLOSED = "closed", _("Closed")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


#: The partner has it: an answer is owed, by them or (a question back) first by us.
OWED = (HandOverState.ASKED, HandOverState.ACCEPTED, HandOverState.IN_WORK, HandOverState.QUESTION_BACK)


class PartnerForm(models.Model):
    """One version of what a partner wants to be told: fields as in escalations.contract. Never changed."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="partner_forms")
    version = models.PositiveIntegerField()
    fields = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "version"], name="partner_form_version")]

    def __str__(self) -> str:
        return f"{self.team} v{self.version}"


class PartnerAgreement(models.Model):
    """What was agreed with a partner (OLA): minutes to answer by urgency, and how they are reached.

    Without minutes the ticket's policy says how long. `email`: asked and answered by mail, too.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="agreement")
    high_minutes = models.PositiveIntegerField(
        _("minutes to answer, high urgency"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    medium_minutes = models.PositiveIntegerField(
        _("minutes to answer, medium urgency"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    low_minutes = models.PositiveIntegerField(
        _("minutes to answer, low urgency"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    business_time = models.BooleanField(_("count the partner's open hours only"), default=True)
    email = models.EmailField(_("mail address"), blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    version = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.team)

    @property
    def high_seconds(self) -> int:
        return 60 * (self.high_minutes or 0)

    @property
    def medium_seconds(self) -> int:
        return 60 * (self.medium_minutes or 0)

    @property
    def low_seconds(self) -> int:
        return 60 * (self.low_minutes or 0)

    def minutes(self, urgency: int) -> int | None:
        """Return how long the partner has for an answer of that urgency, None where nothing is agreed."""
        return {
            Level.HIGH: self.high_minutes,
            Level.MEDIUM: self.medium_minutes,
            Level.LOW: self.low_minutes,
        }[Level(urgency)]


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, user: "User") -> "HandOverQuerySet":
        """Return what this person may see: partners what is their team's, the second line what is on its tickets.

        Of a restricted ticket only those on its list see one, partners included. The first line sees none.
        """
        hidden = Q(ticket__in=Ticket.objects.hidden_from(user).values("pk"))
        if user.reads_all:
            return self.exclude(hidden)
        seen = Q(team__in=user.teams_as(Role.PARTNER, Role.LEAD))
        if own := user.teams_as(Role.L2, Role.LEAD):
            seen |= Q(ticket__team__in=own)
        listed = Q(pk=None)
        if user.teams_as(Role.L2, Role.LEAD) or user.reviews_compliance:
            listed = ~Q(ticket__restricted_as="")  # on its list, or it would be hidden
        return self.filter(seen | listed).exclude(hidden)

    def owed(self) -> "HandOverQuerySet":
        """Return those to which an answer is still owed."""
        return self.filter(ended_at=None)

    def end(self, state: HandOverState, at: Any) -> list[int]:
        """Let these be over from that instant; return which were not yet."""
        ended = list(self.owed().order_by("pk").values_list("pk", flat=True))
        if ended:
            self.owed().update(state=state, state_since=at, ended_at=at, version=models.F("version") + 1)
        return ended


class HandOver(models.Model):
    """A question handed to a partner team; owed until `ended_at`.

    `title` is what the partner's list calls it. With `shares_ticket` the partner sees the escalation itself, else
    only what stands here. With `shows_l1` the first line reads the thread. `agreed_minutes` and `agreed_business`
    are those of the agreement when it was asked; `wanted_by` is a date that was asked for instead.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="hand_overs")
    team = models.ForeignKey(Team, verbose_name=_("partner"), on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("in a line"), max_length=200, blank=True, default="", db_default="")
    question = models.TextField(_("what we ask"))
    urgency = models.PositiveSmallIntegerField(
        _("urgency"), choices=Level, default=Level.MEDIUM, db_default=Level.MEDIUM
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    wanted_by = models.DateTimeField(_("wanted by"), null=True)
    agreed_minutes = models.PositiveIntegerField(null=True)
    agreed_business = models.BooleanField(default=True, db_default=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=16, choices=HandOverState, default=HandOverState.ASKED,
        db_default=HandOverState.ASKED,
    )  # fmt: skip
    state_since = models.DateTimeField(null=True)
    form = models.ForeignKey(PartnerForm, on_delete=models.PROTECT, null=True, related_name="+")
    answers = models.JSONField(default=dict, db_default={})
    shares_ticket = models.BooleanField(_("the partner sees the escalation"), default=True, db_default=True)
    shows_l1 = models.BooleanField(_("the first line reads the thread"), default=False, db_default=False)
    version = models.PositiveIntegerField(default=1, db_default=1)
    ended_at = models.DateTimeField(null=True)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "team"], name="one_open_hand_over_per_team",
                condition=models.Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, state__in=OWED)
                | (Q(ended_at__isnull=False) & ~Q(state__in=OWED)),
                name="hand_over_owed_while_open",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["team", "asked_at"], name="hand_over_owed", condition=Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.team}"

    def get_absolute_url(self) -> str:
        return reverse("hand_over", args=[self.pk])

    @property
    def heading(self) -> str:
        """What it is called: its title, or the beginning of the question."""
        return self.title or self.question[:80]

    @property
    def reference(self) -> str:
        return f"HO-{self.pk}"

    @property
    def is_owed(self) -> bool:
        return self.ended_at is None

    @property
    def is_walled(self) -> bool:
        """Whether nothing of it may ever reach the first line or the customer: compliance's."""
        return self.team.reviews_compliance
