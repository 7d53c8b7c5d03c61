"""Brings what came by hand into the running receiver, and what goes by hand onto the stick.

Owns the staging folder inside the province's store and the link that plays staged documents to the receiver as if they
came by the wire: the same core, the same checks, the same answers, so that a document that comes both ways is one.
Refuses to store or answer anything itself. Invariants: a document is staged whole, checked against its manifest, by a
rename; it leaves the staging folder only after the receiver's answer to exactly this manifest is committed.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sync.courier import Carried, Fault, copy_checked
from sync.protocol.chunk import MAX_CONTENT, Chunk
from sync.protocol.codec import CodecError
from sync.protocol.cose import Verify, unseal
from sync.protocol.messages import Manifest, Query
from sync.protocol.step import Publish
from sync.protocol.topics import Kind, upward
from sync.province.store import ProvinceStore
from sync.province.store.blobs import flush_folder
from sync.transport import LinkEvent, Received, Transport

EVENTS_A_POLL = 32
AGAIN_SECONDS = 60.0
LOOK_SECONDS = 1.0
_PIECE = MAX_CONTENT // 1024 * 1024


class Staging:
    """Documents from sticks that the receiver has not answered yet."""

    def __init__(self, store: ProvinceStore) -> None:
        self._store = store
        self.folder = store.root / "courier"

    def add(self, carried: Carried, verify: Verify) -> Fault | None:
        """Stage one document, durably, or say why not. Raises NoSpace, OSError: this disk's own troubles."""
        manifest = carried.manifest
        sealed = unseal(carried.envelope)
        if sealed.kid != carried.box or not sealed.verified_by(verify):
            return Fault("forged", carried.box, manifest.tid.hex())
        if self.answer(manifest) is not None:
            return None
        target = self.folder / f"{manifest.box}.{manifest.tid.hex()}"
        fresh = self.folder / f"new.{os.urandom(6).hex()}"
        fresh.mkdir(parents=True)
        try:
            if code := copy_checked(carried, fresh / "file"):
                return Fault(code, carried.box, manifest.tid.hex())
            with (fresh / "manifest.cose").open("wb") as file:
                file.write(carried.envelope)
                file.flush()
                os.fsync(file.fileno())
            flush_folder(fresh)
            if target.exists():  # an earlier manifest of the same bytes
                target.rename(self.folder / f"old.{os.urandom(6).hex()}")
            fresh.rename(target)
            flush_folder(self.folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return None

    def every(self) -> list[tuple[Path, Manifest, bytes]]:
        """What is staged and not answered; what is answered is removed, and so is what a kill left half made."""
        found = []
        for place in sorted(self.folder.glob("*")):
            if not place.name.startswith("commune-"):
                if time.time() - place.stat().st_mtime > 3600:
                    shutil.rmtree(place, ignore_errors=True)
                continue
            try:
                envelope = (place / "manifest.cose").read_bytes()
                manifest = Manifest.decode(unseal(envelope).payload)
            except (OSError, CodecError):
                continue  # replaced this very moment
            if self.answer(manifest) is not None:
                shutil.rmtree(place, ignore_errors=True)
            else:
                found.append((place / "file", manifest, envelope))
        return found

    def answer(self, manifest: Manifest) -> bytes | None:
        """The signed answer to exactly this manifest, or None."""
        return self._store.answers.answer(manifest.box, manifest.tid.hex(), manifest.digest)


@dataclass
class _Playing:
    messages: Iterator[tuple[str, bytes]]
    again_at: float = field(default=float("inf"))


class CourierLink:
    """A `Transport` around another one that also delivers what is staged."""

    def __init__(self, inner: Transport, staging: Staging, owns: Callable[[str], bool] = lambda _box: True) -> None:
        self._inner, self._staging, self._owns = inner, staging, owns
        self._playing: dict[bytes, _Playing] = {}
        self._next_look = 0.0

    @property
    def connected(self) -> bool:
        """See the port."""
        return self._inner.connected

    def poll(self, timeout: float, bulk: bool = False) -> list[LinkEvent]:
        """See the port; staged documents come piece by piece between what the wire brings."""
        mine = self._staged_events()
        return [*self._inner.poll(0.0 if mine else timeout, bulk), *mine]

    def publish(self, message: Publish) -> int | None:
        """See the port."""
        return self._inner.publish(message)

    def can_send(self) -> bool:
        """See the port."""
        return self._inner.can_send()

    def acknowledge(self, message: Received) -> None:
        """See the port; what came by hand waits for no acknowledgement."""
        if message.handle >= 0:
            self._inner.acknowledge(message)

    def progressed(self) -> None:
        """See the port."""
        self._inner.progressed()

    def wake(self) -> None:
        """See the port."""
        self._inner.wake()

    def close(self) -> None:
        """See the port."""
        self._inner.close()

    def _staged_events(self) -> list[LinkEvent]:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._look(now)
        events: list[LinkEvent] = []
        for playing in self._playing.values():
            while len(events) < EVENTS_A_POLL:
                message = next(playing.messages, None)
                if message is None:
                    playing.again_at = min(playing.again_at, now + AGAIN_SECONDS)
                    break
                events.append(Received(*message, qos=1, retained=False, handle=-1))
        return events

    def _look(self, now: float) -> None:
        waiting = {manifest.digest: (path, manifest, envelope) for path, manifest, envelope in self._staging.every()}
        self._playing = {
            digest: playing
            for digest, playing in self._playing.items()
            if digest in waiting and now < playing.again_at  # not answered for long: the receiver had no room
        }
        for digest, (path, manifest, envelope) in waiting.items():
            if digest not in self._playing and self._owns(manifest.box):
                self._playing[digest] = _Playing(_messages(path, manifest, envelope))


def _messages(path: Path, manifest: Manifest, envelope: bytes) -> Iterator[tuple[str, bytes]]:
    """A document as the messages that would have brought it; what the receiver holds already it passes over."""
    yield upward(manifest.box, Kind.MANIFEST), Query(0, "courier", (envelope,)).encode()
    try:
        with path.open("rb") as file:
            offset = 0
            while content := file.read(_PIECE):
                yield upward(manifest.box, Kind.CHUNK), Chunk(manifest.tid, offset, content).encode()
                offset += len(content)
    except FileNotFoundError:
        return  # answered, and removed, meanwhile


class NoWire:
    """A `Transport` without a wire: for importing while no receiver runs."""

    connected = False

    def poll(self, timeout: float, bulk: bool = False) -> list[LinkEvent]:
        """Wait."""
        time.sleep(min(timeout, 0.05))
        return []

    def publish(self, message: Publish) -> int | None:
        """Nothing is taken: what is said is asked for again."""
        return None

    def can_send(self) -> bool:
        """Never."""
        return False

    def acknowledge(self, message: Received) -> None:
        """Nothing to acknowledge."""

    def progressed(self) -> None:
        """Nothing to redial."""

    def wake(self) -> None:
        """The wait is short."""

    def close(self) -> None:
        """Nothing to close."""
