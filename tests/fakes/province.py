"""The province's neighbours, scripted: a check that answers as told, and a box that speaks the wire by hand.

`ScriptedBox` is deliberately not the box's real core: tests make it repeat, lie, stop half way and tamper.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sync.mqtt import MqttLink
from sync.protocol import topics
from sync.protocol.chunk import Chunk
from sync.protocol.cose import seal
from sync.protocol.messages import Have, Manifest, Presence, Query
from sync.protocol.receipt import Receipt, read_receipt
from sync.protocol.step import Publish
from sync.protocol.topics import Kind
from sync.province.checking import CheckUnavailable, Finding
from sync.transport import Connect, LinkConfig, Received
from sync.wire_identity import SigningKey, verifier


class ScriptedCheck:
    """A `DocumentCheck` that gives the next scripted answer, and the last one for ever."""

    def __init__(self, *answers: Finding | CheckUnavailable) -> None:
        self._answers = list(answers) or [Finding(signatures={"verdict": "valid", "signatures": [{"slot": "agency"}]})]
        self._lock = threading.Lock()
        self.seen: list[tuple[str, str]] = []
        """(sha256, kind) of every file it was shown."""

    def check(self, path: Path, kind: str) -> Finding:
        """See `DocumentCheck`."""
        with self._lock:
            self.seen.append((hashlib.sha256(path.read_bytes()).hexdigest(), kind))
            answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(answer, CheckUnavailable):
            raise answer
        return answer


class ScriptedBox:
    """One box on a real broker. `files` is the folder that `enrol` wrote."""

    def __init__(
        self,
        box: str,
        files: Path,
        port: int,
        receipt_keys: Mapping[str, str],
        chunk: int = 16_384,
        connect: Connect = MqttLink,
    ) -> None:
        self.box, self._chunk = box, chunk
        self._key = SigningKey.load(files / "device.key")
        self._verify = verifier(receipt_keys)
        self.link = connect(
            LinkConfig(
                client_id=box,
                host="127.0.0.1",
                port=port,
                ca=files / "ca.pem",
                certificate=files / "client.pem",
                key=files / "client.key",
                subscriptions=topics.box_filters(box),
                will=Publish(topics.presence(box), Presence(False, 1, 0).encode(), 1, True),
                will_delay=0,
                session_expiry=0,
                backoff_most=0.5,
            )
        )
        self._number = 0
        self.haves: list[Have] = []
        self.receipts: list[Receipt] = []
        self.envelopes: list[bytes] = []

    def manifest(self, content: bytes, document_id: str, sequence: int = 1, **meta: object) -> Manifest:
        """What this box would offer for these bytes."""
        digest = hashlib.sha256(content).digest()
        facts: dict[str, object] = {"kind": "incoming-scan", "subject": "Về việc thử nghiệm", **meta}
        return Manifest(self.box, document_id, sequence, len(content), digest, 0, meta=facts)

    def seal(self, manifest: Manifest, key: SigningKey | None = None) -> bytes:
        """Sign a manifest, with a foreign key if the script wants that."""
        return seal(self.box, manifest.encode(), (key or self._key).sign)

    def ask(self, *envelopes: bytes) -> None:
        """Publish one query with a fresh number."""
        self._number += 1
        query = Query(self._number, "boot-1", envelopes, int(time.time()))
        self.publish(Publish(topics.upward(self.box, Kind.MANIFEST), query.encode(), 1))

    def send(self, manifest: Manifest, content: bytes, start: int = 0, stop: int | None = None) -> None:
        """Publish chunks of `[start, stop)`, as far as the window allows."""
        stop = len(content) if stop is None else stop
        for offset in range(start, stop, self._chunk):
            chunk = Chunk(manifest.tid, offset, content[offset : min(stop, offset + self._chunk)])
            while not self.link.can_send():
                self.turn(0.05)
            self.publish(Publish(topics.upward(self.box, Kind.CHUNK), chunk.encode(), 1))

    def say(self, presence: Presence) -> None:
        """Publish a presence, retained."""
        self.publish(Publish(topics.presence(self.box), presence.encode(), 1, True))

    def publish(self, message: Publish) -> None:
        """Publish and insist that the link took it."""
        self.until(lambda: self.link.connected, 20)
        assert self.link.publish(message) is not None

    def turn(self, seconds: float = 0.1) -> None:
        """Drive the link once and read what came."""
        for event in self.link.poll(seconds):
            if isinstance(event, Received):
                kind = topics.parse(event.topic).kind
                if kind is Kind.HAVE:
                    self.haves.append(Have.decode(event.payload))
                elif kind is Kind.RECEIPT:
                    self.envelopes.append(event.payload)
                    self.receipts.append(read_receipt(event.payload, self._verify))
                self.link.acknowledge(event)

    def until(self, true: Callable[[], Any], seconds: float = 15.0) -> None:
        """Drive the link until something is true. Raises AssertionError."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "waited in vain"
            self.turn(0.05)

    def deliver(self, content: bytes, document_id: str, sequence: int = 1, **meta: object) -> Receipt:
        """Offer, send everything, and wait for the answer."""
        manifest = self.manifest(content, document_id, sequence, **meta)
        before = len(self.receipts)
        self.ask(self.seal(manifest))
        self.until(lambda: len(self.receipts) > before or any(have.tid == manifest.tid for have in self.haves))
        if len(self.receipts) == before:
            self.send(manifest, content)
        self.until(lambda: len(self.receipts) > before)
        return self.receipts[-1]

    def close(self) -> None:
        """Leave the broker."""
        self.link.close()
