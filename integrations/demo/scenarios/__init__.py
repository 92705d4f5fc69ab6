"""What can go wrong at the demo company, in its people's words: one TOML file per category.

A file has the category's `weight` (its share of tickets), second-line `team`, `partner`,
`levels` (impact, urgency, share), texts common to it in `en` and `es`, and `scenarios`.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
Texts = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One kind of case: how it is reported, found out and answered, in both languages.

    `planted` marks the problem that grows; `aged` one that the customer waited for some days with.
    Where texts ask and answer, the answer stands at the question's place in its own list.
    """

    category: str
    key: str
    weight: float
    team: str
    partner: str
    levels: list[list[int]]
    products: list[str]
    errors: list[str]
    segments: list[str]
    channels: list[str]
    answers: dict[str, str]
    cause: str
    resolution: str
    planted: bool
    aged: bool
    texts: dict[str, Texts]


@cache
def all_scenarios() -> list[Scenario]:
    """Return every scenario, weighted by its category's share of the tickets."""
    found = []
    for path in sorted(_FOLDER.glob("*.toml")):
        if path.stem != "common":
            found += _of_category(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def _of_category(category: str, content: dict[str, Any]) -> list[Scenario]:
    common = tomllib.loads((_FOLDER / "common.toml").read_text(encoding="utf-8"))
    total = sum(row["weight"] for row in content["scenarios"])
    return [
        Scenario(
            category=category,
            key=row["key"],
            weight=content["weight"] * row["weight"] / total,
            team=content["team"],
            partner=content["partner"],
            levels=content["levels"],
            products=row.get("products", []),
            errors=row.get("errors", []),
            segments=row.get("segments", content.get("segments", [])),
            channels=content.get("channels", []),
            answers=row.get("answers", {}),
            cause=row["cause"],
            resolution=row["resolution"],
            planted=row.get("planted", False),
            aged=row.get("aged", False),
            texts={language: common[language] | content[language] | row[language] for language in ("en", "es")},
        )
        for row in content["scenarios"]
    ]
