"""An LGSP-style platform over HTTP: the other side of the bridge as a service.

Owns the four calls that such platforms offer (POST v1/sendEdoc, GET v1/syncReceivedEdocList, GET v1/getEdoc, POST
v1/updateStatus) and their headers. Follows no redirection: the secret goes to the configured address only. What an
answer means for a packet is said by `answers`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import ssl
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from sync.province.bridge.answers import Answer, Verdict, judged, no_answer
from sync.province.bridge.exchange import Arrival
from sync.province.bridge.places import MOST_BYTES, Places
from sync.province.bridge.settings import Settings

log = logging.getLogger("commune-province.edxml")
DAYS_BACK = 7
"""The list is asked for so many days back: what was fetched before is known by its bytes."""
_MOST_ANSWER = 1 << 20


class NotFetched(Exception):
    """The list or a packet could not be fetched; `answer` says why, and whether a person must act."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.code} {answer.detail}".strip())
        self.answer = answer


class LgspExchange:
    """One session with the platform; used from one thread."""

    vanished_is_gone = False

    def __init__(self, settings: Settings, secret: str, places: Places, roots: Path | None = None) -> None:
        self._base = settings.url.rstrip("/")
        self._headers = {"X-SystemId": settings.system_id, "X-SecretKey": secret, "Accept": "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout)
        self._places = places
        self._tls = ssl.create_default_context(cafile=str(roots)) if roots else True
        self._runner = asyncio.Runner()
        self._session: aiohttp.ClientSession | None = None
        self._known: set[str] = set()
        """Document ids of the platform that were fetched in this run."""

    def send(self, name: str, kind: str) -> Answer:
        """See the port. Bytes and request id are the same at every attempt."""
        content = (self._places.made / name).read_bytes()
        return self._runner.run(self._send(name, kind, content))

    def arrivals(self) -> Iterator[Arrival]:
        """See the port. Raises NotFetched when the list cannot be had."""
        for kind in ("edoc", "status"):
            for identifier in self._runner.run(self._listed(kind)):
                if identifier in self._known:
                    continue
                try:
                    content = self._runner.run(self._fetched(identifier))
                except NotFetched as failure:
                    log.warning("not fetched %s: %s", identifier, failure)
                    continue
                yield Arrival(identifier, content)

    def taken(self, arrival: Arrival) -> None:
        """See the port. Should the platform not hear it, it offers the packet again, and its bytes are known."""
        self._known.add(arrival.name)
        answer = self._runner.run(self._told(arrival.name, "done" if arrival.content is not None else "fail"))
        if answer.verdict is not Verdict.TAKEN:
            log.warning("the platform did not hear that %s was taken: %s %s", arrival.name, answer.code, answer.detail)

    def close(self) -> None:
        """See the port."""
        if self._session is not None:
            self._runner.run(self._session.close())
        self._runner.close()

    async def _send(self, name: str, kind: str, content: bytes) -> Answer:
        form = aiohttp.FormData()
        form.add_field("messageType", kind)
        form.add_field("edocFile", content, filename=name, content_type="application/xml")
        same = {"X-Request-Id": hashlib.sha256(content).hexdigest()}
        return await self._asked("POST", "/v1/sendEdoc", data=form, headers=same)

    async def _told(self, identifier: str, said: str) -> Answer:
        return await self._asked("POST", "/v1/updateStatus", json={"docId": identifier, "status": said})

    async def _listed(self, kind: str) -> list[str]:
        today = date.today()  # noqa: DTZ011 - the platform's days are the host's
        asked = {
            "messageType": kind,
            "fromDate": f"{today - timedelta(days=DAYS_BACK):%Y/%m/%d}",
            "toDate": f"{today:%Y/%m/%d}",
        }
        body = await self._body("/v1/syncReceivedEdocList", asked, _MOST_ANSWER * 16)
        rows = body.get("data")
        rows = rows if isinstance(rows, list) else []
        return [str(row["docId"]) for row in rows if isinstance(row, dict) and row.get("docId")]

    async def _fetched(self, identifier: str) -> bytes:
        body = await self._body("/v1/getEdoc", {"docId": identifier}, MOST_BYTES)
        inner = body.get("data")
        text = inner.get("edxml") if isinstance(inner, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise NotFetched(Answer(Verdict.AGAIN, "no-edxml", identifier))
        return _packet_bytes(text)

    async def _body(self, path: str, query: dict[str, str], most: int) -> dict[str, Any]:
        try:
            async with self._open().get(
                self._base + path, params=query, headers=self._headers, allow_redirects=False
            ) as response:
                body = _json(await _bounded(response, most))
                answer = judged(response.status, body, response.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotFetched(no_answer(_told(error))) from error
        if answer.verdict is not Verdict.TAKEN or not isinstance(body, dict):
            raise NotFetched(answer)
        return body

    async def _asked(self, method: str, path: str, headers: dict[str, str] | None = None, **asked: Any) -> Answer:
        try:
            async with self._open().request(
                method, self._base + path, headers=self._headers | (headers or {}), allow_redirects=False, **asked
            ) as response:
                body = _json(await _bounded(response, _MOST_ANSWER))
                return judged(response.status, body, response.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return no_answer(_told(error))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=4, ssl=self._tls)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, trust_env=True)
        return self._session


async def _bounded(response: aiohttp.ClientResponse, most: int) -> bytes:
    pieces, size = [], 0
    async for piece in response.content.iter_chunked(1 << 16):
        size += len(piece)
        if size > most:
            raise aiohttp.ClientPayloadError(f"an answer of more than {most} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _packet_bytes(text: str) -> bytes:
    """The packet as text, or in base64 as some platforms give it."""
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return text.lstrip("\ufeff \t\r\n").encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return text.encode()


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
