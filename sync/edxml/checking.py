"""What keeps a packet from being taken by the systems on its way.

Owns the required elements and greatest lengths of QCVN 102:2016 as the field's checker enforces them. A finding names
the element, so that a clerk can be told what to shorten; nothing is cut silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sync.edxml.packet import Business, Organ, Packet, Processing, ProcessingReport


@dataclass(frozen=True, slots=True)
class Flaw:
    """`code` is one of `edxml-missing`, `edxml-too-long`, `edxml-future-date`, `edxml-duplicate-receiver`; `limit` in
    characters."""

    code: str
    where: str
    found: str = ""
    limit: int = 0


def flaws(packet: Packet, today: date) -> tuple[Flaw, ...]:
    """Everything a receiver's checker would refuse the packet for; none: it may be sent."""
    found = [*_missing(packet), *_too_long(packet)]
    if packet.promulgated is not None and packet.promulgated > today:
        found.append(Flaw("edxml-future-date", "PromulgationDate", packet.promulgated.isoformat()))
    seen: set[str] = set()
    for organ in packet.receivers:
        if organ.organ_id in seen:
            found.append(Flaw("edxml-duplicate-receiver", "To", organ.organ_id))
        seen.add(organ.organ_id)
    return tuple(found)


def report_flaws(report: ProcessingReport) -> tuple[Flaw, ...]:
    """The same for a status packet: a refusal must say why (Decision 28/2018, Điều 9)."""
    found = [*_organ_missing(report.sender, "From")]
    if not (report.about.document_id or report.about.code):
        found.append(Flaw("edxml-missing", "ResponseFor"))
    if report.processing in (Processing.REFUSED, Processing.RECALL_REFUSED) and not report.description.strip():
        found.append(Flaw("edxml-missing", "Description"))
    return tuple(found)


def _missing(packet: Packet) -> Iterator[Flaw]:
    yield from _organ_missing(packet.sender, "From")
    if not packet.receivers:
        yield Flaw("edxml-missing", "To")
    for organ in packet.receivers:
        yield from _organ_missing(organ, "To")
    if not packet.subject.strip():
        yield Flaw("edxml-missing", "Subject")
    if packet.business is Business.NEW and not packet.files:
        yield Flaw("edxml-missing", "Attachment")
    if packet.business is not Business.NEW and not packet.document_id:
        yield Flaw("edxml-missing", "DocumentId")
    if packet.business is Business.REPLACE and not packet.replaces:
        yield Flaw("edxml-missing", "ReplacementInfoList")


def _organ_missing(organ: Organ, where: str) -> Iterator[Flaw]:
    if not organ.organ_id.strip():
        yield Flaw("edxml-missing", f"{where}/OrganId")
    if not organ.name.strip():
        yield Flaw("edxml-missing", f"{where}/OrganName")


def _too_long(packet: Packet) -> Iterator[Flaw]:
    for where, limit, text in _lengths(packet):
        if len(text) > limit:
            yield Flaw("edxml-too-long", where, text, limit)


def _lengths(packet: Packet) -> Iterator[tuple[str, int, str]]:
    for where, organ in (("From", packet.sender), *(("To", organ) for organ in packet.receivers)):
        yield f"{where}/OrganName", 200, organ.name
        yield f"{where}/OrganizationInCharge", 200, organ.in_charge
        yield f"{where}/OrganAdd", 250, organ.address
        yield f"{where}/Email", 100, organ.email
        yield f"{where}/Telephone", 20, organ.telephone
        yield f"{where}/Fax", 20, organ.fax
    yield "CodeNumber", 11, packet.code.number
    yield "CodeNotation", 30, packet.code.notation
    yield "PromulgationInfo/Place", 50, packet.place
    yield "Subject", 500, packet.subject
    yield "Content", 500, packet.content
    yield "TypeName", 100, packet.type_name
    yield "Competence", 100, packet.signer_authority
    yield "Position", 100, packet.signer_position
    yield "FullName", 50, packet.signer_name
    yield "SphereOfPromulgation", 100, packet.sphere
    yield "TyperNotation", 10, packet.typist
    for place in packet.to_places:
        yield "ToPlaces/Place", 150, place
    for appendix in packet.appendixes:
        yield "Appendix", 250, appendix
    for file in packet.files:
        yield "AttachmentName", 200, file.name
