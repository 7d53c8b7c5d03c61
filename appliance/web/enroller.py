"""The pages' end of enrolment: asks the program that may reach tokens, and knows no PKCS#11 itself.

Owns the way there (the socket that systemd opened, or a child of our own where there is none), one question at a time
for the whole box, and what was seen last. A PIN is passed on and forgotten; nothing is ever asked twice by itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from appliance.config import Config

_LOOK_SECONDS, _ENROL_SECONDS = 120.0, 200.0
_KEEP_SECONDS = 5.0
_MOST_BYTES = 4 << 20


class EnrolmentRefused(Exception):
    """Nothing was enrolled; ``code`` and ``detail`` say why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Choice:
    """One thing that can be enrolled: a certificate on a token, or (``certificate`` None) a token whose certificate
    comes in a file, for the key ``key_id`` ("" leaves it to the certificate). ``fits``: the CKA_IDs of the keys that
    are the certificate's.
    """

    module: str
    token: dict[str, Any]
    policies: tuple[str, ...]
    certificate: dict[str, Any] | None = None
    key_id: str = ""
    fits: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """A name for links and forms, the same as long as the same things are there."""
        parts = (self.module, self.token["serial"], (self.certificate or {}).get("sha256", ""), self.key_id)
        return sha256("\0".join(parts).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Seen:
    """What is on this machine: modules as ``appliance.enrolling.look`` tells them, and what can be chosen; ``code``
    says why nothing is known."""

    modules: tuple[dict[str, Any], ...] = ()
    choices: dict[str, Choice] = field(default_factory=dict)
    code: str = ""
    detail: str = ""

    def of(self, module: dict[str, Any], slot: dict[str, Any]) -> list[Choice]:
        """What can be chosen of one token."""
        return [
            one
            for one in self.choices.values()
            if one.module == module["path"] and slot["token"] and one.token["serial"] == slot["token"]["serial"]
        ]


class Enroller:
    """Asks for the whole box; a second question waits for the first."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._asking = asyncio.Lock()
        self._seen = Seen()
        self._looked_at = float("-inf")

    @property
    def last(self) -> Seen:
        """What was seen last; a form is about something that its person was shown."""
        return self._seen

    async def look(self, again: bool = False) -> Seen:
        """What is plugged in now, or a few seconds ago; `again` for a person who asks to look again."""
        asked_at = time.monotonic()
        async with self._asking:
            old = asked_at > self._looked_at if again else time.monotonic() - self._looked_at > _KEEP_SECONDS
            if old:  # whoever waited while somebody else looked shares what was seen
                try:
                    answer = await asyncio.to_thread(self._ask, {"ask": "look"}, _LOOK_SECONDS)
                    self._seen = _seen(answer["modules"])
                except EnrolmentRefused as error:
                    self._seen = Seen(code=error.code, detail=error.detail)
                self._looked_at = time.monotonic()
        return self._seen

    async def enrol(self, choice: Choice, slot: str, by: str, pin: str, **wish: Any) -> dict[str, Any]:
        """Ask once. ``wish``: certificate (base64), key_id, mechanism, pin_each_signature. Returns slot, subject,
        token_serial. Raises: EnrolmentRefused.
        """
        question = {"ask": "enrol", "slot": slot, "module": choice.module, "token": choice.token["serial"]}
        async with self._asking:
            try:
                return await asyncio.to_thread(self._ask, {**question, "by": by, "pin": pin, **wish}, _ENROL_SECONDS)
            finally:
                self._looked_at = float("-inf")  # what the token says of its PIN may be another thing now

    def _ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        asked = json.dumps(question).encode()
        door = self._config.runtime / "enrolment.sock"
        try:
            said = _over(door, asked, seconds) if door.is_socket() else _by_child(self._config.path, asked, seconds)
            answer = json.loads(said)
            if answer.pop("ok"):
                return dict(answer)
            code, detail = str(answer["code"]), str(answer["detail"])
        except TimeoutError:
            raise EnrolmentRefused("enroller-silent") from None
        except (OSError, ValueError, KeyError, AttributeError):
            raise EnrolmentRefused("enroller-away") from None  # without the cause: a PIN may stand in its frames
        raise EnrolmentRefused(code, detail)


def _over(door: Path, asked: bytes, seconds: float) -> bytes:
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as line:
        line.settimeout(seconds)
        line.connect(str(door))
        line.sendall(asked)
        line.shutdown(socket.SHUT_WR)
        said = bytearray()
        while piece := line.recv(1 << 16):
            said += piece
            line.settimeout(max(0.01, end - time.monotonic()))
            if len(said) > _MOST_BYTES:
                raise ValueError("too long")
    return bytes(said)


def _by_child(config: Path, asked: bytes, seconds: float) -> bytes:
    home = str(Path(__file__).resolve().parents[2])
    search = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-m", "appliance", "--config", str(config), "serve", "enrolment"]
    try:
        done = subprocess.run(
            command,
            input=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": search},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return done.stdout


def _seen(modules: list[dict[str, Any]]) -> Seen:
    found = [choice for module in modules for slot in module["slots"] for choice in _choices(module["path"], slot)]
    return Seen(tuple(modules), {choice.id: choice for choice in found})


def _choices(module: str, slot: dict[str, Any]) -> list[Choice]:
    """Certificates first (those with a key, or with one that does not show), then keys that wait for a certificate,
    then the token itself where it shows no key before the PIN."""
    token = slot["token"]
    if not token or slot.get("problem"):
        return []
    policies, keys = tuple(slot["policies"]), slot["keys"]
    found = [
        Choice(module, token, policies, one, fits=tuple(one["key_ids"]))
        for one in slot["certificates"]
        if (one["key_ids"] or not keys) and not one["refused"]
    ]
    found += [Choice(module, token, policies, None, key["key_id"]) for key in keys if not key["certified"]]
    return found if found or keys else [Choice(module, token, policies)]
