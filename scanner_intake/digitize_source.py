"""From the scanner's file to one PDF in the work folder: type by content, limits before decoding, true page size.

Owns the reading of hostile originals inside the limited child: what the file is, whether it is encrypted, signed or
too large, and how an image becomes a PDF page (img2pdf keeps the scanner's JPEG and CCITT bytes). It never changes
the original.

Invariants: no pixel is decoded before its count was checked; a page has the physical size the scanner stated, or A4
with a warning.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import img2pdf  # type: ignore[import-untyped]
import numpy as np
import pikepdf
from PIL import Image, ImageOps, UnidentifiedImageError

from scanner_intake.container import inspect
from scanner_intake.digitized import Limits

_A4 = (595.276, 841.89)
_A4_RATIO = _A4[1] / _A4[0]
_LARGEST_SIDE = 3400.0  # points: longer than A0; a page beyond it has a wrong resolution tag


class Refused(Exception):
    """The file cannot be digitized; `verdict` and `code` say how to tell it."""

    def __init__(self, code: str, verdict: str = "unreadable") -> None:
        super().__init__(code)
        self.code = code
        self.verdict = verdict


@dataclass
class Source:
    """The original as a PDF; `signed` means its bytes must not be touched."""

    pdf: Path
    media_type: str
    pages: int
    signed: bool = False
    warnings: list[str] = field(default_factory=list)


def open_source(original: Path, work: Path, limits: Limits) -> Source:
    """The original as a PDF inside `work`.

    Raises: Refused with codes too-large, unsupported-type, truncated, damaged, empty, too-many-pages,
    too-many-pixels, needs-password.
    """
    if original.stat().st_size > limits.source_bytes:
        raise Refused("too-large")
    found = inspect(original)
    if not found.whole:
        # A file cut off could be repaired into blank pages: an archive copy that silently lacks its end.
        raise Refused(found.code)
    kind = found.media_type
    if kind == "application/pdf":
        return _from_pdf(original, work, limits)
    return _from_image(original, kind, work, limits)


def _from_pdf(original: Path, work: Path, limits: Limits) -> Source:
    plain = work / "plain.pdf"
    warnings = []
    try:
        with pikepdf.open(original) as pdf:
            signed = is_signed(pdf)
            count = len(pdf.pages)
            if count == 0:
                raise Refused("empty")
            if count > limits.pages:
                raise Refused("too-many-pages")
            _check_pictures(pdf, limits)
            if signed:
                return Source(original, "application/pdf", count, signed=True)
            if pdf.is_encrypted:
                warnings.append("encryption-removed")
            warnings.extend(_without_actions(pdf))
            _crop_to_shown(pdf)
            pdf.save(plain, static_id=True)
    except pikepdf.PasswordError as error:
        raise Refused("needs-password", "needs-password") from error
    except Refused:
        raise
    except MemoryError:
        raise
    except (
        Exception
    ) as error:  # a damaged PDF raises many types (pikepdf, ValueError, RecursionError); all mean the same
        raise Refused("damaged") from error
    return Source(plain, "application/pdf", count, warnings=warnings)


def is_signed(pdf: pikepdf.Pdf) -> bool:
    """Whether any digital signature is in the file: /Sig with /ByteRange, /Perms or /DSS (digitizing rules 4)."""
    if "/Perms" in pdf.Root or "/DSS" in pdf.Root:
        return True
    for each in pdf.objects:
        if isinstance(each, pikepdf.Dictionary) and "/ByteRange" in each and "/Contents" in each:
            return True
    return False


def _check_pictures(pdf: pikepdf.Pdf, limits: Limits) -> None:
    for each in pdf.objects:
        if isinstance(each, pikepdf.Stream) and each.get("/Subtype") == "/Image":
            width, height = int(each.get("/Width", 0)), int(each.get("/Height", 0))
            if width * height > limits.pixels:
                raise Refused("too-many-pixels")


def _without_actions(pdf: pikepdf.Pdf) -> set[str]:
    """Drops what PDF/A forbids and a record does not need; form fields and comments become part of the page.

    Returns the warnings: active-content-removed (scripts, launch actions), attachments-removed, comments-merged.
    """
    warnings = set()
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        for name, warning in (("/JavaScript", "active-content-removed"), ("/EmbeddedFiles", "attachments-removed")):
            if name in names:
                del names[name]
                warnings.add(warning)
    for name in ("/OpenAction", "/AA", "/ViewerPreferences", "/Collection", "/Requirements"):
        if name in pdf.Root:
            if name == "/AA":
                warnings.add("active-content-removed")
            del pdf.Root[name]
    if any(not _is_link(each) for page in pdf.pages for each in page.get("/Annots", [])):
        pdf.generate_appearance_streams()
        pdf.flatten_annotations("all")
        warnings.add("comments-merged")
    for page in pdf.pages:
        for name in ("/AA", "/Annots"):  # links go with the rest: their targets are outside the record
            if name in page:
                del page[name]
    if "/AcroForm" in pdf.Root:
        del pdf.Root["/AcroForm"]
    return warnings


def _is_link(annotation: object) -> bool:
    return isinstance(annotation, pikepdf.Dictionary) and annotation.get("/Subtype") == "/Link"


def _crop_to_shown(pdf: pikepdf.Pdf) -> None:
    """Pages end where they are shown to end: the text layer and the reader then agree on one origin."""
    for page in pdf.pages:
        shown = [float(each) for each in page.cropbox]
        media = [float(each) for each in page.mediabox]
        inside = [max(shown[0], media[0]), max(shown[1], media[1]), min(shown[2], media[2]), min(shown[3], media[3])]
        if inside != media and inside[2] - inside[0] > 3 and inside[3] - inside[1] > 3:
            page.mediabox = inside
        for name in ("/CropBox", "/TrimBox", "/BleedBox", "/ArtBox"):
            if name in page:
                del page[name]


def _from_image(original: Path, kind: str, work: Path, limits: Limits) -> Source:
    Image.MAX_IMAGE_PIXELS = limits.pixels  # Pillow warns at this and raises at twice it; the exact check is below
    warnings: list[str] = []
    target = work / "plain.pdf"
    try:
        pictures = list(_frames(original, kind, limits, warnings))
        if not pictures:
            raise Refused("empty")
        layout = _Layout(warnings)
        with target.open("wb") as out:
            img2pdf.convert(
                pictures,
                layout_fun=layout,
                rotation=img2pdf.Rotation.ifvalid,
                outputstream=out,
                engine=img2pdf.Engine.pikepdf,
            )
    except Image.DecompressionBombError as error:
        raise Refused("too-many-pixels") from error
    except (Refused, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise Refused("unsupported-image") from error
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError) as error:
        raise Refused("damaged") from error
    except Exception as error:  # img2pdf raises its own types without a common base
        raise Refused("damaged") from error
    return Source(target, kind, len(pictures), warnings=sorted(set(warnings)))


def _frames(original: Path, kind: str, limits: Limits, warnings: list[str]) -> Iterator[bytes]:
    """Each page as the bytes of an image that img2pdf takes as it is, or re-coded when its mode has no place in
    PDF/A.
    """
    with Image.open(original) as image:
        count = getattr(image, "n_frames", 1) if kind == "image/tiff" else 1
        if count > limits.pages:
            raise Refused("too-many-pages")
        if count == 1 and kind != "image/tiff":
            _check_size(image, limits)
            if _plain(image, kind):
                image.load()  # a cut file must fail here, not become a half-gray page
                yield original.read_bytes()
                return
        for index in range(count):
            image.seek(index)
            _check_size(image, limits)
            yield _recoded(image, warnings)


def _check_size(image: Image.Image, limits: Limits) -> None:
    if image.width * image.height > limits.pixels:
        raise Refused("too-many-pixels")


def _plain(image: Image.Image, kind: str) -> bool:
    if kind == "image/jpeg":
        return image.mode in ("L", "RGB")
    return image.mode in ("1", "L", "RGB", "P") and "transparency" not in image.info and image.info.get("gamma") is None


def _recoded(image: Image.Image, warnings: list[str]) -> bytes:
    """One frame as bitonal TIFF (CCITT G4), or PNG in gray or RGB; transparency becomes white, 16 bits become 8."""
    dpi = _stated_dpi(image)
    frame = ImageOps.exif_transpose(image)
    if frame.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in frame.info:
        frame = frame.convert("RGBA")
        ground = Image.new("RGBA", frame.size, "white")
        frame = Image.alpha_composite(ground, frame).convert("RGB")
    if frame.mode.startswith("I;16") or frame.mode in ("I", "F"):
        frame = _eight_bits(frame)
    if frame.mode not in ("1", "L", "RGB"):
        frame = frame.convert("RGB")
    out = io.BytesIO()
    tag = {"dpi": dpi} if dpi else {}
    if frame.mode == "1":
        frame.save(out, "TIFF", compression="group4", **tag)
    elif image.format == "TIFF" and image.info.get("compression") in ("jpeg", "tiff_jpeg"):
        frame.save(out, "JPEG", quality=92, subsampling=0, **tag)
    else:
        frame.save(out, "PNG", compress_level=4, **tag)
    return out.getvalue()


def _eight_bits(frame: Image.Image) -> Image.Image:
    """Gray of more than 8 bits: 16-bit pictures keep their scale, others are spread over what they contain."""
    values = np.asarray(frame).astype(np.float64)
    low, high = (
        (0.0, 65535.0) if frame.mode.startswith("I;16") else (float(np.nanmin(values)), float(np.nanmax(values)))
    )
    scaled = np.nan_to_num((values - low) * (255.0 / max(high - low, 1e-9)))
    return Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))


def _stated_dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi: Any = image.info.get("dpi")
    try:
        x, y = float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (x, y) if 40 <= x <= 4800 and 40 <= y <= 4800 else None


class _Layout:
    """img2pdf's layout function: page size from the stated resolution, else A4 (the usual paper) with a warning."""

    def __init__(self, warnings: list[str]) -> None:
        self._warnings = warnings

    def __call__(self, width: int, height: int, dpi: tuple[float, float]) -> tuple[float, float, float, float]:
        x, y = dpi
        size = (width * 72 / x, height * 72 / y) if x > 0 and y > 0 else (0.0, 0.0)
        # 72 and 96 are what programs write when they do not know; a page wider than A3 at that resolution is a photo
        # of A4.
        guessed = (round(x), round(y)) in ((72, 72), (96, 96), (1, 1)) and max(size) > 1.25 * _A4[1]
        if guessed or not 40 <= x <= 4800 or max(size) > _LARGEST_SIDE:
            self._warnings.append("resolution-assumed")
            size = _fitted(width, height)
        return (size[0], size[1], size[0], size[1])


def _fitted(width: int, height: int) -> tuple[float, float]:
    """A4 when the proportions are A4's within 4 %, else the largest page of these proportions inside A4."""
    short, long = _A4
    landscape = width > height
    ratio = max(width, height) / max(1, min(width, height))
    if abs(ratio / _A4_RATIO - 1) < 0.04:
        size = (short, long)
    elif ratio > _A4_RATIO:
        size = (long / ratio, long)
    else:
        size = (short, short * ratio)
    size = (max(size[0], 3.0), max(size[1], 3.0))
    return (size[1], size[0]) if landscape else size
