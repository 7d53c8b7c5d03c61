"""Is a signed file still PDF/A-2b? A masked check with pikepdf's allow-list validator, plus byte checks of the
original.

The validator answers "not checked" for any file with a form. So a copy is made in which every field's appearance is
painted into its page and the form is gone; what the mask hides (field flags, appearance, string lengths, byte range,
end of file) is then checked on the original (signing.md 4.1, ISO 19005-2 6.1.3, 6.1.12, 6.1.13, 6.3, 6.4). Passing
means no checkable rule is broken; it is not the verdict of another product.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf

MAX_STRING = 32767
_PRINT, _HIDING = 4, 1 | 2 | 32 | 256


@dataclass(frozen=True)
class PdfaFinding:
    """The answer for one file and, if it is no PDF/A, the rules it breaks."""

    passed: bool
    reasons: tuple[str, ...]


def check_pdfa(path: Path) -> PdfaFinding:
    """Check a file, signed or not, against PDF/A-2b (3b where it says so itself). Never raises for a bad file."""
    from pikepdf import pdfa  # 15 MiB that a process which only signs never needs (hsm.appended)

    try:
        with pikepdf.open(path) as document:
            reasons = field_faults(document, path)
            flavour = "3b" if _part(document) == "3" else "2b"
            _mask(document)
            with tempfile.TemporaryDirectory() as folder:
                masked = Path(folder) / "masked.pdf"
                document.save(
                    masked,
                    object_stream_mode=pikepdf.ObjectStreamMode.disable,
                    min_version="1.7",
                    fix_metadata_version=False,
                )
                report = pdfa.validate_written(masked, flavour)
        reasons += [f"{finding.rule} {finding.where}" for finding in report.findings[:20]]
    except Exception as error:  # Hostile input: whatever the parser throws, the answer is "no".
        return PdfaFinding(False, (f"unreadable {type(error).__name__}: {error}",))
    return PdfaFinding(not reasons, tuple(reasons))


def field_faults(document: pikepdf.Pdf, path: Path, widgets: Sequence[Any] | None = None) -> list[str]:
    """The rules that fields and signatures of an open file at `path` break; `widgets` are those of all its pages, or
    the given ones."""
    found = [widget for _, widget in _widgets(document)] if widgets is None else widgets
    return [*_form_faults(document, found), *_signature_faults(found, path)]


def _part(document: pikepdf.Pdf) -> str:
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        return str(metadata.get("pdfaid:part", ""))


def _widgets(document: pikepdf.Pdf) -> Iterator[tuple[Any, Any]]:
    for page in document.pages:
        for annotation in page.obj.get("/Annots", []):
            if annotation.get("/Subtype") == "/Widget":
                yield page, annotation


def _form_faults(document: pikepdf.Pdf, widgets: Sequence[Any]) -> list[str]:
    faults = []
    form = document.Root.get("/AcroForm")
    if form is not None and form.get("/NeedAppearances", False):
        faults.append("6.4.1-3 NeedAppearances")
    if form is not None and "/XFA" in form:
        faults.append("6.4.2 XFA")
    for widget in widgets:
        if "/A" in widget or "/AA" in widget:
            faults.append("6.4.1-1 action on a field")
        flags = int(widget.get("/F", 0))
        if not flags & _PRINT or flags & _HIDING:
            faults.append("6.3.2 annotation flags")
        x0, y0, x1, y1 = (float(part) for part in widget.get("/Rect", [0, 0, 0, 0]))
        appearance = widget.get("/AP")
        if (x0 != x1 or y0 != y1) and (
            appearance is None or set(appearance.keys()) != {"/N"} or not isinstance(appearance.N, pikepdf.Stream)
        ):
            faults.append("6.3.3 appearance")
    permissions = document.Root.get("/Perms")
    if permissions is not None and not set(permissions.keys()) <= {"/UR3", "/DocMDP"}:
        faults.append("6.1.12 Perms")
    return faults


def _signature_faults(widgets: Sequence[Any], path: Path) -> list[str]:
    faults: list[str] = []
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if not _ends_there(content, len(content)):
            faults.append("6.1.3-3 after the end")
        faults += _widget_faults(widgets, content)
    return faults


def _ends_there(content: mmap.mmap, end: int) -> bool:
    return content[max(0, end - 64) : end].rstrip(b"\r\n")[-5:] == b"%%EOF"


def _widget_faults(widgets: Sequence[Any], content: mmap.mmap) -> list[str]:
    faults = []
    for widget in widgets:
        signature = widget.get("/V")
        if widget.get("/FT") != "/Sig" or signature is None:
            continue
        if len(bytes(signature.Contents)) > MAX_STRING:
            faults.append("6.1.13-3 string length")
        parts = [int(part) for part in signature.get("/ByteRange", [])]
        if len(parts) != 4 or parts[0] != 0 or not 0 < parts[1] < parts[2] < parts[2] + parts[3] <= len(content):
            faults.append("6.4.3-1 ByteRange")
            continue
        end = parts[2] + parts[3]
        if content[parts[1]] != ord("<") or content[parts[2] - 1] != ord(">") or not _ends_there(content, end):
            faults.append("6.4.3-1 ByteRange")
        if any(key.startswith("/Digest") for reference in signature.get("/Reference", []) for key in list(reference)):
            faults.append("6.1.12 Digest")
    return faults


def _mask(document: pikepdf.Pdf) -> None:
    for page in document.pages:
        for number, annotation in enumerate(page.obj.get("/Annots", [])):
            appearance = annotation.get("/AP")
            if annotation.get("/Subtype") != "/Widget" or appearance is None or "/N" not in appearance:
                continue
            rectangle = [float(part) for part in annotation.Rect]
            name = page.add_resource(appearance.N, pikepdf.Name.XObject, pikepdf.Name(f"/Field{number}"))
            paint = f"\nq 1 0 0 1 {rectangle[0]:g} {rectangle[1]:g} cm {name} Do Q\n"
            page.contents_add(document.make_stream(b"q\n"), prepend=True)
            page.contents_add(document.make_stream(b"\nQ" + paint.encode("ascii")))
        # Fields are judged above; other annotations stay for the validator.
        others = [each for each in page.obj.get("/Annots", []) if each.get("/Subtype") != "/Widget"]
        if others:
            page.obj.Annots = pikepdf.Array(others)
        elif "/Annots" in page.obj:
            del page.obj["/Annots"]
    for key in ("/AcroForm", "/DSS", "/Extensions", "/Perms", "/Version"):
        if key in document.Root:
            del document.Root[key]
