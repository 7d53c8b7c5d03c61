"""What the intake service composes: folders as configured, a thread for each share, how folders are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance import health
from appliance.config import BoxSection, Config, FolderSection, IntakeSection, SubFolderSection
from appliance.services.intake import FolderBoard, drop_folders, intakes, note_for
from appliance.store import Store
from appliance.wording import CODES, speak, text_of
from scanner_intake.custody import HeldFile, Meaning
from scanner_intake.settle import PLACES_OF_CODES
from scanner_intake.watch import FolderState

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    den, share = tmp_path / "den", tmp_path / "share"
    den.mkdir()
    share.mkdir()
    sub = (SubFolderSection("khan", approve="policy", urgency="khan"), SubFolderSection("di", kind="outgoing"))
    folders = (FolderSection(den, sub=sub, recursive=True), FolderSection(share, "Văn bản đến", watch="poll"))
    box = BoxSection("commune-27007", "UBND xã Thử", tmp_path / "state")
    return Config(box, intake=IntakeSection(20.0), folders=folders)


def codes(config: Config, now: datetime = NOW) -> Iterator[tuple[str, bool]]:
    for finding in health._intake(config, now):
        assert text_of(finding.code, **finding.params) != finding.code
        yield finding.code, finding.serious


def test_folders_come_with_mode_and_meanings(config: Config) -> None:
    den, share = drop_folders(config)
    assert (den.watch, den.recursive, share.watch, share.recursive) == ("events", True, "poll", False)
    assert den.subfolders == {
        "khan": Meaning("incoming-scan", "policy", "khan"),
        "di": Meaning("outgoing", "person", ""),
    }
    assert (den.name, share.name) == ("den", "Văn bản đến")


def test_every_share_has_an_intake_of_its_own(config: Config, store: Store, tmp_path: Path) -> None:
    more = replace(config, folders=(*config.folders, FolderSection(tmp_path / "third", watch="poll")))
    groups = [[drop.folder.name for drop in each._drops] for each in intakes(more, store, lambda states: None)]
    assert groups == [["den"], ["Văn bản đến"], ["third"]]


def test_the_state_of_folders_is_told_at_once_when_it_changes(config: Config) -> None:
    config.runtime.mkdir(parents=True)
    board = FolderBoard(config.intake_file, {one.shown_name: one.path for one in config.folders})
    assert list(codes(config)) == [], "before the first scan nothing is known"
    board.tell({"den": FolderState("", NOW, NOW)})
    board.tell({"Văn bản đến": FolderState("drop-folder-unreachable", NOW, None, "Stale file handle")})
    told = json.loads(config.intake_file.read_text())
    assert told["Văn bản đến"] | {"path": ""} == {
        "code": "drop-folder-unreachable",
        "since": str(NOW),
        "scanned_at": None,
        "detail": "Stale file handle",
        "path": "",
    }
    assert list(codes(config)) == [("drop-folder-unreachable", True)]
    board.tell({"Văn bản đến": FolderState("", NOW, NOW)})
    assert list(codes(config)) == []
    written = config.intake_file.stat().st_mtime_ns
    board.tell({"den": FolderState("", NOW, NOW + timedelta(seconds=15))})
    assert config.intake_file.stat().st_mtime_ns == written, "not at every scan"


def test_the_empty_place_of_a_share_is_a_finding_although_there_is_a_folder(config: Config) -> None:
    config.runtime.mkdir(parents=True)
    board = FolderBoard(config.intake_file, {one.shown_name: one.path for one in config.folders})
    board.tell({"den": FolderState("drop-folder-missing", NOW)})
    assert list(codes(config)) == [("drop-folder-missing", True)]
    config.folders[0].path.rmdir()
    assert list(codes(config)) == [], "the check sees this for itself"


def test_a_folder_that_nobody_looked_at_for_long_is_a_finding(config: Config) -> None:
    config.runtime.mkdir(parents=True)
    board = FolderBoard(config.intake_file, {one.shown_name: one.path for one in config.folders})
    board.tell({"den": FolderState("no-events", NOW, NOW), "Văn bản đến": FolderState("", NOW, NOW)})
    assert list(codes(config, NOW + timedelta(minutes=4))) == [("no-events", False)]
    late = list(codes(config, NOW + timedelta(minutes=6)))
    assert late == [("no-events", False), ("drop-folder-silent", True)]


@pytest.mark.parametrize("content", ["", "[]", '{"den": 3}', '{"den": {"code": ""}}', "\x00"])
def test_a_told_state_that_is_no_state_says_nothing(config: Config, content: str) -> None:
    config.runtime.mkdir(parents=True)
    config.intake_file.write_text(content)
    assert list(codes(config)) == []


def test_a_state_that_cannot_be_written_stops_no_intake(config: Config) -> None:
    FolderBoard(config.intake_file, {"den": Path()}).tell({"den": FolderState("", NOW, NOW)})


@pytest.mark.parametrize("code", ["truncated", "damaged", "empty", *PLACES_OF_CODES])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_note_is_a_sentence_in_both_languages(code: str, language: str) -> None:
    file = HeldFile(Path("a.pdf"), "den", "a.pdf", code, NOW, {"name": "a.pdf"})
    text = note_for(language, file)
    assert code in CODES and len(text) > 20
    with speak(language):
        assert text == text_of(code, name="a.pdf") + "\n"
