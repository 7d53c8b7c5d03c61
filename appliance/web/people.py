"""Who is at the browser: a name and a role, said once and remembered in a signed cookie.

There are no accounts yet: this is an honest "Bạn là ai?", written into the history of every paper, and no protection
against somebody who lies. Accounts with passwords come later and take the place of this module. The signature only
keeps the cookie from being altered by accident or from another page. Invariant: an action has a person, or it does
not happen.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from appliance.store.standing import Role
from appliance.wording.states import ROLES

COOKIE = "commune-box-person"
_REMEMBERED = 12 * 3600
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Person:
    """Somebody of the office, as they said."""

    name: str
    role: Role

    @property
    def by(self) -> str:
        """How history names them: the role as it is called in the language of the office's records."""
        return f"{self.name} ({ROLES[self.role.value]})"


def clean_line(text: str, longest: int) -> str:
    """``text`` as one NFC line without control characters, cut to ``longest`` letters."""
    spaced = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", text))
    return " ".join(spaced.split())[:longest].strip()


def person_in(form: Mapping[str, object]) -> Person | None:
    """The person named by a form's fields ``person`` and ``role``, or None when either is absent or unknown."""
    name = clean_line(str(form.get("person", "")), _LONGEST_NAME)
    try:
        role = Role(str(form.get("role", "")))
    except ValueError:
        return None
    return Person(name, role) if name else None


class Remembered:
    """Writes and reads the signed cookie; the key lies in the box's state folder and is made at first use."""

    def __init__(self, key_file: Path) -> None:
        self._key = _key_in(key_file)

    def person(self, request: web.Request) -> Person | None:
        """The person this browser remembers, or None; a cookie that was changed counts as absent."""
        body, _, seal = request.cookies.get(COOKIE, "").partition(".")
        if not body or not hmac.compare_digest(seal.encode(), self._seal(body).encode()):
            return None
        try:
            said = json.loads(base64.urlsafe_b64decode(body))
            return person_in(said)
        except (ValueError, binascii.Error, AttributeError):
            return None

    def remember(self, response: web.StreamResponse, person: Person) -> None:
        """Put the cookie on ``response``; for half a day, so that tomorrow's colleague is asked again."""
        said = {"person": person.name, "role": person.role.value}
        body = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
        value = f"{body}.{self._seal(body)}"
        response.set_cookie(COOKIE, value, max_age=_REMEMBERED, httponly=True, samesite="Strict", path="/")

    def _seal(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()


def _key_in(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) == 32:
            return key
        path.unlink()  # cut short by a power cut: nobody is remembered, nothing else is lost
        return _key_in(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(fresh := os.urandom(32))
    return fresh
