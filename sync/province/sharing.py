"""One worker's end of the broker: the messages of its own shards, and no word about the province as a whole.

Owns what must differ between a receiver that answers for everybody and one of several. Refuses nothing of its own
boxes. A worker says nothing in `p/state`, neither by itself nor as its last will: its death is no reason for every box
to stop. The herald says it, and whichever worker holds that lease is the herald.
Invariant: messages of other workers' boxes are acknowledged and dropped, never carried out.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable

from sync.protocol.messages import ProvinceState
from sync.protocol.step import Publish
from sync.protocol.topics import PROVINCE_STATE, TopicError, parse
from sync.transport import Connect, Connected, LinkConfig, LinkEvent, Published, Received, Transport

log = logging.getLogger("commune-province.sharing")
_GOODBYE_SECONDS = 2.0


class ShardLink:
    """A `Transport` around another one."""

    def __init__(self, inner: Transport, owns: Callable[[str], bool]) -> None:
        self._inner, self._owns = inner, owns
        self._unsaid: list[LinkEvent] = []

    @property
    def connected(self) -> bool:
        """See the port."""
        return self._inner.connected

    def poll(self, timeout: float, bulk: bool = False) -> list[LinkEvent]:
        """See the port; what is other workers' is acknowledged here."""
        mine, self._unsaid = self._unsaid, []
        for event in self._inner.poll(0.0 if mine else timeout, bulk):
            if isinstance(event, Received) and self._foreign(event.topic):
                self._inner.acknowledge(event)
            else:
                mine.append(event)
        return mine

    def publish(self, message: Publish) -> int | None:
        """See the port; the province's state is not this worker's to say."""
        if message.topic != PROVINCE_STATE:
            return self._inner.publish(message)
        self._unsaid.append(Published(-1, True))
        return -1

    def can_send(self) -> bool:
        """See the port."""
        return self._inner.can_send()

    def acknowledge(self, message: Received) -> None:
        """See the port."""
        self._inner.acknowledge(message)

    def progressed(self) -> None:
        """See the port."""
        self._inner.progressed()

    def wake(self) -> None:
        """See the port."""
        self._inner.wake()

    def close(self) -> None:
        """See the port."""
        self._inner.close()

    def _foreign(self, topic: str) -> bool:
        try:
            box = parse(topic).box
        except TopicError:
            return False  # the core reports it
        return box is not None and not self._owns(box)


def sharing(connect: Connect, worker: str, owns: Callable[[str], bool]) -> Connect:
    """`connect` for one of several workers: its own client id, a fresh session, no last will.

    A session that outlived its worker would fill with other workers' messages; what is lost with it is asked for again.
    """

    def connected(config: LinkConfig) -> Transport:
        ours = dataclasses.replace(config, client_id=f"{config.client_id}-{worker}", session_expiry=0, will=None)
        return ShardLink(connect(ours), owns)

    return connected


class Herald:
    """Says in `p/state` that the province is there, for as long as it runs; the broker says the opposite after it."""

    def __init__(self, link: LinkConfig, connect: Connect, epoch: int) -> None:
        will = self._state(epoch, False)
        # The next herald resumes this session, so that the broker need not tell all boxes of a change of hands.
        self._config = dataclasses.replace(link, client_id=f"{link.client_id}-herald", subscriptions=(), will=will)
        self._connect, self._epoch = connect, epoch

    def run(self, stop: threading.Event) -> None:
        """Connect, and connect again, until `stop`."""
        link = self._connect(self._config)
        try:
            while not stop.is_set():
                for event in link.poll(0.25):
                    if isinstance(event, Connected):
                        link.publish(self._state(self._epoch, True))
                        link.progressed()
                        log.info("herald connected")
            if link.connected:
                said = link.publish(self._state(self._epoch, False))
                until, heard = time.monotonic() + _GOODBYE_SECONDS, False
                while not heard and time.monotonic() < until and link.connected:
                    heard = any(isinstance(event, Published) and event.token == said for event in link.poll(0.05))
        finally:
            link.close()

    @staticmethod
    def _state(epoch: int, online: bool) -> Publish:
        payload = ProvinceState(online, int(time.time()) if online else 0, epoch).encode()
        return Publish(PROVINCE_STATE, payload, qos=1, retain=True)
