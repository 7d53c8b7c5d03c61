"""The box's end: what to offer, ask and send, and what to believe (PROTOCOL.md §5.1).

Owns the decisions over the documents of the outbox that are under way. Refuses to hold bytes of a file, to keep
time, and to believe anything but a receipt that a pinned province key signed for exactly the bytes and the manifest
offered here. Invariants:
- truth about bytes is the province's have with the latest query number; truth about documents is the receipt. An MQTT
  acknowledgement opens the window and nothing else;
- nothing here needs to survive a restart: whatever is under way is asked for anew after every connect;
- memory is bounded by the parcels handed to `on_outbox`; offline it does not grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync.protocol.budget import Budget
from sync.protocol.choosing import Choice, Chooser, Parcel, Transfer
from sync.protocol.chunk import ALIGNMENT
from sync.protocol.codec import CodecError
from sync.protocol.cose import Sign, Verify, seal
from sync.protocol.messages import MARKS, MAX_OFFERS, Have, HaveState, ProvinceState, Query
from sync.protocol.pacing import Pacing
from sync.protocol.ranges import Ranges
from sync.protocol.receipt import Receipt, Result, read_receipt
from sync.protocol.step import Accepted, Change, Finding, Now, Progressed, Publish, Refused, SendChunk, Step
from sync.protocol.topics import PROVINCE_STATE, Direction, Kind, TopicError, parse

_MAX_QUERY_BYTES = 24 * 1024
_MAX_ENVELOPE = 12 * 1024


@dataclass(frozen=True, slots=True)
class BoxLimits:
    """Patience in seconds."""

    answer_seconds: float = 8.0
    """Without a have or receipt for so long after everything went out: ask again."""
    answer_most: float = 120.0
    """Longest pause between two questions about the same silent transfer."""
    denied_seconds: float = 30.0
    """Pause after the broker refused a publish."""


class BoxCore:
    """One box's decisions. Not thread-safe: one thread calls it, step after step."""

    def __init__(
        self,
        box: str,
        sign: Sign,
        verify: Verify,
        boot: str,
        first_query: int = 1,
        limits: BoxLimits | None = None,
        budget: Budget | None = None,
        direction: Direction = Direction.UP,
        kid: str = "",
    ) -> None:
        """`sign`: the device key. `verify`: the pinned province keys. `boot`: names this run of the process.

        The province sends to a box by the same rules: `direction` DOWN, its own key under its `kid`, the box's key to
        verify; `box` is then the addressee.
        """
        self._direction, self._kid = direction, kid or box
        self._box, self._sign, self._verify, self._boot = box, sign, verify, boot
        self._next_query = first_query
        self._limits = limits or BoxLimits()
        self._pacing = Pacing()
        self._chooser = Chooser(self._pacing, budget or Budget())
        self._transfers: dict[bytes, Transfer] = {}
        self._unusable: list[Parcel] = []
        self._in_flight: dict[int, tuple[bytes, int, int]] = {}
        self._next_token = 1
        self._looked = False
        self._connected = False
        self._province: ProvinceState | None = None
        self._was_there = False
        self._denied_until = 0.0
        self._forms = 0
        """What the other end's latest have said that it understands."""

    @property
    def ready(self) -> bool:
        """Whether documents may travel: connected, and the receiver has said that it is there."""
        return self._connected and self._province is not None and self._province.online

    def on_outbox(self, parcels: Sequence[Parcel], now: Now) -> Step:
        """Take over what the outbox holds now, most urgent first; forget what left it, offer what is new."""
        changes: list[Change] = []
        before = {transfer.parcel.document_id: transfer for transfer in self._transfers.values()}
        self._transfers = {}
        self._unusable = [parcel for parcel in parcels if parcel in self._unusable]
        for parcel in parcels:
            known = before.get(parcel.document_id)
            if known is not None and known.parcel == parcel:
                self._transfers[known.tid] = known
            elif parcel not in self._unusable:
                try:
                    fresh = self._transfer(parcel)
                    fresh.since, fresh.new = now.mono, self._looked
                    self._transfers[fresh.tid] = fresh
                except (CodecError, ValueError) as error:
                    self._unusable.append(parcel)  # said once, not at every look
                    params = {"document": parcel.document_id, "detail": str(error)[:120]}
                    changes.append(Finding("parcel-unusable", self._box, params))
        self._looked = True
        asked = [transfer for transfer in self._transfers.values() if not transfer.query]
        return self._step(now, *changes, outbound=self._ask(asked, now))

    def on_connected(self, now: Now, max_packet: int | None = None, standing: bool = False) -> Step:
        """Start afresh on a new connection: everything under way is asked for.

        `standing`: the broker has kept the subscriptions, so what the province last said of itself still holds.
        A box does not wait for the province's word that it is there: that would cost a round trip at every reconnect,
        and a question that waits in the broker does no harm.
        """
        self._connected = True
        if not standing:
            self._province = None
        self._in_flight.clear()
        self._pacing.reset(max_packet, now.mono)
        self._denied_until = 0.0
        return self._step(now, outbound=self._ask_anew(now))

    def on_disconnected(self, now: Now) -> Step:
        """Stop sending; what was under way is unknown now and will be asked for."""
        if self._connected:
            self._pacing.lost(now.mono)
            self._was_there = self.ready or (self._unheard and self._was_there)
        self._connected = False
        self._in_flight.clear()
        return self._step(now)

    def on_message(self, topic: str, payload: bytes, now: Now, retained: bool = False) -> Step:
        """Decide on one received message; never raises for anything a peer or broker sent."""
        try:
            parsed = parse(topic)
            if parsed.box not in (None, self._box):
                raise TopicError("another box")
            if topic != PROVINCE_STATE and not self._direction.answers(parsed):
                return self._step(now)  # about documents that travel the other way
            match parsed.kind:
                case Kind.HAVE:
                    return self._on_have(Have.decode(payload), now)
                case Kind.RECEIPT:
                    return self._on_receipt(payload, now)
                case Kind.PROVINCE:
                    return self.on_peer(ProvinceState.decode(payload), now, retained)
                case _:
                    return self._step(now)
        except TopicError:
            return self._step(now, Finding("foreign-topic", self._box, {"topic": topic[:80]}))
        except CodecError as error:
            return self._step(now, Finding(error.code, self._box, {"topic": topic[-1:], "detail": str(error)[:120]}))

    def on_published(self, token: int, ok: bool, now: Now) -> Step:
        """Note the broker's acknowledgement of a chunk; `ok` False: it was not taken, the range is missing again."""
        flight = self._in_flight.pop(token, None)
        if flight is None:
            return self._step(now)
        self._pacing.acknowledged(token, now.mono)
        tid, start, stop = flight
        transfer = self._transfers.get(tid)
        if transfer is not None:
            transfer.moved_at = now.mono
            if not ok:
                transfer.sent.remove(start, stop)
                transfer.since_asked.remove(start, stop)
        if ok:
            return self._step(now)
        self._denied_until = now.mono + self._limits.denied_seconds
        return self._step(now, Finding("publish-denied", self._box))

    def on_shrunk(self, token: int, length: int) -> None:
        """Note that a chunk is carried in `length` bytes: the line is as fast as what it carries."""
        self._pacing.shrunk(token, length)

    def on_unsent(self, token: int, now: Now) -> Step:
        """Take a chunk back that the transport did not accept (link just lost); it is simply missing again."""
        tid, start, stop = self._in_flight.pop(token, (b"", 0, 0))
        self._pacing.acknowledged(token, now.mono)
        if (transfer := self._transfers.get(tid)) is not None:
            transfer.sent.remove(start, stop)
            transfer.since_asked.remove(start, stop)
        return self._step(now)

    def on_unreadable(self, document_id: str, code: str, now: Now) -> Step:
        """Stop sending a document whose file cannot be read or is not what the outbox says.

        Until the outbox changes.
        """
        for tid, transfer in list(self._transfers.items()):
            if transfer.parcel.document_id == document_id:
                del self._transfers[tid]
        return self._step(now, Finding(code, self._box, {"document": document_id}))

    def on_tick(self, now: Now) -> Step:
        """Ask again about every transfer that has been silent for too long."""
        due = [transfer for transfer in self._transfers.values() if self._ask_at(transfer) <= now.mono]
        return self._step(now, outbound=self._ask(due, now))

    def has_chunk(self, now: Now) -> bool:
        """Say whether `next_chunk` would return one."""
        return self._choose(now) is not None

    def next_chunk(self, now: Now) -> SendChunk | None:
        """Return the one chunk to send now, or None; call it again as long as the transport takes more.

        By class (`turns`): a hỏa tốc document that has just arrived goes before the next chunk of anything else.
        """
        chosen = self._choose(now)
        return None if chosen is None else self._send(chosen, now)

    def _choose(self, now: Now) -> Choice | None:
        if now.mono < self._denied_until:
            return None
        if self.ready:
            return self._chooser.choose(self._transfers.values(), now)
        if self._unheard:
            early = [each for each in self._transfers.values() if each.eager or (self._was_there and each.resuming)]
            return self._chooser.choose(early, now)
        return None

    @property
    def _unheard(self) -> bool:
        """The province has said nothing on this connection yet: what is surely missing may go, as the question did."""
        return self._connected and self._province is None and self._direction is Direction.UP

    def _send(self, chosen: Choice, now: Now) -> SendChunk:
        transfer, start, length = chosen.transfer, chosen.start, chosen.length
        token, self._next_token = self._next_token, self._next_token + 1
        self._chooser.chosen(chosen, now)
        transfer.sent.add(start, start + length)
        if transfer.awaiting:
            transfer.since_asked.add(start, start + length)
        transfer.moved_at = now.mono
        self._in_flight[token] = (transfer.tid, start, start + length)
        self._pacing.sent(token, length, now.mono)
        topic = self._direction.forward(self._box, Kind.EXPRESS if transfer.express else Kind.CHUNK)
        return SendChunk(token, topic, transfer.parcel.document_id, transfer.tid, start, length, self._forms)

    def on_peer(self, province: ProvinceState, now: Now, retained: bool = False) -> Step:
        """Take over whether the taker of documents is there, and which store it has; on the wire this is `p/state`.

        `retained`: it was there before this connection, and heard the questions that a box asked at its connect.
        """
        before, self._province = self._province, province
        if before is None:
            fresh = not retained or self._direction is not Direction.UP
        else:
            fresh = not before.online or before.epoch != province.epoch
        return self._step(now, outbound=self._ask_anew(now) if self.ready and fresh else ())

    def _on_have(self, have: Have, now: Now) -> Step:
        transfer = self._transfers.get(have.tid)
        if transfer is None or not transfer.query or have.query != transfer.query:
            return self._step(now)  # about something answered meanwhile, or a stale map: no news
        if have.state is HaveState.UNKNOWN:
            transfer.marked = False
            return self._step(now, outbound=self._ask([transfer], now) if transfer.awaiting else ())
        if any(stop > transfer.manifest.size for _, stop in have.ranges):
            return self._step(now, Finding("have-beyond-file", self._box, {"tid": have.tid.hex()}))
        self._forms = have.forms
        said = Ranges(have.ranges)
        before = transfer.held.count()
        if transfer.awaiting:
            transfer.held = said
            transfer.sent = Ranges((start, stop) for tid, start, stop in self._in_flight.values() if tid == have.tid)
            transfer.sent.update(transfer.since_asked)
            transfer.awaiting, transfer.marked = False, bool(have.forms & MARKS)
        else:
            transfer.held.update(said)
        for start, stop in said:
            transfer.sent.remove(start, stop)
        transfer.credit, transfer.moved_at = have.credit, now.mono
        if have.state is HaveState.PAUSED:
            transfer.paused_until = now.mono + have.retry_after
        held = transfer.held.count()
        if held <= before:
            return self._step(now)
        transfer.asks = 0
        return self._step(now, Progressed(transfer.parcel.document_id, held, transfer.manifest.size))

    def _on_receipt(self, envelope: bytes, now: Now) -> Step:
        receipt = read_receipt(envelope, self._verify)
        for tid, transfer in self._transfers.items():
            if transfer.parcel.document_id == receipt.document_id and receipt.is_for(transfer.manifest):
                del self._transfers[tid]
                return self._step(now, _settled(receipt, envelope))
        known = any(transfer.parcel.document_id == receipt.document_id for transfer in self._transfers.values())
        if receipt.box == self._box and not known:
            return self._step(now)  # repeated after it was recorded, or the document left the outbox
        params = {"document": receipt.document_id, "number": str(receipt.number)}
        return self._step(now, Finding("receipt-mismatch", self._box, params))

    def _ask_anew(self, now: Now) -> list[Publish]:
        """Ask about everything under way, as if never before."""
        for transfer in self._transfers.values():
            transfer.query, transfer.asks = 0, 0
        return self._ask(list(self._transfers.values()), now)

    def _may_ask(self) -> bool:
        return self.ready or self._unheard

    def _ask(self, transfers: list[Transfer], now: Now) -> list[Publish]:
        """Put the transfers into as few queries as fit, each with a fresh number; nothing while nobody hears."""
        outbound: list[Publish] = []
        if not self._may_ask():
            return outbound
        batch: list[Transfer] = []
        for transfer in transfers:
            size = sum(len(asked.envelope) for asked in batch) + len(transfer.envelope)
            if batch and (len(batch) == MAX_OFFERS or size > _MAX_QUERY_BYTES):
                outbound.append(self._query(batch, now))
                batch = []
            batch.append(transfer)
        if batch:
            outbound.append(self._query(batch, now))
        return outbound

    def _query(self, batch: list[Transfer], now: Now) -> Publish:
        number, self._next_query = self._next_query, self._next_query + 1
        offers = tuple(transfer.offer for transfer in batch)
        for transfer in batch:
            transfer.query, transfer.awaiting, transfer.since_asked = number, True, Ranges()
            transfer.asks += 1
            transfer.moved_at = now.mono
        query = Query(number, self._boot, offers, max(0, now.wall))
        return Publish(self._direction.forward(self._box, Kind.MANIFEST), query.encode(), qos=1)

    def _ask_at(self, transfer: Transfer) -> float:
        """Return when the transfer has been silent long enough to ask again."""
        if not transfer.query:
            return transfer.moved_at
        sendable = transfer.next_range() is not None and transfer.allowance >= ALIGNMENT
        patience = min(
            self._limits.answer_seconds * (1 << max(0, min(transfer.asks, 10) - 1)), self._limits.answer_most
        )
        if sendable and not transfer.paused_until:
            return float("inf")  # waits for the window, which the transport watches
        return max(transfer.moved_at + patience, transfer.paused_until)

    def _transfer(self, parcel: Parcel) -> Transfer:
        manifest = parcel.manifest(self._box)
        envelope = seal(self._kid, manifest.encode(), self._sign)
        if len(envelope) > _MAX_ENVELOPE:
            raise CodecError("oversize", f"manifest of {len(envelope)} bytes")
        return Transfer(parcel, manifest, manifest.tid, envelope)

    def _step(self, now: Now, *changes: Change, outbound: Iterable[Publish] = ()) -> Step:
        if not self.ready:
            return Step(changes, tuple(outbound), None)
        due = min((self._ask_at(transfer) for transfer in self._transfers.values()), default=float("inf"))
        if now.mono < self._denied_until:
            due = min(due, self._denied_until)
        if self._transfers and (opens := self._chooser.opens_at(now)) > now.mono:
            due = min(due, opens)
        return Step(changes, tuple(outbound), None if due == float("inf") else due)


def _settled(receipt: Receipt, envelope: bytes) -> Accepted | Refused:
    if receipt.result is Result.REFUSED:
        return Refused(receipt.document_id, receipt.code, receipt.text, envelope)
    return Accepted(receipt.document_id, envelope)


__all__ = ["BoxCore", "BoxLimits", "Parcel"]
