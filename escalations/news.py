"""Who is told of what happens to a ticket: a consumer of its events.

A person hears of a fact once (Alert is unique per event and person), never of what they did themselves, and of
no ticket that they may not see.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from django.db.models import Q

from accounts.models import Membership, Role, User
from escalations import access_list, alerts
from escalations.models import AlertKind, HandOver, Message, MessageKind, State, Ticket
from events.models import Event

CONSUMER = "news"


class News(NamedTuple):
    """Something to tell: of which ticket, to whom, as what."""

    ticket: Ticket
    people: Iterable[User | None]
    kind: AlertKind
    hand_over: HandOver | None = None


def handle(event: Event) -> None:
    """Tell everybody whom the event concerns, unless they did it or have been told already."""
    ticket = Ticket.objects.select_related("owner", "created_by").filter(pk=event.subject_id).first()
    if ticket is None:
        return
    for news in _NEWS[event.kind](event, ticket):
        people = {person.pk: person for person in news.people if person is not None}
        people.pop(event.actor_id, None)
        alerts.tell(news.ticket, _able(people.values(), news), news.kind, event=event)


def _able(people: Iterable[User], news: News) -> list[User]:
    tickets = Ticket.objects.filter(pk=news.ticket.pk)
    hand_overs = HandOver.objects.filter(pk=news.hand_over.pk if news.hand_over is not None else 0)
    return [
        person
        for person in people
        if person.is_active
        and not person.is_robot
        and (tickets.visible_to(person).exists() or (news.hand_over and hand_overs.visible_to(person).exists()))
    ]


def _assigned(event: Event, ticket: Ticket) -> Iterator[News]:
    owner = event.data["ticket"]["owner"]
    if ticket.owner_id == owner:  # whoever has it no more by now need not know
        yield News(ticket, [ticket.owner], AlertKind.ASSIGNED)


def _message(event: Event, ticket: Ticket) -> Iterator[News]:
    message = Message.objects.select_related("hand_over__owner").filter(pk=event.get("message")).first()
    if message is None:
        return
    match message.kind:
        case MessageKind.TO_L1:
            yield News(ticket, [ticket.created_by], AlertKind.MESSAGE)
        case MessageKind.FROM_L1 | MessageKind.FROM_CUSTOMER:
            yield News(ticket, [ticket.owner], AlertKind.MESSAGE)
        case MessageKind.NOTE if event.get("by_mail"):
            asked_by = HandOver.objects.select_related("asked_by").get(pk=event.get("by_mail")).asked_by
            yield News(ticket, [ticket.owner, asked_by], AlertKind.MESSAGE)
        case MessageKind.PARTNER if message.hand_over is not None:
            row = message.hand_over
            asked = row.messages.select_related("author")
            people = [ticket.owner, row.owner, *(one.author for one in asked)]
            yield News(ticket, people, AlertKind.MESSAGE, row)


def _waiting(event: Event, ticket: Ticket) -> Iterator[News]:
    if event.get("hand_over"):
        yield from _handed_over(event, ticket)
    elif event.data["ticket"]["state"] == State.WAITING_L1:
        yield News(ticket, [ticket.created_by], AlertKind.ASKED)


def _handed_over(event: Event, ticket: Ticket) -> Iterator[News]:
    """Tell who has the hand-over, or all of the partner while nobody has it."""
    row = HandOver.objects.select_related("owner").filter(pk=event.get("hand_over"), ended_at=None).first()
    if row is None:
        return
    if row.owner is not None:
        yield News(ticket, [row.owner], AlertKind.MESSAGE, row)
    else:
        yield News(ticket, members_of(row), AlertKind.HANDED_OVER, row)


def _given(event: Event, ticket: Ticket) -> Iterator[News]:
    """Tell whom a hand-over was given to, unless somebody else has it by now."""
    row = HandOver.objects.select_related("owner").filter(pk=event.get("hand_over"), ended_at=None).first()
    if event.get("move") == "give" and row is not None and [row.owner_id] == event.get("people"):
        yield News(ticket, [row.owner], AlertKind.ASSIGNED, row)


def members_of(hand_over: HandOver) -> Iterable[User]:
    """Return the people of the partner team."""
    members = Membership.objects.filter(team=hand_over.team_id, role=Role.PARTNER)
    return User.objects.filter(pk__in=members.values("user"))


def _returned(_event: Event, ticket: Ticket) -> Iterator[News]:
    yield News(ticket, [ticket.created_by], AlertKind.RETURNED)


def _resolved(_event: Event, ticket: Ticket) -> Iterator[News]:
    yield News(ticket, [ticket.created_by], AlertKind.RESOLVED)
    for duplicate in _duplicates(ticket):
        yield News(duplicate, [duplicate.created_by], AlertKind.RESOLVED)


def _duplicates(ticket: Ticket) -> Iterator[Ticket]:
    """Yield what was merged into the ticket, also by way of another."""
    for duplicate in ticket.merged_from.select_related("created_by"):
        yield duplicate
        yield from _duplicates(duplicate)


def _reopened(_event: Event, ticket: Ticket) -> Iterator[News]:
    yield News(ticket, [ticket.owner], AlertKind.TAKEN_UP)


def _merged(_event: Event, ticket: Ticket) -> Iterator[News]:
    yield News(ticket, [ticket.created_by, ticket.owner], AlertKind.MERGED)


def _restricted(event: Event, ticket: Ticket) -> Iterator[News]:
    """Everybody whom a list newly lets in; all who are on it, where an admin has named somebody to keep it."""
    if not ticket.restricted_as:
        return
    told = access_list.listed(ticket)
    if event.kind != "ticket.custodian_named":
        added = Q(pk__in=event.data["people"]) | Q(memberships__team__in=event.data["teams"])
        told = told.filter(added).distinct()
    yield News(ticket, told, AlertKind.ACCESS)


_NEWS: dict[str, Callable[[Event, Ticket], Iterator[News]]] = {
    "ticket.assigned": _assigned,
    "ticket.message": _message,
    "ticket.waiting": _waiting,
    "ticket.handed_over": _handed_over,
    "ticket.hand_over_moved": _given,
    "ticket.deadline_set": _message,
    "ticket.returned": _returned,
    "ticket.resolved": _resolved,
    "ticket.reopened": _reopened,
    "ticket.merged": _merged,
    "ticket.restricted": _restricted,
    "ticket.access_added": _restricted,
    "ticket.custodian_named": _restricted,
}
KINDS = tuple(_NEWS)
