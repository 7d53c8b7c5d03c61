"""Sets of byte ranges: what a receiver holds, what a sender still owes.

Owns half-open integer ranges `[start, stop)` kept sorted, disjoint and merged. Refuses nothing but nonsense
(negative or inverted ranges raise ValueError). Invariant: for neighbours a, b always a.stop < b.start.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """A mutable set of byte offsets stored as merged half-open ranges."""

    __slots__ = ("_starts", "_stops")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        for start, stop in ranges:
            self.add(start, stop)

    def add(self, start: int, stop: int) -> int:
        """Insert `[start, stop)` and return how many bytes of it were new. Raises ValueError on an inverted range."""
        if start < 0 or stop < start:
            raise ValueError(f"not a byte range: [{start}, {stop})")
        if start == stop:
            return 0
        low = bisect_left(self._stops, start)
        high = bisect_right(self._starts, stop)
        if low == high - 1 and self._stops[low] == start:  # the next bytes, as nearly always
            self._stops[low] = stop
            return stop - start
        held = sum(max(0, min(stop, self._stops[i]) - max(start, self._starts[i])) for i in range(low, high))
        if low < high:
            start_merged = min(start, self._starts[low])
            stop_merged = max(stop, self._stops[high - 1])
        else:
            start_merged, stop_merged = start, stop
        self._starts[low:high] = [start_merged]
        self._stops[low:high] = [stop_merged]
        return stop - start - held

    def remove(self, start: int, stop: int) -> None:
        """Take `[start, stop)` out of the set; what was not in it does not matter."""
        kept = Ranges()
        for held_start, held_stop in self:
            if held_start < start:
                kept.add(held_start, min(held_stop, start))
            if held_stop > stop:
                kept.add(max(held_start, stop), held_stop)
        self._starts, self._stops = kept._starts, kept._stops

    def update(self, other: Ranges) -> None:
        """Insert every range of `other`."""
        for start, stop in other:
            self.add(start, stop)

    def first_missing(self, size: int, also: Ranges | None = None) -> tuple[int, int] | None:
        """Return the lowest range of `[0, size)` held neither here nor in `also`, or None if there is none."""
        at = 0
        while at < size:
            beyond = max(self._stop_covering(at), also._stop_covering(at) if also else at)
            if beyond == at:
                following = [size, self._start_after(at, size)]
                if also:
                    following.append(also._start_after(at, size))
                return at, min(following)
            at = beyond
        return None

    def covers(self, size: int) -> bool:
        """Say whether all of `[0, size)` is held."""
        return size == 0 or (bool(self._starts) and self._starts[0] == 0 and self._stops[0] >= size)

    def count(self) -> int:
        """Return the number of bytes held."""
        return sum(self._stops) - sum(self._starts)

    def lowest(self, limit: int) -> tuple[tuple[int, int], ...]:
        """Return the first `limit` ranges, lowest offsets first."""
        return tuple(zip(self._starts[:limit], self._stops[:limit], strict=True))

    def copy(self) -> Ranges:
        """Return an independent copy."""
        twin = Ranges()
        twin._starts, twin._stops = self._starts.copy(), self._stops.copy()
        return twin

    def _stop_covering(self, at: int) -> int:
        index = bisect_right(self._starts, at) - 1
        return self._stops[index] if index >= 0 and self._stops[index] > at else at

    def _start_after(self, at: int, default: int) -> int:
        index = bisect_right(self._starts, at)
        return self._starts[index] if index < len(self._starts) else default

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(tuple(zip(self._starts, self._stops, strict=True)))

    def __len__(self) -> int:
        return len(self._starts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and self._starts == other._starts and self._stops == other._stops

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Ranges({list(self)!r})"
