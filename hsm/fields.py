"""The signature fields of a document, all made in its first revision, and the writer every revision comes from.

The agency's field locks the whole document: only that stops a white empty field from being laid over the text later
(signing.md 7.2). Sizes are points.
"""

from __future__ import annotations

from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field

from hsm import appearance, placement
from hsm.appearance import StampImage, StampText
from hsm.placement import Placement
from hsm.slots import FIELD_OF_SLOT

SIGNATURE_MILLIMETRES = (48.0, 21.0)


class QuietWriter(IncrementalPdfFileWriter):
    """An incremental writer that leaves /Info and XMP alone."""

    def _update_meta(self) -> None:
        pass


def places_of_slots(
    source: Path,
    slots: tuple[str, ...],
    stamp: StampText | StampImage,
    font: Path,
    seal_size: tuple[float, float] | None,
) -> dict[str, Placement]:
    if slots == ("agency",):
        if isinstance(stamp, StampText):
            _, width, height = appearance.lay_out(stamp, font)
        else:
            width, height = stamp.size(appearance.SEAL_MILLIMETRES)
        return {"agency": placement.top_right(source, width, height)}
    unit = appearance.POINTS_PER_MILLIMETRE
    widest, highest = SIGNATURE_MILLIMETRES[0] * unit, SIGNATURE_MILLIMETRES[1] * unit
    if isinstance(stamp, StampImage):
        width, height = stamp.size(SIGNATURE_MILLIMETRES[0])
        factor = min(1.0, widest / width, highest / height)
        width, height = width * factor, height * factor
    else:
        _, width, height = appearance.lay_out(stamp, font)
    leader = placement.signature_place(source, width, height)
    seal = seal_size or (appearance.SEAL_MILLIMETRES * unit, appearance.SEAL_MILLIMETRES * unit)
    return {
        "leader": leader,
        "agency": placement.seal_place(leader, *seal, placement.page_size(source, leader.page)),
    }


def make_fields(work: Path, source: Path, places: dict[str, Placement]) -> None:
    with work.open("r+b") as stream:
        writer = QuietWriter(stream, strict=True)
        for slot, place in places.items():
            locked = slot == "agency"
            spec = SigFieldSpec(
                FIELD_OF_SLOT[slot],
                on_page=place.page - 1,
                box=placement.pdf_rectangle(source, place),
                field_mdp_spec=FieldMDPSpec(FieldMDPAction.ALL) if locked else None,
                doc_mdp_update_value=MDPPerm.NO_CHANGES if locked else None,
            )
            append_signature_field(writer, spec)
        writer.write_in_place()
