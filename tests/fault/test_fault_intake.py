"""The intake service as a process: papers of a folder and its sub-folders, killed again and again, two at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.store import Store, documents, events, open_store
from appliance.store.upkeep import verify
from tests.fixtures_intake import small_pdf

CONFIG = """
[box]
id = "commune-27007"
commune = "UBND xã Thử"
state_dir = "state"
[intake]
rescan_seconds = 0.5
[[folders]]
path = "den"
quiet_seconds = 0.2
patience_seconds = 1
[[folders.sub]]
name = "khan"
approve = "policy"
urgency = "hoa-toc"
[[folders]]
path = "share"
watch = "poll"
recursive = true
quiet_seconds = 0.2
"""


@pytest.fixture
def box(tmp_path: Path) -> Path:
    for folder in ("den/khan", "share/sau"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "box.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


@contextmanager
def serving(box: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "appliance", "--config", str(box / "box.toml"), "serve", "intake"]
    with (box / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=log, stdout=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextmanager
def opened(box: Path) -> Iterator[Store]:
    store = open_store(box / "state" / "box.db", box / "state" / "blobs")
    try:
        yield store
    finally:
        store.close()


def test_papers_come_with_the_meaning_of_their_folder_and_it_ends_when_asked(box: Path) -> None:
    names = ("den/a.pdf", "den/khan/b.PDF", "share/sau/c.pdf")
    for number, name in enumerate(names):
        (box / name).write_bytes(small_pdf() + b" " * number)
    (box / "den/cut.pdf").write_bytes(small_pdf()[:-30])
    with serving(box) as process:
        until(lambda: not any((box / name).exists() for name in names))
        until((box / "den/cach-ly/cut.pdf.txt").exists)
        until(lambda: {"den", "share"} <= set(json.loads((box / "state/run/intake.json").read_text())))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    with opened(box) as store:
        found = {one.original_name: one for one in store.read(documents.listed)}
        assert {name: (one.policy, one.priority, one.folder) for name, one in found.items()} == {
            "a.pdf": ("person", 0, "den"),
            "b.PDF": ("policy", 3, "den"),
            "c.pdf": ("person", 0, "share"),
        }
        assert verify(store).sound


def test_killed_again_and_again_every_paper_is_taken_once_and_twins_are_told(box: Path) -> None:
    papers = [small_pdf() + b" " * number for number in range(12)]
    for round_number in range(4):
        for number, content in enumerate(papers[round_number * 3 : round_number * 3 + 3]):
            (box / "den" / f"{round_number}-{number}.pdf").write_bytes(content)
            (box / "share" / f"twin {round_number}-{number}.pdf").write_bytes(content)
        with serving(box) as process:
            time.sleep(0.9 + 0.25 * round_number)
            os.kill(process.pid, signal.SIGKILL)
    with serving(box):
        until(lambda: not list((box / "den").glob("*.pdf")) and not list((box / "share").glob("*.pdf")))
    with opened(box) as store:
        kept = store.read(documents.listed)
        told = [
            entry for entry in store.read(lambda db: list(events.entries(db))) if entry.event == "duplicate-arrived"
        ]
        assert len(kept) == len(papers)
        assert {store.blobs.existing(one.original_sha256).read_bytes() for one in kept} == set(papers)
        assert len({entry.detail["claim"] for entry in told}) == len(told) == len(papers)
        assert verify(store).sound


def test_the_second_service_on_the_same_folders_takes_nothing(box: Path) -> None:
    with serving(box):
        until((box / "den/.commune-box/intake.lock").exists)
        until((box / "share/.commune-box/intake.lock").exists)
        with serving(box):
            until(lambda: b"drop-folder-taken" in (box / "log").read_bytes())
            for number in range(10):
                (box / "den" / f"{number}.pdf").write_bytes(small_pdf() + b" " * number)
            until(lambda: not list((box / "den").glob("*.pdf")))
    with opened(box) as store:
        assert len(store.read(documents.listed)) == 10
