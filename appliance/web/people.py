"""Who is at the browser: the account of the session that the request's cookie names.

Sessions are rows (``appliance.accounts.entering``); this module knows the cookie, keeps in memory when each session was
last used, and gives each a token for its forms. A use is written down only now and then: every commit wakes all open
pages, and a page that refreshes itself would keep itself awake. Such refreshes, and the stream of events, are no use
either: a session ends while its page stands open on an empty desk.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from appliance.accounts import entering
from appliance.accounts.rules import WHOLE, idle_of
from appliance.store import Store
from appliance.store import accounts as rows
from appliance.store.standing import Role
from appliance.wording.states import ROLES

COOKIE, SECURE_COOKIE = "commune-box-session", "__Host-commune-box-session"
"""The second only over TLS: browsers then take it from nobody but this very host (RFC 6265bis, 4.1.3.2)."""
LIVE_HEADER = "X-Commune-Live"
"""Sent by ``box.js`` with a request that no person made."""
_MOST_REMEMBERED = 4096


@dataclass(frozen=True)
class Person:
    """Somebody of the office, signed in. ``account`` is the id of their row, ``login`` what they type."""

    name: str
    role: Role
    account: str = ""
    login: str = ""

    @property
    def by(self) -> str:
        """How history names them: the role as it is called in the language of the office's records."""
        return f"{self.name} ({ROLES[self.role.value]})"


@dataclass(frozen=True)
class Entered:
    """A request's session: who it is, the session's row, and whether the password must be changed first."""

    person: Person
    session: rows.Session
    account: rows.Account


ENTERED = web.RequestKey("who is signed in", Entered)


def clean_line(text: str, longest: int) -> str:
    """``text`` as one NFC line without control characters, cut to ``longest`` letters."""
    spaced = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", text))
    return " ".join(spaced.split())[:longest].strip()


class People:
    """Recognises sessions and gives and takes their cookie; ``secure``: the pages come over TLS."""

    def __init__(self, store: Store, secure: bool = False) -> None:
        self._store, self._secure = store, secure
        self._seen: dict[str, datetime] = {}
        self.cookie = SECURE_COOKIE if secure else COOKIE

    def person(self, request: web.Request) -> Person | None:
        """Who sends this request, or None; never None behind a rule of ``access`` that is not for everybody."""
        entered = request.get(ENTERED)
        return entered.person if entered else None

    async def recognise(self, request: web.Request, now: datetime) -> None:
        """Find the request's session, if it has one that still holds, and note that it is used."""
        session_id = request.cookies.get(self.cookie, "")
        if not session_id or len(session_id) > 100:
            return
        found = await asyncio.to_thread(entering.recognise, self._store, session_id, now, self._seen.get)
        if found is None:
            return
        session, account = found
        request[ENTERED] = Entered(Person(account.name, account.role, account.id, account.login), session, account)
        if LIVE_HEADER not in request.headers and request.path != "/events":
            await self._used(session, account.role, now)

    async def _used(self, session: rows.Session, role: Role, now: datetime) -> None:
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen = {digest: seen for digest, seen in self._seen.items() if now - seen < WHOLE}
        self._seen[session.id_sha256] = now
        if now - session.last_seen >= idle_of(role) / 4:
            await asyncio.to_thread(self._store.write, lambda db: rows.touch(db, session.id_sha256, now))

    def remember(self, response: web.StreamResponse, session_id: str) -> None:
        """Put the cookie of a new session on ``response``; the browser forgets it when it is closed."""
        response.set_cookie(self.cookie, session_id, httponly=True, samesite="Strict", path="/", secure=self._secure)

    def forget(self, response: web.StreamResponse) -> None:
        """Take the cookie away."""
        response.del_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="Strict")


def token_of(session: rows.Session) -> str:
    """The token of a session's forms: HMAC over the session, so that a page from elsewhere cannot bring one along."""
    return hmac.new(session.csrf_key, f"form:{session.id_sha256}".encode(), hashlib.sha256).hexdigest()


def form_token(request: web.Request) -> str:
    """The token for the forms of this request's page; empty where nobody is signed in."""
    entered = request.get(ENTERED)
    return token_of(entered.session) if entered else ""


def token_fits(request: web.Request, given: str) -> bool:
    """Whether ``given`` is the token of the request's session."""
    wanted = form_token(request)
    return bool(wanted) and hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
