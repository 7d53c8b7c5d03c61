"""Who may ask for what: the table of all routes, and the guard before every answer.

Owns the decision. Invariants: a route that is not in `ROUTES` cannot be built (`web.build` refuses), so there is no
page that nobody thought about; a request that changes anything needs a living session, the right role, proof that it
comes from a page of this very site (Origin, Sec-Fetch-Site) and the session's own token; every answer carries a strict
content policy; only names of this host are served, so that a page elsewhere cannot read these by renaming itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web

from sync.province.people.entering import who
from sync.province.people.rows import Session
from sync.province.people.rules import Role, may
from sync.province.web.keys import ADDRESS, HOSTS, LOOPBACK, METRICS_TOKEN, PEOPLE, SESSION

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURE_COOKIE, PLAIN_COOKIE = "__Host-tinh", "tinh"
FORM_TOKEN = "token"
MOST_FORM = 64 << 10
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Route:
    """One address and who may ask for it: `needed` None for everybody, signed in or not."""

    method: str
    path: str
    needed: Role | None
    scraped: bool = False
    """A program with the token of the metrics may ask as well."""


_LOOK, _ACT = Role.GIAM_SAT, Role.VAN_HANH
ROUTES: tuple[Route, ...] = (
    Route("GET", "/sign-in", None),
    Route("POST", "/sign-in", None),
    Route("GET", "/healthz", None),
    Route("GET", "/lookup", None),
    Route("GET", "/lookup/{code}", None),
    Route("GET", "/static", None),
    Route("POST", "/sign-out", _LOOK),
    Route("GET", "/password", _LOOK),
    Route("POST", "/password", _LOOK),
    Route("GET", "/", _LOOK),
    Route("GET", "/events", _LOOK),
    Route("GET", "/box/{box}", _LOOK),
    Route("GET", "/document/{box}/{document}", _LOOK),
    Route("GET", "/receipt/{rid}", _LOOK),
    Route("GET", "/metrics", _LOOK, scraped=True),
    Route("GET", "/alerts", _LOOK),
    Route("GET", "/documents", _LOOK),
    Route("GET", "/reports", _LOOK),
    Route("GET", "/reports/file/{kind}", _LOOK),
    Route("GET", "/reports/reminder/{box}", _LOOK),
    Route("GET", "/reports/books", _LOOK),
    Route("GET", "/reports/books/{box}", _LOOK),
    Route("GET", "/reports/week", _LOOK),
    Route("GET", "/reports/week/{box}", _LOOK),
    Route("POST", "/alerts/{number}/acknowledge", _ACT),
    Route("POST", "/silences", _ACT),
    Route("POST", "/silences/{number}/end", _ACT),
    Route("POST", "/box/{box}/log", _ACT),
)
_NOBODYS = frozenset({"/static", "/healthz"})
"""Answered alike whoever asks: nobody's session is looked up for them."""
_TABLE = {(route.method, route.path): route for route in ROUTES}


def cookie_name(request: web.Request) -> str:
    """The session's cookie: bound to this host and to https wherever the pages are reached by https."""
    return SECURE_COOKIE if secure(request) else PLAIN_COOKIE


def secure(request: web.Request) -> bool:
    """The browser reached this page by https: `web_address` in province.toml says so, never a header."""
    return request.app[ADDRESS].startswith("https://") and _name(request) not in LOOPBACK


def may_type_password(request: web.Request) -> bool:
    """A password may be typed on this page: it does not travel in the clear."""
    return secure(request) or _name(request) in LOOPBACK


def form_token(secret: str) -> str:
    """The token that every form of a session carries; made from the cookie, so it needs no row."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def from_this_site(request: web.Request) -> bool:
    """The browser says that a page of this site sent the request. Browsers since 2020 say at least one of the two."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get(hdrs.ORIGIN)
    if site is None and origin is None:
        return False
    own = request.app[ADDRESS] if secure(request) else f"http://{request.host}"
    return site in (None, "same-origin") and origin in (None, own)


@web.middleware
async def guard(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Ask everything before the page does."""
    if _name(request) not in request.app[HOSTS]:
        raise web.HTTPMisdirectedRequest(text="unknown host\n")
    route = _route(request)
    if request.method not in ("GET", "HEAD") and not from_this_site(request):
        raise web.HTTPForbidden(reason="forged")
    if route is not None and route.path in _NOBODYS:
        return await handler(request)
    session = await _session(request)
    if route is None:  # nothing here; a stranger is not told even that
        return await handler(request) if session else _to_sign_in(request)
    if route.needed is None:
        return await handler(request)
    if session is None:
        if route.scraped and _scraper(request):
            return await handler(request)
        return _to_sign_in(request)
    if not may(session.person.role, route.needed):
        raise web.HTTPForbidden(reason="role")
    if request.method not in ("GET", "HEAD"):
        await _check_token(request)
    return await handler(request)


def _route(request: web.Request) -> Route | None:
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    return _TABLE.get((method, resource.canonical)) if resource is not None else None


async def _session(request: web.Request) -> Session | None:
    secret = request.cookies.get(cookie_name(request), "")
    if not 20 <= len(secret) <= 100:
        return None
    session = await asyncio.to_thread(who, request.app[PEOPLE], secret, time.time())
    if session is not None:
        request[SESSION] = session
    return session


async def _check_token(request: web.Request) -> None:
    form = await request.post()
    sent, wanted = form.get(FORM_TOKEN, ""), form_token(request.cookies[cookie_name(request)])
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), wanted.encode()):
        raise web.HTTPForbidden(reason="token")


def _scraper(request: web.Request) -> bool:
    wanted, said = request.app[METRICS_TOKEN], request.headers.get(hdrs.AUTHORIZATION, "")
    return bool(wanted) and hmac.compare_digest(said.encode(), f"Bearer {wanted}".encode())


def _to_sign_in(request: web.Request) -> web.StreamResponse:
    """A page asked for by a browser leads to the door; anything else is simply refused."""
    if request.method == "GET" and "text/html" in request.headers.get(hdrs.ACCEPT, ""):
        raise web.HTTPSeeOther("/sign-in")
    raise web.HTTPUnauthorized(text="sign in\n")


def protect(response: web.StreamResponse) -> None:
    """The headers of every answer."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # Not `no-referrer`: under it browsers send forms with the origin "null", and those are refused.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")


def _name(request: web.Request) -> str:
    host = request.host
    return (host.rsplit(":", 1)[0] if not host.endswith("]") else host).strip("[]")
