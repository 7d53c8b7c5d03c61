"""The province's address for boxes behind proxies: what it lets pass, and what a stranger can do there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType
from aiohttp.test_utils import TestClient, TestServer

from sync.province.tunnel_door import PATH, Door

pytestmark = pytest.mark.integration
Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def door(serve: Serving | None, **bounds: Any) -> AsyncIterator[TestClient[Any, Any]]:
    """The address in front of something that stands in for a broker; None: nothing listens there."""
    server = await asyncio.start_server(serve or _hangs_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if serve is None:
        server.close()
    async with TestClient(TestServer(Door("127.0.0.1", port, **bounds).app())) as client:
        yield client
    server.close()


async def _hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


async def _came(socket: ClientWebSocketResponse, count: int) -> bytes:
    """The next `count` bytes, in frames of whatever size."""
    found = b""
    while len(found) < count:
        found += (await socket.receive(timeout=20)).data
    return found


async def test_bytes_pass_both_ways_whatever_the_frames() -> None:
    async with door(_echoes) as client, client.ws_connect(PATH, protocols=("mqtt",)) as socket:
        assert socket.protocol == "mqtt"
        content = bytes(range(256)) * 900
        for at in range(0, len(content), 100_000):
            await socket.send_bytes(content[at : at + 100_000])
        assert await _came(socket, len(content)) == content


async def test_it_ends_when_the_broker_ends_it_and_when_the_broker_is_away() -> None:
    for serve in (_hangs_up, None):
        async with door(serve) as client, client.ws_connect(PATH, protocols=("mqtt",)) as socket:
            assert (await socket.receive(timeout=20)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


async def test_the_broker_hears_that_a_box_is_gone() -> None:
    gone = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read(100) == b"hello"
        assert await reader.read(100) == b""
        gone.set()
        writer.close()

    async with door(waits) as client:
        async with client.ws_connect(PATH, protocols=("mqtt",)) as socket:
            await socket.send_bytes(b"hello")
        await asyncio.wait_for(gone.wait(), 20)


async def test_what_is_no_websocket_of_ours_is_told_so() -> None:
    async with door(_echoes) as client:
        assert (await client.get(PATH)).status == 426
        assert (await client.get("/")).status == 404
        async with client.ws_connect(PATH, protocols=("mqtt",)) as socket:
            await socket.send_str("text")
            assert (await socket.receive(timeout=20)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


async def test_beyond_the_most_nobody_comes_in_and_a_place_that_is_left_is_free() -> None:
    async with door(_echoes, most=1) as client:
        async with client.ws_connect(PATH, protocols=("mqtt",)):
            assert (await client.get(PATH)).status == 503
        async with asyncio.timeout(20):
            while (await client.get(PATH)).status != 426:
                await asyncio.sleep(0.05)


async def test_who_says_nothing_is_put_out() -> None:
    async with door(_echoes, first_seconds=0.2) as client, client.ws_connect(PATH, protocols=("mqtt",)) as silent:
        assert (await silent.receive(timeout=20)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


async def test_who_has_spoken_may_be_silent() -> None:
    """From then on the broker minds how long."""
    waited: list[float | None] = []

    class _Socket:
        async def receive(self, timeout: float | None) -> WSMessage:
            waited.append(timeout)
            kind = WSMsgType.BINARY if len(waited) < 3 else WSMsgType.CLOSE
            return WSMessage(kind, b"hello", None)

    class _Writer:
        def write(self, data: bytes) -> None:
            assert data == b"hello"

        async def drain(self) -> None: ...

    await Door("127.0.0.1", 1, first_seconds=7.0)._inward(_Socket(), _Writer())  # type: ignore[arg-type]
    assert waited == [7.0, None, None]


async def test_a_message_without_bound_is_not_taken() -> None:
    async with door(_echoes) as client, client.ws_connect(PATH, protocols=("mqtt",)) as socket:
        await socket.send_bytes(bytes(300_000))
        told = await socket.receive(timeout=20)
        assert told.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
