"""Texts from outside that are none: JSON may spell NUL, and half of a pair of UTF-16."""

import re
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text as the database and UTF-8 can hold it: without NUL, and with � for half of a pair."""
    return _HALF.sub("�", text.replace("\x00", ""))


def storable_within(value: Any) -> Any:
    """Return what JSON was read as, every text in it storable. Raises RecursionError for what is too deep."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [storable_within(one) for one in value]
    if isinstance(value, dict):
        return {storable_within(name): storable_within(one) for name, one in value.items()}
    return value
