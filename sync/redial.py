"""When to dial again, and in which version of MQTT. Decides only; dials nothing, reads no clock.

Full jitter under a ceiling that doubles, so that boxes cut off together do not return together; after a connection
over which the far end moved the first pause is short, 170 boxes in a quarter of a second being what a broker bears.
The version changes only while none is known to work: on the broker's plain refusal, or when dials end before CONNACK,
since some brokers just hang on a version 5 CONNECT.
"""

from __future__ import annotations

from collections.abc import Callable

_UNSUPPORTED_VERSION = "unsupported-protocol-version"
_FIRST_PAUSE = 0.25
_SPEECHLESS_DIALS = 2
"""Dials ending before CONNACK until the other version is tried."""


class Redial:
    """The plan of one link's dials; times are seconds of the link's clock."""

    def __init__(self, most: float, version: int | None, chance: Callable[[], float]) -> None:
        """`most` is the longest pause in seconds; a `version` that is given is never changed; `chance` yields 0..1."""
        self._most, self._chance = most, chance
        self.version = version or 5
        self.due = 0.0
        self._version_known = version is not None
        self._failures = 0
        self._speechless = 0

    def answered(self) -> None:
        """The broker accepted a connection: this version works."""
        self._speechless, self._version_known = 0, True

    def progressed(self) -> None:
        """Start the pauses from zero again: the far end, not only the broker, has moved."""
        self._failures = 0

    def lost(self, now: float, unanswered: bool, refusal: str) -> None:
        """A dial or connection ended: `unanswered`, up but never accepted by a CONNACK; `refusal`, the code of that."""
        if unanswered:
            self._speechless += 1
            if not self._version_known and (refusal == _UNSUPPORTED_VERSION or self._speechless >= _SPEECHLESS_DIALS):
                self.version = 4 if self.version == 5 else 5
                self._speechless = 0
        ceiling = min(self._most, 2.0 ** min(self._failures - 1, 30) if self._failures else _FIRST_PAUSE)
        self._failures += 1
        self.due = now + self._chance() * ceiling
