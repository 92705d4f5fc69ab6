"""Splunk Enterprise and Cloud: POST /services/search/v2/jobs/export, which streams one JSON object a line.

https://help.splunk.com/en/splunk-enterprise/rest-api-reference: `search`, `earliest_time` and `latest_time`
(seconds since 1970), `output_mode=json`, `preview=false`. A result is {"preview", "offset", "result":
{"_raw", …}}, the last one has "lastrow", too. Messages come between results, as splunklib.results reads them
(github.com/splunk/splunk-sdk-python): {"messages": [{"type": "INFO" | "WARN" | "ERROR" | "FATAL", "text"}]}.

`_time` comes as "2026-07-14 14:54:45.000 GMT", in the zone of the user who asks and with its name, which may mean
several; so the search itself writes the time once more, as ISO 8601 (help.splunk.com, "Date and time format
variables": %6N microseconds, %:z the offset with a colon). Splunk before 9.0 has the address without `v2` only.
"""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from common import outgoing
from investigations.models import LogCut, LogTrouble
from investigations.sources import asking
from investigations.sources.asking import (
    Place,
    Question,
    Record,
    SourceTrouble,
    keeping_what_came,
    parsed,
    trouble_of,
    trouble_out,
)

PATHS = ("/services/search/v2/jobs/export", "/services/search/jobs/export")
_LONGEST_LINE = 4 * asking.MEGABYTE
_TIME = 'eval at=strftime(_time, "%Y-%m-%dT%H:%M:%S.%6N%:z")'
_INCOMPLETE = re.compile(r"incomplete|partial|timed out|truncated|unable to distribute", re.IGNORECASE)


def query(place: Place, question: Question) -> str:
    """Return the search in SPL. A search gives the newest first: `head` keeps those, `sort` turns them round."""
    ids = " OR ".join(quoted(one) for one in question.ids)
    wanted = f"search index={quoted(place.within)}" + (f" ({ids})" if ids else "")
    most = question.most_lines + 1
    return f"{wanted} | fields _time, _raw, source, sourcetype | head {most} | sort 0 _time | {_TIME}"


def quoted(text: str) -> str:
    """Return a phrase in which nothing means something."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@keeping_what_came
def fetch(place: Place, question: Question) -> Iterator[Record]:
    """Yield the lines, the oldest first. Raises SourceTrouble."""
    form = {
        "search": query(place, question), "output_mode": "json", "preview": "false",
        "earliest_time": f"{question.since.timestamp():.3f}", "latest_time": f"{question.until.timestamp():.3f}",
    }  # fmt: skip
    headers = place.headers(**{"Content-Type": "application/x-www-form-urlencoded"})
    for path in PATHS:
        left = question.ends - time.monotonic()
        try:
            with outgoing.stream(
                "POST", place.url.rstrip("/") + path, headers=headers, body=urlencode(form).encode(),
                within=max(0.1, left), largest=2 * question.most_bytes + asking.MEGABYTE,
            ) as answer:  # fmt: skip
                if answer.status == 404 and path != PATHS[-1]:
                    continue
                if (trouble := trouble_of(answer.status)) is not None:
                    raise SourceTrouble(trouble)
                yield from _records(_lines(answer), question)
                return
        except outgoing.OutgoingError as error:
            raise SourceTrouble(trouble_out(error)) from error


def _lines(answer: outgoing.Stream) -> Iterator[bytes]:
    rest = b""
    for block in answer.blocks():
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
        if len(rest) > _LONGEST_LINE:
            raise SourceTrouble(LogTrouble.TOO_LARGE)
    if answer.is_cut:
        raise SourceTrouble(LogTrouble.TOO_LARGE)
    yield rest


def _records(lines: Iterator[bytes], question: Question) -> Iterator[Record]:
    for line in lines:
        if not line.strip():
            continue
        value = parsed(line)
        _judge(value.get("messages"), question)
        result = value.get("result")
        if isinstance(result, dict) and not value.get("preview") and isinstance(result.get("_raw"), str):
            name = result.get("source") or result.get("sourcetype") or ""
            yield Record(_time(result.get("at")), result["_raw"], name=str(name))


def _judge(messages: Any, question: Question) -> None:
    """Note that lines may be missing. Raises SourceTrouble where the search failed before there were any."""
    for message in messages if isinstance(messages, list) else []:
        kind = message.get("type") if isinstance(message, dict) else ""
        if kind == "FATAL" and not question.came:
            raise SourceTrouble(LogTrouble.QUERY)
        if kind in {"FATAL", "ERROR"} or (kind == "WARN" and _INCOMPLETE.search(str(message.get("text")))):
            question.cut = LogCut.PARTIAL


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
