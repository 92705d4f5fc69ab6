"""What a source answers: a table, or why there is none."""

import json
from dataclasses import dataclass, field
from typing import Any

from common.texts import storable
from investigations.models import LookupTrouble

LONGEST_CELL = 2_000  # characters
LARGEST = 512 * 1024  # bytes of all cells together


class NoAnswer(Exception):
    """There is none, for a reason that people are told. `detail` is what the source said of it."""

    def __init__(self, trouble: LookupTrouble, detail: str = "") -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble, self.detail = trouble, detail


@dataclass
class Table:
    """Columns, each name once, and rows of texts. `is_cut`: there were more rows; `cut_cells` were longer."""

    columns: list[str]
    rows: list[list[str | None]] = field(default_factory=list)
    is_cut: bool = False
    cut_cells: int = 0
    _size: int = 0

    def add(self, cells: list[Any]) -> None:
        """Add a row, cells cut where they are too long. Raises NoAnswer when the whole becomes too large."""
        row = []
        for cell in cells:
            text = None if cell is None else spelled(cell)
            if text is not None and len(text) > LONGEST_CELL:
                text, self.cut_cells = text[:LONGEST_CELL] + "…", self.cut_cells + 1
            self._size += len(text or "")
            row.append(text)
        if self._size > LARGEST:
            raise NoAnswer(LookupTrouble.TOO_LARGE)
        self.rows.append(row)


def spelled(cell: object) -> str:
    """Return a cell as text that the database can hold."""
    if isinstance(cell, bytes | bytearray | memoryview):
        return f"0x{bytes(cell)[:LONGEST_CELL].hex()}"
    if isinstance(cell, dict | list):
        return storable(json.dumps(cell, ensure_ascii=False, default=str).replace("\\u0000", ""))
    return storable(str(cell))


def unique(names: list[str]) -> list[str]:
    """Return names of columns, each once: a second `id` becomes `id_2`."""
    found: list[str] = []
    for name in names:
        plain = spelled(name)[:80] or "?"
        number, wanted = 1, plain
        while wanted in found:
            number += 1
            wanted = f"{plain}_{number}"
        found.append(wanted)
    return found
