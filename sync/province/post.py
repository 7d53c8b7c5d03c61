"""The province's small messages of one box, to a stick and off it: notices, orders, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sync.courier import Fault
from sync.courier_words import Post, Told
from sync.protocol.codec import CodecError
from sync.protocol.cose import Verify, seal
from sync.protocol.notices import Voice
from sync.protocol.orders import read_outcome
from sync.protocol.topics import Direction, Kind
from sync.province.ordering import Ordering
from sync.province.store import ProvinceStore
from sync.province.store.handling import BoxBook, Handling
from sync.province.store.ordering import Orders
from sync.wire_identity import SigningKey


class ProvincePost(Post):
    """Orders go out, outcomes come in."""

    def __init__(self, store: ProvinceStore, key: SigningKey, kid: str, verify: Verify, box: str) -> None:
        """`verify`: the boxes' enrolled keys."""
        super().__init__(Voice(box, Direction.DOWN, kid, key.sign, verify), BoxBook(Handling(store), box))
        self._box, self._verify = box, verify
        self._seal: Callable[[bytes], bytes] = lambda payload: seal(kid, payload, key.sign)
        self._orders, self._ordering = Orders(store), Ordering(store, key, kid, verify)

    def open_orders(self) -> Mapping[int, bytes]:
        """See `Post`: one after another, as on the wire."""
        return {
            ordered.counter: self._seal(ordered.order().encode())
            for ordered in self._orders.open()
            if ordered.box == self._box
        }

    def take_order(self, kind: Kind, payload: bytes, told: Told) -> bytes | None:
        """See `Post`."""
        if kind is not Kind.OUTCOME:
            return None
        try:
            read_outcome(payload, self._box, self._verify)
        except CodecError:
            told.faults.append(Fault("forged", self._box, "outcomes"))
            return None
        self._ordering.on_outcome(self._box, payload)
        told.orders += 1
        return None


def boxes_with_news(store: ProvinceStore) -> list[str]:
    """Boxes for which a notice or an order waits."""
    return sorted({*Handling(store).boxes_unheard(), *(ordered.box for ordered in Orders(store).open())})
