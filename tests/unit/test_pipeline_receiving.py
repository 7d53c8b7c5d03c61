"""Custody: what is accepted is durable first, taken once, and never lost to a twin, a name or a wiped secret."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from appliance import commands
from appliance.domain.documents import SUSPECTED, FieldValue, advance
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, State
from appliance.domain.steps import Step
from appliance.ids import new_id
from appliance.pipeline.receiving import BoxCustodian
from appliance.store import BlobStore, Store, StoreFull, documents, events, held
from appliance.store.blobs import Blob
from appliance.store.upkeep import verify
from appliance.wording import text_of
from scanner_intake.custody import Answer, Claim, Duplicate, HeldFile
from tests.fixtures_store import NOW, Clock, loaded


@pytest.fixture
def custodian(store: Store) -> BoxCustodian:
    return BoxCustodian(store, Clock())


def claim(tmp_path: Path, content: bytes = b"%PDF one", name: str = "quét 001.pdf", **changes: str) -> Claim:
    claim_id = changes.pop("id", None) or new_id()
    path = tmp_path / f"{claim_id}.claimed"
    path.write_bytes(content)
    values = {"folder": "den", "kind": "incoming-scan", "policy": "policy"} | changes
    return Claim(claim_id, path, name, size=len(content), claimed_at=NOW, **values)


def test_an_accepted_file_is_a_received_document(store: Store, custodian: BoxCustodian, tmp_path: Path) -> None:
    taken = claim(tmp_path, kind="outgoing")
    custodian.accept(taken)
    kept = loaded(store, taken.id)
    assert (kept.state, kept.kind, kept.policy, kept.folder) == (State.RECEIVED, Kind.OUTGOING, "policy", "den")
    assert (kept.original_name, kept.received_at, kept.current_size) == ("quét 001.pdf", NOW, 8)
    assert store.blobs.existing(kept.original_sha256).read_bytes() == b"%PDF one"
    assert taken.path.exists(), "unlinking is the intake's own, later, effect"
    (entry,) = store.read(lambda db: list(events.entries(db)))
    assert (entry.event, entry.by) == ("received", "intake")
    assert entry.detail == {"sha256": kept.original_sha256, "size": 8, "name": "quét 001.pdf", "folder": "den"}


def test_the_same_claim_again_changes_nothing(store: Store, custodian: BoxCustodian, tmp_path: Path) -> None:
    taken = claim(tmp_path)
    for _ in range(3):
        custodian.accept(taken)
    assert len(store.read(documents.listed)) == 1
    assert len(store.read(lambda db: list(events.entries(db)))) == 1


def test_the_same_bytes_again_are_told_and_not_taken_twice(
    store: Store, custodian: BoxCustodian, tmp_path: Path
) -> None:
    first, second, third = claim(tmp_path), claim(tmp_path, name="bản sao.pdf"), claim(tmp_path)
    for taken in (first, second, second, third, second):
        custodian.accept(taken)
    assert [one.id for one in store.read(documents.listed)] == [first.id]
    told = [entry.detail["claim"] for entry in store.read(lambda db: list(events.entries(db)))[1:]]
    assert told == [second.id, third.id]
    assert verify(store).sound


def test_a_discarded_paper_does_not_swallow_its_rescan(store: Store, custodian: BoxCustodian, tmp_path: Path) -> None:
    first, second = claim(tmp_path), claim(tmp_path)
    custodian.accept(first)
    before = loaded(store, first.id)
    quarantined = advance(before, Event.UNREADABLE, NOW, reason_code="damaged")
    store.write(lambda db: documents.save(db, before, quarantined, "worker", "unreadable", {}))
    commands.send_back(store, first.id, "clerk", NOW, "quét lại")
    custodian.accept(second)
    assert loaded(store, second.id).state is State.RECEIVED


def test_a_full_disk_leaves_the_file_where_it_is(store: Store, tmp_path: Path) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(28, "no space")

    store.blobs = BlobStore(store.blobs.folder, fsync)
    taken = claim(tmp_path)
    with pytest.raises(StoreFull):
        BoxCustodian(store, Clock()).accept(taken)
    assert store.read(documents.listed) == []
    assert taken.path.read_bytes() == b"%PDF one"


def test_bytes_wiped_between_put_and_commit_are_put_again(store: Store, tmp_path: Path) -> None:
    """A clerk ends a secret in the very moment when the same file comes a second time."""

    class Racing(BlobStore):
        wiped = 0

        def put(self, source: Path) -> Blob:
            blob = super().put(source)
            if not self.wiped:
                self.wiped = 1
                self.remove(blob.sha256)
            return blob

    store.blobs = Racing(store.blobs.folder)
    taken = claim(tmp_path)
    BoxCustodian(store, Clock()).accept(taken)
    assert verify(store).sound
    assert loaded(store, taken.id).state is State.RECEIVED


def test_a_name_that_is_no_utf8_is_no_reason_to_lose_a_paper(
    store: Store, custodian: BoxCustodian, tmp_path: Path
) -> None:
    taken = claim(tmp_path, name=b"qu\xe9t \xd0.pdf".decode("utf-8", "surrogateescape"))
    custodian.accept(taken)
    assert loaded(store, taken.id).original_name == "qu\\xe9t \\xd0.pdf"
    assert verify(store).sound


def test_held_files_are_facts_and_not_documents(store: Store, custodian: BoxCustodian, tmp_path: Path) -> None:
    path = tmp_path / "cach-ly" / b"\xe9.pdf".decode("utf-8", "surrogateescape")
    file = HeldFile(path, "den", path.name, "truncated", NOW, {"size": 9})
    custodian.hold(file)
    custodian.hold(file)
    (kept,) = store.read(held.listed)
    assert (kept.folder, kept.name, kept.code, kept.params, kept.since) == (
        "den",
        "\\xe9.pdf",
        "truncated",
        {"size": 9},
        NOW,
    )
    assert store.read(documents.listed) == []
    custodian.unhold(path)
    assert store.read(held.listed) == []


def test_the_moment_of_arrival_is_the_boxs_own(store: Store, tmp_path: Path) -> None:
    clock = Clock(NOW + timedelta(hours=3))
    taken = claim(tmp_path)
    BoxCustodian(store, clock).accept(taken)
    assert loaded(store, taken.id).received_at == NOW + timedelta(hours=3)


# --- duplicates given back, corrected files, meaning of a sub-folder --------------------------------------------------


def moved(store: Store, document_id: str, event: Event, **changes: object) -> None:
    before = loaded(store, document_id)
    after = advance(before, event, NOW, **changes)
    store.write(lambda db: documents.save(db, before, after, "worker", event, {}))


def test_a_duplicate_goes_back_only_after_the_gate_for_secrets(
    store: Store, custodian: BoxCustodian, tmp_path: Path
) -> None:
    first, second = claim(tmp_path), claim(tmp_path, name="bản hai.pdf")
    assert custodian.accept(first) is Answer.TAKEN
    assert custodian.accept(second) is Answer.LATER
    assert BoxCustodian(store, Clock()).accept(second) is Answer.LATER, "the same after a restart"
    fields = {"code": FieldValue("890/UBND-VX"), "issued_date": FieldValue("2026-11-20")}
    moved(store, first.id, Event.DIGITIZED, fields=fields)
    for asked in (custodian, custodian, BoxCustodian(store, Clock())):
        answer = asked.accept(second)
        assert isinstance(answer, Duplicate)
        assert (answer.code, answer.params["number"], answer.params["day"]) == (
            "duplicate-numbered",
            "890/UBND-VX",
            "20/11/2026",
        )
        assert first.id in text_of(answer.code, name="x", **answer.params)
    told = [entry.event for entry in store.read(lambda db: list(events.entries(db)))]
    assert told.count("duplicate-arrived") == 1


def test_a_second_file_of_a_suspected_secret_is_never_laid_into_a_shared_folder(
    store: Store, custodian: BoxCustodian, tmp_path: Path
) -> None:
    first, second, third = claim(tmp_path), claim(tmp_path), claim(tmp_path)
    custodian.accept(first)
    assert custodian.accept(second) is Answer.LATER
    moved(store, first.id, Event.SUSPECTED_SECRET, reason_code="suspected-secret", markings=(SUSPECTED,))
    assert (custodian.accept(second), custodian.accept(third)) == (Answer.TAKEN, Answer.TAKEN)
    assert len(store.read(documents.listed)) == 1


def test_a_second_file_of_a_paper_not_read_is_told_without_a_number(
    store: Store, custodian: BoxCustodian, tmp_path: Path
) -> None:
    first, second = claim(tmp_path), claim(tmp_path)
    custodian.accept(first)
    moved(store, first.id, Event.UNREADABLE, reason_code="needs-password")
    answer = custodian.accept(second)
    assert isinstance(answer, Duplicate)
    assert answer.code == "duplicate"
    assert "quét 001.pdf" in text_of(answer.code, name="x", **answer.params)


@pytest.mark.parametrize(
    ("code", "name", "folder", "days", "linked"),
    [
        ("needs-password", "quét 001.pdf", "den", 1, True),
        ("damaged", "quét 001.pdf", "den", 6, True),
        ("damaged", "quét 001.pdf", "den", 8, False),
        ("damaged", "quét 002.pdf", "den", 1, False),
        ("damaged", "quét 001.pdf", "di", 1, False),
        ("suspected-secret", "quét 001.pdf", "den", 1, False),
    ],
)
def test_a_corrected_file_says_what_it_replaces(
    store: Store, tmp_path: Path, code: str, name: str, folder: str, days: int, linked: bool
) -> None:
    first, second, third = claim(tmp_path), claim(tmp_path, b"%PDF two", name, folder=folder), claim(tmp_path, b"3")
    BoxCustodian(store, lambda: NOW).accept(first)
    event = Event.SUSPECTED_SECRET if code == "suspected-secret" else Event.UNREADABLE
    moved(store, first.id, event, reason_code=code)
    later = BoxCustodian(store, lambda: NOW + timedelta(days=days))
    later.accept(second)
    later.accept(second)
    assert loaded(store, second.id).supersedes == (first.id if linked else "")
    told = [entry for entry in store.read(lambda db: list(events.entries(db, first.id))) if entry.event == "superseded"]
    assert [entry.detail["by"] for entry in told] == ([second.id] if linked else [])
    if linked:
        later.accept(third)
        assert loaded(store, third.id).supersedes == "", "one paper is corrected once"
    assert verify(store).sound


def test_a_paper_sent_back_is_replaced_by_its_rescan(store: Store, custodian: BoxCustodian, tmp_path: Path) -> None:
    first, second = claim(tmp_path), claim(tmp_path, b"%PDF better")
    custodian.accept(first)
    moved(store, first.id, Event.DIGITIZED)
    commands.send_back(store, first.id, "clerk", NOW, "thiếu trang")
    custodian.accept(second)
    assert loaded(store, second.id).supersedes == first.id
    assert verify(store).sound


def test_a_sub_folders_urgency_puts_its_paper_in_front(store: Store, custodian: BoxCustodian, tmp_path: Path) -> None:
    plain, urgent = claim(tmp_path), claim(tmp_path, b"%PDF urgent", urgency="hoa-toc")
    custodian.accept(plain)
    custodian.accept(urgent)
    leased = store.write(lambda db: documents.lease(db, "w", NOW, timedelta(minutes=1), [Step.DIGITIZE]))
    assert leased
    assert (leased.id, leased.priority) == (urgent.id, 3)


def test_held_files_that_left_unseen_are_forgotten(store: Store, custodian: BoxCustodian, tmp_path: Path) -> None:
    names = ["a.pdf", b"\xe9.pdf".decode("utf-8", "surrogateescape"), "gone.pdf"]
    for name in names:
        custodian.hold(HeldFile(tmp_path / name, "den", name, "truncated", NOW, {}))
    custodian.hold(HeldFile(tmp_path / "b.pdf", "di", "b.pdf", "truncated", NOW, {}))
    custodian.held_only("den", [tmp_path / name for name in names[:2]])
    assert sorted(file.name for file in store.read(held.listed)) == ["\\xe9.pdf", "a.pdf", "b.pdf"]
