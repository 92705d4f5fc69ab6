"""What is said on a ticket, and who may say and read what."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import File
from django.db import models, transaction
from django.utils.translation import gettext as _

import redaction
from accounts import people
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused, StaleVersion
from escalations import attachments, mentions, search_index, tipping_off
from escalations.access import DESK, Party, hand_overs, parties, reads_internal
from escalations.changes import commit, enter, lock, lock_in_order, required
from escalations.clocks import whole_second
from escalations.hand_over_states import follow, put, told_of
from escalations.models import Attachment, CrossPost, HandOver, HandOverState, Message, MessageKind, State, Ticket

LONGEST = 50_000
FURTHEST_PROMISE = timedelta(days=366)

#: Who may write which kind of message.
WRITERS: dict[MessageKind, frozenset[Party]] = {
    MessageKind.NOTE: DESK | {Party.LISTED},
    MessageKind.TO_CUSTOMER: DESK,
    MessageKind.TO_L1: DESK,
    MessageKind.FROM_L1: frozenset({Party.REQUESTER}),
    MessageKind.FROM_CUSTOMER: DESK | {Party.REQUESTER, Party.SYSTEM},
    MessageKind.PARTNER: DESK | {Party.PARTNER},
}

#: A message of this kind answers what the ticket waits for.
_ANSWERS = {
    MessageKind.FROM_L1: State.WAITING_L1,
    MessageKind.FROM_CUSTOMER: State.WAITING_CUSTOMER,
}

#: What the other side says once it is over has to reopen the ticket, or nobody would act on it.
_REOPENING = {MessageKind.FROM_L1, MessageKind.FROM_CUSTOMER}
_OVER = {State.RESOLVED, State.CLOSED}
_SILENT = {State.MERGED, State.CANCELLED}

#: What is written to a duplicate all the same, and led on to the ticket that goes on.
_LED_ON = (MessageKind.FROM_L1, MessageKind.FROM_CUSTOMER)

_FIRST_RESPONSES = {MessageKind.TO_CUSTOMER, MessageKind.TO_L1}


def kinds_for(user: User, ticket: Ticket) -> list[MessageKind]:
    """Return the kinds of message that `user` may write on this ticket now."""
    stances = parties(user, ticket)
    if ticket.state == State.MERGED and ticket.survivor().is_open:
        return [kind for kind in _LED_ON if stances & WRITERS[kind]]
    if ticket.state in _SILENT:
        return []
    open_hand_over = stances & WRITERS[MessageKind.PARTNER] and _open_hand_over(ticket, user) is not None
    return [
        kind
        for kind, writers in WRITERS.items()
        if stances & writers
        and (kind != MessageKind.PARTNER or open_hand_over)
        and not (kind in _REOPENING and ticket.state in _OVER)
    ]


def readable(user: User, ticket: Ticket) -> models.QuerySet[Message]:
    """Return the messages `user` may read, oldest first, with those that were led on from here to another ticket.

    L1 reads everything but internal notes, hand-over threads and what came from duplicates of others; a partner
    only the threads of their own teams.
    """
    messages = (
        Message.objects.filter(models.Q(ticket=ticket) | models.Q(written_to=ticket))
        .select_related("author", "hand_over__team", "ticket", "written_to")
        .prefetch_related("attachments")
    )
    if not reads_internal(user, ticket):
        stances = parties(user, ticket)
        seen = models.Q(pk=None)
        if Party.REQUESTER in stances:
            own = models.Q(written_to=None) | models.Q(written_to__in=Ticket.objects.visible_to(user))
            seen |= ~models.Q(kind__in=[MessageKind.NOTE, MessageKind.PARTNER]) & own
        if Party.REQUESTER in stances:
            shown = models.Q(shown_to_l1=True) | models.Q(hand_over__shows_l1=True)
            seen |= shown & models.Q(kind=MessageKind.PARTNER, hand_over__team__reviews_compliance=False)
        seen |= models.Q(hand_over__team__in=user.teams_as("partner"))
        messages = messages.filter(seen)
    return messages.filter(taken_back_at=None).order_by("created_at", "pk")


def thread(hand_over: HandOver) -> models.QuerySet[Message]:
    """Return what is said in a hand-over, oldest first, for whoever may see the hand-over."""
    said = Message.objects.filter(hand_over=hand_over, taken_back_at=None)
    said = said.select_related("author", "hand_over__team", "ticket", "written_to")
    return said.prefetch_related("attachments").order_by("created_at", "pk")


def files_of(hand_over: HandOver) -> models.QuerySet[Attachment]:
    """Return the files of a hand-over's thread, for whoever may see the hand-over."""
    return Attachment.objects.filter(message__in=thread(hand_over).order_by().values("pk"))


def files(user: User, ticket: Ticket) -> models.QuerySet[Attachment]:
    """Return the files of the contract and of the messages that `user` may read, the oldest first."""
    of_messages = models.Q(message__in=readable(user, ticket).order_by().values("pk"))
    found = Attachment.objects.filter(models.Q(ticket=ticket, message=None) | of_messages)
    return found.order_by("created_at", "pk")


@transaction.atomic
def write(
    ticket: Ticket,
    *,
    by: User,
    kind: MessageKind,
    body: str,
    uploads: Iterable[File] = (),
    promise: datetime | None = None,
    seen: int | None = None,
) -> Message:
    """Add a message. It may answer what the ticket waits for, which then resumes.

    What L1 or the customer writes to a merged ticket is led on to the one that goes on. `promise`: until when the
    customer is promised another update, in a message to them. `seen`: the last message that the writer had before
    them. Raises NotAllowed, Refused, StaleVersion where others have written since.
    """
    if ticket.state == State.MERGED:
        lock_in_order(ticket.pk, ticket.survivor().pk)
    locked = lock(ticket, by=by)
    check_may_write(locked, by=by, kind=kind, seen=seen)
    if _is_led_on(locked, kind):
        return _lead_on(locked, by=by, kind=kind, body=body, uploads=uploads)
    message = add(locked, by=by, kind=kind, body=body, uploads=uploads, promise=promise)
    told = promised(promise)
    if _ANSWERS.get(kind) == locked.state:
        enter(locked, State.IN_PROGRESS)
    elif message.hand_over is not None:
        told |= _move_hand_over(locked, message.hand_over, by=by)
    event = commit(locked, "message", by=by, because=str(kind), message=message.pk, kind=kind, **told)
    mentions.keep(message, event=event)
    return message


def check_may_write(locked: Ticket, *, by: User, kind: MessageKind, seen: int | None = None) -> None:
    """Raise what `write` does where this person can't say this now."""
    if not parties(by, locked) & WRITERS[kind]:
        raise NotAllowed(_("You may not write this here."))
    if locked.state in _SILENT and not _is_led_on(locked, kind):
        raise Refused(_("This escalation is “%s”.") % locked.get_state_display())
    if kind in _REOPENING and locked.state in _OVER:
        raise Refused(
            _("This escalation is “%s”: reopen it to say what is still wrong.") % locked.get_state_display()
        )
    if seen is not None and (newer := list(said_since(by, locked, seen))):
        raise StaleVersion(
            _("Somebody has written here since. Your text is kept: read what is new, then send it or change it."),
            current=newer,
        )


def _is_led_on(ticket: Ticket, kind: MessageKind) -> bool:
    return ticket.state == State.MERGED and kind in _LED_ON


def said_since(user: User, ticket: Ticket, seen: int) -> models.QuerySet[Message]:
    """Return what others have said after the message `seen`, as far as `user` may read it."""
    return readable(user, ticket).filter(pk__gt=seen).exclude(author=user)


def _lead_on(duplicate: Ticket, *, by: User, kind: MessageKind, body: str, uploads: Iterable[File]) -> Message:
    """Add a message to the ticket that goes on in a duplicate's place.

    It ends that one's wait only if both are about the same customer: another one's answer was not asked for.
    """
    into = lock(duplicate.survivor(), by=people.system())
    if not into.is_open:
        raise Refused(
            _("%(reference)s, which goes on in its place, is “%(state)s”: take the merge back to go on here.")
            % {"reference": into.reference, "state": into.get_state_display()}
        )
    message = add(into, by=by, kind=kind, body=body, uploads=uploads, written_to=duplicate)
    if _ANSWERS.get(kind) == into.state and into.customer_id == duplicate.customer_id:
        enter(into, State.IN_PROGRESS)
    commit(into, "message", by=by, because=str(kind), message=message.pk, kind=kind, written_to=duplicate.pk)
    return message


def promised(promise: datetime | None) -> dict[str, Any]:
    """Return what the event of a message remembers of the update it promises."""
    return {"promised_for": whole_second(promise).isoformat()} if promise is not None else {}


def add(
    locked: Ticket,
    *,
    by: User,
    kind: MessageKind,
    body: str,
    uploads: Iterable[File] = (),
    promise: datetime | None = None,
    written_to: Ticket | None = None,
    hand_over: HandOver | None = None,
    shown_to_l1: bool = False,
    cross_post: CrossPost | None = None,
    field: str = "body",
) -> Message:
    """Store a message on a locked ticket, as part of a larger change that records the event.

    `hand_over`: whose thread it belongs to; left out, the writer's own team's.
    """
    text = check(locked, kind=kind, body=body, promise=promise, field=field)
    if kind == MessageKind.PARTNER and hand_over is None:
        hand_over = _open_hand_over(locked, by)
    if kind == MessageKind.PARTNER and hand_over is None:
        raise Refused(_("Nobody is asked, or several are: write to a partner on the page of its hand-over."))
    message = Message.objects.create(
        ticket=locked, kind=kind, author=by, body=text, hand_over=hand_over, created_at=clock.now(),
        written_to=written_to, shown_to_l1=shown_to_l1, cross_post=cross_post,
    )  # fmt: skip
    for upload in uploads:
        attachments.attach(locked, upload, by=by, message=message)
    search_index.refresh([locked.pk])
    note_said(locked, kind, at=message.created_at, promise=promise)
    return message


def check(
    locked: Ticket, *, kind: MessageKind, body: str, promise: datetime | None = None, field: str = "body"
) -> str:
    """Return the text of a message as it is stored. Raises Refused for what can't be said here.

    `field` is the one that holds what would tip a customer off.
    """
    _check_promise(locked, kind, promise)
    text: str = redaction.clean(required(body, "body", _("Write something first."))).replace("\x00", "")
    if len(text) > LONGEST:
        raise Refused(_("This may have at most %d characters.") % LONGEST, field="body")
    if kind == MessageKind.TO_CUSTOMER:
        tipping_off.check(text, field=field)
    return text


def _check_promise(ticket: Ticket, kind: MessageKind, promise: datetime | None) -> None:
    if promise is None:
        return
    if kind != MessageKind.TO_CUSTOMER:
        raise Refused(_("An update is promised to the customer, in a message to them."), field="promised_for")
    if ticket.state in _OVER:
        raise Refused(
            _("This escalation is “%s”: reopen it to promise an update.") % ticket.get_state_display(),
            field="promised_for",
        )
    if whole_second(promise) <= clock.now():
        raise Refused(_("This lies in the past: promise the update for a later time."), field="promised_for")
    if promise > clock.now() + FURTHEST_PROMISE:
        raise Refused(
            _("This is more than a year away: promise the update for an earlier time."), field="promised_for"
        )


def note_said(ticket: Ticket, kind: MessageKind, *, at: datetime, promise: datetime | None = None) -> None:
    """Keep on the ticket what a message means to its clocks: who is answered, who waits, what is promised.

    Whatever is said to the customer is the update that was promised before, and may promise the next.
    """
    if kind == MessageKind.FROM_CUSTOMER and ticket.first_response_at is not None:
        ticket.unanswered_since = ticket.unanswered_since or at
    if kind == MessageKind.TO_CUSTOMER:
        ticket.unanswered_since = ticket.promised_at = ticket.promised_for = None
        if promise is not None:
            ticket.promised_at, ticket.promised_for = at, whole_second(promise)
    if kind in _FIRST_RESPONSES and ticket.first_response_at is None:
        ticket.first_response_at = at


def _open_hand_over(ticket: Ticket, user: User) -> HandOver | None:
    open_ones = [one for one in hand_overs(ticket) if one.ended_at is None]
    partner_teams = user.teams_as("partner")
    own = [one for one in open_ones if one.team_id in partner_teams]
    if not own and len(open_ones) > 1:
        return None  # whose thread is meant can't be told here: each has a page of its own
    return next(reversed(own or open_ones), None)


def _move_hand_over(ticket: Ticket, hand_over: HandOver, *, by: User) -> dict[str, Any]:
    """What the partner writes here answers the hand-over; what the desk writes answers the partner's question.

    Returns what the event remembers of it.
    """
    if Party.PARTNER in parties(by, ticket):
        put(hand_over, HandOverState.ANSWERED)
        follow(ticket)
    elif hand_over.state == HandOverState.QUESTION_BACK:
        put(hand_over, HandOverState.IN_WORK)
        follow(ticket)
    return told_of(hand_over)
