"""The life of a sensitive action as a document, written from the tables that the program itself goes by."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation

from actions import kinds, terms
from actions.models import State
from actions.transitions import TRANSITIONS

HEAD = """\
# Sensitive actions

Written by `manage.py describe_actions` from `actions/transitions.py`, `actions/kinds.py` and `actions/terms.py`.
Don't edit it: change the tables, then run `manage.py describe_actions > docs/actions.md`. A test fails while they
differ.

One person asks, another approves exactly what was asked, a job carries it out once. Being an admin opens no way
around that. The database holds it by constraints and triggers of its own (`actions/migrations/0002_guards.py`).
"""

PARTIES = """\
| | |
| --- | --- |
| worker | L2 of the team that has the ticket, or its lead |
| approver | of the group that the policy names, and none of those who wrote or requested this action |
| system | Secondline's own jobs |
"""


def document() -> str:
    """Return the whole document, in English and Markdown."""
    with translation.override("en"):
        return "\n".join([HEAD, *_diagram(), "", *_transitions(), "", PARTIES, *_kinds()])


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    for state in State:
        yield f'    state "{state.label}" as {state.value}'
    yield f"    [*] --> {State.DRAFT.value}"
    for one in TRANSITIONS:
        for source in (state for state in State if state in one.sources and state != one.target):
            yield f"    {source.value} --> {one.target.value}: {one.label}"
    yield "```"


def _transitions() -> Iterator[str]:
    yield "| Verb | Button | From | To | Who | Needs |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in TRANSITIONS:
        sources = ", ".join(str(state.label) for state in State if state in one.sources)
        who = ", ".join(sorted(party.value for party in one.who))
        needs = ", ".join(f"`{name}`" for name in one.needs) or "–"
        yield f"| `{one.verb}` | {one.label} | {sources} | {one.target.label} | {who} | {needs} |"


def _kinds() -> Iterator[str]:
    for definition in kinds.KINDS.values():
        yield f"## {definition.kind.label}"
        yield ""
        fields = ", ".join(f"`{field['key']}`" for field in definition.fields)
        yield f"`{definition.kind.value}` asks for {fields}. Evidence:"
        yield ""
        for piece in definition.evidence:
            must = "a file" if piece.file else "words, a file or a note"
            yield f"- {piece.label}: {must}{'' if piece.required else ', if there is any'}"
        yield ""
        yield "| Term of the policy | As Secondline comes |"
        yield "| --- | --- |"
        for label, value in terms.rows(definition.kind, terms.defaults(definition.kind)):
            yield f"| {label} | {value} |"
        yield ""


class Command(BaseCommand):
    help = "Write docs/actions.md: the states, verbs and kinds of sensitive actions."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(document().rstrip())
