"""Texts from outside that are none: JSON may spell NUL, and half of a pair of UTF-16."""

import re

_HALF = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text as the database and UTF-8 can hold it: without NUL, and with � for half of a pair."""
    return _HALF.sub("�", text.replace("\x00", ""))
