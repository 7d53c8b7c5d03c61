"""What one round keeps becomes durable together: as one, or not at all, and nobody else sees half of it."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.province.store import Box, ProvinceStore, blobs


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProvinceStore]:
    opened = ProvinceStore(tmp_path / "store")
    yield opened
    opened.close()


def enrol(store: ProvinceStore, number: int) -> None:
    store.fleet.enrol(Box(f"commune-{number:05}", "x", bytes(32), "00", 1.0))


def names(store: ProvinceStore) -> list[str]:
    return [box.box[-1] for box in store.fleet.boxes()]


def seen_by_others(store: ProvinceStore) -> list[str]:
    found: list[list[str]] = []
    thread = threading.Thread(target=lambda: found.append(names(store)))
    thread.start()
    thread.join(10)
    return found[0]


def test_all_of_it_at_the_end_and_own_eyes_before(store: ProvinceStore) -> None:
    with store.together():
        enrol(store, 1)
        enrol(store, 2)
        assert names(store) == ["1", "2"] and seen_by_others(store) == []
    assert seen_by_others(store) == ["1", "2"]
    with store.together():
        pass  # a round without a change costs nothing
    enrol(store, 3)
    assert names(store) == ["1", "2", "3"]


def test_a_step_that_fails_takes_back_itself_alone(store: ProvinceStore) -> None:
    with store.together():
        enrol(store, 1)
        with pytest.raises(ZeroDivisionError), store.connection.writing() as raw:
            raw.execute("DELETE FROM boxes")
            raise ZeroDivisionError
        with pytest.raises(sqlite3.IntegrityError):
            store.fleet.enrol(Box("commune-00009", "x", b"short", "00", 1.0))
        enrol(store, 2)
    assert names(store) == ["1", "2"]


def test_an_exception_takes_back_everything(store: ProvinceStore) -> None:
    with pytest.raises(ZeroDivisionError), store.together():
        enrol(store, 1)
        raise ZeroDivisionError
    assert names(store) == []
    enrol(store, 2)
    assert names(store) == ["2"], "and the next one works"


def test_a_transaction_that_the_database_took_back_is_noticed(store: ProvinceStore) -> None:
    """A full disk may end SQLite's transaction; steps before the failed one are gone then, and must not be told."""
    with pytest.raises(sqlite3.OperationalError, match="took the transaction back"), store.together():
        enrol(store, 1)
        with pytest.raises(ZeroDivisionError), store.connection.writing() as raw:
            raw.execute("ROLLBACK")
            raise ZeroDivisionError
        enrol(store, 2)
    assert names(store) == []


def test_other_threads_wait_for_their_turn(store: ProvinceStore) -> None:
    inside, done = threading.Event(), threading.Event()

    def other() -> None:
        inside.wait(10)
        enrol(store, 2)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with store.together():
        enrol(store, 1)
        inside.set()
        assert not done.wait(0.3)
    thread.join(10)
    assert done.is_set() and names(store) == ["1", "2"]


def test_blobs_are_durable_before_rows_and_each_folder_is_flushed_once(
    store: ProvinceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real = blobs.flush_folder
    monkeypatch.setattr(blobs, "flush_folder", lambda folder: (order.append(folder.name), real(folder))[1])
    store.connection._writer.set_trace_callback(
        lambda said: order.append("commit") if said.startswith("COMMIT") else None
    )
    with store.together():
        for number in range(3):
            part = store.root / f"{number}.part"
            part.write_bytes(b"x")
            store.blobs.adopt(part, f"a1{number}" + "0" * 61)
        enrol(store, 1)
        assert order == []
    assert sorted(order[:2]) == ["a1", "blobs"] and order[2:] == ["commit"]
    part = store.root / "last.part"
    part.write_bytes(b"x")
    store.blobs.adopt(part, "b2" + "0" * 62)
    assert order[3:] == ["blobs", "b2"], "outside a round, at once"
    part.write_bytes(b"x")
    store.blobs.adopt(part, "b23" + "0" * 61)
    assert order[5:] == ["b2"], "a folder's own name once"


def test_rows_are_not_kept_when_one_of_many_folders_is_not_durable(
    store: ProvinceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(folder: Path) -> None:
        if folder.name == "07":
            raise OSError(errno.EIO, "the disk")

    monkeypatch.setattr(blobs, "flush_folder", failing)
    with pytest.raises(OSError, match="the disk"), store.together():
        for number in range(20):
            part = store.root / f"{number}.part"
            part.write_bytes(b"x")
            store.blobs.adopt(part, f"{number:02}" + "0" * 62)
        enrol(store, 1)
    assert names(store) == []


def test_parts_and_their_names_are_flushed_with_the_round(
    store: ProvinceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (flushed.append(os.readlink(f"/proc/self/fd/{fd}")), real(fd))[1])
    folders: list[Path] = []
    monkeypatch.setattr(blobs, "flush_folder", folders.append)
    keys = [(f"commune-{number:05}", "0" * 16) for number in range(blobs.OPEN_PARTS + 30)]
    for key in keys:
        store.parts.write(key, 0, b"x")
    assert folders == []
    store.parts.flush(keys)
    assert {Path(name).name for name in flushed} == {f"{box}.{tid}.part" for box, tid in keys}
    assert folders == [store.root / "parts"]
    store.parts.flush(keys)
    assert len(folders) == 1 and len(flushed) == len(set(flushed)), "what did not change is not flushed again"


def test_removing_a_part_that_was_never_written_costs_no_flush(
    store: ProvinceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[Path] = []
    monkeypatch.setattr(blobs, "flush_folder", folders.append)
    key = ("commune-00001", "0" * 16)
    store.parts.remove(key)
    assert folders == []
    store.parts.write(key, 0, b"x")
    store.parts.remove(key)
    assert len(folders) == 1 and not store.parts.path(key).exists()
