"""What becomes of a partner's mail that can't be taken as an answer: a note for the desk, and word to its sender.

Only for a sender whose address and domain are the partner's: strangers are told nothing.
"""

import logging
from collections.abc import Sequence
from smtplib import SMTPException

from django.conf import settings
from django.core.files.base import File
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import people
from common.errors import DomainError
from escalations import conversation
from escalations.changes import commit, lock
from escalations.models import HandOver, Message, MessageKind

logger = logging.getLogger(__name__)

OVER, EMPTY, TOO_LARGE = "over", "empty", "too_large"
REASONS: dict[str, Promise | str] = {
    OVER: gettext_lazy("the hand-over is over"),
    EMPTY: gettext_lazy("nothing was written in it"),
    TOO_LARGE: gettext_lazy("it is larger than 30 MB"),
}


def keep(
    hand_over: HandOver, *, why: str, sender: str, language: str, text: str = "", uploads: Sequence[File] = ()
) -> Message | None:
    """Keep what the mail says as an internal note; its event alerts whose it was. None where that can't be."""
    with translation.override(language):
        head = _("A mail of %(sender)s about %(reference)s was not taken as an answer: %(why)s.") % {
            "sender": sender, "reference": hand_over.reference, "why": REASONS[why],
        }  # fmt: skip
    kind, system = MessageKind.NOTE, people.system()
    try:
        with transaction.atomic():
            locked = lock(hand_over.ticket, by=system)
            said = conversation.add(
                locked, by=system, kind=kind, body=f"*{head}*\n\n{text}".strip(), uploads=uploads
            )
            commit(
                locked, "message", by=system, because=str(kind), message=said.pk, kind=kind, by_mail=hand_over.pk
            )
    except DomainError:
        logger.warning("A mail about hand-over %s could not be kept as a note.", hand_over.pk)
        return None
    return said


def answer(hand_over: HandOver, *, why: str, sender: str, language: str, kept: bool) -> EmailMessage:
    """Return the mail that tells the sender why theirs was not taken; nothing of the escalation stands in it."""
    with translation.override(language):
        context = {
            "reference": hand_over.reference,
            "why": REASONS[why],
            "kept": kept,
            "url": settings.SITE_URL + hand_over.get_absolute_url(),
        }
        subject = _("[%s] Your mail was not taken as an answer") % hand_over.reference
        text = render_to_string("escalations/mail/not_taken.txt", context)
    headers = {"Content-Language": language, "Auto-Submitted": "auto-replied"}
    return EmailMessage(subject=subject, body=text, to=[sender], headers=headers)


def send(mail: EmailMessage) -> None:
    """Send the answer; where that fails it is left, for the desk knows of the mail."""
    try:
        mail.send()
    except (OSError, SMTPException, ValueError):
        logger.exception("Nobody could be told that their mail was not taken.")
