"""The wall: every commune as a tile or a row, live.

Owns the page, its filters, and the stream of what changed. An open page is sent rows that changed, nothing else; pages
about one thing are told when that thing changed and ask for themselves again.
"""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from sync.province.folding import folded
from sync.province.people.entering import who
from sync.province.people.rules import Role
from sync.province.store import RowsAway
from sync.province.urgency import Tier
from sync.province.web.access import Answer, cookie_name, protect
from sync.province.web.board import BOARD, Board, Line, Shown, turning
from sync.province.web.keys import PEOPLE, SESSION, STORE
from sync.province.web.page import environment, language_of, rendered
from sync.province.web.rows import COLUMNS
from sync.province.wording import Wording

LOOK_SECONDS, PING_SECONDS, ASK_WHO_SECONDS = 0.5, 15.0, 30.0
FIRST_ROWS, PAINT_SECONDS = 60, 0.15
"""Rows of the first part of the page, and how much later the others follow."""
PRESSED, PRESS_LEVEL = 20_000, 4
CUT = "<!-- cut -->"
MOST_ROWS = 600
"""More changed rows than this at one go: the page is asked to load itself again, which is shorter."""
FILTERS: dict[str, Callable[[Line], bool]] = {
    "": lambda line: True,
    "loud": lambda line: line.tier >= Tier.WARNING,
    "off": lambda line: not line.online,
    "waiting": lambda line: line.waits,
}


async def wall(request: web.Request) -> web.StreamResponse:
    """`GET /`: all communes; `q` part of a name, `show` a filter, `sort=name`, `view=tiles` or `rows`."""
    shown = await asyncio.to_thread(request.app[BOARD].at_hand, language_of(request))
    query, chosen, sort = request.query.get("q", "")[:60], request.query.get("show", ""), request.query.get("sort", "")
    keep, sought = FILTERS.get(chosen, FILTERS[""]), folded(query).split()
    rows = [
        line
        for line in shown.rows
        if keep(line) and all(word in folded(f"{line.commune} {line.box}") for word in sought)
    ]
    if sort == "name":
        rows.sort(key=lambda line: (folded(line.commune), line.box))
    view = "tiles" if request.query.get("view", request.cookies.get("view", "")) == "tiles" else "rows"
    facts = {
        "figures": shown.figures,
        "version": shown.version,
        "count": len(rows),
        "first": [line.text for line in rows[:FIRST_ROWS]],
        "cut": CUT,
        "columns": COLUMNS,
        "query": query,
        "chosen": chosen if chosen in FILTERS else "",
        "sort": "name" if sort == "name" else "",
        "view": view,
        "whole": not sought and not chosen,
    }
    page = rendered(request, "wall.html", facts)
    if "view" in request.query:
        page.set_cookie("view", view, max_age=365 * 86_400, httponly=True, samesite="Strict")
    head, _cut, foot = (page.text or "").partition(CUT)
    return await _in_two(request, page, head, "\n".join(line.text for line in rows[FIRST_ROWS:]) + foot)


async def _in_two(request: web.Request, page: web.Response, head: str, rest: str) -> web.StreamResponse:
    """Send the first screen at once, so that it is painted while the other thousands of rows are on their way."""
    if "gzip" not in request.headers.get("Accept-Encoding", "") or request.method == "HEAD" or len(rest) < PRESSED:
        page.text = head + rest
        return page
    response = web.StreamResponse(status=page.status, headers=page.headers)
    response.cookies.update(page.cookies)
    for name in ("Content-Length", "Content-Encoding"):
        response.headers.pop(name, None)
    response.headers["Content-Encoding"] = "gzip"
    protect(response)
    press = zlib.compressobj(PRESS_LEVEL, wbits=31)
    try:
        await response.prepare(request)
        await response.write(press.compress(head.encode()) + press.flush(zlib.Z_SYNC_FLUSH))
        rest_pressed = await asyncio.to_thread(lambda: press.compress(rest.encode()) + press.flush())
        await asyncio.sleep(PAINT_SECONDS)
        await response.write(rest_pressed)
        await response.write_eof()
    except ConnectionResetError:
        pass  # the page was closed
    return response


async def events(request: web.Request) -> web.StreamResponse:
    """`GET /events`: what changed. `wall=VERSION`: rows of the wall; `box=NAME`: a word when this box changed."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    protect(response)
    try:
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        feed = _wall_feed(request) if "wall" in request.query else _mark_feed(request)
        asked = quiet = time.monotonic()
        while True:
            try:
                said = await feed()
            except RowsAway:
                said = b""
            now = time.monotonic()
            if said or now - quiet >= PING_SECONDS:
                await response.write(said or b": ping\n\n")
                quiet = now
            if now - asked >= ASK_WHO_SECONDS:
                asked = now
                if not await asyncio.to_thread(_still_in, request):
                    break
            await asyncio.sleep(LOOK_SECONDS)
    except ConnectionResetError:
        pass  # the page was closed
    return response


def _still_in(request: web.Request) -> bool:
    """A supervisor's open page keeps the session alive, for the wall hangs in a room; an operator's could act."""
    looks = request[SESSION].person.role is Role.GIAM_SAT
    return who(request.app[PEOPLE], request.cookies[cookie_name(request)], time.time(), used=looks) is not None


def _wall_feed(request: web.Request) -> Callable[[], Awaitable[bytes]]:
    board, language = request.app[BOARD], language_of(request)
    typed = request.query["wall"]
    known = int(typed) if typed.isdecimal() and len(typed) < 16 else 0
    figures = ""

    async def feed() -> bytes:
        nonlocal known, figures
        shown = await asyncio.to_thread(board.shown, language)
        if not board.first <= known <= shown.version:
            known = shown.version
            return _event("reload", {})
        changed = shown.since(known)
        heading = _figures(shown, language)
        if not changed and heading == figures:
            return b""
        known = shown.version
        if len(changed) > MOST_ROWS:
            return _event("reload", {})
        same, figures = heading == figures, heading
        return _event("rows", {"version": known, "rows": changed, "figures": "" if same else heading})

    return feed


def _figures(shown: Shown, language: str) -> str:
    w = Wording(language)
    return environment().get_template("wall-figures.html").render(w=w, _=w.say, figures=shown.figures, now=shown.at)


def _mark_feed(request: web.Request) -> Callable[[], Awaitable[bytes]]:
    """A word whenever what the page is about changed: one box's row or answers, or anything at all."""
    store, board, box = request.app[STORE], request.app[BOARD], request.query.get("box", "")

    def look() -> object:
        return _mark_of(board, box) if box else store.connection.change_mark()

    before: object = None

    async def feed() -> bytes:
        nonlocal before
        mark = await asyncio.to_thread(look)
        changed, before = before is not None and mark != before, mark
        return b"event: changed\ndata: 1\n\n" if changed else b""

    return feed


def _mark_of(board: Board, box: str) -> object:
    view = next((view for view in board.fleet().boxes if view.box.box == box), None)
    if view is None:
        return ()
    return (
        view.last_rid,
        view.transfers,
        view.waiting,
        view.online,
        view.quiet,
        [found.code for found in view.findings],
    )


def _event(name: str, facts: dict[str, object]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(facts, ensure_ascii=False)}\n\n".encode()


def prepare(app: web.Application) -> None:
    """The board that all pages share."""
    app[BOARD] = Board(app[STORE])
    app.cleanup_ctx.append(turning)


HANDLED: dict[tuple[str, str], Answer] = {("GET", "/"): wall, ("GET", "/events"): events}
