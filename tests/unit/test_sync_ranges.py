"""Byte ranges against a plain set of integers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.protocol.ranges import Ranges

PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=12)


def as_set(ranges: Ranges) -> set[int]:
    return {offset for start, stop in ranges for offset in range(start, stop)}


@settings(max_examples=150, deadline=None)
@given(PAIRS, PAIRS, st.integers(0, 70))
def test_behaves_like_a_set_of_offsets(added: list[tuple[int, int]], removed: list[tuple[int, int]], size: int) -> None:
    ranges, plain = Ranges(), set[int]()
    for start, length in added:
        fresh = set(range(start, start + length)) - plain
        assert ranges.add(start, start + length) == len(fresh)
        plain |= fresh
    other = Ranges()
    for start, length in removed:
        other.add(start, start + length)
    both = plain | as_set(other)
    missing = [offset for offset in range(size) if offset not in both]
    found = ranges.first_missing(size, other)
    assert (found is None) == (not missing)
    if found is not None:
        assert found[0] == missing[0]
        assert all(offset not in both for offset in range(*found))
        assert found[1] == size or found[1] in both
    for start, length in removed:
        ranges.remove(start, start + length)
        plain -= set(range(start, start + length))
    assert as_set(ranges) == plain
    assert ranges.count() == len(plain)
    assert ranges.covers(size) == (set(range(size)) <= plain)
    pairs = list(ranges)
    assert all(left[1] < right[0] for left, right in pairwise(pairs))
    assert Ranges(reversed(pairs)) == ranges


def test_lowest_and_copy() -> None:
    ranges = Ranges([(0, 1), (4, 6), (8, 9)])
    assert ranges.lowest(2) == ((0, 1), (4, 6))
    twin = ranges.copy()
    twin.add(1, 4)
    assert len(ranges) == 3
    assert len(twin) == 2


@pytest.mark.parametrize("pair", [(-1, 2), (3, 2)])
def test_nonsense_is_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not a byte range"):
        Ranges([pair])
