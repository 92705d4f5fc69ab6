"""What upper apps add to the demo company, so that whoever lays it out need not know them."""

from collections.abc import Callable
from datetime import datetime

#: Lays out an app's part as it is at that time; people, customers and escalations are there.
LayOut = Callable[[datetime], object]

_parts: dict[str, LayOut] = {}


def register(name: str, lay_out: LayOut) -> None:
    """Have `lay_out` called once the demo company stands. Registering a name again replaces it."""
    _parts[name] = lay_out


def lay_out(now: datetime) -> None:
    """Lay out every part, in the order of registration."""
    for part in _parts.values():
        part(now)
