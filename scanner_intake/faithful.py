"""The faithful profile's page: the scanner's own streams, untouched, placed where the original has them.

Owns the wrapping of a coded picture into a PDF image; it decodes nothing. Which streams a page has is the source's
knowledge.

Invariant: the bytes of a stream are exactly the scanner's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from scanner_intake.source_types import ImageStream, Placed

_SOUND = ("DCTDecode", "CCITTFaxDecode", "FlateDecode", "JBIG2Decode")
_SPACES = {"gray": "/DeviceGray", "bitonal": "/DeviceGray", "rgb": "/DeviceRGB"}


def sound(streams: Sequence[Placed] | None) -> bool:
    """Whether PDF/A-2b takes these streams as they are (no CMYK without its profile, no JPEG 2000 the validator does
    not know).
    """
    return bool(streams) and all(
        each.filter in _SOUND and each.colour in (*_SPACES, "indexed") for each, _ in streams or ()
    )


def paint(pdf: pikepdf.Pdf, streams: Sequence[Placed]) -> tuple[Dictionary, bytes]:
    """The resources and content of a page that shows `streams`."""
    pictures: dict[str, Any] = {}
    parts = []
    for number, (stream, matrix) in enumerate(streams, 1):
        pictures[f"/P{number}"] = pdf.make_indirect(_image(pdf, stream))
        parts.append(f"q {' '.join(f'{each:.4f}' for each in matrix)} cm /P{number} Do Q\n")
    return Dictionary(XObject=Dictionary(pictures)), "".join(parts).encode("ascii")


def _image(pdf: pikepdf.Pdf, stream: ImageStream) -> Stream:
    image = Stream(
        pdf,
        stream.data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=stream.width,
        Height=stream.height,
        BitsPerComponent=1 if stream.colour == "bitonal" else stream.bits,
        Filter=Name("/" + stream.filter),
        ColorSpace=_colour_space(stream),
    )
    parms: dict[str, Any] = {f"/{name}": value for name, value in stream.parms.items()}
    if stream.globals:
        parms["/JBIG2Globals"] = pdf.make_indirect(Stream(pdf, stream.globals))
    if parms:
        image.DecodeParms = Dictionary(parms)
    if stream.invert:
        top = (1 << stream.bits) - 1 if stream.colour == "indexed" else 1
        image.Decode = Array([top, 0] * (3 if stream.colour == "rgb" else 1))
    return image


def _colour_space(stream: ImageStream) -> Any:
    if stream.colour == "indexed":
        return Array([Name.Indexed, Name.DeviceRGB, len(stream.palette) // 3 - 1, pikepdf.String(stream.palette)])
    return Name(_SPACES[stream.colour])
