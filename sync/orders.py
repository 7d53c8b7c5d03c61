"""A box's end of orders (PROTOCOL.md §5.6): believes, fences, obeys once, and tells.

Owns the order of the questions: who signed it, whether it is for this box, whether its counter is new. Refuses to know
what orders mean: the `OrderBook` obeys them. Invariants: an order is noted, with its outcome, in the transaction that
carries it out; the same order again gets the same outcome; every refusal of a province's order is told to the province.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from sync.protocol.codec import CodecError
from sync.protocol.cose import Sign, Verify, seal
from sync.protocol.orders import EXPIRED, FOREIGN, OLD, REFUSED, Order, Outcome, read_order
from sync.protocol.step import Finding, Now, Publish
from sync.protocol.topics import Kind, TopicError, parse, upward

_LOG = logging.getLogger(__name__)
_NEVER = 3600.0


class OrderBook(Protocol):
    """The box's memory of orders."""

    def outcome(self, order: Order) -> Outcome | None:
        """Return what became of exactly this order, if it was obeyed."""

    def last(self) -> int:
        """Return the greatest counter obeyed, 0 before the first."""

    def obey(self, order: Order) -> Outcome:
        """Carry an order out (or refuse what it asks), durably, and return the outcome kept."""


class OrderLine:
    """A `sync.uplink.Companion`."""

    def __init__(
        self,
        box: str,
        sign: Sign,
        verify: Verify,
        book: OrderBook,
        on_finding: Callable[[Finding], None] = lambda _finding: None,
    ) -> None:
        """`sign`: the device key. `verify`: the pinned province keys."""
        self._box, self._sign, self._verify, self._book, self._on_finding = box, sign, verify, book, on_finding

    def begin(self, wake: Callable[[], None]) -> None:
        """Nothing to get ready."""

    def end(self) -> None:
        """Nothing to let go."""

    def on_connected(self, now: Now) -> list[Publish]:
        """The province orders."""
        return []

    def on_turn(self, now: Now) -> list[Publish]:
        """Nothing is due by itself."""
        return []

    def next_due(self, now: Now) -> float:
        """See the port."""
        return now.mono + _NEVER

    def on_message(self, topic: str, payload: bytes, now: Now) -> list[Publish]:
        """Take an order; durable on return."""
        try:
            parsed = parse(topic)
            if parsed.box != self._box or parsed.kind is not Kind.ORDER:
                return []
            order = read_order(payload, self._box, self._verify)
        except (TopicError, CodecError) as error:
            code = getattr(error, "code", "foreign-topic")
            self._found(code, str(error))
            return []
        outcome = self._judged(order, now)
        return [Publish(upward(self._box, Kind.OUTCOME), seal(self._box, outcome.encode(), self._sign), qos=1)]

    def _judged(self, order: Order, now: Now) -> Outcome:
        if order.box != self._box:
            self._found("foreign-order", f"for {order.box}")
            return self._refused(order, FOREIGN, now)
        known = self._book.outcome(order)
        if known is not None:
            return known
        if order.counter <= self._book.last():
            if (known := self._book.outcome(order)) is not None:
                return known  # obeyed this very moment, brought by a stick and by the wire
            self._found("replayed-order", f"counter {order.counter}")
            return self._refused(order, OLD, now)
        if 0 < order.expires < now.wall:
            return self._refused(order, EXPIRED, now)
        return self._book.obey(order)

    def _refused(self, order: Order, code: str, now: Now) -> Outcome:
        last = self._book.last()
        return Outcome(self._box, order.counter, order.digest, REFUSED, code, "", max(0, now.wall), last)

    def _found(self, code: str, detail: str) -> None:
        finding = Finding(code, self._box, {"topic": "q", "detail": detail[:120]})
        _LOG.warning("finding %s %s", finding.code, dict(finding.params))
        self._on_finding(finding)
