"""edXML as bytes, in the literal form that receivers in the field accept.

Owns the prefixes: the envelope and everything below it carries `edXML:`, the signature and the attachments carry none
but for `edXML:ContentTransferEncoded`; both are bound to one namespace. A generic serializer would choose its own, and
some receivers compare texts, so elements are written here. Refuses nothing: `checking` judges a packet before.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from xml.sax.saxutils import escape

from sync.edxml.packet import (
    Attached,
    Business,
    Organ,
    Packet,
    ProcessingReport,
    Response,
    Staff,
    Trace,
    document_identifier,
)

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_BOUND = f' xmlns:edXML="{NAMESPACE}"'
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEGINNING_OF_ZIP = (1980, 1, 1, 0, 0, 0)
"""The same packet is always the same bytes, so archives inside carry no clock."""


def packet_bytes(packet: Packet, *, zipped: bool = True) -> bytes:
    """The packet as UTF-8. `zipped`: each file travels inside a ZIP archive, as the VNPT kit does, else as it is."""
    files = tuple(_named(file, index) for index, file in enumerate(packet.files, 1))
    header = _e("MessageHeader", _message(packet)) + _e("TraceHeaderList", _traces(packet))
    references = "".join(_reference(file) for file in files)
    manifest = _e("edXMLManifest", references, ' version="1.0"')
    envelope = _e("edXMLEnvelope", _e("edXMLHeader", header) + _e("edXMLBody", manifest), _BOUND)
    attachments = "".join(_attachment(file, zipped) for file in files)
    return _document(f"{envelope}<AttachmentEncoded>{attachments}</AttachmentEncoded>")


def report_bytes(report: ProcessingReport) -> bytes:
    """The status packet as UTF-8: an envelope with a header and nothing else."""
    message = (
        _e("From", _organ(report.sender))
        + "".join(_e("To", _organ(organ)) for organ in report.receivers)
        + _e("ResponseFor", _response(report.about))
        + _staff(report.staff)
        + _t("StatusCode", report.processing.value)
        + _t("Description", report.description)
        + _t("Timestamp", _moment(report.at))
    )
    header = _e("edXMLHeader", _e("MessageHeader", message))
    return _document(_e("edXMLEnvelope", header, _BOUND))


def _document(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<edXML xmlns="{NAMESPACE}">{inside}</edXML>'.encode()


def _message(packet: Packet) -> str:
    identifier = packet.document_id
    if not identifier and packet.promulgated is not None:
        identifier = document_identifier(packet.sender.organ_id, packet.promulgated, packet.code)
    return "".join(
        (
            _e("From", _organ(packet.sender)),
            *(_e("To", _organ(organ)) for organ in packet.receivers),
            _t("DocumentId", identifier),
            _e("Code", _t("CodeNumber", packet.code.number) + _t("CodeNotation", packet.code.notation)),
            _e("PromulgationInfo", _t("Place", packet.place) + _t("PromulgationDate", _day(packet.promulgated))),
            _e(
                "DocumentType",
                _t("Type", packet.type_code) + _t("TypeDetail", packet.type_detail) + _t("TypeName", packet.type_name),
            ),
            _t("Subject", packet.subject),
            _t("Content", packet.content or packet.subject),
            _e(
                "SignerInfo",
                _t("Competence", packet.signer_authority)
                + _t("Position", packet.signer_position)
                + _t("FullName", packet.signer_name),
            ),
            _t("DueDate", _day(packet.due)),
            _e("OtherInfo", _other(packet)),
            *(_e("ResponseFor", _response(each)) for each in packet.responses),
            _t("SteeringType", packet.steering),
            _e("ToPlaces", _each("Place", packet.to_places)),
        )
    )


def _other(packet: Packet) -> str:
    return (
        _t("Priority", str(int(packet.priority)))
        + _t("SphereOfPromulgation", packet.sphere)
        + _t("TyperNotation", packet.typist)
        + _t("PromulgationAmount", str(packet.copies))
        + _t("PageAmount", str(packet.pages))
        + _t("Direction", packet.direction)
        + _e("Appendixes", _each("Appendix", packet.appendixes))
    )


def _traces(packet: Packet) -> str:
    stations = "".join(_trace(each) for each in packet.traces)
    inside = (
        _t("DocumentId", packet.document_id if packet.business is not Business.NEW else "")
        + _t("BussinessDocType", str(int(packet.business)))
        + _t("BussinessDocReason", packet.reason)
        + _t("Paper", "1" if packet.paper else "0")
        + _changes(packet)
        + _staff(packet.staff)
    )
    return stations + _e("Bussiness", inside)


def _changes(packet: Packet) -> str:
    """Updating carries BussinessDocumentInfo, replacing ReplacementInfoList, recalling neither (official samples)."""
    if packet.business is Business.UPDATE:
        changed = "".join(
            _e("Receiver", _t("OrganId", organ) + _t("ReceiverType", "1" if added else "0"))
            for organ, added in packet.receivers_changed.items()
        )
        receiver = "1" if changed else "0"
        return _e(
            "BussinessDocumentInfo",
            _t("DocumentInfo", "1") + _t("DocumentReceiver", receiver) + _e("ReceiverList", changed),
        )
    if packet.business is Business.REPLACE:
        replaced = "".join(
            _e("ReplacementInfo", _t("DocumentId", identifier) + _e("OrganIdList", _each("OrganId", organs)))
            for identifier, organs in packet.replaces.items()
        )
        return _e("ReplacementInfoList", replaced)
    return ""


def _organ(organ: Organ) -> str:
    return (
        _t("OrganId", organ.organ_id)
        + _t("OrganizationInCharge", organ.in_charge)
        + _t("OrganName", organ.name)
        + _t("OrganAdd", organ.address)
        + _t("Email", organ.email)
        + _t("Telephone", organ.telephone)
        + _t("Fax", organ.fax)
        + _t("Website", organ.website)
    )


def _response(about: Response) -> str:
    return (
        _t("OrganId", about.organ_id)
        + _t("Code", about.code)
        + _t("PromulgationDate", _day(about.promulgated))
        + _t("DocumentId", about.document_id)
    )


def _staff(staff: Staff) -> str:
    inside = (
        _t("Department", staff.department)
        + _t("Staff", staff.name)
        + _t("Email", staff.email)
        + _t("Mobile", staff.mobile)
    )
    return _e("StaffInfo", inside)


def _trace(trace: Trace) -> str:
    return _e("TraceHeader", _t("OrganId", trace.organ_id) + _t("Timestamp", _moment(trace.at)))


def _reference(file: Attached) -> str:
    inside = (
        _t("ContentId", file.content_id)
        + _t("ContentType", file.content_type)
        + _t("Description", file.description)
        + _t("AttachmentName", file.name)
    )
    return _e("Reference", inside)


def _attachment(file: Attached, zipped: bool) -> str:
    carried, kind = (_in_archive(file), "application/zip") if zipped else (file.content, file.content_type)
    return (
        f"<Attachment><ContentId>{_text(file.content_id)}</ContentId>"
        f"<AttachmentName>{_text(file.name)}</AttachmentName>"
        f"<Description>{_text(file.description)}</Description><ContentType>{_text(kind)}</ContentType>"
        f"<edXML:ContentTransferEncoded{_BOUND}>{base64.b64encode(carried).decode()}"
        f"</edXML:ContentTransferEncoded></Attachment>"
    )


def _in_archive(file: Attached) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(file.name, _BEGINNING_OF_ZIP), file.content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _named(file: Attached, index: int) -> Attached:
    if file.content_id:
        return file
    return Attached(file.name, file.content, file.content_type, file.description, f"cid:{index}")


def _e(name: str, inside: str, attributes: str = "") -> str:
    return f"<edXML:{name}{attributes}>{inside}</edXML:{name}>"


def _t(name: str, text: str) -> str:
    return _e(name, _text(text)) if text else f"<edXML:{name}/>"


def _each(name: str, texts: Iterable[str]) -> str:
    return "".join(_t(name, text) for text in texts)


def _text(text: str) -> str:
    """Escaped, without characters that no XML document may hold (XML 1.0 §2.2)."""
    return escape(_UNPRINTABLE.sub("", text))


def _day(day: date | None) -> str:
    return f"{day:%Y/%m/%d}" if day else ""


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y/%m/%d %H:%M:%S}" if moment else ""
