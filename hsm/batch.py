"""What one PIN entry allows: how many documents, for how long without use; and the PIN itself where the key needs it.

Pure but for overwriting its own bytes: no token, no clock (moments are arguments, monotonic seconds). Most keys need
the PIN once, at login, and then nothing of it is kept here. A key that wants it at every signature
(CKA_ALWAYS_AUTHENTICATE) makes the batch hold it, in bytes that `wipe` overwrites.
"""

from __future__ import annotations


class Batch:
    """One login's allowance. `documents` 0: no number; `idle_seconds` infinite: opened by policy, nobody could type."""

    def __init__(self, now: float, idle_seconds: float, documents: int = 0, pin: str | None = None) -> None:
        self._used_at = now
        self._idle_seconds = idle_seconds
        self._allowed = documents
        self._signed: set[str] = set()
        self._signatures = 0
        self._pin = None if pin is None else bytearray(pin.encode("utf-8"))

    @property
    def asks_each_time(self) -> bool:
        """Whether the PIN is held because every signature needs it."""
        return self._pin is not None

    @property
    def documents_left(self) -> int | None:
        """How many more different documents may be signed; None where no number was said."""
        return max(0, self._allowed - len(self._signed)) if self._allowed else None

    def pin(self) -> str | None:
        """The PIN for the login before one signature; None where the key does not ask."""
        return None if self._pin is None else self._pin.decode("utf-8")

    def idle(self, now: float) -> bool:
        """Whether nobody has used it for too long."""
        return now - self._used_at > self._idle_seconds

    def begin(self, now: float) -> None:
        """A signature is being made: not idle."""
        self._used_at = now

    def signed(self, document_id: str, now: float) -> bool:
        """Count a document; True when it was the last one allowed.

        The same one again counts once, since a signature may come to nothing; but who asks names the document, so the
        signatures are bounded, too: twice as many as documents, and one.
        """
        self._used_at = now
        self._signed.add(document_id)
        self._signatures += 1
        if not self._allowed:
            return False
        return len(self._signed) >= self._allowed or self._signatures > 2 * self._allowed

    def wipe(self) -> None:
        """Overwrite the PIN."""
        if self._pin is not None:
            self._pin[:] = bytes(len(self._pin))
            self._pin = bytearray()
