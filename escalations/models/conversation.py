"""What people say on a ticket, the files they add, and what they have not sent yet."""

import uuid
from pathlib import PurePosixPath

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.ticket import Ticket


class MessageKind(models.TextChoices):
    NOTE = "note", _("Internal note")
    TO_CUSTOMER = "to_customer", _("Answer to the customer")
    TO_L1 = "to_l1", _("Message to L1")
    FROM_L1 = "from_l1", _("Message from L1")
    FROM_CUSTOMER = "from_customer", _("Message from the customer")
    PARTNER = "partner", _("Hand-over thread")


class CrossPost(models.Model):
    """One internal note that was written to several tickets at once."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("cross-posted note")
        verbose_name_plural = _("cross-posted notes")

    def __str__(self) -> str:
        return f"{self.by_id} · {self.at}"


class Message(models.Model):
    """One thing said, in Markdown. Its kind decides who may read it.

    `written_to` is the duplicate that it was sent to, when it was led on to the ticket that goes on.
    `shown_to_l1`: of a hand-over's thread, this one may be read by the first line. `taken_back_at`: a cross-posted
    note that its writer took back; nobody reads it any more.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(_("kind"), max_length=16, choices=MessageKind)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    body = models.TextField(_("text"))
    hand_over = models.ForeignKey(
        "escalations.HandOver", on_delete=models.CASCADE, null=True, related_name="messages"
    )
    created_at = models.DateTimeField()
    written_to = models.ForeignKey(Ticket, on_delete=models.PROTECT, null=True, related_name="led_on")
    shown_to_l1 = models.BooleanField(_("the first line reads this"), default=False, db_default=False)
    cross_post = models.ForeignKey(CrossPost, on_delete=models.PROTECT, null=True, related_name="messages")
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [models.Index(fields=["ticket", "created_at"], name="message_ticket")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind=MessageKind.PARTNER, hand_over__isnull=False)
                | (~models.Q(kind=MessageKind.PARTNER) & models.Q(hand_over__isnull=True)),
                name="message_partner_has_hand_over",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.ticket_id}"


def attachment_path(_attachment: "Attachment", _name: str) -> str:
    """Return where the file is kept: a random name, so that none can be guessed or clash."""
    token = uuid.uuid4().hex
    return str(PurePosixPath("attachments", token[:2], token))


class Attachment(models.Model):
    """A private file. It is served only through a view that checks the ticket's access."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="attachments")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="attachments")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to=attachment_path, max_length=200)
    is_image = models.BooleanField(default=False)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return self.name


class EscalationDraft(models.Model):
    """An escalation somebody began to write: a closed tab loses nothing."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    category_key = models.CharField(max_length=60)
    data = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "category_key"], name="one_draft_per_category")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.category_key}"
