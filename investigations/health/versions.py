"""Versions of plugins, in order, as their makers write them.

PEP 440 (packaging) decides the order. Two writings it does not know are brought into it first: Magento's
patches ("2.4.7-p3" comes after 2.4.7 and before 2.4.8) and dated versions ("2024-10"). A condition is
compared by plain order: 8.3.2-beta.1 is below 8.3.2, since a fix that came with 8.3.2 need not be in it. What
stands behind a "+" counts for nothing.
"""

import re
from operator import eq, ge, gt, le, lt, ne

from packaging.version import InvalidVersion, Version

_OPERATORS = {"<=": le, ">=": ge, "==": eq, "!=": ne, "<": lt, ">": gt}
_CONDITION = re.compile(r"(<=|>=|==|!=|<|>)?\s*([^\s<>=!]+)\Z")
_PATCH = re.compile(r"(\d+(?:\.\d+){0,2})-p(\d+)\Z")
_DATED = re.compile(r"(\d{4})-(\d\d)\Z")
_LONGEST = 40


def read(text: str) -> Version | None:
    """Return a version, or None for what is none."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    text = text.partition("+")[0]
    if match := _PATCH.match(text):
        parts = [*match[1].split("."), "0", "0"][:3]
        text = ".".join([*parts, match[2]])
    elif match := _DATED.match(text):
        text = f"{match[1]}.{match[2]}"
    try:
        return Version(text)
    except InvalidVersion:
        return None


def are_readable(conditions: str) -> bool:
    """Tell whether `matches` understands these conditions."""
    parts = [part.strip() for part in conditions.split(",")]
    return all(_read_condition(part) is not None for part in parts)


def matches(version: str, conditions: str) -> bool | None:
    """Tell whether all conditions, separated by commas, hold of a version; None where nobody can tell.

    Conditions are <, <=, >, >=, == and != with a version; a version alone means ==, and "8.3.*" every one of 8.3.
    """
    own = read(version)
    if own is None:
        return None
    held = [_holds(own, part.strip()) for part in conditions.split(",")]
    return None if None in held else all(held)


def _holds(own: Version, condition: str) -> bool | None:
    found = _read_condition(condition)
    if found is None:
        return None
    operator, limit, is_prefix = found
    if is_prefix:
        length = len(limit.release)
        inside = (own.epoch, (*own.release, *[0] * length)[:length]) == (limit.epoch, limit.release)
        return inside is (operator == "==")
    return bool(_OPERATORS[operator](own, limit))


def _read_condition(condition: str) -> tuple[str, Version, bool] | None:
    match = _CONDITION.match(condition)
    if match is None:
        return None
    operator, text = match[1] or "==", match[2]
    is_prefix = text.endswith(".*")
    limit = read(text.removesuffix(".*"))
    if limit is None or (is_prefix and operator not in {"==", "!="}):
        return None
    return operator, limit, is_prefix
