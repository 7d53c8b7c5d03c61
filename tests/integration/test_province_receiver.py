"""The receiver on a real mosquitto: what a box may do, and what it may not."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time

import pytest

from sync.protocol import topics
from sync.protocol.cose import unseal
from sync.protocol.messages import Base, Presence
from sync.protocol.receipt import Result, chain_breaks
from sync.protocol.step import Publish
from sync.protocol.topics import Kind
from sync.province.checking import CheckUnavailable, Finding
from sync.province.pki import key_id
from sync.province.receiver import AlreadyRunning
from sync.province.store import ProvinceStore
from sync.wire_identity import SigningKey, verifier
from tests.fakes.province import ScriptedCheck
from tests.fixtures_province import BOX, Installation

CONTENT = os.urandom(700_001)


def all_files(store: ProvinceStore) -> list[str]:
    return sorted(path.name for path in store.root.rglob("*") if path.is_file() and path.parent.name != store.root.name)


def test_a_document_travels_and_its_receipt_verifies(province_site: Installation) -> None:
    store, _ = province_site.receive()
    receipt = province_site.box().deliver(CONTENT, "doc-1")
    assert receipt.result is Result.STORED
    assert receipt.number == 1
    held = store.reading.document("doc-1")
    assert held is not None
    assert store.blobs.path(held.sha256).read_bytes() == CONTENT
    assert held.meta["subject"] == "Về việc thử nghiệm"
    assert held.signatures["verdict"] == "valid"
    assert list(store.parts.every()) == []
    # The box's own signature over its manifest is kept as evidence.
    assert unseal(held.envelope).kid == BOX


def test_many_documents_make_one_chain(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box = province_site.box()
    for number in range(5):
        box.deliver(os.urandom(30_000), f"doc-{number}", number + 1)
    public = SigningKey.load(province_site.folder.receipt_key).public
    chain = [receipt.cose for receipt in store.reading.chain(BOX)]
    assert len(chain) == 5
    assert chain_breaks(chain, verifier({key_id(public): public})) == []


def test_a_repeated_offer_gets_the_same_receipt_and_no_second_row(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box = province_site.box()
    box.deliver(CONTENT, "doc-1")
    box.deliver(CONTENT, "doc-1")
    assert box.envelopes[0] == box.envelopes[1]
    assert len(store.reading.documents()) == 1
    assert len(store.reading.receipts()) == 1


def test_the_same_bytes_offered_anew_are_a_duplicate_without_a_transfer(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box = province_site.box()
    box.deliver(CONTENT, "doc-1", sequence=1)
    haves = len(box.haves)
    again = box.deliver(CONTENT, "doc-1", sequence=2)
    assert again.result is Result.DUPLICATE
    assert len(box.haves) == haves
    assert len(store.reading.documents()) == 1


def test_a_document_id_cannot_be_given_other_bytes(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box = province_site.box()
    box.deliver(CONTENT, "doc-1", sequence=1)
    other = box.deliver(CONTENT[::-1], "doc-1", sequence=2)
    assert (other.result, other.code) == (Result.REFUSED, "duplicate")
    assert len(store.reading.documents()) == 1
    assert len(list(store.blobs.every())) == 1


def test_tampered_bytes_are_asked_for_again_and_then_refused(province_site: Installation) -> None:
    check = ScriptedCheck()
    store, _ = province_site.receive(check)
    box = province_site.box()
    manifest = box.manifest(CONTENT, "doc-1")
    forged = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    box.ask(box.seal(manifest))
    for _ in range(3):
        box.until(lambda: box.haves and box.haves[-1].ranges == ())
        box.haves.clear()
        box.send(manifest, forged)
        box.until(lambda: any(have.state for have in box.haves))
        time.sleep(0.3)
        box.ask(box.seal(manifest))
        box.until(lambda: box.receipts or (box.haves and box.haves[-1].ranges == ()))
        if box.receipts:
            break
    assert box.receipts[-1].result is Result.REFUSED
    assert check.seen == [], "bytes that are not the promised ones are never shown to the check"
    assert list(store.blobs.every()) == []
    assert list(store.parts.every()) == []


def test_a_tampered_transfer_that_is_sent_right_the_second_time_is_stored(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box = province_site.box()
    manifest = box.manifest(CONTENT, "doc-1")
    box.ask(box.seal(manifest))
    box.until(lambda: box.haves)
    box.send(manifest, b"\0" * len(CONTENT))
    box.until(lambda: any(have.state for have in box.haves))
    time.sleep(0.3)
    receipt = box.deliver(CONTENT, "doc-1")
    assert receipt.result is Result.STORED
    assert [observation.code for observation in store.fleet.observations()] == ["digest-mismatch"]


@pytest.mark.parametrize("secrecy", ["mat", "toi-mat", {"value": "tuyet-mat", "confidence": 1}])
def test_a_secret_paper_is_refused_and_nothing_of_it_remains(province_site: Installation, secrecy: object) -> None:
    store, _ = province_site.receive()
    box = province_site.box()
    receipt = box.deliver(CONTENT, "doc-1", secrecy=secrecy, subject="Kế hoạch KHÔNG ĐƯỢC LƯU")
    assert (receipt.result, receipt.code) == (Result.REFUSED, "secret")
    assert "độ mật" in receipt.text
    assert box.haves == [], "a have would invite its bytes"
    box.send(box.manifest(CONTENT, "doc-1", secrecy=secrecy, subject="Kế hoạch KHÔNG ĐƯỢC LƯU"), CONTENT)
    time.sleep(0.5)
    assert store.transfers.every() == []
    assert all_files(store) == []
    for path in store.root.glob("province.sqlite*"):
        assert "KHÔNG ĐƯỢC LƯU".encode() not in path.read_bytes()


def test_an_unknown_kind_is_refused_at_the_door(province_site: Installation) -> None:
    province_site.receive()
    receipt = province_site.box().deliver(CONTENT, "doc-1", kind="poster")
    assert (receipt.result, receipt.code) == (Result.REFUSED, "unknown-kind")


def test_a_bad_signature_is_a_refusal_with_its_reason(province_site: Installation) -> None:
    store, _ = province_site.receive(ScriptedCheck(Finding("signature-missing")))
    receipt = province_site.box().deliver(CONTENT, "doc-1")
    assert (receipt.result, receipt.code) == (Result.REFUSED, "signature-missing")
    assert receipt.text == "Văn bản thiếu chữ ký số theo quy định."
    assert store.reading.documents() == []
    assert [refusal.code for refusal in store.reading.refusals()] == ["signature-missing"]
    assert all_files(store) == [hashlib.sha256(CONTENT).hexdigest()], "set apart for a corrected version"
    assert list(store.blobs.every()) == []
    assert store.clear_refused(time.time() + 10 * 86_400) == 0
    assert store.clear_refused(time.time() + 15 * 86_400) == 1
    assert all_files(store) == []


def test_of_a_corrected_paper_only_what_was_appended_travels(province_site: Installation) -> None:
    store, _ = province_site.receive(ScriptedCheck(Finding("signature-invalid"), Finding()))
    box = province_site.box()
    assert box.deliver(CONTENT, "doc-1", sequence=1).result is Result.REFUSED
    box.haves.clear()
    corrected = CONTENT + os.urandom(5_000)
    manifest = dataclasses.replace(
        box.manifest(corrected, "doc-1", 2), base=Base(hashlib.sha256(CONTENT).digest(), len(CONTENT))
    )
    box.ask(box.seal(manifest))
    box.until(lambda: box.haves)
    assert box.haves[-1].ranges == ((0, len(CONTENT)),)
    box.send(manifest, corrected, len(CONTENT))
    box.until(lambda: len(box.receipts) == 2)
    assert box.receipts[-1].result is Result.STORED
    held = store.reading.document("doc-1")
    assert held and store.blobs.path(held.sha256).read_bytes() == corrected


def test_a_refused_document_queued_again_is_judged_again(province_site: Installation) -> None:
    store, _ = province_site.receive(ScriptedCheck(Finding("signature-untrusted"), Finding()))
    box = province_site.box()
    assert box.deliver(CONTENT, "doc-1", sequence=1).result is Result.REFUSED
    assert box.deliver(CONTENT, "doc-1", sequence=2).result is Result.STORED
    assert len(store.reading.documents()) == 1


def test_a_check_that_cannot_run_is_never_the_papers_fault(province_site: Installation) -> None:
    check = ScriptedCheck(CheckUnavailable("command-missing"), CheckUnavailable("too-slow"), Finding())
    store, _ = province_site.receive(check)
    receipt = province_site.box().deliver(CONTENT, "doc-1")
    assert receipt.result is Result.STORED
    assert len(check.seen) == 3
    assert store.reading.refusals() == []


def test_a_foreign_key_or_a_foreign_name_opens_nothing(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box, other = province_site.box(), province_site.box("commune-00001", "UBND xã Khác")
    manifest = box.manifest(CONTENT, "doc-1")
    box.ask(box.seal(manifest, SigningKey.generate()))
    foreign = other.manifest(CONTENT, "doc-2")
    box.ask(other.seal(foreign))
    box.deliver(b"x" * 5000, "doc-3")
    codes = {observation.code: observation.box for observation in store.fleet.observations()}
    assert codes == {"unverifiable": BOX, "foreign-box": BOX}
    assert [held.document_id for held in store.reading.documents()] == ["doc-3"]
    assert store.transfers.every() == []


def test_a_box_cannot_write_or_read_another_boxs_topics(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box, other = province_site.box(), province_site.box("commune-00001", "UBND xã Khác")
    other.say(Presence(True, 1, int(time.time()), waiting=3))
    other.until(lambda: BOX not in store.fleet.presences() and "commune-00001" in store.fleet.presences())
    box.publish(Publish(topics.presence("commune-00001"), Presence(True, 9, 1, waiting=99).encode(), 1, True))
    box.publish(Publish(topics.upward("commune-00001", Kind.MANIFEST), b"\x00", 1))
    box.say(Presence(True, 1, int(time.time()), waiting=1))
    box.until(lambda: BOX in store.fleet.presences())
    assert store.fleet.presences()["commune-00001"].waiting == 3
    assert store.fleet.observations() == []


def test_a_revoked_box_is_not_believed(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box = province_site.box()
    store.fleet.revoke(BOX, time.time())
    box.ask(box.seal(box.manifest(CONTENT, "doc-1")))
    box.until(lambda: store.fleet.observations())
    assert [observation.code for observation in store.fleet.observations()] == ["unverifiable"]


def test_presence_and_last_will(province_site: Installation) -> None:
    store, _ = province_site.receive()
    box = province_site.box()
    box.say(Presence(True, 7, int(time.time()) + 7200, waiting=4, waiting_bytes=900, oldest_age=60, disk_free=10**9))
    box.until(lambda: BOX in store.fleet.presences())
    seen = store.fleet.presences()[BOX]
    assert (seen.online, seen.waiting, seen.disk_free) == (True, 4, 10**9)
    assert seen.oldest_waiting_at == pytest.approx(time.time() - 60, abs=5)
    assert seen.clock_skew == pytest.approx(7200, abs=5)
    sock = box.link._client.socket()  # type: ignore[union-attr]
    sock.close()  # the cable is cut: no goodbye, so the broker publishes the last will
    end = time.monotonic() + 10
    while store.fleet.presences()[BOX].online:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert store.fleet.presences()[BOX].waiting == 4, "a will knows nothing about the queue"


def test_only_one_receiver_works_on_a_store(province_site: Installation) -> None:
    import threading

    store, _ = province_site.receive()
    second = province_site.receiver(store, ScriptedCheck())
    with pytest.raises(AlreadyRunning):
        second.run(threading.Event())


def test_bytes_of_a_stopped_transfer_are_not_sent_again(province_site: Installation) -> None:
    _, end = province_site.receive()
    box = province_site.box()
    manifest = box.manifest(CONTENT, "doc-1")
    box.ask(box.seal(manifest))
    box.until(lambda: box.haves)
    box.send(manifest, CONTENT, 0, 16_384 * 20)
    box.until(lambda: box.haves[-1].ranges and box.haves[-1].ranges[0][1] >= 16_384 * 16)
    end()
    box.haves.clear()
    store, _ = province_site.receive()
    box.ask(box.seal(manifest))
    box.until(lambda: box.haves)
    start, held = box.haves[0].ranges[0]
    assert start == 0
    assert held >= 16_384 * 16
    box.send(manifest, CONTENT, held)
    box.until(lambda: box.receipts)
    assert box.receipts[-1].result is Result.STORED
    assert store.blobs.path(manifest.sha256.hex()).read_bytes() == CONTENT
