"""A box on the wire as lean as it can be: MQTT 3.1.1 over asyncio TLS, for a load of many boxes from one process.

Owns packets and the flow of one delivery (offer, have, chunks, receipt). Not the product's own box: its cost would hide
the receiver's.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

from sync.protocol import topics
from sync.protocol.chunk import Chunk
from sync.protocol.cose import seal
from sync.protocol.messages import Have, Manifest, Query
from sync.protocol.receipt import Result, read_receipt
from sync.protocol.topics import Kind
from sync.wire_identity import SigningKey, Verify

CHUNK = 50 * 1024
_ASK_AGAIN = 8.0


@dataclass
class Parcel:
    """A document to deliver; `meta` as a box sends it."""

    document_id: str
    content: bytes
    meta: dict[str, object] = field(default_factory=lambda: {"kind": "incoming-scan"})


class WireBox:
    """One connection; `deliver` one document at a time."""

    def __init__(
        self, name: str, port: int, context: ssl.SSLContext, key: SigningKey, verify: Verify, plain: bool = False
    ) -> None:
        """`plain`: the other end is the plain writer, which asks for nothing and answers with the manifest's digest."""
        self.name, self._port, self._context, self._key, self._verify = name, port, context, key, verify
        self._plain = plain
        self._packet, self._query, self._sequence = 0, 0, 0
        self._unacknowledged = 0
        self._changed = asyncio.Event()
        self._have: dict[bytes, Have] = {}
        self._answers: dict[bytes, float] = {}
        self.refused: list[str] = []
        self._reading: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """TLS, CONNECT with a clean session, SUBSCRIBE."""
        self._in, self._out = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._context, server_hostname="127.0.0.1", limit=1 << 17
        )
        self._send(0x10, b"\x00\x04MQTT\x04\x02\x00\xf0" + _text(self.name))
        assert (await self._in.readexactly(4))[3] == 0, "refused"
        self._send(0x82, b"\x00\x01" + _text(f"commune/v1/d/{self.name}/+") + b"\x01")
        self._reading = asyncio.create_task(self._read())

    async def deliver(self, parcel: Parcel, seconds: float = 300.0) -> tuple[float, float]:
        """(seconds from the first byte, from the last byte) to the receipt. Raises TimeoutError."""
        self._sequence += 1
        digest = hashlib.sha256(parcel.content).digest()
        manifest = Manifest(
            self.name, parcel.document_id, self._sequence, len(parcel.content), digest, 0, meta=parcel.meta
        )
        envelope, tid = seal(self.name, manifest.encode(), self._key.sign), manifest.tid
        began = time.monotonic()
        async with asyncio.timeout(seconds):
            await self._ask(envelope, lambda: self._plain or tid in self._have or manifest.digest in self._answers)
            for offset in range(0, len(parcel.content), CHUNK):
                while self._unacknowledged >= 16:
                    await self._wait(None)
                chunk = Chunk(tid, offset, parcel.content[offset : offset + CHUNK])
                self._publish(topics.upward(self.name, Kind.CHUNK), chunk.encode())
                await self._out.drain()
            last = time.monotonic()
            while manifest.digest not in self._answers:
                if not await self._wait(_ASK_AGAIN * 4):
                    await self._ask(envelope, lambda: True)
        self._have.pop(tid, None)
        at = self._answers.pop(manifest.digest)
        return at - began, at - last

    async def close(self) -> None:
        """Leave."""
        if self._reading is not None:
            self._reading.cancel()
        self._out.transport.abort()

    async def _ask(self, envelope: bytes, answered: object) -> None:
        while True:
            self._query += 1
            query = Query(self._query, "bench", (envelope,), int(time.time()))
            self._publish(topics.upward(self.name, Kind.MANIFEST), query.encode())
            until = time.monotonic() + _ASK_AGAIN * 4
            while not answered():  # type: ignore[operator]
                if not await self._wait(until - time.monotonic()):
                    break
            else:
                return

    async def _wait(self, seconds: float | None) -> bool:
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _read(self) -> None:
        while True:
            first = (await self._in.readexactly(1))[0]
            length, shift = 0, 0
            while True:
                each = (await self._in.readexactly(1))[0]
                length |= (each & 127) << shift
                shift += 7
                if not each & 128:
                    break
            body = await self._in.readexactly(length)
            if first >> 4 == 4:
                self._unacknowledged -= 1
            elif first >> 4 == 3:
                self._heard(first, body)
            self._changed.set()

    def _heard(self, first: int, body: bytes) -> None:
        size = struct.unpack_from("!H", body)[0]
        topic, at = body[2 : 2 + size].decode(), 2 + size
        if first & 0x06:
            self._send(0x40, body[at : at + 2])
            at += 2
        if topic.endswith("/h"):
            have = Have.decode(body[at:])
            self._have[have.tid] = have
        elif topic.endswith("/r") and self._plain:
            self._answers[body[at:]] = time.monotonic()
        elif topic.endswith("/r"):
            receipt = read_receipt(body[at:], self._verify)
            if receipt.result is Result.REFUSED:
                self.refused.append(receipt.code)
            self._answers[receipt.manifest_hash] = time.monotonic()

    def _publish(self, topic: str, payload: bytes) -> None:
        self._packet = self._packet % 65_535 + 1
        self._unacknowledged += 1
        self._send(0x32, _text(topic) + struct.pack("!H", self._packet) + payload)

    def _send(self, kind: int, body: bytes) -> None:
        length, head = len(body), bytearray((kind,))
        while True:
            length, part = length >> 7, length & 127
            head.append(part | (128 if length else 0))
            if not length:
                break
        self._out.write(bytes(head) + body)


def tls(folder: Path, ca: Path) -> ssl.SSLContext:
    """A box's side of mutual TLS."""
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(folder / "client.pem", folder / "client.key")
    return context


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()
