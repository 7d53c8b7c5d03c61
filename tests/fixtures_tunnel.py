"""The province's address for boxes behind a proxy, on a loopback port, before any broker."""

from __future__ import annotations

import asyncio
import ssl
import threading
from pathlib import Path
from types import TracebackType

from sync.province.doors import open_door
from sync.province.tunnel_door import Door
from sync.websocket import WebSocketWay
from tests.fixtures_broker import HOST, free_port


class TunnelDoor:
    """`with TunnelDoor(certificate, key, broker_port) as way:` - the way of a link."""

    def __init__(self, certificate: Path, key: Path, broker_port: int, door: Door | None = None) -> None:
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate, key)
        self._door = door or Door(HOST, broker_port)
        self._stop, self._ready = threading.Event(), threading.Event()
        self.way = WebSocketWay(free_port())
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        asyncio.run(open_door(self._door.app(), self._tls, HOST, self.way.port, self._stop, self._ready))

    def __enter__(self) -> WebSocketWay:
        self._thread.start()
        assert self._ready.wait(10)
        return self.way

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(15)
