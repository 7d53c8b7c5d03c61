"""What shrinks travels small, over a real broker, and arrives as it was; what does not is sent as it is."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sync.mqtt import MqttLink
from sync.protocol.deflate import DEFLATE
from sync.protocol.step import Publish
from sync.transport import Connect, LinkConfig
from sync.uplink import Uplink
from tests.fakes.outbox import FakeOutbox
from tests.fixtures_province_down import DownSite, running
from tests.integration.test_sync_uplink import World, wait_for, world

pytestmark = pytest.mark.integration
__all__ = ["world"]


class _Counting(MqttLink):
    """Remembers what chunks it carried."""

    chunks: list[bytes]

    def publish(self, message: Publish) -> int | None:
        """Count, and carry."""
        if message.topic.endswith(("/c", "/x")):
            self.chunks.append(message.payload)
        return super().publish(message)


def _counting(chunks: list[bytes]) -> Connect:
    def connect(config: LinkConfig) -> _Counting:
        link = _Counting(config)
        link.chunks = chunks
        return link

    return connect


@contextmanager
def _uplink(world: World, outbox: FakeOutbox) -> Iterator[list[bytes]]:
    chunks: list[bytes] = []
    stop, uplink = threading.Event(), Uplink(world.config(), outbox, connect=_counting(chunks))
    thread = threading.Thread(target=uplink.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield chunks
    finally:
        stop.set()
        uplink.wake()
        thread.join(10)


def test_half_of_a_paper_shrinks_and_the_province_has_its_very_bytes(world: World) -> None:
    noise = random.Random(3).randbytes(150_000)
    outbox, content = FakeOutbox(), noise + b"<00000000>" * 15_000
    outbox.add("signed", content)
    with world.receiver() as receiver, _uplink(world, outbox) as chunks:
        wait_for(lambda: "signed" in outbox.receipts, 30.0)
    assert list(receiver.store.files.values()) == [content]
    assert len(noise) * 0.9 < sum(map(len, chunks)) < len(content) * 0.75
    assert {payload[1] & DEFLATE for payload in chunks} == {0, DEFLATE}


def test_noise_is_sent_as_it_is(world: World) -> None:
    outbox, content = FakeOutbox(), random.Random(4).randbytes(200_000)
    outbox.add("scan", content)
    with world.receiver() as receiver, _uplink(world, outbox) as chunks:
        wait_for(lambda: "scan" in outbox.receipts, 30.0)
    assert list(receiver.store.files.values()) == [content]
    assert {payload[1] & DEFLATE for payload in chunks} == {0}


def test_what_the_province_sends_shrinks_too(down_site: DownSite) -> None:
    content = b"%PDF-1.7\n" + b"0 0 obj << /Contents <00000000> >>\n" * 6_000
    down_site.send(content, "den-1")
    chunks: list[bytes] = []
    end = down_site.sending_end(_counting(chunks))
    with running(end.run), down_site.box() as store:
        wait_for(lambda: down_site.answer("den-1") == "accepted", 30.0)
        held = down_site.held("den-1", store)
        assert held is not None
        assert store.blobs.existing(held.sha256).read_bytes() == content
    assert any(payload[1] & DEFLATE for payload in chunks)
    assert sum(map(len, chunks)) < len(content) / 2
