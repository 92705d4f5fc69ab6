"""The states of a hand-over as data: which move leads from where to where, and whose move it is.

Buttons, checks and docs/handovers.md are made from this one table.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import clock
from common.errors import Refused
from escalations.changes import enter
from escalations.models import OWED, HandOver, HandOverState, State, Ticket

_ASKED, _ACCEPTED, _IN_WORK = HandOverState.ASKED, HandOverState.ACCEPTED, HandOverState.IN_WORK
_QUESTION_BACK, _ANSWERED = HandOverState.QUESTION_BACK, HandOverState.ANSWERED
_OWED = frozenset(OWED)
_WITH_PARTNER = _OWED - {_QUESTION_BACK}


class Side(StrEnum):
    PARTNER = "partner"
    DESK = "desk"


class Move(StrEnum):
    ACCEPT = "accept"
    BEGIN = "begin"
    ANSWER = "answer"
    ASK_BACK = "ask_back"
    DECLINE = "decline"
    REPLY = "reply"
    WITHDRAW = "withdraw"
    CLOSE = "close"
    ASK_AGAIN = "ask_again"
    SAY = "say"
    DUE = "due"


@dataclass(frozen=True)
class Step:
    """One row: `move` leads from any of `sources` to `target`, or (None) leaves the state as it is.

    `asks` is what has to be written with it; "" where nothing may be.
    """

    move: Move
    label: str | Promise
    sources: frozenset[HandOverState]
    target: HandOverState | None
    sides: frozenset[Side]
    asks: str | Promise = ""


_PARTNER, _DESK = frozenset({Side.PARTNER}), frozenset({Side.DESK})

STEPS: tuple[Step, ...] = (
    Step(Move.ACCEPT, gettext_lazy("Accept"), frozenset({_ASKED}), _ACCEPTED, _PARTNER),
    Step(Move.BEGIN, gettext_lazy("Start work"), frozenset({_ASKED, _ACCEPTED}), _IN_WORK, _PARTNER),
    Step(Move.ANSWER, gettext_lazy("Answer"), _OWED, _ANSWERED, _PARTNER, gettext_lazy("Your answer")),
    Step(
        Move.ASK_BACK, gettext_lazy("Ask back"), _WITH_PARTNER, _QUESTION_BACK, _PARTNER,
        gettext_lazy("What do you need to know?"),
    ),
    Step(
        Move.DECLINE, gettext_lazy("Decline"), _OWED, HandOverState.DECLINED, _PARTNER,
        gettext_lazy("Why is it not yours to answer?"),
    ),
    Step(
        Move.REPLY, gettext_lazy("Answer their question"), frozenset({_QUESTION_BACK}), _IN_WORK, _DESK,
        gettext_lazy("Your answer"),
    ),
    Step(Move.WITHDRAW, gettext_lazy("Withdraw"), _OWED, HandOverState.WITHDRAWN, _DESK),
    Step(Move.CLOSE, gettext_lazy("Close"), frozenset({_ANSWERED}), HandOverState.CLOSED, _DESK),
    Step(
        Move.ASK_AGAIN, gettext_lazy("Ask again"), frozenset({_ANSWERED, HandOverState.DECLINED}), _ASKED, _DESK,
        gettext_lazy("What is still open?"),
    ),
    Step(
        Move.SAY, gettext_lazy("Add a message"), _OWED | {_ANSWERED}, None, _PARTNER | _DESK,
        gettext_lazy("Message"),
    ),
    Step(Move.DUE, gettext_lazy("Change due date"), _OWED, None, _DESK, gettext_lazy("Why?")),
)  # fmt: skip

BY_MOVE = {step.move: step for step in STEPS}


def open_to(hand_over: HandOver, sides: frozenset[Side]) -> list[Step]:
    """Return the steps that somebody of these sides may make as it stands now."""
    return [step for step in STEPS if hand_over.state in step.sources and sides & step.sides]


def check(hand_over: HandOver, move: Move) -> Step:
    """Return the step, or raise Refused where it does not lead on from here."""
    step = BY_MOVE[move]
    if hand_over.state not in step.sources:
        raise Refused(
            _("“%(action)s” is not possible: the hand-over is “%(state)s” now.")
            % {"action": step.label, "state": hand_over.get_state_display()}
        )
    return step


def put(hand_over: HandOver, state: HandOverState, **also: Any) -> None:
    """Store a locked hand-over in that state, as its next version, and what else changed of it."""
    now = clock.now()
    if hand_over.state != state or hand_over.state_since is None:
        hand_over.state, hand_over.state_since = state, now
    hand_over.ended_at = None if state in OWED else hand_over.ended_at or now
    for name, value in also.items():
        setattr(hand_over, name, value)
    hand_over.version += 1
    hand_over.save(update_fields=["state", "state_since", "ended_at", "version", *also])


def follow(ticket: Ticket) -> None:
    """Let the ticket wait on its partners as its hand-overs stand: while one is with them, and no longer.

    A ticket that waits for the customer or the first line goes on waiting for them.
    """
    waits = ticket.hand_overs.owed().exclude(state=_QUESTION_BACK).exists()
    if waits and ticket.state == State.IN_PROGRESS:
        enter(ticket, State.WAITING_PARTNER)
    elif not waits and ticket.state == State.WAITING_PARTNER:
        enter(ticket, State.IN_PROGRESS)


def told_of(hand_over: HandOver) -> dict[str, Any]:
    """Return what an event remembers of it."""
    return {"hand_over": hand_over.pk, "hand_over_state": str(hand_over.state), "partner": hand_over.team_id}


def as_table() -> str:
    """Return the rows of docs/handovers.md."""
    words = {Side.PARTNER: "partner", Side.DESK: "second line"}
    rows = []
    for step in STEPS:
        sources = ", ".join(str(state.label) for state in HandOverState if state in step.sources)
        by = " or ".join(words[side] for side in Side if side in step.sides)
        text = ", *with text*" if step.asks else ""
        rows.append(
            f"| {sources} | {step.label}{text} | {by} | {step.target.label if step.target else 'the same'} |"
        )
    return "\n".join(rows)
