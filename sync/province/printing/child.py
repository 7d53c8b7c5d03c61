"""`python -m sync.province.printing.child`: a paper as JSON on standard input, its PDF on standard output."""

from __future__ import annotations

import sys

from sync.province.printing.paper import Paper
from sync.province.printing.paper_pdf import paper_pdf

if __name__ == "__main__":
    sys.stdout.buffer.write(paper_pdf(Paper.from_json(sys.stdin.buffer.read())))
