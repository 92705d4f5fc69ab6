"""Taking in the mail by which partners answer hand-overs: each once, whatever it holds.

A mail counts if it went to an address that we signed (reply_address), from the partner's own domain, and no
program wrote it. Only what became of it is kept, under the digest of its Message-ID.
"""

import hashlib
import logging
import re
from collections import Counter
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parseaddr
from typing import NamedTuple

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.mail import EmailMessage as Outgoing
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import people
from common import clock
from common.errors import DomainError, Refused
from escalations import attachments, handing_over, mail_refusals, mail_texts, mailbox, reply_address
from escalations.conversation import LONGEST
from escalations.hand_over_states import Move, Side
from escalations.models import HandOver, InboundMail, MailOutcome, PartnerAgreement

logger = logging.getLogger(__name__)

_TO = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
#: What the first line of an answer may begin with, instead of answering.
_WORDS = {
    Move.ASK_BACK: re.compile(r"\s*(?:question|pregunta)\s*:", re.IGNORECASE),
    Move.DECLINE: re.compile(r"\s*(?:decline|rechazo)\s*:", re.IGNORECASE),
}


class Judged(NamedTuple):
    """What became of a mail, a word for why, and what its sender is told, if anything."""

    outcome: MailOutcome
    reason: str
    reply: Outgoing | None = None


def take_in() -> Counter[str]:
    """Take in what has come, and return how many ended how; nothing where no mailbox is set. Raises Unreadable."""
    outcomes: Counter[str] = Counter()
    if not settings.MAIL_IN_URL:
        return outcomes
    for letter in mailbox.letters(settings.MAIL_IN_URL):
        try:
            outcomes[str(take(letter.content, letter.head).outcome)] += 1
        except Exception:
            logger.exception("A mail could not be taken in; it stays where it is and is tried again.")
            outcomes["failed"] += 1
            continue
        letter.done()
    return outcomes


def take(content: bytes | None, head: bytes = b"") -> InboundMail:
    """Take in one mail, or return what became of it before."""
    raw = content if content is not None else head
    try:
        mail = BytesParser(EmailMessage, policy=policy.default.clone(refold_source="none")).parsebytes(raw)
        given = str(mail.get("Message-ID", "")).strip()
    except (MessageError, ValueError, LookupError, IndexError, AttributeError):
        mail, given = None, ""
    digest = hashlib.sha256(given.encode(errors="replace") if given else raw).hexdigest()
    reply: Outgoing | None = None
    with transaction.atomic():
        row, is_new = InboundMail.objects.get_or_create(
            digest=digest,
            defaults={"received_at": clock.now(), "outcome": MailOutcome.REFUSED, "reason": "unreadable"},
        )
        if not is_new:
            return row
        if mail is not None:
            row.outcome, row.reason, reply = _judge(mail, row, too_large=content is None)
            row.save()
    if reply is not None:
        mail_refusals.send(reply)
    return row


def _judge(mail: EmailMessage, row: InboundMail, *, too_large: bool) -> Judged:
    """Carry out what the mail says, if it is one."""
    if mail_texts.is_automatic(mail):
        return Judged(MailOutcome.IGNORED, "automatic")
    addresses = [address for _name, address in getaddresses([str(v) for n in _TO for v in mail.get_all(n, [])])]
    try:
        number = reply_address.read(addresses)
    except reply_address.Forged:
        return Judged(MailOutcome.REFUSED, "forged")
    if number is None:
        return Judged(MailOutcome.IGNORED, "not_ours")
    hand_over = HandOver.objects.select_related("team").filter(pk=number).first()
    if hand_over is None:
        return Judged(MailOutcome.REFUSED, "gone")
    row.hand_over = hand_over
    sender = parseaddr(str(mail.get("From", "")))[1].lower()
    agreement = PartnerAgreement.objects.filter(team=hand_over.team_id).first()
    if agreement is None or not agreement.email or _domain(sender) != _domain(agreement.email.lower()):
        return Judged(MailOutcome.REFUSED, "stranger")
    return _answer(mail, row, hand_over, sender, agreement.language, too_large=too_large)


def _answer(
    mail: EmailMessage, row: InboundMail, hand_over: HandOver, sender: str, language: str, *, too_large: bool
) -> Judged:
    """Make the step that the mail asks for; else add what it says; else leave it to the desk as a note."""
    text = "" if too_large else mail_texts.written(mail)
    with translation.override(language):
        uploads, left_out = ([], []) if too_large else _uploads(mail)
        notes = [_("By mail from %s") % sender]
        if left_out:
            notes.append(_("Not taken: %s") % ", ".join(left_out))
    signed = f"*{' · '.join(notes)}*"
    for move, said in _meant(text, hand_over) if text else ():
        body = f"{said[: LONGEST - 2000]}\n\n{signed}"
        try:
            with transaction.atomic():
                handing_over.act(
                    hand_over, move, by=people.system(), side=Side.PARTNER, text=body, uploads=_anew(uploads)
                )
        except DomainError:
            continue
        row.message = hand_over.messages.order_by("-pk").first()
        return Judged(MailOutcome.TAKEN, str(move))
    why = mail_refusals.TOO_LARGE if too_large else mail_refusals.OVER if text else mail_refusals.EMPTY
    body = f"{text[: LONGEST - 2000]}\n\n{signed}" if text else ""
    row.message = mail_refusals.keep(
        hand_over, why=why, sender=sender, language=language, text=body, uploads=_anew(uploads)
    )
    kept = row.message is not None
    reply = mail_refusals.answer(hand_over, why=why, sender=sender, language=language, kept=kept)
    return Judged(MailOutcome.REFUSED, why, reply)


def _anew(uploads: list[File]) -> list[File]:
    """Return the files as nobody has read them."""
    for upload in uploads:
        upload.seek(0)
    return uploads


def _meant(text: str, hand_over: HandOver) -> list[tuple[Move, str]]:
    """Return the step that the first line asks for, with the text without that word; then just saying it."""
    say = (Move.SAY, text)
    if not hand_over.is_owed:
        return [say]
    for move, word in _WORDS.items():
        if found := word.match(text):
            return [(move, text[found.end() :].strip() or text), say]
    return [(Move.ANSWER, text), say]


def _uploads(mail: EmailMessage) -> tuple[list[File], list[str]]:
    """Return the files that the rules for uploads let in, and the names of the others."""
    taken: list[File] = []
    left_out = []
    for name, content in mail_texts.files(mail):
        upload = ContentFile(content, name=attachments.safe_name(name))
        try:
            if len(taken) >= attachments.MOST_FILES:
                raise Refused(_("At most %(most)d files at a time.") % {"most": attachments.MOST_FILES})
            attachments.prepared(upload)
        except Refused:
            left_out.append(attachments.safe_name(name))
        else:
            upload.seek(0)
            taken.append(upload)
    return taken, left_out


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
