"""What of an answer may be kept: columns masked by rule, then every cell through the redaction engine.

An admin writes one rule a line, `COLUMN: RULE`. Rules: last4 (all but the last four), hash (the same for the same
value, and nothing else can be told from it), hidden, phone (last three digits), email (first letter and domain).
A column that has a rule and is not in the answer stops it: it may have been renamed, and would be kept in clear.
"""

import hmac
import re

from django.conf import settings
from django.utils.translation import gettext as _

import redaction
from common.errors import Refused
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


def apply(table: Table, masks: dict[str, str]) -> int:
    """Mask and redact the table in place; return how many cells were changed. Raises NoAnswer (UNMASKED)."""
    names = [name.lower() for name in table.columns]
    if table.rows and set(masks) - set(names):
        raise NoAnswer(LookupTrouble.UNMASKED, ", ".join(sorted(set(masks) - set(names)))[:200])
    rules = [masks.get(name, masks.get(re.sub(r"_[0-9]+$", "", name), "")) for name in names]
    table.columns[:] = [redaction.clean(name)[:80] for name in table.columns]
    changed = 0
    for row in table.rows:
        shown = [_masked(cell, rule) if cell and rule else cell for cell, rule in zip(row, rules, strict=True)]
        # By name: a column called `cvv` says what its digits are.
        clean = redaction.redact_json(dict(zip(table.columns, shown, strict=True)))
        for place, name in enumerate(table.columns):
            kept = clean.get(name)
            kept = kept if kept is None or isinstance(kept, str) else str(kept)
            changed += kept != row[place]
            row[place] = kept
    return changed


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
