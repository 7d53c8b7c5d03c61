"""Missing numbers of a box, by a slow and obvious rule beside the quick one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.province.sequences import MOST, Gaps


@given(st.lists(st.integers(min_value=1, max_value=60), max_size=80))
def test_missing_is_what_lies_between_the_first_and_the_greatest(numbers: list[int]) -> None:
    gaps = Gaps()
    for number in numbers:
        gaps.take(number)
    if not numbers:
        assert (gaps.highest, gaps.missing) == (None, set())
        return
    assert gaps.highest == max(numbers)
    assert gaps.missing == set(range(numbers[0], max(numbers) + 1)) - set(numbers)


@given(st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=40), st.data())
def test_reading_a_stretch_again_changes_nothing(numbers: list[int], data: st.DataObject) -> None:
    gaps = Gaps()
    for number in numbers:
        gaps.take(number)
    before = (gaps.highest, set(gaps.missing))
    begin = data.draw(st.integers(0, len(numbers) - 1))
    assert not any(list(map(gaps.take, numbers[begin:])))
    assert (gaps.highest, gaps.missing) == before


def test_a_leap_costs_bounded_memory() -> None:
    gaps = Gaps()
    gaps.take(1)
    gaps.take(10**12)
    assert len(gaps.missing) == MOST
    gaps.take(2 * 10**12)
    assert len(gaps.missing) == MOST
    assert max(gaps.missing) == 2 * 10**12 - 1
