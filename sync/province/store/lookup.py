"""Finds papers by what people know of them: number, notation, box, digest, days.

Owns `document_codes`, which follows the documents a moment later: no receiver waits for it. Papers newer than what was
followed are found by everything but their code.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from sync.province.checking import field_value
from sync.province.folding import folded
from sync.province.store.following import OVERLAP
from sync.province.store.port import Rows
from sync.province.store.reading import document_of
from sync.province.store.records import StoredDocument

STEP = 2_000
_NOT_TAKEN = """
SELECT d.rid AS rid, d.meta AS meta FROM documents d LEFT JOIN document_codes c ON c.rid = d.rid
WHERE d.rid > ? AND c.rid IS NULL ORDER BY d.rid LIMIT ?
"""
_KEEP = "INSERT INTO document_codes VALUES (?,?,?) ON CONFLICT (rid) DO NOTHING"
_UP_TO = "INSERT INTO followed VALUES ('codes', ?) ON CONFLICT (what) DO UPDATE SET rid = excluded.rid"
_DIGEST = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Wanted:
    """What is looked for; "" or None: anything. `code` as people write it (`215`, `215/UBND-VP`, `UBND-VP`); `digest`
    the SHA-256 or at least 8 digits from its start; `since` and `until` in seconds since 1970, half-open."""

    code: str = ""
    box: str = ""
    digest: str = ""
    since: float | None = None
    until: float | None = None


def code_parts(code: str) -> tuple[str, str]:
    """(number without leading zeros, notation folded) of a code: `015/QĐ-UBND` is `15` and `qd-ubnd`."""
    number, _, notation = folded("".join(code.split())).partition("/")
    if not number.isdecimal():
        return "", folded("".join(code.split()))
    return number.lstrip("0") or "0", notation


class Lookup:
    """Follows, and finds. One thread at a time may follow."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def follow(self) -> int:
        """Take in papers that came since the last time; returns how many."""
        row = self._connection.row("SELECT rid FROM followed WHERE what = 'codes'")
        reached = int(row["rid"]) if row else 0
        position, taken = max(0, reached - OVERLAP) if self._connection.shared else reached, 0
        while found := self._connection.rows(_NOT_TAKEN, (position, STEP)):
            position = int(found[-1]["rid"])
            with self._connection.writing("followed") as raw:
                for entry in found:
                    number, notation = code_parts(str(field_value(json.loads(entry["meta"]), "code") or ""))
                    raw.execute(_KEEP, (entry["rid"], number, notation))
                reached = max(reached, position)
                raw.execute(_UP_TO, (reached,))
            taken += len(found)
        return taken

    def find(self, wanted: Wanted, limit: int = 50, before: int | None = None) -> list[StoredDocument]:
        """Papers, newest first; `before` pages on from a receipt's number. An impossible digest finds nothing."""
        where, values = ["1 = 1"], list[object]()
        join = ""
        number, notation = code_parts(wanted.code)
        if wanted.code.strip():
            join = " JOIN document_codes c ON c.rid = d.rid"
            if number:
                where.append("c.number = ?")
                values.append(number)
            if notation:
                where.append("c.notation LIKE ? ESCAPE '!'")
                pattern = re.sub(r"([!%_])", r"!\1", notation)
                values.append(f"{pattern}%" if number else f"%{pattern}%")
        if wanted.box:
            where.append("d.box = ?")
            values.append(wanted.box)
        if wanted.digest:
            digest = "".join(wanted.digest.split()).lower()
            if not _DIGEST.fullmatch(digest):
                return []
            where.append("d.sha256 >= ? AND d.sha256 < ?")
            values += [digest, digest + "g"]
        for name, bound in ((">=", wanted.since), ("<", wanted.until)):
            if bound is not None:
                where.append(f"d.received_at {name} ?")
                values.append(bound)
        if before is not None:
            where.append("d.rid < ?")
            values.append(before)
        found = self._connection.rows(
            f"SELECT d.*, b.commune FROM documents d JOIN boxes b USING (box){join}"
            f" WHERE {' AND '.join(where)} ORDER BY d.rid DESC LIMIT ?",
            (*values, limit),
        )
        return [document_of(row) for row in found]
