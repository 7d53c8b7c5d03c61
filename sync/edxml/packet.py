"""The values of an edXML packet: a document with its files, or a status about one.

Owns names, code lists and defaults of QCVN 102:2016 §2 (element tree) and Decision 28/2018/QĐ-TTg (statuses). Values
are as people write them: dates are `datetime.date`, text is NFC as given. Refuses to judge them; `checking` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """OtherInfo/Priority."""

    ORDINARY = 0
    """thường"""
    URGENT = 1
    """khẩn"""
    VERY_URGENT = 2
    """thượng khẩn"""
    EXPRESS = 3
    """hỏa tốc"""
    EXPRESS_AT_HOUR = 4
    """hỏa tốc hẹn giờ"""


class Business(IntEnum):
    """Bussiness/BussinessDocType: what the sender wants done with the document."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3


class Processing(StrEnum):
    """StatusCode of a status packet (Decision 28/2018/QĐ-TTg)."""

    ARRIVED = "01"
    REFUSED = "02"
    """Must carry a reason in Description."""
    ACCEPTED = "03"
    ASSIGNED = "04"
    IN_PROGRESS = "05"
    DONE = "06"
    RECALL_ASKED = "13"
    RECALL_AGREED = "15"
    RECALL_REFUSED = "16"

    @property
    def by_sender(self) -> bool:
        """Whether the document's sender says it; every other status comes from its receiver."""
        return self is Processing.RECALL_ASKED


@dataclass(frozen=True, slots=True)
class Organ:
    """An office; `organ_id` is its identifier code (mã định danh, QĐ 20/2020/QĐ-TTg), e.g. `H99.12.34`."""

    organ_id: str
    name: str
    in_charge: str = ""
    """The office above it (OrganizationInCharge)."""
    address: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Số và ký hiệu; a status packet carries them in one text, which is then `number` with `notation` empty."""

    number: str = ""
    notation: str = ""

    @property
    def written(self) -> str:
        """As printed on the document: `12/BC-UBND`."""
        return f"{self.number}/{self.notation}" if self.notation else self.number


@dataclass(frozen=True, slots=True)
class Response:
    """The document that this one answers, or that a status is about (ResponseFor)."""

    organ_id: str = ""
    code: str = ""
    """Whole số/ký hiệu."""
    document_id: str = ""
    promulgated: date | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """Who handles it (StaffInfo)."""

    department: str = ""
    name: str = ""
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """A station of the way (TraceHeader); local time of the office without a zone, as the standard writes it."""

    organ_id: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of the packet. `content` is the file itself, also when the wire carried it inside a ZIP archive."""

    name: str
    content: bytes
    content_type: str = "application/pdf"
    description: str = ""
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Packet:
    """A document on its way between offices."""

    sender: Organ
    receivers: tuple[Organ, ...]
    code: Code
    subject: str
    promulgated: date | None = None
    place: str = ""
    document_id: str = ""
    type_code: str = "1"
    """DocumentType/Type: lists differ between systems, so it is configuration; `type_name` is what people read."""
    type_detail: str = "0"
    type_name: str = ""
    content: str = ""
    signer_authority: str = ""
    signer_position: str = ""
    signer_name: str = ""
    due: date | None = None
    priority: Priority = Priority.ORDINARY
    sphere: str = ""
    typist: str = ""
    copies: int = 1
    pages: int = 0
    direction: str = ""
    appendixes: tuple[str, ...] = ()
    responses: tuple[Response, ...] = ()
    steering: str = "1"
    to_places: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = ()
    business: Business = Business.NEW
    reason: str = "Văn bản mới"
    paper: bool = False
    """A paper copy is sent too."""
    replaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """With REPLACE: document ids that are replaced, each with the offices that hold it."""
    receivers_changed: Mapping[str, bool] = field(default_factory=dict)
    """With UPDATE: office → added (True) or removed (False)."""
    staff: Staff = Staff()
    files: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessingReport:
    """What became of a document, told to the other side."""

    sender: Organ
    about: Response
    processing: Processing
    description: str = ""
    at: datetime | None = None
    staff: Staff = Staff()
    receivers: tuple[Organ, ...] = ()


def document_identifier(organ_id: str, promulgated: date, code: Code) -> str:
    """`OrganId,yyyy/MM/dd,số/ký hiệu` (QĐ 395/QĐ-BTTTT of 23/3/2020)."""
    return f"{organ_id},{promulgated:%Y/%m/%d},{code.written}"
