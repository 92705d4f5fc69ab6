"""How fast texts are read, and what is found in real logs."""

import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench.redaction.measure import Tool
from bench.redaction.numbers import digits

_TRIES = 3
_SIZE = 8_000_000


class Speed(NamedTuple):
    """Megabytes in a second of the processor, the best of a few tries."""

    name: str
    megabytes_a_second: float


class Hits(NamedTuple):
    """What was found in a log, of how many megabytes."""

    name: str
    megabytes: float
    found: list[str]


def logs(folder: Path) -> Iterator[tuple[str, str]]:
    """The real logs; none where the data set is not here."""
    path = folder / "loghub.tar.xz"
    if not path.exists():
        return
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith((".log", ".csv")) else None
            if file:
                yield member.name.split("/", 1)[-1], file.read().decode(errors="replace")


def published(folder: Path) -> Iterator[str]:
    """The test numbers that a payment provider publishes, in three writings, and its IBANs."""
    path = folder / "pan_detection.tar.xz"
    if not path.exists():
        return
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(("/cards.json", "/ibans.json")) else None
            content = json.load(file) if file else []
            for item in content:
                for number in [one["cardnumber"] for one in item.get("items", [])]:
                    yield from (number, number.replace(" ", ""), number.replace(" ", "-"))
                if "iban" in item:
                    yield item["iban"]


def hits(tool: Tool, folder: Path) -> list[Hits]:
    return [Hits(name, len(text) / 1e6, tool(text)[1]) for name, text in logs(folder)]


def speeds(tool: Tool, folder: Path) -> list[Speed]:
    texts = {name: text for name, text in logs(folder) if name.endswith(".log")}
    texts = {name: text * (_SIZE // len(text) + 1) for name, text in texts.items()}
    if texts:
        texts["all logs"] = "".join(text[: _SIZE // len(texts)] for text in texts.values())
    return [Speed(name, _measured(tool, text)) for name, text in {**texts, **_dense()}.items()]


def _dense() -> dict[str, str]:
    rng = Random(7)
    return {
        'dense: 1 MB of "1 "': "1 " * 500_000,
        "dense: digits and nothing else": digits(rng, 2_000_000),
        "dense: groups of four": " ".join(digits(rng, 4) for _ in range(400_000)),
        "dense: numbers of 16": "\n".join(digits(rng, 16) for _ in range(120_000)),
        "dense: table of numbers": "\n".join(
            ",".join(digits(rng, rng.randint(1, 19)) for _ in range(8)) for _ in range(25_000)
        ),
        "dense: single random digits": " ".join(digits(rng, 500_000)),
    }


def _measured(tool: Tool, text: str) -> float:
    best = float("inf")
    for _ in range(_TRIES):
        began = time.process_time()
        tool(text)
        best = min(best, time.process_time() - began)
    return len(text) / 1e6 / best
