"""Digitizing and queueing one leased paper: verdicts about the paper are events, failures of the box are attempts."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest

from appliance.domain.documents import SUSPECTED, Document, FieldValue, failed_attempt
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import State
from appliance.pipeline.digitizing import GIVE_UP_AFTER, MAYBE_OURS, Digitizing
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.runner import StepFailed
from appliance.pipeline.sending import Enqueueing, StoreOutbox, package_meta
from appliance.pipeline.underway import Underway
from appliance.store import ChangedMeanwhile, Store, documents, events, outbox, texts
from scanner_intake.digitize import Digitized, Field, Limits, Marking
from tests.fixtures_store import NOW, Clock, digitized, in_state, keep, loaded, paper, signed


class Engine:
    """Answers with what the test says; a verdict with a file gets one."""

    def __init__(self, **result: Any) -> None:
        self.result = result
        self.asked: list[bool] = []
        self.folders: list[Path] = []
        self.passwords: tuple[str, ...] = ()

    def __call__(
        self,
        source: Path,
        out_dir: Path,
        limits: Limits,
        language: str,
        *,
        ignore_markings: bool,
        passwords: Any,
        **_: Any,
    ) -> Digitized:
        assert source.read_bytes() == b"scan"
        assert language == "vie"
        self.asked.append(ignore_markings)
        self.passwords = passwords
        self.folders.append(out_dir)
        if self.result.get("verdict") == "ok":
            (out_dir / "scan.pdf").write_bytes(b"%PDF/A")
            return Digitized(**(self.result | {"pdf": out_dir / "scan.pdf"}))
        return Digitized(**self.result)


OK: dict[str, Any] = {
    "verdict": "ok",
    "pages": 2,
    "text": ("Ủy ban nhân dân", "trang hai"),
    "fields": {
        "subject": Field("Về việc chi trả", 0.8, 1, (70.0, 160.0, 280.0, 180.0)),
        "urgency": Field("khan", 0.9, 1, None),
    },
    "markings": (
        Marking("urgency", "khan", 1, (1.0, 2.0, 3.0, 4.0), 0.9),
        Marking("seal", "", 1, (1.0, 2.0, 3.0, 4.0), 0.9),
    ),
    "warnings": ("low-resolution",),
    "media_type": "image/tiff",
}


@pytest.fixture
def received(store: Store, tmp_path: Path) -> Document:
    (tmp_path / "scan").write_bytes(b"scan")
    return keep(store, paper(original_sha256=store.blobs.put(tmp_path / "scan").sha256))


def digitize(
    store: Store, tmp_path: Path, document: Document, engine: Engine, passwords: Passwords | None = None
) -> Document:
    try:
        Digitizing(store, tmp_path / "work", Limits(), "vie", engine, passwords=passwords)(document, NOW)
    finally:
        assert list((tmp_path / "work").iterdir()) == [], "nothing stays in the work folder"
    return loaded(store, document.id)


def last_event(store: Store, document: Document) -> tuple[str, str, dict[str, Any]]:
    entry = store.read(lambda db: list(events.entries(db, document.id)))[-1]
    return entry.event, entry.by, entry.detail


def test_a_good_paper_is_digitized(store: Store, tmp_path: Path, received: Document) -> None:
    after = digitize(store, tmp_path, received, Engine(**OK))
    assert (after.state, after.pages, after.media_type) == (State.DIGITIZED, 2, "image/tiff")
    assert after.current_sha256 == after.archive_sha256 != after.original_sha256
    assert store.blobs.existing(after.archive_sha256).read_bytes() == b"%PDF/A"
    assert after.current_size == 6
    assert after.fields["subject"] == FieldValue("Về việc chi trả", 0.8, 1, (70.0, 160.0, 280.0, 180.0))
    assert after.fields["urgency"].box == (0.0, 0.0, 0.0, 0.0)
    assert (after.priority, after.markings, after.warnings) == (1, ("urgency:khan",), ("low-resolution",))
    assert store.read(lambda db: texts.of_document(db, after.id)) == ("Ủy ban nhân dân", "trang hai")
    assert last_event(store, after) == ("digitized", "worker", {"sha256": after.archive_sha256, "pages": 2})


def test_a_file_that_is_signed_already_is_kept_as_it_came(store: Store, tmp_path: Path, received: Document) -> None:
    after = digitize(store, tmp_path, received, Engine(verdict="signed-kept", pages=1, text=("văn bản",)))
    assert after.state is State.DIGITIZED
    assert after.current_sha256 == after.archive_sha256 == after.original_sha256
    assert after.current_size == 4


@pytest.mark.parametrize(
    ("code", "reason"),
    [("secrecy-marking", "suspected-secret"), ("marking-unreadable", "marking-unreadable"), ("", "suspected-secret")],
)
def test_a_suspected_secret_leaves_nothing_but_itself(
    store: Store, tmp_path: Path, received: Document, code: str, reason: str
) -> None:
    """Also when it was digitized before, released, and is found to be one now."""
    store.write(lambda db: texts.keep(db, received.id, ("từ lần trước",)))
    before = dataclasses.replace(received, fields={"subject": FieldValue("kế hoạch")}, archive_sha256="a" * 64)
    after = digitize(store, tmp_path, before, Engine(verdict="suspected-secret", pages=1, code=code))
    assert (after.state, after.reason_code, after.markings) == (State.QUARANTINED, reason, (SUSPECTED,))
    assert after.secret
    assert (after.fields, after.digests) == ({}, {received.original_sha256})
    assert store.read(lambda db: texts.of_document(db, after.id)) == ()
    assert set(store.blobs.digests()) == {received.original_sha256}
    assert last_event(store, after) == ("suspected-secret", "worker", {"code": reason})


def test_the_gate_stands_open_only_for_a_released_paper(store: Store, tmp_path: Path, received: Document) -> None:
    engine = Engine(**OK)
    digitize(store, tmp_path, received, engine)
    other = keep(store, paper(original_sha256=received.original_sha256, warnings=("released-as-not-secret",)))
    digitize(store, tmp_path, other, engine)
    assert engine.asked == [False, True]


@pytest.mark.parametrize(
    ("verdict", "code", "reason"),
    [("unreadable", "damaged", "damaged"), ("unreadable", "", "unreadable"), ("needs-password", "", "needs-password")],
)
def test_an_unreadable_paper_goes_to_quarantine(
    store: Store, tmp_path: Path, received: Document, verdict: str, code: str, reason: str
) -> None:
    after = digitize(store, tmp_path, received, Engine(verdict=verdict, code=code))
    assert (after.state, after.reason_code) == (State.QUARANTINED, reason)
    assert not after.secret
    assert last_event(store, after)[0] == "unreadable"


def test_a_typed_password_is_tried_and_forgotten_when_the_verdict_is_there(
    store: Store, tmp_path: Path, received: Document
) -> None:
    known, engine = Passwords(), Engine(verdict="unreadable", code="timeout")
    known.typed(received.id, "mở")
    with pytest.raises(StepFailed):
        digitize(store, tmp_path, received, engine, known)
    assert engine.passwords == ("mở",) and known.has_typed(received.id), "the box tries again: it still needs it"
    locked = Engine(verdict="needs-password", code="needs-password")
    after = digitize(store, tmp_path, received, locked, known)
    assert (after.state, after.reason_code) == (State.QUARANTINED, "password-wrong")
    assert locked.passwords == ("mở",) and not known.has_typed(received.id)
    assert "mở" not in str(store.read(lambda db: list(db.execute("SELECT * FROM events").fetchall())))


def test_the_page_under_way_is_told_while_it_lasts(store: Store, tmp_path: Path, received: Document) -> None:
    underway, seen = Underway(), []

    def engine(*_: Any, on_page: Any, **__: Any) -> Digitized:
        for page in (1, 2):
            on_page(page, 2)
            seen.append(underway.now())
        return Digitized("unreadable", code="timeout")

    with pytest.raises(StepFailed):
        Digitizing(store, tmp_path / "work", Limits(), "vie", engine, underway=underway)(received, NOW)
    assert seen == [{received.id: [1, 2]}, {received.id: [2, 2]}] and underway.now() == {}


@pytest.mark.parametrize("code", sorted(MAYBE_OURS))
def test_a_child_that_fails_is_tried_again_before_giving_up(
    store: Store, tmp_path: Path, received: Document, code: str
) -> None:
    engine, document = Engine(verdict="unreadable", code=code), received
    for _ in range(GIVE_UP_AFTER - 1):
        with pytest.raises(StepFailed, match=code):
            digitize(store, tmp_path, document, engine)
        failed = failed_attempt(document, code, NOW)
        store.write(lambda db, before=document, failed=failed: documents.note_attempt(db, before, failed))
        document = loaded(store, document.id)
    after = digitize(store, tmp_path, document, engine)
    assert (after.state, after.reason_code) == (State.QUARANTINED, code)
    assert last_event(store, after)[0] == "gave-up"


def test_failures_of_the_box_do_not_count_against_the_paper(store: Store, tmp_path: Path, received: Document) -> None:
    document = dataclasses.replace(received, attempts=50, last_error="store-full")
    with pytest.raises(StepFailed):
        digitize(store, tmp_path, document, Engine(verdict="unreadable", code="timeout"))
    assert loaded(store, received.id).state is State.RECEIVED


def test_a_paper_changed_meanwhile_is_left_alone(store: Store, tmp_path: Path, received: Document) -> None:
    stale = dataclasses.replace(received, version=7)
    with pytest.raises(ChangedMeanwhile):
        digitize(store, tmp_path, stale, Engine(**OK))
    assert loaded(store, received.id) == received
    assert store.read(lambda db: texts.of_document(db, received.id)) == ()


# --- queueing and the answers ----------------------------------------------------------------------------------------


def queued(store: Store, kind: Kind = Kind.OUTGOING) -> Document:
    kept = keep(store, signed(paper(kind)))
    Enqueueing(store)(kept, NOW)
    return loaded(store, kept.id)


def test_a_signed_paper_is_queued_with_its_package(store: Store) -> None:
    after = queued(store)
    (row,) = store.read(lambda db: outbox.waiting(db, 10))
    assert (after.state, row.document_id, row.sha256, row.size) == (
        State.QUEUED,
        after.id,
        after.signatures[-1].sha256,
        after.signatures[-1].size,
    )
    assert row.meta == package_meta(after)
    assert row.meta["slots"] == ["leader", "agency"]
    assert row.meta["fields"] == {"subject": "Về việc chi trả trợ cấp"}
    assert last_event(store, after)[2] == {"sequence": 1, "sha256": row.sha256, "size": row.size}


def test_a_batch_parts_dossier_travels_with_it(store: Store) -> None:
    kept = keep(store, dataclasses.replace(in_state(State.SIGNED), dossier="HS-2026/17"))
    Enqueueing(store)(kept, NOW)
    (row,) = store.read(lambda db: outbox.waiting(db, 9))
    assert row.meta["dossier"] == "HS-2026/17"
    assert "dossier" not in package_meta(in_state(State.SIGNED))


@pytest.mark.parametrize("beginning", [True, False])
def test_a_file_that_begins_with_an_answered_one_names_it(store: Store, beginning: bool) -> None:
    kept = keep(store, in_state(State.SIGNED))
    with store.blobs.open(kept.current_sha256) as file:
        earlier = file.read()[:5]
    digest = hashlib.sha256(earlier if beginning else earlier[::-1]).hexdigest()
    store.write(lambda db: outbox.enqueue(db, kept.id, digest, len(earlier), 0, {}, NOW))
    store.write(lambda db: outbox.answered(db, kept.id, "refused", b"no", NOW))
    Enqueueing(store)(kept, NOW)
    (parcel,) = StoreOutbox(store, Clock()).pending(9)
    assert parcel.base == ((digest, len(earlier)) if beginning else None)


def test_a_paper_is_not_queued_twice_by_a_step_that_came_late(store: Store) -> None:
    kept = keep(store, in_state(State.SIGNED))
    Enqueueing(store)(kept, NOW)
    with pytest.raises(ChangedMeanwhile):
        Enqueueing(store)(kept, NOW)
    assert len(store.read(lambda db: outbox.waiting(db, 10))) == 1


def test_a_receipt_makes_it_delivered_and_is_kept(store: Store) -> None:
    kept = queued(store)
    box = StoreOutbox(store, Clock())
    for _ in range(2):
        box.accepted(kept.id, b"\xd2receipt")
    after = loaded(store, kept.id)
    assert after.state is State.DELIVERED
    assert last_event(store, after) == ("accepted", "province", {"answer": b"\xd2receipt".hex(), "code": ""})
    row = store.read(lambda db: outbox.latest(db, kept.id))
    assert row and (row.answer, row.answer_bytes) == ("accepted", b"\xd2receipt")


def test_a_refusal_names_its_reason_and_a_late_receipt_changes_nothing(store: Store) -> None:
    kept = queued(store)
    box = StoreOutbox(store, Clock())
    box.refused(kept.id, "bad-signature", "Chữ ký không hợp lệ.", b"no")
    box.accepted(kept.id, b"late")
    after = loaded(store, kept.id)
    assert (after.state, after.reason_code, after.reason_text) == (
        State.REFUSED,
        "bad-signature",
        "Chữ ký không hợp lệ.",
    )


def test_an_answer_for_nobody_changes_nothing(store: Store) -> None:
    kept = queued(store)
    StoreOutbox(store, Clock()).accepted("nobody", b"receipt")
    assert loaded(store, kept.id) == kept


def test_what_was_not_signed_is_not_queued(store: Store) -> None:
    from appliance.domain.states import IllegalTransition

    kept = keep(store, digitized(paper()))
    with pytest.raises(IllegalTransition):
        Enqueueing(store)(kept, NOW)
    assert store.read(lambda db: outbox.waiting(db, 10)) == []
    assert Slot.AGENCY not in kept.filled
