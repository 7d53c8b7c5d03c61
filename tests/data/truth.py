"""The test set: scanned Vietnamese papers with everything that is true about them.

The door of the generator: `test_set` yields papers lazily; each knows its fields, what a pen wrote, its printed lines
page by page, and renders or writes itself when asked. Decided by (n, seed, level, dpi) alone; everything is invented,
no real office, person or seal appears.

Levels are those of `tests.data.degradations`: "A", "B", "C", one of `NAMED_LEVELS`, or parts joined by "+"; "mixed"
goes through all named levels in turn.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from appliance.demo.scan_files import A4_POINTS, write_jpeg, write_pdf_scan, write_png
from appliance.demo.scan_noise import LEVELS, Mark, scan
from appliance.demo.stamps import inked
from tests.data.degradations import NAMED_LEVELS, Scan, degraded, parts
from tests.data.truth_layout import TruthSheet, attachments, composed
from tests.data.truth_texts import Script, script
from tests.data.truth_variety import varied

_BACK_COVER = 0.09  # what of a front's print shows on its blank back


@dataclass(frozen=True)
class TruthPage:
    """One page in scanning order: its printed lines top to bottom (none on a blank back) and its picture."""

    number: int
    lines: tuple[str, ...]
    blank: bool
    scan: Scan

    def image(self) -> Image.Image:
        """The page as Pillow has it: RGB, L or (bitonal) 1."""
        picture = Image.fromarray(self.scan.pixels)
        return picture.convert("1", dither=Image.Dither.NONE) if self.scan.bitonal else picture


@dataclass(frozen=True)
class TruthPaper:
    """One paper; `fields` has every field of the product, None where nothing is to be scored (joint signers).

    `handwritten` names the fields that a pen wrote, wholly or in part: they may be guessed, never certain.
    """

    script: Script
    level: str
    dpi: int
    seed: int

    @property
    def key(self) -> str:
        """A name for files and reports."""
        return f"{self.script.key}-{self.level}-{self.dpi}"

    @property
    def secret(self) -> bool:
        """Whether it must be held."""
        return bool(self.script.secrecy)

    @property
    def handwritten(self) -> frozenset[str]:
        """Fields a pen wrote."""
        names = {"number": ("code", "code_number"), "day": ("issued_date",)}
        return frozenset(name for part in self.script.by_hand for name in names[part])

    @cached_property
    def fields(self) -> dict[str, str | None]:
        """What each field must say; "" where the paper has none; urgency and secrecy as the product's codes."""
        said, signer = self.script, self.script.signers[-1]
        one = len(said.signers) == 1
        subject = said.subject if said.kind.type_name else f"{said.look.subject_mark}{said.subject}"
        arrived = said.arrival
        return {
            "code": said.code,
            "code_number": "" if said.draft else said.number,
            "code_notation": said.notation,
            "issued_date": "" if said.draft else said.issued.isoformat(),
            "place": said.place,
            "issuer": " - ".join(said.issuers),
            "parent_issuer": said.parent,
            "type_name": said.kind.type_name or "Công văn",
            "subject": subject,
            "urgency": said.urgency,
            "secrecy": said.secrecy,
            "recipients": "\n".join(said.recipients),
            "signer_authority": (signer.position if signer.position.startswith("Q. ") else signer.authority)
            if one
            else None,
            "signer_position": signer.position if one else None,
            "signer_name": signer.name if one else None,
            "arrival_stamp": f"{arrived[0]}\n{arrived[1]}\n{arrived[2]}" if arrived else "",
            "attachments": attachments(said),
        }

    def pages(self) -> Iterator[TruthPage]:
        """The pages, one picture in memory at a time; a blank back follows page 1 where the script has one."""
        number = 0
        for place, sheet in enumerate(composed(self.script, self.dpi)):
            number += 1
            yield TruthPage(number, tuple(sheet.lines), False, self._scanned(sheet, place))
            if place == 0 and self.script.back:
                number += 1
                yield TruthPage(number, (), True, self._back(sheet))

    def _scanned(self, sheet: TruthSheet, place: int) -> Scan:
        base, names = parts(self.level)
        rng = np.random.default_rng((self.seed, place, zlib.crc32(self.script.key.encode())))
        marks = [replace(mark, mask=inked(mark.mask, rng, LEVELS[base].ink)) for mark in sheet.marks]
        pixels = np.asarray(scan(sheet.toner(), marks, base, rng, self.dpi))
        return degraded(Scan(pixels, (float(self.dpi), float(self.dpi))), names, rng)

    def _back(self, front: TruthSheet) -> Scan:
        """The empty back of a sheet: reversed print, seal and pens of the front, very pale."""
        base, names = parts(self.level)
        rng = np.random.default_rng((self.seed, 99, zlib.crc32(self.script.key.encode())))
        reverse = cv2.GaussianBlur(np.ascontiguousarray(front.toner()[:, ::-1]), (0, 0), self.dpi / 110)
        pale = np.clip(reverse.astype(np.float32) * _BACK_COVER, 0, 255).astype(np.uint8)
        marks = [
            Mark(210 - m.x_mm, m.y_mm, (m.mask[:, ::-1] * (_BACK_COVER * 1.4)).astype(np.uint8), m.colour)
            for m in front.marks
        ]
        pixels = np.asarray(scan(pale, marks, base, rng, self.dpi))
        return degraded(Scan(pixels, (float(self.dpi), float(self.dpi))), names, rng)

    def write(self, folder: Path, form: str = "") -> Path:
        """Writes the paper into `folder` as a scanner would and returns the file's path.

        `form` is "pdf", "tiff", "jpeg" (first page), "png" (first page) or "" for what the level suggests: TIFF G4 for
        bitonal pages, PDF of JPEGs for all others. Raises ValueError for another form.
        """
        pages = list(self.pages())
        bitonal = pages[0].scan.bitonal
        form = form or ("tiff" if bitonal else "pdf")
        if form not in ("pdf", "tiff", "jpeg", "png"):
            raise ValueError(form)
        path = folder / f"{self.key}.{ {'tiff': 'tif', 'jpeg': 'jpg'}.get(form, form) }"
        quality = LEVELS[parts(self.level)[0]].quality
        images = [page.image() for page in pages]
        if form == "tiff":
            path.write_bytes(_tiff(images, pages[0].scan, quality))
        elif form == "pdf":
            flat = [each.convert("L") if each.mode == "1" else each for each in images]
            sideways = flat[0].width > flat[0].height and not bitonal
            write_pdf_scan(flat, path, self.dpi, quality, A4_POINTS[::-1] if sideways else A4_POINTS)
        elif form == "jpeg":
            write_jpeg(images[0].convert("L") if bitonal else images[0], path, self.dpi, quality)
        else:
            write_png(images[0].convert("L") if bitonal else images[0], path, self.dpi)
        return path


def _tiff(images: list[Image.Image], first: Scan, quality: int) -> bytes:
    out = io.BytesIO()
    extra = {"compression": "group4"} if first.bitonal else {"compression": "jpeg", "quality": quality}
    images[0].save(out, "TIFF", save_all=True, append_images=images[1:], dpi=first.dpi, **extra)
    return out.getvalue()


def test_set(
    n: int, seed: int = 0, level: str = "mixed", dpi: int = 200, *, secrets: bool = True
) -> Iterator[TruthPaper]:
    """`n` papers: all kinds in turn, one in seven secret (none when `secrets` is off).

    Raises KeyError for an unknown level.
    """
    names = tuple(NAMED_LEVELS) if level == "mixed" else (level,)
    for name in names:
        parts(name)
    for number in range(n):
        # Levels and kinds go at different pace, so that in time each kind meets each level.
        yield TruthPaper(script(number, seed, secrets=secrets), names[(number + number // 20) % len(names)], dpi, seed)


def varied_set(n: int, seed: int = 0, level: str = "B", dpi: int = 200) -> Iterator[TruthPaper]:
    """`n` papers of other offices, kinds and habits than `test_set` draws (`truth_variety`), none of them secret."""
    for number in range(n):
        yield TruthPaper(varied(number, seed), level, dpi, seed)
