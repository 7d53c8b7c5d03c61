"""Number and date of an outgoing paper whose draft leaves them open: given when the clerk issues it.

The register's number is kept for the paper from the leader's approval on, so that no gap can arise; what is written on
the paper, and when, is decided at issue, after the leader has signed (NĐ 30/2020 Điều 14, 15): the number, and the day
of issue. It becomes part of the file by a signature of the agency's key in a field that was left open for it before the
leader signed, so the leader's signature stays whole and the number is the agency's word (``hsm.fields``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from appliance.domain.documents import Document, FieldValue
from appliance.domain.kinds import Slot
from appliance.domain.zone import VIETNAM


def left_open(document: Document) -> tuple[str, ...]:
    """What the clerk has to give, any of "number" and "date"; as seen when the leader's signature was applied."""
    return next((one.blanks for one in document.signatures if one.slot is Slot.LEADER), ())


def numbered(document: Document, now: datetime) -> Document:
    """``document`` with the number and the day of issue in its fields, where the draft leaves them open."""
    fields = dict(document.fields)
    blanks = left_open(document)
    if "number" in blanks:
        leader = next(one for one in document.signatures if one.slot is Slot.LEADER)
        number = f"{document.register_number:02d}"
        fields["code"] = FieldValue(f"{number}/{leader.notation}")
        fields["code_number"], fields["code_notation"] = FieldValue(number), FieldValue(leader.notation)
    if blanks:
        day = now.astimezone(VIETNAM).date()
        if "date" in blanks or not document.value("issued_date"):
            fields["issued_date"] = FieldValue(day.isoformat())
    return replace(document, fields=fields) if blanks else document


def given(document: Document) -> tuple[int, date] | None:
    """The number and day to be written on the paper, or None when it carries its own."""
    if not left_open(document):
        return None
    return document.register_number, date.fromisoformat(document.value("issued_date"))
