"""kill -9 in the middle of a step of long-term proof, and a full disk: the old file or the new one, never a mix."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.pipeline.longterm import FULL_PAUSE
from appliance.store import Store, documents, open_store
from appliance.store import longterm as rows
from hsm.upgrade import begins_with
from hsm.verify import verify_file
from tests.fixtures_pki import TODAY, TestAuthority, wait_until
from tests.fixtures_store import Clock
from tests.integration.test_longterm_box import make, put, row

ROOT = Path(__file__).parents[2]


def prepared(authority: TestAuthority, state: Path, signed: Path) -> str:
    """A store with one signed paper that waits for its stamp; returns the paper's id."""
    store = open_store(state / "box.db", state / "blobs")
    paper = put(store, signed)
    make(store, authority, Clock(TODAY), state / "work").adopt()
    store.close()
    return paper.id


def child(authority: TestAuthority, state: Path, number: int, url: str) -> subprocess.Popen[str]:
    words = [str(number), str(state), url, str(authority.pem("root")), str(authority.pem("issuing")), TODAY.isoformat()]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.longterm_child", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def whole(authority: TestAuthority, state: Path, signed: Path, document_id: str) -> str:
    """The paper's level, after everything about it was found whole."""
    store = open_store(state / "box.db", state / "blobs")
    try:
        proof = store.read(lambda db: rows.find(db, document_id))
        paper = store.read(lambda db: documents.load(db, document_id))
        assert proof is not None
        assert paper.current_sha256 == proof.sha256
        assert store.blobs.intact(proof.sha256)
        file = store.blobs.existing(proof.sha256)
        found = verify_file(file, authority.trust, ["leader", "agency"], TODAY, with_pdfa=False)
        assert found.verdict == "valid"
        assert [one.timestamp for one in found.signatures].count(True) == (proof.level != "B-B")
        assert file.read_bytes() == signed.read_bytes() or begins_with(file, signed)
        assert store.read(documents.not_as_kept) == {}
        return proof.level
    finally:
        store.close()


def test_killed_at_every_durable_operation(authority: TestAuthority, signed: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    for number in range(1, 40):
        state = tmp_path / str(number)
        document_id = prepared(authority, state, signed)
        process = child(authority, state, number, authority.tsa())
        process.communicate(timeout=120)
        level = whole(authority, state, signed, document_id)
        seen.append(level)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        again = child(authority, state, 0, authority.tsa())
        assert again.communicate(timeout=120)[0].strip() in ("0.0", "None")
        assert whole(authority, state, signed, document_id) == "B-T"
        shutil.rmtree(state)
    assert process.returncode == 0, "the step has more durable operations than were tried"
    assert len(seen) > 5, seen
    assert (seen[0], seen[-1]) == ("B-B", "B-T")


def test_killed_while_a_service_keeps_it_waiting(authority: TestAuthority, signed: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    document_id = prepared(authority, state, signed)
    process = child(authority, state, 0, authority.fault("hang"))
    wait_until(lambda: "/fault/hang" in authority.asked)
    process.kill()
    process.communicate(timeout=30)
    assert whole(authority, state, signed, document_id) == "B-B"
    assert child(authority, state, 0, authority.tsa()).communicate(timeout=120)[0].strip() == "0.0"
    assert whole(authority, state, signed, document_id) == "B-T"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB that is really full when it is full."""
    if os.geteuid():
        pytest.skip("only root can mount a small tmpfs")
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=3m", "commune-box-test", str(disk)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mount does not work here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_leaves_the_old_file_and_no_note(
    authority: TestAuthority, signed: Path, small_disk: Path, tmp_path: Path
) -> None:
    store: Store = open_store(small_disk / "box.db", small_disk / "blobs")
    paper = put(store, signed)
    clock = Clock(TODAY)
    upgrading = make(store, authority, clock, small_disk / "work")
    upgrading.adopt()
    before = row(store, paper)
    filler = small_disk / "filler"
    for room in (0, 100_000):  # not even a copy fits; then the copy fits, and the blob does not
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(bytes(max(0, free - room)))
        clock.advance(minutes=10)
        assert upgrading.once() == FULL_PAUSE
        assert row(store, paper) == before
        assert list((small_disk / "work").iterdir()) == []
        assert list(store.blobs.folder.glob("*.part")) == []
        filler.unlink()
    assert upgrading.once() == 0.0
    assert row(store, paper).level == "B-T"
    store.close()
