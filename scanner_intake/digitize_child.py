"""The limited child: digitizes one hostile file and writes one JSON result (`python -m scanner_intake.digitize_child
WORK`).

Owns the order of steps: limits on itself -> original as PDF -> pictures, stamps and words of every page in memory ->
the marking gate -> fields -> PDF/A. It reads `request.json` in WORK and writes `result.json` and `result.pdf` there,
nothing else anywhere.

Invariants: no recognised text reaches the disk before the gate let the paper pass; a suspected secret yields only its
markings; every failure is a verdict with a code, never a stack trace for the parent to interpret.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from scanner_intake import digitize_limits
from scanner_intake.digitized import Digitized, Field, Limits, Marking, dump


@dataclass
class _Looked:
    """What looking at all pages gave; `readings[i]` is None where a page keeps its own text."""

    pages: list = field(default_factory=list)
    readings: list = field(default_factory=list)
    markings: list[Marking] = field(default_factory=list)
    warnings: set[str] = field(default_factory=set)
    header: tuple = ()
    name: Field | None = None


def main(arguments: list[str]) -> int:
    """Runs one request. Exit code 0 when a result was written."""
    work = Path(arguments[0])
    request = json.loads((work / "request.json").read_bytes())
    limits = Limits(**request["limits"])
    digitize_limits.restrict(limits)
    try:
        result = _digitize(Path(request["source"]), work, limits, request["language"], request["ignore_markings"])
    except MemoryError:
        result = Digitized("unreadable", code="out-of-memory")
    _write(work, result)
    return 0


def _write(work: Path, result: Digitized) -> None:
    part = work / "result.part"
    part.write_bytes(dump(result))
    part.replace(work / "result.json")


def _digitize(original: Path, work: Path, limits: Limits, language: str, ignore_markings: bool) -> Digitized:
    from scanner_intake.container import media_type_of  # imports follow the limits: they cost memory too
    from scanner_intake.digitize_ocr import RecognitionFailed
    from scanner_intake.digitize_source import Refused, open_source

    kind = media_type_of(original) or ""
    try:
        source = open_source(original, work, limits)
        looked = _look(source, work, language)
    except Refused as refusal:
        return Digitized(refusal.verdict, media_type=kind, code=refusal.code)
    except RecognitionFailed as failure:
        return Digitized("unreadable", media_type=kind, code=failure.code)
    return _judge(source, looked, work, original, kind, ignore_markings)


def _judge(source, looked: _Looked, work: Path, original: Path, kind: str, ignore_markings: bool) -> Digitized:
    from scanner_intake.describe import describe
    from scanner_intake.digitize_pdfa import NotPdfa
    from scanner_intake.secrecy import printed_markings, suspicion

    markings = tuple(looked.markings + printed_markings(looked.pages))
    suspected = suspicion(markings)
    if suspected and not ignore_markings:
        return Digitized("suspected-secret", source.pages, markings=markings, media_type=kind, code=suspected)
    fields = describe(looked.pages, looked.header)
    if looked.name is not None:
        fields["signer_name"] = looked.name
    urgency = [each for each in markings if each.kind == "urgency"]
    if urgency:
        stamp = urgency[0]
        fields["urgency"] = Field(stamp.value, stamp.confidence, stamp.page, stamp.box)
    warnings = looked.warnings | set(source.warnings)
    verdict, pdf = "signed-kept", None
    if not source.signed:
        verdict, pdf = "ok", work / "result.pdf"
        try:
            warnings |= _make_pdf(source.pdf, pdf, looked, original)
        except NotPdfa as failure:
            return Digitized("unreadable", source.pages, media_type=kind, code=failure.code)
    text = tuple(page.text for page in looked.pages)
    return Digitized(verdict, source.pages, pdf, text, fields, markings, tuple(sorted(warnings)), kind)


def _look(source, work: Path, language: str) -> _Looked:
    """Pictures, stamps and words of every page, one page in memory at a time."""
    import pypdfium2 as pdfium

    from scanner_intake import digitize_page
    from scanner_intake.digitize_source import Refused

    looked = _Looked()
    turns: dict[int, int] = {}
    try:
        document = pdfium.PdfDocument(source.pdf)
        document.init_forms()
    except pdfium.PdfiumError as error:
        raise Refused("damaged") from error
    try:
        for number in range(1, len(document) + 1):
            seen = digitize_page.look(document, number, language, turnable=not source.signed)
            looked.pages.append(seen.reading.page)
            looked.readings.append(None if seen.own_text else seen.reading)
            looked.markings.extend(seen.markings)
            looked.warnings |= seen.warnings
            if seen.turn:
                turns[number] = seen.turn
            if number == 1:
                looked.header = digitize_page.header_again(document, seen, language)
        _find_name(document, looked, language)
    except pdfium.PdfiumError as error:
        raise Refused("damaged") from error
    finally:
        document.close()
    if turns:
        digitize_page.turn_pages(source.pdf, turns)
        looked.warnings.add("pages-turned")
    return looked


def _find_name(document, looked: _Looked, language: str) -> None:
    """The signer's name is often under the seal: when it was not found, its place is read once more."""
    from scanner_intake.digitize_page import name_again
    from scanner_intake.signer import describe_signer, name_in

    found = describe_signer(looked.pages)
    position = found.get("signer_position")
    if position is None or position.box is None or "signer_name" in found:
        return
    zone = name_again(document, position.page, position.box, language)
    looked.name = name_in(zone, position, looked.pages[position.page - 1])


def _make_pdf(plain: Path, target: Path, looked: _Looked, original: Path) -> set[str]:
    """The PDF/A; when the PDF cannot become one as it is, its pages are pictured first (with a warning)."""
    import hashlib

    from scanner_intake.digitize_page import flatten_document
    from scanner_intake.digitize_pdfa import NotPdfa, make_pdfa

    with original.open("rb") as file:
        seed = hashlib.file_digest(file, "sha256").digest()
    sizes = [(page.width, page.height) for page in looked.pages]
    try:
        make_pdfa(plain, target, looked.readings, sizes, seed)
        return set()
    except NotPdfa:
        flat = plain.with_name("flat.pdf")
        flatten_document(plain, flat)
        readings = [each or _as_layer(page) for each, page in zip(looked.readings, looked.pages, strict=True)]
        make_pdfa(flat, target, readings, sizes, seed)
        return {"pages-pictured"}


def _as_layer(page):
    """A text layer for a page whose own text was good but whose page had to be pictured."""
    from scanner_intake.digitize_ocr import Baseline, Reading

    lines = tuple(line for line in page.lines if line.words)
    return Reading(page, tuple(line.box for line in lines), tuple(Baseline(0.0, 0.0) for _ in lines), 1.0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
