"""What the live stream says of the events that were committed: little, and only to those who may know.

A message names a ticket and no more. The page asks again for what it shows, and gets what its reader may see.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from escalations import alerts, audience
from escalations.snapshot import SUBJECT
from events.tail import Fact

#: A person whose rights have changed: their streams end, and are admitted anew by what they may do now.
RIGHTS = frozenset({"person.roles_changed", "person.deactivated", "person.changed"})
#: By these a ticket goes out of some people's sight.
LOSING = frozenset({"ticket.restricted", "ticket.access_removed"})
END, ALERT, TICKET = "end", "alert", "ticket"


@dataclass(frozen=True)
class Message:
    """One thing said, to whoever listens to one of `keys`."""

    name: str
    keys: audience.Keys
    ticket: int | None = None
    kept: audience.Keys | None = None  # who still sees the ticket, where others have just lost sight of it


def told(facts: Iterable[Fact]) -> list[Message]:
    """Return what is said of these events, in their order, of each ticket once to the same people."""
    facts = list(facts)
    hearers = audience.of_events(fact.id for fact in facts if fact.subject[0] == SUBJECT)
    losing = {fact.subject[1] for fact in facts if fact.kind in LOSING}
    kept = audience.listed_on(losing) if losing else {}
    messages: dict[Message, None] = {}
    for fact in facts:
        if fact.id in hearers:
            still = kept.get(fact.subject[1]) if fact.kind in LOSING else None
            messages[Message(TICKET, hearers[fact.id], fact.subject[1], still)] = None
        elif fact.kind == alerts.RAISED and fact.recipient is not None:
            messages[Message(ALERT, frozenset({f"person:{fact.recipient}"}))] = None
        elif fact.kind in RIGHTS:
            messages[Message(END, frozenset({f"person:{fact.subject[1]}"}))] = None
    # Nobody hears anything by rights that they have just lost.
    return sorted(messages, key=lambda message: message.name != END)
