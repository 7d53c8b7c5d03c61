"""The searchable PDF/A-2b, put together page by page; pikepdf's validator is the gate.

Owns the assembly: layers or the scanner's own streams or the original's page content, the invisible words over it, the
identity of the file. Recognition has already happened, because the marking gate had to see the words first.

Invariants: nothing that is not approved as PDF/A-2b leaves this module; dates and identifiers depend on the
original's bytes only; pages have the original's size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, pdfa

from scanner_intake import faithful, text_layer
from scanner_intake.layers import Jpeg, Layers
from scanner_intake.source_types import Placed
from scanner_intake.text_layer import Matrix, PlacedLine

_DATES = re.compile(
    rb"<(xmp:CreateDate|xmp:ModifyDate|xmp:MetadataDate|xmpMM:DocumentID|xmpMM:InstanceID)>[^<]*</\1>\s*"
)


class NotPdfa(Exception):
    """No PDF/A-2b could be made; `code` says where it failed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class ArchivePage:
    """One page to be: exactly one of `layers`, `streams` and `kept` (the page's index in the source's PDF).

    `size` is as displayed after turning by `turn` (clockwise; layers are upright already). `lines` are the words to
    lay over it, empty when the page brings its own.
    """

    size: tuple[float, float]
    lines: tuple[PlacedLine, ...]
    layers: Layers | None = None
    streams: Sequence[Placed] | None = None
    kept: int | None = None
    turn: int = 0


def make_pdfa(pages: Sequence[ArchivePage], source: Path | None, target: Path, seed: bytes) -> None:
    """Writes `target`; `source` is the PDF whose pages are `kept`, `seed` identifies the original.

    Raises: NotPdfa (codes pdfa-failed, not-pdfa).
    """
    try:
        with ExitStack() as stack:
            pdf = stack.enter_context(pikepdf.new())
            original = None
            if source is not None and any(page.kept is not None for page in pages):
                original = stack.enter_context(pikepdf.open(source))
            used = text_layer.letters(line for page in pages for line in page.lines)
            font = text_layer.add_font(pdf, used) if any(page.lines for page in pages) else None
            for page in pages:
                _add(pdf, page, original, font)
            pdf.Root.Lang = pikepdf.String("vi")
            pdfa.prepare(pdf, "2b")
            _write(pdf, target, seed)
    except (NotPdfa, MemoryError, OSError):
        raise
    except Exception as error:  # pikepdf raises many types over a damaged original; all mean the same
        raise NotPdfa("pdfa-failed") from error


def _write(pdf: pikepdf.Pdf, target: Path, seed: bytes) -> None:
    """Takes run-dependent facts out (dates, ids), saves and asks the validator about the written file."""
    for name in ("/CreationDate", "/ModDate"):
        if name in pdf.docinfo:
            del pdf.docinfo[name]
    packet = pdf.Root.Metadata.read_bytes()
    pdf.Root.Metadata.write(_DATES.sub(b"", packet))
    identity = pikepdf.String(hashlib.sha256(seed).digest()[:16])
    pdf.trailer["/ID"] = Array([identity, identity])
    settings = pdfa.resolve_save_kwargs("2b", deterministic_id=True)
    pdf.save(target, **settings)
    if pdfa.validate_written(target, "2b", save_kwargs=settings).verdict != "pass":
        target.unlink()
        raise NotPdfa("not-pdfa")


def _add(pdf: pikepdf.Pdf, page: ArchivePage, original: pikepdf.Pdf | None, font: pikepdf.Object | None) -> None:
    if page.kept is not None and original is not None:
        pdf.pages.append(original.pages[page.kept])
        made = pdf.pages[-1]
        if page.turn:
            made.rotate(page.turn, relative=True)
    else:
        made = _painted(pdf, page)
    if not page.lines or font is None:
        return
    words = text_layer.content(page.lines, page.size[1], _place(made))
    if page.kept is not None:  # whatever state the original's content leaves must not move the words
        made.contents_add(b"q\n", prepend=True)
        words = b"\nQ\n" + words
    made.contents_add(words, prepend=False)
    if "/Resources" not in made.obj:
        made.obj.Resources = Dictionary()
    if "/Font" not in made.obj.Resources:
        made.obj.Resources.Font = Dictionary()
    made.obj.Resources.Font[text_layer.FONT] = font


def _painted(pdf: pikepdf.Pdf, page: ArchivePage) -> pikepdf.Page:
    turn = page.turn if page.layers is None else 0
    width, height = page.size if turn % 180 == 0 else page.size[::-1]
    if page.layers is not None:
        resources, content = _layered(pdf, page.layers, page.size)
    else:
        resources, content = faithful.paint(pdf, page.streams or ())
    made = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, _rounded(width), _rounded(height)]),
        Resources=resources,
        Contents=pdf.make_indirect(Stream(pdf, content)),
    )
    if turn:
        made.Rotate = turn
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(made)))
    return pdf.pages[-1]


def _rounded(value: float) -> float:
    return round(value, 3)


def _layered(pdf: pikepdf.Pdf, layers: Layers, size: tuple[float, float]) -> tuple[Dictionary, bytes]:
    """Background, stencil, patches, in this order."""
    width, height = size
    across, down = width / layers.size[0], height / layers.size[1]
    pictures = Dictionary()
    parts = []
    if layers.background is not None:
        pictures["/B"] = _jpeg(pdf, layers.background)
        parts.append(f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /B Do Q\n")
    if layers.stencil is not None:
        stencil = layers.stencil
        image = Stream(
            pdf,
            stencil.coded,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=stencil.width,
            Height=stencil.height,
            BitsPerComponent=1,
            ImageMask=True,
            Filter=Name("/" + stencil.filter),
        )
        if stencil.parms:
            image.DecodeParms = Dictionary({f"/{name}": value for name, value in stencil.parms.items()})
        pictures["/S"] = pdf.make_indirect(image)
        red, green, blue = layers.ink
        parts.append(f"q {red} {green} {blue} rg {width:.3f} 0 0 {height:.3f} 0 0 cm /S Do Q\n")
    for number, (patch, (x0, y0, x1, y1)) in enumerate(layers.patches, 1):
        pictures[f"/P{number}"] = _jpeg(pdf, patch)
        sides = ((x1 - x0) * across, (y1 - y0) * down, x0 * across, height - y1 * down)
        parts.append(f"q {sides[0]:.3f} 0 0 {sides[1]:.3f} {sides[2]:.3f} {sides[3]:.3f} cm /P{number} Do Q\n")
    return Dictionary(XObject=pictures), "".join(parts).encode("ascii")


def _jpeg(pdf: pikepdf.Pdf, picture: Jpeg) -> pikepdf.Object:
    image = Stream(
        pdf,
        picture.coded,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=picture.width,
        Height=picture.height,
        BitsPerComponent=8,
        ColorSpace=Name.DeviceGray if picture.gray else Name.DeviceRGB,
        Filter=Name.DCTDecode,
    )
    return pdf.make_indirect(image)


def _place(page: pikepdf.Page) -> Matrix:
    """From points of the displayed page (origin bottom left) to the page's own coordinates."""
    left, bottom, right, top = (float(each) for each in page.mediabox)
    rotation = int(page.obj.get("/Rotate", 0)) % 360
    if rotation == 90:
        return (0, 1, -1, 0, right, bottom)
    if rotation == 180:
        return (-1, 0, 0, -1, right, top)
    if rotation == 270:
        return (0, -1, 1, 0, left, top)
    return (1, 0, 0, 1, left, bottom)
