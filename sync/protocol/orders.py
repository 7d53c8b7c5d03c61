"""Orders of the province to one box, and their outcomes (PROTOCOL.md §4.8).

Owns the two signed messages and the fence: an order names its box and a counter that only grows, so that it is obeyed
once, by that box, and never again. Refuses to obey anything: what an order means is the box's business. An outcome
names the order by digest, so that it can be no other order's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from sync.protocol.codec import CodecError, encode
from sync.protocol.cose import Verify, unseal
from sync.protocol.fields import Fields, with_extra
from sync.protocol.topics import is_box

DONE, REFUSED = "done", "refused"
FOREIGN, OLD, UNKNOWN, EXPIRED = "foreign-device", "old-counter", "unknown-order", "expired"
MAX_REPORT = 32_000
_ORDER, _OUTCOME = "order", "outcome"


@dataclass(frozen=True, slots=True)
class Order:
    """What the province wants of one box."""

    box: str
    counter: int
    """Greater than that of every earlier order to this box; never used twice."""
    verb: str
    params: Mapping[str, object] = field(default_factory=dict)
    issued: int = 0
    """Unix seconds by the province's clock."""
    expires: int = 0
    """Unix seconds after which it is not begun any more; 0: never."""
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of the province's COSE_Sign1. Raises CodecError."""
        known: dict[int, object] = {
            1: _ORDER, 2: self.box, 3: self.counter, 4: self.verb, 5: dict(self.params), 6: self.issued,
            7: self.expires,
        }  # fmt: skip
        return encode(with_extra(known, self.extra))

    @property
    def digest(self) -> bytes:
        """SHA-256 of the encoded order."""
        return sha256(self.encode()).digest()

    @classmethod
    def decode(cls, encoded: bytes) -> Order:
        """Read an order. Raises CodecError."""
        fields = Fields(encoded)
        box = _head(fields, _ORDER)
        params = fields.take(5, dict)
        if len(params) > 32 or not all(isinstance(key, str) for key in params):
            raise CodecError("bad-field", "params")
        return cls(
            box, fields.count(3), fields.words(4, 40), {str(key): value for key, value in params.items()},
            fields.moment(6), fields.moment(7), fields.extra(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order at the box that says so."""

    box: str
    counter: int
    order: bytes
    """SHA-256 of the encoded order."""
    result: str
    code: str = ""
    report: str = ""
    """What was asked for, or a sentence; at most 32,000 characters."""
    wall: int = 0
    last: int = 0
    """The greatest counter the box has obeyed."""
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of the box's COSE_Sign1. Raises CodecError."""
        known: dict[int, object] = {
            1: _OUTCOME, 2: self.box, 3: self.counter, 4: self.order, 5: self.result, 6: self.code, 7: self.report,
            8: self.wall, 9: self.last,
        }  # fmt: skip
        return encode(with_extra(known, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> Outcome:
        """Read an outcome. Raises CodecError."""
        fields = Fields(encoded)
        box = _head(fields, _OUTCOME)
        counter, order, result = fields.count(3), fields.digest(4), fields.text(5, 20)
        if result not in (DONE, REFUSED):
            raise CodecError("unsupported-version", "result")
        return cls(
            box, counter, order, result, fields.words(6, 64), fields.words(7, MAX_REPORT), fields.moment(8),
            fields.count(9), fields.extra(),
        )  # fmt: skip


def read_order(envelope: bytes, own: str, verify: Verify) -> Order:
    """Open, verify and read an order by a pinned province key; whose it is, is not yet asked. Raises CodecError."""
    sealed = unseal(envelope)
    if sealed.kid == own or not sealed.verified_by(verify):
        raise CodecError("bad-signature", f"kid {sealed.kid!r}")
    return Order.decode(sealed.payload)


def read_outcome(envelope: bytes, box: str, verify: Verify) -> Outcome:
    """Open, verify and read the outcome that this very box gives. Raises CodecError."""
    sealed = unseal(envelope)
    if sealed.kid != box or not sealed.verified_by(verify):
        raise CodecError("bad-signature", f"kid {sealed.kid!r}")
    outcome = Outcome.decode(sealed.payload)
    if outcome.box != box:
        raise CodecError("foreign-outcome", outcome.box)
    return outcome


def _head(fields: Fields, word: str) -> str:
    if fields.text(1, 10) != word:
        raise CodecError("bad-field", "another kind of message")
    box = fields.text(2, 13)
    if not is_box(box):
        raise CodecError("bad-field", "box")
    return box
