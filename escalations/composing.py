"""Drafts of messages, kept on the server: one for each person, ticket and kind of message.

Each kind has a text of its own, so that what was begun as a note can't go out as an answer.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.files.base import File
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

import redaction
from accounts.models import Membership, Role, User
from common import clock
from common.errors import Absent, NotAllowed, Refused
from escalations import attachments, conversation
from escalations.models import DraftFile, HandOver, HandOverState, Message, MessageDraft, MessageKind, Ticket

#: How long a draft that nobody touches is kept, and one that was thrown away.
KEPT_FOR = timedelta(days=30)
DISCARDED_KEPT_FOR = timedelta(days=1)


def own(user: User, ticket: Ticket) -> list[MessageDraft]:
    """Return the person's drafts on the ticket, with those on their way out, the oldest first."""
    drafts = MessageDraft.objects.filter(person=user, ticket=ticket, discarded_at=None)
    return list(drafts.select_related("macro").prefetch_related("files").order_by("updated_at", "pk"))


@transaction.atomic
def keep(
    ticket: Ticket, *, by: User, kind: MessageKind, body: str, promise: datetime | None = None, seen: int = 0
) -> MessageDraft | None:
    """Store what is written so far; nothing at all is no draft. The last who writes wins.

    Raises NotAllowed for a kind that the person can't write here.
    """
    if kind not in conversation.kinds_for(by, ticket):
        raise NotAllowed(_("You may not write this here."))
    text = _clean(body)
    written = MessageDraft.objects.written().filter(person=by, ticket=ticket, kind=kind)
    if not text.strip() and promise is None:
        written.filter(files=None).delete()
        return None
    draft, created = MessageDraft.objects.get_or_create(
        person=by,
        ticket=ticket,
        kind=kind,
        sends_at=None,
        discarded_at=None,
        defaults={"body": text, "promised_for": promise, "seen": seen, "updated_at": clock.now()},
    )
    if not created:
        draft.body, draft.promised_for, draft.seen, draft.updated_at = text, promise, seen, clock.now()
        draft.save(update_fields=["body", "promised_for", "seen", "updated_at"])
    return draft


@transaction.atomic
def keep_the_rest(ticket: Ticket, texts: dict[MessageKind, str], *, by: User, seen: int = 0) -> None:
    """Keep texts of other kinds that came along with one that was sent, where no draft is kept of them yet."""
    kept = set(MessageDraft.objects.written().filter(person=by, ticket=ticket).values_list("kind", flat=True))
    for kind, body in texts.items():
        if body.strip() and kind not in kept:
            keep(ticket, by=by, kind=kind, body=body, seen=seen)


def drop(ticket: Ticket, kind: MessageKind, *, by: User) -> None:
    """Forget the draft of what has just been said."""
    MessageDraft.objects.written().filter(person=by, ticket=ticket, kind=kind).delete()


@transaction.atomic
def discard(draft: MessageDraft, *, by: User) -> MessageDraft:
    """Throw a draft away. `fetch_back` undoes it, for a day."""
    locked = lock(draft, by=by)
    if locked.sends_at is not None:
        raise Refused(_("This is on its way already: call it back first."))
    locked.discarded_at = locked.discarded_at or clock.now()
    locked.save(update_fields=["discarded_at"])
    return locked


@transaction.atomic
def fetch_back(draft: MessageDraft, *, by: User, trouble: str = "") -> MessageDraft:
    """Make a draft again of what is on its way out or was thrown away. Safe to repeat.

    What was begun since stands below it. Raises Absent when it has gone out.
    """
    locked = lock(draft, by=by)
    newer = (
        MessageDraft.objects.select_for_update()
        .written()
        .filter(person=by, ticket=locked.ticket_id, kind=locked.kind)
        .exclude(pk=locked.pk)
        .first()
    )
    if newer is not None:
        locked.body = "\n\n".join(filter(None, [locked.body, newer.body]))
        locked.promised_for = locked.promised_for or newer.promised_for
        newer.files.update(draft=locked)
        newer.delete()
    locked.sends_at = locked.discarded_at = None
    locked.trouble, locked.updated_at = trouble, clock.now()
    locked.save()
    return locked


def lock(draft: MessageDraft, *, by: User) -> MessageDraft:
    """Return the person's draft as stored now, locked. Raises Absent when it is gone."""
    locked = (
        MessageDraft.objects.select_for_update(of=("self",))
        .select_related("ticket", "macro")
        .filter(pk=draft.pk, person=by)
        .first()
    )
    if locked is None:
        raise Absent(_("It has gone out, or is no longer kept."))
    return locked


def add_files(draft: MessageDraft, uploads: Iterable[File]) -> None:
    """Keep files with a draft, judged as they will be when they are sent."""
    for upload in uploads:
        content, _content_type = attachments.prepared(upload)
        kept = DraftFile(draft=draft, name=attachments.safe_name(upload.name or ""), size=content.size)
        kept.file.save("", content, save=False)
        kept.save()


def forget_old() -> int:
    """Delete drafts that nobody has touched for KEPT_FOR, and what was thrown away; return how many."""
    now = clock.now()
    waiting = MessageDraft.objects.filter(sends_at=None)
    old = waiting.filter(updated_at__lt=now - KEPT_FOR)
    discarded = waiting.filter(discarded_at__lt=now - DISCARDED_KEPT_FOR)
    count = old.count()
    old.delete()
    thrown = discarded.count()
    discarded.delete()
    return count + thrown


#: How openly a kind is read: a text is quoted only in what is read as closely, or more so.
_OPEN = {
    MessageKind.NOTE: 0,
    MessageKind.PARTNER: 1,
    MessageKind.TO_L1: 2,
    MessageKind.FROM_L1: 2,
    MessageKind.TO_CUSTOMER: 3,
    MessageKind.FROM_CUSTOMER: 3,
}
_INTERNAL_WORDS = re.compile(r"\b(internal|internally|interno|interna|internamente)\b", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w@])@\w")
_SHORTEST_QUOTE = 12
#: The line that mail_intake puts below an answer by mail: from whom it came, and what was not taken.
_BY_MAIL = re.compile(r"\n\n\*[^\n]*\*\s*\Z")


def quoted(message: Message, kind: MessageKind) -> str:
    """Return a message as a quote in Markdown. Raises Refused where the readers of `kind` may not read it."""
    if _OPEN[MessageKind(message.kind)] < _OPEN[kind]:
        raise Refused(
            _("“%(source)s” is not quoted in “%(target)s”: others would read it.")
            % {"source": message.get_kind_display(), "target": kind.label}
        )
    return "\n".join(f"> {line}".rstrip() for line in message.body.splitlines()) + "\n\n"


def tellable(hand_over: HandOver) -> QuerySet[Message]:
    """Return what a partner said in an answered hand-over, for the desk to tell the customer; never compliance."""
    if hand_over.is_walled or hand_over.state not in {HandOverState.ANSWERED, HandOverState.CLOSED}:
        return Message.objects.none()
    theirs = Membership.objects.filter(team=hand_over.team_id, role__in=[Role.PARTNER, Role.LEAD])
    by_them = Q(author__in=theirs.values("user")) | Q(author__is_robot=True)  # by mail
    return Message.objects.filter(by_them, hand_over=hand_over, taken_back_at=None)


def told_by_partner(ticket: Ticket, number: int, *, by: User) -> str:
    """Return a partner's message as the beginning of an answer to the customer, "" where that may not be."""
    if MessageKind.TO_CUSTOMER not in conversation.kinds_for(by, ticket):
        return ""
    message = conversation.readable(by, ticket).filter(pk=number, kind=MessageKind.PARTNER).first()
    row = message.hand_over if message is not None else None
    if message is None or row is None or not tellable(row).filter(pk=number).exists():
        return ""
    return _BY_MAIL.sub("", message.body).strip() if message.author.is_robot else message.body


def looks_internal(ticket: Ticket, kind: MessageKind, body: str) -> str:
    """Return why a text to the customer looks as if it was not meant for them; "" where nothing does."""
    if kind != MessageKind.TO_CUSTOMER:
        return ""
    if found := _INTERNAL_WORDS.search(body):
        return _("The text says “%s”.") % found[0]
    if _MENTION.search(body):
        return _("The text mentions somebody with @.")
    lines = {line.lstrip("> ").strip() for line in body.splitlines()}
    inside = ticket.messages.exclude(kind__in=[MessageKind.TO_CUSTOMER, MessageKind.FROM_CUSTOMER])
    for said in inside.values_list("body", flat=True):
        if any(len(line.strip()) >= _SHORTEST_QUOTE and line.strip() in lines for line in said.splitlines()):
            return _("The text repeats what was said inside only.")
    return ""


def _clean(body: str) -> str:
    text = redaction.clean(body).replace("\x00", "")
    if len(text) > conversation.LONGEST:
        raise Refused(_("This may have at most %d characters.") % conversation.LONGEST, field="body")
    return text
