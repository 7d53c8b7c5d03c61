"""Signature slots: which kinds of document carry which signatures in which order, and the names of their form fields.

The order is law (NĐ 30/2020): on an outgoing document the leader signs first, then the agency; a scan and a separate
attachment carry the agency's signature alone.
"""

from __future__ import annotations

SLOTS_OF_KIND: dict[str, tuple[str, ...]] = {
    "incoming-scan": ("agency",),
    "outgoing": ("leader", "agency"),
    "appendix": ("agency",),
    "case-file": ("agency",),
}
FIELD_OF_SLOT = {"leader": "CommuneBoxLeader", "agency": "CommuneBoxAgency"}
SLOT_OF_FIELD = {field: slot for slot, field in FIELD_OF_SLOT.items()}
