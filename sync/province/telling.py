"""The province's notices on the sending end's connection: one `NoticeLine` for each box that is there and has news.

Owns which lines are open. Refuses to know what a notice means: rows and people do.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sync.notices import NoticeLine
from sync.protocol.cose import Verify
from sync.protocol.notices import Voice
from sync.protocol.step import Finding, Now, Publish
from sync.protocol.topics import Direction
from sync.province.store import ProvinceStore
from sync.province.store.handling import BoxBook, Handling
from sync.wire_identity import SigningKey

LOOK_SECONDS = 1.0


class Telling:
    """Says and hears notices; called by the sending end's one thread."""

    def __init__(self, store: ProvinceStore, key: SigningKey, kid: str, verify: Verify) -> None:
        self._store, self._key, self._kid, self._verify = store, key, kid, verify
        self.rows = Handling(store)
        self._lines: dict[str, NoticeLine] = {}
        self._present: set[str] = set()
        self._next_look = 0.0

    def on_presence(self, box: str, online: bool, now: Now) -> list[Publish]:
        """A box came (anew) or went."""
        if not online:
            self._present.discard(box)
            self._lines.pop(box, None)
            return []
        self._present.add(box)
        return self._line(box).on_connected(now) if self._store.fleet.box(box) else []

    def on_lost(self) -> None:
        """Our own connection is gone: who is there is told anew."""
        self._present.clear()
        self._lines.clear()

    def on_message(self, box: str, topic: str, payload: bytes, now: Now) -> list[Publish]:
        """Take what a box says; durable on return."""
        known = self._store.fleet.box(box)
        if known is None or known.revoked_at is not None:
            return []
        return self._line(box).on_message(topic, payload, now)

    def on_turn(self, now: Now) -> list[Publish]:
        """Say what is new to those who are there."""
        if now.mono < self._next_look:
            return []
        self._next_look = now.mono + LOOK_SECONDS
        return [
            message
            for box in self.rows.boxes_unheard()
            if box in self._present
            for message in self._line(box).on_turn(now)
        ]

    def _line(self, box: str) -> NoticeLine:
        line = self._lines.get(box)
        if line is None:
            voice = Voice(box, Direction.DOWN, self._kid, self._key.sign, self._verify)
            line = self._lines[box] = NoticeLine(voice, BoxBook(self.rows, box), self._observed(box))
        return line

    def _observed(self, box: str) -> Callable[[Finding], None]:
        def observe(finding: Finding) -> None:
            code = "unverifiable" if finding.code == "bad-signature" else "malformed"
            self._store.fleet.observe(box, code, f"{finding.code} notice", time.time())

        return observe
