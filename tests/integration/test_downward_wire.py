"""Documents from the province to a box over a real mosquitto (PROTOCOL.md §5.3)."""

from __future__ import annotations

import hashlib
import time

import pytest

from appliance.store import events, upkeep
from sync.mqtt import MqttLink
from sync.protocol.cose import seal
from sync.protocol.messages import Manifest, Query
from sync.protocol.receipt import read_receipt
from sync.protocol.step import Publish
from sync.protocol.topics import Kind, downward, upward
from sync.province.store.outgoing import SentBefore, UnknownBox
from sync.transport import Connected, LinkConfig, Published
from sync.wire_identity import SigningKey, verifier
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, paper, wait_for

OTHER = "commune-00002"


def test_a_document_arrives_byte_for_byte_and_the_receipt_is_the_boxs(down_site: DownSite) -> None:
    content = paper(700_001)
    down_site.send(content, "den-1", priority=1)
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.answer("den-1"))
        held = down_site.held("den-1", store)
        assert held is not None
        assert store.blobs.existing(held.sha256).read_bytes() == content
        assert (held.stage, held.priority, held.said("code")) == ("01", 1, "12/UBND-VP")
        assert [entry.event for entry in store.read(lambda db: list(events.entries(db, "den-1")))] == [
            "electronic-stored"
        ]
        assert upkeep.verify(store).sound
        assert not upkeep.verify(store).orphans
    (sent,) = down_site.outgoing.find("den-1")
    box = down_site.store.fleet.box(BOX)
    assert sent.answer == "accepted"
    assert sent.receipt is not None
    assert box is not None
    receipt = read_receipt(sent.receipt, verifier({BOX: box.device_key}))
    assert receipt.sha256 == hashlib.sha256(content).digest()
    assert not list((down_site.root / BOX / "incoming").iterdir()), "no part is left"


def test_documents_for_two_boxes_reach_each_its_own(down_site: DownSite) -> None:
    down_site.send(paper(50_000, 1), "den-1")
    down_site.send(paper(60_000, 2), "den-1", box=OTHER)
    with down_site.sending(), down_site.box() as mine, down_site.box(OTHER) as theirs:
        wait_for(lambda: down_site.answer("den-1") and down_site.answer("den-1", OTHER))
        assert [held.size for held in (down_site.held("den-1", mine), down_site.held("den-1", theirs)) if held] == [
            50_000,
            60_000,
        ]
    assert not down_site.findings


def test_nothing_travels_to_a_box_that_is_away_and_everything_once_it_is_there(down_site: DownSite) -> None:
    down_site.send(paper(80_000), "den-1")
    with down_site.sending():
        time.sleep(1.5)
        assert down_site.answer("den-1") == ""
        with down_site.box():
            wait_for(lambda: down_site.answer("den-1") == "accepted")


def test_a_box_that_ends_in_the_middle_goes_on_where_it_was(down_site: DownSite) -> None:
    content = paper(6_000_000)
    down_site.send(content, "den-1")
    part = down_site.root / BOX / "incoming"
    with down_site.sending():
        with down_site.box():
            wait_for(lambda: sum(file.stat().st_size for file in part.glob("*.part")) > 500_000)
        assert down_site.answer("den-1") == ""
        store = down_site.box_store()
        held = store.database.read(lambda db: db.execute("SELECT ranges FROM incoming_transfers").fetchone()[0])
        store.close()
        assert held not in ("", "[]")
        with down_site.box() as store:
            wait_for(lambda: down_site.answer("den-1"), 30)
            row = down_site.held("den-1", store)
            assert row is not None
            assert store.blobs.existing(row.sha256).read_bytes() == content


def test_the_sending_end_may_end_and_begin_again(down_site: DownSite) -> None:
    down_site.send(paper(6_000_000), "den-1")
    part = down_site.root / BOX / "incoming"
    with down_site.box() as store:
        with down_site.sending():
            wait_for(lambda: sum(file.stat().st_size for file in part.glob("*.part")) > 300_000)
        assert down_site.answer("den-1") == ""
        with down_site.sending():
            wait_for(lambda: down_site.answer("den-1") == "accepted", 30)
        assert len(store.read(lambda db: list(events.entries(db)))) == 1


def test_a_broker_killed_in_the_middle_costs_nothing(down_site: DownSite) -> None:
    content = paper(5_000_000)
    down_site.send(content, "den-1")
    part = down_site.root / BOX / "incoming"
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: sum(file.stat().st_size for file in part.glob("*.part")) > 300_000)
        broker = down_site.site._broker
        assert broker is not None
        broker.kill()
        broker.wait()
        down_site.site.start_broker()
        wait_for(lambda: down_site.answer("den-1") == "accepted", 40)
        row = down_site.held("den-1", store)
        assert row is not None
        assert store.blobs.existing(row.sha256).read_bytes() == content


def test_an_urgent_document_is_answered_before_a_bulky_one_queued_earlier(down_site: DownSite) -> None:
    down_site.send(paper(4_000_000), "bulk")
    down_site.send(paper(2_000, 7), "urgent", priority=3)
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.answer("urgent") and down_site.answer("bulk"))
        assert [entry.document_id for entry in store.read(lambda db: list(events.entries(db)))] == ["urgent", "bulk"]


@pytest.mark.parametrize(
    ("conclusion", "code"),
    [
        ("unsigned", "signature-missing"),
        ("invalid", "signature-invalid"),
        ("untrusted", "signature-untrusted"),
        ("changed", "changed"),
        ("unreadable", "unreadable"),
    ],
)
def test_what_is_not_signed_as_it_must_be_is_refused_with_the_reason(
    down_site: DownSite, conclusion: str, code: str
) -> None:
    content = paper(20_000)
    sent = down_site.send(content, "den-1")
    down_site.looks.conclusions[sent.sha256] = conclusion
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.answer("den-1"))
        assert down_site.held("den-1", store) is None
        assert not list(store.blobs.digests())
        (entry,) = store.read(lambda db: list(events.entries(db, "den-1")))
        assert (entry.event, entry.detail["code"]) == ("electronic-refused", code)
        assert "sha256" not in entry.detail
    (row,) = down_site.outgoing.find("den-1")
    assert (row.answer, row.code) == ("refused", code)
    assert row.reason


def test_a_secret_is_refused_before_a_byte_of_it_travels(down_site: DownSite) -> None:
    down_site.send(paper(20_000), "den-1", fields={"secrecy": "mat"})
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.answer("den-1"))
        assert not list((down_site.root / BOX / "incoming").iterdir())
        assert not down_site.looks.seen
        assert store.read(lambda db: db.execute("SELECT count(*) FROM incoming_transfers").fetchone()[0]) == 0
    assert down_site.outgoing.find("den-1")[0].code == "secret"


def test_a_secret_that_only_its_pages_show_leaves_nothing_behind(down_site: DownSite) -> None:
    sent = down_site.send(paper(20_000), "den-1")
    down_site.looks.verdicts[sent.sha256] = "suspected-secret"
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.answer("den-1"))
        assert not list(store.blobs.digests())
        assert not list((down_site.root / BOX / "incoming").iterdir())
    assert down_site.outgoing.find("den-1")[0].code == "secret"


def test_the_same_document_offered_anew_is_answered_with_the_same_receipt(down_site: DownSite) -> None:
    """A province restored from a backup has forgotten the answer."""
    down_site.send(paper(30_000), "den-1")
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.answer("den-1"))
        first = down_site.outgoing.find("den-1")[0].receipt
        with down_site.store.connection.writing() as raw:
            raw.execute("UPDATE outgoing SET answer = '', receipt = NULL, answered_at = NULL")
        wait_for(lambda: down_site.answer("den-1"))
        assert down_site.outgoing.find("den-1")[0].receipt == first
        assert len(store.read(lambda db: list(events.entries(db)))) == 1


def test_a_province_does_not_send_twice_or_to_strangers(down_site: DownSite) -> None:
    down_site.send(paper(1_000), "den-1")
    with pytest.raises(SentBefore):
        down_site.send(paper(2_000), "den-1")
    with pytest.raises(UnknownBox):
        down_site.outgoing.queue("commune-99999", "x", "0" * 64, 1, 0, {}, 0.0)


class Intruder:
    """A client with somebody's certificate that says what it likes."""

    def __init__(self, site: DownSite, name: str) -> None:
        folder = site.site.folder.root if name.startswith("province") else site.enrol(name)
        stem = name.removeprefix("province-") if name.startswith("province") else "client"
        self.link = MqttLink(
            LinkConfig(
                name, "127.0.0.1", site.site.port, folder / "ca.pem", folder / f"{stem}.pem", folder / f"{stem}.key",
                subscriptions=((downward(BOX, Kind.MANIFEST), 1), (downward(BOX, Kind.CHUNK), 0)), session_expiry=0,
            )
        )  # fmt: skip
        wait_for(lambda: any(isinstance(event, Connected) for event in self.link.poll(0.1)))
        self.heard: list[str] = []

    def says(self, topic: str, payload: bytes) -> bool:
        """Publish; whether the broker took it."""
        token = self.link.publish(Publish(topic, payload, 1))
        until, answer = time.monotonic() + 5, None
        while answer is None and time.monotonic() < until:
            for event in self.link.poll(0.1):
                if isinstance(event, Published) and event.token == token:
                    answer = event.ok
                elif hasattr(event, "topic"):
                    self.heard.append(event.topic)
        return bool(answer)


def offer(box: str, key: SigningKey, kid: str, content: bytes = b"%PDF-1.7") -> bytes:
    manifest = Manifest(box, "den-9", 1, len(content), hashlib.sha256(content).digest(), 0)
    return Query(1, "1", (seal(kid, manifest.encode(), key.sign),)).encode()


def test_forged_offers_open_nothing_even_from_the_provinces_own_certificate(down_site: DownSite) -> None:
    """The broker and whoever stole a certificate are not the province's signing key (§1.4)."""
    device = SigningKey.load(down_site.enrol() / "device.key")
    with down_site.box() as store:
        thief = Intruder(down_site, "province-sender")
        for payload in (
            offer(BOX, SigningKey.generate(), down_site.kid),
            offer(BOX, device, BOX),
            offer(OTHER, down_site.key, down_site.kid),
            b"\x00",
        ):
            assert thief.says(downward(BOX, Kind.MANIFEST), payload)
        wait_for(lambda: len(down_site.findings) == 4)
        assert down_site.findings == ["bad-signature", "bad-signature", "foreign-manifest", "not-a-map"]
        assert store.read(lambda db: db.execute("SELECT count(*) FROM incoming_transfers").fetchone()[0]) == 0
        thief.link.close()


def test_a_box_can_neither_send_to_another_nor_hear_what_it_is_sent(down_site: DownSite) -> None:
    """§2.2: the access list."""
    down_site.send(paper(40_000), "den-1")
    spy = Intruder(down_site, OTHER)
    with down_site.sending(), down_site.box():
        assert not spy.says(downward(BOX, Kind.MANIFEST), b"x")
        assert not spy.says(upward(BOX, Kind.RECEIPT), b"x")
        assert spy.says(upward(OTHER, Kind.RECEIPT), b"x")
        wait_for(lambda: down_site.answer("den-1"))
        spy.says(upward(OTHER, Kind.HAVE), b"x")
    assert spy.heard == []
    spy.link.close()


def test_the_sending_ends_certificate_cannot_give_receipts_or_say_that_the_receiver_is_there(
    down_site: DownSite,
) -> None:
    thief = Intruder(down_site, "province-sender")
    down_site.enrol()
    assert not thief.says(downward(BOX, Kind.RECEIPT), b"x")
    assert not thief.says("commune/v1/p/state", b"x")
    assert not thief.says(upward(BOX, Kind.MANIFEST), b"x")
    thief.link.close()


def test_a_receipt_under_a_strangers_key_ends_nothing(down_site: DownSite) -> None:
    content = paper(3_000)
    sent = down_site.send(content, "den-1")
    from sync.protocol.receipt import FIRST_IN_CHAIN, Receipt, Result

    manifest = Manifest(BOX, "den-1", sent.sequence, sent.size, bytes.fromhex(sent.sha256), 0, meta=sent.meta)
    receipt = Receipt(1, BOX, 1, "den-1", manifest.sha256, sent.size, manifest.digest, Result.STORED, 1, FIRST_IN_CHAIN)
    thief = Intruder(down_site, BOX)
    with down_site.sending():
        time.sleep(1.2)
        assert thief.says(upward(BOX, Kind.RECEIPT), seal(BOX, receipt.encode(), SigningKey.generate().sign))
        assert thief.says(upward(BOX, Kind.RECEIPT), seal(down_site.kid, receipt.encode(), down_site.key.sign))
        wait_for(lambda: down_site.store.fleet.observations())
        assert down_site.answer("den-1") == ""
    assert [seen.code for seen in down_site.store.fleet.observations()] == ["unverifiable"]
    thief.link.close()
