"""What waits for a person's approval in upper apps, for the one page where approvers look.

Each registers what of its own waits, so that apps on one line show what the others have without importing them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from escalations.models import Ticket


@dataclass(frozen=True)
class Request:
    """One thing that waits for approval. `what` as people read it; `url` leads to where it is decided."""

    ticket: Ticket
    what: str
    asked_by: User
    expires_at: datetime
    url: str


#: What this person may approve or reject now.
Source = Callable[[User], Iterable[Request]]
_sources: dict[str, Source] = {}


def register(name: str, waiting: Source) -> None:
    """List an upper app's requests, too. Registering a name again replaces it."""
    _sources[name] = waiting


def waiting_for(user: User) -> list[Request]:
    """Return what `user` may approve or reject now, what expires first before the rest."""
    found = [one for waiting in _sources.values() for one in waiting(user)]
    return sorted(found, key=lambda one: one.expires_at)
