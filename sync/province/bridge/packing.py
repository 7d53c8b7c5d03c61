"""A delivered document as an edXML packet.

Owns which field of a paper becomes which element. Invents nothing: an element whose field is empty stays empty, and
`sync.edxml.checking` says whether that can be sent.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from sync.edxml.packet import Attached, Code, Organ, Packet, Priority, Trace, document_identifier
from sync.province.bridge.settings import Settings
from sync.province.checking import field_value
from sync.province.store import StoredDocument

VIETNAM = timezone(timedelta(hours=7))
"""The standard writes local time without a zone; the country has one zone and no summer time."""
_PRIORITIES = {
    "khan": Priority.URGENT,
    "thuong-khan": Priority.VERY_URGENT,
    "hoa-toc": Priority.EXPRESS,
}
_UNSAFE = re.compile(r"[^\w.-]+")


def local_moment(seconds: float) -> datetime:
    """Seconds since 1970 as edXML writes moments: Vietnamese time, no zone."""
    return datetime.fromtimestamp(seconds, VIETNAM).replace(tzinfo=None, microsecond=0)


def packet_of(document: StoredDocument, content: bytes, sender: Organ, settings: Settings) -> Packet:
    """The packet: from the commune's office to the province's, the same for the same row whenever it is made."""

    def says(name: str) -> str:
        return " ".join(field_value(document.meta, name).split())

    code = code_of(says("code_number"), says("code_notation"), says("code"))
    issued, kind = _day(says("issued_date")), says("type_name")
    pages = document.meta.get("pages")
    name = safe_name(code.written.replace("/", "_") or document.document_id) + _suffix(document.media_type)
    return Packet(
        sender=sender,
        receivers=(settings.office,),
        code=code,
        subject=says("subject"),
        promulgated=issued,
        place=says("place"),
        document_id=identifier_of(sender, issued, code),
        type_code=settings.type_codes.get(kind.lower(), settings.type_code),
        type_name=kind,
        signer_position=says("signer_position"),
        signer_name=says("signer_name"),
        priority=_PRIORITIES.get(says("urgency"), Priority.ORDINARY),
        pages=pages if isinstance(pages, int) and pages > 0 else 0,
        traces=(Trace(sender.organ_id, local_moment(document.received_at)),),
        files=(Attached(name, content, document.media_type, "", "cid:1"),),
    )


def identifier_of(sender: Organ, issued: date | None, code: Code) -> str:
    """The document's identifier, or "" where the paper shows no number or no date: an invented one would be worse."""
    return document_identifier(sender.organ_id, issued, code) if issued is not None and code.number else ""


def code_of(number: str, notation: str, whole: str) -> Code:
    """Số và ký hiệu from the paper's fields: parted where it was read so, else `12/BC-UBND` at its first stroke."""
    if number or notation:
        return Code(number, notation)
    first, _, rest = whole.partition("/")
    return Code(first.strip(), rest.strip())


def safe_name(text: str) -> str:
    """A file name of letters, digits, point and dash, never a path, never hidden, at most 120 characters."""
    return _UNSAFE.sub("_", text).strip("._-")[:120] or "van-ban"


def _suffix(media_type: str) -> str:
    return ".pdf" if media_type == "application/pdf" else ".bin"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
