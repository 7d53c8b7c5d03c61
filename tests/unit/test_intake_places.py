"""Where files go that are not simply taken, what sub-folders mean, odd names, and faults in between."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from scanner_intake import drop as dropping
from scanner_intake import listing, names
from scanner_intake.custody import Answer, Claim, DropFolder, Duplicate, HeldFile, Meaning
from scanner_intake.guard import FolderTrouble, Guard, trouble_of
from scanner_intake.settle import Place, ignored
from scanner_intake.watch import FolderState, Intake
from tests.fakes.custodian import FakeCustodian
from tests.fixtures_intake import StandingClock, small_pdf
from tests.unit.test_intake_claim import killed_at

CUT = small_pdf()[:-30]


def note(file: HeldFile) -> str:
    return f"{file.name}: {file.code} {file.params.get('first', '')}".strip()


def live(intake: Intake, clock: StandingClock, seconds: float) -> None:
    for _ in range(int(seconds)):
        intake.scan()
        clock.pass_by(1.0)
    intake.scan()


@pytest.fixture
def office(drop: DropFolder) -> DropFolder:
    """A drop folder with meanings: "khan" is urgent and approved by policy, "Đi" holds outgoing papers."""
    meanings = {
        "khan": Meaning("incoming-scan", "policy", "khan"),
        unicodedata.normalize("NFD", "Đi"): Meaning("outgoing", "person"),
    }
    return replace(drop, subfolders=meanings)


# --- sub-folders -----------------------------------------------------------------------------------------------------


def test_a_sub_folder_gives_its_papers_their_meaning(
    office: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    for folder in (".", "KHAN", "đi", "khac", "khan/sau"):
        (office.path / folder).mkdir(parents=True, exist_ok=True)
        (office.path / folder / "a.pdf").write_bytes(small_pdf() + folder.encode())
    intake = Intake([office], custodian, clock)
    live(intake, clock, 4)
    got = {content.removeprefix(small_pdf()).decode(): claim for claim, content in custodian.kept.values()}
    assert {name: (claim.kind, claim.policy, claim.urgency) for name, claim in got.items()} == {
        ".": ("incoming-scan", "person", ""),
        "KHAN": ("incoming-scan", "policy", "khan"),
        "đi": ("outgoing", "person", ""),
    }
    assert (office.path / "khac" / "a.pdf").exists(), "a folder without a meaning is left alone"


def test_recursive_takes_every_other_folder_with_the_meaning_above(
    office: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    for folder in ("khac/sau/hơn", "khan/sau", ".an", "@eaDir", "thoat"):
        (office.path / folder).mkdir(parents=True)
        (office.path / folder / "a.pdf").write_bytes(small_pdf() + folder.encode())
    (office.path / "vong").symlink_to(office.path)
    (office.path / "thoat").rename(office.path.parent / "thoat")
    (office.path / "thoat").symlink_to(office.path.parent / "thoat")
    live(Intake([replace(office, recursive=True)], custodian, clock), clock, 4)
    got = {content.removeprefix(small_pdf()).decode(): claim for claim, content in custodian.kept.values()}
    assert {name: (claim.policy, claim.urgency) for name, claim in got.items()} == {
        "khac/sau/hơn": ("person", ""),
        "khan/sau": ("policy", "khan"),
    }


def test_a_file_set_aside_keeps_the_meaning_of_its_sub_folder(
    office: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    (office.path / "khan").mkdir()
    (office.path / "khan" / "cut.pdf").write_bytes(CUT)
    intake = Intake([office], custodian, clock, note_for=note)
    live(intake, clock, 64)
    aside = office.path / "cach-ly" / "khan" / "cut.pdf"
    assert aside.with_name("cut.pdf.txt").read_text("utf-8-sig") == "cut.pdf: truncated"
    aside.write_bytes(small_pdf())
    live(intake, clock, 6)
    (claim,) = [claim for claim, _content in custodian.kept.values()]
    assert (claim.policy, claim.urgency) == ("policy", "khan")


def test_a_sub_folder_that_cannot_be_read_is_told_and_stops_nothing(
    office: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    (office.path / "khan").mkdir()
    (office.path / "a.pdf").write_bytes(small_pdf())
    told: dict[str, FolderState] = {}
    scandir = os.scandir

    def broken(path: Path) -> object:
        if Path(path).name == "khan":
            raise OSError(errno.EIO, "Input/output error")
        return scandir(path)

    intake = Intake([office], custodian, clock, tell=told.update)
    with patch.object(listing.os, "scandir", broken):
        live(intake, clock, 4)
    assert custodian.contents == [small_pdf()]
    assert told["den"].code == "drop-folder-unreachable"


# --- names -----------------------------------------------------------------------------------------------------------

NAMES = [
    "A.PDF",
    "QUÉT 01.TIFF",
    unicodedata.normalize("NFD", "Tờ trình về việc hỗ trợ hộ nghèo.pdf"),
    "Công văn về việc tăng cường công tác quản lý " * 2 + "x" * 40 + ".pdf",
    "a" * 251 + ".pdf",
    os.fsdecode(b"qu\xe9t \xd0\xff.pdf"),
    os.fsdecode(b"\xff" * 255),
    "không đuôi",
    "a.b.c.pdf",
    " dấu cách .pdf ",
    "xuống\ndòng.pdf",
    "-rf.pdf",
    "part.pdf",
    "tmp",
    "~.pdf",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_odd_names_are_papers_like_any_other(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, name: str
) -> None:
    assert len(os.fsencode(name)) <= 255
    (drop.path / name).write_bytes(small_pdf())
    live(Intake([drop], custodian, clock, note_for=note), clock, 3)
    ((claim, content),) = custodian.kept.values()
    assert content == small_pdf()
    assert claim.original_name == names.display_name(name) == unicodedata.normalize("NFC", claim.original_name)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_odd_names_are_set_aside_and_given_back_with_their_notes(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, name: str
) -> None:
    intake = Intake([drop], custodian, clock, note_for=note)
    for _ in range(2):
        (drop.path / name).write_bytes(CUT)
        live(intake, clock, 63)
        custodian.answer_next(Duplicate())
        (drop.path / name).write_bytes(small_pdf())
        live(intake, clock, 3)
    for place, content in ((Place.QUARANTINE, CUT), (Place.DUPLICATE, small_pdf())):
        files = sorted(each for each in (drop.path / place).iterdir() if each.suffix != ".txt")
        assert [each.read_bytes() for each in files] == [content, content]
        assert all(names.note_of(each).read_text("utf-8-sig") for each in files)
    assert [each.name for each in drop.path.iterdir() if each.is_file()] == []


@pytest.mark.parametrize(
    "name",
    [
        ".ẩn.pdf", ".in.scan.pdf.", "~$tờ trình.docx", "scan.pdf~", "scan.PART", "scan.pdf.crdownload", "a.FilePart",
        "x.pdf.!ut", "THUMBS.DB", "Desktop.ini", "ehthumbs.db", "@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found",
        "System Volume Information", "__MACOSX", ".nfs0000001", ".smbdelete12", ".DS_Store", "Icon\r", "scan.tmp",
        "~syncthing~scan.pdf.tmp", "XRX0001.LCK", "scan.swp", "a.pdf.incomplete", "a.pdf.writing", "loi", "TRUNG-LAP",
        "can-mat-khau", "cach-ly", ".commune-box", "x.opdownload", "x.aria2", "x.temp",
    ],
)  # fmt: skip
def test_hidden_temporary_and_partial_names_are_never_papers(name: str) -> None:
    assert ignored(name)
    assert ignored(unicodedata.normalize("NFD", name))


# --- duplicates ------------------------------------------------------------------------------------------------------


def test_a_duplicate_goes_back_to_the_people_with_a_note(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    custodian.answer_next(Answer.LATER, Answer.LATER, Duplicate({"first": "số 12"}))
    (drop.path / "a.pdf").write_bytes(small_pdf())
    intake = Intake([drop], custodian, clock, note_for=note)
    live(intake, clock, 3)
    assert not (drop.path / "trung-lap").exists(), "not before custody knows what it is"
    live(intake, clock, 8)
    aside = drop.path / "trung-lap" / "a.pdf"
    assert aside.read_bytes() == small_pdf()
    assert aside.with_name("a.pdf.txt").read_text("utf-8-sig") == "a.pdf: duplicate số 12"
    assert list((drop.path / ".commune-box" / "spool").iterdir()) == []
    live(intake, clock, 100)
    assert len([call for call in custodian.calls if call[0] == "accept"]) == 3, "what was given back is not taken again"


class TwinCustodian(FakeCustodian):
    """Says to every claim of these bytes but the first that they are there already; the same again after a crash."""

    def accept(self, claim: Claim) -> Answer | Duplicate:
        first = next((kept for kept, content in self.kept.values() if content == claim.path.read_bytes()), None)
        if first and first.id != claim.id:
            return Duplicate({"first": first.id})
        return super().accept(claim)


@pytest.mark.parametrize("step", range(44))
def test_killed_at_any_step_of_giving_back_a_duplicate(drop: DropFolder, clock: StandingClock, step: int) -> None:
    custodian = TwinCustodian()

    def life() -> None:
        intake = Intake([drop], custodian, clock, note_for=note)
        for _ in range(4):
            intake.scan()
            clock.pass_by(drop.quiet_seconds)

    (drop.path / "a.pdf").write_bytes(small_pdf())
    life()
    (drop.path / "a.pdf").write_bytes(small_pdf())
    with killed_at(step) as done:
        life()
    copies = [each for each in drop.path.rglob("*") if each.is_file() and each.read_bytes() == small_pdf()]
    assert len(copies) == 1, f"lost or doubled after {done}"
    life()
    assert sorted(each.name for each in (drop.path / "trung-lap").iterdir()) == ["a.pdf", "a.pdf.txt"]
    assert custodian.contents == [small_pdf()]
    assert list((drop.path / ".commune-box" / "spool").iterdir()) == []


@pytest.mark.parametrize("step", range(24))
def test_killed_at_any_step_of_setting_aside(drop: DropFolder, clock: StandingClock, step: int) -> None:
    custodian = FakeCustodian()

    def life() -> None:
        live(Intake([drop], custodian, clock, note_for=note), clock, 63)

    (drop.path / "cut.pdf").write_bytes(CUT)
    with killed_at(step) as done:
        life()
    assert [each.read_bytes() for each in drop.path.rglob("cut.pdf")] == [CUT], f"after {done}"
    life()
    assert sorted(each.name for each in (drop.path / "cach-ly").iterdir()) == ["cut.pdf", "cut.pdf.txt"]
    assert [path.name for path in custodian.held] == ["cut.pdf"]


def test_the_kill_points_cover_the_new_moves(drop: DropFolder, clock: StandingClock) -> None:
    custodian = FakeCustodian()
    with killed_at(1000) as done:
        (drop.path / "cut.pdf").write_bytes(CUT)
        live(Intake([drop], custodian, clock, note_for=note), clock, 63)
    assert 4 < len(done) <= 24
    custodian.answer_next(Duplicate())
    with killed_at(1000) as done:
        (drop.path / "a.pdf").write_bytes(small_pdf())
        live(Intake([drop], custodian, clock, note_for=note), clock, 6)
    assert 14 < len(done) <= 44


@pytest.mark.parametrize("mode", [0o2770, 0o775, 0o700])
def test_who_may_use_the_drop_folder_may_use_what_is_laid_down_there(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, mode: int
) -> None:
    """The service runs with a mask of 0077; a note that the clerk cannot open tells nobody anything."""
    drop.path.chmod(mode)
    before = os.umask(0o077)
    try:
        custodian.answer_next(Duplicate())
        (drop.path / "twin.pdf").write_bytes(small_pdf())
        (drop.path / "cut.pdf").write_bytes(CUT)
        live(Intake([drop], custodian, clock, note_for=note), clock, 63)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    for place, name in ((Place.DUPLICATE, "twin.pdf.txt"), (Place.QUARANTINE, "cut.pdf.txt")):
        assert (drop.path / place).stat().st_mode & 0o2777 == mode
        assert (drop.path / place / name).stat().st_mode & 0o777 == mode & 0o666
    assert (drop.path / ".commune-box").stat().st_mode & 0o077 == 0, "the spool is the box's own"


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_for_notes_holds_up_nothing_and_they_come_later(drop: DropFolder, clock: StandingClock) -> None:
    class Knowing(FakeCustodian):
        def accept(self, claim: Claim) -> Answer | Duplicate:
            return Duplicate() if claim.original_name == "twin.pdf" else super().accept(claim)

    custodian, write_text = Knowing(), Path.write_text

    def full(self: Path, *arguments: object, **named: object) -> int:
        write_text(self, "", encoding="utf-8")  # the file is there, its content is not
        raise OSError(errno.ENOSPC, "No space left on device")

    (drop.path / "twin.pdf").write_bytes(small_pdf())
    (drop.path / "cut.pdf").write_bytes(CUT)
    intake = Intake([drop], custodian, clock, note_for=note)
    with patch.object(Path, "write_text", full):
        live(intake, clock, 3)
        (drop.path / "late.pdf").write_bytes(small_pdf() + b" ")
        live(intake, clock, 62)
        assert custodian.contents == [small_pdf() + b" "]
        assert [path.name for path in custodian.held] == ["cut.pdf"]
        assert not list(drop.path.rglob("*.part")), "a note that did not fit leaves nothing behind"
    assert not list(drop.path.rglob("*.txt"))
    live(intake, clock, 65)
    assert sorted(each.name for each in drop.path.rglob("*.txt")) == ["cut.pdf.txt", "twin.pdf.txt"]


def vanish(folder: Path) -> Callable[[], None]:
    """Takes a folder away as a lost share does; returns what brings it back."""
    away = folder.with_name("away")
    folder.rename(away)

    def bring_back() -> None:
        away.rename(folder)

    return bring_back


def test_a_folder_that_goes_away_in_the_middle_of_a_scan(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    for number in range(6):
        (drop.path / f"{number}.pdf").write_bytes(small_pdf() + b" " * number)
    back: list[Callable[[], None]] = []
    inspect = dropping.inspect

    def blinking(path: Path) -> object:
        if path.name[0] in "345" and not back:
            back.append(vanish(drop.path))
        return inspect(path)

    told: dict[str, FolderState] = {}
    intake = Intake([drop], custodian, clock, tell=told.update)
    with patch.object(dropping, "inspect", blinking):
        live(intake, clock, 3)
    assert not drop.path.exists(), "the place of a lost share is not filled with a folder of the box's own"
    live(intake, clock, 20)
    assert told["den"].code == "drop-folder-missing"
    back[0]()
    live(intake, clock, 15)
    assert told["den"].code in ("", "no-events")
    assert sorted(custodian.contents) == [small_pdf() + b" " * number for number in range(6)]


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EHOSTDOWN, errno.ENOTCONN])
def test_a_share_without_answer_is_told_and_comes_back(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock, number: int
) -> None:
    told: dict[str, FolderState] = {}
    (drop.path / "a.pdf").write_bytes(small_pdf())
    intake = Intake([replace(drop, watch="poll")], custodian, clock, tell=told.update)
    with patch.object(listing.os, "scandir", side_effect=OSError(number, os.strerror(number))):
        live(intake, clock, 10)
    since = told["den"].since
    assert (told["den"].code, told["den"].scanned_at) == ("drop-folder-unreachable", None)
    assert since < clock.now()
    live(intake, clock, 4)
    assert (told["den"].code, custodian.contents) == ("", [small_pdf()])


def test_the_share_that_went_after_the_rename_gives_its_paper_later(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    """The file is in the spool already, and nobody was told: a rescan finds it without a restart."""
    (drop.path / "a.pdf").write_bytes(small_pdf())
    intake = Intake([drop], custodian, clock)
    with patch("scanner_intake.claim._sync_file", side_effect=OSError(errno.EIO, "Input/output error")):
        live(intake, clock, 2)
    live(intake, clock, 2)
    assert custodian.contents == [small_pdf()]


def test_a_spool_that_hides_its_file_for_a_moment_is_not_cleared(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    (drop.path / "a.pdf").write_bytes(small_pdf())
    custodian.fail_next(*[RuntimeError("locked")] * 3)
    live(Intake([drop], custodian, clock), clock, 3)
    with patch("scanner_intake.claim._holds_file", return_value=False):
        Intake([drop], custodian, clock).scan()
    live(Intake([drop], custodian, clock), clock, 6)
    assert custodian.contents == [small_pdf()]


def test_a_share_without_folder_sync_or_steady_inodes_works(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    """SMB: fsync of a folder is EINVAL, inode numbers change with every look, links are counted anyhow."""
    fsync, lstat = os.fsync, Path.lstat
    looks = iter(range(1, 10**6))

    def no_folder_sync(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    def other_inode(self: Path) -> SimpleNamespace:
        found = lstat(self)
        same = {name: getattr(found, name) for name in ("st_mode", "st_size", "st_mtime", "st_mtime_ns", "st_ctime")}
        return SimpleNamespace(**same, st_ino=next(looks), st_nlink=2)

    (drop.path / "a.pdf").write_bytes(small_pdf())
    share = Intake([replace(drop, watch="poll")], custodian, clock)
    with patch.object(os, "fsync", no_folder_sync), patch.object(Path, "lstat", other_inode):
        live(share, clock, 4)
    assert custodian.contents == [small_pdf()]


def test_a_file_that_moved_on_after_it_seemed_quiet_is_waited_for_longer(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    """A feeder that rests between pages for longer than the quiet time."""
    path = drop.path / "slow.pdf"
    content = small_pdf()
    intake = Intake([drop], custodian, clock)
    for end in (50, 100, 150, 200):
        path.write_bytes(content[:end])
        live(intake, clock, 5)
    path.write_bytes(content)
    live(intake, clock, 6)
    assert custodian.contents == []
    live(intake, clock, 3)
    assert custodian.contents == [content]


def test_a_held_file_taken_away_while_nobody_watched_is_forgotten(
    drop: DropFolder, custodian: FakeCustodian, clock: StandingClock
) -> None:
    (drop.path / "cut.pdf").write_bytes(CUT)
    (drop.path / "other.pdf").write_bytes(CUT)
    live(Intake([drop], custodian, clock), clock, 63)
    (drop.path / "cach-ly" / "cut.pdf").unlink()
    Intake([drop], custodian, clock).scan()
    assert [path.name for path in custodian.held] == ["other.pdf"]


# --- the lock --------------------------------------------------------------------------------------------------------


def test_two_intakes_never_have_the_same_folder(drop: DropFolder) -> None:
    first, second = Guard(drop.path), Guard(drop.path)
    first.check()
    first.check()
    with pytest.raises(FolderTrouble) as refused:
        second.check()
    assert refused.value.code == "drop-folder-taken"
    first.release()
    second.check()
    second.release()


def test_a_lock_is_taken_anew_in_a_folder_that_came_back(drop: DropFolder) -> None:
    guard, other = Guard(drop.path), Guard(drop.path)
    guard.check()
    away = drop.path.with_name("away")
    drop.path.rename(away)
    with pytest.raises(FolderTrouble, match="drop-folder-missing"):
        guard.check()
    drop.path.mkdir()
    guard.check()
    with pytest.raises(FolderTrouble):
        other.check()
    guard.release()


def test_the_empty_place_of_an_unmounted_share_is_not_the_share(drop: DropFolder) -> None:
    guard = Guard(drop.path)
    with patch("os.path.ismount", return_value=True):
        guard.check()
    with pytest.raises(FolderTrouble, match="drop-folder-missing"):
        guard.check()
    with patch("os.path.ismount", return_value=True):
        guard.check()
    guard.release()


def test_a_share_that_knows_no_locks_is_used_all_the_same(drop: DropFolder) -> None:
    guard = Guard(drop.path)
    with patch("fcntl.flock", side_effect=OSError(errno.ENOLCK, "No locks available")):
        guard.check()
    guard.release()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOENT, "drop-folder-missing"),
        (errno.EACCES, "drop-folder-closed"),
        (errno.ENOSPC, "drop-folder-full"),
        (errno.EBUSY, "drop-folder-unreachable"),
    ],
)
def test_every_error_of_a_folder_has_a_name(number: int, code: str) -> None:
    assert trouble_of(OSError(number, "x")).code == code


# --- stop ------------------------------------------------------------------------------------------------------------


def test_a_stop_is_heard_between_two_files(drop: DropFolder, custodian: FakeCustodian, clock: StandingClock) -> None:
    for number in range(20):
        (drop.path / f"{number}.pdf").write_bytes(small_pdf() + b" " * number)
    intake = Intake([drop], custodian, clock)
    intake.scan()
    clock.pass_by(drop.quiet_seconds)
    (watch,) = intake._drops
    watch.scan(lambda: len(custodian.kept) >= 3)
    assert len(custodian.kept) == 3
