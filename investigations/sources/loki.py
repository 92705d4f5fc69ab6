"""Grafana Loki: GET /loki/api/v1/query_range, forward in time, page by page.

https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-within-a-range-of-time: `query`,
`start` and `end` in nanoseconds, `limit`, `direction=forward`. Of several streams the lines come stream by
stream. `start` is included, so a page begins at the last instant of the one before, and what came already is
left out. A tenant (X-Scope-OrgID) that is missing is answered with 401, one without logs with no lines.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from investigations.models import LogCut, LogTrouble
from investigations.sources.asking import (
    PAGE,
    Place,
    Question,
    Record,
    SourceTrouble,
    call,
    halved,
    keeping_what_came,
)

PATH = "/loki/api/v1/query_range"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEVELS = ("detected_level", "level", "severity")
_NAMES = ("service_name", "app", "job", "container")


def query(place: Place, question: Question) -> str:
    """Return the query in LogQL: the selector, and any of the ids."""
    if not question.ids:
        return place.within
    if len(question.ids) == 1:
        return f"{place.within} |= `{question.ids[0]}`"
    return f"{place.within} |~ `{'|'.join(re.escape(one) for one in question.ids)}`"


@keeping_what_came
def fetch(place: Place, question: Question) -> Iterator[Record]:
    """Yield the lines, the oldest first. Raises SourceTrouble."""
    start, end = _nanos(question.since), _nanos(question.until)
    seen: Counter[tuple[str, str]] = Counter()  # what came of the instant `start`
    page = PAGE
    while start < end:
        parameters = {
            "query": query(place, question), "start": start, "end": end, "limit": page, "direction": "forward",
        }  # fmt: skip
        try:
            answer = call(place, question, "GET", f"{PATH}?{urlencode(parameters)}")
        except SourceTrouble as error:
            page = halved(page, error)
            continue
        found = sorted(_values(answer), key=lambda value: value[0])
        left = seen.copy()
        for at, labels, line in found:
            key = (str(sorted(labels.items())), line)
            if at == start and left[key]:
                left[key] -= 1
                continue
            yield Record(
                _EPOCH + timedelta(microseconds=at // 1000), line, _of(labels, _LEVELS), _of(labels, _NAMES)
            )
        if len(found) < page:
            return
        last = found[-1][0]
        if last == start:  # more lines of one instant than a page has: the others can't be asked for
            question.cut, start = LogCut.PARTIAL, start + 1
            seen.clear()
            continue
        start = last
        seen = Counter((str(sorted(labels.items())), line) for at, labels, line in found if at == last)


def _values(answer: dict[str, Any]) -> Iterator[tuple[int, dict[str, str], str]]:
    data = answer.get("data")
    if answer.get("status") != "success" or not isinstance(data, dict) or data.get("resultType") != "streams":
        raise SourceTrouble(LogTrouble.RUBBISH)
    try:
        for stream in data["result"]:
            labels = {str(name): str(value) for name, value in stream["stream"].items()}
            for at, line, *_metadata in stream["values"]:
                yield int(at), labels, str(line)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceTrouble(LogTrouble.RUBBISH) from error


def _of(labels: dict[str, str], names: tuple[str, ...]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")


def _nanos(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000
