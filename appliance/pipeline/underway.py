"""Which page of which paper is being digitized right now: passing facts, in memory only.

Owns the numbers and nothing else; whoever wants to see them asks the worker (``appliance.door``).
"""

from __future__ import annotations

import threading


class Underway:
    """Page and number of pages by document; what is finished is not there."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def began(self, document_id: str, page: int, of: int) -> None:
        """Another page of the paper is begun."""
        with self._lock:
            self._pages[document_id] = (page, of)

    def ended(self, document_id: str) -> None:
        """The paper is not worked on any more."""
        with self._lock:
            self._pages.pop(document_id, None)

    def now(self) -> dict[str, list[int]]:
        """``{document id: [page, of]}`` as plain JSON values."""
        with self._lock:
            return {each: list(pages) for each, pages in self._pages.items()}
