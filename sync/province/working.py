"""One of several workers: holds leases on shards and runs a receiver for exactly their boxes.

Owns the worker's loop: beat, and when the shards change, end the receiver and start another. Refuses to go on writing
when its leases may have run out; the rows refuse it too. Nothing passes from worker to worker but the rows and, where
they share a disk, the parts: on another machine a transfer under way begins again, a document that was answered never.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sync.province.receiver import Receiver
from sync.province.sharing import Herald
from sync.province.store import ProvinceStore, RowsAway
from sync.province.store.leases import HERALD, Fence, Leases, ShardShare, Turn
from sync.province.store.postgres import PostgresRows

BEATS_A_LEASE = 4
AGAIN_SECONDS = 0.5
STOP_SECONDS = 30.0
log = logging.getLogger("commune-province.worker")

MakeStore = Callable[[ShardShare], ProvinceStore]
MakeReceiver = Callable[[ProvinceStore, ShardShare], Receiver]
MakeHerald = Callable[[int], Herald]


@dataclass
class _Running:
    """A thread at work, and how to end it."""

    name: str
    work: Callable[[threading.Event], None]
    stop: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.work(self.stop)
        except BaseException as error:  # told by the loop, which begins anew
            self.failure = error
            log.warning("%s ended: %s: %s", self.name, type(error).__name__, error)

    @property
    def alive(self) -> bool:
        """It has not ended by itself."""
        return self.thread.is_alive()

    def end(self) -> bool:
        """Ask it to stop and wait; False when it does not."""
        self.stop.set()
        self.thread.join(STOP_SECONDS)
        return not self.alive


class StuckWorker(Exception):
    """A thread did not stop when its leases went; the process must end. Code: `worker-stuck`."""

    code = "worker-stuck"


class Worker:
    """The loop. `make_*` are called anew for every change of shards."""

    def __init__(
        self, leases: Leases, make_store: MakeStore, make_receiver: MakeReceiver, make_herald: MakeHerald
    ) -> None:
        self._leases = leases
        self._make_store, self._make_receiver, self._make_herald = make_store, make_receiver, make_herald
        self._held: frozenset[int] = frozenset()
        self._running: dict[str, _Running] = {}
        self._share: ShardShare | None = None
        self.epoch = 0

    @property
    def shards(self) -> frozenset[int]:
        """The shards whose receiver runs."""
        return self._share.shards if self._share else frozenset()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`. Raises StuckWorker."""
        surely_until = 0.0
        pause = self._leases.seconds / BEATS_A_LEASE
        try:
            while not stop.is_set():
                began = time.monotonic()
                try:
                    turn = self._leases.beat(self._held)
                except RowsAway as error:
                    log.error("no leases: %s", error)
                    if time.monotonic() > surely_until:
                        self._adapt(Turn(frozenset(), 0))
                    stop.wait(AGAIN_SECONDS)
                    continue
                surely_until = began + self._leases.seconds
                stop.wait(pause if self._adapt(turn) else 0.0)
        finally:
            self._adapt(Turn(frozenset(), 0))
            try:
                self._leases.leave()
            except RowsAway as error:
                log.warning("leases run out by themselves: %s", error)

    def _adapt(self, turn: Turn) -> bool:
        """Let receiver and herald be what the leases say; False when leases are to be given back at once."""
        shards = frozenset(sorted(turn.shards)[: turn.fair])
        wanted = shards | (turn.held & {HERALD})
        if shards != self.shards or not self._alive("receiver"):
            self._end("receiver")
            self._share = ShardShare(self._leases.worker, shards) if shards else None
            if self._share:
                log.info("shards %s", ",".join(map(str, sorted(shards))))
                self._start("receiver", self._receive(self._share))
        if HERALD not in wanted:
            self._end("herald")
        elif not self._alive("herald"):
            self._end("herald")
            self._start("herald", self._announce)
        self._held = wanted
        return wanted == turn.held

    def _receive(self, share: ShardShare) -> Callable[[threading.Event], None]:
        def work(stop: threading.Event) -> None:
            store = self._make_store(share)
            try:
                if isinstance(store.connection, PostgresRows):
                    store.connection.fence = Fence(share)
                self._make_receiver(store, share).run(stop)
            finally:
                store.close()

        return work

    def _announce(self, stop: threading.Event) -> None:
        store = self._make_store(ShardShare(f"{self._leases.worker}-herald", frozenset()))
        try:
            epoch = store.epoch()
        finally:
            store.close()
        self._make_herald(epoch).run(stop)

    def _alive(self, name: str) -> bool:
        return name in self._running and self._running[name].alive

    def _start(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self._running[name] = _Running(f"{self._leases.worker}-{name}", work)

    def _end(self, name: str) -> None:
        running = self._running.pop(name, None)
        if running is not None and not running.end():
            raise StuckWorker(running.name)
