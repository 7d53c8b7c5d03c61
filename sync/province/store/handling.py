"""Rows of notices: what the province said to each box about documents, and what boxes said (`sync.protocol.notices`).

Owns the two tables. Decides nothing. Invariants: what is said to a box gets the next number of that box's stream; what
was taken is never changed. The stream is named by the store's epoch: another store, another stream.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sync.protocol.notices import AGREED, KEPT, MAX_BY, MAX_REASON, RECALL, Notice, clean
from sync.protocol.topics import Direction
from sync.province.store import ProvinceStore


@dataclass(frozen=True)
class Word:
    """One notice as people see it; `ours`: the province said it; `heard`: the box has it. Times in seconds."""

    box: str
    number: int
    way: str
    document_id: str
    code: str
    reason: str
    spoken_by: str
    said_at: float
    ours: bool
    heard: bool


class Handling:
    """Reads and writes notices."""

    def __init__(self, store: ProvinceStore) -> None:
        self._rows = store.connection
        self.stream = store.epoch().to_bytes(8, "big")

    def say(
        self, box: str, way: Direction, tid: str, document_id: str, code: str, reason: str, by: str, now: float
    ) -> int:
        """Add a notice to a box's stream; durable on return. Returns its number."""
        with self._rows.writing("notices") as raw:
            row = raw.execute(
                "SELECT COALESCE(MAX(number), 0) AS last FROM notices_said WHERE box = ?", (box,)
            ).fetchone()
            number = int(row["last"]) + 1
            raw.execute(
                "INSERT INTO notices_said (box, number, way, tid, document_id, code, reason, spoken_by, said_at, heard)"
                " VALUES (?,?,?,?,?,?,?,?,?,0)",
                (
                    box,
                    number,
                    way.value,
                    tid,
                    document_id,
                    code,
                    clean(reason, MAX_REASON),
                    clean(by, MAX_BY),
                    now,
                ),
            )
        return number

    def boxes_unheard(self) -> list[str]:
        """Boxes that have not heard everything."""
        return [str(row["box"]) for row in self._rows.rows("SELECT DISTINCT box FROM notices_said WHERE heard = 0")]

    def unheard(self, box: str, limit: int) -> list[Notice]:
        """What was said to a box and not heard, lowest numbers first."""
        found = self._rows.rows(
            "SELECT * FROM notices_said WHERE box = ? AND heard = 0 ORDER BY number LIMIT ?", (box, limit)
        )
        return [
            Notice(
                box, self.stream, int(row["number"]), Direction(row["way"]), bytes.fromhex(row["tid"]),
                row["document_id"], row["code"], int(row["said_at"]), row["reason"], row["spoken_by"],
            )
            for row in found
        ]  # fmt: skip

    def heard(self, box: str, stream: bytes, number: int) -> None:
        """Note up to which number a box keeps its stream."""
        if stream != self.stream:
            return
        with self._rows.writing() as raw:
            raw.execute("UPDATE notices_said SET heard = 1 WHERE box = ? AND heard = 0 AND number <= ?", (box, number))
            raw.execute("UPDATE notices_said SET heard = 0 WHERE box = ? AND heard = 1 AND number > ?", (box, number))

    def last(self, box: str, stream: bytes) -> int:
        """Up to which number a box's stream was taken."""
        row = self._rows.row(
            "SELECT COALESCE(MAX(number), 0) AS last FROM notices_taken WHERE box = ? AND stream = ?",
            (box, stream.hex()),
        )
        return int(row["last"]) if row else 0

    def take(self, notice: Notice, envelope: bytes, now: float) -> None:
        """Keep a box's notice; a repetition changes nothing."""
        with self._rows.writing() as raw:
            raw.execute(
                "INSERT INTO notices_taken (box, stream, number, way, tid, document_id, code, reason, spoken_by,"
                " said_at, taken_at, envelope) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
                (
                    notice.box, notice.stream.hex(), notice.number, notice.way.value, notice.tid.hex(),
                    notice.document_id, notice.code, notice.reason, notice.by, float(notice.wall), now, envelope,
                ),
            )  # fmt: skip

    def of_document(self, document_id: str, box: str = "") -> list[Word]:
        """Everything said by either end about a document, oldest first by the province's clock."""
        wanted = "WHERE document_id = ? AND (? = '' OR box = ?)"
        values = (document_id, box, box)
        ours = self._rows.rows(f"SELECT * FROM notices_said {wanted} ORDER BY box, number", values)
        theirs = self._rows.rows(f"SELECT * FROM notices_taken {wanted} ORDER BY box, taken_at, number", values)
        timed = [(float(row["said_at"]), _word(dict(row), True)) for row in ours]
        timed += [(float(row["taken_at"]), _word(dict(row), False)) for row in theirs]
        return [word for _, word in sorted(timed, key=lambda pair: pair[0])]

    def latest(self, way: Direction) -> dict[tuple[str, str], str]:
        """By box and document, the last code a box said of documents that travelled this way."""
        found = self._rows.rows(
            "SELECT box, document_id, code FROM notices_taken WHERE way = ? ORDER BY taken_at, number", (way.value,)
        )
        return {(str(row["box"]), str(row["document_id"])): str(row["code"]) for row in found}


def recall_asked(words: Iterable[Word], way: Direction) -> bool:
    """Whether a recall of a document that travelled `way` waits for an answer."""
    ours = [word.code for word in words if word.way == way.value]
    return ours.count(RECALL) > sum(ours.count(code) for code in (AGREED, KEPT))


class BoxBook:
    """A `sync.notices.NoticeBook` about one box."""

    def __init__(self, rows: Handling, box: str) -> None:
        self._rows, self._box = rows, box

    def unheard(self, limit: int) -> list[Notice]:
        """See the port."""
        return self._rows.unheard(self._box, limit)

    def heard(self, stream: bytes, number: int) -> None:
        """See the port."""
        self._rows.heard(self._box, stream, number)

    def last(self, stream: bytes) -> int:
        """See the port."""
        return self._rows.last(self._box, stream)

    def take(self, notice: Notice, envelope: bytes) -> None:
        """See the port."""
        self._rows.take(notice, envelope, time.time())


def _word(row: dict[str, Any], ours: bool) -> Word:
    return Word(
        row["box"], int(row["number"]), row["way"], row["document_id"], row["code"], row["reason"], row["spoken_by"],
        float(row["said_at"]), ours, bool(row["heard"]) if ours else True,
    )  # fmt: skip
