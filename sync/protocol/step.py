"""What the cores answer: changes to make durable, messages to send, the time to be called again.

Owns the values both runners interpret. Contract of a runner, for every step and in this order: carry out `changes`
one after another and make them durable; publish `outbound`; acknowledge the message that caused the step. If a change
fails, publish nothing, acknowledge nothing and tell the core to `forget` the transfer: the peer will ask again. The
next call of the core may be made only after the changes of the last step are visible to the records it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sync.protocol.account import Account, Docket
from sync.protocol.messages import Manifest, Presence
from sync.protocol.receipt import Receipt


class Now(NamedTuple):
    """The two clocks a core needs, handed in with every call."""

    mono: float
    """Seconds on a clock that never jumps; deadlines are in it."""
    wall: int
    """Unix seconds, for people and receipts."""


@dataclass(frozen=True, slots=True)
class Publish:
    """A message to send now; if the link is down it may be dropped - the protocol asks again."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    expiry: int | None = None
    """Seconds after which a broker need not deliver it any more (MQTT 5 only)."""


@dataclass(frozen=True, slots=True)
class SendChunk:
    """Read `length` bytes at `offset` of the document's file and publish them as a chunk (QoS 1) under `token`."""

    token: int
    topic: str
    document_id: str
    tid: bytes
    offset: int
    length: int
    forms: int = 0
    """In which forms beside the plain one the other end understands it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a core noticed that a person may have to know; `code` is stable, kebab-case."""

    code: str
    box: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Box: the province verifiably holds exactly these bytes. Record the receipt, then the document is delivered."""

    document_id: str
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Box: the province verifiably refused exactly these bytes, with a reason for people."""

    document_id: str
    code: str
    text: str
    refusal: bytes


@dataclass(frozen=True, slots=True)
class Progressed:
    """Box: the province durably holds `held` of `size` bytes now. Nothing to record; resets the redial backoff."""

    document_id: str
    held: int
    size: int


@dataclass(frozen=True, slots=True)
class OpenTransfer:
    """Province: insert the transfer.

    Or replace its manifest and envelope if (box, tid) is open already (ranges stay).
    """

    box: str
    tid: bytes
    manifest: Manifest
    envelope: bytes
    """The box's COSE_Sign1 of the manifest, kept as evidence."""


@dataclass(frozen=True, slots=True)
class WriteChunk:
    """Province: pwrite `content` at `offset` of the part file. Need not be durable yet."""

    box: str
    tid: bytes
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class SeedPart:
    """Province: copy the first `length` bytes of the held file `sha256` to the start of the part file. A copy that
    fails fails the step. Need not be durable yet."""

    box: str
    tid: bytes
    sha256: bytes
    length: int


@dataclass(frozen=True, slots=True)
class MakeDurable:
    """Province: fdatasync the part file, then record `ranges` as its whole durable map."""

    box: str
    tid: bytes
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CheckPart:
    """Province: hash the part file and check document and signatures, then call `on_checked` with the same identity."""

    box: str
    tid: bytes
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class ResetPart:
    """Province: the part's digest was wrong; empty the part file and its durable map, record `resets`."""

    box: str
    tid: bytes
    resets: int


@dataclass(frozen=True, slots=True)
class CommitReceipt:
    """Province: in one transaction record the receipt and close the transfer; STORED also moves the part into the
    store.

    DUPLICATE moves nothing; REFUSED deletes or quarantines the part.
    """

    box: str
    tid: bytes
    manifest: Manifest
    receipt: Receipt
    envelope: bytes


@dataclass(frozen=True, slots=True)
class BoxSeen:
    """Province: a presence or heartbeat of a box; `retained` when the broker replayed an old one."""

    box: str
    presence: Presence
    at: int
    retained: bool


@dataclass(frozen=True, slots=True)
class AccountSaid:
    """Province: what a box tells of its office's books, verified."""

    box: str
    said: Account | Docket


Change = (
    Finding | Accepted | Refused | Progressed
    | OpenTransfer | WriteChunk | SeedPart | MakeDurable | CheckPart | ResetPart | CommitReceipt | BoxSeen | AccountSaid
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One decision of a core."""

    changes: tuple[Change, ...] = ()
    outbound: tuple[Publish, ...] = ()
    deadline: float | None = None
    """Call `on_tick` no later than this (monotonic seconds); None: nothing is due."""
