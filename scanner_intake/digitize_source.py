"""The original as one plain PDF, for those who want no pages: a thin form of `source_pages`.

Owns nothing but this form. Invariant: the same limits and refusals as `source_pages.open_source`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from scanner_intake import source_pages
from scanner_intake.digitized import Limits
from scanner_intake.source_types import Refused

__all__ = ["Refused", "Source", "open_source"]


@dataclass
class Source:
    """The original as a PDF; `signed` means its bytes must not be touched."""

    pdf: Path
    media_type: str
    pages: int
    signed: bool = False
    warnings: list[str] = field(default_factory=list)


def open_source(original: Path, work: Path, limits: Limits) -> Source:
    """The original as a PDF inside `work`. Raises: Refused with one of `source_pages.CODES`."""
    with source_pages.open_source(original, work, limits) as source:
        pdf = source.pdf
        if pdf is None:
            raise Refused("damaged")
        return Source(pdf, source.media_type, len(source.pages), source.signed, source.warnings)
