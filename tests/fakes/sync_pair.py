"""Both cores joined by one wire that may lose, repeat, delay and cut; either end may die after any change.

Time is a number this object owns. A test steps it (`pass_time`) or lets it run until everything is answered (`settle`).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from sync.protocol.box import BoxCore, Parcel
from sync.protocol.chunk import SHORT, Chunk
from sync.protocol.deflate import DEFLATE, deflated
from sync.protocol.province import ProvinceCore
from sync.protocol.records import ProvinceLimits
from sync.protocol.step import Accepted, Finding, Now, Publish, Refused, Step
from sync.protocol.topics import PROVINCE_STATE
from sync.wire_identity import SigningKey, verifier
from tests.fakes.outbox import FakeOutbox
from tests.fakes.province_store import FakeProvinceStore

BOX = "commune-00001"
KID = "tinh-1"


class Died(Exception):
    """An end was cut off between two changes."""


class SyncPair:
    """One box, one province, one wire."""

    def __init__(self, device: SigningKey, receipt: SigningKey, limits: ProvinceLimits | None = None) -> None:
        self.device, self.receipt = device, receipt
        self.limits = limits
        self.outbox, self.store = FakeOutbox(), FakeProvinceStore()
        self.contents: dict[str, bytes] = {}
        self.mono = 1000.0
        self.up: deque[tuple[int | None, Publish]] = deque()
        self.down: deque[Publish] = deque()
        self.findings: list[Finding] = []
        self.starts = 0
        self.connected = False
        self.die_after: dict[str, int] = {}
        self.box_starts()
        self.province_starts()

    @property
    def now(self) -> Now:
        return Now(self.mono, 1_790_000_000 + int(self.mono))

    def add(self, document_id: str, content: bytes, priority: int = 0, base: bytes = b"", **meta: object) -> Parcel:
        self.contents[document_id] = content
        parcel = self.outbox.add(document_id, content, priority, base, **meta)
        self.look()
        return parcel

    # --- life and death -----------------------------------------------------------------------------------------------

    def box_starts(self) -> None:
        """A new process of the box: memory is gone, the outbox is not."""
        self.starts += 1
        self.connected = self.subscribed = False
        keys = {KID: self.receipt.public}
        self.box = BoxCore(BOX, self.device.sign, verifier(keys), str(self.starts))
        self.box_does(self.box.on_outbox(self.outbox.pending(32), self.now))

    def province_starts(self) -> None:
        """A new process of the receiver: what was not durable is gone."""
        self.store.power_cut()
        keys = verifier({BOX: self.device.public})
        self.province = ProvinceCore(KID, self.receipt.sign, keys, self.store, epoch=7, limits=self.limits)
        self.down.append(replace(self.province.state(True, self.now), retain=False))  # said live

    def connect(self, lose: bool = True, standing: bool = False) -> None:
        """Redial: what was under way is lost or, as from an old half-open connection, still comes.

        `standing`: the broker has kept the subscriptions, and with them the words about the province.
        """
        if lose:
            self.up.clear()
        words = [message for message in self.down if message.topic == PROVINCE_STATE]
        self.down.clear()
        if self.connected:
            self.box_does(self.box.on_disconnected(self.now))
        self.connected = True
        standing = standing and self.subscribed
        self.box_does(self.box.on_connected(self.now, 65536, standing))
        self.down.extend(words if standing else [self.province.state(True, self.now)])
        self.subscribed = True

    # --- the runners' part --------------------------------------------------------------------------------------------

    def box_does(self, step: Step) -> None:
        for change in step.changes:
            self._may_die("box")
            match change:
                case Accepted(document_id, receipt):
                    self.outbox.accepted(document_id, receipt)
                case Refused(document_id, code, text, refusal):
                    self.outbox.refused(document_id, code, text, refusal)
                case Finding():
                    self.findings.append(change)
        self._may_die("box")
        if self.connected:
            self.up.extend((None, message) for message in step.outbound)

    def province_does(self, step: Step) -> None:
        for change in step.changes:
            self._may_die("province")
            self.store.carry_out(change)
        self._may_die("province")
        self.down.extend(step.outbound)

    def look(self) -> None:
        self.box_does(self.box.on_outbox(self.outbox.pending(32), self.now))

    def send_chunk(self) -> bool:
        chunk = self.box.next_chunk(self.now)
        if chunk is None:
            return False
        content = self.contents[chunk.document_id][chunk.offset : chunk.offset + chunk.length]
        small = deflated(content) if chunk.forms & DEFLATE and chunk.token % 8 in (1, 2) else None  # every form
        short = bool(chunk.forms & SHORT) and chunk.token % 2 == 0
        payload = Chunk(chunk.tid, chunk.offset, content).encode(small, short)
        self.up.append((chunk.token, Publish(chunk.topic, payload, 1)))
        return True

    def province_hears(self, lose: bool = False, repeat: bool = False, index: int = 0) -> None:
        """One message reaches (or does not reach) the province; the broker has acknowledged it either way."""
        if not self.up:
            return
        token, message = self.up[index % len(self.up)]
        del self.up[index % len(self.up)]
        if token is not None:
            self.box_does(self.box.on_published(token, True, self.now))
        for _ in range(0 if lose else 2 if repeat else 1):
            self.province_does(self.province.on_message(message.topic, message.payload, self.now))

    def box_hears(self, lose: bool = False, repeat: bool = False, index: int = 0) -> None:
        if not self.down:
            return
        message = self.down[index % len(self.down)]
        if (lose or not self.connected) and message.topic == PROVINCE_STATE:
            self.subscribed = False  # a broker keeps it until it is acknowledged: it has forgotten this box
        del self.down[index % len(self.down)]
        for _ in range(0 if lose or not self.connected else 2 if repeat else 1):
            self.box_does(self.box.on_message(message.topic, message.payload, self.now, message.retain))

    def check(self) -> None:
        """Finish one check under way."""
        if self.store.checks:
            change = self.store.checks.pop(0)
            if self.store.open_transfer(change.box, change.tid) is None:
                return
            outcome = self.store.check(change)
            step = self.province.on_checked(change.box, change.tid, change.manifest.digest, outcome, self.now)
            self.province_does(step)

    def pass_time(self, seconds: float) -> None:
        self.mono += seconds
        self.box_does(self.box.on_tick(self.now))
        self.province_does(self.province.on_tick(self.now))

    # --- kindness -----------------------------------------------------------------------------------------------------

    def settle(self, rounds: int = 4000, redial: bool = True) -> None:
        """A kind network from now on: run until the outbox is empty; fails when it never gets there."""
        self.die_after.clear()
        if redial or not self.connected:
            self.connect()
        self.look()
        for _ in range(rounds):
            if not self.outbox.pending(1):
                return
            moved = self.send_chunk()
            while self.up:
                self.province_hears()
            while self.store.checks:
                self.check()
            while self.down:
                self.box_hears()
            self.pass_time(0.05 if moved else 0.7)
        raise AssertionError(f"not delivered: {[parcel.document_id for parcel in self.outbox.pending(9)]}")

    def assert_promise(self) -> None:
        """Accepted at most once each, and whoever has a receipt is stored byte for byte."""
        for document_id in self.outbox.receipts:
            content = self.contents[document_id]
            held = [file for file in self.store.files.values() if file == content]
            assert held, f"{document_id} has a receipt and is not at the province"
        known = {hashlib.sha256(content).digest() for content in self.contents.values()}
        for file in self.store.files.values():
            assert hashlib.sha256(file).digest() in known, "wrong bytes stored"

    def _may_die(self, end: str) -> None:
        left = self.die_after.get(end)
        if left is not None:
            self.die_after[end] = left - 1
            if left == 0:
                del self.die_after[end]
                raise Died(end)


def delivered(pair: SyncPair, documents: Iterable[str]) -> bool:
    """Whether each of the documents has a receipt."""
    return all(document_id in pair.outbox.receipts for document_id in documents)
