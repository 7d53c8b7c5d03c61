"""What the signatures of this office look like, and where they will go: the same answer for a page and for the signer.

The place is worked out in a limited child (``hsm.planning``), since the paper may be hostile; nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from appliance.config import Config
from appliance.config_office import applied
from appliance.domain.documents import Document
from appliance.domain.kinds import SLOTS, Kind, Slot
from hsm.api import FaultClass, SigningError
from hsm.font import font_file
from hsm.foresight import planned_apart
from hsm.places import Nudge, Placement
from hsm.stamps import (
    SEAL_MILLIMETRES,
    SIGNATURE_MILLIMETRES,
    StampImage,
    StampText,
    attachment_stamp,
    copy_stamp,
    sizes_of,
)


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What the signatures of this office look like. ``office``: the converting office, when it is not the agency
    itself; ``copy_form``: "SAO Y", "SAO LỤC" or "TRÍCH SAO"; ``seal_size`` in points."""

    agency: str
    leader_image: Path | None
    seal_image: Path | None
    font_cache: Path
    seal_size: tuple[float, float] | None
    office: str = ""
    copy_form: str = "SAO Y"


L = TypeVar("L", bound=Looks)


def looks_of(config: Config) -> Looks:
    """The looks of this box, with the names that hold now.

    Raises:
        StampError: the seal's picture cannot be read.
        ConfigError: what the pages set cannot be read.
    """
    config = applied(config)
    signer = config.signer
    return Looks(
        agency=config.box.commune,
        leader_image=signer.leader_image,
        seal_image=signer.seal_image,
        font_cache=config.box.state_dir / "cache" / "fonts",
        seal_size=StampImage.from_file(signer.seal_image).size(SEAL_MILLIMETRES) if signer.seal_image else None,
        office=signer.office,
        copy_form=signer.copy_form,
    )


def renamed(config: Config, looks: L) -> L:
    """``looks`` with the names that hold now: the pages may have set them since the service started.

    Raises:
        ConfigError: what the pages set cannot be read.
    """
    now = applied(config)
    return replace(looks, agency=now.box.commune, office=now.signer.office, copy_form=now.signer.copy_form)


def stamp_for(looks: Looks, document: Document, slot: Slot, now: datetime) -> StampText | StampImage:
    """What the signature shows, by kind and slot (NĐ 30/2020 Phụ lục I; NĐ 137/2024 Điều 4 for the conversion mark)."""
    images: Mapping[Slot, Path | None] = {Slot.LEADER: looks.leader_image, Slot.AGENCY: looks.seal_image}
    if document.kind is Kind.OUTGOING:
        path = images[slot]
        if path is None:
            raise SigningError(FaultClass.CONFIG, "stamp-image-missing", slot.value)
        return StampImage.from_file(path)
    makers: dict[Kind, Callable[[], StampText]] = {
        Kind.APPENDIX: lambda: attachment_stamp(document.value("code"), now),
    }
    return makers.get(document.kind, lambda: copy_stamp(looks.agency, now, looks.office, looks.copy_form))()


def planned_places(
    config: Config, source: Path, document: Document, nudges: Mapping[str, Nudge]
) -> dict[str, Placement]:
    """Where the appearances of a paper that nobody has signed will go, by slot, with the given nudges.

    Raises:
        PlacementError: the paper cannot be looked at, or a nudge leads off the page.
        StampError, FontError, SigningError: an appearance cannot be made.
    """
    looks = looks_of(config)
    slots = SLOTS[document.kind]
    stamp = stamp_for(looks, document, slots[0], document.updated_at)
    standard = SIGNATURE_MILLIMETRES[0] if slots[0] is Slot.LEADER else SEAL_MILLIMETRES
    sizes = sizes_of(stamp, font_file(looks.font_cache), standard)
    return planned_apart(source, tuple(slot.value for slot in slots), sizes, looks.seal_size, nudges)
