"""Pictures as a plain PDF: each stream placed where its page says, nothing decoded.

Owns the working PDF of image files. It is no archive copy: no text layer, no metadata, no colour profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pikepdf

from scanner_intake.source_samples import flate_stream
from scanner_intake.source_types import ImageStream, Placed, SourcePage

_SPACES = {"gray": "/DeviceGray", "bitonal": "/DeviceGray", "rgb": "/DeviceRGB", "cmyk": "/DeviceCMYK"}


def wrap(pages: Sequence[SourcePage], target: Path) -> Path:
    """Writes `target` with one page for each of `pages`; pictures for printing (CMYK) become RGB, which PDF/A needs.

    Raises: Refused.
    """
    pdf = pikepdf.new()
    for page in pages:
        placed = page.streams() or []
        if any(stream.colour == "cmyk" for stream, _ in placed):
            width, height = page.size_pt
            placed = [(flate_stream(page.picture(float("inf"))), (width, 0.0, 0.0, height, 0.0, 0.0))]
        _add(pdf, page, placed)
    pdf.save(target, static_id=True)
    pdf.close()
    return target


def _add(pdf: pikepdf.Pdf, page: SourcePage, placed: list[Placed]) -> None:
    made = pdf.add_blank_page(page_size=page.size_pt)
    pictures = pikepdf.Dictionary()
    content = []
    for number, (stream, matrix) in enumerate(placed):
        pictures[f"/Im{number}"] = xobject(pdf, stream)
        numbers = " ".join(f"{each:.6f}".rstrip("0").rstrip(".") for each in matrix)
        content.append(f"q {numbers} cm /Im{number} Do Q")
    made.obj["/Resources"] = pikepdf.Dictionary(XObject=pictures)
    made.obj["/Contents"] = pdf.make_stream("\n".join(content).encode())


def xobject(pdf: pikepdf.Pdf, stream: ImageStream) -> Any:
    """The image XObject of a stream (PDF 32000-1, 8.9.5)."""
    made = pdf.make_stream(b"")
    made.write(stream.data, filter=pikepdf.Name("/" + stream.filter), decode_parms=_parms(pdf, stream))
    made["/Type"], made["/Subtype"] = pikepdf.Name.XObject, pikepdf.Name.Image
    made["/Width"], made["/Height"], made["/BitsPerComponent"] = stream.width, stream.height, stream.bits
    made["/ColorSpace"] = _space(pdf, stream)
    if stream.invert:
        made["/Decode"] = pikepdf.Array([1, 0] * {"cmyk": 4, "rgb": 3}.get(stream.colour, 1))
    return made


def _parms(pdf: pikepdf.Pdf, stream: ImageStream) -> Any:
    parms = pikepdf.Dictionary({f"/{key}": value for key, value in stream.parms.items()})
    if stream.globals:
        parms["/JBIG2Globals"] = pdf.make_stream(stream.globals)
    return parms if len(parms.keys()) else None


def _space(pdf: pikepdf.Pdf, stream: ImageStream) -> Any:
    if stream.colour == "indexed":
        palette = pikepdf.String(stream.palette)
        last = max(0, len(stream.palette) // 3 - 1)
        return pikepdf.Array([pikepdf.Name.Indexed, pikepdf.Name.DeviceRGB, min(last, (1 << stream.bits) - 1), palette])
    if stream.icc:
        count = {"cmyk": 4, "rgb": 3}.get(stream.colour, 1)
        profile = pdf.make_stream(stream.icc)
        profile["/N"] = count
        return pikepdf.Array([pikepdf.Name.ICCBased, profile])
    return pikepdf.Name(_SPACES[stream.colour])
