"""The papers of the demonstration and of load and fault tests: whole files, each with what must become of it.

The door of the generator: `Paper` and `fields` (what a paper says), `render` (its pages as scanned), the file
writers, the transparent pictures for digital signatures, `demo_papers` and `many_papers`. Deterministic: the same
arguments give the same bytes with the same versions of the imaging libraries. Everything is invented; no real
commune, person or seal appears.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from appliance.demo import demo_texts
from appliance.demo.layout import DoesNotFit, compose
from appliance.demo.scan_files import truncate, write_jpeg, write_pdf_scan, write_png, write_tiff
from appliance.demo.scan_noise import LEVELS, Mark, scan
from appliance.demo.stamps import inked, seal_png, signature_png
from appliance.demo.texts import Paper, fields, varied_paper

FORMS = ("pdf", "tiff", "jpeg", "png", "truncated-pdf")


def render(paper: Paper, dpi: int = 200, level: str = "A", seed: int = 0) -> list[Image.Image]:
    """The pages of a paper as RGB pictures of A4 at `dpi`, scanned at level "A" (good), "B" (typical) or "C" (bad).

    Raises layout.DoesNotFit when the text does not fill exactly `paper.pages` pages, fonts.FontMissing without a
    Vietnamese typeface, KeyError for an unknown level.
    """
    pages = []
    for number, sheet in enumerate(compose(paper, dpi)):
        rng = np.random.default_rng((seed, number, zlib.crc32(paper.key.encode())))
        marks = [_printed(mark, LEVELS[level].ink, rng) for mark in sheet.marks]
        pages.append(scan(sheet.toner(), marks, level, rng, dpi))
    return pages


def _printed(mark: Mark, evenness: float, rng: np.random.Generator) -> Mark:
    return replace(mark, mask=inked(mark.mask, rng, evenness))


@dataclass(frozen=True)
class DemoFile:
    """One file to drop: its scanner-made name, folder ("den" incoming, "di" outgoing), kind, paper and expected end.

    `expectation` is "receipt" (must reach the province), "suspected-secret" or "truncated" (must be held back).
    """

    name: str
    folder: str
    kind: str
    paper: Paper
    expectation: str
    form: str
    level: str = "A"
    dpi: int = 200
    seed: int = 0

    def write(self, path: Path) -> None:
        """Render the paper and write the file at `path` (a file, not a folder), in one go as a fast scanner would.

        Raises ValueError for an unknown form.
        """
        images = render(self.paper, self.dpi, self.level, self.seed)
        quality = LEVELS[self.level].quality
        if self.form == "pdf":
            write_pdf_scan(images, path, self.dpi, quality)
        elif self.form == "tiff":
            write_tiff(images, path, self.dpi, "jpeg", quality)
        elif self.form == "jpeg":
            write_jpeg(images[0], path, self.dpi, quality)
        elif self.form == "png":
            write_png(images[0], path, self.dpi)
        elif self.form == "truncated-pdf":
            write_pdf_scan(images, path, self.dpi, quality)
            truncate(path, path, 0.6)
        else:
            raise ValueError(self.form)


def demo_papers() -> list[DemoFile]:
    """The six files of the demonstration, in the order they are dropped."""
    return [
        DemoFile("SKM_C25826030914220.pdf", "den", "incoming-scan", demo_texts.DECISION, "receipt", "pdf", "B"),
        DemoFile("20260310081733.tif", "den", "incoming-scan", demo_texts.REPORT, "receipt", "tiff", "A"),
        DemoFile("IMG_20260312_0001.jpg", "den", "incoming-scan", demo_texts.LETTER, "receipt", "jpeg", "B"),
        DemoFile("TTr 15 sửa chữa Trạm Y tế.pdf", "di", "outgoing", demo_texts.PROPOSAL, "receipt", "pdf", "A"),
        DemoFile(
            "doc04182720260312101505.pdf", "den", "incoming-scan", demo_texts.SECRET, "suspected-secret", "pdf", "A"
        ),
        DemoFile(
            "CCF13032026_0004.pdf", "den", "incoming-scan", demo_texts.CUT_SHORT, "truncated", "truncated-pdf", "B"
        ),
    ]


def many_papers(n: int, seed: int = 0) -> Iterator[DemoFile]:
    """`n` distinct one-page papers that must all reach the province; PDF, TIFF, JPEG and PNG in turn, every fifth one
    outgoing (PDF).
    """
    for i in range(n):
        outgoing = i % 5 == 4
        form = "pdf" if outgoing else FORMS[i % 4]
        paper = varied_paper(i + 1, seed, outgoing)
        stamp = f"{paper.issued_date:%Y%m%d}{8 + i // 60 % 9:02d}{i % 60:02d}"
        name = {
            "pdf": f"VB {paper.code_number}-{paper.code_notation} dự thảo.pdf"
            if outgoing
            else f"doc{40000 + i:06d}{stamp}07.pdf",
            "tiff": f"{stamp}33_{i:04d}.TIF",
            "jpeg": f"IMG_{paper.issued_date:%Y%m%d}_{i:04d}.jpg",
            "png": f"Scan{i:04d}.png",
        }[form]
        yield DemoFile(name, "di" if outgoing else "den", paper.kind, paper, "receipt", form, "AB"[i % 2], 200, seed)


__all__ = [
    "DemoFile",
    "DoesNotFit",
    "Paper",
    "demo_papers",
    "fields",
    "many_papers",
    "render",
    "seal_png",
    "signature_png",
    "truncate",
    "write_jpeg",
    "write_pdf_scan",
    "write_png",
    "write_tiff",
]
