"""The edXML codec: literal prefixes, round trips, lenient reading, bounded reading of hostile packets."""

from __future__ import annotations

import base64
import io
import re
import unicodedata
import zipfile
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.edxml.checking import flaws, report_flaws
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
    document_identifier,
)
from sync.edxml.reading import PacketRefused, read
from sync.edxml.writing import NAMESPACE, packet_bytes, report_bytes

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
COMMUNE = Organ("H99.12.34", "UBND xã Mẫu", "UBND tỉnh Mẫu", "Thôn 1", "ubnd@example.invalid", "0")
PROVINCE = Organ("H99.01", "Sở Nội vụ")
PACKET = Packet(
    sender=COMMUNE,
    receivers=(PROVINCE,),
    code=Code("12", "BC-UBND"),
    subject="Kết quả quý I <gồm A & B>",
    promulgated=date(2026, 3, 5),
    place="Xã Mẫu",
    document_id="H99.12.34,2026/03/05,12/BC-UBND",
    type_name="Báo cáo",
    content="Kết quả quý I",
    signer_authority="TM. ỦY BAN NHÂN DÂN",
    signer_position="CHỦ TỊCH",
    signer_name="Lò Văn A",
    due=date(2026, 4, 1),
    priority=Priority.EXPRESS,
    pages=3,
    appendixes=("Phụ lục I",),
    responses=(Response("H99.01", "7/SNV-VP", "H99.01,2026/02/01,7/SNV-VP", date(2026, 2, 1)),),
    to_places=("Như trên", "Lưu: VT"),
    traces=(Trace("H99.12.34", datetime.fromisoformat("2026-03-05T14:30:00")),),
    staff=Staff("Văn phòng", "Trần Thị Lan"),
    files=(Attached("12_BC-UBND.pdf", PDF, description="Văn bản chính", content_id="cid:1"),),
)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_packet_comes_back_as_it_was(zipped: bool) -> None:
    found = read(packet_bytes(PACKET, zipped=zipped))
    assert found.packet == PACKET
    assert found.oddities == ()


def test_the_literal_form_that_receivers_compare() -> None:
    text = packet_bytes(PACKET).decode()
    assert f'<edXML xmlns="{NAMESPACE}"><edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}">' in text
    inside, _, attachments = text.partition("</edXML:edXMLEnvelope>")
    unprefixed = re.findall(r"<(?!/?edXML:)/?(\w+)", inside)
    assert unprefixed == ["edXML"], "the root alone carries no prefix before the attachments"
    assert set(re.findall(r"<(\w[\w:]*)", attachments)) == {
        "AttachmentEncoded", "Attachment", "ContentId", "AttachmentName", "Description", "ContentType",
        "edXML:ContentTransferEncoded",
    }  # fmt: skip
    assert "<edXML:BussinessDocType>0</edXML:BussinessDocType>" in text
    assert "<edXML:PromulgationDate>2026/03/05</edXML:PromulgationDate>" in text
    assert "<edXML:Timestamp>2026/03/05 14:30:00</edXML:Timestamp>" in text
    assert packet_bytes(PACKET) == packet_bytes(PACKET), "the same packet is the same bytes"


def test_the_payload_is_an_archive_of_one_file_or_the_file() -> None:
    def payload(zipped: bool) -> bytes:
        text = packet_bytes(PACKET, zipped=zipped).decode()
        found = re.search(r"<edXML:ContentTransferEncoded[^>]*>([^<]+)<", text)
        assert found
        return base64.b64decode(found[1])

    with zipfile.ZipFile(io.BytesIO(payload(True))) as archive:
        assert archive.namelist() == ["12_BC-UBND.pdf"] and archive.read("12_BC-UBND.pdf") == PDF
    assert payload(False) == PDF


def test_the_document_identifier_is_made_where_none_is_given() -> None:
    assert document_identifier("H99.12.34", date(2026, 3, 5), Code("12", "BC-UBND")) == PACKET.document_id
    found = read(packet_bytes(replace(PACKET, document_id=""))).packet
    assert isinstance(found, Packet) and found.document_id == PACKET.document_id


@pytest.mark.parametrize(
    ("change", "present", "absent"),
    [
        ({"business": Business.RECALL}, "", "BussinessDocumentInfo|ReplacementInfoList"),
        ({"business": Business.UPDATE, "receivers_changed": {"H99.02": True, "H99.03": False}},
         "BussinessDocumentInfo", "ReplacementInfoList"),
        ({"business": Business.REPLACE, "replaces": {"H99.12.34,2026/01/01,1/BC-UBND": ("H99.01", "H99.02")}},
         "ReplacementInfoList", "BussinessDocumentInfo"),
    ],
)  # fmt: skip
def test_updates_replacements_and_recalls(change: dict[str, object], present: str, absent: str) -> None:
    packet = replace(PACKET, **change)  # type: ignore[arg-type]
    text = packet_bytes(packet).decode()
    assert re.search(present, text) and not re.search(absent, text)
    assert read(text.encode()).packet == packet


@pytest.mark.parametrize("status", list(Processing))
def test_a_status_comes_back(status: Processing) -> None:
    said = ProcessingReport(
        COMMUNE, PACKET.responses[0], status, "Sai nơi nhận" if status is Processing.REFUSED else "",
        datetime.fromisoformat("2026-03-06T08:00:01"), Staff(name="Trần Thị Lan"), (PROVINCE,),
    )  # fmt: skip
    content = report_bytes(said)
    assert b"AttachmentEncoded" not in content and b"edXMLBody" not in content
    assert read(content).packet == said
    assert report_flaws(said) == (
        () if status is not Processing.RECALL_REFUSED else report_flaws(replace(said, description=""))
    )
    assert status.by_sender is (status is Processing.RECALL_ASKED)


def test_a_refusal_without_a_reason_is_flawed() -> None:
    said = ProcessingReport(COMMUNE, Response(code="7/SNV-VP"), Processing.REFUSED)
    assert [(flaw.code, flaw.where) for flaw in report_flaws(said)] == [("edxml-missing", "Description")]


def test_other_namespaces_orders_prefixes_and_dates_are_read() -> None:
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
    <x:edXML xmlns:x="http://www.e-doc.vn/Schema/"><AttachmentEncoded><Attachment>
      <x:ContentTransferEncoded>{base64.b64encode(PDF).decode()[:40]}
         {base64.b64encode(PDF).decode()[40:]}</x:ContentTransferEncoded>
      <ContentType>application/pdf</ContentType><ContentId>1</ContentId><AttachmentName>a.pdf</AttachmentName>
    </Attachment></AttachmentEncoded><x:Envelope><x:Header>
      <x:TraceHeaderList><Bussiness><BussinessDocType>2</BussinessDocType></Bussiness></x:TraceHeaderList>
      <x:MessageHeader><Subject>  Về
         việc  </Subject><To><OrganName>B</OrganName><OrganId>H2</OrganId></To>
        <PromulgationInfo><PromulgationDate>05/03/2026 10:00</PromulgationDate></PromulgationInfo>
        <DueDate>31/02/2026</DueDate><Code><CodeNotation>UBND</CodeNotation><CodeNumber>12a</CodeNumber></Code>
        <OtherInfo><PageAmount>ba</PageAmount><Priority>9</Priority></OtherInfo>
        <From><OrganName>A</OrganName><OrganId>H1</OrganId></From>
      </x:MessageHeader></x:Header><x:Body><x:edXMLManifest><Reference><ContentId>cid:1</ContentId>
        <Description>Chính</Description></Reference><Reference><ContentId>cid:2</ContentId></Reference>
      </x:edXMLManifest></x:Body></x:Envelope></x:edXML>"""
    found = read(text.encode())
    packet = found.packet
    assert isinstance(packet, Packet)
    assert (packet.sender.organ_id, packet.receivers[0].name, packet.subject) == ("H1", "B", "Về việc")
    assert packet.promulgated == date(2026, 3, 5) and packet.due is None
    assert packet.code.number == "12a" and packet.business is Business.UPDATE
    assert packet.priority is Priority.ORDINARY and packet.pages == 0
    assert packet.files == (Attached("a.pdf", PDF, "application/pdf", "Chính", "1"),)
    assert {(odd.code, odd.where) for odd in found.oddities} == {
        ("date-unusable", "DueDate"), ("number-unusable", "PageAmount"), ("number-unusable", "Priority"),
        ("attachment-missing", "edXMLManifest"),
    }  # fmt: skip


def test_an_office_file_is_not_taken_for_a_wrapping() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    packet = replace(PACKET, files=(Attached("du thao.docx", made.getvalue(), "application/msword", "", "cid:1"),))
    assert read(packet_bytes(packet, zipped=False)).packet == packet
    assert read(packet_bytes(packet, zipped=True)).packet != packet, "a wrapped office file keeps its wrapping, whole"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "xml-malformed"),
        (b"%PDF-1.7", "xml-malformed"),
        (b"<a><b></a>", "xml-malformed"),
        (b'<?xml version="1.0" encoding="x-unknown"?><a/>', "xml-malformed"),
        (b"<a/>", "edxml-no-packet"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml-doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml-doctype"),
        (b"<a>" * 100 + b"</a>" * 100, "xml-too-large"),
        (b"<a>" + b"<b/>" * 30_000 + b"</a>", "xml-too-large"),
        (b"<e><MessageHeader><StatusCode>99</StatusCode></MessageHeader></e>", "edxml-no-packet"),
    ],
)
def test_what_is_no_packet_is_refused_with_a_code(content: bytes, code: str) -> None:
    with pytest.raises(PacketRefused) as caught:
        read(content)
    assert caught.value.code == code


def test_an_archive_bomb_costs_nothing() -> None:
    packet = replace(PACKET, files=(Attached("0.pdf", bytes(5_000_000), content_id="cid:1"),))
    content = packet_bytes(packet)
    assert len(content) < 20_000
    with pytest.raises(PacketRefused) as caught:
        read(content, most_bytes=1_000_000)
    assert caught.value.code == "edxml-too-large"


def test_broken_attachments_are_told_and_the_letter_is_read() -> None:
    text = packet_bytes(PACKET, zipped=False).decode()
    payload = base64.b64encode(PDF).decode()
    for broken, code in (("####", "attachment-not-base64"), ("", "attachment-empty")):
        found = read(text.replace(payload, broken).encode())
        assert isinstance(found.packet, Packet) and found.packet.subject == PACKET.subject
        assert [odd.code for odd in found.oddities] == [code]
    cut = base64.b64encode(b"PK\x03\x04" + PDF).decode()
    found = read(text.replace(payload, cut).encode())
    assert [odd.code for odd in found.oddities] == ["archive-broken"]


def test_what_the_checker_would_refuse() -> None:
    assert flaws(PACKET, date(2026, 3, 5)) == ()
    bad = replace(
        PACKET,
        receivers=(PROVINCE, PROVINCE),
        code=Code("123456789012", "N" * 31),
        subject="",
        signer_name="x" * 51,
        to_places=("y" * 151,),
        promulgated=date(2026, 3, 6),
        files=(),
    )
    found = {(flaw.code, flaw.where, flaw.limit) for flaw in flaws(bad, date(2026, 3, 5))}
    assert found == {
        ("edxml-missing", "Subject", 0), ("edxml-missing", "Attachment", 0), ("edxml-duplicate-receiver", "To", 0),
        ("edxml-too-long", "CodeNumber", 11), ("edxml-too-long", "CodeNotation", 30),
        ("edxml-too-long", "FullName", 50), ("edxml-too-long", "ToPlaces/Place", 150),
        ("edxml-future-date", "PromulgationDate", 0),
    }  # fmt: skip
    replacing = replace(PACKET, business=Business.REPLACE, document_id="", files=())
    assert {flaw.where for flaw in flaws(replacing, date(2026, 3, 5))} == {"DocumentId", "ReplacementInfoList"}


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=60).map(
    lambda text: " ".join(unicodedata.normalize("NFC", text).split())
)


@given(subject=words, name=words, place=words, number=words, content=st.binary(max_size=200))
def test_any_text_survives(subject: str, name: str, place: str, number: str, content: bytes) -> None:
    packet = replace(
        PACKET,
        subject=subject,
        signer_name=name,
        place=place,
        code=Code(number, "N"),
        content="x",
        files=(Attached("f.bin", b"x" + content, "application/octet-stream", "", "cid:1"),),
    )
    assert read(packet_bytes(packet)).packet == packet


@given(st.binary(max_size=400))
def test_any_bytes_are_a_packet_or_refused(content: bytes) -> None:
    for each in (content, b"<e><MessageHeader>" + content + b"</MessageHeader></e>"):
        try:
            read(each)
        except PacketRefused:
            pass
