"""The SQL of a lookup: one SELECT whose parameters, `:name`, become the driver's places.

Read as far as is needed to know where a literal, a name or a comment ends: in these `:name` means nothing. Where
we and the database disagree about that, there is still no second statement: a semicolon stands at the very end or
nowhere, and PostgreSQL takes what we send as one query (databases). The rest is the database's: a read-only
transaction, and a role that may only read.
"""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from common.errors import Refused
from investigations.models import LookupKind

LONGEST = 10_000
_FIRST = re.compile(r"(?:select|with|values|table)\b", re.IGNORECASE)
_INTO = re.compile(r"\binto\b", re.IGNORECASE)
_FILE = re.compile(r"outfile|dumpfile", re.IGNORECASE)
#: All control characters but tab and the ends of lines; some databases take them for spaces, others don't.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_QUOTED = r"'(?:[^']|'')*'"
_SLASHED = r"'(?:[^'\\]|\\.|'')*'"
_LETTER = r"A-Za-z_\x80-\U0010ffff"  # PostgreSQL's, of names and of the tags between dollars
_POSTGRESQL = re.compile(
    rf"""(?P<skip>(?<![{_LETTER}0-9$])[eE]{_SLASHED}(?:\s+{_SLASHED})*|{_QUOTED}|"(?:[^"]|"")*"
    |(?<![{_LETTER}0-9$])\$(?P<tag>(?:[{_LETTER}][{_LETTER}0-9]*)?)\$.*?\$(?P=tag)\$
    |--[^\r\n]*)|(?P<cast>::)|(?P<open>/\*)|(?P<name>:[a-z][a-z0-9_]{{0,39}})|(?P<odd>['"]|\$\$)""",
    re.DOTALL | re.VERBOSE,
)
_MYSQL = re.compile(
    rf"""(?P<skip>{_SLASHED}|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|(?:--(?=[ \t\r\n]|$)|\#)[^\n]*)
    |(?P<cast>:=)|(?P<open>/\*)|(?P<name>:[a-z][a-z0-9_]{{0,39}})|(?P<odd>['"`])""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Statement:
    """SQL for the driver, places as `%(name)s` and any other per cent sign doubled; `names` in it."""

    sql: str
    names: frozenset[str]


def read(sql: str, kind: str) -> Statement:
    """Return the statement for the driver. Raises Refused (field `statement`)."""
    if len(sql) > LONGEST:
        raise _refused(_("A question has at most %d characters.") % LONGEST)
    if _CONTROL.search(sql):
        raise _refused(_("The question holds a character that no question has."))
    sql = sql.rstrip().removesuffix(";")
    if ";" in sql:
        raise _refused(
            _("A lookup is one statement: a semicolon stands only at its very end. Within a text, write %s.")
            % ("char(59)" if kind == LookupKind.MYSQL else "chr(59)")
        )
    if kind == LookupKind.MYSQL and _FILE.search(sql):  # no read-only transaction holds it
        raise _refused(_("A lookup only reads: INTO writes into a table or a file."))
    pattern = _MYSQL if kind == LookupKind.MYSQL else _POSTGRESQL
    parts: list[str] = []
    plain: list[str] = []  # without comments and literals
    names, position = set(), 0
    while position < len(sql):
        match = pattern.search(sql, position)
        between = sql[position : match.start() if match else len(sql)]
        parts.append(between.replace("%", "%%"))
        plain.append(between)
        if match is None:
            break
        position, found = match.end(), match[0]
        if match["open"]:
            position = _behind_comment(sql, match.end())
        elif match["odd"]:
            raise _refused(_("A quotation mark in the question is not closed."))
        elif match["name"]:
            names.add(found[1:])
            parts.append(f"%({found[1:]})s")
        elif not _is_comment(found):
            parts.append(found.replace("%", "%%"))
            plain.append(" '' ")
        else:
            parts.append("\n")
            plain.append("\n")
    words = "".join(plain)
    if not _FIRST.match(words.lstrip(" \t\r\n(")):
        raise _refused(_("A lookup only reads: its question begins with SELECT or WITH."))
    if _INTO.search(words):
        raise _refused(_("A lookup only reads: INTO writes into a table or a file."))
    return Statement("".join(parts).strip(), frozenset(names))


def _is_comment(found: str) -> bool:
    return found.startswith(("--", "#"))


def _behind_comment(sql: str, position: int) -> int:
    """Return where a comment ends. What databases may take for an order (`/*!`, `/*+`) or nested is refused."""
    end = sql.find("*/", position)
    if end < 0 or sql[position : position + 1] in {"!", "+"} or sql[position : position + 2] == "M!":
        raise _refused(_("A comment in the question is not closed, or is one that databases carry out."))
    if "/*" in sql[position:end]:
        raise _refused(_("A comment in the question holds another one."))
    return end + 2


def _refused(sentence: str) -> Refused:
    return Refused(sentence, field="statement")


_PLACE = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")


def names_in_path(template: str) -> frozenset[str]:
    """Return the parameters of a path such as `/accounts/{account}?since={since}`. Raises Refused."""
    if not template.startswith("/") or template.startswith("//") or len(template) > LONGEST:
        raise _refused(_("The path of a lookup begins with one slash."))
    rest = _PLACE.sub("", template)
    if any(letter in rest for letter in "{}\\#") or any(ord(letter) <= 0x20 for letter in rest):
        raise _refused(_("The path holds a brace, a backslash, a hash or a space that means nothing."))
    if ".." in rest.partition("?")[0].split("/"):
        raise _refused(_("The path must not go up."))
    return frozenset(_PLACE.findall(template))
