"""What one PIN entry allows, and what is left of the PIN afterwards."""

from __future__ import annotations

import math

from hsm.batch import Batch


def test_it_ends_with_its_last_document_and_one_twice_counts_once() -> None:
    batch = Batch(0.0, 60.0, documents=2)
    assert batch.documents_left == 2
    assert [batch.signed(document, 1.0) for document in ("a", "a", "b")] == [False, False, True]
    assert batch.documents_left == 0


def test_one_name_for_all_documents_does_not_open_it_for_ever() -> None:
    batch = Batch(0.0, 60.0, documents=2)
    assert [batch.signed("a", 1.0) for _ in range(5)] == [False, False, False, False, True]


def test_without_a_number_only_time_ends_it() -> None:
    batch = Batch(0.0, 60.0)
    assert not any(batch.signed(str(number), 1.0) for number in range(1000))
    assert batch.documents_left is None


def test_every_signature_begins_the_idle_time_anew() -> None:
    batch = Batch(0.0, 60.0)
    assert not batch.idle(60.0) and batch.idle(60.1)
    batch.begin(100.0)
    assert not batch.idle(160.0) and batch.idle(160.1)
    batch.signed("a", 200.0)
    assert not batch.idle(260.0)
    assert not Batch(0.0, math.inf).idle(10.0**12), "opened by policy: nobody could type it again"


def test_a_pin_is_held_only_where_it_is_needed_and_overwritten_in_place() -> None:
    assert Batch(0.0, 60.0).pin() is None and not Batch(0.0, 60.0).asks_each_time
    batch = Batch(0.0, 60.0, pin="246810")
    assert batch.asks_each_time and batch.pin() == "246810"
    held = batch._pin
    assert held is not None
    batch.wipe()
    assert bytes(held) == bytes(6), "the very bytes, not a new object"
    assert batch.pin() == ""
