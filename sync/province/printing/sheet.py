"""One table of figures as a spreadsheet has it, as plain values, and its way through JSON to the drawing child."""

from __future__ import annotations

import json
from dataclasses import dataclass

Cell = str | int | float | None


@dataclass(frozen=True)
class Sheet:
    """`rows`: the heading first; `widths` of columns in letters; `two`: columns of figures with two decimals."""

    title: str
    tab: str
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...]
    two: frozenset[int]

    def as_json(self) -> str:
        """For the child."""
        said = {"title": self.title, "tab": self.tab, "rows": self.rows, "widths": self.widths, "two": sorted(self.two)}
        return json.dumps(said, ensure_ascii=False)

    @classmethod
    def from_json(cls, told: str | bytes) -> Sheet:
        """Back from the child's input. Raises ValueError, KeyError, TypeError on anything else."""
        said = json.loads(told)
        rows = tuple(tuple(row) for row in said["rows"])
        return cls(said["title"], said["tab"], rows, tuple(said["widths"]), frozenset(said["two"]))
