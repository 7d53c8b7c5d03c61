"""The audit chain: whatever is changed, taken out, put in or moved is found, and where it first shows."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.domain.chain import GENESIS, Entry, entry_hash, first_break
from appliance.ids import new_id


def chain(length: int) -> list[Entry]:
    entries, previous = [], GENESIS
    for sequence in range(1, length + 1):
        content = (
            sequence,
            f"doc-{sequence % 3}",
            f"2026-11-21T02:{sequence:02}:00+00:00",
            "clerk",
            "approved",
            {"n": 1},
        )
        entries.append(Entry(*content, previous, entry_hash(*content, previous)))
        previous = entries[-1].hash
    return entries


def test_an_untouched_chain_fits() -> None:
    assert first_break([]) is None
    assert first_break(chain(9)) is None


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Entry)])
@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_change_of_any_field_is_found(field: str, place: int) -> None:
    entries = chain(9)
    old = getattr(entries[place], field)
    new = {"sequence": 77, "detail": {"n": 2}}.get(field, "f" * 64)
    assert new != old
    entries[place] = dataclasses.replace(entries[place], **{field: new})
    assert first_break(entries) is not None


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda c: c[1:], id="first-removed"),
        pytest.param(lambda c: c[:4] + c[5:], id="middle-removed"),
        pytest.param(lambda c: [*c[:4], c[5], c[4], *c[6:]], id="two-swapped"),
        pytest.param(lambda c: [*c[:4], c[3], *c[4:]], id="one-repeated"),
        pytest.param(lambda c: c[::-1], id="reversed"),
        pytest.param(lambda c: [*c[:4], _forged(c[3]), *c[4:]], id="one-inserted"),
    ],
)
def test_removal_insertion_and_reorder_are_found(tamper: Callable[[list[Entry]], list[Entry]]) -> None:
    assert first_break(tamper(chain(9))) is not None


def _forged(after: Entry) -> Entry:
    """An entry that fits the one before it perfectly."""
    content = (after.sequence + 1, "doc-x", after.at, "intruder", "approved", {})
    return Entry(*content, after.hash, entry_hash(*content, after.hash))


def test_the_first_wrong_entry_is_named() -> None:
    entries = chain(9)
    entries[5] = dataclasses.replace(entries[5], by="intruder")
    assert first_break(entries) == 6


def test_the_hash_is_this_one_forever() -> None:
    """Stored chains must verify under every later version."""
    assert (
        entry_hash(1, "a", "2026-11-21T02:00:00+00:00", "văn thư", "approved", {"slot": "agency", "n": 1}, GENESIS)
        == "003220b5217e598774673098803d0b2a0c520c0c1cc24987917cda86a5fca356"
    )


@given(st.permutations(range(6)))
def test_only_the_true_order_fits(order: list[int]) -> None:
    entries = chain(6)
    assert (first_break([entries[index] for index in order]) is None) == (order == sorted(order))


# --- identifiers -----------------------------------------------------------------------------------------------------


def test_ids_are_uuid_7_and_sort_by_time() -> None:
    moments = [0, 1, 1_700_000_000_000, 1_700_000_000_001, (1 << 48) - 1]
    ids = [new_id(moment) for moment in moments]
    assert ids == sorted(ids)
    for moment, text in zip(moments, ids, strict=True):
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert parsed.int >> 80 == moment


def test_ids_of_one_millisecond_differ_and_the_clock_is_now() -> None:
    ids = {new_id(5) for _ in range(1000)}
    assert len(ids) == 1000
    assert abs((uuid.UUID(new_id()).int >> 80) - time.time() * 1000) < 5000
