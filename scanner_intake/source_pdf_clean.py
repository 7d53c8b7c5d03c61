"""A PDF without what a record does not need: scripts, actions, attachments, comments as such, odd page boxes.

Owns what is taken out of the working copy before anything is made from it; the original stays as it came. What can be
seen stays to be seen: form fields and comments become part of the page.
"""

from __future__ import annotations

from typing import Any

import pikepdf

_ROOT_EXTRAS = (
    "/OpenAction", "/AA", "/ViewerPreferences", "/Collection", "/Requirements", "/URI", "/Threads", "/AF",
    "/SpiderInfo", "/NeedsRendering", "/PieceInfo", "/DSS", "/Perms", "/Legal",
)  # fmt: skip
_PAGE_EXTRAS = ("/AA", "/Annots", "/PieceInfo", "/AF", "/Thumb", "/B", "/PresSteps", "/Trans", "/Dur")
_BOXES = ("/CropBox", "/TrimBox", "/BleedBox", "/ArtBox", "/UserUnit")
_HARMLESS_ACTIONS = ("/GoTo", "/Named", "/Thread", "/Hide", "/SetOCGState", "/GoTo3DView", "/Trans", "/URI")
LETTER = (0.0, 0.0, 612.0, 792.0)


def clean(pdf: pikepdf.Pdf) -> set[str]:
    """Takes out what PDF/A forbids and a record does not need; returns the warnings that tell it.

    active-content-removed (scripts, launch, submit, media), attachments-removed, comments-merged, xfa-flattened.
    """
    warnings = set()
    if _has_active_content(pdf):
        warnings.add("active-content-removed")
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        if "/EmbeddedFiles" in names:
            warnings.add("attachments-removed")
        for name in ("/JavaScript", "/EmbeddedFiles", "/URLS", "/IDS", "/Renditions", "/AlternatePresentations"):
            if name in names:
                del names[name]
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and "/XFA" in form:
        warnings.add("xfa-flattened")
    if any(not _is_link(each) for page in pdf.pages for each in _annotations(page)):
        pdf.generate_appearance_streams()
        pdf.flatten_annotations("all")
        warnings.add("comments-merged")
    for name in (*_ROOT_EXTRAS, "/AcroForm"):
        if name in pdf.Root:
            del pdf.Root[name]
    _without_bookmark_actions(pdf)
    for page in pdf.pages:
        for name in _PAGE_EXTRAS:  # links go with the rest: their targets are outside the record
            if name in page:
                del page[name]
        settle_boxes(page)
    return warnings


def _annotations(page: pikepdf.Page) -> list[Any]:
    found = page.obj.get("/Annots")
    return list(found) if isinstance(found, pikepdf.Array) else []


def _has_active_content(pdf: pikepdf.Pdf) -> bool:
    """Whether any script or action that reaches out of the page is anywhere in the file."""
    if "/AA" in pdf.Root or "/JavaScript" in pdf.Root.get("/Names", pikepdf.Dictionary()):
        return True
    for each in pdf.objects:
        for found in (each, each.get("/A"), each.get("/OpenAction")) if isinstance(each, pikepdf.Dictionary) else ():
            if isinstance(found, pikepdf.Dictionary) and ("/JS" in found or _reaches_out(found)):
                return True
    return False


def _reaches_out(action: pikepdf.Dictionary) -> bool:
    return str(action.get("/S", "")) in (
        "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/Movie", "/Sound", "/GoToR", "/GoToE",
        "/RichMediaExecute",
    )  # fmt: skip


def _without_bookmark_actions(pdf: pikepdf.Pdf) -> None:
    """Bookmarks that only lead to pages stay; a tree with any other action goes."""
    if "/Outlines" not in pdf.Root:
        return
    seen = 0
    waiting = [pdf.Root["/Outlines"]]
    while waiting:
        each = waiting.pop()
        seen += 1
        if not isinstance(each, pikepdf.Dictionary):
            continue
        action = each.get("/A")
        if seen > 5_000 or (action is not None and action.get("/S") != "/GoTo"):
            del pdf.Root["/Outlines"]
            return
        waiting.extend(each[name] for name in ("/First", "/Next") if name in each)


def _is_link(annotation: object) -> bool:
    return isinstance(annotation, pikepdf.Dictionary) and annotation.get("/Subtype") in ("/Link", "/Popup")


def shown_box(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """The part of the page that is displayed: its crop box inside its media box, US letter when there is neither."""
    media = _box(page, "mediabox") or LETTER
    crop = _box(page, "cropbox") or media
    inside = (max(crop[0], media[0]), max(crop[1], media[1]), min(crop[2], media[2]), min(crop[3], media[3]))
    return inside if inside[2] - inside[0] > 3 and inside[3] - inside[1] > 3 else media


def _box(page: pikepdf.Page, name: str) -> tuple[float, float, float, float] | None:
    try:
        x0, y0, x1, y1 = (float(each) for each in getattr(page, name))
    except (ValueError, TypeError, AttributeError, pikepdf.PdfError, RuntimeError):
        return None
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return box if 1 < box[2] - box[0] < 200_000 and 1 < box[3] - box[1] < 200_000 else None


def settle_boxes(page: pikepdf.Page) -> None:
    """Pages end where they are shown to end, in plain points, turned by a whole right angle."""
    box = shown_box(page)
    unit = _user_unit(page)
    if unit != 1.0:
        page.contents_add(b"q %.6f 0 0 %.6f 0 0 cm" % (unit, unit), prepend=True)
        page.contents_add(b"Q")
        box = (box[0] * unit, box[1] * unit, box[2] * unit, box[3] * unit)
    page.mediabox = pikepdf.Array([round(each, 6) for each in box])
    for name in _BOXES:
        if name in page:
            del page[name]
    page.obj["/Rotate"] = rotation(page)


def _user_unit(page: pikepdf.Page) -> float:
    try:
        unit = float(page.obj.get("/UserUnit", 1.0))
    except (TypeError, ValueError):
        return 1.0
    return unit if 0.01 <= unit <= 1000 else 1.0


def rotation(page: pikepdf.Page) -> int:
    """The page's /Rotate, its own or inherited, as 0, 90, 180 or 270."""
    try:
        turn = int(page.rotation) if hasattr(page, "rotation") else int(page.obj.get("/Rotate", 0))
    except (TypeError, ValueError, pikepdf.PdfError):
        return 0
    return turn % 360 if turn % 90 == 0 else 0
