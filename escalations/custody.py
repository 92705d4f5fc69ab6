"""Who held a ticket how long: its life in stretches that add up to it exactly. No database.

A stretch follows from what the ticket's events remember of it (state, team, owner, partner asked). It is
counted in whole seconds, as clocks are, from one change of hands to the next, so that nothing lies between
two stretches and none of them overlap.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.clocks import whole_second
from escalations.models import OWED, HandOverState, State
from events.models import Event

#: Only these events say how the ticket stood at their own instant; a breach is dated back.
_PREFIX = "ticket."


class Hands(models.TextChoices):
    """In whose hands a ticket can be."""

    SECOND_LINE = "second_line", _("Second line")
    FIRST_LINE = "first_line", _("First line")
    CUSTOMER = "customer", _("Customer")
    PARTNER = "partner", _("Partner")
    NOBODY = "nobody", _("Nobody: resolved")


_ELSEWHERE = {
    State.RETURNED: Hands.FIRST_LINE,
    State.WAITING_L1: Hands.FIRST_LINE,
    State.WAITING_CUSTOMER: Hands.CUSTOMER,
    State.WAITING_PARTNER: Hands.PARTNER,
    State.RESOLVED: Hands.NOBODY,
    State.CLOSED: Hands.NOBODY,
    State.CANCELLED: Hands.NOBODY,
    State.MERGED: Hands.NOBODY,
}
_FINAL = {State.CLOSED, State.CANCELLED, State.MERGED}


class Holder(NamedTuple):
    """Whose turn it is: a second-line team, with its owner if there is one, or somebody else.

    `team_id` is the partner's for a partner; None where an imported history does not tell which.
    """

    hands: Hands
    team_id: int | None = None
    owner_id: int | None = None

    @property
    def team(self) -> "Holder":
        """The same without the person."""
        return self._replace(owner_id=None)


class Stretch(NamedTuple):
    """From `start` to `end` the ticket was `holder`'s."""

    start: datetime
    end: datetime
    holder: Holder

    @property
    def seconds(self) -> int:
        return int((self.end - self.start).total_seconds())


def stretches(events: Iterable[Event], *, since: datetime, until: datetime) -> list[Stretch]:
    """Return the ticket's life from `since`, when it was created, to its end, or to `until` if it has none.

    `events` are the ticket's from its creation on, in the order in which they happened. A life ends when the
    ticket is closed, cancelled or merged and not taken up again; between an end and a reopening nobody has it.
    """
    turns: list[tuple[datetime, Holder]] = []
    at = whole_second(since)
    asked: dict[int | None, int] = {}  # by hand-over: the partners that have one, the last asked last
    ended_at: datetime | None = None
    for event in events:
        if not event.kind.startswith(_PREFIX):
            continue
        stands = event.data["ticket"]
        at = max(whole_second(event.at), at) if turns else at
        _follow(asked, event)
        if stands["state"] != State.WAITING_PARTNER and event.get("hand_over_state") is None:
            asked.clear()
        if turns and turns[-1][0] == at:
            turns.pop()  # within one second the last one counts
        holder = _holder(stands, next(reversed(asked.values()), None))
        if not turns or turns[-1][1] != holder:
            turns.append((at, holder))
        ended_at = (ended_at or at) if stands["state"] in _FINAL else None
    if not turns:
        return []
    ends = [*(start for start, _holder_then in turns[1:]), ended_at or max(whole_second(until), at)]
    return [Stretch(start, end, holder) for (start, holder), end in zip(turns, ends, strict=True) if start < end]


def _follow(asked: dict[int | None, int], event: Event) -> None:
    """Note which partners have a hand-over after this event; older ones tell who was asked, and no state."""
    number, partner, state = (event.get(name) for name in ("hand_over", "partner", "hand_over_state"))
    if not partner:
        return
    if state is None or (state in OWED and state != HandOverState.QUESTION_BACK):
        asked[number] = partner
    else:
        asked.pop(number, None)


def _holder(stands: dict[str, Any], partner: int | None) -> Holder:
    hands = _ELSEWHERE.get(State(stands["state"]), Hands.SECOND_LINE)
    if hands == Hands.SECOND_LINE:
        return Holder(hands, stands["team"], stands["owner"])
    return Holder(hands, partner if hands == Hands.PARTNER else None)


def totals(held: Iterable[Stretch], *, people: bool = False) -> dict[Holder, int]:
    """Return the seconds per holder, who had it first first; with `people` per owner, not only per team."""
    found: dict[Holder, int] = {}
    for stretch in held:
        holder = stretch.holder if people else stretch.holder.team
        found[holder] = found.get(holder, 0) + stretch.seconds
    return found


def within(held: Iterable[Stretch], start: datetime, end: datetime) -> list[Stretch]:
    """Return the stretches between two instants, cut to them."""
    return [
        Stretch(max(stretch.start, start), min(stretch.end, end), stretch.holder)
        for stretch in held
        if stretch.start < end and stretch.end > start
    ]
