"""The signature fields of a document, all made in its first revision, and the writer every revision comes from.

The agency's field locks the whole document: only that stops a white empty field from being laid over the text later
(signing.md 7.2). A draft that leaves number or date open gets a third field over the gaps, signed by the agency when
the paper is issued. Sizes are points.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field

from hsm.places import Placement, PlacementError, to_displayed_coordinates
from hsm.slots import FIELD_OF_SLOT

LOCK = FieldMDPSpec(FieldMDPAction.ALL)


class QuietWriter(IncrementalPdfFileWriter):
    """An incremental writer that leaves /Info and XMP alone."""

    def _update_meta(self) -> None:
        pass


def make_fields(writer: QuietWriter, places: Mapping[str, Placement]) -> None:
    """Append the fields to the revision that `writer` makes."""
    for slot, place in places.items():
        locked = slot == "agency"
        spec = SigFieldSpec(
            FIELD_OF_SLOT[slot],
            on_page=place.page - 1,
            box=place.rectangle,
            field_mdp_spec=LOCK if locked else None,
            doc_mdp_update_value=MDPPerm.NO_CHANGES if locked else None,
        )
        append_signature_field(writer, spec)


def place_of_field(path: Path, field: str) -> Placement:
    """Where an existing form field lies. Raises: PlacementError when there is none."""
    try:
        with pikepdf.open(path, access_mode=pikepdf.AccessMode.stream) as document:
            for number, page in enumerate(document.pages, start=1):
                for annotation in page.obj.get("/Annots", []):
                    if str(annotation.get("/T", "")) == field:
                        rectangle = tuple(float(part) for part in annotation.Rect)
                        crop = tuple(float(part) for part in page.cropbox)
                        rotation = int(page.obj.get("/Rotate", 0)) % 360
                        box = to_displayed_coordinates(rectangle, crop, rotation)  # type: ignore[arg-type]
                        return Placement(number, box, rotation, crop=crop)  # type: ignore[arg-type]
    except pikepdf.PdfError as error:
        raise PlacementError(str(error)) from error
    raise PlacementError(f"no field {field}")


def rectangle_of(field: generic.DictionaryObject) -> tuple[float, float]:
    """Width and height of a field's rectangle in the page's own coordinates."""
    x0, y0, x1, y1 = (float(part) for part in field["/Rect"])
    return abs(x1 - x0), abs(y1 - y0)
