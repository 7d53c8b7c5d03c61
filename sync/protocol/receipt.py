"""Receipts and refusals: the province's signed word about exact bytes, chained per box (PROTOCOL.md §4.5).

Owns the message and its chain rule. Refuses to sign or verify by itself. Invariant: a receipt names box, document,
sequence, size, SHA-256 of the file and SHA-256 of the manifest - a receipt that differs from an offer in any of them
says nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256 as _sha256

from sync.protocol.codec import CodecError, encode
from sync.protocol.cose import Verify, unseal
from sync.protocol.fields import Fields, with_extra
from sync.protocol.messages import MAX_SIZE, Manifest
from sync.protocol.topics import is_box

FIRST_IN_CHAIN = bytes(32)


class Result(IntEnum):
    """What became of the offered file."""

    STORED = 0
    DUPLICATE = 1
    """These bytes of this document were stored already; the same promise as STORED."""
    REFUSED = 2


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answer of the province; `result` REFUSED makes it a refusal with `code` and `text`."""

    number: int
    """Monotonic per province."""
    box: str
    sequence: int
    document_id: str
    sha256: bytes
    size: int
    manifest_hash: bytes
    result: Result
    wall: int
    """Unix seconds by the province's clock, which is the authoritative one."""
    previous: bytes
    """SHA-256 of the COSE_Sign1 of this box's previous receipt; 32 zero bytes for the first."""
    code: str = ""
    text: str = ""
    """Vietnamese reason of a refusal, shown to people as it is."""
    extra: Mapping[int, object] = field(default_factory=dict)

    def is_for(self, manifest: Manifest) -> bool:
        """Say whether this receipt speaks of exactly the bytes and the manifest offered."""
        return (
            self.box == manifest.box
            and self.document_id == manifest.document_id
            and self.sequence == manifest.sequence
            and self.sha256 == manifest.sha256
            and self.size == manifest.size
            and self.manifest_hash == manifest.digest
        )

    def encode(self) -> bytes:
        """Return the deterministic bytes, the payload of the province's COSE_Sign1. Raises CodecError."""
        known: dict[int, object] = {
            1: self.number, 2: self.box, 3: self.sequence, 4: self.document_id, 5: self.sha256, 6: self.size,
            7: self.manifest_hash, 8: int(self.result), 9: self.wall, 10: self.previous,
        }  # fmt: skip
        if self.result is Result.REFUSED:
            known |= {11: self.code, 12: self.text}
        return encode(with_extra(known, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> Receipt:
        """Read a receipt or refusal. Raises CodecError."""
        fields = Fields(encoded)
        number, box, sequence, document_id = fields.count(1), fields.text(2, 13), fields.count(3), fields.text(4, 64)
        try:
            result = Result(fields.count(8))
        except ValueError as error:
            raise CodecError("unsupported-version", "result") from error
        refused = result is Result.REFUSED
        if not is_box(box):
            raise CodecError("bad-field", "box")
        return cls(
            number, box, sequence, document_id, fields.digest(5), fields.count(6, most=MAX_SIZE), fields.digest(7),
            result, fields.count(9), fields.digest(10),
            fields.text(11, 64) if refused else "", fields.text(12, 2000) if refused else "", fields.extra(),
        )  # fmt: skip


def chain_hash(envelope: bytes) -> bytes:
    """Return what the next receipt of the same box carries as `previous`."""
    return _sha256(envelope).digest()


def read_receipt(envelope: bytes, verify: Verify) -> Receipt:
    """Open, verify and decode a receipt. Raises CodecError; `bad-signature` when no known province key signed it."""
    sealed = unseal(envelope)
    if not sealed.verified_by(verify):
        raise CodecError("bad-signature", f"kid {sealed.kid!r}")
    return Receipt.decode(sealed.payload)


def chain_breaks(envelopes: Iterable[bytes], verify: Verify) -> list[int]:
    """Return the numbers of the receipts of one box.

    Oldest first, that do not follow the one before. Raises CodecError.
    """
    breaks, expected, last = [], FIRST_IN_CHAIN, -1
    for envelope in envelopes:
        receipt = read_receipt(envelope, verify)
        if receipt.previous != expected or receipt.number <= last:
            breaks.append(receipt.number)
        expected, last = chain_hash(envelope), receipt.number
    return breaks
