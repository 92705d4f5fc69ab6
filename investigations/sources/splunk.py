"""Splunk Enterprise and Cloud: POST /services/search/v2/jobs/export, which streams one JSON object a line.

https://help.splunk.com/en/splunk-enterprise/rest-api-reference: `search`, `earliest_time` and `latest_time`
(seconds since 1970), `output_mode=json`, `preview=false`. A result is {"preview", "offset", "result":
{"_time", "_raw", …}}; what went wrong is {"messages": [{"type": "FATAL" | "ERROR" | …, "text"}]}.
"""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from common import outgoing
from investigations.models import LogCut, LogTrouble
from investigations.sources import asking
from investigations.sources.asking import Place, Question, Record, SourceTrouble, trouble_of, trouble_out

PATH = "/services/search/v2/jobs/export"
_LONGEST_LINE = 4 * 1024 * 1024


def query(place: Place, question: Question) -> str:
    """Return the search in SPL. A search gives the newest first: `head` keeps those, `sort` turns them round."""
    ids = " OR ".join(quoted(one) for one in question.ids)
    wanted = f"search index={quoted(place.within)}" + (f" ({ids})" if ids else "")
    return (
        f"{wanted} | fields _time, _raw, host, source, sourcetype | head {question.most_lines + 1} | sort 0 _time"
    )


def quoted(text: str) -> str:
    """Return a phrase in which nothing means something."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fetch(place: Place, question: Question) -> Iterator[Record]:
    """Yield the lines, the oldest first. Raises SourceTrouble."""
    form = {
        "search": query(place, question), "output_mode": "json", "preview": "false",
        "earliest_time": f"{question.since.timestamp():.3f}", "latest_time": f"{question.until.timestamp():.3f}",
    }  # fmt: skip
    headers = place.headers(**{"Content-Type": "application/x-www-form-urlencoded"})
    url = place.url.rstrip("/") + PATH
    left = question.ends - time.monotonic()
    try:
        with outgoing.stream(
            "POST", url, headers=headers, body=urlencode(form).encode(), within=max(0.1, left),
            largest=2 * question.most_bytes + asking.MEGABYTE,
        ) as answer:  # fmt: skip
            if (trouble := trouble_of(answer.status)) is not None:
                raise SourceTrouble(trouble)
            yield from _records(_lines(answer))
            if answer.is_cut:
                question.cut = LogCut.BYTES
    except outgoing.TooSlow as error:
        if not question.came:
            raise SourceTrouble(LogTrouble.SILENT) from error
        question.cut = LogCut.TIME
    except outgoing.OutgoingError as error:
        raise SourceTrouble(trouble_out(error)) from error


def _lines(answer: outgoing.Stream) -> Iterator[bytes]:
    rest = b""
    for block in answer.blocks():
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
        if len(rest) > _LONGEST_LINE:
            raise SourceTrouble(LogTrouble.RUBBISH)
    if rest.strip() and not answer.is_cut:
        yield rest


def _records(lines: Iterator[bytes]) -> Iterator[Record]:
    for line in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SourceTrouble(LogTrouble.RUBBISH) from error
        if not isinstance(value, dict):
            raise SourceTrouble(LogTrouble.RUBBISH)
        _judge(value.get("messages"))
        result = value.get("result")
        if isinstance(result, dict) and not value.get("preview") and isinstance(result.get("_raw"), str):
            name = result.get("source") or result.get("sourcetype") or ""
            yield Record(_time(result.get("_time")), result["_raw"], name=str(name))


def _judge(messages: Any) -> None:
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and message.get("type") in {"FATAL", "ERROR"}:
            raise SourceTrouble(LogTrouble.QUERY)


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
