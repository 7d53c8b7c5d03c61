"""The province's pages: the fleet, one box, one document; figures for a monitoring system.

Owns the routes and the event loop's thread. Writes nothing, starts no check; asks the network for nothing.
Invariants: every answer carries a strict content policy; only names of this host are served, so that a page
elsewhere cannot read these by renaming itself. There is no sign-in yet: bind to loopback or behind a proxy.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from sync.province.overview import metrics, survey
from sync.province.store import ProvinceStore
from sync.province.web import pages
from sync.province.web.keys import EVERY_HOST, HOSTS, PROVINCE_NAME, STORE

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
POLL_SECONDS = 0.7
PING_SECONDS = 15.0

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build(store: ProvinceStore, province_name: str, hosts: tuple[str, ...]) -> web.Application:
    """The application over a store; `hosts` are the names it answers to."""
    app = web.Application(middlewares=[_guard])
    app[STORE] = store
    app[PROVINCE_NAME] = province_name
    app[HOSTS] = frozenset(hosts) | EVERY_HOST
    app.router.add_get("/", pages.fleet)
    app.router.add_get("/box/{box}", pages.box)
    app.router.add_get("/document/{box}/{document}", pages.document)
    app.router.add_get("/receipt/{rid}", pages.receipt)
    app.router.add_get("/events", _events)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/healthz", _health)
    app.router.add_static("/static", STATIC, append_version=False)
    return app


@web.middleware
async def _guard(request: web.Request, handler: Answer) -> web.StreamResponse:
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if name.strip("[]") not in request.app[HOSTS]:
        raise web.HTTPMisdirectedRequest(text="unknown host\n")
    try:
        response = await handler(request)
    except web.HTTPNotFound:
        response = pages.not_found(request)
    if not response.prepared:
        _protect(response)
    return response


def _protect(response: web.StreamResponse) -> None:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")


async def _events(request: web.Request) -> web.StreamResponse:
    """Say `changed` whenever the database was written; the page then asks for itself again."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    _protect(response)
    await response.prepare(request)
    store = request.app[STORE]
    seen, quiet = store.connection.change_mark(), 0.0
    try:
        await response.write(b"retry: 2000\n\n")
        while True:
            await asyncio.sleep(POLL_SECONDS)
            mark = store.connection.change_mark()
            quiet += POLL_SECONDS
            if mark != seen:
                seen, quiet = mark, 0.0
                await response.write(b"event: changed\ndata: 1\n\n")
            elif quiet >= PING_SECONDS:
                quiet = 0.0
                await response.write(b": ping\n\n")
    except ConnectionResetError:
        pass  # the page was closed
    return response


async def _metrics(request: web.Request) -> web.Response:
    now = time.time()
    text = metrics(survey(request.app[STORE], now), now)
    return web.Response(text=text, content_type="text/plain")


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"boxes": len(request.app[STORE].fleet.boxes())})


def serve(app: web.Application, host: str, port: int, stop: threading.Event, ready: threading.Event) -> None:
    """Serve until `stop`, on this thread with a loop of its own. Raises OSError when the port is taken."""

    async def run() -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            ready.set()
            while not stop.is_set():  # noqa: ASYNC110 - the event belongs to another thread
                await asyncio.sleep(0.2)
        finally:
            await runner.cleanup()

    asyncio.run(run())
