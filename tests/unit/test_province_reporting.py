"""The roll-up's arithmetic: shares half up, targets on exact figures, ranks stable on ties, the 11th and the 12th."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.province.reporting import Line, Targets, best, misses, percent, ranking, total


def line(number: int, stored: int = 10, refused: int = 0, fast: int | None = None) -> Line:
    within = stored if fast is None else fast
    return Line(
        f"commune-{number:05}", f"Xã {number:05}", stored, refused, 0, stored, 10.0 * stored, 60.0, within, stored
    )


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (86, 86, "100.00"), (973, 977, "99.59"), (970, 977, "99.28"), (895, 895, "100.00"), (894, 895, "99.89"),
        (1787, 2321, "76.99"), (534, 2321, "23.01"), (1, 8, "12.50"), (1, 16, "6.25"), (1, 32, "3.13"), (3, 32, "9.38"),
        (0, 5, "0.00"), (0, 0, "–"), (1, 200_000, "0.00"), (1, 20_000, "0.01"),
    ],
)  # fmt: skip
def test_two_decimals_half_up(part: int, whole: int, said: str) -> None:
    assert percent(part, whole) == said


def test_a_target_is_compared_with_what_is_written() -> None:
    for stored, said, missed in ((979_950, "98.00", ()), (979_949, "97.99", ("accepted",)), (980_000, "98.00", ())):
        one = line(1, stored=stored, refused=1_000_000 - stored)
        assert percent(one.stored, one.answered) == said
        assert misses(one, Targets()) == missed


def test_each_target_is_missed_by_itself() -> None:
    assert misses(line(1, 100, fast=94), Targets()) == ("fast",)
    assert misses(line(1, 100, fast=95), Targets()) == ()
    assert misses(line(1, 4), Targets(least=5)) == ("least",)
    assert misses(line(1, 0), Targets()) == ("least",), "no share, so no share is missed"
    assert misses(line(1, 0, 3), Targets()) == ("accepted", "least")


def test_equals_share_a_rank_and_stand_by_name() -> None:
    ranked = ranking([line(3, 9, 1), line(2), line(1), line(4, 8, 2), line(5, 0)], Targets())
    assert [(one.rank, one.line.box[-1]) for one in ranked] == [(1, "1"), (1, "2"), (3, "3"), (4, "4"), (None, "5")]


def test_a_small_commune_wins_over_a_large_one_with_one_refusal() -> None:
    ranked = ranking([line(1, 4999, 1), line(2, 3)], Targets())
    assert [one.line.box[-1] for one in ranked] == ["2", "1"]


def test_the_faster_of_equals_stands_first() -> None:
    ranked = ranking([line(1, 10, fast=9), line(2, 10, fast=10), line(3, 0, 0)], Targets())
    assert [(one.rank, one.line.box[-1]) for one in ranked] == [(1, "2"), (2, "1"), (None, "3")]


def test_the_first_eleven_have_everybody_who_is_equal_to_the_eleventh() -> None:
    ten = [line(number, 100, number) for number in range(1, 11)]
    ties = [line(number, 100, 50) for number in (11, 12, 13)]
    after = [line(14, 100, 60)]
    ranked = ranking([*ties, *after, *ten], Targets())
    assert [one.rank for one in ranked] == [*range(1, 11), 11, 11, 11, 14]
    assert [one.line.box[-2:] for one in best(ranked, 11)] == [f"{n:02}" for n in range(1, 14)]
    assert len(best(ranked, 10)) == 10
    apart = ranking([*ten, line(11, 100, 50), line(12, 100, 51)], Targets())
    assert len(best(apart, 11)) == 11, "the twelfth is worse: the line is drawn before it"
    assert len(best(apart, 99)) == 12


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 4)), max_size=25), st.integers())
def test_the_order_does_not_depend_on_the_order_of_the_rows(figures: list[tuple[int, int, int]], seed: int) -> None:
    lines = [line(n, stored, refused, min(fast, stored)) for n, (stored, refused, fast) in enumerate(figures)]
    mixed = lines.copy()
    random.Random(seed).shuffle(mixed)
    ranked = ranking(mixed, Targets())
    assert ranked == ranking(lines, Targets())
    placed = [one for one in ranked if one.rank is not None]
    worth = [(one.line.accepted, one.line.fast if one.line.fast is not None else Fraction(-1)) for one in placed]
    assert worth == sorted(worth, reverse=True)
    for (earlier, before), (later, after) in itertools.pairwise(zip(placed, worth, strict=True)):
        assert (earlier.rank == later.rank) == (before == after)


def test_the_total_is_the_sum() -> None:
    found = total([line(1, 10, 1), line(2, 20, 2, 5)])
    assert (found.stored, found.refused, found.within_hour, found.took_mean) == (30, 3, 15, 10.0)
