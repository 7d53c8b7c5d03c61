"""Telling open pages that something changed: server-sent events, driven by the store's commit counter.

A thread of its own looks at ``store.data_version`` (a counter per connection, so always from the same thread) and at
the link file. An event carries no content: the page fetches itself again, which is also what it does after every
reconnect, so a lost event loses nothing. A page carries the number that was current before its facts were read and
gives it when it starts to listen (``?since=``): what changed in between is told at once.

A second event, ``underway``, brings the pages being digitized (document id → [page, of]), as the worker tells them at
its door; a page of the box shows them in place, without fetching anything.

Invariant: every stream gets a comment at least every 15 seconds and ends when the service stops.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from appliance.store import Store

LOOK_SECONDS = 0.4
PING_SECONDS = 15.0
ASK_EVERY = 3
"""The worker is asked for its pages at every third look, and only while somebody listens."""
MOST_STREAMS = 64
log = logging.getLogger(__name__)


@dataclass
class _Told:
    """What one stream was told last."""

    number: int
    pages: str = "{}"


class Live:
    """Watches the store and wakes every open stream; ``underway`` gives the pages being digitized."""

    def __init__(self, store: Store, link_file: Path, underway: Callable[[], Mapping[str, object]] = dict) -> None:
        self._underway = underway
        self._pages = "{}"
        self._store = store
        self._link_file = link_file
        self._stop = threading.Event()
        self._woken: set[asyncio.Event] = set()
        self._number = secrets.randbits(40)  # never the number of a page that an earlier run of the service made

    @property
    def number(self) -> int:
        """Rises with every change."""
        return self._number

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """The watching thread, for the lifetime of the application (an aiohttp clean-up context)."""
        thread = threading.Thread(target=self._watch, args=(asyncio.get_running_loop(),), name="web-live", daemon=True)
        thread.start()
        yield
        self._stop.set()
        await asyncio.to_thread(thread.join, 5)

    async def end_streams(self, _app: web.Application) -> None:
        """Let every stream end, so that stopping the service does not wait for browsers."""
        self._stop.set()
        self._wake()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """``GET /events``: one event per change, a comment every 15 s."""
        if len(self._woken) >= MOST_STREAMS:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "15"})
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        woken, told = asyncio.Event(), _Told(self._number)
        if request.query.get("since", str(self._number)) != str(self._number):
            told.number = -1
        if told.number < 0 or told.pages != self._pages:
            woken.set()
        self._woken.add(woken)
        try:
            await response.write(b"retry: 2000\n\n")
            while not self._stop.is_set():
                await response.write(await self._next_message(woken, told))
        except ConnectionResetError:
            pass  # the page was closed
        finally:
            self._woken.discard(woken)
        return response

    async def _next_message(self, woken: asyncio.Event, told: _Told) -> bytes:
        try:
            async with asyncio.timeout(PING_SECONDS):
                await woken.wait()
        except TimeoutError:
            return b": ping\n\n"
        woken.clear()
        message = ""
        if told.number != self._number:
            told.number = self._number
            message += f"event: changed\nid: {self._number}\ndata: {self._number}\n\n"
        if told.pages != self._pages:
            told.pages = self._pages
            message += f"event: underway\ndata: {self._pages}\n\n"
        return message.encode() or b": nothing new\n\n"

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        seen: tuple[int, int] | None = None
        looks = 0
        while not self._stop.wait(LOOK_SECONDS):
            looks += 1
            try:
                now = self._look()
                pages = self._asked() if self._woken and looks % ASK_EVERY == 0 else self._pages
            except (
                Exception
            ):  # a store that is being restored or has no file handle left: look again, never stop looking
                log.exception("could not look for changes")
                self._stop.wait(PING_SECONDS)
                continue
            if seen not in (None, now):
                loop.call_soon_threadsafe(self._wake)
            if pages != self._pages:
                loop.call_soon_threadsafe(self._wake_for, pages)
            seen = now

    def _asked(self) -> str:
        return json.dumps(self._underway(), sort_keys=True)

    def _look(self) -> tuple[int, int]:
        try:
            link = self._link_file.stat().st_mtime_ns
        except OSError:
            link = 0
        return self._store.data_version(), link

    def _wake(self) -> None:
        self._number += 1
        for woken in self._woken:
            woken.set()

    def _wake_for(self, pages: str) -> None:
        self._pages = pages
        for woken in self._woken:
            woken.set()
