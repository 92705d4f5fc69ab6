"""Escalations not sent yet, kept on the server so that a closed tab loses nothing."""

from typing import Any

from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import Refused
from escalations.models import EscalationDraft

LARGEST = 60_000


def keep(user: User, category_key: str, data: dict[str, Any]) -> EscalationDraft:
    """Store what is written so far, cleaned of card numbers. Raises Refused when it is far too long."""
    if sum(len(str(value)) for value in data.values()) > LARGEST:
        raise Refused(_("This is too long to be kept as a draft."))
    draft, _created = EscalationDraft.objects.update_or_create(
        user=user,
        category_key=category_key,
        defaults={"data": redaction.redact_json(data), "updated_at": clock.now()},
    )
    return draft


def find(user: User, category_key: str) -> EscalationDraft | None:
    """Return the person's draft for the category, or None."""
    return EscalationDraft.objects.filter(user=user, category_key=category_key).first()


def discard(user: User, category_key: str) -> None:
    """Throw the draft away: it was sent, or is no longer wanted."""
    EscalationDraft.objects.filter(user=user, category_key=category_key).delete()
