"""Opening a PDF as a source: passwords, mending, refusals and the plain working copy.

Owns what a PDF may be before any of its pages is looked at. It never changes the original; a signed one is not even
copied.

Invariants: a file that lacks a part is never mended into blank pages; no stream is unpacked beyond `_MOST_UNPACKED`
before its size is known; scripts and attachments are not in the working copy.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pikepdf

from scanner_intake.digitized import Limits
from scanner_intake.source_pdf_clean import clean
from scanner_intake.source_pdf_page import Drawing, PdfPages
from scanner_intake.source_types import Refused, Source

PDF = "application/pdf"
_MOST_UNPACKED = 128 << 20  # bytes of one stream that is no picture
_MOST_FIELDS = 20_000
_SMALL = _MOST_UNPACKED // 1032  # Deflate cannot grow more than 1032 times


def open_pdf(original: Path, work: Path, limits: Limits, passwords: Sequence[str]) -> Source:
    """The pages of a PDF that was found whole.

    Raises: Refused with needs-password, damaged, empty, too-many-pages, too-many-pixels, unpacks-too-large,
    portfolio, xfa-form.
    """
    pdf, password = _unlocked(original, passwords)
    try:
        return _opened(pdf, original, work, limits, password)
    except Refused:
        pdf.close()
        raise
    except MemoryError:
        pdf.close()
        raise
    except Exception as error:  # a damaged PDF raises many types (pikepdf, ValueError, RecursionError): all mean that
        pdf.close()
        raise Refused("damaged") from error


def _unlocked(original: Path, passwords: Sequence[str]) -> tuple[pikepdf.Pdf, str]:
    """Files that only forbid printing and such open with the empty password; then those given are tried."""
    for password in ("", *passwords):
        try:
            return pikepdf.open(original, password=password, suppress_warnings=True), password
        except pikepdf.PasswordError:
            continue
        except MemoryError:
            raise
        except Exception as error:  # see above
            raise Refused("damaged") from error
    raise Refused("needs-password", "needs-password")


def _opened(pdf: pikepdf.Pdf, original: Path, work: Path, limits: Limits, password: str) -> Source:
    count = len(pdf.pages)
    if count > limits.pages:
        raise Refused("too-many-pages")
    _check_streams(pdf, limits)
    mended = bool(pdf.get_warnings())
    _check_kind(pdf, count)
    if mended:
        check_whole_pages(pdf)
    if is_signed(pdf):
        drawing = Drawing(original, password)
        return _source(pdf, drawing, lambda: original, True, [])
    warnings = {"mended"} if mended else set()
    if pdf.is_encrypted:
        warnings.add("encryption-removed")
    warnings |= clean(pdf)
    plain = work / "plain.pdf"
    pdf.save(plain, static_id=True)
    pdf.close()
    settled = pikepdf.open(plain, suppress_warnings=True)
    return _source(settled, Drawing(plain), lambda: plain, False, sorted(warnings))


def _source(pdf: pikepdf.Pdf, drawing: Drawing, path: Any, signed: bool, warnings: list[str]) -> Source:
    def close() -> None:
        drawing.close()
        pdf.close()

    return Source(PDF, PdfPages(pdf, drawing), signed, warnings, path, close)


def _check_kind(pdf: pikepdf.Pdf, count: int) -> None:
    """Refuses containers whose content is not on pages: portfolios, and forms that only one program can show."""
    names = pdf.Root.get("/Names")
    files = isinstance(names, pikepdf.Dictionary) and "/EmbeddedFiles" in names
    if count == 0:
        raise Refused("portfolio" if files else "empty")
    if files and ("/Collection" in pdf.Root or _shows_nothing(pdf)):
        raise Refused("portfolio")
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and "/XFA" in form:
        fields = form.get("/Fields")
        if pdf.Root.get("/NeedsRendering", False) or not isinstance(fields, pikepdf.Array) or len(fields) == 0:
            raise Refused("xfa-form")


def _shows_nothing(pdf: pikepdf.Pdf) -> bool:
    """Whether no page has anything on it, so that the embedded files are the whole content."""
    return all(not _contents(page) and not page.obj.get("/Annots") for page in pdf.pages)


def _contents(page: pikepdf.Page) -> list[Any]:
    contents = page.obj.get("/Contents")
    streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    return [each for each in streams if isinstance(each, pikepdf.Stream) and each.read_bytes().strip()]


def is_signed(pdf: pikepdf.Pdf) -> bool:
    """Whether any digital signature is in the file: /Sig with /ByteRange, /Perms or /DSS (digitizing rules 4).

    A signature whose parts were taken away or falsified counts as well: its picture must not get into an archive copy
    that looks as if nothing had ever been signed.
    """
    if "/Perms" in pdf.Root or "/DSS" in pdf.Root or _signed_field(pdf):
        return True
    return any(isinstance(each, pikepdf.Dictionary) and _is_signature(each) for each in pdf.objects)


def _is_signature(each: pikepdf.Dictionary) -> bool:
    if "/ByteRange" in each and "/Contents" in each:
        return True
    if each.get("/FT") == "/Sig" and isinstance(each.get("/V"), pikepdf.Dictionary):
        return True
    return each.get("/Type") == "/Sig" and ("/Filter" in each or "/SubFilter" in each)


def _signed_field(pdf: pikepdf.Pdf) -> bool:
    """Fields that lie inside the form itself are no objects of their own and have to be looked for there."""
    form = pdf.Root.get("/AcroForm")
    waiting = list(form.get("/Fields", [])) if isinstance(form, pikepdf.Dictionary) else []
    for _ in range(_MOST_FIELDS):
        if not waiting:
            return False
        each = waiting.pop()
        if isinstance(each, pikepdf.Dictionary):
            if _is_signature(each):
                return True
            kids = each.get("/Kids")
            waiting.extend(kids if isinstance(kids, pikepdf.Array) else [])
    return False


def check_whole_pages(pdf: pikepdf.Pdf) -> None:
    """After mending: every page still has what it names. A blank page must never stand for a lost one.

    Raises: Refused (damaged).
    """
    try:
        stated = int(pdf.Root["/Pages"].get("/Count", len(pdf.pages)))
        if stated > len(pdf.pages):
            raise Refused("damaged")
        for page in pdf.pages:
            _check_page(page)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused("damaged") from error


def _check_page(page: pikepdf.Page) -> None:
    contents = page.obj.get("/Contents")
    if "/Contents" in page.obj or contents is not None:
        for each in list(contents) if isinstance(contents, pikepdf.Array) else [contents]:
            if not isinstance(each, pikepdf.Stream):
                raise Refused("damaged")
            each.read_bytes()
    resources = page.obj.get("/Resources")
    pictures = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    for _, thing in pictures.items() if isinstance(pictures, pikepdf.Dictionary) else ():
        if not isinstance(thing, pikepdf.Stream):
            raise Refused("damaged")
        if str(thing.get("/Filter", "")) == "/DCTDecode" and b"\xff\xd9" not in thing.read_raw_bytes()[-64:]:
            raise Refused("damaged")
        if str(thing.get("/Filter", "")) == "/FlateDecode":
            unpacking = zlib.decompressobj()
            unpacking.decompress(thing.read_raw_bytes(), 1)


def _check_streams(pdf: pikepdf.Pdf, limits: Limits) -> None:
    """Before anything is decoded: how many pixels pictures have and how large other streams become."""
    for each in pdf.objects:
        if not isinstance(each, pikepdf.Stream):
            continue
        if each.get("/Subtype") == "/Image" or ("/Width" in each and "/Height" in each):
            width, height = int(each.get("/Width", 0)), int(each.get("/Height", 0))
            if width < 0 or height < 0 or width * height > limits.pixels:
                raise Refused("too-many-pixels")
        else:
            _check_unpacked(each)


def _check_unpacked(stream: Any) -> None:
    filters = stream.get("/Filter")
    names = [str(each) for each in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    packed = sum(each in ("/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL") for each in names)
    length = int(stream.get("/Length", 0))
    if packed == 0 or (packed == 1 and length < _SMALL):
        return
    if packed > 1 or any(each.startswith("/LZW") for each in names):
        # Chains can grow by a thousand times at every step; no scanner or office program writes them for text.
        if packed > 2 or length > _SMALL // 1032 + 4096:
            raise Refused("unpacks-too-large")
        return
    unpacking = zlib.decompressobj()
    total, waiting = 0, stream.read_raw_bytes()
    try:
        while waiting and not unpacking.eof:
            total += len(unpacking.decompress(waiting, 1 << 20))
            waiting = unpacking.unconsumed_tail
            if total > _MOST_UNPACKED:
                raise Refused("unpacks-too-large")
    except zlib.error:
        return  # damaged streams are judged where they are used
