"""How often one address, and all together, may ask something in a minute; in memory, forgotten with the process."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


class Throttle:
    """``each`` questions a minute of one asker, ``all_together`` of everybody; what is too much is not counted."""

    def __init__(self, each: int, all_together: int) -> None:
        self._each, self._all = each, all_together
        self._asked: deque[tuple[datetime, str]] = deque()

    def allows(self, asker: str, now: datetime) -> bool:
        """Whether this question may be answered; it is counted when it may."""
        while self._asked and now - self._asked[0][0] >= MINUTE:
            self._asked.popleft()
        if len(self._asked) >= self._all or sum(one == asker for _at, one in self._asked) >= self._each:
            return False
        self._asked.append((now, asker))
        return True
