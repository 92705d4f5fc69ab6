"""Customer satisfaction: one signed, expiring, single-use link per resolution, and what came back."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import redaction
from accounts import people
from common import clock
from common.errors import Refused
from escalations.changes import record
from escalations.models import Rating, RatingInvitation, Ticket

SCORES = range(1, 6)
REASONS = {
    "fast": gettext_lazy("It was fast"),
    "solved": gettext_lazy("My problem is solved"),
    "friendly": gettext_lazy("I was treated kindly"),
    "clear": gettext_lazy("The answer was clear"),
    "slow": gettext_lazy("It took too long"),
    "unsolved": gettext_lazy("My problem is not solved"),
    "repeated": gettext_lazy("I had to repeat myself"),
    "unclear": gettext_lazy("The answer was not clear"),
}
LONGEST_COMMENT = 2_000

_signer = signing.TimestampSigner(salt="escalations.csat")


class LinkRefused(Exception):
    """A rating link that can't be used: forged, expired or used already. Says which."""


@dataclass(frozen=True)
class Opinion:
    """What the customer chose and wrote."""

    score: int
    reasons: list[str]
    comment: str


@transaction.atomic
def invite(ticket: Ticket) -> RatingInvitation:
    """Ask the customer for a rating. An invitation not used yet is renewed, not doubled."""
    now = clock.now()
    expires_at = now + timedelta(days=settings.RATING_LINK_DAYS)
    invitation, created = RatingInvitation.objects.select_for_update().get_or_create(
        ticket=ticket, used_at=None, defaults={"sent_at": now, "expires_at": expires_at}
    )
    if not created:
        invitation.sent_at, invitation.expires_at = now, expires_at
        invitation.save(update_fields=["sent_at", "expires_at"])
    record(ticket, "rating_asked", by=people.system(), invitation=invitation.pk)
    return invitation


def token(invitation: RatingInvitation) -> str:
    """Return what the link carries: the invitation's number, signed."""
    return _signer.sign(str(invitation.pk))


def invitation_of(link_token: str) -> RatingInvitation:
    """Return the invitation a link stands for. Raises LinkRefused."""
    try:
        number = int(_signer.unsign(link_token))
    except (signing.BadSignature, ValueError):
        raise LinkRefused(_("This link is not complete. Please open it from the mail again.")) from None
    invitation = (
        RatingInvitation.objects.select_related("ticket__customer", "ticket__category").filter(pk=number).first()
    )
    if invitation is None:
        raise LinkRefused(_("This link is no longer known."))
    if invitation.used_at is not None:
        raise LinkRefused(_("Thank you: you have rated this answer already."))
    if invitation.expires_at <= clock.now():
        raise LinkRefused(_("This link has expired."))
    return invitation


@transaction.atomic
def rate(link_token: str, opinion: Opinion) -> Rating:
    """Keep the customer's rating. Raises LinkRefused, or Refused when the score is no score."""
    invitation = invitation_of(link_token)
    locked = RatingInvitation.objects.select_for_update().get(pk=invitation.pk)
    if locked.used_at is not None:
        raise LinkRefused(_("Thank you: you have rated this answer already."))
    if opinion.score not in SCORES:
        raise Refused(_("Choose a score from 1 to 5."), field="score")
    ticket = invitation.ticket
    locked.used_at = clock.now()
    locked.save(update_fields=["used_at"])
    rating = Rating.objects.create(
        invitation=locked,
        ticket=ticket,
        score=opinion.score,
        reasons=[reason for reason in REASONS if reason in opinion.reasons],
        comment=redaction.clean(opinion.comment).replace("\x00", "").strip()[:LONGEST_COMMENT],
        language=ticket.customer.language,
        agent=ticket.owner,
        team=ticket.team,
        category=ticket.category,
        rated_at=locked.used_at,
    )
    record(ticket, "rated", by=people.system(), rating=rating.pk, score=rating.score)
    return rating
