"""What is printed, as plain values that pass through a pipe: one book of a register.

Texts are Vietnamese whatever language the page was in: a printed register is an official paper.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class PrintedColumn:
    """Title and width in millimetres (all together 267: A4 landscape less its margins)."""

    title: str
    width: int


@dataclass(frozen=True)
class PrintedLine:
    """One line. ``struck``: crossed out; ``remark``: what stands under it over the whole width."""

    cells: tuple[str, ...]
    struck: bool = False
    remark: str = ""


@dataclass(frozen=True)
class Sheet:
    """One book: ``office`` and ``parent`` (above it), the year, days and numbers that it holds, lines, and the counts
    that its closing page tells. Days are written out as they are printed."""

    title: str
    office: str
    parent: str
    year: int
    since: str
    until: str
    first: int
    last: int
    volume: str
    columns: tuple[PrintedColumn, ...]
    lines: tuple[PrintedLine, ...]
    printed: str
    registered: int = 0
    reserved: tuple[int, ...] = ()
    void: tuple[int, ...] = ()
    corrected: int = 0
    filters: str = ""

    def to_json(self) -> str:
        """For the pipe."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Sheet:
        """Out of the pipe."""
        told: dict[str, Any] = json.loads(text)
        columns = tuple(PrintedColumn(**one) for one in told.pop("columns"))
        lines = tuple(PrintedLine(tuple(one["cells"]), one["struck"], one["remark"]) for one in told.pop("lines"))
        told["reserved"], told["void"] = tuple(told["reserved"]), tuple(told["void"])
        return cls(columns=columns, lines=lines, **told)


@dataclass
class Counted:
    """What the closing page counts, gathered while lines are made."""

    registered: int = 0
    corrected: int = 0
    reserved: list[int] = field(default_factory=list)
    void: list[int] = field(default_factory=list)
