"""The application: its routes, and running it. ``serve`` is what ``commune-box serve web`` calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime

from aiohttp import web

from appliance.config import Config
from appliance.door import DoorClosed, ask
from appliance.store import Store, open_store, views
from appliance.store.standing import Role
from appliance.web import (
    approvals,
    ca_page,
    cases,
    delegations,
    desk,
    downloads,
    enrolling,
    entrance,
    first_steps,
    handing_in,
    home,
    incoming,
    keys,
    myself,
    papers,
    persons,
    recalling,
    registers,
    reports,
    searching,
    setup_clock,
    setup_folders,
    setup_keys,
    setup_office,
    statics,
    tour,
    verifying,
)
from appliance.web.access import DOERS, EVERYBODY, NOBODY, OFFICERS, SIGNED_IN, allow, only
from appliance.web.admitting import admit
from appliance.web.ca_page import plain_site
from appliance.web.link import Signer
from appliance.web.live import Live
from appliance.web.nudging import Plans
from appliance.web.office import OFFICE, Office
from appliance.web.people import People
from appliance.web.pictures import Draw, Pictures, drawn_by_child
from appliance.web.security import guard
from appliance.web.tls import PageCertificate

SWEEP_SECONDS = 20.0


def make_site(
    config: Config, store: Store, clock: Callable[[], datetime], draw: Draw = drawn_by_child
) -> web.Application:
    """The pages of one box over an open store; the caller closes the store."""
    office = Office(
        config=config,
        store=store,
        clock=clock,
        people=People(store, config.web.secure),
        signer=Signer(config),
        pictures=Pictures(store.blobs, config.box.state_dir / "cache" / "pages", draw),
        live=Live(store, config.link_file, lambda: pages_under_way(config)),
        plans=Plans(config, store),
    )
    app = web.Application(middlewares=[guard, admit], client_max_size=256 << 10)
    app[OFFICE] = office
    verifying.prepare(app)
    delegations.prepare(app)  # before the drafts: /approvals/delegations is none
    approvals.prepare(app)  # before the desk: /desk/many is no paper
    desk.prepare(app)
    papers.prepare(app)
    incoming.prepare(app)
    recalling.prepare(app)
    enrolling.prepare(app, config)
    ca_page.prepare(app)
    entrance.prepare(app)
    first_steps.prepare(app)
    setup_office.prepare(app)
    setup_clock.prepare(app)
    setup_folders.prepare(app)
    setup_keys.prepare(app)
    tour.prepare(app)
    myself.prepare(app)
    persons.prepare(app)
    registers.prepare(app)
    reports.prepare(app)
    cases.prepare(app)
    searching.prepare(app)
    statics.prepare(app)
    app.add_routes(
        [
            web.get("/", home.show),
            web.get("/papers/{id}", papers.show),
            web.post("/papers/{id}/do/{action}", papers.act),
            web.post("/papers/{id}/nudge", papers.nudge),
            web.post("/papers/{id}/token/{slot}", papers.login),
            web.post("/papers/{id}/password", papers.unlock),
            web.get(r"/papers/{id}/pages/{number:\d{1,4}}.jpg", papers.picture),
            web.get("/papers/{id}/cut.jpg", papers.cut_picture),
            web.get("/papers/{id}/files/{rendition}", downloads.rendition),
            web.get("/papers/{id}/receipt.json", downloads.receipt),
            web.get("/papers/{id}/signatures", verifying.of_paper),
            web.get("/verify", verifying.form),
            web.post("/verify", verifying.receive),
            web.get("/certificates", keys.show),
            web.get("/enrolment", enrolling.show),
            web.post("/enrolment", enrolling.enrol),
            web.get("/hand-in", handing_in.form),
            web.post("/hand-in", handing_in.receive),
            web.get("/events", office.live.stream),
            web.get("/healthz", home.health),
        ]
    )
    _say_who_may(app)
    app.cleanup_ctx.append(office.live.running)
    app.cleanup_ctx.append(_sweeping)
    app.on_shutdown.append(office.live.end_streams)
    return app


def _say_who_may(app: web.Application) -> None:
    """The rules of the routes above; modules with a ``prepare`` of their own say theirs there."""
    for path in ("/", "/certificates", "/papers/{id}", "/papers/{id}/signatures", "/events"):
        allow(app, path)
    for path in ("pages/{number}.jpg", "cut.jpg", "files/{rendition}", "receipt.json"):
        allow(app, f"/papers/{{id}}/{path}")
    for path in ("do/{action}", "nudge", "token/{slot}", "password"):
        allow(app, f"/papers/{{id}}/{path}", write=OFFICERS)
    allow(app, "/verify", write=SIGNED_IN, streamed=True)
    allow(app, "/enrolment", read=DOERS, write=OFFICERS)
    handers = OFFICERS | only(Role.SCANNER)
    allow(app, "/hand-in", read=handers, write=handers, streamed=True)
    allow(app, "/healthz", read=EVERYBODY, write=NOBODY)


def pages_under_way(config: Config) -> dict[str, object]:
    """Document id → [page, of] of what the worker is digitizing; nothing when it is not there."""
    try:
        return ask(config.worker_socket, {"ask": "underway"}, 1.0)
    except DoorClosed:
        return {}


async def _sweeping(app: web.Application) -> AsyncIterator[None]:
    """Now and then, remove page pictures that may not be shown any more."""
    office = app[OFFICE]

    def look_and_sweep() -> None:  # in one go: a paper digitized between the two would lose its new pictures
        office.pictures.sweep(office.store.read(views.showable_digests))

    async def sweep() -> None:
        while True:
            await asyncio.to_thread(look_and_sweep)
            await asyncio.sleep(SWEEP_SECONDS)

    sweeping = asyncio.create_task(sweep())
    yield
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping


def serve(config: Config, stop: threading.Event, ready: Callable[[], None] = lambda: None) -> None:
    """Serve the pages on the configured address until ``stop`` is set; ``ready`` is called once it listens.

    Raises:
        OSError: the address is in use.
    """
    store = open_store(config.database, config.blobs)
    try:
        asyncio.run(_run(config, store, stop, ready))
    finally:
        store.close()


async def _run(config: Config, store: Store, stop: threading.Event, ready: Callable[[], None]) -> None:
    app = make_site(config, store, lambda: datetime.now(UTC))
    certificate = PageCertificate(config.web) if config.web.secure else None
    runners = [web.AppRunner(app, access_log=None, shutdown_timeout=3)]
    if certificate and config.web.plain_port:
        runners.append(web.AppRunner(plain_site(app[OFFICE]), access_log=None, shutdown_timeout=1))
    for runner in runners:
        await runner.setup()
    keeping = asyncio.create_task(certificate.keep_current()) if certificate else None
    try:
        context = certificate.context if certificate else None
        await web.TCPSite(runners[0], config.web.host, config.web.port, ssl_context=context).start()
        for runner in runners[1:]:
            await web.TCPSite(runner, config.web.host, config.web.plain_port).start()
        ready()
        await asyncio.to_thread(stop.wait)
    finally:
        if keeping:
            keeping.cancel()
        for runner in reversed(runners):
            await runner.cleanup()
