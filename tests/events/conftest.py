"""A consumer that tests can watch, make fail, and make slow."""

from collections.abc import Callable, Iterator

import pytest
from celery import current_app

from accounts import people
from events import consumers, recording
from events.models import Delivery, Event

KIND = "test.happened"


class Watcher:
    """Remembers what it was handed; `refuses` may raise for some events."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.refuses: Callable[[Event], None] = lambda event: None

    def __call__(self, event: Event) -> None:
        self.seen.append(event.subject_id)
        self.refuses(event)


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Watcher:
    watcher = Watcher()
    monkeypatch.setattr(consumers, "_consumers", {})
    consumers.register("watcher", [KIND], watcher)
    return watcher


@pytest.fixture
def happen(db: None, watcher: Watcher) -> Callable[..., Delivery]:
    """Record one event about a subject and return what it owes the watcher."""

    def happen(subject: int = 1) -> Delivery:
        event = recording.record(KIND, subject=("test", subject), by=people.system())
        return event.deliveries.get()

    return happen


@pytest.fixture
def broker() -> Iterator[Callable[[str], None]]:
    """Point Celery at another broker for one test."""

    def use(address: str) -> None:
        current_app.conf.update(broker_write_url=address)
        current_app._after_fork()  # type: ignore[attr-defined]  # drops the open connections

    configured = current_app.conf.broker_write_url
    yield use
    use(configured)
