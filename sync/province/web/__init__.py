"""The province's pages: the wall, one box, one document, what to do; figures for a monitoring system.

Owns the building of the application and the event loop's thread. Asks the network for nothing. Who may see what is
`access`'s; what a page says is `pages`' and its neighbours'.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from sync.province.people.rows import People
from sync.province.printing.paper import Letterhead
from sync.province.store import ProvinceStore
from sync.province.web import (
    access,
    alerts,
    books,
    box,
    digests,
    entering,
    looking_up,
    metering,
    pages,
    public,
    reports,
    wall,
)
from sync.province.web.access import ROUTES, Answer, guard, protect
from sync.province.web.keys import (
    ADDRESS,
    DOOR,
    HOSTS,
    LETTERHEAD,
    LOOPBACK,
    METRICS_TOKEN,
    PEOPLE,
    PROVINCE_NAME,
    STORE,
)
from sync.province.web.memory import few_threads

Pages = web.Application
STATIC = Path(__file__).parent / "static"
HANDLED: dict[tuple[str, str], Answer] = {
    **entering.HANDLED,
    **wall.HANDLED,
    **alerts.HANDLED,
    **box.HANDLED,
    **pages.HANDLED,
    **looking_up.HANDLED,
    **reports.HANDLED,
    **digests.HANDLED,
    **books.HANDLED,
    **metering.HANDLED,
    **public.HANDLED,
}


def build(
    store: ProvinceStore, province_name: str, hosts: tuple[str, ...], address: str = "", metrics_token: str = "",
    *, letterhead: Letterhead | None = None,
) -> web.Application:  # fmt: skip
    """The application over a store; `hosts` are the names it answers to.

    `address`: where people reach the pages through a proxy that speaks https, such as `https://tinh.example`;
    `metrics_token`: what a scraper must say, empty for none; `letterhead`: of letters as PDF.
    Raises ValueError when a route has no rule.
    """
    app = web.Application(middlewares=[_told, guard], client_max_size=access.MOST_FORM)
    app[STORE], app[PEOPLE] = store, People(store.connection)
    app[PROVINCE_NAME], app[ADDRESS], app[METRICS_TOKEN] = province_name, address.rstrip("/"), metrics_token
    app[LETTERHEAD] = letterhead or Letterhead(province_name)
    app[HOSTS] = frozenset(hosts) | LOOPBACK | ({urlsplit(address).hostname or ""} if address else set())
    app[DOOR] = asyncio.Lock()
    ruled = {(route.method, route.path) for route in ROUTES} - {("GET", "/static")}
    if ruled != set(HANDLED):
        raise ValueError(f"routes without a rule or a page: {sorted(ruled ^ set(HANDLED))}")
    for (method, path), page in HANDLED.items():
        app.router.add_route(method, path, page)
        if method == "GET":
            app.router.add_route("HEAD", path, page)
    app.router.add_static("/static", STATIC, append_version=False)
    wall.prepare(app)
    public.prepare(app)
    return app


@web.middleware
async def _told(request: web.Request, handler: Answer) -> web.StreamResponse:
    """What is refused or not there is said in words, and every answer is locked down."""
    try:
        response = await handler(request)
    except web.HTTPNotFound:
        response = pages.not_found(request)
    except web.HTTPForbidden as refused:
        response = pages.refused(request, refused.reason)
    except web.HTTPException as other:
        protect(other)
        raise
    if not response.prepared:
        if request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-cache"  # asked for again, and answered with 304
        protect(response)
    return response


def serve(app: web.Application, host: str, port: int, stop: threading.Event, ready: threading.Event) -> None:
    """Serve until `stop`, on this thread with a loop of its own. Raises OSError when the port is taken."""

    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(few_threads())
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
