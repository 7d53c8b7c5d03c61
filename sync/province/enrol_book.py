"""The book of enrolments: codes that were given out, and certificates that were issued.

Owns one SQLite file beside the CA's key, whatever engine holds the province's rows. A code is kept as a digest only;
it serves one box once: the same request again gets the same certificate (its answer may have been lost), any other is
refused. Invariant: a certificate is in the book before anybody gets it, so that every one can be revoked.
"""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from sync.enrolment_code import secret_digest

_TABLES = """
CREATE TABLE IF NOT EXISTS salts (salt BLOB NOT NULL CHECK (length(salt) = 16)) STRICT;
CREATE TABLE IF NOT EXISTS codes (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    box TEXT NOT NULL,
    commune TEXT NOT NULL,
    made_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL,
    request BLOB,
    certificate BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS issued (
    serial TEXT PRIMARY KEY,
    box TEXT NOT NULL,
    certificate BLOB NOT NULL,
    issued_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    revoked_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS issued_by_box ON issued (box);
"""


class CodeRefused(Exception):
    """The code does not serve; `code` is `code-unknown`, `code-expired` or `code-used`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Given:
    """A code as the book knows it; `certificate` (PEM) once it was used."""

    digest: bytes
    box: str
    commune: str
    expires_at: float
    used_at: float | None
    request: bytes | None
    certificate: bytes | None


@dataclass(frozen=True)
class Issued:
    """A certificate of a box: serial number, PEM, and since when it is not believed any more."""

    serial: int
    box: str
    certificate: bytes
    issued_at: float
    ends_at: float
    revoked_at: float | None


class EnrolBook:
    """The file; safe for several processes."""

    def __init__(self, path: Path) -> None:
        fresh = not path.exists()
        self._raw = sqlite3.connect(path, timeout=15, isolation_level=None, check_same_thread=False)
        if fresh:
            path.chmod(0o600)
        self._raw.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._raw.execute(f"PRAGMA {pragma}")
        self._raw.executescript(_TABLES)
        with self._writing() as raw:
            if raw.execute("SELECT 1 FROM salts").fetchone() is None:
                raw.execute("INSERT INTO salts VALUES (?)", (secrets.token_bytes(16),))
        self._salt = bytes(self._raw.execute("SELECT salt FROM salts").fetchone()[0])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._raw.execute("BEGIN IMMEDIATE")
        try:
            yield self._raw
            self._raw.execute("COMMIT")
        except BaseException:
            self._raw.execute("ROLLBACK")
            raise

    def give(self, secret: str, box: str, commune: str, now: float, expires_at: float) -> None:
        """Note a fresh code; unused ones for the same box end with it."""
        digest = secret_digest(secret, self._salt)
        with self._writing() as raw:
            raw.execute("UPDATE codes SET expires_at = ? WHERE box = ? AND used_at IS NULL", (now, box))
            raw.execute(
                "INSERT INTO codes (digest, box, commune, made_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                (digest, box, commune, now, expires_at),
            )

    def find(self, secret: str, request: bytes, now: float) -> Given:
        """The code, if it may serve this request (its digest) now. Raises CodeRefused."""
        row = self._raw.execute(
            "SELECT digest, box, commune, expires_at, used_at, request, certificate FROM codes WHERE digest = ?",
            (secret_digest(secret, self._salt),),
        ).fetchone()
        if row is None:
            raise CodeRefused("code-unknown")
        given = Given(**dict(row))
        if given.used_at is not None and given.request != request:
            raise CodeRefused("code-used")
        if now >= given.expires_at:
            raise CodeRefused("code-expired")
        return given

    def use(self, given: Given, request: bytes, issued: Issued, now: float) -> Given:
        """Spend a code on a certificate, both or neither; who comes second gets what the first got, or is refused."""
        with self._writing() as raw:
            spent = raw.execute(
                "UPDATE codes SET used_at = ?, request = ?, certificate = ? WHERE digest = ? AND used_at IS NULL",
                (now, request, issued.certificate, given.digest),
            ).rowcount
            if spent:
                _note(raw, issued)
            row = raw.execute(
                "SELECT digest, box, commune, expires_at, used_at, request, certificate FROM codes WHERE digest = ?",
                (given.digest,),
            ).fetchone()
        kept = Given(**dict(row))
        if kept.request != request:
            raise CodeRefused("code-used")
        return kept

    def note(self, issued: Issued) -> None:
        """A certificate that was issued without a code."""
        with self._writing() as raw:
            _note(raw, issued)

    def revoke(self, box: str, now: float, but: int = 0) -> int:
        """Believe no certificate of a box any more, nor a code that waits for it; `but` spares one serial number."""
        with self._writing() as raw:
            if not but:
                raw.execute("UPDATE codes SET expires_at = ? WHERE box = ? AND used_at IS NULL", (now, box))
            return raw.execute(
                "UPDATE issued SET revoked_at = ? WHERE box = ? AND revoked_at IS NULL AND serial <> ?",
                (now, box, str(but)),
            ).rowcount

    def revoked(self, now: float) -> list[Issued]:
        """Certificates for the revocation list: revoked, and not yet ended by themselves."""
        return self._issued("revoked_at IS NOT NULL AND ends_at > ? ORDER BY revoked_at", now)

    def of(self, box: str) -> list[Issued]:
        """Every certificate of a box."""
        return self._issued("box = ? ORDER BY issued_at", box)

    def waiting(self, now: float) -> list[Given]:
        """Codes that were given out and may still be used."""
        found = self._raw.execute(
            "SELECT digest, box, commune, expires_at, used_at, request, certificate FROM codes"
            " WHERE used_at IS NULL AND expires_at > ? ORDER BY expires_at",
            (now,),
        )
        return [Given(**dict(row)) for row in found]

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()

    def _issued(self, where: str, value: object) -> list[Issued]:
        found = self._raw.execute(f"SELECT * FROM issued WHERE {where}", (value,))
        return [Issued(**{**dict(row), "serial": int(row["serial"])}) for row in found]


def noted(box: str, pem: bytes, now: dt.datetime) -> Issued:
    """A certificate (PEM) as a row of the book."""
    certificate = x509.load_pem_x509_certificate(pem)
    ends = certificate.not_valid_after_utc.timestamp()
    return Issued(certificate.serial_number, box, pem, now.timestamp(), ends, None)


def _note(raw: sqlite3.Connection, issued: Issued) -> None:
    raw.execute(
        "INSERT OR IGNORE INTO issued VALUES (?, ?, ?, ?, ?, ?)",
        (str(issued.serial), issued.box, issued.certificate, issued.issued_at, issued.ends_at, issued.revoked_at),
    )
