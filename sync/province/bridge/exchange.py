"""The port to the other side, and the side that is a folder.

Owns `Exchange`: one packet out, what came in. A folder is taken from by whoever reads it; a packet is handed over by
one rename, so that its absence among the made ones proves that it went out, also when it was taken at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sync.province.bridge.answers import Answer, Verdict
from sync.province.bridge.places import MOST_BYTES, Places


@dataclass(frozen=True)
class Arrival:
    """A packet that came. `content` None: it is too large to be looked at."""

    name: str
    content: bytes | None
    path: Path | None = None


class Exchange(Protocol):
    """The other side."""

    vanished_is_gone: bool
    """A packet that is not among the made ones any more was handed over."""

    def send(self, name: str, kind: str) -> Answer:
        """Hand over a made packet; `kind` is `edoc` or `status`. Never raises for what the other side does."""
        ...

    def arrivals(self) -> Iterator[Arrival]:
        """What the other side has for us, one after the other."""
        ...

    def taken(self, arrival: Arrival) -> None:
        """It was read and noted durably: the other side may forget it."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class FolderExchange:
    """Packets as files."""

    vanished_is_gone = True

    def __init__(self, places: Places) -> None:
        self._places = places

    def send(self, name: str, kind: str) -> Answer:
        """See the port."""
        try:
            self._places.hand_over(name)
        except OSError as error:
            return Answer(Verdict.AGAIN, "outbox-unwritable", str(error))
        return Answer(Verdict.TAKEN)

    def arrivals(self) -> Iterator[Arrival]:
        """See the port."""
        for path in self._places.settled(time.time()):
            try:
                large = path.stat().st_size > MOST_BYTES
                content = None if large else path.read_bytes()
            except OSError:
                continue  # taken away, or not readable yet: the next look tells
            yield Arrival(path.name, content, path)

    def taken(self, arrival: Arrival) -> None:
        """See the port."""
        if arrival.path is not None:
            arrival.path.unlink(missing_ok=True)

    def close(self) -> None:
        """See the port."""
