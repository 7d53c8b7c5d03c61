"""The settle rule: quiet and whole, never on the first look, any change starts anew."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_intake.settle import Shape, Sighting, Step, due, ignored, looked, seen, step

QUIET, PATIENCE = 3.0, 60.0
shapes = st.builds(Shape, st.integers(0, 3), st.integers(0, 3), st.integers(1, 2))
moves = st.lists(st.tuples(st.floats(0, 40), shapes, st.booleans()), min_size=1, max_size=40)


@given(moves)
def test_a_file_is_claimed_only_when_quiet_and_found_whole(story: list[tuple[float, Shape, bool]]) -> None:
    now, sighting, changed_at = 0.0, None, 0.0
    for pause, shape, whole in story:
        now += pause
        if sighting is None or sighting.shape != shape:
            changed_at = now
        sighting = seen(sighting, shape, now)
        following = step(sighting, now, QUIET, PATIENCE)
        if following is Step.LOOK:
            assert now - changed_at >= QUIET
            sighting = looked(sighting, whole, "" if whole else "truncated", now)
            following = step(sighting, now, QUIET, PATIENCE)
        if following is Step.CLAIM:
            assert sighting.whole
            assert now - changed_at >= QUIET
        if following is Step.HOLD:
            assert not sighting.whole
            assert now - changed_at >= PATIENCE


@given(moves)
def test_due_is_the_first_moment_that_is_not_waiting(story: list[tuple[float, Shape, bool]]) -> None:
    now, sighting = 0.0, None
    for pause, shape, _whole in story:
        now += pause
        sighting = seen(sighting, shape, now)
        if step(sighting, now, QUIET, PATIENCE) is Step.LOOK:
            sighting = looked(sighting, False, "truncated", now)
        if step(sighting, now, QUIET, PATIENCE) is Step.WAIT:
            moment = due(sighting, QUIET, PATIENCE)
            assert moment > now
            assert step(sighting, moment + 1e-6, QUIET, PATIENCE) is not Step.WAIT
            assert step(sighting, (now + moment) / 2, QUIET, PATIENCE) is Step.WAIT


def test_looks_at_an_unfinished_file_become_rarer() -> None:
    sighting = Sighting(Shape(1, 1, 1), 0.0)
    looks, now = [], 0.0
    while now < 50:
        if step(sighting, now, QUIET, 1000) is Step.LOOK:
            looks.append(now)
            sighting = looked(sighting, False, "truncated", now)
        now += 0.25
    pauses = [later - earlier for earlier, later in pairwise(looks)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 1.0
    assert pauses[-1] >= 8.0


def test_patience_shorter_than_quiet_still_looks_first() -> None:
    sighting = Sighting(Shape(1, 1, 1), 0.0)
    assert step(sighting, 3.0, 3.0, 0.0) is Step.LOOK
    assert step(looked(sighting, True, "", 3.0), 3.0, 3.0, 0.0) is Step.CLAIM


def test_a_clock_that_went_back_starts_the_waiting_anew() -> None:
    sighting = seen(Sighting(Shape(1, 1, 1), 100.0), Shape(1, 1, 1), 50.0)
    assert sighting.since == 50.0


@pytest.mark.parametrize(
    "name",
    [
        ".commune-box",
        ".hidden.pdf",
        "~$bao cao.docx",
        "scan.pdf.part",
        "SCAN.TMP",
        "Thumbs.db",
        "desktop.ini",
        "._scan.pdf",
        "@eaDir",
        "cach-ly",
        ".stfolder",
        "x.pdf.filepart",
    ],
)
def test_ignored_names(name: str) -> None:
    assert ignored(name)


@pytest.mark.parametrize(
    "name", ["scan.pdf", "Quét 01.PDF", unicodedata.normalize("NFD", "Tờ trình.tif"), "x", "part.pdf"]
)
def test_names_of_papers(name: str) -> None:
    assert not ignored(name)
