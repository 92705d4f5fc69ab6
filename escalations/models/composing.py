"""What somebody is about to say: drafts, answers on their way out, macros, and who is mentioned."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team
from escalations.models.catalogue import Category
from escalations.models.conversation import Message, MessageKind, attachment_path
from escalations.models.ticket import State, Ticket

if TYPE_CHECKING:
    from accounts.models import User


class Macro(models.Model):
    """An answer prepared for many tickets: a text with placeholders, and what is done along with it.

    `teams`, `roles`, `categories` and `states` say who may use it and when; an empty one restricts nothing.
    `actions` maps what is done to its value (escalations.macros.ACTIONS).
    """

    name = models.CharField(_("name"), max_length=100)
    folder = models.CharField(_("folder"), max_length=60, blank=True)
    kind = models.CharField(_("writes"), max_length=16, choices=MessageKind)
    body_en = models.TextField(_("text in English"), blank=True)
    body_es = models.TextField(_("text in Spanish"), blank=True)
    actions = models.JSONField(default=dict, blank=True)
    teams = models.ManyToManyField(Team, blank=True, related_name="+")
    roles = ArrayField(models.CharField(max_length=10, choices=Role), default=list, blank=True)
    categories = models.ManyToManyField(Category, blank=True, related_name="+")
    states = ArrayField(models.CharField(max_length=20, choices=State), default=list, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        ordering = ["folder", "name"]

    def __str__(self) -> str:
        return self.name


class MacroUse(models.Model):
    """A macro was used on a ticket: what the list counts."""

    macro = models.ForeignKey(Macro, on_delete=models.CASCADE, related_name="uses")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["macro", "at"], name="macro_used")]

    def __str__(self) -> str:
        return f"{self.macro_id} · {self.ticket_id}"


class MessageDraftQuerySet(models.QuerySet["MessageDraft"]):
    def visible_to(self, user: "User") -> "MessageDraftQuerySet":
        """Return the person's own, of tickets that they may see now."""
        return self.filter(person=user, ticket__in=Ticket.objects.visible_to(user))

    def written(self) -> "MessageDraftQuerySet":
        """Return those that are still being written: neither on their way out nor thrown away."""
        return self.filter(sends_at=None, discarded_at=None)


class MessageDraft(models.Model):
    """What one person has written on a ticket and not said yet: one text for each kind of message.

    With `sends_at` it is on its way out, and can be called back until then. With `discarded_at` it is thrown
    away, and can be fetched back for a while. `seen` is the last message that its writer had before them,
    0 for none; `trouble` why it came back.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=MessageKind)
    body = models.TextField(blank=True)
    promised_for = models.DateTimeField(null=True)
    seen = models.PositiveBigIntegerField(default=0)
    macro = models.ForeignKey(Macro, on_delete=models.SET_NULL, null=True, related_name="+")
    actions = models.JSONField(default=dict)
    trouble = models.TextField(blank=True)
    updated_at = models.DateTimeField()
    sends_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)

    objects = MessageDraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "ticket", "kind"],
                name="one_draft_per_kind",
                condition=Q(sends_at__isnull=True, discarded_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(sends_at__isnull=True) | Q(discarded_at__isnull=True),
                name="draft_sent_or_discarded",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "ticket"], name="draft_on_ticket"),
            models.Index(fields=["updated_at"], name="draft_age"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} · {self.ticket_id} · {self.kind}"


class DraftFile(models.Model):
    """A file of an answer on its way out, or of one that was called back."""

    draft = models.ForeignKey(MessageDraft, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    file = models.FileField(upload_to=attachment_path, max_length=200)

    def __str__(self) -> str:
        return self.name


class Mention(models.Model):
    """A message names a person, who is told of it."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "person"], name="mentioned_once")]

    def __str__(self) -> str:
        return f"{self.message_id} · {self.person_id}"
