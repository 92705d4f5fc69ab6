"""What stands between the outside and storage: text in, text without card numbers out."""

from typing import Any, NamedTuple

from redaction.cards import find_cards
from redaction.schemes import Finding


class Redacted(NamedTuple):
    """The text that may be stored, and what was taken out of it (places are in the original text)."""

    text: str
    findings: tuple[Finding, ...]


def redact(text: str) -> Redacted:
    """Mask every card number. Doing it twice changes nothing more."""
    findings = find_cards(text)
    parts: list[str] = []
    done = 0
    for finding in findings:
        parts += [text[done : finding.start], finding.mask]
        done = finding.end
    return Redacted("".join([*parts, text[done:]]), tuple(findings))


def clean(text: str) -> str:
    """`redact(text).text`, for those who need not know what was found."""
    return redact(text).text


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
