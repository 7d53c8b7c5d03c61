"""The CBOR messages of the wire: manifest, query, have, presence, province state (PROTOCOL.md §4).

Owns the field numbers and their bounds. Refuses to judge: a decoded message is well-formed, not yet believed -
signatures and ownership are the cores' business. Invariant: `X.decode(x.encode()) == x`, including fields this
version does not know. Chunks are binary (`sync.protocol.chunk`), receipts are in `sync.protocol.receipt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256 as _sha256

from sync.protocol.codec import CodecError, encode
from sync.protocol.fields import Fields, with_extra
from sync.protocol.topics import is_box

MAX_OFFERS = 8
MAX_RANGES = 32
MAX_SIZE = 2**40
NO_EXTRA: Mapping[int, object] = {}


def transfer_id(box: str, document_id: str, sha256: bytes) -> bytes:
    """Return the 8-byte transfer id.

    Derived, so that the same bytes of the same document are always the same transfer.
    """
    return _sha256(b"\0".join((box.encode(), document_id.encode(), sha256))).digest()[:8]


@dataclass(frozen=True, slots=True)
class Base:
    """A file the province may hold already and with whose bytes the offered one begins (an incremental PDF update)."""

    sha256: bytes
    size: int
    """Bytes; all of the base is a prefix of the offered file, which is longer."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a box offers: one file of one document. Deterministic for one outbox row, so its hash can be recomputed."""

    box: str
    document_id: str
    sequence: int
    """Monotonic per box."""
    size: int
    """Bytes of the file."""
    sha256: bytes
    priority: int
    """0 thường, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc (edXML)."""
    content_type: str = "application/pdf"
    meta: Mapping[str, object] = field(default_factory=dict)
    base: Base | None = None
    extra: Mapping[int, object] = field(default_factory=dict)

    @property
    def tid(self) -> bytes:
        """The transfer this manifest opens."""
        return transfer_id(self.box, self.document_id, self.sha256)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the encoded manifest: the `mh` of a receipt."""
        return _sha256(self.encode()).digest()

    @property
    def mark(self) -> bytes:
        """What stands for it in a question after it was once answered with a have: 16 bytes, a tenth of itself."""
        return self.tid + self.digest[:8]

    def encode(self) -> bytes:
        """Return the deterministic bytes, the payload of the box's COSE_Sign1. Raises CodecError."""
        known: dict[int, object] = {
            1: self.box, 2: self.document_id, 3: self.sequence, 4: self.size, 5: self.sha256, 6: self.priority,
            11: self.content_type, 12: dict(self.meta),
        }  # fmt: skip
        if self.base is not None:
            known[10] = [self.base.sha256, self.base.size]
        return encode(with_extra(known, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> Manifest:
        """Read a manifest; keys 7-9 (another wire form) are reserved and refused until defined. Raises CodecError."""
        fields = Fields(encoded)
        box, document_id = fields.text(1, 13), fields.text(2, 64)
        if not is_box(box) or not document_id or not document_id.isprintable():
            raise CodecError("bad-field", "box or document id")
        manifest = cls(
            box, document_id, fields.count(3), fields.count(4, most=MAX_SIZE), fields.digest(5),
            fields.count(6, most=3), fields.text(11, 100), _text_keys(fields.take(12, dict)),
            _base(fields.optional(10, list, [])), fields.extra(),
        )  # fmt: skip
        if manifest.base is not None and not 0 < manifest.base.size < manifest.size:
            raise CodecError("bad-field", "a base is shorter than the file")
        if not manifest.extra.keys().isdisjoint(range(7, 10)):
            raise CodecError("unsupported-version", "another wire form of the file")
        return manifest


def _base(said: list[object]) -> Base | None:
    if not said:
        return None
    if len(said) != 2:
        raise CodecError("bad-field", "base")
    digest, size = said
    if not isinstance(digest, bytes) or len(digest) != 32 or isinstance(size, bool) or not isinstance(size, int):
        raise CodecError("bad-field", "base")
    return Base(digest, size)


def _text_keys(meta: Mapping[object, object]) -> dict[str, object]:
    if len(meta) > 64 or not all(isinstance(key, str) for key in meta):
        raise CodecError("bad-field", "meta")
    return {str(key): value for key, value in meta.items()}


MARK_SIZE = 16
MARKS = 2
"""The bit of a have that says that marks are understood."""


@dataclass(frozen=True, slots=True)
class Query:
    """A box asks what the province holds of up to 8 documents; every have answering it echoes `number`."""

    number: int
    boot: str
    """Names one run of the box; numbers are compared within a run only."""
    offers: tuple[bytes, ...]
    """COSE_Sign1 of manifests, or `Manifest.mark` of such as were answered with a have before."""
    wall: int = 0
    """Unix seconds by the box's clock, for display only."""
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of topic `m`. Raises CodecError."""
        known: dict[int, object] = {1: self.number, 2: list(self.offers), 3: self.boot, 4: self.wall}
        return encode(with_extra(known, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> Query:
        """Read the payload of topic `m`. Raises CodecError."""
        fields = Fields(encoded)
        number, boot, offers = fields.count(1), fields.text(3, 40), fields.take(2, list)
        if not 0 < len(offers) <= MAX_OFFERS or not all(isinstance(offer, bytes) for offer in offers):
            raise CodecError("bad-field", "offers")
        return cls(number, boot, tuple(offers), fields.count(4), fields.extra())


class HaveState(IntEnum):
    """Where the province stands with a transfer."""

    RECEIVING = 0
    COMPLETE = 1
    """All bytes durable; the receipt or refusal follows."""
    PAUSED = 3
    """Ask again after `retry_after` seconds."""
    UNKNOWN = 4
    """A mark says nothing to this end: offer the manifest."""


@dataclass(frozen=True, slots=True)
class Have:
    """What the province holds durably of one transfer, and how much more it takes before the next have."""

    tid: bytes
    query: int
    """Echo of the latest query number for this transfer."""
    ranges: tuple[tuple[int, int], ...]
    """At most 32 half-open byte ranges, lowest first, each already fdatasync'ed."""
    credit: int
    """Bytes the box may have under way beyond `ranges`."""
    state: HaveState = HaveState.RECEIVING
    epoch: int = 0
    """Changes when the receiver lost or replaced its store."""
    retry_after: int = 0
    forms: int = 0
    """What is understood beside the plain forms: bit 1, deflated chunks; bit 2, marks in place of manifests; bit 4,
    short headers of chunks."""
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of topic `h`. Raises CodecError."""
        known: dict[int, object] = {
            1: self.tid, 2: self.query, 3: [offset for pair in self.ranges for offset in pair], 4: self.credit,
            5: int(self.state), 6: self.epoch, 7: self.retry_after,
        }  # fmt: skip
        if self.forms:
            known[8] = self.forms
        return encode(with_extra(known, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> Have:
        """Read the payload of topic `h`. Raises CodecError."""
        fields = Fields(encoded)
        tid, flat = fields.take(1, bytes), fields.take(3, list)
        if len(tid) != 8 or len(flat) % 2 or len(flat) > 2 * MAX_RANGES:
            raise CodecError("bad-field", "tid or ranges")
        edge = -1
        for offset in flat:
            if isinstance(offset, bool) or not isinstance(offset, int) or not edge < offset <= MAX_SIZE:
                raise CodecError("bad-field", "ranges are not ascending")
            edge = offset
        try:
            state = HaveState(fields.count(5))
        except ValueError as error:
            raise CodecError("unsupported-version", "have state") from error
        return cls(
            tid, fields.count(2), tuple(zip(flat[::2], flat[1::2], strict=True)), fields.count(4), state,
            fields.count(6), fields.count(7, most=86400), fields.count(8, most=255, default=0), fields.extra(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Presence:
    """A box's sign of life: retained on `st` at connect and as last will, repeated on `t` as heartbeat."""

    online: bool
    boot_sequence: int
    """Raised at every start of the box; pairs a last will with its birth (Sparkplug bdSeq)."""
    wall: int
    """Unix seconds by the box's clock; 0 in a last will, which cannot know when it fires."""
    waiting: int = 0
    """Documents without a receipt."""
    waiting_bytes: int = 0
    oldest_age: int = 0
    """Seconds the oldest of them has waited."""
    software: str = ""
    disk_free: int = 0
    token_ends: int = 0
    """When the first of the signers' certificates runs out; like what follows, left out when not known (0)."""
    link_ends: int = 0
    """When the box's own certificate runs out."""
    scanned_at: int = 0
    """When the last paper was taken in."""
    scanned: int = 0
    """Papers taken in within 24 hours."""
    profile: bytes = b""
    """Digest of the configuration that the province gives, 8 bytes."""
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of topics `st` and `t`. Raises CodecError."""
        known: dict[int, object] = {
            1: self.online, 2: self.boot_sequence, 3: self.wall, 4: self.waiting, 5: self.waiting_bytes,
            6: self.oldest_age, 7: self.software, 8: self.disk_free,
        }  # fmt: skip
        later: dict[int, object] = {
            9: self.token_ends,
            10: self.link_ends,
            11: self.scanned_at,
            12: self.scanned,
            13: self.profile,
        }
        known |= {key: value for key, value in later.items() if value}
        return encode(with_extra(known, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> Presence:
        """Read the payload of topics `st` and `t`. Raises CodecError."""
        fields = Fields(encoded)
        return cls(
            fields.take(1, bool), fields.count(2), fields.count(3), fields.count(4), fields.count(5), fields.count(6),
            fields.text(7, 60), fields.count(8), fields.count(9, 0), fields.count(10, 0), fields.count(11, 0),
            fields.count(12, 0), _short_digest(fields, 13), fields.extra(),
        )  # fmt: skip


def _short_digest(fields: Fields, key: int) -> bytes:
    value = fields.optional(key, bytes, b"")
    if len(value) not in (0, 8):
        raise CodecError("bad-field", f"key {key} is no short digest")
    return value


@dataclass(frozen=True, slots=True)
class ProvinceState:
    """Whether the receiver is there.

    Boxes send documents only while it is (Sparkplug STATE). Retained, and last will.
    """

    online: bool
    wall: int
    epoch: int
    """Another epoch means another store: everything is asked anew."""
    extra: Mapping[int, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the payload of topic `p/state`. Raises CodecError."""
        return encode(with_extra({1: self.online, 2: self.wall, 3: self.epoch}, self.extra))

    @classmethod
    def decode(cls, encoded: bytes) -> ProvinceState:
        """Read the payload of topic `p/state`. Raises CodecError."""
        fields = Fields(encoded)
        return cls(fields.take(1, bool), fields.count(2), fields.count(3), fields.extra())
