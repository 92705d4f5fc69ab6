"""What stands between the outside and storage: text in, text without cards and secrets out."""

from collections.abc import Callable
from typing import Any, NamedTuple

from redaction import noticing, reading
from redaction.layers import View
from redaction.own_ids import NO_OWN_IDS, OwnIds
from redaction.schemes import Finding, Found

#: A long text is read in pieces of this many characters, each with what stands around it.
_MOST_ROUNDS = 3
_NEIGHBOURS = 80  # characters beside a finding that may read otherwise without it
_PIECE, _AROUND = 480_000, 12_000

_own_ids: Callable[[], OwnIds] = lambda: NO_OWN_IDS  # noqa: E731 - replaced by `provide_own_ids`


class Redacted(NamedTuple):
    """The text that may be stored, and what was taken out of it (places are in the original text)."""

    text: str
    findings: tuple[Finding, ...]


def provide_own_ids(provider: Callable[[], OwnIds]) -> None:
    """Say where the formats of one's own ids come from, for all calls that do not name any.

    The program does this once when it starts. The provider is called for every text, so it should be cheap.
    """
    global _own_ids
    _own_ids = provider


def redact(text: str, own_ids: OwnIds | None = None) -> Redacted:
    """Mask every card number and secret. Doing it twice changes nothing more."""
    ids = current(own_ids)
    found = found_in(text, ids)
    for _ in range(_MOST_ROUNDS if found else 0):
        # What stood beside something may read otherwise once that is hidden.
        view = View(text, reading.settled(found), near=_NEIGHBOURS)
        more = [view.back(one) for one in found_in(view.text, ids)]
        if not more:
            break
        found += more
    redacted = hidden(text, found)
    if found:
        noticing.tell(text, redacted.findings)
    return redacted


def current(own_ids: OwnIds | None) -> OwnIds:
    """The formats named, or else those of the program."""
    return _own_ids() if own_ids is None else own_ids


def clean(text: str, own_ids: OwnIds | None = None) -> str:
    """`redact(text).text`, for those who need not know what was found."""
    return redact(text, own_ids).text


def found_in(text: str, own_ids: OwnIds) -> list[Found]:
    """All findings, in no order; they may overlap."""
    if len(text) <= _PIECE + _AROUND:
        return reading.find(text, own_ids)
    found: list[Found] = []
    start = 0
    while start < len(text):
        end = min(start + _PIECE, len(text))
        begin = max(0, start - _AROUND)
        piece = text[begin : min(len(text), end + _AROUND)]
        moved = (_moved(one, begin) for one in reading.find(piece, own_ids))
        found += [one for one in moved if one.start < end and one.end > start]
        start = end
    return found


def _moved(found: Found, by: int) -> Found:
    edits = [edit._replace(start=edit.start + by, end=edit.end + by) for edit in found.edits]
    return Found(found.kind, found.start + by, found.end + by, edits)


def hidden(text: str, found: list[Found]) -> Redacted:
    """The text without what was found, and the findings in order."""
    if not found:
        return Redacted(text, ())
    edits = reading.settled(found)
    findings: list[Finding] = []
    parts: list[str] = []
    done, place = 0, 0
    for one in _merged(found):
        mask: list[str] = []
        at = one.start
        while place < len(edits) and edits[place].start < one.end:
            mask += [text[at : edits[place].start], edits[place].by]
            at = edits[place].end
            place += 1
        written = "".join([*mask, text[at : one.end]])
        findings.append(Finding(one.kind, one.start, one.end, written))
        parts += [text[done : one.start], written]
        done = one.end
    return Redacted("".join([*parts, text[done:]]), tuple(findings))


def _merged(found: list[Found]) -> list[Found]:
    """Findings in order; those that overlap are one, of the kind of the widest."""
    merged: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if merged and one.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return merged


def redact_json(value: Any) -> Any:
    """A copy of a JSON value with every text, key and number in it cleaned.

    A number that is a card's becomes its mask, a text. Two keys with one mask become one key. Depth does
    not matter: nothing recurses.
    """
    answer: list[Any] = [value]
    pending: list[Any] = [answer]
    while pending:
        container = pending.pop()
        places = list(container) if isinstance(container, dict) else range(len(container))
        for place in places:
            container[place] = child = _shallow(container[place])
            if isinstance(child, dict | list):
                pending.append(child)
    return answer[0]


def _shallow(value: Any) -> Any:
    """A leaf cleaned, a dict with its keys cleaned, a list copied; what they hold is still to do."""
    if isinstance(value, dict):
        return {clean(key) if isinstance(key, str) else key: child for key, child in value.items()}
    if isinstance(value, list | tuple):
        return list(value)
    return _leaf(value)


def _leaf(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        written = str(value)
        cleaned = clean(written)
        return value if cleaned == written else cleaned
    return value
