"""One suite for every custodian: the fake of the tests and the box's own store."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.pipeline.receiving import BoxCustodian
from appliance.store import open_store
from scanner_intake.custody import Answer, Claim, Custodian, HeldFile
from tests.fakes.custodian import FakeCustodian

NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
Kept = Callable[[], list[bytes]]


@pytest.fixture(params=["fake", "box"])
def held_by(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Custodian, Kept, Callable[[], int]]:
    """A custodian, a way to see the bytes in custody and a way to count held files."""
    if request.param == "fake":
        fake = FakeCustodian()
        return fake, lambda: fake.contents, lambda: len(fake.held)
    store = open_store(tmp_path / "box.db", tmp_path / "blobs")
    request.addfinalizer(store.close)

    def contents() -> list[bytes]:
        question = "SELECT original_sha256 FROM documents ORDER BY received_at"
        rows = store.read(lambda db: db.execute(question).fetchall())
        return [store.blobs.existing(row[0]).read_bytes() for row in rows]

    def held() -> int:
        return int(store.read(lambda db: db.execute("SELECT count(*) FROM held_files").fetchone()[0]))

    return BoxCustodian(store, lambda: NOW), contents, held


def claim(folder: Path, content: bytes) -> Claim:
    path = folder / str(uuid.uuid4())
    path.write_bytes(content)
    return Claim(path.name, path, "Quét 01.pdf", "den", "incoming-scan", "person", len(content), NOW)


def test_a_claim_is_kept_with_its_bytes(held_by: tuple, tmp_path: Path) -> None:
    custodian, kept, _held = held_by
    taken = claim(tmp_path, b"%PDF-1.4 one")
    custodian.accept(taken)
    taken.path.unlink()
    assert kept() == [b"%PDF-1.4 one"]


def test_the_same_claim_again_changes_nothing(held_by: tuple, tmp_path: Path) -> None:
    custodian, kept, _held = held_by
    taken = claim(tmp_path, b"%PDF-1.4 one")
    custodian.accept(taken)
    custodian.accept(taken)
    custodian.accept(claim(tmp_path, b"%PDF-1.4 two"))
    assert sorted(kept()) == [b"%PDF-1.4 one", b"%PDF-1.4 two"]


def test_an_accepted_claim_is_taken_and_stays_so(held_by: tuple, tmp_path: Path) -> None:
    custodian, _kept, _held = held_by
    taken = claim(tmp_path, b"%PDF-1.4 one")
    assert [custodian.accept(taken) for _ in range(3)] == [Answer.TAKEN] * 3


def test_held_files_that_left_unseen_are_forgotten_in_their_folder_only(held_by: tuple, tmp_path: Path) -> None:
    custodian, _kept, held = held_by
    for folder, name in (("den", "a.pdf"), ("den", "b.pdf"), ("di", "c.pdf")):
        custodian.hold(HeldFile(tmp_path / name, folder, name, "truncated", NOW, {}))
    for _ in range(2):
        custodian.held_only("den", {tmp_path / "b.pdf", tmp_path / "x.pdf"})
        assert held() == 2
    custodian.held_only("di", ())
    assert held() == 1


def test_held_files_are_remembered_once_and_forgotten(held_by: tuple, tmp_path: Path) -> None:
    custodian, _kept, held = held_by
    file = HeldFile(tmp_path / "cut.pdf", "den", "cut.pdf", "truncated", NOW, {"name": "cut.pdf", "size": 12})
    custodian.unhold(file.path)
    custodian.hold(file)
    custodian.hold(file)
    assert held() == 1
    custodian.unhold(file.path)
    custodian.unhold(file.path)
    assert held() == 0
