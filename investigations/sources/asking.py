"""What all sources share: what is asked, within which limits, and what goes wrong."""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any

from common import outgoing
from investigations.models import LogCut, LogTrouble, SignIn

MEGABYTE = 1024**2
#: One answer of a source that is asked page by page, and how many lines are asked for with it.
LARGEST_PAGE = 32 * MEGABYTE
PAGE = 1000
#: One answer is waited for so long.
WITHIN = 30.0

#: What an id may be made of. Nothing of it means something in a query language, once it stands in quotes.
ID = re.compile(r"[\w.:@/+=#-]{3,128}", re.ASCII)


class SourceTrouble(Exception):
    """A source did not give what it was asked for."""

    def __init__(self, trouble: LogTrouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


@dataclass(frozen=True)
class Place:
    """Where it is asked: a LogSource with its secret opened."""

    url: str
    within: str
    sign_in: str = SignIn.NONE
    secret: str = field(default="", repr=False)
    tenant: str = ""
    time_field: str = "@timestamp"
    level_field: str = ""
    source_field: str = ""
    message_field: str = "message"
    id_fields: tuple[str, ...] = ()
    more_fields: tuple[str, ...] = ()

    def headers(self, **more: str) -> dict[str, str]:
        """Return the headers of a request, who we are among them."""
        found = {"Accept": "application/json", **more}
        if self.sign_in == SignIn.BASIC:
            found["Authorization"] = f"Basic {b64encode(self.secret.encode()).decode()}"
        elif self.sign_in != SignIn.NONE:
            found["Authorization"] = f"{self.sign_in} {self.secret}"
        return found


@dataclass
class Question:
    """Lines with any of the ids (all, where there is none) from `since` to before `until`.

    `ends`: when time is over, of time.monotonic. `cut` says, once lines have come, why they are not all.
    """

    ids: tuple[str, ...]
    since: datetime
    until: datetime
    most_lines: int
    most_bytes: int
    ends: float
    cut: str = ""
    came: int = 0

    def left(self) -> float:
        """Return how many seconds are left; what takes longer than one answer may is not waited for."""
        return min(WITHIN, self.ends - time.monotonic())

    def takes(self, size: int) -> bool:
        """Count a line of `size` bytes in; False, with the reason in `cut`, where it is one too many."""
        self.most_bytes -= size
        if self.came >= self.most_lines:
            self.cut = LogCut.LINES
        elif self.most_bytes < 0:
            self.cut = LogCut.BYTES
        elif time.monotonic() > self.ends:
            self.cut = LogCut.TIME
        else:
            self.came += 1
            return True
        return False


@dataclass(frozen=True)
class Record:
    """One line of a source. `document` where it has fields of its own instead of a text."""

    at: datetime | None
    text: str = ""
    level: str = ""
    name: str = ""
    document: Mapping[str, Any] | None = None


#: What is no reason to throw away the lines that came before it, and what the log says then.
_CUTS = {
    LogTrouble.SILENT: LogCut.TIME,
    LogTrouble.TOO_LARGE: LogCut.BYTES,
    LogTrouble.INCOMPLETE: LogCut.PARTIAL,
}
Fetch = Callable[[Place, Question], Iterator[Record]]


def keeping_what_came(fetch: Fetch) -> Fetch:
    """Have a source that breaks off end with the lines that came, and the reason in `cut`.

    Without any line that is a trouble; so it is where none came of a source that could not look everywhere.
    """

    @wraps(fetch)
    def kept(place: Place, question: Question) -> Iterator[Record]:
        try:
            yield from fetch(place, question)
        except SourceTrouble as error:
            if not question.came or error.trouble not in _CUTS:
                raise
            question.cut = _CUTS[error.trouble]
        if not question.came and question.cut == LogCut.PARTIAL:
            raise SourceTrouble(LogTrouble.INCOMPLETE)

    return kept


def halved(size: int, error: SourceTrouble) -> int:
    """Return how many lines to ask for after a page that was too large; raise what went wrong where none was."""
    if error.trouble != LogTrouble.TOO_LARGE or size == 1:
        raise error
    return size // 2


def trouble_of(status: int) -> LogTrouble | None:
    """Return what a status says is wrong; None where nothing is."""
    if 200 <= status < 300:
        return None
    known = {401: LogTrouble.KEY, 403: LogTrouble.KEY, 404: LogTrouble.NO_INDEX, 429: LogTrouble.BUSY}
    if status in known:
        return known[status]
    if 300 <= status < 400:
        return LogTrouble.REDIRECT
    return LogTrouble.SOURCE_BROKEN if status >= 500 else LogTrouble.QUERY


def trouble_out(error: outgoing.OutgoingError) -> LogTrouble:
    """Return what it means that a request could not be sent or answered."""
    if isinstance(error, outgoing.TooSlow):
        return LogTrouble.SILENT
    return LogTrouble.AWAY if isinstance(error, outgoing.Unreachable) else LogTrouble.NOT_ALLOWED


def call(place: Place, question: Question, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Send one request and return the object that is answered. Raises SourceTrouble."""
    left = question.left()
    if left <= 0:
        raise SourceTrouble(LogTrouble.SILENT)
    more = {"X-Scope-OrgID": place.tenant} if place.tenant else {}
    content = b""
    if body is not None:
        content, more["Content-Type"] = json.dumps(body).encode(), "application/json"
    try:
        answer = outgoing.send(
            method, place.url.rstrip("/") + path, headers=place.headers(**more), body=content, within=left,
            largest=LARGEST_PAGE,
        )  # fmt: skip
    except outgoing.OutgoingError as error:
        raise SourceTrouble(trouble_out(error)) from error
    if (trouble := trouble_of(answer.status)) is not None:
        raise SourceTrouble(trouble)
    if answer.is_cut:
        raise SourceTrouble(LogTrouble.TOO_LARGE)
    return parsed(answer.body)


def parsed(content: bytes) -> dict[str, Any]:
    """Return a JSON object. Raises SourceTrouble for what is none."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SourceTrouble(LogTrouble.RUBBISH) from error
    if not isinstance(value, dict):
        raise SourceTrouble(LogTrouble.RUBBISH)
    return value
