"""Elasticsearch and OpenSearch: _search over a span of time, page by page, the oldest first.

Elasticsearch from 7.13 on: a point in time (POST /{index}/_pit?keep_alive) is searched with `search_after`, ties
broken by _shard_doc, and closed (DELETE /_pit). OpenSearch, which not in every version has that tie-breaker: its
scroll (POST /{index}/_search?scroll, POST /_search/scroll, DELETE /_search/scroll).

www.elastic.co/guide/en/elasticsearch/reference, "Sort search results": where the time is `date` in one index and
`date_nanos` in another, only `numeric_type` makes them one order, and only with `format` a page begins in both
where the one before ended. "Retrieve selected fields": `_source` has a date as it was sent in, which may be
seconds, milliseconds or a format of the index's own; `docvalue_fields` have it as it is understood.
"Term query": text fields are cut into words, so a term finds no id with a capital or a dash in them;
"Multi-match query": `phrase` cuts the id up likewise, and takes it whole for a keyword.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

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

_ALIVE = "1m"
_NANOS = "strict_date_optional_time_nanos"


def query(place: Place, question: Question) -> dict[str, Any]:
    """Return the query: a span of time, and any of the ids, in their fields or in the whole text."""
    span = {"gte": _millis(question.since), "lt": _millis(question.until), "format": "epoch_millis"}
    must: list[dict[str, Any]] = [{"range": {place.time_field: span}}]
    if question.ids:
        either = [{"multi_match": _phrase(place, one)} for one in question.ids]
        must.append({"bool": {"should": either, "minimum_should_match": 1}})
    return {"bool": {"filter": must}}


def _phrase(place: Place, text: str) -> dict[str, Any]:
    """Return how a text is found: `lenient`, as a field of ids may be a number, and an id is none."""
    fields = [name for field in place.id_fields for name in (field, f"{field}.keyword")]
    return {"query": text, "type": "phrase", "lenient": True, **({"fields": fields} if fields else {})}


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _search(place: Place, question: Question, size: int, sort: list[dict[str, Any]]) -> dict[str, Any]:
    named = (place.level_field, place.source_field, place.message_field, *place.id_fields, *place.more_fields)
    return {
        "size": size, "query": query(place, question), "track_total_hits": False, "sort": sort,
        "_source": list(dict.fromkeys(name for name in named if name)),
        "docvalue_fields": [{"field": place.time_field, "format": _NANOS}],
    }  # fmt: skip


@keeping_what_came
def fetch(place: Place, question: Question) -> Iterator[Record]:
    """Yield the documents of Elasticsearch. Raises SourceTrouble."""
    opened = call(place, question, "POST", f"/{quote(place.within, safe=',*-_.')}/_pit?keep_alive={_ALIVE}")
    pit = opened.get("id")
    if not isinstance(pit, str):
        raise SourceTrouble(LogTrouble.RUBBISH)
    by_time = {"order": "asc", "format": _NANOS, "numeric_type": "date_nanos"}
    search = _search(place, question, PAGE, [{place.time_field: by_time}, {"_shard_doc": {"order": "asc"}}])
    try:
        while True:
            search["pit"] = {"id": pit, "keep_alive": _ALIVE}
            try:
                answer = _go_on(place, question, "/_search", search)
            except SourceTrouble as error:
                search["size"] = halved(search["size"], error)
                continue
            hits = _hits(answer, question)
            yield from (_record(place, hit) for hit in hits)
            if len(hits) < search["size"]:
                return
            pit, search["search_after"] = answer.get("pit_id", pit), hits[-1].get("sort")
            if not search["search_after"]:
                raise SourceTrouble(LogTrouble.RUBBISH)
    finally:
        _close(place, question, "/_pit", {"id": pit})


@keeping_what_came
def fetch_scrolling(place: Place, question: Question) -> Iterator[Record]:
    """Yield the documents of OpenSearch. Raises SourceTrouble.

    A scroll has pages of one size, and has gone on where one did not get through: with smaller pages it begins
    anew, and what came already is left out.
    """
    size, seen = PAGE, set()
    while True:
        try:
            for hit in _scrolled(place, question, size):
                one = (hit.get("_index"), hit.get("_id"))
                if one not in seen:
                    seen.add(one)
                    yield _record(place, hit)
        except SourceTrouble as error:
            size = halved(size, error)
        else:
            return


def _scrolled(place: Place, question: Question, size: int) -> Iterator[dict[str, Any]]:
    path = f"/{quote(place.within, safe=',*-_.')}/_search?scroll={_ALIVE}"
    answer = call(
        place, question, "POST", path, _search(place, question, size, [{place.time_field: {"order": "asc"}}])
    )
    scroll = answer.get("_scroll_id")
    try:
        while True:
            hits = _hits(answer, question)
            yield from hits
            if len(hits) < size:
                return
            if not isinstance(scroll, str):
                raise SourceTrouble(LogTrouble.RUBBISH)
            answer = _go_on(place, question, "/_search/scroll", {"scroll": _ALIVE, "scroll_id": scroll})
            scroll = answer.get("_scroll_id", scroll)
    finally:
        if isinstance(scroll, str):
            _close(place, question, "/_search/scroll", {"scroll_id": [scroll]})


def _go_on(place: Place, question: Question, path: str, body: object) -> dict[str, Any]:
    """Ask for a page of a point in time or scroll; 404 says that it has lapsed (search_context_missing)."""
    try:
        return call(place, question, "POST", path, body)
    except SourceTrouble as error:
        if error.trouble == LogTrouble.NO_INDEX:
            raise SourceTrouble(LogTrouble.INCOMPLETE) from error
        raise


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
    return Record(
        _time(hit, place.time_field), _text(_at(document, place.message_field)),
        _text(_at(document, place.level_field)), _text(_at(document, place.source_field)),
        {name: _at(document, name) for name in _kept(place)},
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


def _time(hit: dict[str, Any], name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(hit["fields"][name][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return None
