"""The receiver is stopped before and after every single effect; reopened, it finishes, and nothing is there twice."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.protocol.receipt import Result
from sync.province.auditing import audit
from sync.province.store import ProvinceStore
from tests.fakes.province import ScriptedBox, ScriptedCheck
from tests.fakes.transport import FakeBroker
from tests.fixtures_province import Installation

CONTENT = hashlib.shake_256(b"paper").digest(150_000)
DOCUMENTS = 2


class Killed(BaseException):
    """The process ends here."""


class Effects:
    """Counts the effects of a store and ends the world before or after the chosen one."""

    EVERY = (
        ("transfers", ("open", "save_intervals", "restart", "postpone")),
        ("parts", ("write", "flush", "remove")),
        ("blobs", ("adopt",)),
        ("answers", ("commit",)),
        ("fleet", ("touch", "observe", "note_presence")),
    )

    def __init__(self, store: ProvinceStore, fatal: int | None, after: bool) -> None:
        self.done: list[str] = []
        self._fatal, self._after = fatal, after
        self._thread = threading.get_ident()
        for part, names in self.EVERY:
            owner = getattr(store, part)
            for name in names:
                setattr(owner, name, self._counted(f"{part}.{name}", getattr(owner, name)))

    def _counted(self, label: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.done.append(label)
            fatal = len(self.done) == self._fatal
            if fatal and not self._after:
                raise Killed(label)
            answer = effect(*arguments, **named)
            if fatal:
                raise Killed(label)
            return answer

        return counted


class World:
    """A province over an in-memory broker, restartable, and one scripted box."""

    def __init__(self, root: Path) -> None:
        self.site = Installation(root)
        self.broker = FakeBroker()
        self.box: ScriptedBox = self.site.box(chunk=30_000, connect=self.broker.connect)
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.store: ProvinceStore | None = None

    def start(self, fatal: int | None, after: bool) -> Effects:
        """Run a receiver that ends at the chosen effect."""
        self.store = ProvinceStore(self.site.folder.rows)
        effects = Effects(self.store, fatal, after)
        receiver, self._stop = self.site.receiver(self.store, ScriptedCheck(), self.broker.connect), threading.Event()

        def run() -> None:
            try:
                receiver.run(self._stop)
            except Killed:
                pass

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        while not receiver.connected.wait(0.01) and not self.dead:
            pass  # a box waits for the province's state before it asks
        return effects

    @property
    def dead(self) -> bool:
        """The receiver has ended."""
        return self._thread is None or not self._thread.is_alive()

    def end(self) -> None:
        """Stop the receiver and let go of its store."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
        if self.store is not None:
            self.store.close()

    def deliver(self, number: int) -> bool:
        """The box's part of one document; False when the receiver died meanwhile."""
        box, content = self.box, CONTENT[number:]
        manifest = box.manifest(content, f"doc-{number}", number + 1)
        box.haves.clear()
        before = len(box.receipts)

        def answered() -> bool:
            return any(receipt.document_id == manifest.document_id for receipt in box.receipts[before:])

        box.ask(box.seal(manifest))
        box.until(lambda: self.dead or answered() or any(have.tid == manifest.tid for have in box.haves))
        if not answered() and not self.dead:
            held = [have.ranges for have in box.haves if have.tid == manifest.tid][-1]
            box.send(manifest, content, held[0][1] if held and held[0][0] == 0 else 0)
        box.until(lambda: self.dead or answered())
        return answered()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.end()
    made.site.close()


def assert_exactly_once(world: World) -> None:
    store = world.store
    assert store is not None
    assert len(store.reading.documents()) == DOCUMENTS
    assert [receipt.rid for receipt in store.reading.chain(world.box.box)] == list(range(1, DOCUMENTS + 1))
    assert list(store.parts.every()) == []
    assert store.transfers.every() == []
    wrong = [problem for problem in audit(world.site.folder, world.site.config, store, time.time())
             if problem.code not in ("verify-command-missing", "trust-roots-missing")]  # fmt: skip
    assert wrong == []
    for receipt in world.box.receipts:
        assert receipt.result is Result.STORED
    # Whatever was repeated to the box is the same promise, byte for byte.
    assert len(set(world.box.envelopes)) == DOCUMENTS


def test_the_matrix_knows_every_effect(world: World) -> None:
    effects = world.start(None, False)
    assert all(world.deliver(number) for number in range(DOCUMENTS))
    assert_exactly_once(world)
    assert set(effects.done) >= {
        "transfers.open", "transfers.save_intervals", "transfers.restart", "parts.write", "parts.flush",
        "blobs.adopt", "answers.commit",
    }  # fmt: skip
    assert len(effects.done) <= LAST


LAST = 60


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_every_effect_it_finishes(tmp_path: Path, after: bool) -> None:
    killed = 0
    for fatal in range(1, LAST):
        root = tmp_path / str(fatal)
        root.mkdir()
        world = World(root)
        try:
            world.start(fatal, after)
            finished = [world.deliver(number) for number in range(DOCUMENTS) if not world.dead]
            if not world.dead:
                assert len(finished) == DOCUMENTS
                break  # there are no more effects than this
            killed += 1
            world.end()
            world.start(None, False)
            assert all(world.deliver(number) for number in range(DOCUMENTS))
            assert_exactly_once(world)
        finally:
            world.end()
            world.site.close()
    assert killed >= 15
