"""The searchable PDF/A-2b: OCRmyPDF as the maker, the recognised words handed to it, pikepdf's validator as the gate.

Owns the only use of OCRmyPDF. Recognition has already happened (the marking gate had to see the words first), so
OCRmyPDF gets an engine that returns them; it renders nothing and runs no second recognition. Pages keep their size
and their original picture.

Invariants: nothing that is not approved as PDF/A-2b leaves this module; dates and identifiers depend on the
original's bytes only.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import img2pdf  # type: ignore[import-untyped]
import numpy as np
import ocrmypdf
import pikepdf
from pikepdf import pdfa
from PIL import Image

from scanner_intake import digitize_words
from scanner_intake.digitize_ocr import Reading

_FLAT_QUALITY = 85
_LAYER = re.compile(rb"/OCR-[A-Za-z0-9_-]{16,40}")
_DATES = re.compile(
    rb"<(xmp:CreateDate|xmp:ModifyDate|xmp:MetadataDate|xmpMM:DocumentID|xmpMM:InstanceID)>[^<]*</\1>\s*"
)


class NotPdfa(Exception):
    """No PDF/A-2b could be made; `code` says where it failed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def make_pdfa(
    plain: Path,
    target: Path,
    readings: Sequence[Reading | None],
    sizes: Sequence[tuple[float, float]],
    seed: bytes,
) -> None:
    """Writes `target`; `readings[i]` is the text layer of page i+1, None where the page keeps its own text.

    Raises: NotPdfa (codes pdfa-failed, not-pdfa).
    """
    logging.getLogger("ocrmypdf").setLevel(logging.CRITICAL)
    digitize_words.know(readings, sizes)
    made = target.with_name("made.pdf")
    try:
        ocrmypdf.ocr(
            plain,
            made,
            language=["vie"],
            output_type="pdfa-2",
            pdfa_backend="internal",
            mode="redo",
            optimize=0,
            jobs=1,
            use_threads=True,
            progress_bar=False,
            fast_web_view=999999,
            plugins=["scanner_intake.digitize_words"],
        )
    except MemoryError:
        raise
    except Exception as error:  # OCRmyPDF's own errors and those of the libraries under it
        raise NotPdfa("pdfa-failed") from error
    _settle_identity(made, target, seed)
    made.unlink()


def flatten_pages(pictures: Iterable[tuple[np.ndarray, float, float]], target: Path) -> None:
    """A PDF of page pictures (RGB, width and height in points): the way out for PDFs that cannot become PDF/A as they
    are.
    """
    encoded = []
    sizes = []
    for rgb, width, height in pictures:
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, "JPEG", quality=_FLAT_QUALITY)
        encoded.append(out.getvalue())
        sizes.append((width, height))
    places = iter(sizes)

    def layout(_width: int, _height: int, _dpi: tuple[float, float]) -> tuple[float, float, float, float]:
        width, height = next(places)
        return (width, height, width, height)

    with target.open("wb") as file:
        img2pdf.convert(encoded, layout_fun=layout, outputstream=file, engine=img2pdf.Engine.pikepdf)


def _settle_identity(made: Path, target: Path, seed: bytes) -> None:
    """Takes run-dependent facts out (dates, ids, chance names), saves and asks the validator about the written file."""
    with pikepdf.open(made) as pdf:
        for name in ("/CreationDate", "/ModDate"):
            if name in pdf.docinfo:
                del pdf.docinfo[name]
        packet = pdf.Root.Metadata.read_bytes()
        pdf.Root.Metadata.write(_DATES.sub(b"", packet))
        for page in pdf.pages:
            _name_text_layers(page)
        identity = pikepdf.String(hashlib.sha256(seed).digest()[:16])
        pdf.trailer["/ID"] = pikepdf.Array([identity, identity])
        settings = pdfa.resolve_save_kwargs("2b", deterministic_id=True)
        pdf.save(target, **settings)
    if pdfa.validate_written(target, "2b", save_kwargs=settings).verdict != "pass":
        target.unlink()
        raise NotPdfa("not-pdfa")


def _name_text_layers(page: pikepdf.Page) -> None:
    """OCRmyPDF names a text layer by chance ("/OCR-x7…"); here it gets the same name in every run."""
    pictures = page.get("/Resources", {}).get("/XObject", {})
    chance = [name for name in list(pictures) if _LAYER.fullmatch(name.encode())]
    if not chance:
        return
    contents = page.Contents
    streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    for number, name in enumerate(chance, 1):
        fixed = f"/OCR-{number}"
        for stream in streams:
            content = stream.read_bytes()
            if name.encode() in content:
                stream.write(content.replace(name.encode(), fixed.encode()))
        layer = pictures[name]
        del pictures[name]
        pictures[fixed] = layer
