"""Handing over at a change of shift: the list of what falls due, and acknowledging it item by item.

Whenever somebody goes off duty the team's work passes to who is on then, or comes on next. The list is
generated once per team and instant, out of the event that a shift has ended, and holds every open ticket that
falls due before the relief goes off in its turn, and what is overdue in the hands of somebody who is not
there.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

import redaction
from accounts import attendance, people, roster
from accounts.models import Role, Team, User
from common import clock
from common.errors import Absent, NotAllowed, Refused
from escalations import assignment
from escalations.models import UNFINISHED, Baton, BatonItem, Clock, Ticket
from events.models import Event
from events.recording import record

CONSUMER = "baton"
KINDS = (attendance.ENDED,)
LONGEST_NOTE = 1000


def handle(event: Event) -> None:
    """Hand over for the team for which somebody's shift has ended.

    What the next hand-over has overtaken already, after a long outage, is left out.
    """
    team = Team.objects.filter(pk=event.get("team"), is_active=True).first()
    if team is None:
        return
    overtaken = roster.next_handover(team, event.at)
    if overtaken is not None and overtaken <= clock.now():
        return
    baton = hand_over(team, event.at)
    if baton is not None:
        baton.going_off.add(event.subject_id)


@transaction.atomic
def hand_over(team: Team, at: datetime) -> Baton | None:
    """Return the hand-over of the team at that instant, generated now unless it has been before.

    None when nobody comes on: there is nobody to hand over to.
    """
    relief = roster.relief(team, at)
    if relief is None:
        return None
    made = {"until": relief.until, "made_at": clock.now()}
    baton, created = Baton.objects.get_or_create(team=team, at=at, defaults=made)
    if created:
        baton.coming_on.set(relief.people)
        items = BatonItem.objects.bulk_create(_items(baton))
        record(
            "baton.passed",
            subject=("baton", baton.pk),
            by=people.system(),
            at=at,
            data={"team": team.pk, "items": len(items)},
        )
    return baton


def _items(baton: Baton) -> list[BatonItem]:
    breached = Clock.objects.filter(ticket=OuterRef("pk"), breached_at__isnull=False, state__in=UNFINISHED)
    present = [person.pk for person, _stretch in roster.on_now(baton.team, baton.at)]
    absent = Q(owner__isnull=False) & ~Q(owner__in=present)
    listed = (
        Ticket.objects.open()
        .filter(team=baton.team)
        .annotate(is_breached=Exists(breached))
        .filter(Q(next_due_at__lt=baton.until) | (Q(is_breached=True) & absent))
        .order_by("next_due_at", "pk")
        .values_list("pk", "owner", "next_due_at", "is_breached")
    )
    return [
        BatonItem(
            baton=baton,
            ticket_id=ticket,
            owner_id=owner,
            due_at=due_at,
            was_overdue=is_breached or (due_at is not None and due_at < baton.at),
        )
        for ticket, owner, due_at, is_breached in listed
    ]


def acknowledging(user: User, at: datetime) -> set[int]:
    """Return the teams for which `user` may acknowledge at `at`: those led, and those with them on duty."""
    if user.is_auditor:
        return set()
    if user.is_superuser:
        return set(Team.objects.values_list("pk", flat=True))
    on_duty = {duty.team.pk for duty in roster.duties(people=[user], since=at) if duty.on(at)}
    return on_duty & set(user.teams_as(Role.L2)) | set(user.teams_as(Role.LEAD))


@transaction.atomic
def acknowledge(item: BatonItem, *, by: User, note: str = "", take: bool = False) -> BatonItem:
    """Note that `by` has seen the item; with `take`, make them the ticket's owner, instead of who had it.

    Raises Absent, NotAllowed unless on duty or a lead, and Refused when somebody was quicker, the ticket has
    ended, a later hand-over has taken the place of this one, or the ticket can't be taken.
    """
    locked = (
        BatonItem.objects.visible_to(by)
        .select_for_update(of=("self",), no_key=True)
        .select_related("baton__team", "ticket", "owner")  # not who acknowledged: a join is older than the lock
        .filter(pk=item.pk)
        .first()
    )
    if locked is None:
        raise Absent(_("There is no such hand-over."))
    now = clock.now()
    if locked.baton.team_id not in acknowledging(by, now):
        raise NotAllowed(_("Only who is on duty now, or a lead, acknowledges what is handed over."))
    if locked.acknowledged_by is not None:
        raise Refused(_("%s has acknowledged it already.") % locked.acknowledged_by)
    if not locked.ticket.is_open:
        raise Refused(_("%s has ended meanwhile: nothing is left to hand over.") % locked.ticket.reference)
    if Baton.objects.filter(team=locked.baton.team, at__gt=locked.baton.at).exists():
        raise Refused(_("A later hand-over has taken the place of this one: acknowledge it there."))
    if len(note) > LONGEST_NOTE:
        raise Refused(_("A note has at most %d characters.") % LONGEST_NOTE, field="note")
    if take:
        assignment.take(locked.ticket, by=by, instead_of=_absent(locked, now))
    locked.acknowledged_by, locked.acknowledged_at, locked.taken = by, now, take
    locked.note = redaction.clean(note.strip())
    locked.save(update_fields=["acknowledged_by", "acknowledged_at", "taken", "note"])
    record(
        "baton.acknowledged",
        subject=("baton", locked.baton_id),
        by=by,
        data={"ticket": locked.ticket_id, "taken": take},
    )
    return locked


def _absent(item: BatonItem, at: datetime) -> User | None:
    """Return who had the ticket, if they are not on duty: from them it may be taken."""
    on_duty = item.owner is not None and roster.shift_of(item.owner, at) is not None
    return None if on_duty else item.owner
