"""The language of the search box: what somebody typed, understood. Pure: it knows neither database nor person.

Words (all must be there), `"a phrase"`, `begin*`, `-not`, `this OR that`, and operators such as
`state:new,accepted` or `-owner:me`. Any text is a query: what makes no sense as an operator is a word.
Operators have Spanish names, too; what stands in quotes is always text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

#: Characters of a query that are looked at, and terms in it; what is longer is cut.
LONGEST = 400
MOST_TERMS = 30

#: The operators, each with the other names it goes by.
OPERATORS: dict[str, tuple[str, ...]] = {
    "state": ("estado",),
    "owner": ("responsable", "asignado"),
    "team": ("equipo",),
    "category": ("categoria", "categoría"),
    "customer": ("cliente",),
    "priority": ("prioridad",),
    "channel": ("canal",),
    "before": ("antes",),
    "after": ("despues", "después", "desde"),
    "on": ("el", "dia", "día"),
    "tag": ("etiqueta",),
    "has": ("tiene", "con"),
    "is": ("es", "esta", "está"),
    "in": ("en",),
}
_NAMES = {name: operator for operator, others in OPERATORS.items() for name in (operator, *others)}
_EITHER = frozenset({"OR", "O"})

_TOKEN = re.compile(
    r"""
    (?P<no>-?)
    (?: (?P<name>[^\W\d_]{1,20}):(?!//)(?P<values>(?:"[^"]*"|[^\s"])*)
      | "(?P<phrase>[^"]*)"?
      | (?P<word>[^\s"]+)
    )""",
    re.VERBOSE,
)
_VALUE = re.compile(r'"([^"]*)"|([^,"]+)')
_PLAIN_VALUE = re.compile(r'[^\s,"]+')
_LETTERS = re.compile(r"\w")


@dataclass(frozen=True)
class Term:
    """Something that must be in the text: words next to each other, the last one perhaps only begun."""

    text: str
    is_phrase: bool = False
    is_begun: bool = False

    def __str__(self) -> str:
        text = f'"{self.text}"' if self.is_phrase else self.text
        return f"{text}*" if self.is_begun else text


@dataclass(frozen=True)
class Filter:
    """An operator with its values, any of which will do (none, if negated)."""

    operator: str
    values: tuple[str, ...]
    is_negated: bool = False

    def __str__(self) -> str:
        values = (value if _PLAIN_VALUE.fullmatch(value) else f'"{value}"' for value in self.values)
        return f"{'-' * self.is_negated}{self.operator}:{','.join(values)}"


@dataclass(frozen=True)
class Unknown:
    """An operator that there is none of; it is looked for as text. `nearest` may be what was meant."""

    name: str
    nearest: str = ""


@dataclass(frozen=True)
class Query:
    """What is asked for: each of `wanted` (one of its alternatives), none of `unwanted`, within `filters`."""

    wanted: tuple[tuple[Term, ...], ...] = ()
    unwanted: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    unknown: tuple[Unknown, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        wanted = (" OR ".join(map(str, alternatives)) for alternatives in self.wanted)
        unwanted = (f"-{term}" for term in self.unwanted)
        return " ".join([*wanted, *unwanted, *map(str, self.filters)])

    @property
    def has_text(self) -> bool:
        return bool(self.wanted or self.unwanted)

    @property
    def words(self) -> str:
        """The text that is asked for, without operators, as it can be typed again."""
        return str(replace(self, filters=()))

    @property
    def plain(self) -> str:
        """The text as one reads an id or a name: no quotes, no marks."""
        return " ".join(term.text for alternatives in self.wanted for term in alternatives)

    def without(self, unneeded: Filter) -> "Query":
        """Return the query without one of its filters."""
        return replace(self, filters=tuple(one for one in self.filters if one != unneeded))

    def begun(self) -> "Query":
        """Return the query with its last word taken as the beginning of one: somebody is still typing."""
        if not self.wanted:
            return self
        *others, last = self.wanted
        *alternatives, term = last
        if term.is_phrase:
            return self
        return replace(self, wanted=(*others, (*alternatives, replace(term, is_begun=True))))


def parse(text: str) -> Query:
    """Return what `text` asks for. It never fails."""
    wanted: list[tuple[Term, ...]] = []
    unwanted: list[Term] = []
    filters: list[Filter] = []
    unknown: list[Unknown] = []
    either = joins = False
    for match in list(_TOKEN.finditer(_readable(text)[:LONGEST]))[:MOST_TERMS]:
        if match[0] in _EITHER:
            either = joins
            continue
        joins, joined = False, either
        either = False
        is_negated = bool(match["no"])
        if match["name"] is not None:
            operator = _NAMES.get(match["name"].lower())
            values = _values(match["values"])
            if operator is not None:
                if values:
                    filters.append(Filter(operator, values, is_negated))
                continue
            unknown.append(Unknown(match["name"], _nearest(match["name"])))
        term = _term(match)
        if term is None:
            continue
        if is_negated:
            unwanted.append(term)
        elif joined and wanted:
            wanted[-1] = (*wanted[-1], term)
            joins = True
        else:
            wanted.append((term,))
            joins = True
    return Query(tuple(wanted), tuple(unwanted), tuple(filters), tuple(unknown))


def tsquery(alternatives: Iterable[Iterable[Term]], weights: str = "") -> str:
    """Return terms in the syntax of PostgreSQL's to_tsquery: all of them, each as one of its alternatives.

    `weights` restrict where a word may stand, such as "ABC"; anywhere if empty.
    """
    return " & ".join(f"({' | '.join(_lexeme(term, weights) for term in terms)})" for terms in alternatives)


def completing(text: str) -> tuple[str, str]:
    """Return what stands before the word that is being typed, and that word: for suggestions."""
    before, _space, last = text.rpartition(" ")
    return (f"{before} " if before else ""), last


def _lexeme(term: Term, weights: str) -> str:
    quoted = term.text.replace("\\", " ").replace("'", " ")
    mark = "*" * term.is_begun + weights
    return f"'{quoted}'{':' + mark if mark else ''}"


def _readable(text: str) -> str:
    """Return the text without what no word can hold: NUL, lone surrogates, typographic quotes."""
    text = text.replace("\x00", " ").encode("utf-8", "ignore").decode()
    return re.sub("[“”«»„]", '"', text)


def _values(text: str) -> tuple[str, ...]:
    found = ((quoted or plain).strip() for quoted, plain in _VALUE.findall(text))
    return tuple(dict.fromkeys(value for value in found if value))


def _term(match: re.Match[str]) -> Term | None:
    if match["phrase"] is not None:
        text = " ".join(match["phrase"].split())
        return Term(text, is_phrase=True) if _LETTERS.search(text) else None
    raw = match["word"] if match["word"] is not None else f"{match['name']}:{match['values']}".replace('"', " ")
    text = " ".join(raw.rstrip("*").split())
    if not _LETTERS.search(text):
        return None
    is_plain = match["word"] is not None
    return Term(text, is_phrase=not is_plain, is_begun=is_plain and raw.endswith("*"))


def _nearest(name: str) -> str:
    close = get_close_matches(name.lower(), list(_NAMES), n=1, cutoff=0.6)
    return _NAMES[close[0]] if close else ""
