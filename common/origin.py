"""Where a request comes from, for what is written down about it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass

from django.db import connection


@dataclass(frozen=True)
class Origin:
    """The client's address (None if unknown), what it calls itself, and the request's number, given by us."""

    address: str | None
    agent: str
    request: str


_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def current() -> Origin | None:
    """Return where the request that is being answered comes from; None in jobs and commands."""
    return _current.get()


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """Let `current` answer `origin` within this thread of execution."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


def tell_the_database() -> None:
    """Tell the triggers of this transaction where its changes come from, if they come from a request."""
    if origin := _current.get():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('secondline.origin', %s, true)", [json.dumps(asdict(origin))])
