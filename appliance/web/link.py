"""What the delivery service says about the line to the province, and the token's process about itself.

Both are glances at passing facts, never stored: a small JSON file that the delivery service writes, and one question
with a short deadline to the signer's socket. Whatever is absent, old or broken becomes "not known"; a page never
waits for it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.config import Config
from appliance.signers import signing_service
from hsm.api import FaultClass, KeyState, SigningError

_GLANCE_SECONDS = 1.5
_KEEP_SECONDS = 5.0
_LOGIN_SECONDS, _READER_SECONDS = 20.0, 130.0
"""For a login; the second where a person types the PIN on the reader meanwhile."""
_OLD_SECONDS = 60.0
"""The delivery service touches its file every ten seconds; an older one speaks for nobody."""


@dataclass(frozen=True)
class Link:
    """The line to the province: up or down, since when, and the code of what is wrong."""

    connected: bool
    since: datetime
    error: str = ""


def read_link(path: Path) -> Link | None:
    """The line as last written, or None when nobody writes (any more) or it cannot be read."""
    try:
        if time.time() - path.stat().st_mtime > _OLD_SECONDS:
            return None
        said = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(str(said["since"]))
        return Link(bool(said["connected"]), since.astimezone(), str(said.get("last_error_code") or ""))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True)
class Token:
    """One signature slot's token as people should see it.

    ``reason`` is the code of why it cannot sign now, ``pin_pad``: the PIN is typed on the reader.
    """

    slot: str
    label: str
    ready: bool
    present: bool
    flags: tuple[str, ...] = ()
    serial: str = ""
    reason: str = ""
    pin_pad: bool = False


@dataclass(frozen=True)
class SignerGlance:
    """What is known of the tokens; ``code`` says why nothing is."""

    tokens: tuple[Token, ...] = ()
    code: str = ""

    def token(self, slot: str | None) -> Token | None:
        """The token of a slot, if known."""
        return next((token for token in self.tokens if token.slot == slot), None)


class Signer:
    """Asks the signer process at most every few seconds, with a short deadline; one question at a time."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._seen = SignerGlance(code="signer-not-running")
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self._turns: dict[str, str] = {}

    async def glance(self) -> SignerGlance:
        """The tokens now, or a few seconds ago."""
        async with self._asking:
            if time.monotonic() - self._asked_at > _KEEP_SECONDS:
                self._seen = await asyncio.to_thread(self._ask)
                self._asked_at = time.monotonic()
        return self._seen

    def turn(self, slot: str) -> str:
        """What a form for a PIN must carry: good for one try, so that a form sent twice is tried once."""
        return self._turns.setdefault(slot, secrets.token_urlsafe(8))

    async def login(self, slot: str, pin: str, turn: str, documents: int = 0) -> None:
        """Hand the typed PIN to the signer and forget it; `documents` may be signed with it (0: no number).

        Raises:
            SigningError: wrong, locked, absent, or nobody answers; `login-form-old`: the form was of an earlier try.
        """
        if not hmac.compare_digest(turn.encode(), self._turns.pop(slot, "").encode()) or not turn:
            raise SigningError(FaultClass.AUTH_LOST, "login-form-old", slot)
        token = self._seen.token(slot)
        deadline = _READER_SECONDS if token and token.pin_pad else _LOGIN_SECONDS
        try:
            await asyncio.to_thread(signing_service(self._config, deadline).login, slot, pin, documents)
        finally:
            self._asked_at = float("-inf")

    def _ask(self) -> SignerGlance:
        try:
            keys = signing_service(self._config, deadline=_GLANCE_SECONDS).state().keys
        except SigningError as error:
            busy = error.fault is FaultClass.HANG and self._seen.tokens
            return self._seen if busy else SignerGlance(code=error.code)
        return SignerGlance(tokens=tuple(_token(key) for key in keys))


def _token(key: KeyState) -> Token:
    return Token(
        key.slot,
        key.token_label,
        key.logged_in,
        key.present,
        tuple(key.pin_flags),
        key.token_serial,
        key.problem or key.ended,
        key.pin_pad,
    )
