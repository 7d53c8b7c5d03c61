"""The address for boxes behind a proxy that lets only HTTPS through: bytes from a WebSocket to the broker and back.

Owns nothing of what passes: it is TLS between a box and the broker, in which both prove who they are; a stranger gets
as far here as at the broker's own port. Bounds: how many at once, how long somebody may say nothing at the start, and
how much waits for a slow end. A web server with a public certificate may stand before it and lead `/mqtt` here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading

from aiohttp import WSMsgType, web

from sync.province.config import Config, Folder
from sync.province.doors import door_tls, open_door

log = logging.getLogger("commune-province.tunnel")
PATH = "/mqtt"
MOST_AT_ONCE = 4096
"""More than all communes of the country."""
MOST_MESSAGE = 256 * 1024
FIRST_SECONDS = 15.0
_PIECE = 32 * 1024


class Door:
    """Leads to the broker at `host`:`port`."""

    def __init__(self, host: str, port: int, most: int = MOST_AT_ONCE, first_seconds: float = FIRST_SECONDS) -> None:
        self._host, self._port, self._most, self._first = host, port, most, first_seconds
        self._open = 0

    def app(self) -> web.Application:
        """The application."""
        app = web.Application()
        app.router.add_get(PATH, self._come_in)
        return app

    async def _come_in(self, request: web.Request) -> web.StreamResponse:
        if self._open >= self._most:
            return web.Response(status=503)
        socket = web.WebSocketResponse(protocols=("mqtt",), max_msg_size=MOST_MESSAGE, compress=False, timeout=1.0)
        if not socket.can_prepare(request) or "mqtt" not in request.headers.get("Sec-WebSocket-Protocol", ""):
            return web.Response(status=426, headers={"Upgrade": "websocket"})
        self._open += 1
        try:
            await self._carry(socket, request)
        finally:
            self._open -= 1
        return socket

    async def _carry(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        await socket.prepare(request)
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError as error:
            log.warning("the broker is away: %s", error)
            await socket.close(code=1013)
            return
        ways = [asyncio.create_task(self._inward(socket, writer)), asyncio.create_task(_outward(reader, socket))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                await socket.close()

    async def _inward(self, socket: web.WebSocketResponse, writer: asyncio.StreamWriter) -> None:
        patience: float | None = self._first
        while True:
            message = await socket.receive(timeout=patience)
            if message.type is not WSMsgType.BINARY:
                return
            patience = None  # from now on it is the broker who says how long somebody may be silent
            writer.write(message.data)
            await writer.drain()


async def _outward(reader: asyncio.StreamReader, socket: web.WebSocketResponse) -> None:
    while piece := await reader.read(_PIECE):
        await socket.send_bytes(piece)


def serve(folder: Folder, config: Config, host: str, stop: threading.Event, ready: threading.Event) -> None:
    """Serve until `stop`. Raises OSError when the address is taken."""
    door = Door(config.broker_host, config.broker_port)
    asyncio.run(open_door(door.app(), door_tls(folder), host, config.websocket_port, stop, ready))
