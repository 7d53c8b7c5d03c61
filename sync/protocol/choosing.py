"""Which chunk a box sends next (PROTOCOL.md §5.1 rules 4 and 5): class, window, credit and caps weighed together.

Owns the documents' state while they are under way and the choice among them. Refuses to send, to ask and to believe
anything: `sync.protocol.box` does. Invariants: a choice never exceeds the credit, the window or the cap; nothing but
hỏa tốc passes a document that the cap holds back, or many small papers would starve a large urgent one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sync.protocol.budget import Budget
from sync.protocol.chunk import ALIGNMENT
from sync.protocol.messages import Base, Manifest
from sync.protocol.pacing import Pacing
from sync.protocol.ranges import Ranges
from sync.protocol.step import Now
from sync.protocol.turns import Candidate, Turns

EXPRESS_PRIORITY = 3
EAGER_MOST = 24 * 1024
"""Bytes that may follow the first question of a connection without waiting for the have: of a hỏa tốc document, or
of what no connection before has sent."""
EAGER_FIRST = 8 * 1024
"""Of any other document that came to the outbox during this run, so that nothing of it was ever sent: about what the
round trip until the have would leave empty of the line."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One file waiting in the outbox; equal parcels always make byte-identical manifests."""

    document_id: str
    sequence: int
    """Monotonic per box; a document put into the outbox again gets a new one."""
    sha256: str
    """Lower-case hex of the file's SHA-256."""
    size: int
    """Bytes of the file."""
    priority: int
    """0 thường, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc (edXML)."""
    meta: Mapping[str, object]
    """None, bool, int, str, bytes, lists and maps of them; the receiver's store keeps it with the document."""
    base: tuple[str, int] | None = None
    """SHA-256 (hex) and size of an earlier version, answered by the province, with whose bytes this file begins."""

    def manifest(self, box: str) -> Manifest:
        """What is offered for it. Raises CodecError, ValueError: what the province could not read must not leave."""
        digest = bytes.fromhex(self.sha256)
        manifest = Manifest(
            box, self.document_id, self.sequence, self.size, digest, self.priority, meta=self.meta,
            base=Base(bytes.fromhex(self.base[0]), self.base[1]) if self.base else None,
        )  # fmt: skip
        return Manifest.decode(manifest.encode())


@dataclass(slots=True)
class Transfer:
    """One parcel under way, as far as this run of the box knows."""

    parcel: Parcel
    manifest: Manifest
    tid: bytes
    envelope: bytes
    held: Ranges = field(default_factory=Ranges)
    """What the latest have says the province holds durably."""
    sent: Ranges = field(default_factory=Ranges)
    """What went out since and is not in `held`."""
    since_asked: Ranges = field(default_factory=Ranges)
    """What of `sent` went out after the latest question: its have, said before they came, does not count them lost."""
    credit: int = 0
    query: int = 0
    awaiting: bool = False
    asks: int = 0
    """Questions since the last progress."""
    since: float = 0.0
    """When this run first knew of it."""
    new: bool = False
    """It came to the outbox after this run began: no run before has sent anything of it."""
    moved_at: float = 0.0
    """Last question, chunk, acknowledgement or progress."""
    paused_until: float = 0.0
    marked: bool = False
    """The other end has answered this manifest with a have, and knows it by its mark."""

    @property
    def offer(self) -> bytes:
        """What stands for it in the next question; one that was not answered is asked in full again."""
        return self.manifest.mark if self.marked and not self.asks else self.envelope

    @property
    def express(self) -> bool:
        """Whether no cap, no hours and no ordinary window hold it back."""
        return self.parcel.priority >= EXPRESS_PRIORITY

    @property
    def allowance(self) -> int:
        """Bytes the province's credit still lets out."""
        if self.resuming:
            return min(self.credit - self.sent.count(), EAGER_MOST - self.since_asked.count())
        if self.eager:
            return (EAGER_MOST if self._small_express else EAGER_FIRST) - self.sent.count()
        return self.credit - self.sent.count()

    @property
    def eager(self) -> bool:
        """Whether it need not wait for an answer: on a slow line that would cost a hỏa tốc paper twice its time.

        Only at its first question, while nothing of it went out before, and not where the province has a beginning.
        """
        if not self.awaiting or self.asks != 1 or self.credit or self.sent.count() != self.since_asked.count():
            return False
        return self._small_express or (self.new and self.parcel.base is None)

    @property
    def _small_express(self) -> bool:
        return self.express and self.manifest.size <= EAGER_MOST

    @property
    def resuming(self) -> bool:
        """Whether this run had an answer before this connection: then what was never sent is surely missing, and on a
        line that is cut often the round trip until the have is a tenth of its time."""
        return self.awaiting and self.asks == 1 and self.credit > 0

    def next_range(self) -> tuple[int, int] | None:
        """Return the lowest range neither held nor ever sent, None while the map is unknown."""
        if not self.query or (self.awaiting and not self.eager and not self.resuming):
            return None
        return self.held.first_missing(self.manifest.size, self.sent)

    def candidate(self) -> Candidate:
        """How it stands among the others."""
        missing = self.manifest.size - self.held.count() - self.sent.count()
        return Candidate(self.parcel.priority, missing, self.since)


@dataclass(frozen=True, slots=True)
class Choice:
    """`length` bytes at `start` of one transfer."""

    transfer: Transfer
    start: int
    length: int
    waiting: list[Candidate]
    """All that could have been chosen."""


class Chooser:
    """Weighs the transfers; told of every chunk that goes out."""

    def __init__(self, pacing: Pacing, budget: Budget) -> None:
        self._pacing, self._budget = pacing, budget
        self._turns = Turns()

    def choose(self, transfers: Iterable[Transfer], now: Now) -> Choice | None:
        """The one chunk that may go out now, or None."""
        sendable = _sendable(transfers, now)
        candidates = [transfer.candidate() for transfer, _ in sendable]
        held_back = False
        for index in self._turns.order(candidates, now.mono, self._pacing.rate(now.mono)):
            transfer, missing = sendable[index]
            if held_back and not transfer.express:
                continue
            if not self._pacing.admits(transfer.express, now.mono):
                continue  # places are kept for hỏa tốc, which may stand further back for one turn
            length = self._length(transfer, missing, now)
            if not length:
                continue
            if transfer.express or self._budget.open_at(length, now) <= now.mono:
                return Choice(transfer, missing[0], length, candidates)
            held_back = True
        return None

    def chosen(self, choice: Choice, now: Now) -> None:
        """Note that it goes out."""
        self._turns.sent(choice.transfer.parcel.priority, choice.length, choice.waiting)
        self._budget.spent(choice.length, now)

    def opens_at(self, now: Now) -> float:
        """When the cap lets the next whole chunk of an ordinary document out."""
        return self._budget.open_at(self._ordinary(now), now)

    def _ordinary(self, now: Now) -> int:
        wanted, largest = self._pacing.chunk_length(now.mono), self._budget.largest(now)
        return wanted if largest is None else min(wanted, largest)

    def _length(self, transfer: Transfer, missing: tuple[int, int], now: Now) -> int:
        start, stop = missing
        most = self._pacing.chunk_length(now.mono) if transfer.express else self._ordinary(now)
        wanted = min(stop - start, most)
        if transfer.allowance >= wanted:
            return wanted
        return max(0, transfer.allowance) // ALIGNMENT * ALIGNMENT


def _sendable(transfers: Iterable[Transfer], now: Now) -> list[tuple[Transfer, tuple[int, int]]]:
    """Every transfer whose map is known and that lacks something, with its lowest missing range."""
    return [
        (transfer, missing)
        for transfer in transfers
        if now.mono >= transfer.paused_until and (missing := transfer.next_range()) is not None
    ]
