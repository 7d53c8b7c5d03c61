"""The box's delivery process against a real mosquitto with TLS and the per-box access list."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sync.mqtt import MqttLink
from sync.protocol.cose import seal
from sync.protocol.receipt import FIRST_IN_CHAIN, Receipt, Result
from sync.protocol.step import Publish
from sync.protocol.topics import Kind, downward, receiver_filters
from sync.transport import Connected, Published
from sync.uplink import LinkState, Uplink, UplinkConfig, Waiting
from sync.wire_identity import SigningKey, verifier
from tests.fakes.outbox import FakeOutbox
from tests.fakes.receiver import Receiver
from tests.fixtures_broker import HOST, RECEIVER, Broker

BOX, OTHER, KID = "commune-00001", "commune-00002", "tinh-1"


def paper(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def wait_for(done: Callable[[], bool], seconds: float = 8.0) -> float:
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < seconds, "took too long"
        time.sleep(0.01)
    return time.monotonic() - started


class World:
    """A broker, a province, boxes with certificates and device keys."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker, self.folder = broker, folder
        self.receipt = SigningKey.generate()
        self.devices = {box: SigningKey.generate() for box in (BOX, OTHER)}
        self.links: list[LinkState] = []
        self.findings: list[str] = []

    def receiver(self, version: int | None = None) -> Receiver:
        config = self.broker.link_config(
            RECEIVER, subscriptions=receiver_filters(), session_expiry=3600, max_packet=131072, version=version
        )
        keys = verifier({box: key.public for box, key in self.devices.items()})
        return Receiver(MqttLink(config), KID, self.receipt.sign, keys)

    def config(self, box: str = BOX) -> UplinkConfig:
        files = self.broker.authority.issue(box)
        device = self.folder / f"{box}-device.pem"
        if not device.exists():
            self.devices[box].save(device)
        return UplinkConfig(
            box=box,
            host=HOST,
            port=self.broker.port,
            ca=self.broker.authority.ca,
            certificate=files.certificate,
            key=files.key,
            device_key=device,
            province_keys={KID: self.receipt.public},
            state_path=self.folder / f"{box}.json",
            outbox_seconds=0.1,
            backoff_most=0.3,
        )

    @contextmanager
    def uplink(self, outbox: FakeOutbox, box: str = BOX, **changes: object) -> Iterator[Uplink]:
        waiting = changes.pop("waiting", None)
        config = replace(self.config(box), **changes)  # type: ignore[arg-type]
        stop = threading.Event()
        uplink = Uplink(
            config, outbox, on_link=self.links.append, on_finding=lambda finding: self.findings.append(finding.code),
            waiting=waiting,  # type: ignore[arg-type]
        )  # fmt: skip
        failures: list[BaseException] = []

        def run() -> None:
            try:
                uplink.run(stop)
            except BaseException as failure:
                failures.append(failure)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield uplink
        finally:
            stop.set()
            uplink.wake()
            thread.join(5)
        assert not failures, failures


@pytest.fixture
def world(own_broker: Broker, tmp_path: Path) -> World:
    return World(own_broker, tmp_path)


@pytest.mark.parametrize("version", [5, 4])
def test_papers_arrive_and_come_back_as_receipts(world: World, version: int) -> None:
    outbox = FakeOutbox()
    for number in range(3):
        outbox.add(f"d{number}", paper(200_000, number), number)
    with world.receiver(version) as receiver, world.uplink(outbox, mqtt_version=version):
        wait_for(lambda: len(outbox.receipts) == 3)
        wait_for(lambda: bool(receiver.store.seen))
        assert receiver.store.seen[0].presence.boot_sequence == 1
    assert sorted(receiver.store.files.values()) == sorted(paper(200_000, number) for number in range(3))
    assert receiver.store.bytes_written == 600_000
    assert not world.links[0].connected
    assert any(state.connected for state in world.links)
    assert not world.findings


def test_two_megabytes_survive_a_broker_killed_twice(world: World) -> None:
    outbox, content = FakeOutbox(), paper(2_000_000)
    parcel = outbox.add("big", content)
    with world.receiver() as receiver, world.uplink(outbox):
        for mark in (300_000, 1_200_000):
            wait_for(lambda mark=mark: receiver.store.bytes_written > mark)  # type: ignore[misc]
            world.broker.kill()
            time.sleep(0.2)
            world.broker.start()
        wait_for(lambda: "big" in outbox.receipts, 20.0)
    assert list(receiver.store.files.values()) == [content]
    assert receiver.store.bytes_written < parcel.size * 1.25, "resumed, not begun again"


def test_a_box_process_that_ends_in_the_middle_is_resumed_by_the_next(world: World) -> None:
    outbox, content = FakeOutbox(), paper(2_000_000)
    outbox.add("big", content)
    with world.receiver() as receiver:
        with world.uplink(outbox):
            wait_for(lambda: receiver.store.bytes_written > 400_000)
        assert not outbox.receipts
        with world.uplink(outbox):
            wait_for(lambda: "big" in outbox.receipts)
        assert {seen.presence.boot_sequence for seen in receiver.store.seen} == {1, 2}
    assert list(receiver.store.files.values()) == [content]
    assert receiver.store.bytes_written < 2_600_000


def test_two_boxes_share_a_broker_and_nothing_else(world: World) -> None:
    """Issue 2, must show 4 - the topics themselves are tried out in the transport contract."""
    mine, theirs = FakeOutbox(), FakeOutbox()
    mine.add("same-id", paper(50_000, 1))
    theirs.add("same-id", paper(50_000, 2))
    with world.receiver() as receiver, world.uplink(mine), world.uplink(theirs, OTHER):
        wait_for(lambda: bool(mine.receipts and theirs.receipts))
    assert {box: content for (box, _), content in receiver.store.files.items()} == {
        BOX: paper(50_000, 1),
        OTHER: paper(50_000, 2),
    }
    assert not world.findings


def test_a_certificate_of_one_box_cannot_be_used_as_another(world: World) -> None:
    """The name of a session is the certificate's, whatever the client says it is."""
    thief = world.broker.link_config(OTHER, subscriptions=((downward(BOX, Kind.RECEIPT), 1),), client_id=BOX)
    link = MqttLink(thief)
    receiver = MqttLink(world.broker.link_config(RECEIVER))
    seen: list[object] = []
    until = time.monotonic() + 2.0
    token = None
    while time.monotonic() < until and not any(isinstance(event, Published) for event in seen):
        seen += link.poll(0.05)
        receiver.poll(0.05)
        if token is None and link.connected and receiver.connected:
            receiver.publish(Publish(downward(BOX, Kind.RECEIPT), b"private", 1))
            token = link.publish(Publish(downward(BOX, Kind.RECEIPT), b"x", 1))
    seen += link.poll(0.2)
    link.close()
    receiver.close()
    assert token is not None
    assert not any(getattr(event, "payload", b"") == b"private" for event in seen)
    assert not any(isinstance(event, Published) and event.ok for event in seen)


def test_a_forged_receipt_ends_nothing(world: World) -> None:
    """Whoever may write the topic - a hostile broker, a stolen receiver certificate - cannot make a receipt."""
    outbox = FakeOutbox()
    parcel = outbox.add("a", paper(5_000))
    forger = SigningKey.generate()
    receipt = Receipt(1, BOX, 1, "a", bytes.fromhex(parcel.sha256), 5_000, bytes(32), Result.STORED, 1, FIRST_IN_CHAIN)
    link = MqttLink(world.broker.link_config(RECEIVER))
    wait_for(lambda: any(isinstance(event, Connected) for event in link.poll(0.1)))
    with world.uplink(outbox):
        time.sleep(0.3)
        link.publish(Publish(downward(BOX, Kind.RECEIPT), seal(KID, receipt.encode(), forger.sign), 1))
        wait_for(lambda: bool(link.poll(0.05)) or "bad-signature" in world.findings)
        wait_for(lambda: "bad-signature" in world.findings)
    link.close()
    assert outbox.calls == []
    assert outbox.pending(1) == [parcel]


def test_an_altered_file_is_never_sent_and_others_go_on(world: World) -> None:
    outbox = FakeOutbox()
    outbox.add("bad", paper(30_000, 1), 2)
    outbox.add("good", paper(30_000, 2))
    outbox.alter("bad", paper(30_000, 3))
    with world.receiver() as receiver, world.uplink(outbox):
        wait_for(lambda: "good" in outbox.receipts)
        time.sleep(0.3)
    assert world.findings == ["file-altered"]
    assert receiver.store.bytes_written == 30_000
    assert [parcel.document_id for parcel in outbox.pending(9)] == ["bad"]


def test_pages_hear_of_the_link_and_the_will_speaks_for_a_dead_box(world: World) -> None:
    outbox = FakeOutbox()
    with world.receiver() as receiver:
        with world.uplink(outbox, heartbeat_seconds=0.2, quiet_heartbeat_seconds=0.3):
            wait_for(lambda: bool(world.links) and world.links[-1].connected)
            wait_for(lambda: len(receiver.store.seen) >= 3)
            world.broker.kill()
            wait_for(lambda: not world.links[-1].connected)
            since = world.links[-1].since
            wait_for(lambda: world.links[-1].last_error_code == "connection-refused")
            assert world.links[-1].since == since, "a failed dial is not a new outage"
            world.broker.start()
            wait_for(lambda: world.links[-1].connected)
        wait_for(lambda: not receiver.store.seen[-1].presence.online)


def test_an_idle_box_is_quiet_and_a_changed_backlog_is_told(world: World) -> None:
    outbox, waiting = FakeOutbox(), [Waiting(0, 0, 0)]
    quiet = {"heartbeat_seconds": 0.1, "quiet_heartbeat_seconds": 60.0, "waiting": lambda: waiting[0]}
    with world.receiver() as receiver, world.uplink(outbox, **quiet):
        wait_for(lambda: len(receiver.store.seen) >= 1)
        time.sleep(2.5)
        assert len(receiver.store.seen) == 1, "nothing changed, nothing is said"
        waiting[0] = Waiting(3, 900, 60)
        wait_for(lambda: receiver.store.seen[-1].presence.waiting == 3)
        time.sleep(1.5)
        assert len(receiver.store.seen) == 2


def test_urgent_paper_overtakes_a_bulky_one(world: World) -> None:
    outbox = FakeOutbox()
    outbox.add("bulk", paper(6_000_000), 0)
    with world.receiver() as receiver, world.uplink(outbox) as uplink:
        wait_for(lambda: receiver.store.bytes_written > 200_000)
        outbox.add("urgent", paper(2_000, 7), 3)
        uplink.wake()
        took = wait_for(lambda: "urgent" in outbox.receipts)
        assert "bulk" not in outbox.receipts
        assert took < 1.5
        wait_for(lambda: "bulk" in outbox.receipts, 20.0)
