"""A province for the tests: its folder, a real mosquitto with the settings `init` wrote, a receiver thread."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.mqtt import MqttLink
from sync.protocol.topics import receiver_filters
from sync.province import installation
from sync.province.checking import DocumentCheck
from sync.province.config import Config, Folder
from sync.province.pki import key_id
from sync.province.receiver import Receiver, link_config
from sync.province.store import ProvinceStore
from sync.transport import Connect
from sync.wire_identity import SigningKey
from tests.fakes.province import ScriptedBox, ScriptedCheck

BOX = "commune-27007"


def free_port() -> int:
    """A free TCP port below the ephemeral range."""
    for port in range(20_000 + (time.monotonic_ns() // 1000) % 10_000, 32_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


class Installation:
    """One province with a running broker; `receive()` starts receivers, `box()` enrols and returns boxes."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root / "province")
        self.port = free_port()
        self.config = installation.initialise(
            self.folder, Config(broker_port=self.port, web_port=free_port()), "127.0.0.1", dt.datetime.now(dt.UTC)
        )
        self._root = root
        self._broker: subprocess.Popen[bytes] | None = None
        self._boxes: list[ScriptedBox] = []
        self._stops: list[Callable[[], None]] = []

    def start_broker(self) -> None:
        """Start mosquitto on the written settings and wait until it listens."""
        self._broker = subprocess.Popen(
            [_mosquitto(), "-c", str(self.folder.mosquitto_conf)], stderr=subprocess.DEVNULL, cwd=self._root
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("mosquitto did not start")

    def box(
        self, name: str = BOX, commune: str = "UBND xã Tân Phú", chunk: int = 16_384, connect: Connect = MqttLink
    ) -> ScriptedBox:
        """Enrol a box (once) and connect a scripted one under its name."""
        out = self._root / name
        if not out.exists():
            installation.enrol(self.folder, name, commune, out, dt.datetime.now(dt.UTC))
        public = SigningKey.load(self.folder.receipt_key).public
        made = ScriptedBox(name, out, self.port, {key_id(public): public.hex()}, chunk, connect)
        self._boxes.append(made)
        return made

    def receiver(self, store: ProvinceStore, check: DocumentCheck, connect: Connect = MqttLink) -> Receiver:
        """A receiver over the store, not yet running."""
        key = SigningKey.load(self.folder.receipt_key)
        link = link_config(self.folder.root, "127.0.0.1", self.port, receiver_filters())
        return Receiver(store, check, key, key_id(key.public), link, connect, max_document=10_000_000)

    def receive(self, check: DocumentCheck | None = None) -> tuple[ProvinceStore, Callable[[], None]]:
        """Run a receiver on a thread; returns its store and what stops it."""
        store = ProvinceStore(self.folder.rows)
        receiver, stop = self.receiver(store, check or ScriptedCheck()), threading.Event()
        thread = threading.Thread(target=receiver.run, args=(stop,), daemon=True)
        thread.start()
        assert receiver.connected.wait(20), "the receiver did not connect"

        def end() -> None:
            stop.set()
            thread.join(15)
            assert not thread.is_alive()
            store.close()

        self._stops.append(end)
        return store, end

    def close(self) -> None:
        """End everything that still runs."""
        for box in self._boxes:
            box.close()
        for end in self._stops:
            end()
        if self._broker is not None:
            self._broker.kill()
            self._broker.wait()


def _mosquitto() -> str:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("mosquitto is not installed")
    return found


@pytest.fixture
def province_folder(tmp_path: Path) -> Folder:
    """An initialised province without any process."""
    folder = Folder(tmp_path / "province")
    installation.initialise(folder, Config(), "127.0.0.1", dt.datetime.now(dt.UTC))
    return folder


@pytest.fixture
def province_site(tmp_path: Path) -> Iterator[Installation]:
    """A province with its broker running."""
    _mosquitto()
    site = Installation(tmp_path)
    site.start_broker()
    yield site
    site.close()
