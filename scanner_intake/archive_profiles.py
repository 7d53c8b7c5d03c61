"""The two archive profiles: which pages are built from layers, from the scanner's own streams, or kept as they are.

Owns the choice for each page, the way out for page content that cannot become PDF/A, and the rule that an archive copy
larger than its original gives way to the smaller sound profile. `digitize_pdfa` puts the file together.

Profiles: `compact` (layers, level, digitizing rules 7.2) and `faithful` (the scanner's streams untouched, not level).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scanner_intake import faithful
from scanner_intake.digitize_page import Seen, placed_lines, relayered
from scanner_intake.digitize_pdfa import ArchivePage, NotPdfa, make_pdfa
from scanner_intake.source_types import Source

PROFILES = ("compact", "faithful")
_GROWTH, _OVERHEAD = 1.25, 32 << 10
"""What words, font and colour profile may add to streams that are untouched."""


@dataclass
class Archive:
    """One archive copy to be made; `places[i]` is where in the source page i stands."""

    source: Source
    seen: Sequence[Seen]
    places: Sequence[int]
    original: Path
    target: Path

    def make(self, profile: str) -> set[str]:
        """Writes the copy and returns warnings (pages-pictured, profile-changed). Raises: NotPdfa, Refused."""
        warnings = self._written(profile, self.target)
        size, most = self.target.stat().st_size, self.original.stat().st_size
        if profile == "faithful":
            most = int(most * _GROWTH) + _OVERHEAD
        if size <= most or not any(not self.source.pages[place].drawn for place in self.places):
            return warnings
        other = self.target.with_name("other.pdf")
        try:
            others = self._written("faithful" if profile == "compact" else "compact", other)
        except NotPdfa:
            return warnings
        if other.stat().st_size < size:
            other.replace(self.target)
            return others | {"profile-changed"}
        other.unlink()
        return warnings

    def _written(self, profile: str, target: Path) -> set[str]:
        with self.original.open("rb") as file:
            seed = hashlib.file_digest(file, "sha256").digest()
        pages = [self._page(index, profile) for index in range(len(self.seen))]
        source = self.source.pdf if any(page.kept is not None for page in pages) else None
        try:
            make_pdfa(pages, source, target, seed)
            return set()
        except NotPdfa:
            if all(page.layers is not None for page in pages):
                raise
        pages = [page if page.layers is not None else self._pictured(index) for index, page in enumerate(pages)]
        make_pdfa(pages, None, target, seed)
        return {"pages-pictured"}

    def _page(self, index: int, profile: str) -> ArchivePage:
        seen, page = self.seen[index], self.source.pages[self.places[index]]
        size = (seen.reading.page.width, seen.reading.page.height)
        if page.drawn:
            lines = () if seen.own_text else placed_lines(seen, skewed=True)
            return ArchivePage(size, lines, kept=page.number - 1, turn=seen.turn)
        streams = page.streams()
        if profile == "faithful" and streams and faithful.sound(streams):
            return ArchivePage(size, placed_lines(seen, skewed=True), streams=streams, turn=seen.turn)
        return self._pictured(index)

    def _pictured(self, index: int) -> ArchivePage:
        """The page from layers; made now when looking at it did not need them."""
        seen, page = self.seen[index], self.source.pages[self.places[index]]
        made = seen.layers or relayered(page, index + 1, seen)
        lines = placed_lines(seen if seen.layers else replace(seen, layers=made), skewed=not seen.skew)
        return ArchivePage((seen.reading.page.width, seen.reading.page.height), lines, layers=made)
