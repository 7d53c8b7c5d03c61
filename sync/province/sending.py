"""Sends documents to boxes: rows in, verified receipts out (runner of `sync.protocol.box` the other way round).

Owns the loop over the sending connection and one core for each box something waits for. Refuses to decide about
documents: the core does, and only a receipt under the box's own device key ends a delivery. Invariants:
- one sending end per folder (a lock): another one stands by;
- nothing goes to a box that is not there; its retained presence says so, and every new one asks anew;
- persist, then acknowledge: an answer is a row before the broker's message is acknowledged.
"""

from __future__ import annotations

import dataclasses
import fcntl
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sync.parcel_files import FileFault, ParcelFiles
from sync.protocol.box import BoxCore
from sync.protocol.choosing import Parcel
from sync.protocol.chunk import SHORT, Chunk
from sync.protocol.codec import CodecError
from sync.protocol.cose import Verify
from sync.protocol.deflate import DEFLATE, Shrinking
from sync.protocol.messages import Presence, ProvinceState
from sync.protocol.step import Accepted, Finding, Now, Publish, Refused, SendChunk, Step
from sync.protocol.topics import SENDER, Direction, Kind, TopicError, parse, sender_filters
from sync.province.ordering import Ordering
from sync.province.store import ProvinceStore
from sync.province.store.outgoing import Outgoing
from sync.province.telling import Telling
from sync.transport import Connect, Connected, Disconnected, LinkConfig, LinkEvent, Published, Received, Transport
from sync.wire_identity import SigningKey, verifier

log = logging.getLogger("commune-province.sender")

LOOK_SECONDS = 1.0
STANDBY_SECONDS = 5.0
ACTIVE_DOCUMENTS = 32
MOST_PACKET = 16 * 1024
"""Bytes: what stands in the broker in front of an urgent document cannot be taken back, so chunks stay small."""
_CHUNKS_A_TURN = 64


@dataclass
class _Line:
    """What is under way to one box."""

    core: BoxCore
    files: ParcelFiles
    shrinking: Shrinking = field(default_factory=Shrinking)
    parcels: dict[str, Parcel] = field(default_factory=dict)
    unusable: dict[str, Parcel] = field(default_factory=dict)
    deadline: float | None = None


class SendingEnd:
    """The province's sending end over one store."""

    def __init__(
        self, store: ProvinceStore, key: SigningKey, kid: str, link: LinkConfig, connect: Connect, boot: str = ""
    ) -> None:
        """`key` and `kid`: the province's key that boxes have pinned. `link` names broker and certificate."""
        self._store, self._rows = store, Outgoing(store)
        self._key, self._kid = key, kid
        self._verify: Verify = verifier(self._device_key)
        self._link_config, self._connect = dataclasses.replace(link, subscriptions=sender_filters()), connect
        self._telling = Telling(store, key, kid, self._verify)
        self._ordering = Ordering(store, key, kid, self._verify)
        self._boot = boot or f"{time.time_ns():x}"
        self._lines: dict[str, _Line] = {}
        self._present: dict[str, Presence] = {}
        self._tokens: dict[int, tuple[str, int]] = {}
        self._next_look = 0.0
        self.connected = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Send until `stop`. Raises OSError and the store's errors."""
        with (self._store.root / "sender.lock").open("w") as lock:
            while not stop.is_set():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    stop.wait(STANDBY_SECONDS)
                    continue
                self._run(stop)

    def _run(self, stop: threading.Event) -> None:
        link = self._connect(self._link_config)
        try:
            while not stop.is_set():
                self.turn(link)
        finally:
            self.connected.clear()
            for line in self._lines.values():
                line.files.close()
            link.close()

    def turn(self, link: Transport) -> None:
        """Do whatever is due, then wait for the link until something else is (at most a quarter of a second)."""
        now = self._now()
        if now.mono >= self._next_look:
            self._look(link, now)
        for box, line in self._lines.items():
            if line.deadline is not None and now.mono >= line.deadline:
                self._carry_out(link, box, line, line.core.on_tick(now))
        _publish(link, self._telling.on_turn(now))
        _publish(link, self._ordering.on_turn(now))
        blocked, more = self._send(link)
        for event in link.poll(0.0 if more else 0.25, bulk=blocked):
            self._hear(link, event)

    def _look(self, link: Transport, now: Now) -> None:
        """Take over what the rows hold now."""
        self._next_look = now.mono + LOOK_SECONDS
        wanted = set(self._rows.boxes_waiting())
        for box in list(self._lines):
            if box not in wanted:
                self._lines.pop(box).files.close()
        for box in wanted:
            line = self._lines.get(box) or self._line(box, link, now)
            parcels = [document.parcel() for document in self._rows.waiting(box, ACTIVE_DOCUMENTS)]
            line.unusable = {p.document_id: p for p in parcels if line.unusable.get(p.document_id) == p}
            usable = [parcel for parcel in parcels if parcel.document_id not in line.unusable]
            line.parcels = {parcel.document_id: parcel for parcel in usable}
            line.files.keep_only(usable)
            line.shrinking.keep_only(line.parcels)
            self._carry_out(link, box, line, line.core.on_outbox(usable, now))

    def _line(self, box: str, link: Transport, now: Now) -> _Line:
        core = BoxCore(box, self._key.sign, self._verify, self._boot, direction=Direction.DOWN, kid=self._kid)
        line = self._lines[box] = _Line(core, ParcelFiles(self._open))
        if link.connected:
            self._meet(link, box, line, now)
        return line

    def _meet(self, link: Transport, box: str, line: _Line, now: Now) -> None:
        """Begin anew with a box: on our new connection, or on its own."""
        self._carry_out(link, box, line, line.core.on_disconnected(now))
        self._carry_out(link, box, line, line.core.on_connected(now, MOST_PACKET))
        presence = self._present.get(box)
        if presence is not None:
            peer = ProvinceState(presence.online, presence.wall, presence.boot_sequence)
            self._carry_out(link, box, line, line.core.on_peer(peer, now))

    def _send(self, link: Transport) -> tuple[bool, bool]:
        """Send what may go now, box by box; return (the link is the one that blocks, more may go at once)."""
        ready = [(box, line) for box, line in self._lines.items() if line.core.has_chunk(self._now())]
        sent = 0
        while ready and sent < _CHUNKS_A_TURN:
            still = []
            for box, line in ready:
                if not link.can_send():
                    return True, False
                chunk = line.core.next_chunk(self._now())
                if chunk is not None:
                    self._send_chunk(link, box, line, chunk)
                    still.append((box, line))
                    sent += 1
            ready = still
        return False, bool(ready)

    def _send_chunk(self, link: Transport, box: str, line: _Line, chunk: SendChunk) -> None:
        parcel, now = line.parcels[chunk.document_id], self._now()
        try:
            content = line.files.read(parcel, chunk.offset, chunk.length)
        except FileFault as fault:
            line.core.on_unsent(chunk.token, now)
            line.unusable[parcel.document_id] = parcel
            self._carry_out(link, box, line, line.core.on_unreadable(parcel.document_id, fault.code, now))
            return
        small = line.shrinking.shrunk(chunk.document_id, content) if chunk.forms & DEFLATE else None
        if small is not None:
            line.core.on_shrunk(chunk.token, len(small))
        payload = Chunk(chunk.tid, chunk.offset, content).encode(small, bool(chunk.forms & SHORT))
        token = link.publish(Publish(chunk.topic, payload, qos=1))
        if token is None:
            self._carry_out(link, box, line, line.core.on_unsent(chunk.token, now))
        else:
            self._tokens[token] = (box, chunk.token)

    def _hear(self, link: Transport, event: LinkEvent) -> None:
        now = self._now()
        match event:
            case Connected():
                log.info("connected mqtt=%s", event.version)
                self._tokens.clear()
                self._present.clear()  # the broker repeats what every box last said
                self.connected.set()
                for box, line in self._lines.items():
                    self._meet(link, box, line, now)
            case Disconnected(code):
                log.warning("disconnected code=%s", code)
                self._tokens.clear()
                self._telling.on_lost()
                self._ordering.on_lost()
                self.connected.clear()
                for box, line in self._lines.items():
                    self._carry_out(link, box, line, line.core.on_disconnected(now))
            case Published(token, ok):
                box, core_token = self._tokens.pop(token, ("", 0))
                if box in self._lines:
                    line = self._lines[box]
                    self._carry_out(link, box, line, line.core.on_published(core_token, ok, now))
            case Received():
                self._take(link, event, now)
                link.acknowledge(event)
                link.progressed()

    def _take(self, link: Transport, event: Received, now: Now) -> None:
        try:
            topic = parse(event.topic)
        except TopicError:
            log.warning("finding foreign-topic %s", event.topic[:80])
            return
        box = topic.box or ""
        if topic.kind is Kind.PRESENCE:
            self._met(link, box, event, now)
        elif box in self._lines and Direction.DOWN.answers(topic):
            line = self._lines[box]
            self._carry_out(link, box, line, line.core.on_message(event.topic, event.payload, now))
        elif topic.kind is Kind.OUTCOME:
            self._ordering.on_outcome(box, event.payload)
        elif topic.kind in (Kind.NOTICE, Kind.HEARD):
            _publish(link, self._telling.on_message(box, event.topic, event.payload, now))

    def _met(self, link: Transport, box: str, event: Received, now: Now) -> None:
        try:
            self._present[box] = Presence.decode(event.payload)
        except CodecError as error:
            log.warning("finding %s box=%s", error.code, box)
            return
        if box in self._lines:
            self._meet(link, box, self._lines[box], now)
        _publish(link, self._telling.on_presence(box, self._present[box].online, now))
        self._ordering.on_presence(box, self._present[box].online)

    def _carry_out(self, link: Transport, box: str, line: _Line, step: Step) -> None:
        for change in step.changes:
            match change:
                case Accepted(document_id, receipt):
                    self._rows.answered(box, document_id, "accepted", receipt, time.time())
                    log.info("accepted box=%s document=%s", box, document_id)
                    self._next_look = 0.0
                case Refused(document_id, code, text, refusal):
                    self._rows.answered(box, document_id, "refused", refusal, time.time(), code, text)
                    log.info("refused box=%s document=%s code=%s", box, document_id, code)
                    self._next_look = 0.0
                case Finding(code, _, params):
                    log.warning("finding box=%s code=%s %s", box, code, dict(params))
                    if code == "bad-signature":
                        self._store.fleet.observe(box, "unverifiable", "receipt of a document sent down", time.time())
        _publish(link, step.outbound)
        line.deadline = step.deadline

    def _open(self, parcel: Parcel) -> BinaryIO:
        return self._rows.blobs.path(parcel.sha256).open("rb")

    def _device_key(self, kid: str) -> bytes | None:
        box = self._store.fleet.box(kid)
        return box.device_key if box and box.revoked_at is None else None

    def _now(self) -> Now:
        return Now(time.monotonic(), int(time.time()))


def _publish(link: Transport, messages: Iterable[Publish]) -> None:
    for message in messages:
        link.publish(message)


def sender_link(folder: Path, host: str, port: int) -> LinkConfig:
    """The sending end's own connection, from the files `init` wrote."""
    return LinkConfig(
        client_id=SENDER,
        host=host,
        port=port,
        ca=folder / "ca.pem",
        certificate=folder / "sender.pem",
        key=folder / "sender.key",
        session_expiry=3600,
        max_packet=131072,
        backoff_most=10.0,
    )
