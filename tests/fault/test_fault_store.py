"""kill -9 of real processes and a really full disk: nothing acknowledged is lost, nothing half is left."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.pipeline.receiving import BoxCustodian
from appliance.store import Store, StoreFull, documents, open_store
from appliance.store.upkeep import verify
from scanner_intake.custody import Claim
from tests.fixtures_store import NOW, PROCESSES, Clock, accept_without_end, keep, paper, take_numbers

KILLS = 30


def kill_after(process: Any, seconds: float) -> None:
    process.start()
    time.sleep(seconds)
    process.kill()
    process.join(10)
    assert process.exitcode == -9, "the child ended by itself: there was nothing to kill"


def until_it_writes(acknowledged: Path, process: Any, size: int) -> None:
    """Wait for the child's next acknowledgement, so that a slow start is never all that a kill hits."""
    deadline = time.monotonic() + 20
    while acknowledged.stat().st_size <= size:
        assert process.is_alive() and time.monotonic() < deadline, "the child does not get to work"
        time.sleep(0.002)


def test_thirty_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    drops, acknowledged = tmp_path / "spool", tmp_path / "acknowledged"
    drops.mkdir()
    acknowledged.touch()
    chance = random.Random(30)
    for round_ in range(KILLS):
        child = PROCESSES.Process(target=accept_without_end, args=(tmp_path, drops, acknowledged, round_ * 100_000))
        size = acknowledged.stat().st_size
        child.start()
        until_it_writes(acknowledged, child, size)
        time.sleep(chance.random() * 0.08)
        child.kill()
        child.join(10)
        assert child.exitcode == -9
    told = set(acknowledged.read_text().split())
    assert len(told) >= KILLS
    store = open_store(tmp_path / "box.db", tmp_path / "blobs")
    verdict = verify(store)
    held = {one.id for one in store.read(lambda db: documents.listed(db, limit=1_000_000))}
    assert told <= held, "acknowledged and lost"
    assert verdict.sound
    assert len(held - told) + len(verdict.orphans) <= 2 * KILLS
    recover_what_was_in_flight(store, drops, held)
    store.close()


def recover_what_was_in_flight(store: Store, drops: Path, held: set[str]) -> None:
    """What a kill left in the spool comes again with its claim; a half-written drop is the scanner's, not ours."""
    left = list(drops.iterdir())
    custodian = BoxCustodian(store, Clock())
    for path in left:
        custodian.accept(Claim(path.stem, path, path.name, "den", "incoming-scan", "person", path.stat().st_size, NOW))
    now_held = {one.id for one in store.read(lambda db: documents.listed(db, limit=1_000_000))}
    assert held <= now_held
    assert len(now_held) <= len(held) + len(left)
    store.blobs.sweep(store.read(documents.referenced_digests), float("inf"))
    verdict = verify(store)
    assert verdict.sound
    assert verdict.orphans == ()
    assert not list(store.blobs.folder.rglob("*.part"))


def test_registers_have_no_gap_after_kills(tmp_path: Path) -> None:
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    open_store(tmp_path / "box.db", tmp_path / "blobs").close()
    chance = random.Random(8)
    for _ in range(8):
        size = acknowledged.stat().st_size
        writers = [PROCESSES.Process(target=take_numbers, args=(tmp_path, 100_000, acknowledged)) for _ in range(2)]
        for writer in writers:
            writer.start()
        until_it_writes(acknowledged, writers[0], size)
        time.sleep(chance.random() * 0.1)
        for writer in writers:
            writer.kill()
        for writer in writers:
            writer.join(10)
            assert writer.exitcode == -9
    store = open_store(tmp_path / "box.db", tmp_path / "blobs")
    numbers = store.read(
        lambda db: [row[0] for row in db.execute("SELECT number FROM register_numbers ORDER BY number")]
    )
    told = [int(line) for line in acknowledged.read_text().splitlines() if line.strip()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(told) == len(set(told))
    assert set(told) <= set(numbers)
    assert store.read(lambda db: db.execute("SELECT count(*) FROM documents").fetchone()[0]) == len(numbers)
    assert verify(store).chain_broken_at is None
    store.close()


# --- a full disk -----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB that is really full when it is full."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small tmpfs")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "commune-box-test", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"mount does not work here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Take all free space but ``leave`` bytes."""
    filler = disk / "filler"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free - leave, 1))
    return filler


def claim(folder: Path, number: int, size: int) -> Claim:
    path = folder / f"spool-{number}.pdf"
    path.write_bytes(number.to_bytes(4, "big") * (size // 4))
    name = f"019a0000-0000-7000-8000-{number:012}"
    return Claim(name, path, path.name, "den", "incoming-scan", "person", size, NOW)


def accept_until_full(custodian: BoxCustodian, claims: Callable[[int], Claim]) -> tuple[int, Claim]:
    for number in range(1000):
        waiting = claims(number)
        try:
            custodian.accept(waiting)
        except StoreFull:
            return number, waiting
    raise AssertionError("the disk did not get full")


def test_a_full_disk_refuses_politely_and_goes_on_when_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    store = open_store(small_disk / "box.db", small_disk / "blobs")
    filler = fill(small_disk, 1 << 20)
    custodian = BoxCustodian(store, Clock())
    accepted, waiting = accept_until_full(custodian, lambda number: claim(tmp_path, number, 150_000))
    assert accepted >= 2
    assert waiting.path.exists()
    verdict = verify(store)
    assert (verdict.sound, verdict.documents) == (True, accepted)
    assert not list(store.blobs.folder.glob("*.part"))
    filler.unlink()
    custodian.accept(waiting)
    verdict = verify(store)
    assert (verdict.sound, verdict.documents, verdict.orphans) == (True, accepted + 1, ())
    store.close()


def test_a_disk_too_full_for_the_rows_loses_none(small_disk: Path, tmp_path: Path) -> None:
    """The blobs lie elsewhere; it is SQLite that finds no room, in the middle of its own files."""
    store = open_store(small_disk / "box.db", tmp_path / "blobs")
    filler = fill(small_disk, 200_000)
    custodian = BoxCustodian(store, Clock())
    accepted, waiting = accept_until_full(custodian, lambda number: claim(tmp_path, number, 40))
    assert accepted >= 2
    with pytest.raises(StoreFull):
        custodian.accept(waiting)
    verdict = verify(store)
    assert (verdict.sound, verdict.documents) == (True, accepted)
    filler.unlink()
    custodian.accept(waiting)
    verdict = verify(store)
    assert (verdict.sound, verdict.documents) == (True, accepted + 1)
    store.close()


def test_a_start_on_a_full_disk_says_so_and_harms_nothing(small_disk: Path) -> None:
    store = open_store(small_disk / "box.db", small_disk / "blobs")
    kept = keep(store, paper())
    store.close()
    filler = fill(small_disk, 0)
    with pytest.raises(StoreFull):
        open_store(small_disk / "box.db", small_disk / "blobs")
    filler.unlink()
    store = open_store(small_disk / "box.db", small_disk / "blobs")
    assert store.read(documents.listed) == [kept]
    store.close()
