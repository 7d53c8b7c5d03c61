"""What stands on an official paper of the province, as plain values.

Owns the parts that NĐ 30/2020/NĐ-CP, Phụ lục I gives such a paper, and their way through JSON to the drawing child.
Papers are drafts in Vietnamese whatever language the pages speak: somebody reads, numbers and signs them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Letterhead:
    """Who writes: from `province.toml`. What is empty is left out, or to be filled in by hand.

    `parent`: the agency above; `office`: who issues; `place`: where (địa danh); `symbol`: letters after the number,
    such as "VP-TH"; `position`: of who signs.
    """

    office: str
    parent: str = ""
    place: str = ""
    symbol: str = ""
    position: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under a heading; `wide`: shares of the width, by column. A figure is written as text already."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: tuple[float, ...]


@dataclass(frozen=True)
class Part:
    """One part of the body: a heading, then a sentence, points, a table; each may be missing."""

    heading: str = ""
    text: str = ""
    points: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Paper:
    """One paper. `kind` "" is an official letter (công văn) about `subject`; else its name in capitals, as BÁO CÁO.

    `month` and `year` of the draft; the day is filled in by who issues it.
    """

    head: Letterhead
    subject: str
    parts: tuple[Part, ...]
    month: int
    year: int
    kind: str = ""
    to: str = ""
    copies: tuple[str, ...] = ("Như trên;", "Lưu: VT.")

    def as_json(self) -> str:
        """For the child."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, told: str | bytes) -> Paper:
        """Back from the child's input. Raises ValueError, KeyError, TypeError on anything else."""
        said = json.loads(told)
        parts = tuple(
            Part(
                one["heading"], one["text"], tuple(one["points"]),
                Table(
                    tuple(one["table"]["columns"]), tuple(tuple(row) for row in one["table"]["rows"]),
                    tuple(one["table"]["wide"]),
                ) if one["table"] else None,
            )
            for one in said.pop("parts")
        )  # fmt: skip
        head, copies = Letterhead(**said.pop("head")), tuple(said.pop("copies"))
        return cls(head=head, parts=parts, copies=copies, **said)

    @property
    def number(self) -> str:
        """The line of the number, which nobody has given yet."""
        return f"Số:          /{self.head.symbol or '……'}"

    @property
    def dated(self) -> str:
        """Place and date, the day left open. Months below 3 are written with a nought (Phụ lục I, II.4)."""
        month = f"{self.month:02}" if self.month < 3 else str(self.month)
        return f"{self.head.place or '…………'}, ngày      tháng {month} năm {self.year}"


def as_text(paper: Paper) -> str:
    """The same words as plain text, for who goes on writing in a word processor."""
    return "\r\n".join(_lines(paper)) + "\r\n"


def _lines(paper: Paper) -> Iterator[str]:
    head = paper.head
    yield from (line.upper() for line in (head.parent, head.office) if line)
    yield f"{paper.number}        {paper.dated}"
    yield ""
    if paper.kind:
        yield paper.kind
        yield paper.subject
    else:
        yield f"V/v {paper.subject}"
    if paper.to:
        yield from ("", f"Kính gửi: {paper.to}")
    for part in paper.parts:
        yield ""
        if part.heading:
            yield part.heading
        if part.text:
            yield part.text
        yield from (f"- {point}" for point in part.points)
        if part.table is not None:
            yield "\t".join(part.table.columns)
            yield from ("\t".join(row) for row in part.table.rows)
    yield from ("", "Nơi nhận:", *(f"- {copy}" for copy in paper.copies), "", head.position.upper() or "……………")
