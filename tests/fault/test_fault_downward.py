"""A box that is killed (SIGKILL) at any moment while the province sends to it loses and doubles nothing."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from appliance.pipeline.examining import Examination
from appliance.pipeline.incoming import StoreInbox
from appliance.store import events, incoming, open_store, upkeep
from sync.downlink import Downlink, NoRoom
from sync.protocol.receipt import chain_breaks
from sync.protocol.step import MakeDurable, OpenTransfer, WriteChunk
from sync.uplink import Uplink, UplinkConfig
from sync.wire_identity import SigningKey, verifier
from tests.fakes.outbox import FakeOutbox
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, Looks, paper, utc_now, wait_for
from tests.fixtures_store import PROCESSES


def take(root: Path, config: UplinkConfig) -> None:
    """The body of a box's process: takes until it is killed."""
    store = open_store(root / "box.db", root / "blobs")
    looks = Looks()
    inbox = StoreInbox(store, root / "incoming", Examination(looks.judge, looks.read, root / "work"), utc_now)
    device = SigningKey.load(config.device_key)
    down = Downlink(config.box, device.sign, verifier(config.province_keys), inbox)
    Uplink(config, FakeOutbox(), companions=[down]).run(threading.Event())


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again_while_documents_come_down(down_site: DownSite, seed: int) -> None:
    dice = random.Random(seed)
    contents = {f"d{number}": paper(dice.choice((3_000, 700_000, 3_000_000)), seed + number) for number in range(5)}
    for name, content in contents.items():
        down_site.send(content, name, dice.randrange(4))
    root = down_site.root / BOX
    root.mkdir(exist_ok=True)
    config = down_site.uplink_config()
    with down_site.sending():
        for _ in range(6):
            child = PROCESSES.Process(target=take, args=(root, config))
            child.start()
            time.sleep(dice.uniform(0.3, 1.6))
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
            child.join(10)
        with down_site.box() as store:
            wait_for(lambda: all(down_site.answer(name) == "accepted" for name in contents), 60)
            for name, content in contents.items():
                held = down_site.held(name, store)
                assert held is not None
                assert store.blobs.existing(held.sha256).read_bytes() == content
            history = [(entry.document_id, entry.event) for entry in store.read(lambda db: list(events.entries(db)))]
            assert sorted(history) == [(name, "electronic-stored") for name in sorted(contents)], "each taken once"
            chain = store.read(
                lambda db: [bytes(row[0]) for row in db.execute("SELECT cose FROM incoming_answers ORDER BY number")]
            )
            box = down_site.store.fleet.box(BOX)
            assert box is not None
            assert chain_breaks(chain, verifier({BOX: box.device_key})) == []
            verdict = upkeep.verify(store)
            assert verdict.sound
            assert store.read(incoming.transfers) == []
            assert not list((root / "incoming").iterdir())


class Full:
    """An inbox whose disk has no room for the next so many writes."""

    def __init__(self, inner: StoreInbox) -> None:
        self._inner = inner
        self.refuse = 0
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def carry_out(self, change: object) -> None:
        if self.refuse and isinstance(change, OpenTransfer | WriteChunk | MakeDurable):
            self.refuse -= 1
            self.asked += 1
            raise NoRoom("no space left")
        self._inner.carry_out(change)  # type: ignore[arg-type]


def test_a_full_disk_pauses_and_loses_nothing(down_site: DownSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.downlink.FULL_PAUSE", 1.0)
    content = paper(900_000)
    down_site.send(content, "d")
    store = down_site.box_store()
    full = Full(down_site.inbox(store))
    full.refuse = 2
    config = down_site.uplink_config()
    device = SigningKey.load(config.device_key)
    down = Downlink(BOX, device.sign, verifier(config.province_keys), full)  # type: ignore[arg-type]
    stop = threading.Event()
    uplink = Uplink(config, FakeOutbox(), companions=[down])
    thread = threading.Thread(target=uplink.run, args=(stop,), daemon=True)
    with down_site.sending():
        thread.start()
        wait_for(lambda: down_site.answer("d") == "accepted", 60)
    stop.set()
    uplink.wake()
    thread.join(10)
    held = down_site.held("d", store)
    assert full.asked == 2
    assert held is not None
    assert store.blobs.existing(held.sha256).read_bytes() == content
    store.close()
