"""The lifecycle as a document, written from the table that the program itself goes by."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation

from escalations.access import Party
from escalations.models.ticket import ENDED, OPEN, State
from escalations.transitions import TRANSITIONS, Transition

HEAD = """\
# The lifecycle of an escalation

Written by `manage.py describe_lifecycle` from `escalations/transitions.py`. Don't edit it: change the table,
then run `manage.py describe_lifecycle > docs/lifecycle.md`. A test fails while the two differ.

The same table decides which buttons a ticket page shows, which transitions the API offers, and what the domain
functions refuse. Whoever may not see a ticket at all gets "not found", whatever stands here.
"""

TAIL = """\
## What is not a transition

- **An answer ends a wait.** A message from the customer, from L1 or from the partner whom the ticket waits for
  takes it back to *In progress*; the event is the message's own (`escalations/conversation.py`).
- **Owner, team and priority** change in any open state and leave the state as it is
  (`escalations/assignment.py`).
- **A replayed history** (`integrations/replay.py`) follows the past, not this table: the past is as it was.
"""

ANY_OPEN = "any_open"

STANCES = {
    Party.REQUESTER: "L1: who escalated it, their first-line team, and its lead",
    Party.SPECIALIST: "L2 of the team that has the ticket, its lead included",
    Party.LEAD: "lead of the team that has the ticket, and admins",
    Party.PARTNER: "a member of a team that it is handed over to at present",
    Party.LISTED: "second line of another team, or compliance, whom a restricted ticket's list names",
    Party.SYSTEM: "Secondline's own jobs",
}


def document() -> str:
    """Return the whole document, in English and Markdown."""
    with translation.override("en"):
        return "\n".join([HEAD, *_diagram(), "", *_transitions(), "", *_stances(), "", *_states(), "", TAIL])


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    for state in State:
        yield f'    state "{state.label}" as {state.value}'
    yield f'    state "any open state" as {ANY_OPEN}'
    yield f"    [*] --> {State.NEW.value}: Escalate"
    for transition in TRANSITIONS:
        for source in _drawn_from(transition):
            yield f"    {source} --> {_drawn_to(transition)}: {transition.label}"
    for state in _last_states():
        yield f"    {state.value} --> [*]"
    yield "```"


def _drawn_from(transition: Transition) -> list[str]:
    """Return where the arrows begin: one for all where every open state leads on."""
    if transition.sources == OPEN:
        return [ANY_OPEN]
    return [state.value for state in _in_order(transition.sources)]


def _drawn_to(transition: Transition) -> str:
    return transition.target.value if transition.target is not None else ANY_OPEN


def _transitions() -> Iterator[str]:
    yield "## Transitions"
    yield ""
    yield "| Verb | Button | From | To | Who | Needs |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for transition in TRANSITIONS:
        sources = "any open state" if transition.sources == OPEN else _labels(transition.sources)
        who = ", ".join(party.value for party in Party if party in transition.who)
        needs = ", ".join(f"`{name}`" for name in transition.needs) or "–"
        target = transition.target.label if transition.target is not None else "as it was before"
        yield f"| `{transition.verb}` | {transition.label} | {sources} | {target} | {who} | {needs} |"


def _stances() -> Iterator[str]:
    yield "## Who"
    yield ""
    yield "Somebody may stand in several of these ways towards one ticket (`escalations/access.py`). Auditors"
    yield "stand in none: they read."
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    for party in Party:
        yield f"| {party.value} | {STANCES[party]} |"


def _states() -> Iterator[str]:
    last = frozenset(_last_states())
    yield "## States"
    yield ""
    yield f"- Open, somebody still has to do something: {_labels(OPEN)}."
    yield f"- Ended, but can be reopened: {_labels(ENDED - last)}."
    yield f"- Ended for good: {_labels(last)}."


def _last_states() -> list[State]:
    """Return the states that no transition leaves."""
    left = frozenset[State]().union(*(transition.sources for transition in TRANSITIONS))
    return [state for state in State if state not in left]


def _labels(states: frozenset[State]) -> str:
    return ", ".join(str(state.label) for state in _in_order(states))


def _in_order(states: frozenset[State]) -> list[State]:
    return [state for state in State if state in states]


class Command(BaseCommand):
    help = "Writes docs/lifecycle.md from the transition table, to standard output."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(document(), ending="")
