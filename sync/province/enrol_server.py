"""The enrolment address: TLS with a certificate of our CA, two calls, few attempts.

Owns the HTTP of it and the limits: a stranger may ask for the CA certificate, and guess a few times.
`GET /v1/authority` gives the CA (PEM), which the box compares with its code; `POST /v1/enrolment` spends a code.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import threading
import time
from collections import OrderedDict, deque

from aiohttp import web

from sync.province.config import Config, Folder
from sync.province.doors import door_tls, open_door
from sync.province.enrolling import Desk, Request, RequestRefused
from sync.province.store import ProvinceStore

log = logging.getLogger("commune-province.enrolment")
MOST_BYTES = 16_384
WINDOW = 600.0
MOST_OF_ONE, MOST_OF_ALL = 5, 50
"""Attempts that failed within `WINDOW` seconds, of one address and of all together, after which nobody is heard. With
50 bits of secret and 48 hours, that leaves a guesser one chance in 10^10."""
READ_SECONDS = 10.0
_HTTP = {"code-unknown": 404, "code-expired": 410, "code-used": 409}


class Attempts:
    """Failed attempts of the last `WINDOW` seconds."""

    def __init__(self) -> None:
        self._of_one: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque()

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may try again; 0: now."""
        waits = [0.0]
        for times, most in ((self._of_one.get(address, deque()), MOST_OF_ONE), (self._all, MOST_OF_ALL)):
            while times and times[0] <= now - WINDOW:
                times.popleft()
            if len(times) >= most:
                waits.append(times[0] + WINDOW - now)
        return max(waits)

    def failed(self, address: str, now: float) -> None:
        """Count one."""
        self._of_one.setdefault(address, deque()).append(now)
        self._of_one.move_to_end(address)
        self._all.append(now)
        while len(self._of_one) > 1000:
            self._of_one.popitem(last=False)


class Enrolment:
    """The two calls."""

    def __init__(self, folder: Folder, desk: Desk) -> None:
        self._folder, self._desk = folder, desk
        self._attempts = Attempts()
        self._one = asyncio.Lock()

    def app(self) -> web.Application:
        """The application."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_get("/v1/authority", self._authority)
        app.router.add_post("/v1/enrolment", self._enrol)
        return app

    async def _authority(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._folder.ca.read_text("ascii"), content_type="application/x-pem-file")

    async def _enrol(self, request: web.Request) -> web.Response:
        address = request.remote or "?"
        try:
            body = await asyncio.wait_for(request.read(), READ_SECONDS)
        except TimeoutError:
            return self._refuse(address, "request-bad")
        async with self._one:  # one digest at a time: each costs memory and 50 ms, whoever asks
            if wait := self._attempts.wait(address, time.monotonic()):
                seconds = str(int(wait) + 1)
                return web.json_response({"code": "too-many"}, status=429, headers={"Retry-After": seconds})
            try:
                said = Request.of(json.loads(body))
                facts = await asyncio.to_thread(self._desk.redeem, said, dt.datetime.now(dt.UTC))
            except ValueError:
                return self._refuse(address, "request-bad")
            except RequestRefused as refused:
                return self._refuse(address, refused.code)
        log.info("enrolled box=%s from=%s", facts["box"], address)
        return web.json_response(facts)

    def _refuse(self, address: str, code: str) -> web.Response:
        self._attempts.failed(address, time.monotonic())
        log.warning("enrolment refused code=%s from=%s", code, address)
        return web.json_response({"code": code}, status=_HTTP.get(code, 400))


def serve(
    folder: Folder, config: Config, store: ProvinceStore, host: str, port: int, stop: threading.Event,
    ready: threading.Event,
) -> None:  # fmt: skip
    """Serve until `stop`. Raises OSError when the address is taken."""
    desk = Desk(folder, config, store)
    try:
        asyncio.run(open_door(Enrolment(folder, desk).app(), door_tls(folder), host, port, stop, ready))
    finally:
        desk.close()
