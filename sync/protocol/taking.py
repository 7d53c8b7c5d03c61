"""The end that takes documents: what to do with every message about them, as a pure state machine (PROTOCOL.md §5.2).

Owns the decisions: open a transfer, write a chunk, what may be promised in a have, when to check a file, what to
sign. The province takes what goes up (`sync.protocol.province`), a box what comes down (`sync.protocol.downward`).
Refuses to touch a file, a table or a key itself. Invariants:
- a have lists only ranges whose `MakeDurable` stands before it in the same step;
- a receipt is published only after its `CommitReceipt`; an answer once given for a manifest is repeated byte for byte;
- memory holds open transfers only and forgets idle ones; whatever it forgets it reads again from `Records`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.protocol.chunk import PREFIX_SIZE, SHORT, Chunk, NoSuchTransfer, prefix
from sync.protocol.codec import CodecError
from sync.protocol.cose import Sign, seal
from sync.protocol.deflate import DEFLATE
from sync.protocol.messages import MARK_SIZE, MARKS, MAX_RANGES, Base, Have, HaveState, Manifest, Query
from sync.protocol.ranges import Ranges
from sync.protocol.receipt import FIRST_IN_CHAIN, Receipt, Result, chain_hash
from sync.protocol.records import CheckOutcome, ProvinceLimits, Records, Verdict
from sync.protocol.step import (
    Change,
    CheckPart,
    CommitReceipt,
    Finding,
    MakeDurable,
    Now,
    OpenTransfer,
    Publish,
    ResetPart,
    SeedPart,
    Step,
    WriteChunk,
)
from sync.protocol.topics import Direction, Kind, Topic, TopicError, parse

RECEIPT_EXPIRY = 30 * 86400
_DAMAGED_LIMIT = 3
_IDLE_SECONDS = 3600.0


@dataclass(slots=True)
class _Transfer:
    box: str
    manifest: Manifest
    durable: Ranges
    written: Ranges = field(default_factory=Ranges)
    """Written but not yet durable."""
    resets: int = 0
    query: int | None = None
    boot: str = ""
    said_at: float = 0.0
    unsaid: int = 0
    """New bytes since the last have."""
    touched_at: float = 0.0
    checking: bool = False


class TakingCore(ABC):
    """One taker's decisions over all boxes it hears. Not thread-safe: one thread calls it, step after step."""

    def __init__(
        self, direction: Direction, kid: str, sign: Sign, records: Records, epoch: int, limits: ProvinceLimits
    ) -> None:
        """`kid` and `sign`: the key of this end's receipts."""
        self._direction = direction
        self._kid, self._sign, self._records = kid, sign, records
        self._epoch = epoch
        self._limits = limits
        self._open: dict[tuple[str, bytes], _Transfer] = {}
        self._shorts: dict[tuple[str, bytes], set[bytes]] = {}
        """Of each box, the open transfers that begin alike."""
        self._paused = False

    @abstractmethod
    def believed(self, box: str, envelope: bytes) -> Manifest:
        """Return the manifest in an envelope about documents of `box`, once its signer is known to be who must sign.

        Raises CodecError for everything else.
        """

    def about_more(self, topic: Topic, payload: bytes, now: Now, retained: bool) -> Step:
        """Decide on a message that is not about documents taken here; by default it changes nothing."""
        return self._step(now)

    def door(self, manifest: Manifest) -> CheckOutcome | None:
        """Return why a believed offer is refused by its words alone, before a byte of it is taken; by default never."""
        return None

    def credit(self, fresh: int, now: Now) -> int:
        """Return how many bytes a sender may have under way; `fresh` new ones came since the last time."""
        return self._limits.credit

    def pause(self, paused: bool) -> None:
        """Stop (or resume) taking new bytes, for a store that is nearly full. Receipts and checks go on."""
        self._paused = paused

    def forget(self, box: str, tid: bytes) -> None:
        """Drop what memory knows of a transfer after one of its changes failed; the store's record is the truth."""
        self._drop(box, tid)

    def on_message(self, topic: str, payload: bytes, now: Now, retained: bool = False) -> Step:
        """Decide on one received message; never raises for anything a peer sent."""
        try:
            parsed = parse(topic)
        except TopicError:
            return self._step(now, Finding("foreign-topic", params={"topic": topic[:80]}))
        box = parsed.box or ""
        try:
            if not self._direction.offers(parsed):
                return self.about_more(parsed, payload, now, retained)
            if parsed.kind is Kind.MANIFEST:
                return self._on_query(box, Query.decode(payload), now)
            return self.on_chunk(box, Chunk.decode(payload, self._meant(box, payload, now)), now)
        except NoSuchTransfer:
            return self._step(now)
        except TopicError:
            return self._step(now, Finding("foreign-topic", params={"topic": topic[:80]}))
        except CodecError as error:
            return self._step(now, Finding(error.code, box, {"topic": parsed.kind.value, "detail": str(error)[:120]}))

    def on_tick(self, now: Now) -> Step:
        """Say the haves that are due and forget transfers idle for an hour."""
        changes: list[Change] = []
        outbound: list[Publish] = []
        for key, transfer in list(self._open.items()):
            if transfer.unsaid and now.mono - transfer.said_at >= self._limits.have_seconds:
                self._say_have(transfer, now, changes, outbound)
            elif now.mono - transfer.touched_at >= _IDLE_SECONDS and not transfer.checking:
                self._drop(*key)
        return self._step(now, *changes, outbound=outbound)

    def on_checked(self, box: str, tid: bytes, manifest_hash: bytes, outcome: CheckOutcome, now: Now) -> Step:
        """Turn the outcome of `CheckPart` into a receipt.

        A refusal or a fresh start; stale outcomes are checked again.
        """
        transfer = self._find(box, tid, now)
        if transfer is None:
            return self._step(now)
        transfer.checking = False
        if transfer.manifest.digest != manifest_hash:
            return self._check(transfer, now)
        if outcome.verdict is Verdict.DAMAGED:
            transfer.resets += 1
            if transfer.resets < _DAMAGED_LIMIT:
                return self._start_over(transfer, now)
            outcome = CheckOutcome(Verdict.REFUSE, "digest-mismatch", "Tệp nhận được không khớp giá trị băm đã khai.")
        self._drop(box, tid)
        result = Result.STORED if outcome.verdict is Verdict.ACCEPT else Result.REFUSED
        return self._answer(transfer.manifest, result, now, outcome)

    def _on_query(self, box: str, query: Query, now: Now) -> Step:
        """Number 0 is a courier's: it brings the bytes by hand, waits for no have, and overtakes no question."""
        changes: list[Change] = []
        outbound: list[Publish] = []
        for envelope in query.offers:
            if len(envelope) == MARK_SIZE:
                step = self._on_mark(box, envelope, query, now)
                changes += step.changes
                outbound += step.outbound
                continue
            try:
                manifest = self.believed(box, envelope)
            except CodecError as error:
                changes.append(Finding(error.code, box, {"topic": "m", "detail": str(error)[:120]}))
                continue
            step = self._on_offer(manifest, envelope, query if query.number else None, now, follows=changes)
            changes += step.changes
            outbound += step.outbound
        return self._step(now, *changes, outbound=outbound)

    def _on_mark(self, box: str, mark: bytes, query: Query, now: Now) -> Step:
        transfer = self._find(box, mark[:8], now)
        if transfer is not None and transfer.manifest.mark == mark:
            return self._asked(transfer, query, now, [])
        unknown = Have(mark[:8], query.number, (), 0, HaveState.UNKNOWN, self._epoch)
        return Step(outbound=(Publish(self._direction.back(box, Kind.HAVE), unknown.encode(), qos=0),))

    def _on_offer(
        self, manifest: Manifest, envelope: bytes, query: Query | None, now: Now, follows: list[Change]
    ) -> Step:
        box, tid, digest = manifest.box, manifest.tid, manifest.digest
        known = self._records.answer(box, tid, digest)
        if known is not None:
            return Step(outbound=(self._receipt(box, known),))
        if self._records.stored(box, tid):
            return self._answer(manifest, Result.DUPLICATE, now, follows=follows)
        if not 0 < manifest.size <= self._limits.max_document:
            text = f"Tệp rỗng hoặc lớn hơn mức cho phép ({self._limits.max_document // 2**20} MiB)."
            refusal = CheckOutcome(Verdict.REFUSE, "size-out-of-bounds", text)
            return self._answer(manifest, Result.REFUSED, now, refusal, follows)
        if (barred := self.door(manifest)) is not None:
            return self._answer(manifest, Result.REFUSED, now, barred, follows)
        changes: list[Change] = []
        transfer = self._find(box, tid, now)
        if transfer is None or transfer.manifest != manifest:
            if transfer is None or transfer.manifest.size != manifest.size:
                transfer = _Transfer(box, manifest, Ranges())
                changes += [OpenTransfer(box, tid, manifest, envelope), ResetPart(box, tid, 0)]
                changes += self._seeded(transfer)
            else:
                transfer.manifest = manifest
                changes.append(OpenTransfer(box, tid, manifest, envelope))
            self._keep(transfer)
        return self._asked(transfer, query, now, changes)

    def _seeded(self, transfer: _Transfer) -> list[Change]:
        """Begin with the bytes of an earlier version of this box's; a wrong one is found by the file's digest."""
        manifest = transfer.manifest
        whole = Base(manifest.sha256, manifest.size)  # refused once, offered again: nothing needs to travel
        held = (base for base in (whole, manifest.base) if base and self._records.holds_base(manifest.box, base))
        base = next(held, None)
        if base is None:
            return []
        transfer.durable = Ranges([(0, base.size)])
        return [
            SeedPart(manifest.box, manifest.tid, base.sha256, base.size),
            MakeDurable(manifest.box, manifest.tid, ((0, base.size),)),
        ]

    def _asked(self, transfer: _Transfer, query: Query | None, now: Now, changes: list[Change]) -> Step:
        transfer.touched_at = now.mono
        if query is not None:
            stale = transfer.boot == query.boot and query.number < (transfer.query or 0)
            if stale:
                return Step(tuple(changes))  # an old connection's query overtaken by a newer one
            transfer.query, transfer.boot = query.number, query.boot
        outbound: list[Publish] = []
        self._say_have(transfer, now, changes, outbound)
        step = self._check(transfer, now) if transfer.durable.covers(transfer.manifest.size) else Step()
        return Step((*changes, *step.changes), tuple(outbound))

    def on_chunk(self, box: str, chunk: Chunk, now: Now) -> Step:
        """Write what an open transfer lacks; anything else is ignored."""
        transfer = self._find(box, chunk.tid, now)
        if transfer is None or transfer.durable.covers(transfer.manifest.size):
            return self._step(now)  # late repetition of an answered transfer, or never offered: nothing to write
        stop = chunk.offset + len(chunk.content)
        if stop > transfer.manifest.size:
            return self._step(now, Finding("chunk-beyond-file", box, {"tid": chunk.tid.hex()}))
        transfer.touched_at = now.mono
        whole = transfer.durable.copy()
        whole.update(transfer.written)
        fresh = whole.add(chunk.offset, stop)
        if not fresh:
            return self._step(now)
        transfer.unsaid += fresh
        transfer.written.add(chunk.offset, stop)
        changes: list[Change] = [WriteChunk(box, chunk.tid, chunk.offset, chunk.content)]
        outbound: list[Publish] = []
        complete = whole.covers(transfer.manifest.size)
        due = now.mono - transfer.said_at >= self._limits.have_seconds
        if complete or due or transfer.unsaid >= self._limits.have_bytes:
            self._say_have(transfer, now, changes, outbound)
        if complete:
            changes += self._check(transfer, now).changes
        return self._step(now, *changes, outbound=outbound)

    def _say_have(self, transfer: _Transfer, now: Now, changes: list[Change], outbound: list[Publish]) -> None:
        manifest = transfer.manifest
        if transfer.written:
            transfer.durable.update(transfer.written)
            transfer.written = Ranges()
            changes.append(MakeDurable(transfer.box, manifest.tid, tuple(transfer.durable)))
        credit = self.credit(transfer.unsaid, now)
        transfer.said_at, transfer.unsaid = now.mono, 0
        if transfer.query is None:
            return  # nobody asked since the receiver started: there is no number to echo
        state = HaveState.COMPLETE if transfer.durable.covers(manifest.size) else HaveState.RECEIVING
        pausing = self._paused and state is HaveState.RECEIVING
        have = Have(
            manifest.tid,
            transfer.query,
            transfer.durable.lowest(MAX_RANGES),
            credit=0 if pausing else credit,
            state=HaveState.PAUSED if pausing else state,
            epoch=self._epoch,
            retry_after=self._limits.pause_seconds if pausing else 0,
            forms=DEFLATE | MARKS | SHORT,
        )
        outbound.append(Publish(self._direction.back(transfer.box, Kind.HAVE), have.encode(), qos=0))

    def _check(self, transfer: _Transfer, now: Now) -> Step:
        if transfer.checking:
            return Step()
        transfer.checking = True
        return self._step(now, CheckPart(transfer.box, transfer.manifest.tid, transfer.manifest))

    def _start_over(self, transfer: _Transfer, now: Now) -> Step:
        transfer.durable, transfer.written = Ranges(), Ranges()
        reset = ResetPart(transfer.box, transfer.manifest.tid, transfer.resets)
        return self._step(now, reset, Finding("digest-mismatch", transfer.box, {"tid": transfer.manifest.tid.hex()}))

    def _answer(
        self,
        manifest: Manifest,
        result: Result,
        now: Now,
        outcome: CheckOutcome | None = None,
        follows: Iterable[Change] = (),
    ) -> Step:
        """Seal the next receipt of the box's chain, after those that `follows` of the same step will commit."""
        number, last = self._records.last_number(), self._records.last_receipt(manifest.box)
        for change in follows:
            if isinstance(change, CommitReceipt):
                number, last = max(number, change.receipt.number), change.envelope
        receipt = Receipt(
            number + 1,
            manifest.box,
            manifest.sequence,
            manifest.document_id,
            manifest.sha256,
            manifest.size,
            manifest.digest,
            result,
            now.wall,
            chain_hash(last) if last is not None else FIRST_IN_CHAIN,
            outcome.code if outcome else "",
            outcome.text if outcome else "",
        )
        envelope = seal(self._kid, receipt.encode(), self._sign)
        commit = CommitReceipt(manifest.box, manifest.tid, manifest, receipt, envelope)
        return self._step(now, commit, outbound=[self._receipt(manifest.box, envelope)])

    def _find(self, box: str, tid: bytes, now: Now) -> _Transfer | None:
        transfer = self._open.get((box, tid))
        if transfer is None and (record := self._records.open_transfer(box, tid)) is not None:
            transfer = _Transfer(box, record.manifest, Ranges(record.ranges), resets=record.resets)
            transfer.touched_at = now.mono
            self._keep(transfer)
        return transfer

    def _keep(self, transfer: _Transfer) -> None:
        box, tid = transfer.box, transfer.manifest.tid
        self._open[box, tid] = transfer
        self._shorts.setdefault((box, tid[:PREFIX_SIZE]), set()).add(tid)

    def _drop(self, box: str, tid: bytes) -> None:
        self._open.pop((box, tid), None)
        alike = self._shorts.get((box, tid[:PREFIX_SIZE]), set())
        alike.discard(tid)
        if not alike:
            self._shorts.pop((box, tid[:PREFIX_SIZE]), None)

    def _meant(self, box: str, payload: bytes, now: Now) -> Iterable[bytes]:
        begin = prefix(payload)
        if begin is None:
            return ()
        if (box, begin) not in self._shorts:  # of a run before, or answered meanwhile
            for tid in self._records.open_alike(box, begin):
                self._find(box, tid, now)
        return self._shorts.get((box, begin), ())

    def _step(self, now: Now, *changes: Change, outbound: Iterable[Publish] = ()) -> Step:
        due = [transfer.said_at + self._limits.have_seconds for transfer in self._open.values() if transfer.unsaid]
        return Step(changes, tuple(outbound), min(due, default=None))

    def _receipt(self, box: str, envelope: bytes) -> Publish:
        return Publish(self._direction.back(box, Kind.RECEIPT), envelope, qos=1, expiry=RECEIPT_EXPIRY)
