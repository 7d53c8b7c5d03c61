"""One reading gives the file's digest and every signature's, the same as a reading for each."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from pyhanko.sign.general import byte_range_digest

from hsm import digests


@dataclass
class Signed:
    """As much of an embedded signature as is asked for."""

    byte_range: Any
    external_md_algorithm: str = "sha256"
    external_digests: dict[str, bytes] = field(default_factory=dict)


class Broken(Signed):
    @property
    def external_md_algorithm(self) -> str:
        raise ValueError("no such algorithm")

    @external_md_algorithm.setter
    def external_md_algorithm(self, value: str) -> None:
        pass


CONTENT = Random(7).randbytes(100_000)


@pytest.fixture(params=[1 << 20, 4099], ids=["one piece", "many pieces"])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_PIECE", request.param)


@pytest.mark.usefixtures("piece")
def test_the_same_digests_as_from_a_reading_for_each() -> None:
    size = len(CONTENT)
    ranges = [
        [0, 90_000, 92_000, size - 92_000],
        [0, 50_000, 53_000, 20_000],
        [0, 0, 10, 5],
        [0, 50_000, 50_000, 0],
        [0, size, size, 0],
        [0, 4099, 8198, 1],
    ]
    signatures = [Signed(each) for each in ranges]
    whole = digests.read_once(io.BytesIO(CONTENT), signatures)
    assert whole == sha256(CONTENT).hexdigest()
    for signature in signatures:
        expected = byte_range_digest(io.BytesIO(CONTENT), signature.byte_range, "sha256")[1]
        assert signature.external_digests == {"sha256": expected}, signature.byte_range


@pytest.mark.parametrize(
    "odd",
    [
        Signed([0, 5, 3, 2]),
        Signed([1, 5, 6, 2]),
        Signed([0, -1, 6, 2]),
        Signed([0, 5, 6, -2]),
        Signed([0, 5, 6, len(CONTENT)]),
        Signed([0, 5, 6]),
        Signed([0, 5, 6, 2, 20, 3]),
        Signed(["x", 5, 6, 2]),
        Signed(None),
        Signed([0, 5, 6, 2], external_md_algorithm="sha512"),
        Broken([0, 5, 6, 2]),
    ],
    ids=lambda odd: f"{type(odd).__name__} {odd.byte_range}",
)
def test_another_shape_is_left_to_the_judge_and_hides_nothing(odd: Signed) -> None:
    usual = Signed([0, 50_000, 53_000, 20_000])
    whole = digests.read_once(io.BytesIO(CONTENT), [odd, usual])
    assert whole == sha256(CONTENT).hexdigest() and odd.external_digests == {}
    assert usual.external_digests["sha256"] == sha256(CONTENT[:50_000] + CONTENT[53_000:73_000]).digest()


def test_a_file_that_became_shorter_is_told() -> None:
    class Shrinking(io.BytesIO):
        def readinto(self, buffer: Any) -> int:
            return super().readinto(buffer[:10_000]) if self.tell() < 50_000 else 0

    with pytest.raises(OSError, match="shorter"):
        digests.read_once(Shrinking(CONTENT + CONTENT), [])
