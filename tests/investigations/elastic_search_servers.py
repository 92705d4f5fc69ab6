"""Elasticsearch and OpenSearch as they are documented: what a text field matches, how dates sort, what lapses.

Mapping of the tests' indices: `trace.id` is text with a keyword below it, `log.level` and `service.name` are
keyword, `order` is long, `@timestamp` is date in one index and date_nanos in the other.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.investigations.search_servers import Answer, Server, json_answer

TEXT = {"message", "trace.id"}
KEYWORD = {"log.level": "log.level", "service.name": "service.name", "trace.id.keyword": "trace.id"}
NANOS_FORMAT = "strict_date_optional_time_nanos"


@dataclass
class Elasticsearch(Server):
    """`lapses`: a point in time or scroll is gone after its first page. `failed`: so many shards don't answer."""

    lapses: bool = False
    failed: int = 0

    def refused(self) -> Answer:
        return _error("401 Unauthorized", "security_exception", "unable to authenticate")

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, environ: dict[str, Any]
    ) -> Answer:
        if body and environ.get("CONTENT_TYPE", "").partition(";")[0] != "application/json":
            said = f"Content-Type header [{environ.get('CONTENT_TYPE', '')}] is not supported"
            return json_answer("406 Not Acceptable", {"error": said, "status": 406})
        said = json.loads(body) if body else {}
        try:
            return self.said(method, path, query, said)
        except Refusal as refusal:
            return _error("400 Bad Request", "illegal_argument_exception", str(refusal))

    def said(self, method: str, path: str, query: dict[str, str], said: dict[str, Any]) -> Answer:
        if (method, path) == ("POST", "/payments-*/_pit") and query.get("keep_alive"):
            self.open_contexts.add("pit1")
            return json_answer("200 OK", {"id": "pit1", "_shards": self.shards()})
        if (method, path) == ("DELETE", "/_pit"):
            self.open_contexts.discard(said["id"])
            return json_answer("200 OK", {"succeeded": True, "num_freed": 1})
        if (method, path) != ("POST", "/_search"):
            return self.missing(path)
        if said["pit"]["id"] not in self.open_contexts:
            return lapsed()
        found = self.hits(said, said.get("search_after"))
        if self.lapses:
            self.open_contexts.clear()
        return json_answer("200 OK", {"pit_id": "pit1", **self.found(found[: said["size"]])})

    def missing(self, path: str) -> Answer:
        return _error("404 Not Found", "index_not_found_exception", f"no such index [{path}]")

    def shards(self) -> dict[str, int]:
        return {"total": 2, "successful": 2 - self.failed, "skipped": 0, "failed": self.failed}

    def found(self, hits: list[dict[str, Any]]) -> dict[str, Any]:
        sent = {"max_score": None, "hits": hits}
        return {"took": 1, "timed_out": False, "_shards": self.shards(), "hits": sent}

    def hits(self, said: dict[str, Any], after: list[Any] | None = None) -> list[dict[str, Any]]:
        """Return what matches, sorted as it is asked for; `after` is read by each index in its own way."""
        sort: dict[str, str] = said["sort"][0]["@timestamp"]
        found = []
        for place, (at, level, service, key, text) in enumerate(self.lines):
            document = {
                "@timestamp": _written(at, place), "log": {"level": level, "offset": "never asked for"},
                "service.name": service, "trace": {"id": key}, "order": place, "message": text,
                "password": "never asked for",
            }  # fmt: skip
            if not all(_matches(document, at, one) for one in said["query"]["bool"]["filter"]):
                continue
            nanos, index = int(at.timestamp() * 1000) * 10**6, place % 2
            own = nanos if index or sort.get("numeric_type") == "date_nanos" else nanos // 10**6
            shown = _formatted(at, sort["format"]) if "format" in sort else own
            if after is not None:
                since = _sort_value(after[0], sort, is_nanos=bool(index))
                if (own, place) <= (since, after[1]):
                    continue
            hit = {
                "_index": f"payments-{index}", "_id": str(place), "_score": None,
                "_source": filtered(document, said["_source"]), "sort": [shown, place],
            }  # fmt: skip
            if "docvalue_fields" in said:
                hit["fields"] = {
                    one["field"]: [_formatted(at, one["format"])]
                    for one in said["docvalue_fields"] if one["field"] == "@timestamp"
                }  # fmt: skip
            found.append((own, place, hit))
        return [hit for _own, _place, hit in sorted(found, key=lambda one: one[:2])]


class Refusal(Exception):
    """What Elasticsearch says that it can't do."""


def _written(at: datetime, place: int) -> object:
    """Return a date as documents have it: as a text, or milliseconds as a number or a text."""
    millis = int(at.timestamp() * 1000)
    return [at.isoformat(timespec="milliseconds"), millis, str(millis)][place % 3]


def _formatted(at: datetime, form: str) -> str:
    if form == "epoch_millis":
        return str(int(at.timestamp() * 1000))
    if form != NANOS_FORMAT:
        raise Refusal(f"Invalid format: [{form}]")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def _sort_value(value: Any, sort: dict[str, str], *, is_nanos: bool) -> int:
    """Return where a page begins, in what the index sorts by: a number is of its own resolution."""
    if "format" not in sort:
        return int(value)
    if not isinstance(value, str):
        raise Refusal(f"failed to parse date field [{value}] with format [{sort['format']}]")
    millis = int(datetime.fromisoformat(value).timestamp() * 1000)
    return millis * 10**6 if is_nanos or sort.get("numeric_type") == "date_nanos" else millis


def tokens(text: str) -> list[str]:
    """Return what the standard analyzer makes of a text: words in small letters; of signs it keeps `_` alone."""
    return re.findall(r"\w+", text.lower())


def _matches(document: dict[str, Any], at: datetime, query: dict[str, Any]) -> bool:
    ((kind, said),) = query.items()
    if kind == "range":
        assert said["@timestamp"]["format"] == "epoch_millis"
        return bool(said["@timestamp"]["gte"] <= int(at.timestamp() * 1000) < said["@timestamp"]["lt"])
    if kind == "bool":
        assert said["minimum_should_match"] == 1
        return any(_matches(document, at, one) for one in said["should"])
    if kind == "term":
        ((name, value),) = said.items()
        return _of_keyword(document, name) == value or value in tokens(_of_text(document, name))
    if kind != "multi_match" or said["type"] != "phrase":
        raise Refusal(f"unknown query [{kind}]")
    names = said.get("fields", [*TEXT, *KEYWORD, "order"])
    if "order" in names and not said.get("lenient") and not said["query"].isdigit():
        raise Refusal(f'failed to create query: For input string: "{said["query"]}"')
    return any(
        _of_keyword(document, name) == said["query"] or _has_phrase(_of_text(document, name), said["query"])
        for name in names
    )


def _of_keyword(document: dict[str, Any], name: str) -> str:
    return str(at_path(document, KEYWORD[name])) if name in KEYWORD else ""


def _of_text(document: dict[str, Any], name: str) -> str:
    return str(at_path(document, name)) if name in TEXT else ""


def _has_phrase(text: str, phrase: str) -> bool:
    words, wanted = tokens(text), tokens(phrase)
    return any(words[place : place + len(wanted)] == wanted for place in range(len(words)))


def at_path(document: dict[str, Any], path: str) -> Any:
    """Return what stands at a path, nested or with a dot in its name."""
    if path in document:
        return document[path]
    head, _dot, rest = path.partition(".")
    inner = document.get(head)
    return at_path(inner, rest) if rest and isinstance(inner, dict) else None


def filtered(document: dict[str, Any], names: list[str], below: str = "") -> dict[str, Any]:
    """Return a document with no more than the named fields, nested as they were."""
    kept: dict[str, Any] = {}
    for key, value in document.items():
        path = f"{below}{key}"
        if path in names:
            kept[key] = value
        elif isinstance(value, dict) and (inner := filtered(value, names, f"{path}.")):
            kept[key] = inner
    return kept


def _error(status: str, kind: str, reason: str) -> Answer:
    cause = {"type": kind, "reason": reason}
    return json_answer(status, {"error": {"root_cause": [cause], **cause}, "status": int(status[:3])})


def lapsed() -> Answer:
    """Answer that a point in time or scroll is not there any more."""
    cause = {"type": "search_context_missing_exception", "reason": "No search context found for id [7]"}
    error = {"root_cause": [cause], "type": "search_phase_execution_exception", "reason": "all shards failed"}
    return json_answer("404 Not Found", {"error": {**error, "phase": "query", "grouped": True}, "status": 404})


@dataclass
class OpenSearch(Elasticsearch):
    """Its scroll goes on by a page with each call, whether the answer arrived or not."""

    left: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0

    def said(self, method: str, path: str, query: dict[str, str], said: dict[str, Any]) -> Answer:
        if (method, path) == ("POST", "/payments-*/_search") and query.get("scroll"):
            if unknown := set(said["sort"][0]["@timestamp"]) - {"order"}:
                raise Refusal(f"[field_sort] unknown field {unknown}")
            self.open_contexts.add("scroll1")
            self.left, self.size = self.hits(said), said["size"]
        elif (method, path) == ("DELETE", "/_search/scroll"):
            self.open_contexts.difference_update(said["scroll_id"])
            return json_answer("200 OK", {"succeeded": True, "num_freed": 1})
        elif (method, path) != ("POST", "/_search/scroll"):
            return self.missing(path)
        elif said.get("scroll_id") not in self.open_contexts:
            return lapsed()
        page, self.left = self.left[: self.size], self.left[self.size :]
        if self.lapses:
            self.open_contexts.clear()
        return json_answer("200 OK", {"_scroll_id": "scroll1", **self.found(page)})
