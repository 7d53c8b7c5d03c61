"""What the broker surely still holds of the connection before, so that it need not be said or waited for again.

The very process of the broker that answered the connection before gave the TLS session; a client that goes on with it
speaks to that process again, and its MQTT session is there unless it has expired. Then the subscriptions stand (the
box's nine cost 0.3 kB at every cut), and messages may follow CONNECT without waiting for CONNACK (MQTT 5 §3.1.4: a
round trip, 0.7 s of 2G). A broker that was started again may have come back with a session older than its
subscriptions: it knows no TLS session either. Presumed wrongly, the connection is given up and the next dial waits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a CONNACK allows."""

    max_packet: int
    """Bytes."""
    receive_maximum: int
    """QoS 1 messages under way."""
    aliases: int
    """Topic aliases."""


class Standing:
    """The knowledge of one link, over its connections."""

    def __init__(self, keeps: bool) -> None:
        """`keeps`: the broker is asked to keep the MQTT session."""
        self._keeps = keeps
        self.limits: Limits | None = None
        """Of the last connection that was accepted."""
        self._subscribed = False
        self._trusted = False

    def subscribed(self, taken: bool) -> None:
        """The broker's answer to the subscriptions."""
        self._subscribed = taken

    def accepted(self, limits: Limits, present: bool, same_broker: bool) -> bool:
        """A CONNACK came; whether the subscriptions need not be sent. `present`: the MQTT session is there still."""
        self.limits, self._trusted = limits, True
        self._subscribed = self._subscribed and present and same_broker
        return self._subscribed

    def presumed(self, same_broker: bool) -> Limits | None:
        """The limits within which messages may follow a CONNECT just sent, or None: wait for its answer."""
        return self.limits if self._keeps and self._subscribed and self._trusted and same_broker else None

    def mistaken(self) -> None:
        """A presumed connection ended before its CONNACK: whatever it was, the next dial presumes nothing."""
        self._trusted = False
