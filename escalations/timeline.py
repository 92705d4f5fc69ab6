"""Everything that happened on a ticket, on one line of time, as one person may read it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import Team, User
from common import durations, markdown
from escalations import alerts, conversation, routing_words
from escalations.access import follows, reads_internal
from escalations.models import (
    AMONG_US,
    Attachment,
    Category,
    Customer,
    Message,
    MessageKind,
    Metric,
    Reason,
    RestrictionKind,
    State,
    Ticket,
)
from escalations.snapshot import SUBJECT
from events.models import Event

Named = TypeVar("Named", Team, User, Reason)

#: What only the second line reads: how it works, not what it says.
_INTERNAL = {
    "ticket.alerted",
    "ticket.article_linked",
    "ticket.clocks_repaired",
    "ticket.diagnosed",
    "ticket.forgotten",
    "ticket.rating_asked",
    "ticket.routing_asked",
    "ticket.tagged",
    "ticket.access_added",
    "ticket.access_removed",
    "ticket.custodian_named",
    "sla.breached",
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
        _message_entries(ticket, messages, _promises(events))
        + _event_entries(ticket, events, internal=reads_internal(user, ticket))
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


def _event_entries(ticket: Ticket, events: Iterable[Event], *, internal: bool) -> list[Entry]:
    shown = [
        event
        for event in events
        if event.kind not in _SAID_ELSEWHERE
        and (internal or (event.kind not in _INTERNAL and event.get("metric") not in AMONG_US))
    ]
    names = _Names(shown, ticket)
    about_clocks = any(event.kind in _ABOUT_CLOCKS for event in shown)
    clocks = dict(_clock_ids(ticket)) if about_clocks else {}
    return [
        Entry(
            at=event.at,
            actor=event.actor,
            line=_line(event, names),
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


def _message_entries(ticket: Ticket, messages: Iterable[Message], promises: dict[int, datetime]) -> list[Entry]:
    """Return the messages as entries; the first of each hand-over bears its anchor."""
    seen: set[int | None] = {None}
    entries = []
    for message in messages:
        begins = message.hand_over_id not in seen
        seen.add(message.hand_over_id)
        anchor = f"hand-over-{message.hand_over_id}" if begins else ""
        entries.append(_message_entry(ticket, message, anchor, promises.get(message.pk)))
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


class _Names:
    """The names behind the ids that events carry, fetched once for a whole timeline.

    What comes with the events and with the `ticket`, if they are its own, is not asked for again.
    """

    def __init__(self, events: list[Event], ticket: Ticket | None = None) -> None:
        team_ids = {event.data.get("ticket", {}).get("team") for event in events}
        owner_ids = {event.data.get("ticket", {}).get("owner") for event in events}
        owner_ids |= {person for event in events for person in event.get("people", [])}
        team_ids |= {team for event in events for team in event.get("teams", [])}
        reason_ids = {event.get("reason") or event.get("resolution") for event in events}
        own = (ticket.team, ticket.l1_team, ticket.owner, ticket.created_by, ticket.resolution) if ticket else ()
        actors = [event.actor for event in events]
        self.teams = {pk: team.name for pk, team in _named(Team, team_ids, own).items()}
        self.people = {pk: user.name for pk, user in _named(User, owner_ids, (*own, *actors)).items()}
        self.reasons = {pk: str(reason) for pk, reason in _named(Reason, reason_ids, own).items()}

        # Only a choice by skill names its category.
        category_ids = {event.data["ticket"]["category"] for event in events if event.get("why", {}).get("skill")}
        known = Category.objects.filter(pk__in=category_ids) if category_ids else []
        self.categories = {category.pk: str(category) for category in known}

    def category(self, event: Event) -> str:
        return self.categories.get(event.data["ticket"]["category"], "–")

    def team(self, event: Event) -> str:
        return self.teams.get(event.data["ticket"]["team"], "–")

    def owner(self, event: Event) -> str:
        return self.people.get(event.data["ticket"]["owner"], "–")

    def told(self, event: Event) -> str:
        names = [self.people.get(person, "–") for person in event.get("people", [])]
        return get_text_list(names, _("and")) if names else "–"

    def listed(self, event: Event) -> str:
        teams = [self.teams.get(team, "–") for team in event.get("teams", [])]
        names = [*(self.people.get(person, "–") for person in event.get("people", [])), *teams]
        return get_text_list(names, _("and")) if names else "–"

    def reason(self, event: Event) -> str:
        return self.reasons.get(event.get("reason") or event.get("resolution"), "–")


def _named(model: type[Named], ids: Iterable[int | None], known: Iterable[object]) -> dict[int, Named]:
    """Return the rows of these ids, those among `known` without asking for them."""
    found = {row.pk: row for row in known if isinstance(row, model)}
    if missing := {pk for pk in ids if pk is not None} - found.keys():
        found |= model._default_manager.in_bulk(missing)
    return found


def _assigned(event: Event, names: _Names) -> str:
    owner = event.data["ticket"]["owner"]
    if event.get("how") == "ladder":
        return _("gave it to %(person)s. %(deadline)s") % {
            "person": names.owner(event),
            "deadline": alerts.deadline_of(event),
        }
    if event.get("how") == "routed":
        return _("gave it to %(person)s: %(why)s") % {
            "person": names.owner(event),
            "why": routing_words.recorded(event.data["why"], names.category(event)),
        }
    if owner is None:
        return _("let go of it")
    if owner == event.actor_id:
        return _("took it")
    return _("assigned it to %s") % names.owner(event)


def _waiting(event: Event, _names: _Names) -> str:
    return _("is waiting: %s") % State(event.data["ticket"]["state"]).label


def _breached(event: Event, _names: _Names) -> str:
    return _("Deadline missed: %s") % Metric(event.data["metric"]).label


def _deadline_set(event: Event, _names: _Names) -> str:
    metric = Metric(event.data["metric"]).label
    if not event.get("due_at"):
        return _("let the policy decide again: %s") % metric
    return _("set a deadline by hand: {metric} on {date}, because: {reason}").format(
        metric=metric,
        date=durations.on_the_second(datetime.fromisoformat(event.get("due_at"))),
        reason=event.get("because"),
    )


def _priority(event: Event, _names: _Names) -> str:
    change = {"old": event.get("former"), "new": event.data["ticket"]["priority"]}
    said = _("changed the priority from P%(old)s to P%(new)s") % change
    because = _because(event)
    return f"{said}. {because}" if because else said


def _because(event: Event) -> str:
    """Return why Secondline itself did it, if it did."""
    if "step" in event.data:
        return alerts.deadline_of(event)
    if "reopenings" in event.data:
        return alerts.reopenings_of(event)
    return ""


def _alerted(event: Event, names: _Names) -> str:
    return _("alerted %(people)s. %(why)s") % {"people": names.told(event), "why": _because(event)}


def _forgotten(event: Event, names: _Names) -> str:
    return _("alerted %(people)s: nobody has touched it for long") % {"people": names.told(event)}


def _rated(event: Event, _names: _Names) -> str:
    return _("The customer rated the answer: %s of 5") % str(event.get("score"))


def _issue(event: Event, _names: _Names) -> str:
    return _("linked a known issue") if event.get("issue") else _("unlinked the known issue")


def _tagged(event: Event, _names: _Names) -> str:
    added, removed = " · ".join(event.get("added")), " · ".join(event.get("removed"))
    if added and removed:
        return _("tagged it %(added)s instead of %(removed)s") % {"added": added, "removed": removed}
    return _("tagged it %s") % added if added else _("took away the tag %s") % removed


def _restricted(event: Event, names: _Names) -> str:
    return _("restricted it (%(kind)s) to %(list)s") % {
        "kind": RestrictionKind(event.get("restricted_as")).label,
        "list": names.listed(event),
    }


_LINES: dict[str, Callable[[Event, _Names], str]] = {
    "ticket.created": lambda event, names: _("escalated it to %s") % names.team(event),
    "ticket.accepted": lambda _event, _names: _("accepted it"),
    "ticket.returned": lambda event, names: _("returned it to L1: %s") % names.reason(event),
    "ticket.resubmitted": lambda _event, _names: _("completed and resubmitted it"),
    "ticket.assigned": _assigned,
    "ticket.routing_asked": lambda _event, _names: _("asked for it to be given out again"),
    "ticket.started": lambda _event, _names: _("started work"),
    "ticket.waiting": _waiting,
    "ticket.resumed": lambda _event, _names: _("resumed work"),
    "ticket.resolved": lambda event, names: _("resolved it: %s") % names.reason(event),
    "ticket.closed": lambda _event, _names: _("closed it"),
    "ticket.reopened": lambda event, names: _("reopened it: %s") % names.reason(event),
    "ticket.cancelled": lambda event, names: _("cancelled it: %s") % names.reason(event),
    "ticket.merged": lambda event, _names: _("merged it into ESC-%s") % event.get("target"),
    "ticket.absorbed": lambda event, _names: _("merged ESC-%s into this one") % event.get("source"),
    "ticket.unmerged": lambda event, _names: _("took the merge into ESC-%s back") % event.get("source"),
    "ticket.released": lambda event, _names: _("took ESC-%s out of this one again") % event.get("source"),
    "ticket.team_changed": lambda event, names: _("passed it to %s") % names.team(event),
    "ticket.priority_changed": _priority,
    "ticket.deadline_set": _deadline_set,
    "ticket.alerted": _alerted,
    "ticket.forgotten": _forgotten,
    "ticket.levels_reapplied": lambda _event, _names: _("applied the service levels in force"),
    "ticket.clocks_repaired": lambda _event, _names: _("repaired its clocks from their ledger"),
    "ticket.diagnosed": lambda event, _names: _("wrote version %s of the diagnosis") % event.get("version"),
    "ticket.known_issue_linked": _issue,
    "ticket.tagged": _tagged,
    "ticket.restricted": _restricted,
    "ticket.unrestricted": lambda _event, _names: _("lifted the restriction"),
    "ticket.access_added": lambda event, names: _("put %s on the access list") % names.listed(event),
    "ticket.access_removed": lambda event, names: _("took %s off the access list") % names.listed(event),
    "ticket.custodian_named": lambda event, names: (
        _("named %s custodian of the access list") % names.listed(event)
    ),
    "ticket.article_linked": lambda _event, _names: _("linked an article"),
    "ticket.rating_asked": lambda _event, _names: _("asked the customer for a rating"),
    "ticket.rated": _rated,
    "sla.breached": _breached,
}

_ICONS = {
    "ticket.created": "arrow-up-right",
    "ticket.accepted": "check",
    "ticket.returned": "arrow-uturn-left",
    "ticket.resubmitted": "arrow-path",
    "ticket.assigned": "user",
    "ticket.routing_asked": "arrow-path",
    "ticket.started": "play",
    "ticket.waiting": "pause",
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
    names = _Names(told)
    return {event.pk: "" if event.kind in _SAID_ELSEWHERE else _line(event, names) for event in told}


def _line(event: Event, names: _Names) -> str:
    describe = _LINES.get(event.kind)
    return describe(event, names) if describe else event.kind
