"""What the province's addresses for boxes have in common: TLS with the broker's certificate, and an end when told."""

from __future__ import annotations

import asyncio
import ssl
import threading

from aiohttp import web

from sync.province.config import Folder


async def open_door(
    app: web.Application, tls: ssl.SSLContext, host: str, port: int, stop: threading.Event, ready: threading.Event
) -> None:
    """Serve until `stop`, an event of another thread. Raises OSError when the address is taken."""
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=5, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls, backlog=128).start()
        ready.set()
        while not stop.is_set():  # noqa: ASYNC110 - the event belongs to another thread
            await asyncio.sleep(0.2)
    finally:
        await runner.cleanup()


def door_tls(folder: Folder) -> ssl.SSLContext:
    """TLS of a server that asks for no certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder.broker_certificate, folder.broker_key)
    return context
