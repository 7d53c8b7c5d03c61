"""Documents and answers on a stick, both ways, beside the wire and without it (PROTOCOL.md §5.4)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.domain.states import State
from appliance.pipeline.courier import BoxCourier, Taken
from appliance.pipeline.examining import Examination
from appliance.pipeline.sending import StoreOutbox
from appliance.store import documents, events, outbox, upkeep
from sync.courier import FOLDER, Stick
from sync.mqtt import MqttLink
from sync.protocol.receipt import chain_breaks
from sync.protocol.topics import Direction
from sync.province.carrying import Carrying
from sync.province.carrying import Taken as ProvinceTaken
from sync.province.checking import Finding
from sync.province.courier import CourierLink, NoWire, Staging
from sync.province.receiver import Receiver
from sync.uplink import Uplink
from sync.wire_identity import SigningKey, verifier
from tests.fakes.province import ScriptedCheck
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, paper, running, utc_now, wait_for
from tests.fixtures_store import in_state, keep


class Site:
    """A box with a store of its own, a province, and a stick between them."""

    def __init__(self, down: DownSite, stick: Path) -> None:
        self.down, self.folder, self.stick = down, stick, Stick(stick)
        down.enrol()
        self.box = down.box_store()
        device = SigningKey.load(down.enrol() / "device.key")
        examination = Examination(down.looks.judge, down.looks.read, down.root / "look")
        keys = verifier({down.kid: down.key.public})
        self.courier = BoxCourier(BOX, self.box, device.sign, keys, examination, down.root / "carry", utc_now)
        self.carrying = Carrying(down.store, down.key, down.kid)
        self.check = ScriptedCheck()

    def queue(self, content: bytes) -> str:
        """A signed paper that waits in the box's outbox."""
        source = self.down.root / "signed.pdf"
        source.write_bytes(content)
        blob = self.box.blobs.put(source)
        document = replace(in_state(State.QUEUED), current_sha256=blob.sha256, current_size=blob.size)
        keep(self.box, document, queue=False)
        meta = {"kind": "incoming-scan", "subject": "thử"}
        self.box.write(lambda db: outbox.enqueue(db, document.id, blob.sha256, blob.size, 0, meta, utc_now()))
        return document.id

    def receiver(self) -> Receiver:
        """One without a wire, over a store of its own, as the command makes it."""
        from sync.province.store import ProvinceStore

        store = ProvinceStore(self.down.site.folder.rows)
        receiver = self.down.site.receiver(store, self.check)
        receiver._connect = lambda _config: CourierLink(NoWire(), Staging(store))
        return receiver

    def province_takes(self, seconds: float = 20.0) -> ProvinceTaken:
        return self.carrying.take(self.stick, seconds, self.receiver)

    def state(self, document_id: str) -> State:
        return self.box.read(lambda db: documents.load(db, document_id)).state

    def place(self, way: Direction) -> Path:
        """The one document's folder on the stick."""
        (place,) = [one for one in (self.folder / FOLDER / way.value / BOX).iterdir() if one.name != "answers"]
        return place

    @contextmanager
    def uplink(self) -> Iterator[None]:
        """The box's delivery process on the same store."""
        up = Uplink(
            self.down.uplink_config(), StoreOutbox(self.box, utc_now), companions=[self.down.downlink(self.box)]
        )
        with running(up.run, up.wake):
            yield

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """The province's receiver on the wire, with what is staged played in between."""
        store = self.down.store
        receiver = self.down.site.receiver(
            store, self.check, lambda config: CourierLink(MqttLink(config), Staging(store))
        )
        with running(receiver.run):
            assert receiver.connected.wait(20)
            yield


@pytest.fixture
def site(down_site: DownSite, tmp_path: Path) -> Iterator[Site]:
    made = Site(down_site, tmp_path / "stick")
    yield made
    made.box.close()


def test_up_by_hand_and_the_receipt_back(site: Site) -> None:
    content = paper(300_000)
    document = site.queue(content)
    assert site.courier.put(site.stick).documents == 1
    taken = site.province_takes()
    assert [manifest.document_id for manifest in taken.answered] == [document]
    held = site.down.store.reading.document(document)
    assert held is not None
    assert site.down.store.blobs.path(held.sha256).read_bytes() == content
    assert site.state(document) is State.QUEUED, "nothing is delivered before the receipt is home"
    assert site.courier.take(site.stick) == Taken(accepted=[document])
    assert site.state(document) is State.DELIVERED
    assert not list((site.folder / FOLDER / "up" / BOX).iterdir()), "what is answered leaves the stick"
    assert site.courier.take(site.stick) == Taken()


def test_down_by_hand_and_the_boxs_receipt_back(site: Site) -> None:
    content = paper(250_000)
    site.down.send(content, "den-1")
    assert site.carrying.put(site.stick, [BOX]).documents == 1
    assert site.courier.take(site.stick).received == ["den-1"]
    held = site.down.held("den-1", site.box)
    assert held is not None
    assert site.box.blobs.existing(held.sha256).read_bytes() == content
    assert upkeep.verify(site.box).sound
    assert site.down.answer("den-1") == ""
    assert site.province_takes().answers == 1
    assert site.down.answer("den-1") == "accepted"


def test_every_step_may_be_repeated(site: Site) -> None:
    document = site.queue(paper(30_000))
    site.down.send(paper(40_000, 2), "den-1")
    assert [site.courier.put(site.stick).documents, site.courier.put(site.stick).there] == [1, 1]
    assert [site.carrying.put(site.stick, [BOX]).documents, site.carrying.put(site.stick, [BOX]).there] == [1, 1]
    first, second = site.province_takes(), site.province_takes()
    assert len(first.answered) == len(second.answered) == 1
    copy = site.folder.with_name("copy")
    shutil.copytree(site.folder, copy)
    assert site.courier.take(site.stick).accepted == [document]
    again = site.courier.take(Stick(copy))
    assert (again.accepted, again.received, again.faults) == ([], [], [])
    assert site.state(document) is State.DELIVERED
    assert len(site.down.store.reading.receipts()) == 1
    history = [entry.event for entry in site.box.read(lambda db: list(events.entries(db, "den-1")))]
    assert history == ["electronic-stored"]


def test_by_the_wire_then_by_hand(site: Site) -> None:
    document = site.queue(paper(60_000))
    site.down.send(paper(50_000, 2), "den-1")
    site.courier.put(site.stick)
    site.carrying.put(site.stick, [BOX])
    with site.receiving(), site.down.sending(), site.uplink():
        wait_for(lambda: site.state(document) is State.DELIVERED and site.down.answer("den-1") == "accepted")
        wired = site.down.outgoing.find("den-1")[0].receipt
        taken = site.province_takes()
        assert [manifest.document_id for manifest in taken.answered] == [document]
        assert site.courier.take(site.stick) == Taken()
        assert site.province_takes().answers == 0
    assert site.down.outgoing.find("den-1")[0].receipt == wired
    assert len(site.down.store.reading.documents()) == 1
    assert len(site.down.store.reading.receipts()) == 1


def test_by_hand_then_by_the_wire(site: Site) -> None:
    document = site.queue(paper(60_000))
    site.down.send(paper(50_000, 2), "den-1")
    site.courier.put(site.stick)
    site.carrying.put(site.stick, [BOX])
    site.province_takes()
    assert site.courier.take(site.stick).received == ["den-1"]
    # The stick with the answers is lost on the way: the wire brings the very same ones.
    site.box.write(lambda db: db.execute("UPDATE outbox SET answer = NULL, answer_bytes = NULL"))
    shutil.rmtree(site.folder)
    with site.receiving(), site.down.sending(), site.uplink():
        wait_for(lambda: site.down.answer("den-1") == "accepted")
        wait_for(lambda: site.box.read(lambda db: outbox.latest(db, document)).answer == "accepted")  # type: ignore[union-attr]
    assert len(site.down.store.reading.receipts()) == 1
    assert [entry.event for entry in site.box.read(lambda db: list(events.entries(db, "den-1")))] == [
        "electronic-stored"
    ]


def test_both_at_once_make_one_document_and_one_chain(site: Site) -> None:
    papers = [site.queue(paper(400_000, number)) for number in range(4)]
    for number in range(4):
        site.down.send(paper(500_000, 10 + number), f"den-{number}")
    site.courier.put(site.stick)
    site.carrying.put(site.stick, [BOX])
    with site.receiving(), site.down.sending(), site.uplink():
        site.courier.take(site.stick)
        taken = site.province_takes(40)
        site.courier.take(site.stick)
        wait_for(lambda: all(site.state(one) is State.DELIVERED for one in papers), 30)
        wait_for(lambda: all(site.down.answer(f"den-{number}") == "accepted" for number in range(4)), 30)
        assert not taken.faults
    store = site.down.store
    assert len(store.reading.documents()) == 4
    keys = verifier({site.down.kid: site.down.key.public})
    assert chain_breaks([receipt.cose for receipt in store.reading.chain(BOX)], keys) == []
    box = store.fleet.box(BOX)
    assert box is not None
    own = site.box.read(
        lambda db: [bytes(row[0]) for row in db.execute("SELECT cose FROM incoming_answers ORDER BY number")]
    )
    assert chain_breaks(own, verifier({BOX: box.device_key})) == []
    stored = [entry for entry in site.box.read(lambda db: list(events.entries(db))) if entry.event.endswith("-stored")]
    assert len(stored) == 4
    assert upkeep.verify(site.box).integrity == "ok"


def test_a_copy_that_broke_off_is_told_and_finished_the_next_time(site: Site) -> None:
    document = site.queue(paper(200_000))
    site.courier.put(site.stick)
    place = site.place(Direction.UP)
    os.truncate(place / "file", 100_000)
    taken = site.province_takes()
    assert [(fault.code, fault.name) for fault in taken.faults] == [("half-copied", place.name)]
    (place / "manifest.cose").unlink()
    assert [fault.code for fault in site.province_takes().faults] == ["half-copied"]
    assert site.state(document) is State.QUEUED
    assert site.courier.put(site.stick).documents == 1
    assert len(site.province_takes().answered) == 1


def test_a_tampered_stick_is_refused_and_the_rest_of_it_taken(site: Site) -> None:
    first, second = site.queue(paper(50_000, 1)), site.queue(paper(50_000, 2))
    site.courier.put(site.stick)
    places = sorted(one for one in (site.folder / FOLDER / "up" / BOX).iterdir())
    with (places[0] / "file").open("r+b") as file:
        file.seek(9_000)
        file.write(b"tampered")
    taken = site.province_takes()
    assert [fault.code for fault in taken.faults] == ["altered"]
    assert len(taken.answered) == 1
    assert {site.state(first), site.state(second)} == {State.QUEUED}
    assert len(site.down.store.reading.documents()) == 1
    assert not list((site.down.site.folder.rows / "courier").iterdir())


def test_who_did_not_sign_it_is_not_believed(site: Site) -> None:
    site.queue(paper(5_000))
    site.down.send(paper(6_000, 2), "den-1")
    site.courier.put(site.stick)
    site.carrying.put(site.stick, [BOX])
    for way in (Direction.UP, Direction.DOWN):
        manifest = site.place(way) / "manifest.cose"
        content = bytearray(manifest.read_bytes())
        content[-1] ^= 1
        manifest.write_bytes(bytes(content))
    assert [fault.code for fault in site.province_takes().faults] == ["forged"]
    assert [fault.code for fault in site.courier.take(site.stick).faults] == ["forged"]
    assert site.down.held("den-1", site.box) is None


def test_a_box_takes_nothing_of_another_boxs_stick(site: Site) -> None:
    site.down.send(paper(6_000), "den-1", box="commune-00002")
    site.carrying.put(site.stick, ["commune-00002"])
    assert site.courier.take(site.stick) == Taken()
    folder = site.folder / FOLDER / "down"
    (folder / "commune-00002").rename(folder / BOX)
    assert [fault.code for fault in site.courier.take(site.stick).faults] == ["foreign"]


def test_links_and_odd_names_on_a_stick_lead_nowhere(site: Site, tmp_path: Path) -> None:
    site.queue(paper(5_000))
    site.courier.put(site.stick)
    place = site.place(Direction.UP)
    secret = tmp_path / "secret"
    secret.write_bytes((place / "file").read_bytes())
    (place / "file").unlink()
    (place / "file").symlink_to(secret)
    (place.parent / "..hidden").mkdir()
    os.mkfifo(place.parent / "0000000000000000")
    (site.folder / FOLDER / "up" / "commune-x").symlink_to("/")
    assert [fault.code for fault in site.province_takes().faults] == ["half-copied"]
    assert site.down.store.reading.documents() == []


def test_a_refusal_comes_home_with_its_reason(site: Site) -> None:
    document = site.queue(paper(5_000))
    site.check = ScriptedCheck(Finding("signature-missing"))
    site.courier.put(site.stick)
    site.province_takes()
    assert site.courier.take(site.stick).refused == [document]
    after = site.box.read(lambda db: documents.load(db, document))
    assert (after.state, after.reason_code) == (State.REFUSED, "signature-missing")


def test_a_secret_on_a_stick_is_refused_unread(site: Site) -> None:
    site.down.send(paper(6_000), "den-1", fields={"secrecy": "mat"})
    site.carrying.put(site.stick, [BOX])
    assert site.courier.take(site.stick).declined == ["den-1"]
    assert not site.down.looks.seen
    site.province_takes()
    assert site.down.outgoing.find("den-1")[0].code == "secret"


def test_a_kill_between_staging_and_answer_is_made_good_by_the_next_receiver(site: Site) -> None:
    document = site.queue(paper(90_000))
    site.courier.put(site.stick)
    assert [manifest.document_id for manifest in site.province_takes(0.0).waiting] == [document]
    assert list((site.down.site.folder.rows / "courier").iterdir())
    shutil.rmtree(site.folder)
    with site.receiving():
        wait_for(lambda: site.down.store.reading.document(document) is not None)
        wait_for(lambda: not list((site.down.site.folder.rows / "courier").iterdir()))
