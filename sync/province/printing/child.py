"""`python -m sync.province.printing.child KIND`: values as JSON on standard input, a file on standard output."""

from __future__ import annotations

import sys

from sync.province.printing.paper import Paper
from sync.province.printing.paper_pdf import paper_pdf
from sync.province.printing.sheet import Sheet
from sync.province.printing.sheet_xlsx import sheet_xlsx


def draw(kind: str, told: bytes) -> bytes:
    """What a kind of values looks like. Raises ValueError for an unknown kind, and what reading and drawing raise."""
    if kind == "paper":
        return paper_pdf(Paper.from_json(told))
    if kind == "sheet":
        return sheet_xlsx(Sheet.from_json(told))
    raise ValueError(kind)


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(sys.argv[1], sys.stdin.buffer.read()))
