"""Availability follows the roster: available when the shift begins, away when it ends.

What a person sets by hand in between stays until their next shift begins or ends. Who is on no roster keeps
what they set.

Each person's next change is a row with an index (Attendance), computed when the last one happened or the
roster changed. The job takes what is due; however late it runs, each beginning and end is recorded once, at
the instant at which it was. Whoever writes these rows holds the person's own row locked.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts import people as persons
from accounts import roster
from accounts.models import Attendance, Availability, Team, User
from accounts.roster import Duty
from common import clock
from events.models import Event
from events.recording import record

CONSUMER = "attendance"
KINDS = ("person.roles_changed", "person.deactivated", "person.activated")
BEGAN, ENDED = "person.shift_began", "person.shift_ended"

_BATCH = 200


def follow() -> int:
    """Carry out every change of shift that is due, and return how many people were concerned.

    Several workers may do it at once: whom one is looking after the others pass over.
    """
    concerned = 0
    while batch := _follow_batch():
        concerned += batch
    return concerned


@transaction.atomic
def _follow_batch() -> int:
    now = clock.now()
    due = Attendance.objects.filter(next_change_at__lte=now)
    locked = list(
        User.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(pk__in=due.order_by("next_change_at").values("person")[:_BATCH])
        .order_by("pk")
    )
    rows = list(due.filter(person__in=locked).order_by("next_change_at", "pk"))
    if rows:
        _bring(rows, locked, now)
    return len({row.person_id for row in rows})


def lock(people: Iterable[int]) -> list[User]:
    """Lock the people until the transaction ends, in an order that all keep to."""
    return list(User.objects.select_for_update(no_key=True).filter(pk__in=set(people)).order_by("pk"))


@transaction.atomic
def replan(people: Iterable[int]) -> None:
    """Bring the people of these ids to what their rosters say now, after a roster has changed.

    Whoever thereby comes on or goes off does so now.
    """
    now = clock.now()
    locked = lock(people)
    rows = {(row.person_id, row.team_id): row for row in Attendance.objects.filter(person__in=locked)}
    for duty in roster.duties(people=locked, since=now):
        pair = (duty.person.pk, duty.team.pk)
        if pair not in rows and (duty.on(now) or duty.next(now)):
            rows[pair] = _first(duty, now)
    _bring(list(rows.values()), locked, now)


def _first(duty: Duty, now: datetime) -> Attendance:
    """Return the row of who is new on a roster. Between two weekly shifts they become away."""
    if duty.follows_week(now) and not roster.shift_of(duty.person, now):
        persons.set_availability(duty.person, Availability.AWAY, by=persons.system())
    return Attendance.objects.create(person=duty.person, team=duty.team, on_duty=False)


def _bring(rows: list[Attendance], locked: list[User], now: datetime) -> None:
    """Record what has changed since each row was written, and note when the next change comes."""
    people = {person.pk: person for person in locked}
    earliest = min((row.next_change_at for row in rows if row.next_change_at), default=now)
    duties = {
        (duty.person.pk, duty.team.pk): duty for duty in roster.duties(people=locked, since=min(earliest, now))
    }
    happened: list[tuple[datetime, bool, Attendance]] = []
    for row in rows:
        duty = duties.get((row.person_id, row.team_id))
        on_duty = row.on_duty
        for at, begins in _changes(row, duty, now):
            if begins != on_duty:
                happened.append((at, begins, row))
                on_duty = begins
        row.on_duty = on_duty
        row.next_change_at = duty.next_change(now) if duty else None
    # Of two at one instant the end comes first: whoever changes teams then does not end up away.
    for at, begins, row in sorted(happened, key=lambda change: (change[0], change[1], change[2].pk)):
        elsewhere = [duty for pair, duty in duties.items() if pair[0] == row.person_id and pair[1] != row.team_id]
        stays = any(duty.on(at) for duty in elsewhere)
        _record(people[row.person_id], row.team_id, at, begins=begins, stays=stays)
    _keep(rows)


def _changes(row: Attendance, duty: Duty | None, now: datetime) -> list[tuple[datetime, bool]]:
    """Return the instants since the row's next change at which duty began or ended, and how it is now."""
    since = row.next_change_at
    missed = duty.changes(since, now) if duty and since and since <= now else []
    return [*missed, (now, bool(duty and duty.on(now)))]


def _record(person: User, team_id: int, at: datetime, *, begins: bool, stays: bool) -> None:
    """Write down that a shift began or ended, and set the availability; `stays`: on duty for another team."""
    if begins or not stays:
        availability = Availability.AVAILABLE if begins else Availability.AWAY
        User.objects.filter(pk=person.pk).update(availability=availability)
        person.availability = availability
    record(
        BEGAN if begins else ENDED,
        subject=("person", person.pk),
        by=persons.system(),
        at=at,
        data={"team": team_id, "availability": person.availability},
    )


def _keep(rows: list[Attendance]) -> None:
    over = [row.pk for row in rows if row.next_change_at is None and not row.on_duty]
    Attendance.objects.filter(pk__in=over).delete()
    Attendance.objects.bulk_update(
        [row for row in rows if row.pk not in over], ["on_duty", "next_change_at"], batch_size=_BATCH
    )


def of_team(team: Team) -> QuerySet[Attendance]:
    """Return the rows of who is, or was until now, on the team's roster."""
    return Attendance.objects.filter(team=team)


def handle(event: Event) -> None:
    """Follow a change of who is here, and in which teams."""
    replan([event.subject_id])
