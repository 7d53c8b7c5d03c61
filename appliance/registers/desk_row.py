"""What a clerk says of a paper's row while registering or issuing it: the columns that the paper itself does not fill.

The register of incoming documents has columns for receiver and note, the book that follows the handling for receiver
and due day; the register of outgoing documents for recipients, copies, who keeps one, and note (NĐ 30/2020, Phụ lục
IV). Said once at the desk, it stands in every book it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping

SAID: Mapping[str, tuple[str, ...]] = {
    "den": ("receiver", "due", "note"),
    "di": ("recipients", "copies", "copy_kept_by", "note"),
}
"""By register, in the order of the desk's form."""
NO_PAPER = "no_paper"
"""Said of a letter that goes out electronically alone: no copy of paper is sent to anybody."""
NO_PAPER_WORDS = "Không gửi bản giấy"
"""As it stands in the book, which is an official paper and Vietnamese in every language."""
_BOOKS: Mapping[str, tuple[str, ...]] = {
    "den": ("receiver", "note"),
    "giai-quyet": ("receiver", "due"),
    "di": SAID["di"],
    "ho-so": (),
}


def row_of(book: str, said: Mapping[str, str] | None) -> dict[str, str]:
    """The cells of ``book`` among what was said; what was not said is left out, an empty text empties the cell."""
    if not said:
        return {}
    cells = {name: said[name] for name in _BOOKS[book] if name in said}
    if book == "di" and said.get(NO_PAPER):
        cells |= {"copies": "0", "note": "; ".join(filter(None, (NO_PAPER_WORDS, cells.get("note", ""))))}
    return cells
