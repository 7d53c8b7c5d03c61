"""How often one address, and all together, may ask something in a minute; in memory, forgotten with the process."""

from __future__ import annotations

from collections import Counter, deque

MINUTE = 60.0


class Throttle:
    """`each` questions a minute of one asker, `together` of everybody; what is too much is not counted."""

    def __init__(self, each: int, together: int) -> None:
        self._each, self._together = each, together
        self._asked: deque[tuple[float, str]] = deque()
        self._by_asker: Counter[str] = Counter()

    def allows(self, asker: str, now: float) -> bool:
        """Whether this question may be answered at `now` (monotonic seconds); it is counted when it may."""
        while self._asked and now - self._asked[0][0] >= MINUTE:
            _at, gone = self._asked.popleft()
            self._by_asker[gone] -= 1
            if not self._by_asker[gone]:
                del self._by_asker[gone]
        if len(self._asked) >= self._together or self._by_asker[asker] >= self._each:
            return False
        self._asked.append((now, asker))
        self._by_asker[asker] += 1
        return True
