"""Everything that happened on a ticket, on one line of time, as one person may read it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from common import markdown
from escalations import conversation, cross_posting
from escalations.access import follows, reads_internal
from escalations.models import (
    AMONG_US,
    Attachment,
    Customer,
    Message,
    MessageKind,
    Ticket,
)
from escalations.snapshot import SUBJECT
from escalations.timeline_words import Names, line
from events.models import Event

#: What only the second line reads: how it works, not what it says.
_INTERNAL = {
    "ticket.alerted",
    "ticket.article_linked",
    "ticket.checklist_answered",
    "ticket.clocks_repaired",
    "ticket.diagnosed",
    "ticket.depends",
    "ticket.depends_no_longer",
    "ticket.forgotten",
    "ticket.handed_over",
    "ticket.hand_over_moved",
    "ticket.note_taken_back",
    "ticket.nudged",
    "ticket.rating_asked",
    "ticket.recheck_ended",
    "ticket.recheck_works",
    "ticket.routing_asked",
    "ticket.tagged",
    "sla.breached",
}
#: Who sees a restricted ticket, and since when it was not restricted any more. Afterwards only auditors and admins
#: read that it was, and why.
_ABOUT_ACCESS = {
    "ticket.access_added",
    "ticket.access_removed",
    "ticket.custodian_named",
    "ticket.restricted",
    "ticket.unrestricted",
}
#: Each leads to the proof of its clock.
_ABOUT_CLOCKS = {"sla.breached", "ticket.deadline_set"}
#: Shown as the message itself.
_SAID_ELSEWHERE = {"ticket.message"}

_AUDIENCE = {
    MessageKind.NOTE: "desk",
    MessageKind.TO_CUSTOMER: "customer",
    MessageKind.FROM_CUSTOMER: "customer",
    MessageKind.TO_L1: "l1",
    MessageKind.FROM_L1: "l1",
    MessageKind.PARTNER: "partner",
}


def audience_of(kind: str) -> str:
    """Return who a message of that kind is for, as the timeline colours it."""
    return _AUDIENCE.get(MessageKind(kind), "")


@dataclass(frozen=True)
class Entry:
    """One thing on the timeline. `message` is set when somebody wrote it, `clock` when it is about one.

    `promised_for`: until when the message promised the customer an update. `led`: from which duplicate a message
    came, or to which ticket it went on.
    """

    at: datetime
    actor: User | Customer
    line: str
    icon: str = ""
    tone: str = ""
    audience: str = ""
    message: Message | None = None
    anchor: str = ""
    promised_for: datetime | None = None
    clock: int | None = None
    led: str = ""
    may_take_back: bool = False

    @property
    def files(self) -> list[Attachment]:
        """What was attached to the message."""
        return [] if self.message is None else files_of(self.message.ticket, self.message.pk)

    @property
    def html(self) -> SafeString:
        """What was written, rendered from Markdown."""
        return markdown.render(self.message.body if self.message else "")


def files_of(ticket: Ticket, message: int | None) -> list[Attachment]:
    """Return what hangs on one message, or on the contract (None): of the ticket's files, fetched once for all."""
    return sorted(
        (file for file in ticket.attachments.all() if file.message_id == message), key=lambda one: one.pk
    )


def of_ticket(ticket: Ticket, user: User) -> list[Entry]:
    """Return what `user` may know of the ticket's past, oldest first."""
    messages = list(conversation.readable(user, ticket).prefetch_related(None))
    for message in messages:
        if message.ticket_id == ticket.pk:
            message.ticket = ticket  # this very object, whose files were fetched
    if not follows(user, ticket):
        return _in_order(_message_entries(ticket, messages, {}))
    events = list(
        Event.objects.filter(subject_type=SUBJECT, subject_id=ticket.pk).select_related("actor").order_by("id")
    )
    return _in_order(
        _message_entries(ticket, messages, _promises(events), user)
        + _event_entries(ticket, events, internal=reads_internal(user, ticket), access=_reads_access(user, ticket))
    )


def _in_order(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.at, entry.message is not None))


def _promises(events: Iterable[Event]) -> dict[int, datetime]:
    """Return until when each message promised an update, by the message's id."""
    return {
        event.get("message"): datetime.fromisoformat(event.get("promised_for"))
        for event in events
        if event.get("promised_for")
    }


def _reads_access(user: User, ticket: Ticket) -> bool:
    return reads_internal(user, ticket) and (user.reads_all or bool(ticket.restricted_as))


def _event_entries(ticket: Ticket, events: Iterable[Event], *, internal: bool, access: bool) -> list[Entry]:
    shown = [
        event
        for event in events
        if event.kind not in _SAID_ELSEWHERE
        and (access or event.kind not in _ABOUT_ACCESS)
        and (internal or (event.kind not in _INTERNAL and event.get("metric") not in AMONG_US))
    ]
    names = Names(shown, ticket)
    about_clocks = any(event.kind in _ABOUT_CLOCKS for event in shown)
    clocks = dict(_clock_ids(ticket)) if about_clocks else {}
    return [
        Entry(
            at=event.at,
            actor=event.actor,
            line=line(event, names),
            icon=_ICONS.get(event.kind, ""),
            tone=_TONES.get(event.kind, ""),
            clock=clocks.get((event.get("metric"), event.get("cycle"))) if event.kind in _ABOUT_CLOCKS else None,
        )
        for event in shown
    ]


def _clock_ids(ticket: Ticket) -> Iterator[tuple[tuple[str, int], int]]:
    for row in ticket.clocks.all():
        yield (row.metric, row.cycle), row.pk


def of_messages(ticket: Ticket, messages: Iterable[Message]) -> list[Entry]:
    """Return messages as entries, without what their events tell."""
    return _message_entries(ticket, messages, {})


def _message_entries(
    ticket: Ticket, messages: Iterable[Message], promises: dict[int, datetime], user: User | None = None
) -> list[Entry]:
    """Return the messages as entries; the first of each hand-over bears its anchor."""
    seen: set[int | None] = {None}
    entries = []
    for message in messages:
        begins = message.hand_over_id not in seen
        seen.add(message.hand_over_id)
        anchor = f"hand-over-{message.hand_over_id}" if begins else ""
        entry = _message_entry(ticket, message, anchor, promises.get(message.pk))
        is_own = user is not None and cross_posting.may_take_back(message, user)
        entries.append(replace(entry, may_take_back=True) if is_own else entry)
    return entries


def _message_entry(ticket: Ticket, message: Message, anchor: str, promised_for: datetime | None) -> Entry:
    kind = MessageKind(message.kind)
    line = str(kind.label)
    if message.hand_over is not None:
        line = _("Hand-over to %s") % message.hand_over.team
    said_by_customer = kind == MessageKind.FROM_CUSTOMER and message.author.is_robot
    return Entry(
        at=message.created_at,
        actor=message.ticket.customer if said_by_customer else message.author,
        line=line,
        audience=audience_of(kind),
        message=message,
        anchor=anchor,
        promised_for=promised_for,
        led=_led(ticket, message),
    )


def _led(ticket: Ticket, message: Message) -> str:
    """Say from where, or to where, a message to a duplicate was led on."""
    if message.written_to is None:
        return ""
    if message.ticket_id == ticket.pk:
        return _("Written to %s, which was merged into this one.") % message.written_to.reference
    return _("Led on to %s, which this one was merged into.") % message.ticket.reference


_ICONS = {
    "ticket.created": "arrow-up-right",
    "ticket.accepted": "check",
    "ticket.returned": "arrow-uturn-left",
    "ticket.resubmitted": "arrow-path",
    "ticket.assigned": "user",
    "ticket.checklist_answered": "clipboard-document-check",
    "ticket.recheck_ended": "signal-slash",
    "ticket.recheck_works": "signal",
    "ticket.routing_asked": "arrow-path",
    "ticket.started": "play",
    "ticket.waiting": "pause",
    "ticket.handed_over": "arrow-up-right",
    "ticket.hand_over_moved": "arrow-path",
    "ticket.nudged": "bell-alert",
    "ticket.note_taken_back": "arrow-uturn-left",
    "ticket.resumed": "play",
    "ticket.resolved": "check-circle",
    "ticket.closed": "lock-closed",
    "ticket.reopened": "arrow-path",
    "ticket.cancelled": "x-mark",
    "ticket.rated": "star",
    "ticket.tagged": "tag",
    "ticket.deadline_set": "clock",
    "ticket.alerted": "bell-alert",
    "ticket.forgotten": "bell-alert",
    "sla.breached": "clock",
    "ticket.restricted": "lock-closed",
    "ticket.unrestricted": "lock-open",
    "ticket.access_added": "user-plus",
    "ticket.access_removed": "user-minus",
    "ticket.custodian_named": "key",
    "ticket.levels_reapplied": "clock",
    "ticket.clocks_repaired": "wrench",
}

_TONES = {"sla.breached": "bad", "ticket.resolved": "good"}


def lines(events: Iterable[Event]) -> dict[int, str]:
    """Return what each of these events says, by its id; "" for a message, which says it itself."""
    told = list(events)
    names = Names(told)
    return {event.pk: "" if event.kind in _SAID_ELSEWHERE else line(event, names) for event in told}
