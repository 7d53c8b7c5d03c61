"""Signature slots: which kinds of document carry which signatures in which order, and the names of their form fields.

The order is law (NĐ 30/2020): on an outgoing document the leader signs first, then the agency; a scan and a separate
attachment carry the agency's signature alone. Number and date of a draft that leaves them open are given when it is
issued, after the leader and before the agency's seal (Điều 14, 15): a signature by the agency's key, in a field that
is no slot of its own.
"""

from __future__ import annotations

SLOTS_OF_KIND: dict[str, tuple[str, ...]] = {
    "incoming-scan": ("agency",),
    "outgoing": ("leader", "agency"),
    "appendix": ("agency",),
    "case-file": ("agency",),
}
NUMBER = "number"
"""The field for number and date; never among a kind's slots."""
FIELD_OF_SLOT = {"leader": "CommuneBoxLeader", "agency": "CommuneBoxAgency", NUMBER: "CommuneBoxNumber"}
KEY_OF_SLOT = {"leader": "leader", "agency": "agency", NUMBER: "agency"}
"""Whose key signs each field."""
SLOT_OF_FIELD = {field: slot for slot, field in FIELD_OF_SLOT.items() if slot != NUMBER}
