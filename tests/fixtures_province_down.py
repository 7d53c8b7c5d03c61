"""A province that sends and a box that takes, over a real mosquitto: shared by the tests of the way down.

Owns the two ends' composition as the services make it; only the look at a file's inside is scripted (`Looks`), where a
test is not about it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.pipeline.examining import Examination, Look
from appliance.pipeline.handling import StoreNotices
from appliance.pipeline.incoming import StoreInbox
from appliance.pipeline.ordering import StoreOrders
from appliance.store import Store, incoming, open_store
from scanner_intake.digitize import Digitized
from sync.downlink import Downlink
from sync.mqtt import MqttLink
from sync.notices import NoticeLine
from sync.orders import OrderLine
from sync.protocol.notices import Voice
from sync.protocol.topics import Direction
from sync.province import installation
from sync.province.pki import key_id
from sync.province.sending import SendingEnd, sender_link
from sync.province.store import ProvinceStore
from sync.province.store.outgoing import Outgoing, OutgoingDocument
from sync.transport import Connect
from sync.uplink import Companion, Uplink, UplinkConfig
from sync.wire_identity import SigningKey, verifier
from tests.fakes.outbox import FakeOutbox
from tests.fixtures_province import BOX, Installation

META = {"kind": "electronic", "fields": {"subject": "Về việc thử nghiệm", "code": "12/UBND-VP"}}


def paper(size: int, seed: int = 1) -> bytes:
    """Bytes that look like a PDF from outside."""
    return b"%PDF-1.7\n" + random.Random(seed).randbytes(size - 9)


def wait_for(done: Callable[[], Any], seconds: float = 15.0) -> None:
    """Wait until something is true. Raises AssertionError."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


class Looks:
    """What the scripted look at a file finds, by digest; everything is valid by default."""

    def __init__(self) -> None:
        self.conclusions: dict[str, str] = {}
        self.verdicts: dict[str, str] = {}
        self.seen: list[str] = []

    def judge(self, path: Path) -> dict[str, Any]:
        """Stands in for `hsm.judge`."""
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.seen.append(sha256)
        return {"conclusion": self.conclusions.get(sha256, "valid"), "signatures": [{"signer": "Sở Nội vụ"}]}

    def read(self, path: Path, folder: Path) -> Digitized:
        """Stands in for `scanner_intake.digitize`."""
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return Digitized(self.verdicts.get(sha256, "signed-kept"), pages=1)


class DownSite:
    """One province, its sending end, and boxes."""

    def __init__(self, site: Installation, root: Path) -> None:
        self.site, self.root = site, root
        self.store = ProvinceStore(site.folder.rows)
        self.key = SigningKey.load(site.folder.receipt_key)
        self.kid = key_id(self.key.public)
        self.outgoing = Outgoing(self.store)
        self.looks = Looks()
        self.examination: Look | None = None
        """The real look at a file, where a test is about it."""
        self.findings: list[str] = []

    def enrol(self, box: str = BOX) -> Path:
        """The files of a box, made once."""
        files = self.root / f"files-{box}"
        if not files.exists():
            installation.enrol(self.site.folder, box, "UBND xã Tân Phú", files, dt.datetime.now(dt.UTC))
        return files

    def send(
        self, content: bytes, document_id: str, priority: int = 0, box: str = BOX, **meta: object
    ) -> OutgoingDocument:
        """Queue a document as the command does."""
        self.enrol(box)
        source = self.root / f"{document_id}.pdf"
        source.write_bytes(content)
        sha256, size = self.outgoing.keep(source)
        told: Mapping[str, Any] = {**META, **meta}
        return self.outgoing.queue(box, document_id, sha256, size, priority, told, time.time())

    def answer(self, document_id: str, box: str = BOX) -> str:
        """What the rows say of a document."""
        return self.outgoing.find(document_id, box)[0].answer

    def sending_end(self, connect: Connect = MqttLink) -> SendingEnd:
        """A sending end, not yet running."""
        link = sender_link(self.site.folder.root, "127.0.0.1", self.site.port)
        return SendingEnd(self.store, self.key, self.kid, link, connect)

    @contextmanager
    def sending(self) -> Iterator[SendingEnd]:
        """The sending end, running on a thread."""
        end = self.sending_end()
        with running(end.run):
            assert end.connected.wait(20)
            yield end

    def box_store(self, box: str = BOX) -> Store:
        """The box's store, opened anew."""
        return open_store(self.root / box / "box.db", self.root / box / "blobs")

    def inbox(self, store: Store, box: str = BOX) -> StoreInbox:
        """The box's inbox with the scripted look."""
        scripted = Examination(self.looks.judge, self.looks.read, self.root / box / "work")
        return StoreInbox(store, self.root / box / "incoming", self.examination or scripted, utc_now)

    def uplink_config(self, box: str = BOX) -> UplinkConfig:
        """The box's connection."""
        files = self.enrol(box)
        return UplinkConfig(
            box=box,
            host="127.0.0.1",
            port=self.site.port,
            ca=files / "ca.pem",
            certificate=files / "client.pem",
            key=files / "client.key",
            device_key=files / "device.key",
            province_keys={self.kid: self.key.public},
            state_path=self.root / f"{box}.json",
            outbox_seconds=0.2,
            backoff_most=0.3,
        )

    def downlink(self, store: Store, box: str = BOX) -> Downlink:
        """The box's taking end."""
        device = SigningKey.load(self.enrol(box) / "device.key")
        keys = verifier({self.kid: self.key.public})
        return Downlink(
            box, device.sign, keys, self.inbox(store, box), lambda finding: self.findings.append(finding.code)
        )

    def notices(self, store: Store, box: str = BOX) -> NoticeLine:
        """The box's end of the notices."""
        device = SigningKey.load(self.enrol(box) / "device.key")
        voice = Voice(box, Direction.UP, box, device.sign, verifier({self.kid: self.key.public}))
        return NoticeLine(voice, StoreNotices(store, box, utc_now), lambda finding: self.findings.append(finding.code))

    def orders(self, store: Store, box: str = BOX) -> OrderLine:
        """The box's end of orders."""
        device = SigningKey.load(self.enrol(box) / "device.key")
        keys = verifier({self.kid: self.key.public})
        book = StoreOrders(store, box, utc_now)
        return OrderLine(box, device.sign, keys, book, lambda finding: self.findings.append(finding.code))

    @contextmanager
    def box(self, box: str = BOX, companions: Callable[[Store], list[Companion]] | None = None) -> Iterator[Store]:
        """A running box; yields its store."""
        store = self.box_store(box)
        others: list[Companion] = [
            self.notices(store, box),
            self.orders(store, box),
            *(companions(store) if companions else []),
        ]
        uplink = Uplink(
            self.uplink_config(box), FakeOutbox(), companions=[self.downlink(store, box), *others],
            on_finding=lambda finding: self.findings.append(finding.code),
        )  # fmt: skip
        with running(uplink.run, uplink.wake):
            wait_for(lambda: uplink._link.connected)
            time.sleep(0.2)  # the broker has read the subscriptions, too
            yield store
        store.close()

    def held(self, document_id: str, store: Store) -> incoming.Electronic | None:
        """The box's row of a document."""
        return store.read(lambda db: incoming.find(db, document_id))


def utc_now() -> dt.datetime:
    """The wall clock."""
    return dt.datetime.now(dt.UTC)


@contextmanager
def running(run: Callable[[threading.Event], None], wake: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Run something on a thread until the block ends; its failure is the test's."""
    stop, failures = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            run(stop)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        wake()
        thread.join(15)
    assert not thread.is_alive()
    assert not failures, failures


@pytest.fixture
def down_site(province_site: Installation, tmp_path: Path) -> Iterator[DownSite]:
    """A province with its broker running, and no box yet."""
    site = DownSite(province_site, tmp_path)
    yield site
    site.store.close()
