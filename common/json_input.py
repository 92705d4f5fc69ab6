"""JSON that clients send."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 32  # an escalation's answers are three levels deep


class Input(JSONParser):
    """Reads JSON that can be stored: nested sensibly, and text that is text. Raises ParseError (400)."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the value."""
        try:
            value = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise _too_deep() from None
        _check(value)
        return value


def _check(value: Any) -> None:
    """Walk the value level by level, so that its depth can't exhaust the stack."""
    level = [value]
    for _depth in range(DEEPEST):
        for text in filter(lambda one: isinstance(one, str), level):
            if "\x00" in text or not _is_unicode(text):
                raise ParseError(_("A text holds characters that are none (NUL, or half of a pair)."))
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise _too_deep()


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep() -> ParseError:
    return ParseError(_("The JSON is nested too deeply."))
