"""The running intake: events make it quick, the rescan makes it sure, and a dead watcher is started again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner_intake.custody import DropFolder
from scanner_intake.watch import Intake
from tests.fakes.custodian import FakeCustodian
from tests.fixtures_intake import small_image, small_pdf


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@contextmanager
def running(intake: Intake) -> Iterator[threading.Thread]:
    stop = threading.Event()
    thread = threading.Thread(target=intake.run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()


def until(condition: object, seconds: float = 10.0) -> float:
    start = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - start < seconds
        time.sleep(0.02)
    return time.monotonic() - start


@pytest.fixture
def quick(tmp_path: Path) -> DropFolder:
    path = tmp_path / "den"
    path.mkdir()
    return DropFolder(path, "den", quiet_seconds=0.3, patience_seconds=1.0)


def test_an_event_brings_a_file_long_before_the_rescan(quick: DropFolder, custodian: FakeCustodian) -> None:
    with running(Intake([quick], custodian, RealClock(), rescan_seconds=60)):
        time.sleep(0.5)
        (quick.path / "a.pdf").write_bytes(small_pdf())
        assert until(lambda: custodian.contents) < 5
        moved_in = quick.path.parent / "b.jpg"
        moved_in.write_bytes(small_image("JPEG"))
        moved_in.rename(quick.path / "b.jpg")
        until(lambda: len(custodian.contents) == 2, 5)


def test_the_rescan_finds_what_no_event_told(quick: DropFolder, custodian: FakeCustodian) -> None:
    intake = Intake([replace(quick, watch="poll")], custodian, RealClock(), rescan_seconds=0.4)
    with running(intake):
        time.sleep(0.5)
        (quick.path / "a.pdf").write_bytes(small_pdf())
        until(lambda: custodian.contents)
        assert intake._observer is None, "a share gives no events: a watcher on it only dies"


def test_a_dead_watcher_is_started_again(quick: DropFolder, custodian: FakeCustodian) -> None:
    intake = Intake([quick], custodian, RealClock(), rescan_seconds=0.3)
    with running(intake):
        until(lambda: intake._observer is not None)
        first = intake._observer
        assert first is not None
        for emitter in first.emitters:
            emitter.stop()
        until(lambda: intake._observer is not first and intake._observer is not None)
        (quick.path / "a.pdf").write_bytes(small_pdf())
        until(lambda: custodian.contents)


def test_a_folder_that_comes_later_is_watched(tmp_path: Path, custodian: FakeCustodian) -> None:
    folder = DropFolder(tmp_path / "share", "share", quiet_seconds=0.2)
    with running(Intake([folder], custodian, RealClock(), rescan_seconds=0.3)):
        time.sleep(0.5)
        folder.path.mkdir()
        (folder.path / "a.pdf").write_bytes(small_pdf())
        until(lambda: custodian.contents)
