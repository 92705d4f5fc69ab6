"""An address per ticket that takes webhooks in, and what arrived there."""

import hashlib

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from escalations.models import Ticket


class Scheme(models.TextChoices):
    """How a sender signs."""

    NONE = "none", _("Not checked")
    STRIPE = "stripe", _("Time and signature in one header (t=…,v1=…), as Stripe")
    GITHUB = "github", _("sha256=… in a header, as GitHub")
    STANDARD = "standard", _("Id, time and signature in three headers, as Standard Webhooks and Svix")
    SLACK = "slack", _("v0=… over time and body, as Slack")
    BASE64 = "base64", _("HMAC-SHA256 in base64 in a header, as Shopify")
    HEX = "hex", _("HMAC-SHA256 in hex in a header")
    SHA1 = "sha1", _("HMAC-SHA1 in hex in a header")
    SHA512 = "sha512", _("HMAC-SHA512 in hex in a header")


class Verdict(models.TextChoices):
    """What the check of a signature found, in a sentence that says what to look at."""

    UNCHECKED = "unchecked", _("The signature was not checked.")
    VALID = "valid", _("The signature is right.")
    NO_HEADER = (
        "no_header",
        _("The header with the signature is missing. Does the sender sign, and is the header called so?"),
    )
    MALFORMED = "malformed", _("The header is there, but not written as this scheme writes it.")
    OLD = (
        "old",
        _(
            "The signature is right, but its time is outside the tolerance. Look at the sender's clock,"
            " or it was sent once more."
        ),
    )
    BODY_CHANGED = (
        "body_changed",
        _(
            "The body was changed on the way: the signature is right for the same content written differently."
            " Something between has parsed and rewritten it."
        ),
    )
    OTHER_FORM = (
        "other_form",
        _(
            "The secret is the right one, used in another form by the sender (with or without its prefix, spaces"
            " or encoding). Both sides must use the same bytes."
        ),
    )
    WITHOUT_TIME = (
        "without_time",
        _("The sender signs the body alone, not the time with it: its scheme is another one."),
    )
    WRONG = (
        "wrong",
        _("The signature was made with another secret, or of another body. Compare the secrets first."),
    )


class WebhookAddress(models.Model):
    """Where a ticket takes webhooks in. The token is found by its hash; it and the secret are kept sealed."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="webhook_address")
    token = models.TextField()
    token_hash = models.CharField(max_length=64, unique=True)
    scheme = models.CharField(_("signature"), max_length=8, choices=Scheme, default=Scheme.NONE)
    header = models.CharField(_("header"), max_length=100, blank=True)
    secret = models.TextField(blank=True)
    tolerance = models.PositiveIntegerField(_("tolerance in seconds"), default=300)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.ticket.reference


class WebhookDelivery(models.Model):
    """What arrived, redacted. `sha256` and `size` are of the bytes as they came, which are not kept.

    `path` is what the sender put behind the address.
    """

    address = models.ForeignKey(WebhookAddress, on_delete=models.CASCADE, related_name="deliveries")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    method = models.CharField(max_length=7)
    path = models.TextField(blank=True)
    query = models.TextField(blank=True)
    headers = models.JSONField(default=list)
    body = models.TextField(blank=True)
    is_text = models.BooleanField(pgettext_lazy("a body", "is text"), default=True)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    scheme = models.CharField(max_length=8, choices=Scheme)
    verdict = models.CharField(max_length=12, choices=Verdict)

    class Meta:
        indexes = [models.Index(fields=["address", "-id"], name="delivery_newest")]

    @property
    def is_exact(self) -> bool:
        """Whether the body that is kept is byte for byte the one that came."""
        return self.is_text and hashlib.sha256(self.body.encode()).hexdigest() == self.sha256

    def __str__(self) -> str:
        return f"{self.method} {self.at:%Y-%m-%d %H:%M:%S}"
