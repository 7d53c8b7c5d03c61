"""The one page for everybody: how far a case dossier is, by the code on its receipt (RC1, RC3: công khai kết quả).

Owns the look-up. A state and days are all that is known here (PROTOCOL.md 4.9) and all that is said; asking is limited,
so that nobody tries codes through.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import re
import time
from typing import Any

from aiohttp import web

from sync.protocol.account import CaseState, code_digest
from sync.province import days
from sync.province.store.account_rows import AccountRows
from sync.province.web.access import Answer, secure
from sync.province.web.keys import STORE
from sync.province.web.page import rendered
from sync.province.web.throttle import Throttle
from sync.province.wording import _

EACH, TOGETHER = 10, 600
THROTTLE: web.AppKey[Throttle] = web.AppKey("lookup_throttle", Throttle)
CODE = re.compile(r"([0-9]{5})\.[0-9]{6}\.[0-9A-Z]{6}")
STATES = {
    CaseState.OPEN: _("Đang kiểm tra thành phần"),
    CaseState.ACCEPTED: _("Đã tiếp nhận, đang giải quyết"),
    CaseState.REFUSED: _("Từ chối tiếp nhận"),
    CaseState.RETURNED: _("Đã trả kết quả"),
}


async def lookup(request: web.Request) -> web.Response:
    """`GET /lookup?code=` and `GET /lookup/{code}`."""
    typed = (request.match_info.get("code") or request.query.get("code", ""))[:40]
    code = "".join(typed.split()).upper()
    facts: dict[str, Any] = {"code": code, "found": None, "fault": "", "states": STATES}
    if not code:
        return rendered(request, "lookup.html", facts)
    if not request.app[THROTTLE].allows(asker_of(request), time.monotonic()):
        return rendered(request, "lookup.html", {**facts, "fault": "too-often"}, 429)
    office, rows = CODE.fullmatch(code), AccountRows(request.app[STORE].connection)
    found = await asyncio.to_thread(rows.case, f"commune-{office[1]}", code_digest(code)) if office else None
    if found is None:
        return rendered(request, "lookup.html", {**facts, "fault": "unknown"}, 404)
    shown = {"state": found.state, "day": _day(found.day), "due": _day(found.due) if found.due else ""}
    return rendered(request, "lookup.html", {**facts, "found": shown})


def asker_of(request: web.Request) -> str:
    """Whose questions are counted together: the address that the proxy on this host names last, else the peer's; of
    IPv6 the network, for there one asker has as many addresses as he likes."""
    peer = request.remote or ""
    named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    if named and secure(request) and _is_loopback(peer):
        peer = named
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _day(number: int) -> str:
    return (days.EPOCH + dt.timedelta(days=number)).isoformat()


def prepare(app: web.Application) -> None:
    """What limits the asking."""
    app[THROTTLE] = Throttle(EACH, TOGETHER)


HANDLED: dict[tuple[str, str], Answer] = {("GET", "/lookup"): lookup, ("GET", "/lookup/{code}"): lookup}
