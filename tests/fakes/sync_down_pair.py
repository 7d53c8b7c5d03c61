"""Both cores joined the other way round: the province sends, the box takes. The wire and its mischief are `SyncPair`'s.

What `SyncPair` calls the box is the sending end here, and what it calls the province is the taking one.
"""

from __future__ import annotations

from sync.protocol.box import BoxCore
from sync.protocol.downward import DownwardCore
from sync.protocol.messages import ProvinceState
from sync.protocol.topics import Direction
from sync.wire_identity import verifier
from tests.fakes.sync_pair import BOX, KID, SyncPair


class DownPair(SyncPair):
    """One province that sends to one box."""

    def box_starts(self) -> None:
        """A new process of the province's sending end: memory is gone, the rows are not."""
        self.starts += 1
        self.connected = False
        keys = {BOX: self.device.public}
        self.box = BoxCore(BOX, self.receipt.sign, verifier(keys), str(self.starts), direction=Direction.DOWN, kid=KID)
        self.box_does(self.box.on_outbox(self.outbox.pending(32), self.now))

    def province_starts(self) -> None:
        """A new process of the box: what was not durable is gone."""
        self.store.power_cut()
        keys = verifier({KID: self.receipt.public})
        self.province = DownwardCore(BOX, self.device.sign, keys, self.store, epoch=7, limits=self.limits)  # type: ignore[assignment]
        if self.connected:
            self._hears_presence()

    def connect(self, lose: bool = True) -> None:
        """Redial; the broker repeats that the box is there."""
        if lose:
            self.up.clear()
        self.down.clear()
        if self.connected:
            self.box_does(self.box.on_disconnected(self.now))
        self.connected = True
        self.box_does(self.box.on_connected(self.now, 16 * 1024))
        self._hears_presence()

    def _hears_presence(self) -> None:
        self.box_does(self.box.on_peer(ProvinceState(True, 0, 7), self.now))
