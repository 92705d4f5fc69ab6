"""Who wants to hear of which events.

An app that reacts to events registers a consumer when it starts. Recording an
event then owes that consumer a delivery, in the same transaction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from events.models import Event


@dataclass(frozen=True)
class Consumer:
    """A named reaction. `handle` must be idempotent: it may see an event twice."""

    name: str
    kinds: frozenset[str]
    handle: Callable[[Event], None]

    def wants(self, kind: str) -> bool:
        return kind in self.kinds


_consumers: dict[str, Consumer] = {}


def register(name: str, kinds: Iterable[str], handle: Callable[[Event], None]) -> None:
    """Owe `handle` every later event of `kinds`. Registering a name again replaces it."""
    _consumers[name] = Consumer(name, frozenset(kinds), handle)


def interested_in(kind: str) -> list[Consumer]:
    """Return the consumers that want events of this kind."""
    return [consumer for consumer in _consumers.values() if consumer.wants(kind)]


def named(name: str) -> Consumer | None:
    """Return the consumer of that name, or None if no app registers it any more."""
    return _consumers.get(name)
