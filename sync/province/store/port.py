"""What any engine of rows and any engine of bytes must do for the province.

Owns the two ports and the ways an engine may fail. Refuses to know an engine: SQLite and the folder stand beside
PostgreSQL and S3 as equals, and `tests/integration/test_province_engines.py` is run over each pair. SQL is written
once, in the words both databases know (`?` or `:name` for values, `ON CONFLICT`, names of the table before a column
where a second row is in sight); `sync.province.store.dialect` turns it into PostgreSQL's form.
Invariants of every engine: `writing()` returns only after a power cut cannot take the rows away; a blob that `adopt`
returned from is durable, and its bytes were seen to have that digest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

Values = Sequence[Any] | Mapping[str, Any]
Row = Any
"""One row: a value by the column's name or its number; `dict(row)` gives all of them by name."""


class RowsAway(OSError):
    """The database does not answer, or the outcome of a transaction is unknown; ask again. Code: `rows-away`.

    An OSError, like a disk that fails: whoever receives then says nothing, pauses, and lets the boxes ask again.
    """

    code = "rows-away"


class RowRefused(sqlite3.IntegrityError):
    """The tables refuse this row (a second answer, a forked chain). Code: `row-refused`.

    Under SQLite's own name, so that a caller need not know which engine it speaks to.
    """

    code = "row-refused"


class UnsafeDatabase(Exception):
    """The database is set up so that a power cut may take committed rows; its administrator changes that.

    Code: `unsafe-database`.
    """

    code = "unsafe-database"


class BlobsAway(OSError):
    """The store of bytes does not answer; ask again. Code: `blobs-away`."""

    code = "blobs-away"


class BlobDamaged(OSError):
    """Bytes were stored under a digest that is not theirs. Code: `blob-damaged`."""

    code = "blob-damaged"


class Answer(Protocol):
    """What a statement came to."""

    @property
    def rowcount(self) -> int:
        """Rows it changed."""
        ...

    def fetchone(self) -> Row | None:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Row]:
        """The remaining rows."""
        ...


class Writer(Protocol):
    """Statements inside one transaction. Raises RowRefused (sqlite3.IntegrityError), RowsAway."""

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """Run one statement; the result is an `Answer`."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        """Run one statement for each set of values."""
        ...


class Rows(Protocol):
    """An engine of rows. Any thread may call; writes take turns."""

    shared: bool
    """Several processes may answer boxes at once; receipt numbers are then reserved, not counted."""

    def writing(self, lock: str = "") -> AbstractContextManager[Any]:
        """One durable transaction with a `Writer`; all of it is kept, or nothing.

        Two transactions under one `lock` never overlap. Raises RowRefused, RowsAway.
        """
        ...

    def together(self) -> AbstractContextManager[None]:
        """What this thread writes inside is durable at the end, with fewer flushes; nothing of it may be told before.

        Raises RowsAway.
        """
        ...

    def rows(self, sql: str, parameters: Any = ()) -> list[Row]:
        """Committed rows as one consistent look. Raises RowsAway."""
        ...

    def row(self, sql: str, parameters: Any = ()) -> Row | None:
        """The first committed row, or None. Raises RowsAway."""
        ...

    def each(self, sql: str) -> Iterator[Row]:
        """Committed rows one after another, for tables larger than memory. Raises RowsAway."""
        ...

    def settle_numbers(self) -> None:
        """Let every number that the engine counts by itself go on after the greatest there is. Raises RowsAway."""
        ...

    def tables(self) -> list[str]:
        """The names of the tables with the province's rows, each after those it refers to."""
        ...

    def change_mark(self) -> int:
        """Changes whenever another connection committed; cheap enough to poll."""
        ...

    def check(self) -> str:
        """`ok`, or what the engine finds wrong with its own files."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...


class Blobs(Protocol):
    """An engine of bytes named by their SHA-256 in lower-case hex; anything else raises ValueError."""

    def path(self, sha256: str) -> Path:
        """A local file with these bytes, fetched if need be; it is not there when they are not held or not reached."""
        ...

    def fetch(self, sha256: str) -> Path:
        """The same, with reasons. Raises FileNotFoundError, BlobsAway, BlobDamaged."""
        ...

    def holds(self, sha256: str) -> bool:
        """The bytes are held. Raises BlobsAway."""
        ...

    def measured(self, sha256: str) -> tuple[str, int]:
        """SHA-256 and size in bytes of what is really kept, read to its end. Raises FileNotFoundError, BlobsAway."""
        ...

    def secure(self, part: Path, sha256: str) -> None:
        """Copy a whole file to where it will stay, ahead of `adopt`; may take long, and may be left out.

        Raises BlobsAway, BlobDamaged.
        """
        ...

    def take(self, held: Path, sha256: str) -> None:
        """Copy a whole file in, leaving it where it is; idempotent, durable on return.

        Raises BlobsAway, BlobDamaged.
        """
        ...

    def adopt(self, part: Path, sha256: str) -> Path:
        """Turn a whole, flushed part into a blob; idempotent, and right again after a crash half way.

        Returns a local file with the bytes. Raises FileNotFoundError, BlobsAway, BlobDamaged.
        """
        ...

    def every(self) -> Iterator[str]:
        """The digests of all blobs. Raises BlobsAway."""
        ...

    def remove(self, sha256: str) -> None:
        """Remove a blob that no row speaks of. Raises BlobsAway."""
        ...
