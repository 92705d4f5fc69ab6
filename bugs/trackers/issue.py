"""What a tracker says of an issue, and what Secondline asks of a tracker."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import requests
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from bugs.models import State
from common.errors import Refused
from common.outgoing import OutgoingError

#: How far back a tracker is looked through, for a mark or for comments.
NEWEST = 100
#: Issues of one page: their texts must fit into an answer that is read.
PAGE = 50
LONGEST_REST = timedelta(hours=1)
#: What begins a mention, a picture or HTML; our own marks are HTML that nobody sees.
_LIVE = re.compile(r"@(?=\w)|!(?=\[)|<(?=[A-Za-z/!?])(?!!-- secondline-(?:bug|comment):[0-9a-f]{32} -->)")
_ZERO_WIDTH_SPACE = "\u200b"
#: Finds fenced blocks, of which no tracker carries anything out. Without HTML, since none is left in the end.
_BLOCKS = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class Issue:
    """An issue as the tracker has it. `state` is OPEN, FIXED or DECLINED; `body` may hold the mark of a report.

    `changed_at`: when it was changed last, by the tracker's clock; None where that is not told.
    """

    number: str
    url: str
    state: State
    assignee: str = ""
    body: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Said:
    """A comment as the tracker has it. `body` may hold the mark of one that was written here.

    `at`, `changed_at`: when it was written, and when it was changed last, by the tracker's clock.
    """

    number: str
    author: str
    body: str
    at: datetime
    changed_at: datetime


def without_mentions(markdown: str) -> str:
    """Return Markdown that mentions nobody, shows no picture and holds no HTML outside of fenced blocks.

    A customer's words are never carried out.
    """
    markdown = markdown.replace("\r\n", "\n").replace("\r", "\n")
    fenced: set[int] = set()
    for token in _BLOCKS.parse(markdown):
        if token.type == "fence" and token.level == 0 and token.map:
            fenced.update(range(*token.map))
    lines = markdown.split("\n")
    return "\n".join(
        line if number in fenced else _LIVE.sub(lambda found: found[0] + _ZERO_WIDTH_SPACE, line)
        for number, line in enumerate(lines)
    )


class TrackerError(Refused):
    """The tracker did not do what it was asked. `unsure`: it may have done so all the same.

    `rest`: for how long it wants to be left alone.
    """

    def __init__(self, message: str, *, unsure: bool = False, rest: timedelta = timedelta()) -> None:
        super().__init__(message)
        self.unsure = unsure
        self.rest = min(rest, LONGEST_REST)


def refused_with(status: int, headers: Mapping[str, str] | None = None) -> TrackerError:
    """Return the error for an answer of that status. A tracker that has had enough of us says so by 403, too."""
    rest = _rest(headers or {})
    if status == 429 or (status == 403 and rest):
        return TrackerError(
            _("The tracker wants to be asked less often. It is tried again by itself."),
            unsure=True, rest=rest or timedelta(minutes=1),
        )  # fmt: skip
    if status in {401, 403}:
        return TrackerError(
            _("The tracker refuses our token (status %d). An admin has to enter another.") % status
        )
    if status == 404:
        return TrackerError(_("The tracker knows no such project or issue."))
    return TrackerError(_("The tracker answered with status %d.") % status, unsure=status >= 500, rest=rest)


def _rest(headers: Mapping[str, str]) -> timedelta:
    """Return for how long to leave a tracker alone: Retry-After (seconds), or a while once nothing remains."""
    found = {name.lower(): value for name, value in headers.items()}
    seconds = found.get("retry-after", "")
    if seconds.isdecimal() and len(seconds) < 8:
        return timedelta(seconds=int(seconds))
    if found.get("x-ratelimit-remaining") == "0":
        return timedelta(minutes=5)
    return timedelta()


@contextmanager
def told() -> Iterator[None]:
    """Have whatever fails on the way to a tracker, or in reading its answer, come as a TrackerError."""
    try:
        yield
    except TrackerError:
        raise
    except OutgoingError as error:
        raise TrackerError(str(error.message), unsure=getattr(error, "was_sent", False)) from error
    except (requests.RequestException, ValueError, TypeError, LookupError, AttributeError) as error:
        raise TrackerError(_("What the tracker answered can't be read."), unsure=True) from error


class Client(Protocol):
    """One project of a tracker. Raises TrackerError, whatever goes wrong.

    Slow: never within a transaction. `number` is how the tracker calls an issue, such as 7 or PAY-7.
    """

    def check(self) -> None:
        """Ask whether the project is there and our token is good."""

    def create(self, title: str, body: str) -> Issue: ...

    def find(self, mark: str) -> Issue | None:
        """Return the issue whose text holds the mark, looking through the newest ones."""

    def get(self, number: str) -> Issue: ...

    def changed(self, since: datetime) -> list[Issue]:
        """Return the issues that changed since then, the newest PAGE of them."""

    def comments(self, number: str) -> list[Said]:
        """Return the newest comments of an issue, the oldest first."""

    def comment(self, number: str, body: str) -> Said: ...

    def change(self, number: str, *, state: State | None, assignee: str) -> Issue:
        """Have an issue in this state (OPEN, FIXED or DECLINED), and of this person, if one is named."""
