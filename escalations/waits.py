"""Who waits for whom: every open wait of the escalations somebody may see, as one list, and reminders.

A wait is on the customer, the first line, a partner, or another escalation; upper apps register their own
(approvals, bugs) so that this app never reaches up.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership, Role, User
from common import clock
from common.errors import Absent, NotAllowed, Refused
from escalations import alerts, hand_over_list
from escalations.access import DESK, parties
from escalations.changes import lock, lock_in_order, record
from escalations.hand_over_states import told_of
from escalations.models import AlertKind, Dependency, HandOver, HandOverState, Nudge, State, Ticket
from escalations.models.ticket import OPEN, TicketQuerySet
from escalations.news import members_of

MOST = 500


class On(StrEnum):
    """What an escalation waits for. US: a partner waits for our answer."""

    CUSTOMER = "customer"
    L1 = "l1"
    PARTNER = "partner"
    US = "us"
    TICKET = "ticket"
    APPROVAL = "approval"
    BUG = "bug"


LABELS = {
    On.CUSTOMER: gettext_lazy("Customer"),
    On.L1: gettext_lazy("First line"),
    On.PARTNER: gettext_lazy("Partner"),
    On.US: gettext_lazy("Us"),
    On.TICKET: gettext_lazy("Another escalation"),
    On.APPROVAL: gettext_lazy("Approval"),
    On.BUG: gettext_lazy("Bug"),
}


@dataclass(frozen=True)
class Wait:
    """One open wait. `key` tells it from the ticket's others; `whom` is who should act, as people read it.

    `owner` is the person who should act, where it is one; `url` leads to where they would; `can_nudge` is False
    where a reminder would reach nobody here, as with customers.
    """

    ticket: Ticket
    on: On
    key: str
    whom: str
    since: datetime
    due_at: datetime | None = None
    owner: User | None = None
    url: str = ""
    can_nudge: bool = True
    nudged_today: bool = False

    @property
    def label(self) -> str:
        return str(LABELS[self.on])

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been over by now."""
        return self.due_at is not None and self.due_at < clock.now()


#: Waits of an upper app, of these tickets, as this person may see them.
Source = Callable[[TicketQuerySet, User], Iterable[Wait]]
#: Whom a reminder of one of its waits reaches.
Reached = Callable[[Ticket, str], Iterable[User]]
_sources: dict[str, tuple[On, Source, Reached]] = {}


def register(name: str, waits: Source, reached: Reached, *, on: On = On.APPROVAL) -> None:
    """List an upper app's waits too, which are all `on` the same; their keys begin with the name and a colon."""
    _sources[name] = (on, waits, reached)


_STATES = {State.WAITING_CUSTOMER: On.CUSTOMER, State.WAITING_L1: On.L1, State.RETURNED: On.L1}


def may_list(user: User) -> bool:
    """Tell whether the list is this person's: the second line's and who reads everything."""
    return bool(user.teams_as(Role.L2, Role.LEAD)) or user.reads_all


def listed(user: User, *, team: int | None = None, on: str = "", overdue: bool = False) -> tuple[list[Wait], bool]:
    """Return the open waits of the escalations this person works or reads, and whether there are more.

    Overdue first, then by when they are due, then the longest first. At most MOST of each kind are looked at.
    """
    tickets = Ticket.objects.visible_to(user).open()
    if not user.reads_all:
        tickets = tickets.filter(Q(team__in=user.teams_as(Role.L2, Role.LEAD)) | ~Q(restricted_as=""))
    if team is not None:
        tickets = tickets.filter(team=team)
    kinds = _of_kind(tickets, user)
    found: list[Wait] = []
    is_cut = False
    for kind, waits in kinds.items():
        if on and on not in kind:
            continue
        rows = list(waits())
        is_cut |= len(rows) > MOST
        found += rows[:MOST]
    if on:
        found = [one for one in found if one.on == on]
    if overdue:
        found = [one for one in found if one.is_overdue]
    nudged = _nudged_today({one.ticket.pk for one in found})
    found = [replace(one, nudged_today=(one.ticket.pk, one.key) in nudged) for one in found]
    found.sort(key=lambda one: (not one.is_overdue, one.due_at is None, one.due_at or one.since, one.since))
    return found, is_cut


def _of_kind(tickets: TicketQuerySet, user: User) -> dict[tuple[str, ...], Callable[[], Iterable[Wait]]]:
    kinds: dict[tuple[str, ...], Callable[[], Iterable[Wait]]] = {
        (On.CUSTOMER, On.L1): lambda: _of_states(tickets),
        (On.PARTNER, On.US): lambda: _of_hand_overs(tickets),
        (On.TICKET,): lambda: _of_dependencies(tickets, user),
    }
    for name, (on, source, _reached) in _sources.items():
        kinds[(on, name)] = partial(source, tickets, user)
    return kinds


def _of_states(tickets: TicketQuerySet) -> Iterator[Wait]:
    """Yield who waits for the customer or the first line.

    Neither owes an answer by a date: what is due is the update that the customer was promised all the same. What
    else the ticket's clocks say is owed by us.
    """
    rows = tickets.filter(state__in=list(_STATES)).select_related("team", "customer", "created_by", "l1_team")
    for ticket in rows.order_by("state_since")[: MOST + 1]:
        on = _STATES[State(ticket.state)]
        is_customer = on == On.CUSTOMER
        yield Wait(
            ticket=ticket, on=on, key=str(on), since=ticket.state_since,
            whom=str(ticket.customer if is_customer else ticket.l1_team or ticket.created_by),
            due_at=ticket.promised_for if is_customer else None,
            owner=None if is_customer else ticket.created_by, can_nudge=not is_customer,
        )  # fmt: skip


def _of_hand_overs(tickets: TicketQuerySet) -> Iterator[Wait]:
    rows = HandOver.objects.filter(ticket__in=tickets, ended_at=None)
    rows = hand_over_list.with_due(rows).select_related("ticket__team", "ticket__owner", "team", "owner")
    for row in rows.order_by("asked_at")[: MOST + 1]:
        on_us = row.state == HandOverState.QUESTION_BACK
        yield Wait(
            ticket=row.ticket, on=On.US if on_us else On.PARTNER, key=f"hand_over:{row.pk}",
            whom=str(row.ticket.team if on_us else row.team), since=row.state_since or row.asked_at,
            due_at=row.due_at,  # type: ignore[attr-defined]  # from with_due
            owner=row.ticket.owner if on_us else row.owner, url=row.get_absolute_url(),
        )  # fmt: skip


def _of_dependencies(tickets: TicketQuerySet, user: User) -> Iterator[Wait]:
    """Yield who waits for another escalation, as far as that one may be seen, too."""
    rows = Dependency.objects.filter(
        ticket__in=tickets, on__in=Ticket.objects.visible_to(user), on__state__in=OPEN, ended_at=None
    )
    for row in rows.select_related("ticket__team", "on__owner", "on__team").order_by("since")[: MOST + 1]:
        yield Wait(
            ticket=row.ticket, on=On.TICKET, key=f"ticket:{row.pk}", since=row.since,
            whom=f"{row.on.reference} · {row.on.team}", due_at=row.on.next_due_at, owner=row.on.owner,
            url=row.on.get_absolute_url(),
        )  # fmt: skip


def _nudged_today(tickets: Iterable[int]) -> set[tuple[int, str]]:
    today = clock.now().date()
    return set(Nudge.objects.filter(ticket__in=list(tickets), day=today).values_list("ticket", "wait"))


@transaction.atomic
def nudge(ticket: Ticket, key: str, *, by: User) -> Nudge:
    """Remind whoever this wait is on, by an alert; once a day at most, however many people press the button.

    Raises Absent, NotAllowed, Refused.
    """
    locked = lock(ticket, by=by)
    if not parties(by, locked) & DESK:
        raise NotAllowed(_("Only whoever works the escalation reminds others of it."))
    people, told = _reached(locked, key, by)
    now = clock.now()
    reached = {person.pk: person for person in people if person.is_active and not person.is_robot}
    reached.pop(by.pk, None)
    given, is_new = Nudge.objects.get_or_create(
        ticket=locked, wait=key, day=now.date(), defaults={"at": now, "by": by}
    )
    if not is_new:
        raise Refused(_("%s has reminded them today. They can be reminded again tomorrow.") % given.by)
    if not reached and not told:
        raise Refused(_("There is nobody who could be reminded."))
    event = record(locked, "nudged", by=by, wait=key, people=sorted(reached), **told)
    alerts.tell(locked, reached.values(), AlertKind.NUDGED, event=event)
    return given


def _reached(ticket: Ticket, key: str, by: User) -> tuple[Iterable[User], dict[str, Any]]:
    """Return whom a reminder of this wait reaches, and what its event remembers. Raises Absent when it is over."""
    name, _colon, number = key.partition(":")
    if name == On.L1 and ticket.state in {State.WAITING_L1, State.RETURNED}:
        return [ticket.created_by], {}
    if name == "hand_over" and number.isdecimal():
        row = HandOver.objects.visible_to(by).owed().filter(ticket=ticket, pk=number).first()
        if row is not None and row.state == HandOverState.QUESTION_BACK:
            return [ticket.owner] if ticket.owner is not None else _specialists(ticket), told_of(row)
        if row is not None:
            return [row.owner] if row.owner is not None else members_of(row), told_of(row)
    if name == On.TICKET and number.isdecimal():
        other = (
            Dependency.objects.filter(ticket=ticket, pk=number, ended_at=None).select_related("on__owner").first()
        )
        if other is not None and Ticket.objects.visible_to(by).filter(pk=other.on_id).exists():
            return [other.on.owner] if other.on.owner is not None else _specialists(other.on), {}
    if name in _sources:
        return _sources[name][2](ticket, key), {}
    raise Absent(_("Nobody is waited for here any more."))


def _specialists(ticket: Ticket) -> Iterable[User]:
    members = Membership.objects.filter(team=ticket.team_id, role__in=[Role.L2, Role.LEAD])
    return User.objects.filter(pk__in=members.values("user"))


def of_ticket(ticket: Ticket, user: User) -> list[Dependency]:
    """Return for which others that this person may see the ticket waits."""
    rows = Dependency.objects.filter(
        ticket=ticket, ended_at=None, on__state__in=OPEN, on__in=Ticket.objects.visible_to(user)
    )
    return list(rows.select_related("on").order_by("since"))


@transaction.atomic
def depend(ticket: Ticket, on: Ticket, *, by: User) -> Dependency:
    """Note that a ticket waits for another one to end, but not in a circle. Raises Absent, NotAllowed, Refused."""
    lock_in_order(ticket.pk, on.pk, *_waited_for(on.pk))
    locked = lock(ticket, by=by)
    other = Ticket.objects.visible_to(by).filter(pk=on.pk).first()
    if other is None:
        raise Absent(_("There is no such escalation."))
    if not parties(by, locked) & DESK:
        raise NotAllowed(_("You may not do this on this escalation."))
    if other.pk == locked.pk:
        raise Refused(_("An escalation can't wait for itself."), field="on")
    if not other.is_open:
        raise Refused(_("%s is over already.") % other.reference, field="on")
    if locked.pk in _waited_for(other.pk):
        raise Refused(_("%s waits for this one, itself or by way of others.") % other.reference, field="on")
    row, is_new = Dependency.objects.get_or_create(
        ticket=locked, on=other, ended_at=None, defaults={"since": clock.now(), "by": by}
    )
    if is_new:
        record(locked, "depends", by=by, on=other.pk)
    return row


def _waited_for(ticket: int) -> set[int]:
    """Return what a ticket waits for, and what those wait for in turn."""
    found: set[int] = set()
    ahead = {ticket}
    while ahead:
        on = Dependency.objects.filter(ticket__in=ahead, ended_at=None).values_list("on", flat=True)
        ahead = set(on) - found
        found |= ahead
    return found


@transaction.atomic
def release(dependency: Dependency, *, by: User) -> None:
    """Note that a ticket waits for another one no longer."""
    locked = lock(dependency.ticket, by=by)
    if not parties(by, locked) & DESK:
        raise NotAllowed(_("You may not do this on this escalation."))
    ended = Dependency.objects.filter(pk=dependency.pk, ended_at=None).update(ended_at=clock.now())
    if ended:
        record(locked, "depends_no_longer", by=by, on=dependency.on_id)
