"""Kinds of document and the signature slots each must fill, in order.

Source: NĐ 30/2020/NĐ-CP Điều 5, 25, 32-33 and Phụ lục I (who signs what): an original needs the competent person and
then the agency; a scan (sao y giấy sang điện tử) and a separate appendix need the agency alone.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a drop folder is for."""

    INCOMING_SCAN = "incoming-scan"
    OUTGOING = "outgoing"
    APPENDIX = "appendix"
    CASE_FILE = "case-file"


class Slot(StrEnum):
    """A required signature: the leader's own, or the agency's."""

    LEADER = "leader"
    AGENCY = "agency"


SLOTS: dict[Kind, tuple[Slot, ...]] = {
    Kind.INCOMING_SCAN: (Slot.AGENCY,),
    Kind.OUTGOING: (Slot.LEADER, Slot.AGENCY),
    Kind.APPENDIX: (Slot.AGENCY,),
    Kind.CASE_FILE: (Slot.AGENCY,),
}
REGISTERS: dict[Kind, str] = {
    Kind.INCOMING_SCAN: "den",
    Kind.OUTGOING: "di",
    Kind.APPENDIX: "den",
    Kind.CASE_FILE: "ho-so",
}
"""Which yearly register a kind takes its number from (NĐ 30/2020 Điều 15, 22)."""


def next_slot(kind: Kind, filled: tuple[Slot, ...]) -> Slot | None:
    """The slot to fill now, or None when all are filled; the agency's never comes before the leader's."""
    for slot in SLOTS[kind]:
        if slot not in filled:
            return slot
    return None
