"""Elasticsearch and OpenSearch: _search over a span of time, page by page, the oldest first.

Elasticsearch: a point in time (POST /{index}/_pit?keep_alive) is searched with `search_after`, ties broken by
_shard_doc, and closed (DELETE /_pit). OpenSearch, which not in every version has that tie-breaker: its scroll
(POST /{index}/_search?scroll, POST /_search/scroll, DELETE /_search/scroll).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from investigations.models import LogCut, LogTrouble
from investigations.sources.asking import PAGE, Place, Question, Record, SourceTrouble, call

_ALIVE = "1m"


def query(place: Place, question: Question) -> dict[str, Any]:
    """Return the query: a span of time, and any of the ids, in their fields or in the whole text."""
    span = {"gte": _millis(question.since), "lt": _millis(question.until), "format": "epoch_millis"}
    must: list[dict[str, Any]] = [{"range": {place.time_field: span}}]
    if question.ids and place.id_fields:
        either = [{"term": {field: one}} for field in place.id_fields for one in question.ids]
        must.append({"bool": {"should": either, "minimum_should_match": 1}})
    elif question.ids:
        words = " OR ".join('"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in question.ids)
        must.append({"query_string": {"query": words}})
    return {"bool": {"filter": must}}


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _search(place: Place, question: Question) -> dict[str, Any]:
    named = (
        place.time_field, place.level_field, place.source_field, place.message_field, *place.id_fields,
        *place.more_fields,
    )  # fmt: skip
    return {
        "size": PAGE, "query": query(place, question), "track_total_hits": False,
        "_source": list(dict.fromkeys(name for name in named if name)),
        "sort": [{place.time_field: {"order": "asc"}}],
    }  # fmt: skip


def fetch(place: Place, question: Question) -> Iterator[Record]:
    """Yield the documents of Elasticsearch. Raises SourceTrouble."""
    opened = call(place, question, "POST", f"/{quote(place.within, safe=',*-_.')}/_pit?keep_alive={_ALIVE}")
    pit = opened.get("id")
    if not isinstance(pit, str):
        raise SourceTrouble(LogTrouble.RUBBISH)
    search = _search(place, question)
    search["sort"].append({"_shard_doc": {"order": "asc"}})
    try:
        while True:
            search["pit"] = {"id": pit, "keep_alive": _ALIVE}
            answer = call(place, question, "POST", "/_search", search)
            hits = _hits(answer, question)
            yield from (_record(place, hit) for hit in hits)
            if len(hits) < PAGE:
                return
            pit, search["search_after"] = answer.get("pit_id", pit), hits[-1].get("sort")
            if not search["search_after"]:
                raise SourceTrouble(LogTrouble.RUBBISH)
    finally:
        _close(place, question, "/_pit", {"id": pit})


def fetch_scrolling(place: Place, question: Question) -> Iterator[Record]:
    """Yield the documents of OpenSearch. Raises SourceTrouble."""
    path = f"/{quote(place.within, safe=',*-_.')}/_search?scroll={_ALIVE}"
    answer = call(place, question, "POST", path, _search(place, question))
    scroll = answer.get("_scroll_id")
    try:
        while True:
            hits = _hits(answer, question)
            yield from (_record(place, hit) for hit in hits)
            if len(hits) < PAGE:
                return
            if not isinstance(scroll, str):
                raise SourceTrouble(LogTrouble.RUBBISH)
            answer = call(place, question, "POST", "/_search/scroll", {"scroll": _ALIVE, "scroll_id": scroll})
            scroll = answer.get("_scroll_id", scroll)
    finally:
        if isinstance(scroll, str):
            _close(place, question, "/_search/scroll", {"scroll_id": [scroll]})


def _close(place: Place, question: Question, path: str, body: object) -> None:
    try:
        call(place, question, "DELETE", path, body)
    except SourceTrouble:
        pass  # it lapses by itself in a minute


def _hits(answer: dict[str, Any], question: Question) -> list[dict[str, Any]]:
    found = answer.get("hits")
    hits = found.get("hits") if isinstance(found, dict) else None
    if not isinstance(hits, list) or not all(isinstance(hit, dict) for hit in hits):
        raise SourceTrouble(LogTrouble.RUBBISH)
    shards = answer.get("_shards")
    if answer.get("timed_out") or (isinstance(shards, dict) and shards.get("failed")):
        question.cut = LogCut.PARTIAL
    return hits


def _record(place: Place, hit: dict[str, Any]) -> Record:
    document = hit.get("_source")
    if not isinstance(document, dict):
        document = {}
    at = _time(_at(document, place.time_field))
    return Record(
        at, _text(_at(document, place.message_field)), _text(_at(document, place.level_field)),
        _text(_at(document, place.source_field)), {name: _at(document, name) for name in _kept(place)},
    )  # fmt: skip


def _kept(place: Place) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*place.id_fields, *place.more_fields)))


def _at(document: dict[str, Any], path: str) -> Any:
    """Return what stands at a path, whether a document has it nested or with a dot in its name."""
    if path in document:
        return document[path]
    head, _dot, rest = path.partition(".")
    inner = document.get(head)
    return _at(inner, rest) if rest and isinstance(inner, dict) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _time(value: Any) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None
