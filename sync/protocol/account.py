"""What an office tells of its own books (PROTOCOL.md §4.9): figures of a period, and how far its case dossiers are.

Owns the two signed messages on topic `k`. Both are whole statements: the newer one of a thing takes the place of the
older, so a lost one costs nothing but time and needs no answer. Refuses personal data by form: an account holds counts,
a docket holds digests of codes, a state and a day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256

from sync.protocol.codec import CodecError, encode
from sync.protocol.cose import Verify, unseal
from sync.protocol.fields import Fields, with_extra
from sync.protocol.topics import is_box

MAX_FIGURES, MAX_CASES = 64, 1000
CODE_BYTES = 16
_ACCOUNT, _DOCKET = "account", "docket"
_PERIOD = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")
_NAME = re.compile(r"[a-z][a-z0-9.-]{0,39}")


@dataclass(frozen=True, slots=True)
class Account:
    """Counts of one period, by name; what a name means is written in PROTOCOL.md §4.9."""

    box: str
    wall: int
    """Unix seconds by the box's clock: the greater one is the newer word."""
    period: str
    """A year, `2026`, or a month, `2026-11`, in Vietnam."""
    figures: Mapping[str, int]
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of the box's COSE_Sign1. Raises CodecError."""
        known: dict[int, object] = {1: _ACCOUNT, 2: self.box, 3: self.wall, 4: self.period, 5: dict(self.figures)}
        return encode(with_extra(known, self.extra))


class CaseState(IntEnum):
    """How far a case dossier is."""

    OPEN = 0
    ACCEPTED = 1
    REFUSED = 2
    RETURNED = 3


@dataclass(frozen=True, slots=True)
class CaseWord:
    """One dossier: `code` is `digest_of` its code; `day` counts from 1970-01-01: of the state, or when it is due."""

    code: bytes
    state: CaseState
    day: int
    due: int = 0
    """The day on which an accepted one is due; 0: none."""


@dataclass(frozen=True, slots=True)
class Docket:
    """The states of some dossiers of an office; of each dossier the newer word counts."""

    box: str
    wall: int
    cases: tuple[CaseWord, ...]
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of the box's COSE_Sign1. Raises CodecError."""
        said = [[one.code, int(one.state), one.day, one.due] for one in self.cases]
        return encode(with_extra({1: _DOCKET, 2: self.box, 3: self.wall, 4: said}, self.extra))


def code_digest(code: str) -> bytes:
    """Return how a dossier's code stands in a docket: nobody who reads the wire learns codes from it."""
    return sha256(code.strip().upper().encode()).digest()[:CODE_BYTES]


def read_account(envelope: bytes, box: str, verify: Verify) -> Account | Docket:
    """Open, verify and read what this very box tells of its books. Raises CodecError."""
    sealed = unseal(envelope)
    if sealed.kid != box or not sealed.verified_by(verify):
        raise CodecError("bad-signature", f"kid {sealed.kid!r}")
    fields = Fields(sealed.payload)
    kind, said = fields.text(1, 10), fields.text(2, 13)
    if said != box or not is_box(said):
        raise CodecError("foreign-account", said)
    readers: dict[str, Callable[[Fields, str], Account | Docket]] = {_ACCOUNT: _account, _DOCKET: _docket}
    if kind not in readers:
        raise CodecError("unsupported-version", "another kind of message")
    return readers[kind](fields, box)


def _account(fields: Fields, box: str) -> Account:
    wall, period, figures = fields.moment(3), fields.text(4, 7), fields.take(5, dict)
    if not _PERIOD.fullmatch(period):
        raise CodecError("bad-field", "period")
    if len(figures) > MAX_FIGURES:
        raise CodecError("bad-field", "figures")
    counts: dict[str, int] = {}
    for name, count in figures.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise CodecError("bad-field", "the name of a figure")
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < 2**53:
            raise CodecError("bad-field", f"figure {name}")
        counts[name] = count
    return Account(box, wall, period, counts, fields.extra())


def _docket(fields: Fields, box: str) -> Docket:
    wall, said = fields.moment(3), fields.take(4, list)
    if not 0 < len(said) <= MAX_CASES:
        raise CodecError("bad-field", "cases")
    return Docket(box, wall, tuple(_case(one) for one in said), fields.extra())


def _case(said: object) -> CaseWord:
    match said:
        case [bytes(code), int(state), int(day), int(due)] if len(code) == CODE_BYTES:
            if isinstance(state, bool) or not all(0 <= one < 10**6 for one in (day, due)):
                raise CodecError("bad-field", "a case")
            try:
                return CaseWord(code, CaseState(state), day, due)
            except ValueError as error:
                raise CodecError("unsupported-version", "state of a case") from error
    raise CodecError("bad-field", "a case")


def batches(box: str, wall: int, cases: Sequence[CaseWord]) -> list[Docket]:
    """Return dockets that hold all of these, each within the limit."""
    return [Docket(box, wall, tuple(cases[n : n + MAX_CASES])) for n in range(0, len(cases), MAX_CASES)]
