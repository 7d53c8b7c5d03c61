"""Brings orders to boxes on the sending end's connection, one at a time, and records what came of them.

Owns when an order is said again. Refuses to believe an outcome that the box's own key did not sign for exactly an open
order of that box; everything else is an observation about the box.
"""

from __future__ import annotations

import logging
import time

from sync.protocol.codec import CodecError
from sync.protocol.cose import Verify, seal
from sync.protocol.orders import read_outcome
from sync.protocol.step import Now, Publish
from sync.protocol.topics import Kind, downward
from sync.province.store import ProvinceStore
from sync.province.store.ordering import Orders
from sync.wire_identity import SigningKey

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 30.0
log = logging.getLogger("commune-province.orders")


class Ordering:
    """Called by the sending end's one thread."""

    def __init__(self, store: ProvinceStore, key: SigningKey, kid: str, verify: Verify) -> None:
        self._store, self._key, self._kid, self._verify = store, key, kid, verify
        self._orders = Orders(store)
        self._present: set[str] = set()
        self._said: dict[tuple[str, int], float] = {}
        self._next_look = 0.0

    def on_presence(self, box: str, online: bool) -> None:
        """A box came (anew) or went: what it was told may never have reached it."""
        (self._present.add if online else self._present.discard)(box)
        self._said = {key: at for key, at in self._said.items() if key[0] != box}

    def on_lost(self) -> None:
        """Our own connection is gone."""
        self._present.clear()
        self._said.clear()

    def on_turn(self, now: Now) -> list[Publish]:
        """Say the open orders to those who are there."""
        if now.mono < self._next_look:
            return []
        self._next_look = now.mono + LOOK_SECONDS
        said = []
        for ordered in self._orders.open():
            key = (ordered.box, ordered.counter)
            if ordered.box in self._present and now.mono >= self._said.get(key, -1e9) + AGAIN_SECONDS:
                self._said[key] = now.mono
                envelope = seal(self._kid, ordered.order().encode(), self._key.sign)
                said.append(Publish(downward(ordered.box, Kind.ORDER), envelope, qos=1))
        return said

    def on_outcome(self, box: str, envelope: bytes) -> None:
        """Record what became of an order; durable on return."""
        try:
            outcome = read_outcome(envelope, box, self._verify)
        except CodecError as error:
            code = "unverifiable" if error.code == "bad-signature" else "malformed"
            self._store.fleet.observe(box, code, f"{error.code} outcome", time.time())
            return
        if self._orders.answered(outcome, envelope, time.time()):
            log.info("order %d of %s: %s %s", outcome.counter, box, outcome.result, outcome.code)
            self._next_look = 0.0
        elif outcome.code:  # a box refused what no open row tells of: an old order came back, or another box's
            log.warning("box %s refused an order that is not open: %s", box, outcome.code)
            self._store.fleet.observe(box, "foreign-box", f"order {outcome.code}", time.time())
