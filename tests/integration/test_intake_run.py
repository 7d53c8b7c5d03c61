"""The running intake: events make it quick, the rescan makes it sure, and a dead watcher is started again."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner_intake.custody import DropFolder
from scanner_intake.watch import FolderState, Intake
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


def until(condition: object, seconds: float = 60.0) -> float:
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


def broken(timeout: float) -> None:
    """What a share that blinks does to the watcher's thread (watchdog #1065): nothing catches it."""
    raise OSError(errno.EBUSY, "Device or resource busy")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_watcher_is_started_again(quick: DropFolder, custodian: FakeCustodian) -> None:
    intake = Intake([quick], custodian, RealClock(), rescan_seconds=0.3)
    with running(intake):
        until(lambda: intake._observer is not None)
        first = intake._observer
        assert first is not None
        (emitter,) = first.emitters
        emitter.queue_events = broken
        (quick.path / ".touch").touch()
        until(lambda: not emitter.is_alive())
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


def test_a_folder_made_anew_under_the_same_name_gives_events_again(quick: DropFolder, custodian: FakeCustodian) -> None:
    """The old inotify watch looks at a folder that is no more, and its thread need not even end."""
    intake = Intake([quick], custodian, RealClock(), rescan_seconds=0.3)
    with running(intake):
        until(lambda: intake._watched)
        watched = dict(intake._watched)
        quick.path.rename(quick.path.with_name("away"))
        quick.path.mkdir()
        until(lambda: intake._watched and intake._watched != watched)
        intake._rescan = 60.0
        time.sleep(0.7)
        (quick.path / "a.pdf").write_bytes(small_pdf())
        until(lambda: custodian.contents, 5)


def test_a_folder_that_goes_and_returns_is_told_and_read_without_a_restart(
    quick: DropFolder, custodian: FakeCustodian
) -> None:
    told: dict[str, FolderState] = {}
    with running(Intake([quick], custodian, RealClock(), rescan_seconds=0.3, tell=told.update)):
        until(lambda: "den" in told and told["den"].code == "")
        away = quick.path.with_name("away")
        quick.path.rename(away)
        until(lambda: told["den"].code == "drop-folder-missing")
        assert not quick.path.exists()
        (away / "a.pdf").write_bytes(small_pdf())
        away.rename(quick.path)
        until(lambda: custodian.contents)
        until(lambda: told["den"].code == "")


def test_a_second_intake_on_the_same_folder_waits_until_the_first_ends(
    quick: DropFolder, custodian: FakeCustodian
) -> None:
    other, told = FakeCustodian(), dict[str, FolderState]()
    second = Intake([quick], other, RealClock(), rescan_seconds=0.3, tell=told.update)
    with running(Intake([quick], custodian, RealClock(), rescan_seconds=0.3)):
        until((quick.path / ".commune-box" / "intake.lock").exists)
        with running(second):
            until(lambda: "den" in told)
            for number in range(20):
                (quick.path / f"{number}.pdf").write_bytes(small_pdf() + b" " * number)
            until(lambda: len(custodian.contents) == 20)
            assert (told["den"].code, other.contents) == ("drop-folder-taken", [])
    with running(second):
        (quick.path / "late.pdf").write_bytes(small_pdf())
        until(lambda: other.contents == [small_pdf()])


def test_papers_in_sub_folders_are_told_by_events_too(quick: DropFolder, custodian: FakeCustodian) -> None:
    with running(Intake([replace(quick, recursive=True)], custodian, RealClock(), rescan_seconds=60)):
        time.sleep(0.5)
        (quick.path / "khan").mkdir()
        time.sleep(0.3)
        (quick.path / "khan" / "a.pdf").write_bytes(small_pdf())
        until(lambda: custodian.contents, 5)


def test_one_folder_without_events_does_not_take_them_from_the_others(
    quick: DropFolder, custodian: FakeCustodian, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchdog.observers.api import BaseObserver

    schedule = BaseObserver.schedule

    def scarce(self: BaseObserver, handler: object, path: str, **options: object) -> object:
        if path.endswith("di"):
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        return schedule(self, handler, path, **options)

    monkeypatch.setattr(BaseObserver, "schedule", scarce)
    poor = replace(quick, path=quick.path.with_name("di"), name="di")
    poor.path.mkdir()
    told: dict[str, FolderState] = {}
    with running(Intake([poor, quick], custodian, RealClock(), rescan_seconds=1.0, tell=told.update)):
        until(lambda: len(told) == 2)
        assert (told["di"].code, told["den"].code) == ("no-events", "")
        (poor.path / "a.pdf").write_bytes(small_pdf())
        until(lambda: custodian.contents)


@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.soak)])
def test_many_files_at_once_are_all_taken_once(quick: DropFolder, custodian: FakeCustodian, count: int) -> None:
    for number in range(count):
        (quick.path / f"quét {number:04d}.pdf").write_bytes(small_pdf() + b"%% %d\n%%%%EOF\n" % number)
    start, spent = time.monotonic(), time.process_time()
    with running(Intake([quick], custodian, RealClock(), rescan_seconds=1.0)):
        until(lambda: len(custodian.kept) == count, 240)
    print(f"{count} files taken in {time.monotonic() - start:.1f} s, {time.process_time() - spent:.1f} s of CPU")
    assert len(set(custodian.contents)) == count
    assert [each.name for each in quick.path.iterdir()] == [".commune-box"]


def test_two_thousand_files_that_wait_cost_little_to_look_over(quick: DropFolder, custodian: FakeCustodian) -> None:
    """A look at everything must stay a small part of the rescan interval."""
    for number in range(2000):
        (quick.path / f"{number:04d}.pdf").write_bytes(b"%PDF-1.4 cut")
    intake = Intake([replace(quick, patience_seconds=600.0)], custodian, RealClock())
    intake.scan()
    start = time.process_time()
    intake.scan()
    spent = time.process_time() - start
    print(f"one look at 2,000 waiting files: {spent * 1000:.0f} ms of CPU")
    assert spent < 0.5
