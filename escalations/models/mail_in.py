"""Mail that came in, so that each is taken once, and what became of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.conversation import Message
from escalations.models.handover import HandOver


class MailOutcome(models.TextChoices):
    TAKEN = "taken", _("Taken")
    IGNORED = "ignored", _("Ignored")
    REFUSED = "refused", _("Refused")


class InboundMail(models.Model):
    """One mail by the digest of its Message-ID. Neither its text nor its sender is kept here."""

    digest = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=MailOutcome)
    reason = models.CharField(max_length=40)
    hand_over = models.ForeignKey(HandOver, on_delete=models.SET_NULL, null=True, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("inbound mail")
        verbose_name_plural = _("inbound mails")

    def __str__(self) -> str:
        return f"{self.received_at} · {self.outcome} · {self.reason}"
