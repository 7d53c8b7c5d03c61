"""Says what the office tells of its books over the box's line (PROTOCOL.md §5.7). A `sync.uplink.Companion`.

Owns when something is said: when it is new and the province is there, and once more on the next connection where the
line broke soon after. Refuses to gather figures: whoever does brings them from a thread of its own (`put`), and the
uplink never waits for a count.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from sync.protocol.account import Account, Docket
from sync.protocol.cose import Sign, seal
from sync.protocol.step import Now, Publish
from sync.protocol.topics import Kind, upward

_NEVER = 3600.0
DOUBTFUL_SECONDS = 300.0
"""What was said so shortly before a line was found dead may have been lost with it."""
PAUSE_SECONDS = 0.5
"""Between two words: documents go first."""
Word = Account | Docket


class AccountLine:
    """One box's voice. `put` and `linked` from any thread, everything else from the uplink's."""

    def __init__(self, box: str, sign: Sign) -> None:
        """`sign`: the device key."""
        self._box, self._sign = box, sign
        self._lock = threading.Lock()
        self._unsaid: list[Word] = []
        self._said: list[tuple[float, Word]] = []
        self._linked = self._broken = False
        self._next_word = 0.0
        self._wake: Callable[[], None] = lambda: None

    def put(self, words: Iterable[Word]) -> None:
        """Have these said; of one period only the newest waits."""
        with self._lock:
            self._unsaid = _newest([*self._unsaid, *words])
        self._wake()

    def linked(self, connected: bool) -> None:
        """The line to the province came or went (`Uplink`'s `on_link`)."""
        with self._lock:
            self._broken = self._broken or (self._linked and not connected)
            self._linked = connected

    def begin(self, wake: Callable[[], None]) -> None:
        """See the port."""
        self._wake = wake

    def end(self) -> None:
        """Nothing to let go."""

    def on_connected(self, now: Now) -> list[Publish]:
        """Nothing yet: the province's receiver may be away."""
        return []

    def on_message(self, topic: str, payload: bytes, now: Now) -> list[Publish]:
        """Nobody answers."""
        return []

    def on_turn(self, now: Now) -> list[Publish]:
        """Say the next word that is new."""
        with self._lock:
            if not self._linked or now.mono < self._next_word:
                return []
            self._said = [(at, word) for at, word in self._said if now.mono - at < DOUBTFUL_SECONDS]
            if self._broken:
                doubtful, self._said, self._broken = [word for _at, word in self._said], [], False
                self._unsaid = _newest([*doubtful, *self._unsaid])
            if not self._unsaid:
                return []
            word = self._unsaid.pop(0)
            self._said.append((now.mono, word))
            self._next_word = now.mono + PAUSE_SECONDS
        return [Publish(upward(self._box, Kind.ACCOUNT), seal(self._box, word.encode(), self._sign), qos=1)]

    def next_due(self, now: Now) -> float:
        """See the port."""
        with self._lock:
            return self._next_word if self._linked and (self._unsaid or self._broken) else now.mono + _NEVER


def _newest(words: list[Word]) -> list[Word]:
    """In their order, without accounts that a later one of the same period replaces."""
    last = {word.period: number for number, word in enumerate(words) if isinstance(word, Account)}
    return [word for number, word in enumerate(words) if not isinstance(word, Account) or last[word.period] == number]
