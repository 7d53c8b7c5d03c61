"""What a clerk says of an incoming paper's row while registering it: to whom it goes, until when, and a remark.

The register of incoming documents has columns for receiver and note, the book that follows the handling for receiver
and due day (NĐ 30/2020, Phụ lục IV). Said once at the desk, it stands in both books.
"""

from __future__ import annotations

from collections.abc import Mapping

SAID = ("receiver", "due", "note")
"""In the order of the desk's form."""
_BOOKS: Mapping[str, tuple[str, ...]] = {"den": ("receiver", "note"), "giai-quyet": ("receiver", "due")}


def row_of(book: str, said: Mapping[str, str] | None) -> dict[str, str]:
    """The cells of ``book`` among what was said; what was not said is left out, an empty text empties the cell."""
    return {name: said[name] for name in _BOOKS[book] if name in said} if said else {}
