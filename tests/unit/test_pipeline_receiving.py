"""Custody: what is accepted is durable first, taken once, and never lost to a twin, a name or a wiped secret."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from appliance import commands
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.ids import new_id
from appliance.pipeline.receiving import BoxCustodian
from appliance.store import BlobStore, Store, StoreFull, documents, events, held
from appliance.store.upkeep import verify
from scanner_intake.custody import Claim, HeldFile
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
    from appliance.domain.documents import advance
    from appliance.domain.states import Event

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

        def put(self, source: Path):  # type: ignore[no-untyped-def]
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
