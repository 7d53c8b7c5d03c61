"""What a source is to those who read its pages: the shapes alone, no reading.

Owns the words between whoever opens an original (`source_pages` and below) and whoever looks at its pages or wraps
them into an archive copy. It opens nothing and decodes nothing.

Invariants: page numbers begin at 1; sizes are points of the displayed page; a picture is upright with square pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

Matrix = tuple[float, float, float, float, float, float]
Size = tuple[float, float]


class Refused(Exception):
    """The file cannot be digitized; `verdict` and `code` say how to tell it."""

    def __init__(self, code: str, verdict: str = "unreadable") -> None:
        super().__init__(code)
        self.code = code
        self.verdict = verdict


@dataclass(frozen=True)
class ImageStream:
    """One picture as a PDF keeps it: the bytes of `filter` (DCTDecode, CCITTFaxDecode, FlateDecode, JBIG2Decode or
    JPXDecode) with its decode parameters by their PDF names without the slash.

    `colour` is gray, rgb, cmyk, indexed (then `palette` holds RGB triples) or bitonal; `invert` asks for a /Decode
    array that turns the samples round. `globals` are the shared segments of a JBIG2 stream, `icc` the colour profile.
    """

    data: bytes
    filter: str
    parms: Mapping[str, Any]
    width: int
    height: int
    bits: int
    colour: str
    invert: bool = False
    palette: bytes = b""
    globals: bytes = b""
    icc: bytes = b""


Placed = tuple[ImageStream, Matrix]


class SourcePage(Protocol):
    """One page of an original.

    `number` from 1; `size_pt` as displayed; `dpi` the (x, y) resolution of the picture that is the page, (0, 0) when
    the page is drawn; `drawn` for born-digital, vector or mixed content; `own_text` when the file brings words for it.
    """

    @property
    def number(self) -> int: ...
    @property
    def size_pt(self) -> Size: ...
    @property
    def dpi(self) -> Size: ...
    @property
    def drawn(self) -> bool: ...
    @property
    def own_text(self) -> bool: ...

    def picture(self, most_dpi: float = 300.0) -> np.ndarray:
        """The page upright with square pixels, uint8: HxWx3 in BGR, or HxW when it has no colour.

        At most `most_dpi`, and less for a page that would not fit into memory. Raises: Refused.
        """
        ...

    def streams(self) -> list[Placed] | None:
        """The scanner's own streams, each with the matrix that places its unit square on the displayed page (points,
        origin bottom left); None when the page can only be kept as PDF content.
        """
        ...


@dataclass
class Source:
    """An opened original. `pages` is lazy: one picture at a time is in memory.

    `signed` means that the original's bytes must not be touched. `pdf` is the original as a plain PDF inside the work
    folder (for a signed one the original itself), made when it is first asked for.
    """

    media_type: str
    pages: Sequence[SourcePage]
    signed: bool = False
    warnings: list[str] = field(default_factory=list)
    make_pdf: Callable[[], Path] | None = None
    on_close: Callable[[], None] | None = None
    _pdf: Path | None = None

    @property
    def pdf(self) -> Path | None:
        """The PDF form of the original. Raises: Refused."""
        if self._pdf is None and self.make_pdf is not None:
            self._pdf = self.make_pdf()
        return self._pdf

    def close(self) -> None:
        """Gives back files and memory; the pages cannot be read afterwards."""
        closing, self.on_close = self.on_close, None
        if closing is not None:
            closing()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
