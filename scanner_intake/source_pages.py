"""Opening any original as pages: type by content, limits before decoding, one picture in memory at a time.

Owns the one door to hostile originals inside the limited child. It never changes the original, and whatever a file
does ends in a `Source` or in `Refused`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from scanner_intake.container import HEIC, PDF, TIFF, inspect
from scanner_intake.digitized import Limits
from scanner_intake.source_image import guarded, open_image
from scanner_intake.source_pdf import open_pdf
from scanner_intake.source_tiff import open_tiff
from scanner_intake.source_types import ImageStream, Placed, Refused, Source, SourcePage
from scanner_intake.source_wrap import wrap, xobject

__all__ = ["CODES", "HEIC", "ImageStream", "Placed", "Refused", "Source", "SourcePage", "open_source", "xobject"]

CODES = frozenset(
    (
        "unreadable", "empty", "truncated", "damaged", "unsupported-type", "unsupported-image", "too-large",
        "too-many-pages", "too-many-pixels", "unpacks-too-large", "needs-password", "portfolio", "xfa-form",
    )
)  # fmt: skip
"""Every code that `Refused` can carry."""


def open_source(original: Path, work: Path, limits: Limits, passwords: Sequence[str] = ()) -> Source:
    """The pages of `original`; files that have to be made are made inside `work`.

    Raises: Refused with one of `CODES`.
    """
    if original.stat().st_size > limits.source_bytes:
        raise Refused("too-large")
    found = inspect(original)
    if not found.whole:
        # A file cut off could be repaired into blank pages: an archive copy that silently lacks its end.
        raise Refused(found.code)
    if found.media_type == PDF:
        return open_pdf(original, work, limits, passwords)
    source = guarded(
        partial(open_tiff, original, limits)
        if found.media_type == TIFF
        else partial(open_image, original, found.media_type, limits)
    )
    source.make_pdf = lambda: guarded(lambda: wrap(source.pages, work / "plain.pdf"))
    return source
