"""What of an answer may be kept: columns masked by rule, then every cell through the redaction engine.

An admin writes one rule a line, `COLUMN: RULE`, or `COLUMN.NAME.NAME: RULE` for what is within a cell of JSON, in
each thing of its lists. Rules: last4 (all but the last four), hash (the same for the same
value, and nothing else can be told from it), hidden, phone (last three digits), email (first letter and domain).
A column that has a rule and is not in the answer stops it: it may have been renamed, and would be kept in clear.
A source has names that are hidden in each answer (LookupSource.masked), as columns and within cells, wherever the
lookup has no rule of its own for them.
"""

import hmac
import json
import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

import redaction
from common.errors import Refused
from common.texts import storable
from investigations.lookups.answer import NoAnswer, Table
from investigations.models import LookupTrouble

RULES = ("last4", "hash", "hidden", "phone", "email")
_LINE = re.compile(r"(\S.{0,79}?)\s*:\s*([a-z0-9]+)")
_STAYS = {"last4": 4, "phone": 3}


def parse(lines: str) -> dict[str, str]:
    """Return the rules that an admin wrote, by column. Raises Refused (field `masks`), naming the line."""
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in lines.splitlines())):
        match = _LINE.fullmatch(line)
        if not match or match[2] not in RULES:
            raise Refused(_("This line can't be read: %s") % line[:80], field="masks")
        found[match[1].lower()] = match[2]
    return found


def apply(table: Table, masks: dict[str, str], always: Iterable[str] = ()) -> int:
    """Mask and redact the table in place; return how many cells were changed. Raises NoAnswer (UNMASKED).

    `always`: names that are hidden where `masks` has no rule for them.
    """
    names = [name.lower() for name in table.columns]
    within = {name: rule for name, rule in masks.items() if name not in names and "." in name}
    missing = {name for name in masks if name not in names and name.partition(".")[0] not in names}
    if table.rows and missing:
        raise NoAnswer(LookupTrouble.UNMASKED, ", ".join(sorted(missing))[:200])
    hidden = [_words(name) for name in always]
    rules = [masks.get(name, masks.get(re.sub(r"_[0-9]+$", "", name), "")) for name in names]
    for place, name in enumerate(table.columns):
        if not rules[place] and _is_among(name, hidden):
            rules[place] = "hidden"
    paths = [
        {tuple(key.split(".")[1:]): rule for key, rule in within.items() if key.partition(".")[0] == name}
        for name in names
    ]
    table.columns[:] = [redaction.clean(name)[:80] for name in table.columns]
    changed = 0
    for row in table.rows:
        shown = [
            _masked(cell, rule) if cell and rule else _inside(cell, own, hidden) if cell else cell
            for cell, rule, own in zip(row, rules, paths, strict=True)
        ]
        # By name: a column called `cvv` says what its digits are.
        clean = redaction.redact_json(dict(zip(table.columns, shown, strict=True)))
        for place, name in enumerate(table.columns):
            kept = clean.get(name)
            kept = kept if kept is None or isinstance(kept, str) else str(kept)
            changed += kept != row[place]
            row[place] = kept
    return changed


def _words(name: str) -> list[str]:
    """Return a name's words in lower case and singular: apiKeys, api_key and API-KEY have the same."""
    found = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_]+", name)
    return [word.lower()[:-1] if word.lower().endswith("s") else word.lower() for word in found]


def _is_among(name: str, hidden: list[list[str]]) -> bool:
    words = _words(name)
    return any(words[place : place + len(one)] == one for one in hidden if one for place in range(len(words)))


def _inside(cell: str, paths: dict[tuple[str, ...], str], hidden: list[list[str]]) -> str:
    """Return a cell with what is masked within it, where it is JSON. One that was cut is hidden if it has such."""
    if cell.lstrip()[:1] not in {"[", "{"}:
        return cell
    try:
        whole = [json.loads(cell)]
    except (ValueError, RecursionError):
        names = re.findall(r'"([^"]{1,80})"\s*:', cell)
        return "•••" if paths or any(_is_among(name, hidden) for name in names) else cell
    changed = False
    pending: list[tuple[Any, tuple[str, ...]]] = [(whole, ())]
    while pending:  # nothing recurses, however deep it is
        container, path = pending.pop()
        if isinstance(container, list):
            pending += [(child, path) for child in container if isinstance(child, dict | list)]
            continue
        for name, child in container.items():
            own = (*path, name.lower())
            rule = paths.get(own) or ("hidden" if _is_among(name, hidden) else "")
            if rule and child is not None:
                text = child if isinstance(child, str) else json.dumps(child, ensure_ascii=False)
                container[name], changed = _masked(storable(text), rule), True
            elif isinstance(child, dict | list):
                pending.append((child, own))
    return storable(json.dumps(whole[0], ensure_ascii=False)) if changed else cell


def _masked(cell: str, rule: str) -> str:
    if rule == "hidden":
        return "•••"
    if rule == "hash":
        return (
            "#"
            + hmac.new(settings.SECRET_KEY.encode(), b"lookups.mask:" + cell.encode(), "sha256").hexdigest()[:12]
        )
    if rule == "email":
        name, at, domain = cell.rpartition("@")
        return f"{name[:1]}•••@{domain}" if at else "•••"
    stays = _STAYS[rule]
    text = "".join(filter(str.isdigit, cell)) if rule == "phone" else cell
    return "•••" + text[-stays:] if len(text) > 2 * stays else "•••"
