"""The signature fields of a document, all made in its first revision, and the writer every revision comes from.

The agency's field locks the whole document: only that stops a white empty field from being laid over the text later
(signing.md 7.2). A draft that leaves number or date open gets a third field over the gaps, signed by the agency when
the paper is issued. Sizes are points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field

from hsm import appearance
from hsm.paper import POINTS_PER_MILLIMETRE, to_displayed_coordinates
from hsm.placement import Layout, Nudge, Placement, PlacementError, Size, apply_nudges
from hsm.slots import FIELD_OF_SLOT, NUMBER

SIGNATURE_MILLIMETRES = (48.0, 21.0)
LOCK = FieldMDPSpec(FieldMDPAction.ALL)


class QuietWriter(IncrementalPdfFileWriter):
    """An incremental writer that leaves /Info and XMP alone."""

    def _update_meta(self) -> None:
        pass


def places_of_slots(
    source: Path,
    slots: tuple[str, ...],
    sizes: Sequence[Size],
    seal_size: Size | None,
    nudges: Mapping[str, Nudge],
) -> tuple[dict[str, Placement], int]:
    """A place for every field of a document that has none yet, and which of the forms of the first slot's appearance
    (their `sizes`) goes there. Raises: PlacementError."""
    with Layout(source) as layout:
        if slots == ("agency",):
            place, form = layout.top_right(sizes)
            return apply_nudges(layout, {"agency": place}, nudges), form
        size = sizes[0]
        widest, highest = (part * POINTS_PER_MILLIMETRE for part in SIGNATURE_MILLIMETRES)
        factor = min(1.0, widest / size[0], highest / size[1])
        leader = layout.signature(size[0] * factor, size[1] * factor)
        seal = seal_size or (appearance.SEAL_MILLIMETRES * POINTS_PER_MILLIMETRE,) * 2
        places = {"leader": leader, "agency": layout.seal(leader, *seal)}
        if (box := layout.blanks().box) is not None:
            places[NUMBER] = layout.place_on_first_page(box)
        return apply_nudges(layout, places, nudges), 0


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
