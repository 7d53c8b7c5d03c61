"""edXML packets from other offices, read as leniently as their senders write.

Owns turning a tree into values whatever the order of its elements, its namespace, its spelling of numbers and dates and
its way to carry files (raw or in a ZIP archive, told by the bytes). What was odd is reported, not refused: a letter of
the ministry must not be lost over a wrong date. Refused is only what is no packet at all, or would cost too much.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime

from sync.edxml.packet import (
    Attached,
    Business,
    Code,
    Organ,
    Packet,
    Priority,
    Processing,
    ProcessingReport,
    Response,
    Staff,
    Trace,
)
from sync.edxml.tree import Node, XmlRefused, parse

MOST_BYTES = 400 << 20
"""Of all files of one packet together, unpacked."""


class PacketRefused(ValueError):
    """No edXML packet; `code` is `edxml-no-packet`, `edxml-too-large`, or a code of `tree.XmlRefused`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something in a packet that is not as the standard says; `code` is stable, `where` names the element."""

    code: str
    where: str
    found: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a packet says, and what was odd about it."""

    packet: Packet | ProcessingReport
    oddities: tuple[Oddity, ...]


def read(content: bytes, *, most_bytes: int = MOST_BYTES) -> Read:
    """Read a packet or a status packet. Raises: PacketRefused."""
    try:
        root = parse(content)
    except XmlRefused as error:
        raise PacketRefused(error.code, error.detail) from error
    message = root if root.name == "MessageHeader" else root.descendant("MessageHeader")
    if message.name != "MessageHeader":
        raise PacketRefused("edxml-no-packet", root.name[:80])
    reader = _Reader(most_bytes)
    if message.find("StatusCode").name:
        return Read(reader.report(message), tuple(reader.oddities))
    return Read(reader.packet(root, message), tuple(reader.oddities))


class _Reader:
    def __init__(self, most_bytes: int) -> None:
        self.oddities: list[Oddity] = []
        self._left = most_bytes

    def report(self, message: Node) -> ProcessingReport:
        said = message.says("StatusCode")
        code = said.zfill(2) if said.isdigit() else said
        if code not in set(Processing):
            raise PacketRefused("edxml-no-packet", f"StatusCode {said[:20]}")
        return ProcessingReport(
            sender=_organ(message.find("From")),
            about=self._response(message.find("ResponseFor")),
            processing=Processing(code),
            description=_text(message, "Description"),
            at=self._moment(message, "Timestamp"),
            staff=_staff(message.find("StaffInfo")),
            receivers=tuple(_organ(node) for node in message.all("To")),
        )

    def packet(self, root: Node, message: Node) -> Packet:
        trace, business = root.descendant("TraceHeaderList"), root.descendant("Bussiness")
        if not business.name:
            business = root.descendant("Business")  # spelled as in a dictionary by some
        other, signer, kind = message.find("OtherInfo"), message.find("SignerInfo"), message.find("DocumentType")
        return Packet(
            sender=_organ(message.find("From")),
            receivers=tuple(_organ(node) for node in message.all("To")),
            code=Code(_text(message, "Code", "CodeNumber"), _text(message, "Code", "CodeNotation")),
            subject=_text(message, "Subject"),
            promulgated=self._day(message, "PromulgationInfo", "PromulgationDate"),
            place=_text(message, "PromulgationInfo", "Place"),
            document_id=_text(message, "DocumentId"),
            type_code=_text(kind, "Type"),
            type_detail=_text(kind, "TypeDetail"),
            type_name=_text(kind, "TypeName"),
            content=_text(message, "Content"),
            signer_authority=_text(signer, "Competence"),
            signer_position=_text(signer, "Position"),
            signer_name=_text(signer, "FullName"),
            due=self._day(message, "DueDate"),
            priority=Priority(self._number(other, "Priority", most=4)),
            sphere=_text(other, "SphereOfPromulgation"),
            typist=_text(other, "TyperNotation"),
            copies=self._number(other, "PromulgationAmount", unsaid=1),
            pages=self._number(other, "PageAmount"),
            direction=_text(other, "Direction"),
            appendixes=_texts(other.find("Appendixes"), "Appendix"),
            responses=tuple(self._response(node) for node in message.all("ResponseFor")),
            steering=_text(message, "SteeringType") or "1",
            to_places=_texts(message.find("ToPlaces"), "Place"),
            traces=tuple(
                Trace(_text(node, "OrganId"), self._moment(node, "Timestamp")) for node in trace.all("TraceHeader")
            ),
            business=Business(self._number(business, "BussinessDocType", "BusinessDocType", most=3)),
            reason=_text(business, "BussinessDocReason") or _text(business, "BusinessDocReason"),
            paper=_text(business, "Paper") == "1",
            replaces={
                _text(node, "DocumentId"): _texts(node.find("OrganIdList"), "OrganId")
                for node in business.find("ReplacementInfoList").all("ReplacementInfo")
            },
            receivers_changed={
                _text(node, "OrganId"): _text(node, "ReceiverType") == "1"
                for node in business.find("BussinessDocumentInfo", "ReceiverList").all("Receiver")
            },
            staff=_staff(business.find("StaffInfo")),
            files=self._files(root),
        )

    def _files(self, root: Node) -> tuple[Attached, ...]:
        manifest = root.descendant("edXMLManifest")
        names = {_cid(_text(node, "ContentId")): node for node in manifest.all("Reference")}
        files = []
        for node in root.descendant("AttachmentEncoded").all("Attachment"):
            identifier = _text(node, "ContentId")
            listed = names.pop(_cid(identifier), Node(""))
            if not listed.name:
                self._odd("attachment-not-listed", "AttachmentEncoded", identifier)
            file = self._file(node, listed, identifier)
            if file is not None:
                files.append(file)
        for identifier in names:
            self._odd("attachment-missing", "edXMLManifest", identifier)
        return tuple(files)

    def _file(self, node: Node, listed: Node, identifier: str) -> Attached | None:
        name = _text(node, "AttachmentName") or _text(listed, "AttachmentName")
        carried = self._decoded(node.find("ContentTransferEncoded"), name)
        if carried is None:
            return None
        inner, content = self._unpacked(carried, name)
        kind = _text(listed, "ContentType") or _text(node, "ContentType")
        if kind in ("", "application/zip", "zip") and content is not carried:
            kind = "application/pdf" if content.startswith(b"%PDF-") else "application/octet-stream"
        description = _text(listed, "Description") or _text(node, "Description")
        return Attached(name or inner, content, kind or "application/octet-stream", description, identifier)

    def _decoded(self, node: Node, name: str) -> bytes | None:
        if not node.name or not node.text.strip():
            self._odd("attachment-empty", "Attachment", name)
            return None
        if len(node.text) // 4 * 3 > self._left + 3:
            raise PacketRefused("edxml-too-large", name[:80])
        try:
            carried = base64.b64decode("".join(node.text.split()), validate=True)
        except (binascii.Error, ValueError):
            self._odd("attachment-not-base64", "Attachment", name)
            return None
        return carried

    def _unpacked(self, carried: bytes, name: str) -> tuple[str, bytes]:
        """The file inside an archive of exactly one file that the name does not call an archive, else what came."""
        wrapped = carried.startswith(b"PK\x03\x04") and not name.lower().endswith((".zip", ".docx", ".xlsx", ".pptx"))
        inner, content = "", carried
        if wrapped:
            try:
                with zipfile.ZipFile(io.BytesIO(carried)) as archive:
                    inside = [each for each in archive.infolist() if not each.is_dir()]
                    if len(inside) == 1:
                        if inside[0].file_size > self._left:
                            raise PacketRefused("edxml-too-large", name[:80])
                        with archive.open(inside[0]) as file:
                            content, inner = file.read(self._left + 1), inside[0].filename.rpartition("/")[2]
                    else:
                        self._odd("archive-of-several", "Attachment", f"{name}: {len(inside)}")
            except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError):
                self._odd("archive-broken", "Attachment", name)
                inner, content = "", carried
        self._left -= len(content)
        if self._left < 0:
            raise PacketRefused("edxml-too-large", name[:80])
        return inner, content

    def _response(self, node: Node) -> Response:
        number, notation = _text(node, "Code", "CodeNumber"), _text(node, "Code", "CodeNotation")
        code = Code(number, notation).written if number else _text(node, "Code")
        return Response(_text(node, "OrganId"), code, _text(node, "DocumentId"), self._day(node, "PromulgationDate"))

    def _number(self, node: Node, *names: str, most: int = 1_000_000, unsaid: int = 0) -> int:
        said = next((text for name in names if (text := _text(node, name))), "")
        if not said:
            return unsaid
        if not re.fullmatch(r"\d{1,9}", said, re.ASCII) or int(said) > most:
            self._odd("number-unusable", names[0], said)
            return unsaid
        return int(said)

    def _day(self, node: Node, *path: str) -> date | None:
        moment = self._any_time(_text(node, *path), path[-1])
        return moment.date() if moment else None

    def _moment(self, node: Node, *path: str) -> datetime | None:
        return self._any_time(_text(node, *path), path[-1])

    def _any_time(self, said: str, where: str) -> datetime | None:
        """`yyyy/MM/dd[ HH:mm:ss]` as the standard says, or the other orders and separators that occur."""
        if not said:
            return None
        found = _YEAR_FIRST.match(said) or _DAY_FIRST.match(said)
        if found:
            part = {name: int(value) for name, value in found.groupdict(default="0").items()}
            try:
                return datetime(part["y"], part["m"], part["d"], part["H"], part["M"], part["S"])  # noqa: DTZ001 - no zone on the wire
            except ValueError:
                pass
        self._odd("date-unusable", where, said)
        return None

    def _odd(self, code: str, where: str, found: str = "") -> None:
        self.oddities.append(Oddity(code, where, found[:120]))


_CLOCK = r"(?:[ T]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?)?"
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})[/.-](?P<m>\d{1,2})[/.-](?P<d>\d{1,2})" + _CLOCK, re.ASCII)
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})" + _CLOCK, re.ASCII)


def _organ(node: Node) -> Organ:
    return Organ(
        organ_id=_text(node, "OrganId"),
        name=_text(node, "OrganName"),
        in_charge=_text(node, "OrganizationInCharge"),
        address=_text(node, "OrganAdd"),
        email=_text(node, "Email"),
        telephone=_text(node, "Telephone"),
        fax=_text(node, "Fax"),
        website=_text(node, "Website"),
    )


def _staff(node: Node) -> Staff:
    return Staff(_text(node, "Department"), _text(node, "Staff"), _text(node, "Email"), _text(node, "Mobile"))


def _text(node: Node, *path: str) -> str:
    return unicodedata.normalize("NFC", " ".join(node.says(*path).split()))


def _texts(node: Node, name: str) -> tuple[str, ...]:
    return tuple(text for child in node.all(name) if (text := " ".join(child.text.split())))


def _cid(identifier: str) -> str:
    return identifier.strip().lower().removeprefix("cid:").strip("<>")
