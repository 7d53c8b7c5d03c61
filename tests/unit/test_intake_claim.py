"""A kill between any two steps of a claim neither loses nor doubles a paper."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from scanner_intake import claim as claiming
from scanner_intake.custody import DropFolder
from scanner_intake.watch import Intake
from tests.fakes.custodian import FakeCustodian
from tests.fixtures_intake import StandingClock, small_pdf

ID = "0b9c8a50-5f0e-4d53-9a07-0a8f3f8f2f11"
MOVES = ("mkdir", "rename", "replace", "unlink", "rmdir")


class Killed(BaseException):
    """The process is gone: no `except OSError` may tidy up after it."""


@contextmanager
def killed_at(step: int) -> Iterator[list[str]]:
    """The process dies before the `step`-th change it makes to the disk."""
    done: list[str] = []

    def counted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if len(done) >= step:
                raise Killed
            done.append(name)
            return original(*arguments, **named)

        return call

    patches = [patch.object(Path, name, counted(name, getattr(Path, name))) for name in MOVES]
    patches.append(patch.object(os, "fsync", counted("fsync", os.fsync)))
    for each in patches:
        each.start()
    try:
        yield done
    except Killed:
        pass
    finally:
        for each in patches:
            each.stop()


def claimed(drop: DropFolder, clock: StandingClock, name: str = "Quét 01.PDF") -> claiming.Claim:
    path = drop.path / name
    shape = claiming.shape_of(path)
    assert shape is not None
    return claiming.claim(path, drop, shape, ID, clock.now())


def test_a_claim_says_where_the_paper_came_from(drop: DropFolder, clock: StandingClock) -> None:
    name = unicodedata.normalize("NFD", "Quét 01.PDF")
    (drop.path / name).write_bytes(small_pdf())
    taken = claimed(drop, clock, name)
    assert taken.original_name == unicodedata.normalize("NFC", "Quét 01.PDF")
    assert taken.path.read_bytes() == small_pdf()
    assert taken.path.is_relative_to(drop.path / ".commune-box" / "spool" / ID)
    assert not (drop.path / name).exists()
    assert (taken.id, taken.folder, taken.kind, taken.policy) == (ID, "den", "incoming-scan", "person")
    assert (taken.size, taken.claimed_at) == (len(small_pdf()), clock.now())
    assert claiming.left_claims(drop) == [taken]
    claiming.release(taken)
    claiming.release(taken)
    assert claiming.left_claims(drop) == []
    assert list((drop.path / ".commune-box" / "spool").iterdir()) == []


@pytest.mark.parametrize("step", range(24))
def test_killed_at_any_step_the_paper_is_taken_exactly_once(drop: DropFolder, clock: StandingClock, step: int) -> None:
    custodian = FakeCustodian()
    path = drop.path / "scan.pdf"
    path.write_bytes(small_pdf())
    ids = iter([ID, "0b9c8a50-5f0e-4d53-9a07-0a8f3f8f2f12"])

    def life() -> None:
        intake = Intake([drop], custodian, clock, new_id=lambda: next(ids))
        intake.recover()
        for _ in range(3):
            intake.scan()
            clock.pass_by(drop.quiet_seconds)

    with killed_at(step) as done:
        life()
    copies = [each for each in drop.path.rglob("*") if each.is_file() and each.read_bytes() == small_pdf()]
    assert len(copies) + bool(custodian.contents) >= 1, f"lost after {done}"
    assert len(copies) <= 1
    life()
    assert custodian.contents == [small_pdf()]
    assert not path.exists()
    assert list((drop.path / ".commune-box" / "spool").iterdir()) == []


def test_the_kill_points_cover_the_whole_claim(drop: DropFolder, clock: StandingClock) -> None:
    (drop.path / "Quét 01.PDF").write_bytes(small_pdf())
    with killed_at(1000) as done:
        claiming.release(claimed(drop, clock))
    assert 10 < len(done) <= 24, "the parametrized steps above must reach past the last change"


def test_a_file_that_changed_since_it_was_examined_stays(drop: DropFolder, clock: StandingClock) -> None:
    path = drop.path / "scan.pdf"
    path.write_bytes(small_pdf())
    shape = claiming.shape_of(path)
    assert shape is not None
    path.write_bytes(small_pdf() + b"more")
    with pytest.raises(claiming.NotClaimable, match="changed"):
        claiming.claim(path, drop, shape, ID, clock.now())
    assert path.read_bytes() == small_pdf() + b"more"
    assert claiming.left_claims(drop) == []


def test_a_file_swapped_in_the_last_moment_is_put_back(drop: DropFolder, clock: StandingClock, tmp_path: Path) -> None:
    path = drop.path / "scan.pdf"
    path.write_bytes(small_pdf())
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    shape = claiming.shape_of(path)
    assert shape is not None
    rename = Path.rename

    def swapping(self: Path, target: Path) -> Path:
        if self == path:
            path.unlink()
            path.symlink_to(secret)
        return rename(self, target)

    with patch.object(Path, "rename", swapping), pytest.raises(claiming.NotClaimable):
        claiming.claim(path, drop, shape, ID, clock.now())
    assert path.is_symlink()
    assert secret.read_text() == "not yours"
    assert claiming.left_claims(drop) == []


def test_a_full_disk_leaves_the_file_where_it_is(drop: DropFolder, clock: StandingClock) -> None:
    path = drop.path / "scan.pdf"
    path.write_bytes(small_pdf())
    shape = claiming.shape_of(path)
    assert shape is not None
    with patch.object(os, "fsync", side_effect=OSError(28, "No space left on device")), pytest.raises(OSError):
        claiming.claim(path, drop, shape, ID, clock.now())
    assert path.read_bytes() == small_pdf()
    assert claiming.left_claims(drop) == []


def test_a_lost_origin_does_not_lose_the_paper(drop: DropFolder, clock: StandingClock) -> None:
    (drop.path / "Quét 01.PDF").write_bytes(small_pdf())
    taken = claimed(drop, clock)
    for broken in (b"", b"{", b"[]", json.dumps({"id": "other"}).encode(), b"\xff"):
        (taken.path.parent / "origin.json").write_bytes(broken)
        (left,) = claiming.left_claims(drop)
        assert (left.id, left.path, left.folder) == (ID, taken.path, "den")


def test_only_plain_files_with_one_name_have_a_shape(drop: DropFolder) -> None:
    real = drop.path / "real.pdf"
    real.write_bytes(b"x")
    assert claiming.shape_of(real) is not None
    (drop.path / "link.pdf").symlink_to(real)
    os.mkfifo(drop.path / "pipe.pdf")
    assert claiming.shape_of(drop.path / "link.pdf") is None
    assert claiming.shape_of(drop.path / "pipe.pdf") is None
    assert claiming.shape_of(drop.path) is None
    os.link(real, drop.path / "second name.pdf")
    assert claiming.shape_of(real) is None


def test_names_that_are_no_text_can_be_shown() -> None:
    assert claiming.display_name(os.fsdecode(b"qu\xe9t\n.pdf")) == "qu\ufffdt.pdf"
