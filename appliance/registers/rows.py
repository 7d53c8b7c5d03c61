"""A row of a register and how it changes: never rewritten, only filled in, corrected on a new line, or made void.

What a person writes into an empty cell completes the line. What takes the place of something written strikes the line
through, and a new one follows with the reason (NĐ 30/2020 Điều 15, 22: registers are printed and bound, so a reader
must see what stood there). A void number stays in the book, with its reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Act(StrEnum):
    """What was done to a row."""

    ENTERED = "entered"
    RESERVED = "reserved"
    FILLED = "filled"
    CORRECTED = "corrected"
    VOIDED = "voided"


NEEDS_REASON = frozenset({Act.RESERVED, Act.CORRECTED, Act.VOIDED})


class Standing(StrEnum):
    """What a number is used for now."""

    RESERVED = "reserved"
    ENTERED = "entered"
    VOID = "void"


@dataclass(frozen=True)
class Version:
    """One act on a row and all cells after it; ``digest`` is what the chain of events holds of it."""

    book: str
    year: int
    number: int
    act: Act
    cells: Mapping[str, str]
    reason: str
    by: str
    at: datetime

    @property
    def digest(self) -> str:
        """SHA-256 over everything the version says."""
        said = [self.book, self.year, self.number, self.act, self.reason, self.by, self.at.isoformat()]
        body = json.dumps([*said, dict(self.cells)], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(body.encode()).hexdigest()


@dataclass(frozen=True)
class Line:
    """One line as it is printed: ``struck`` lines were corrected by the next one. ``reason``, ``by`` and ``at`` tell
    what the line came from (a correction, a reservation) or, for a void number, why it is void.
    """

    cells: Mapping[str, str]
    standing: Standing
    reason: str
    by: str
    at: datetime
    struck: bool = False


class RowRefused(Exception):
    """The row cannot be changed like this; ``code`` becomes a sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def lines_of(versions: Iterable[Version]) -> tuple[Line, ...]:
    """The lines that the versions of one number make, oldest first; the last one is what holds."""
    lines: list[Line] = []
    for version in versions:
        fresh = Line(version.cells, Standing.ENTERED, version.reason, version.by, version.at)
        if version.act is Act.RESERVED:
            lines.append(replace(fresh, standing=Standing.RESERVED))
        elif version.act is Act.VOIDED:
            lines[-1:] = [replace(fresh, standing=Standing.VOID)]
        elif version.act is Act.FILLED and lines:
            lines[-1] = replace(lines[-1], cells=version.cells, standing=Standing.ENTERED)
        elif lines and lines[-1].standing is Standing.RESERVED:
            lines[-1] = replace(fresh, reason=lines[-1].reason)
        else:
            lines[-1:] = [*(replace(line, struck=True) for line in lines[-1:]), fresh]
    return tuple(lines)


def amended(now: Line | None, changes: Mapping[str, str]) -> tuple[Act, dict[str, str]] | None:
    """What writing ``changes`` into the row means, with all cells after it; None when nothing changes.

    Raises:
        RowRefused: number-void.
    """
    if now is not None and now.standing is Standing.VOID:
        raise RowRefused("number-void")
    before = dict(now.cells) if now else {}
    changed = {name: value for name, value in changes.items() if value != before.get(name, "")}
    if not changed:
        return None
    act = Act.CORRECTED if any(before.get(name) for name in changed) else Act.FILLED
    return act, {name: value for name, value in (before | changed).items() if value}
