"""A provincial LGSP platform on a real port: takes packets, offers some, and answers with the faults of a script."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

SECRET = "bi-mat-cua-tinh"


class FakeLgsp:
    """`script` holds what the next calls of sendEdoc answer; when it is empty packets are taken."""

    def __init__(self) -> None:
        self.script: list[str] = []
        self.taken: list[tuple[str, str, bytes]] = []
        """(messageType, file name, bytes) of everything that reached the platform whole, taken or not."""
        self.accepted: list[bytes] = []
        self.offered: dict[str, tuple[str, str]] = {}
        """docId → (messageType, edXML)."""
        self.told: list[tuple[str, str]] = []
        self.request_ids: list[str] = []
        self.list_broken = False
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[FakeLgsp]:
        """Serve on a free loopback port."""
        ready, loop = threading.Event(), asyncio.new_event_loop()
        stop = asyncio.Event()

        async def serve() -> None:
            app = web.Application(client_max_size=1 << 26)
            app.router.add_post("/api/v1/sendEdoc", self._send)
            app.router.add_get("/api/v1/syncReceivedEdocList", self._list)
            app.router.add_get("/api/v1/getEdoc", self._get)
            app.router.add_post("/api/v1/updateStatus", self._update)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self.url = f"http://127.0.0.1:{port}/api"
            ready.set()
            await stop.wait()
            await runner.cleanup()

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
        thread.start()
        assert ready.wait(10)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(10)
            loop.close()

    async def _send(self, request: web.Request) -> web.StreamResponse:
        if not self._known(request):
            return self._error("15", "sai khóa")
        fields = await request.post()
        file = fields["edocFile"]
        assert isinstance(file, web.FileField)
        content = file.file.read()
        self.taken.append((str(fields["messageType"]), file.filename, content))
        self.request_ids.append(request.headers["X-Request-Id"])
        fault = self.script.pop(0) if self.script else ""
        match fault:
            case "":
                self.accepted.append(content)
                return web.json_response({"success": True, "message": "OK", "docId": f"doc-{len(self.accepted)}"})
            case "lost":  # taken, and the answer dies on its way
                self.accepted.append(content)
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case "reset":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case "hang":
                await asyncio.sleep(30)
                return web.Response()
            case "html":
                return web.Response(text="<html>Trang chủ</html>", content_type="text/html")
            case "elsewhere":
                raise web.HTTPFound("http://127.0.0.1:1/steal")
            case "429":
                return web.Response(status=429, headers={"Retry-After": "77"})
            case _ if fault.startswith("lgsp-"):
                return self._error(fault.removeprefix("lgsp-"), "lỗi theo kịch bản")
            case _:
                return web.Response(status=int(fault), text="no")

    async def _list(self, request: web.Request) -> web.Response:
        if self.list_broken:
            return web.Response(status=502)
        kind = request.query["messageType"]
        if not self._known(request):
            return self._error("15", "sai khóa")
        assert request.query["fromDate"][4] == "/"
        rows = [{"docId": each, "status": "initial"} for each, (of, _) in self.offered.items() if of == kind]
        return web.json_response({"success": True, "message": "OK", "count": len(rows), "data": rows})

    async def _get(self, request: web.Request) -> web.Response:
        text = self.offered[request.query["docId"]][1]
        return web.json_response({"success": True, "message": "OK", "data": {"docId": "x", "edxml": text}})

    async def _update(self, request: web.Request) -> web.Response:
        said: dict[str, Any] = await request.json()
        self.told.append((said["docId"], said["status"]))
        return web.json_response({"success": True, "message": "OK"})

    @staticmethod
    def _known(request: web.Request) -> bool:
        return request.headers.get("X-SecretKey", "").encode("utf-8", "surrogateescape").decode() == SECRET

    @staticmethod
    def _error(code: str, text: str) -> web.Response:
        inner = {"docId": None, "status": "error", "errorCode": code, "errorDesc": text}
        return web.json_response({"success": False, "message": "Loi", "data": inner})
