"""A small receiver: the product's province core over any transport, with the store in memory. Runs in a thread."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from sync.protocol.cose import Sign, Verify
from sync.protocol.province import ProvinceCore
from sync.protocol.step import Now, Step
from sync.transport import Connected, Received, Transport
from tests.fakes.province_store import FakeProvinceStore


class Receiver:
    """`with Receiver(link, kid, sign, verify) as receiver:` - look at `receiver.store`."""

    def __init__(self, link: Transport, kid: str, sign: Sign, verify: Verify) -> None:
        self.store = FakeProvinceStore()
        self._link = link
        self._core = ProvinceCore(kid, sign, verify, self.store, epoch=1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failures: list[BaseException] = []

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._link.wake()
        self._thread.join(5)
        self._link.close()
        assert not self.failures, self.failures

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._turn()
        except BaseException as failure:
            self.failures.append(failure)

    def _turn(self) -> None:
        for event in self._link.poll(0.1):
            match event:
                case Connected():
                    self._link.publish(self._core.state(True, self._now()))
                case Received():
                    step = self._core.on_message(event.topic, event.payload, self._now(), event.retained)
                    self._carry_out(step)
                    self._link.acknowledge(event)
                    self._link.progressed()
        self._carry_out(self._core.on_tick(self._now()))
        while self.store.checks:
            change = self.store.checks.pop(0)
            outcome = self.store.check(change)
            digest = change.manifest.digest
            self._carry_out(self._core.on_checked(change.box, change.tid, digest, outcome, self._now()))

    def _carry_out(self, step: Step) -> None:
        for change in step.changes:
            self.store.carry_out(change)
        for message in step.outbound:
            self._link.publish(message)

    def _now(self) -> Now:
        return Now(time.monotonic(), int(time.time()))
