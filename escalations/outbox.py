"""Answers on their way out: what leaves the desk is said ten seconds later, unless its writer calls it back.

Until then it is a draft with `sends_at`. Its event is owed to the consumer below only then: a worker that comes
late says it late, and nothing is lost. The message is written, and clocks stop, at the moment at which it goes
out.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import Absent, DomainError, NotAllowed
from escalations import alerts, changes, composing, conversation, macros, mentions
from escalations.models import AlertKind, Macro, MessageDraft, MessageKind, Ticket
from events import recording
from events.models import Event

SUBJECT = "draft"
CONSUMER = "outbox"
QUEUED = "message.queued"
KINDS = (QUEUED,)

DELAY = timedelta(seconds=10)

#: What others than the desk read. All else is said at once.
LEAVES = frozenset({MessageKind.TO_CUSTOMER, MessageKind.TO_L1, MessageKind.PARTNER})


@transaction.atomic
def send(
    ticket: Ticket,
    *,
    by: User,
    kind: MessageKind,
    body: str,
    uploads: Iterable[File] = (),
    promise: datetime | None = None,
    seen: int | None = None,
    macro: Macro | None = None,
    actions: dict[str, Any] | None = None,
    kept_files: Iterable[int] = (),
) -> MessageDraft | None:
    """Say something and carry out a macro's `actions`: at once, or after DELAY where it leaves the desk.

    Returns what can be called back until then, None for what is said. `kept_files` are those of the draft that
    go along. Raises what `conversation.write` and `macros.carry_out` do.
    """
    locked = changes.lock(ticket, by=by)
    conversation.check_may_write(locked, by=by, kind=kind, seen=seen)
    conversation.check(locked, kind=kind, body=body, promise=promise)
    mentions.people_in(locked, kind, body)
    draft = composing.keep(locked, by=by, kind=kind, body=body, promise=promise, seen=seen or 0)
    if draft is None:  # unreachable: `check` refuses an empty text
        return None
    for file in draft.files.exclude(pk__in=list(kept_files)):
        file.delete()
    composing.add_files(draft, uploads)
    draft.macro, draft.actions, draft.trouble = macro, actions or {}, ""
    if kind not in LEAVES:
        _say(draft)
        return None
    draft.sends_at = clock.now() + DELAY
    draft.save()
    recording.record(
        QUEUED,
        subject=(SUBJECT, draft.pk),
        by=by,
        data={"ticket": ticket.pk, "sends_at": draft.sends_at.isoformat()},
        deliver_at=draft.sends_at,
    )
    return draft


def handle(event: Event) -> None:
    """Say what is due, unless it was called back; what can't be said any more becomes a draft again."""
    draft = (
        MessageDraft.objects.select_for_update(of=("self",))
        .select_related("ticket", "person", "macro")
        .filter(pk=event.subject_id, sends_at=datetime.fromisoformat(event.data["sends_at"]))
        .first()
    )
    if draft is None:
        return
    try:
        with transaction.atomic():
            if not draft.person.is_active:
                raise NotAllowed(_("You no longer work here."))
            _say(draft)
    except DomainError as refusal:
        composing.fetch_back(draft, by=draft.person, trouble=str(refusal.message))
        if not isinstance(refusal, Absent):
            alerts.tell(draft.ticket, [draft.person], AlertKind.UNSENT, event=event)


def _say(draft: MessageDraft) -> None:
    """Write the message as its writer, with what the macro does, and forget the draft."""
    with ExitStack() as opened:
        macros.carry_out(
            draft.ticket,
            by=draft.person,
            kind=MessageKind(draft.kind),
            body=draft.body,
            uploads=[File(opened.enter_context(kept.file.open()), name=kept.name) for kept in draft.files.all()],
            promise=draft.promised_for,
            actions=draft.actions,
            macro=draft.macro,
        )
    draft.delete()
