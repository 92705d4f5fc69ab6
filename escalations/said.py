"""What of a ticket was said by somebody, to be kept as evidence: in their words, and provably so."""

import hashlib
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from common.errors import Refused
from escalations.models import EvidenceKind, Message, MessageKind, Ticket


class Said(NamedTuple):
    """Somebody's words: `body` is all of them, `source` tells where they stand and their digest."""

    kind: EvidenceKind
    title: str
    body: str
    source: dict[str, Any]

    def part(self, typed: str) -> str:
        """Return the part of the words that was chosen, all of them for "". Raises Refused for other words."""
        chosen = _plain(typed)
        if chosen not in _plain(self.body):
            raise Refused(
                _("This does not stand there. Keep all of it or a part, and put your own words into the title."),
                field="body",
            )
        return chosen or self.body


def in_message(message: Message, ticket: Ticket) -> Said:
    """Return what a message says that is read on this ticket: the customer's words if it came from them."""
    source = {"message": message.pk, "at": message.created_at.isoformat()}
    if message.kind == MessageKind.FROM_CUSTOMER:
        return _said(ticket, EvidenceKind.CUSTOMER, _("The customer writes"), message.body, source)
    return _said(ticket, EvidenceKind.OTHER, str(MessageKind(message.kind).label), message.body, source)


def in_contract(ticket: Ticket) -> Said:
    """Return the description that the ticket was escalated with, which is the customer's complaint."""
    source = {"contract": "description", "at": ticket.created_at.isoformat()}
    return _said(ticket, EvidenceKind.CUSTOMER, _("The customer's complaint"), ticket.description, source)


def _said(ticket: Ticket, kind: EvidenceKind, title: str, body: str, source: dict[str, Any]) -> Said:
    digest = hashlib.sha256(body.encode()).hexdigest()
    return Said(kind, title, body, source | {"sha256": digest, "page": ticket.get_absolute_url()})


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
