"""The intake over a real folder with a clock that stands still: one scan at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner_intake.custody import DropFolder, HeldFile
from scanner_intake.watch import Intake
from tests.fakes.custodian import FakeCustodian
from tests.fixtures_intake import StandingClock, small_image, small_pdf, two_page_tiff


def note(file: HeldFile) -> str:
    return f"{file.name}: {file.code}"


@pytest.fixture
def intake(drop: DropFolder, custodian: FakeCustodian, clock: StandingClock) -> Intake:
    return Intake([drop], custodian, clock, rescan_seconds=15.0, note_for=note)


def live(intake: Intake, clock: StandingClock, seconds: float) -> None:
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        intake.scan()
        clock.pass_by(1.0)
    intake.scan()


def test_whole_files_of_every_kind_are_taken_once(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    files = {"a.pdf": small_pdf(), "b.TIF": two_page_tiff(), "c": small_image("JPEG"), "d.pdf": small_image("PNG")}
    for name, content in files.items():
        (drop.path / name).write_bytes(content)
    live(intake, clock, 10)
    assert sorted(custodian.contents) == sorted(files.values())
    assert sorted(claim.original_name for claim, _ in custodian.kept.values()) == sorted(files)
    assert [each.name for each in drop.path.iterdir()] == [".commune-box"]


def test_a_slow_scanner_is_waited_for(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    content = small_pdf()
    path = drop.path / "slow.pdf"
    for end in range(0, len(content), 40):
        path.write_bytes(content[:end])
        os.utime(path, ns=(end, end))
        live(intake, clock, 1)
        assert custodian.contents == []
    path.write_bytes(content)
    live(intake, clock, 4)
    assert custodian.contents == [content]


def test_a_cut_file_waits_and_is_then_set_aside_with_a_note(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    path = drop.path / "cut.pdf"
    path.write_bytes(small_pdf()[:-30])
    live(intake, clock, 50)
    assert path.exists()
    assert not custodian.held
    live(intake, clock, 20)
    aside = drop.path / "cach-ly" / "cut.pdf"
    assert not path.exists()
    assert aside.read_bytes() == small_pdf()[:-30]
    assert (drop.path / "cach-ly" / "cut.pdf.txt").read_text("utf-8-sig") == "cut.pdf: truncated"
    assert {file.code for file in custodian.held.values()} == {"truncated"}
    live(intake, clock, 200)
    assert custodian.contents == []
    assert [call for call in custodian.calls if call[0] == "hold"] == [("hold", str(aside))]


def test_a_file_set_aside_is_taken_when_it_becomes_whole(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    (drop.path / "cut.pdf").write_bytes(small_pdf()[:-30])
    live(intake, clock, 70)
    aside = drop.path / "cach-ly" / "cut.pdf"
    aside.write_bytes(small_pdf())
    live(intake, clock, 5)
    assert custodian.contents == [small_pdf()]
    assert not custodian.held
    assert list((drop.path / "cach-ly").iterdir()) == []


def test_a_file_set_aside_before_a_restart_is_told_again_or_taken(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    for name in ("cut.pdf", "mended.pdf"):
        (drop.path / name).write_bytes(small_pdf()[:-30])
    live(intake, clock, 70)
    (drop.path / "cach-ly" / "mended.pdf").write_bytes(small_pdf())
    later = FakeCustodian()
    live(Intake([drop], later, clock, note_for=note), clock, 70)
    assert later.contents == [small_pdf()]
    assert [path.name for path in later.held] == ["cut.pdf"]


def test_a_file_set_aside_and_removed_by_a_person_is_forgotten(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    (drop.path / "cut.pdf").write_bytes(small_pdf()[:-30])
    live(intake, clock, 70)
    (drop.path / "cach-ly" / "cut.pdf").unlink()
    live(intake, clock, 2)
    assert not custodian.held
    assert list((drop.path / "cach-ly").iterdir()) == []


def test_a_second_file_of_the_same_name_is_set_aside_beside_the_first(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    for _ in range(2):
        (drop.path / "cut.pdf").write_bytes(small_pdf()[:-30])
        live(intake, clock, 70)
    assert sorted(path.name for path in custodian.held) == ["cut (2).pdf", "cut.pdf"]


def test_other_kinds_and_empty_files_are_set_aside_with_their_reason(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    (drop.path / "thư.docx").write_bytes(b"PK\x03\x04")
    (drop.path / "ghi chú.txt").write_text("xin chào")
    (drop.path / "rỗng.pdf").touch()
    live(intake, clock, 130)
    codes = {path.name: file.code for path, file in custodian.held.items()}
    assert codes == {"thư.docx": "unsupported-type", "ghi chú.txt": "unsupported-type", "rỗng.pdf": "empty"}


def test_links_pipes_folders_and_leftovers_are_left_alone(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.pdf"
    outside.write_bytes(small_pdf())
    (drop.path / "link.pdf").symlink_to(outside)
    os.link(outside, drop.path / "hard.pdf")
    os.mkfifo(drop.path / "pipe.pdf")
    (drop.path / "folder.pdf").mkdir()
    (drop.path / ".hidden.pdf").write_bytes(small_pdf())
    (drop.path / "scan.pdf.part").write_bytes(small_pdf())
    live(intake, clock, 130)
    assert custodian.calls == []
    assert outside.read_bytes() == small_pdf()


def test_a_custodian_that_fails_gets_the_paper_again(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    (drop.path / "a.pdf").write_bytes(small_pdf())
    custodian.fail_next(OSError("disk full"), RuntimeError("locked"))
    live(intake, clock, 6)
    assert custodian.contents == [small_pdf()]
    assert len({what for verb, what in custodian.calls if verb == "accept"}) == 1


def test_a_custodian_that_fails_to_hold_is_told_again(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, intake: Intake
) -> None:
    (drop.path / "cut.pdf").write_bytes(small_pdf()[:-30])
    custodian.fail_next(RuntimeError("locked"))
    live(intake, clock, 130)
    assert [path.name for path in custodian.held] == ["cut.pdf"]


def test_one_folder_that_is_gone_does_not_stop_the_other(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, tmp_path: Path
) -> None:
    gone = DropFolder(tmp_path / "share", "share", quiet_seconds=2.0)
    intake = Intake([gone, drop], custodian, clock)
    (drop.path / "a.pdf").write_bytes(small_pdf())
    live(intake, clock, 5)
    gone.path.mkdir()
    (gone.path / "b.pdf").write_bytes(small_pdf())
    live(intake, clock, 5)
    assert [claim.folder for claim, _ in custodian.kept.values()] == ["den", "share"]


def test_the_next_scan_is_asked_for_when_something_becomes_due(
    drop: DropFolder, clock: StandingClock, intake: Intake
) -> None:
    assert intake.scan() == 15.0
    (drop.path / "cut.pdf").write_bytes(small_pdf()[:-30])
    assert intake.scan() == pytest.approx(2.0)
    live(intake, clock, 300)
    assert intake.scan() == 15.0, "a held file must not make the loop spin"
