"""What every `Outbox` must do, the fake and the box's store alike.

A test class inherits `OutboxContract` and provides the fixture `outbox` and `fill(document_id, content, priority)`,
which queues one document on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from sync.uplink import Outbox

Fill = Callable[[str, bytes, int], None]


class OutboxContract:
    """The suite."""

    def test_most_urgent_first_then_oldest(self, outbox: Outbox, fill: Fill) -> None:
        for document_id, priority in (("a", 0), ("b", 1), ("c", 3), ("d", 0), ("e", 3)):
            fill(document_id, document_id.encode(), priority)
        parcels = outbox.pending(10)
        assert [parcel.priority for parcel in parcels] == [3, 3, 1, 0, 0]
        by_class = [[p.sequence for p in parcels if p.priority == level] for level in (3, 0)]
        assert all(sequences == sorted(sequences) for sequences in by_class)
        assert [parcel.priority for parcel in outbox.pending(2)] == [3, 3]

    def test_parcel_says_what_its_file_is(self, outbox: Outbox, fill: Fill) -> None:
        content = bytes(range(256)) * 41
        fill("a", content, 0)
        (parcel,) = outbox.pending(10)
        with outbox.open(parcel) as file:
            assert file.read() == content
            file.seek(1000)
            assert file.read(10) == content[1000:1010]
        assert (parcel.size, parcel.sha256) == (len(content), hashlib.sha256(content).hexdigest())

    def test_equal_until_answered(self, outbox: Outbox, fill: Fill) -> None:
        """The manifest is made of the parcel: a parcel that changes by itself would never be receipted."""
        fill("a", b"one", 0)
        assert outbox.pending(10) == outbox.pending(10)

    @pytest.mark.parametrize("answer", ["accepted", "refused"])
    def test_answer_ends_it_and_may_be_repeated(self, outbox: Outbox, fill: Fill, answer: str) -> None:
        fill("a", b"one", 0)
        fill("b", b"two", 0)
        first, second = outbox.pending(10)
        for _ in range(2):
            if answer == "accepted":
                outbox.accepted(first.document_id, b"receipt")
            else:
                outbox.refused(first.document_id, "bad-signature", "Chữ ký không hợp lệ.", b"refusal")
            assert outbox.pending(10) == [second]

    def test_sequences_only_grow(self, outbox: Outbox, fill: Fill) -> None:
        fill("a", b"one", 0)
        (first,) = outbox.pending(10)
        outbox.accepted(first.document_id, b"receipt")
        fill("b", b"two", 0)
        (second,) = outbox.pending(10)
        assert second.sequence > first.sequence
