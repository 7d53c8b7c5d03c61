"""A box's end of what comes down: whom it believes, and how much may be under way to it (PROTOCOL.md §5.3).

Owns two rules. Only a manifest that a pinned province key signed and that names this very box is believed: an order
for another box, or one under a stranger's key, opens nothing. The credit follows the line, since all of it may stand
in the broker in front of an urgent paper. How documents are taken is `sync.protocol.taking`'s business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from sync.protocol.codec import CodecError
from sync.protocol.cose import Sign, Verify, unseal
from sync.protocol.messages import Manifest
from sync.protocol.records import CheckOutcome, ProvinceLimits, Records
from sync.protocol.step import Finding, Now, Step
from sync.protocol.taking import TakingCore
from sync.protocol.topics import Direction, Topic

CREDIT_LEAST, CREDIT_MOST = 32 * 1024, 1024 * 1024
CREDIT_SECONDS = 4.0
"""Seconds of line that may be under way: enough for the round trips of a satellite, little enough for hỏa tốc."""
_WATCHED_SECONDS = 4.0


class DownwardCore(TakingCore):
    """The decisions of one box over the documents its province sends it."""

    def __init__(
        self,
        box: str,
        sign: Sign,
        verify: Verify,
        records: Records,
        epoch: int,
        limits: ProvinceLimits | None = None,
        door: Callable[[Manifest], CheckOutcome | None] = lambda _manifest: None,
    ) -> None:
        """`sign`: the device key. `verify`: the pinned province keys, never this box's own. `door`: the box's rule."""
        bounds = limits or replace(ProvinceLimits(), have_bytes=CREDIT_LEAST // 2)
        super().__init__(Direction.DOWN, box, sign, records, epoch, bounds)
        self._box, self._verify, self._door = box, verify, door
        self._came: deque[tuple[float, int]] = deque()

    def believed(self, box: str, envelope: bytes) -> Manifest:
        """Only the province's word, and only to this box."""
        sealed = unseal(envelope)
        if not sealed.verified_by(self._verify):
            raise CodecError("bad-signature", f"kid {sealed.kid!r}")
        manifest = Manifest.decode(sealed.payload)
        if manifest.box != self._box or box != self._box:
            raise CodecError("foreign-manifest", f"box {manifest.box!r}")
        return manifest

    def door(self, manifest: Manifest) -> CheckOutcome | None:
        """The box's own rule."""
        return self._door(manifest)

    def about_more(self, topic: Topic, payload: bytes, now: Now, retained: bool) -> Step:
        """What is not an offer is somebody else's; what is for another box should never have come."""
        if topic.box not in (None, self._box):
            return self._step(now, Finding("foreign-topic", self._box, {"topic": topic.kind.value}))
        return self._step(now)

    def credit(self, fresh: int, now: Now) -> int:
        """Four seconds of what came lately, within bounds."""
        if fresh:
            self._came.append((now.mono, fresh))
        while self._came and self._came[0][0] < now.mono - _WATCHED_SECONDS:
            self._came.popleft()
        span = max(1.0, now.mono - self._came[0][0]) if self._came else 1.0
        rate = sum(count for _, count in self._came) / span
        return min(max(int(rate * CREDIT_SECONDS), CREDIT_LEAST), CREDIT_MOST)
