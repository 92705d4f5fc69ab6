"""What we ask, and what our fakes answer, against the fields that the servers' makers publish.

Each fragment was written down from the document named above it: which fields there are, of what type, and which
are required. We may ask for nothing else; an answer may have more.
"""

import json
import time
from typing import Any
from urllib.parse import parse_qs

import jsonschema
import pytest

from investigations.models import SignIn
from investigations.sources import elastic, loki, splunk
from investigations.sources.asking import Fetch, Place, Question
from tests.investigations.elastic_search_servers import Elasticsearch, OpenSearch
from tests.investigations.search_servers import TOKEN, Answer, Loki, Server, Splunk, at, bearer, running

Schema = dict[str, Any]


def asked(required: Schema, optional: Schema | None = None) -> Schema:
    """Return what a request may have: these fields and no others."""
    return {**answered(required, optional), "additionalProperties": False}


def answered(required: Schema, optional: Schema | None = None) -> Schema:
    """Return what an answer has, besides whatever else."""
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def of(items: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": items, "minItems": least}


def any_name(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


STRING, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
SCORE = {"type": ["number", "null"]}
SORT_VALUE = {"type": ["integer", "number", "string", "null"]}
DURATION = {"type": "string", "pattern": "^[0-9]+(d|h|m|s|ms|micros|nanos)$"}
NOTHING = asked({})

# github.com/elastic/elasticsearch-specification, specification/_global/search: SearchResponse.ts (ResponseBody),
# _types/hits.ts (HitsMetadata, Hit; its `total` is left out where `track_total_hits` is false), and
# specification/_types/Stats.ts (ShardStatistics).
SHARDS = answered({"total": NUMBER, "successful": NUMBER, "failed": NUMBER}, {"skipped": NUMBER})
HIT = answered(
    {"_index": STRING, "_id": STRING},
    {
        "_score": SCORE, "_source": {"type": "object"}, "fields": any_name({"type": "array"}),
        "sort": of(SORT_VALUE, 1),
    },
)  # fmt: skip
HITS = answered({"hits": of(HIT)}, {"max_score": SCORE})
FOUND = {"took": NUMBER, "timed_out": FLAG, "_shards": SHARDS, "hits": HITS}

# The same, specification/_types/query_dsl: fulltext.ts (MultiMatchQuery, TextQueryType), compound.ts (BoolQuery),
# term.ts (DateRangeQuery), abstractions.ts (FieldAndFormat).
SPAN = asked({}, {"gte": SORT_VALUE, "lt": SORT_VALUE, "format": STRING})
KINDS = ["best_fields", "most_fields", "cross_fields", "phrase", "phrase_prefix", "bool_prefix"]
PHRASE = asked({"query": STRING}, {"fields": of(STRING), "type": {"enum": KINDS}, "lenient": FLAG})
EITHER = asked({}, {"should": of(asked({"multi_match": PHRASE}), 1), "minimum_should_match": NUMBER})
FILTER = {"oneOf": [asked({"range": any_name(SPAN)}), asked({"bool": EITHER})]}
BODY = {
    "size": NUMBER, "track_total_hits": FLAG, "_source": of(STRING),
    "docvalue_fields": of(asked({"field": STRING}, {"format": STRING})),
    "query": asked({"bool": asked({}, {"filter": of(FILTER, 1)})}),
}  # fmt: skip

# The same, specification/_global/search/_types: sort.ts (FieldSort), PointInTimeReference.ts.
ORDER = {"order": {"enum": ["asc", "desc"]}}
BY_FIELD = any_name(asked({}, ORDER))
NUMERIC = {"enum": ["long", "double", "date", "date_nanos"]}
BY_DATE = any_name(asked({}, {**ORDER, "format": STRING, "numeric_type": NUMERIC}))
IN_TIME = {"pit": asked({"id": STRING}, {"keep_alive": DURATION}), "search_after": of(SORT_VALUE, 1)}

# The same: OpenPointInTimeRequest.ts (from 7.10.0 on), OpenPointInTimeResponse.ts, ClosePointInTimeResponse.ts.
# docs.opensearch.org, "Scroll", and www.elastic.co, "Clear scroll API", whose fields OpenSearch has kept.
CLOSED = answered({"succeeded": FLAG, "num_freed": NUMBER})
SCROLLED = answered({**FOUND, "_scroll_id": STRING})

# github.com/grafana/loki, docs/sources/reference/loki-http-api.md, "Query logs within a range of time".
INSTANT = {"type": "string", "pattern": "^[0-9]{19}$"}
RANGE = asked(
    {"query": STRING, "start": INSTANT, "end": INSTANT},
    {"limit": {"type": "string", "pattern": "^[0-9]+$"}, "direction": {"enum": ["forward", "backward"]}},
)
VALUES = of({"type": "array", "prefixItems": [INSTANT, STRING], "minItems": 2})
STREAM = answered({"stream": any_name(STRING), "values": VALUES})
STREAMS = answered({"resultType": {"enum": ["streams", "matrix"]}, "result": of(STREAM)})

# help.splunk.com, "REST API Reference", search/v2/jobs/export; of what is answered each line, as
# github.com/splunk/splunk-sdk-python, splunklib/results.py (JSONResultsReader) reads it.
SECONDS = {"type": "string", "pattern": "^[0-9]+[.][0-9]+$"}
SEARCH = asked(
    {"search": {"type": "string", "pattern": "^search "}, "output_mode": {"const": "json"}},
    {"earliest_time": SECONDS, "latest_time": SECONDS, "preview": {"enum": ["true", "false"]}},
)
SAID = answered({"type": {"enum": ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]}, "text": STRING})
ROW = answered(
    {"preview": FLAG}, {"offset": NUMBER, "lastrow": FLAG, "result": any_name(STRING), "messages": of(SAID)}
)

#: (method, address) and what is asked in the query and in the body, and answered.
PUBLISHED: dict[tuple[str, str], tuple[Schema, Schema, Schema]] = {
    ("POST", "/payments-*/_pit"): (asked({"keep_alive": DURATION}), NOTHING, answered({"id": STRING})),
    ("POST", "/_search"): (
        NOTHING, asked({**BODY, "sort": of(BY_DATE, 2), "pit": IN_TIME["pit"]}, IN_TIME),
        answered({**FOUND, "pit_id": STRING}),
    ),
    ("DELETE", "/_pit"): (NOTHING, asked({"id": STRING}), CLOSED),
    ("POST", "/payments-*/_search"): (
        asked({"scroll": DURATION}), asked({**BODY, "sort": of(BY_FIELD)}), SCROLLED,
    ),
    ("POST", "/_search/scroll"): (NOTHING, asked({"scroll_id": STRING}, {"scroll": DURATION}), SCROLLED),
    ("DELETE", "/_search/scroll"): (NOTHING, asked({"scroll_id": of(STRING, 1)}), CLOSED),
    ("GET", loki.PATH): (RANGE, NOTHING, answered({"status": {"const": "success"}, "data": STREAMS})),
    ("POST", splunk.PATHS[0]): (NOTHING, SEARCH, ROW),
}  # fmt: skip


class _Watched:
    """Puts down what is asked and answered."""

    def __init__(self, server: Server) -> None:
        self.seen: list[tuple[tuple[str, str], dict[str, str], bytes, str, list[bytes]]] = []
        self._answer = server.answer
        server.answer = self.answer  # type: ignore[method-assign]

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, environ: dict[str, Any]
    ) -> Answer:
        status, headers, content = self._answer(method, path, query, body, environ)
        sent = list(content)
        self.seen.append(((method, path), query, body, environ.get("CONTENT_TYPE", ""), sent))
        return status, headers, sent


SOURCES: dict[str, tuple[type[Server], Fetch, dict[str, Any], list[tuple[str, str]]]] = {
    "elastic": (
        Elasticsearch, elastic.fetch, {"within": "payments-*", "id_fields": ("trace.id", "order")},
        [("POST", "/payments-*/_pit"), ("POST", "/_search"), ("DELETE", "/_pit")],
    ),
    "opensearch": (
        OpenSearch, elastic.fetch_scrolling, {"within": "payments-*"},
        [("POST", "/payments-*/_search"), ("POST", "/_search/scroll"), ("DELETE", "/_search/scroll")],
    ),
    "loki": (Loki, loki.fetch, {"within": '{app="payments"}', "tenant": "desk"}, [("GET", loki.PATH)]),
    "splunk": (Splunk, splunk.fetch, {"within": "payments"}, [("POST", splunk.PATHS[0])]),
}  # fmt: skip


@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_asked_and_answered_is_as_published(
    kind: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, fetch, columns, calls = SOURCES[kind]
    for module in (elastic, loki):
        monkeypatch.setattr(module, "PAGE", 3)
    lines = [(at(number), "info", "gateway", "Req-1", f"Req-1 charge no {number}") for number in range(8)]
    server = make(lines, bearer())
    if isinstance(server, Splunk):
        server.said, server.previews = [{"type": "INFO", "text": "Your timerange was substituted"}], 2
    watched = _Watched(server)
    with running(server):
        settings.OUTGOING_HOSTS = [server.url.removeprefix("http://")]
        place = Place(server.url, sign_in=SignIn.BEARER, secret=TOKEN, level_field="log.level", **columns)
        question = Question(("Req-1", "Req-2"), at(0), at(60), 1000, 10**6, time.monotonic() + 20)
        assert len(list(fetch(place, question))) == 8
    assert list(dict.fromkeys(call for call, *_rest in watched.seen)) == calls
    for call, query, body, content_type, sent in watched.seen:
        in_query, in_body, in_answer = PUBLISHED[call]
        jsonschema.validate(query, in_query)
        jsonschema.validate(_read(body, content_type), in_body)
        for line in b"".join(sent).splitlines():
            jsonschema.validate(json.loads(line), in_answer)


def _read(body: bytes, content_type: str) -> dict[str, Any]:
    """Return what a body asks for: form or JSON, as its type says."""
    if not body:
        return {}
    if content_type == "application/x-www-form-urlencoded":
        return {name: value for name, (value,) in parse_qs(body.decode(), strict_parsing=True).items()}
    assert content_type == "application/json"
    said: dict[str, Any] = json.loads(body)
    return said
