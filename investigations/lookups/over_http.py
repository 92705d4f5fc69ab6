"""Asking an HTTP interface: one GET, values quoted into path and query, JSON made a table.

`rows_path` leads to the rows through names with dots between: `transactions`, `data.items`. Empty: all of it.
A list of objects gives a row each, an object one row; what lies deeper is spelled as JSON.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from common import outgoing
from investigations.lookups.answer import NoAnswer, Table, unique
from investigations.lookups.databases import Limits
from investigations.lookups.place import Place
from investigations.models import LookupTrouble

_PLACE = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")
_LARGEST_BODY = 1024 * 1024
_MOST_COLUMNS = 60


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Return the path with its values, each quoted whole: no value adds a segment or a parameter."""

    def spelled(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if value is None:
            return ""
        text = value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
        if text in {".", ".."}:
            raise NoAnswer(LookupTrouble.REJECTED, text)
        return quote(text, safe="")

    return _PLACE.sub(spelled, template)


def ask(place: Place, template: str, values: Mapping[str, Any], limits: Limits, rows_path: str) -> Table:
    """Return the answer as a table; a 404 is one without rows. Raises NoAnswer."""
    status, body = get(place, filled(template, values), limits.seconds)
    if status == 404:
        return Table([])
    return table(_json(body), rows_path, limits.rows)


def get(place: Place, path: str, seconds: float) -> tuple[int, bytes]:
    """Return the status, 2xx or 404, and the body. Raises NoAnswer."""
    url = place.url + path
    headers = {"Accept": "application/json"}
    if place.secret:
        headers["Authorization"] = f"Bearer {place.secret}"
    allowed = [outgoing.entry_of(place.url)] if place.is_settings else None
    try:
        answer = outgoing.send(
            "GET",
            url,
            headers=headers,
            within=seconds,
            largest=_LARGEST_BODY,
            allowed=allowed,
            inside=place.is_settings,
        )
    except outgoing.TooSlow as error:
        raise NoAnswer(LookupTrouble.TOO_SLOW) from error
    except outgoing.Unreachable as error:
        raise NoAnswer(LookupTrouble.UNREACHABLE) from error
    except outgoing.OutgoingError as error:
        raise NoAnswer(LookupTrouble.NOT_ALLOWED) from error
    if answer.status in {401, 403}:
        raise NoAnswer(LookupTrouble.SIGN_IN)
    if not 200 <= answer.status < 300 and answer.status != 404:
        raise NoAnswer(LookupTrouble.STATUS, _("Status %s") % answer.status)
    if answer.is_cut:
        raise NoAnswer(LookupTrouble.TOO_LARGE)
    return answer.status, answer.body


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoAnswer(LookupTrouble.UNREADABLE) from error


def table(found: Any, rows_path: str, most: int) -> Table:
    """Make a table of a JSON answer. Raises NoAnswer."""
    for name in filter(None, rows_path.split(".")):
        if not isinstance(found, dict) or name not in found:
            raise NoAnswer(LookupTrouble.UNREADABLE, name)
        found = found[name]
    rows = found if isinstance(found, list) else [found]
    objects = [row if isinstance(row, dict) else {"value": row} for row in rows[:most]]
    names = list(dict.fromkeys(name for row in objects for name in row))
    if len(names) > _MOST_COLUMNS:
        raise NoAnswer(LookupTrouble.TOO_LARGE)
    made = Table(unique(names), is_cut=len(rows) > most)
    for row in objects:
        made.add([_cell(row.get(name)) for name in names])
    return made


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
