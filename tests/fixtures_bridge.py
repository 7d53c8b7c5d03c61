"""A province with delivered documents and a bridge over it, without broker or receiver."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sync.edxml.packet import Organ
from sync.province.bridge.bridging import Bridge
from sync.province.bridge.exchange import Exchange, FolderExchange
from sync.province.bridge.places import Places
from sync.province.bridge.settings import Settings
from sync.province.store import Box, ProvinceStore, Receipt, StoredDocument

BOX = "commune-27007"
COMMUNE = Organ("H99.12.34", "UBND xã Mẫu", in_charge="UBND tỉnh Mẫu")
OFFICE = Organ("H99", "UBND tỉnh Mẫu")
SETTINGS = Settings(OFFICE, {BOX: COMMUNE}, type_codes={"báo cáo": "2"})
RECEIVED = 1_772_690_400.0  # 2026-03-05 13:00 in Vietnam
NOW = RECEIVED + 3600
FIELDS = {
    "code_number": "12",
    "code_notation": "BC-UBND",
    "issued_date": "2026-03-05",
    "place": "Xã Mẫu",
    "type_name": "Báo cáo",
    "subject": "Kết quả quý I",
    "signer_position": "Chủ tịch",
    "signer_name": "Lò Văn A",
    "urgency": "hoa-toc",
}


def pdf(number: int) -> bytes:
    """Bytes of a document of the tests."""
    return b"%PDF-1.7\n" + f"van ban {number}\n".encode() * 50


def deliver(store: ProvinceStore, number: int, fields: Mapping[str, Any] | None = None, box: str = BOX) -> str:
    """Keep a document as the receiver would; returns its id."""
    if store.fleet.box(box) is None:
        store.fleet.enrol(Box(box, "UBND xã Mẫu", bytes(32), "00", 1.0))
    content, document_id = pdf(number), f"0192f0c1-0000-7000-8000-{number:012d}"
    sha256 = hashlib.sha256(content).hexdigest()
    path = store.blobs.path(sha256)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    tid = f"{number:016x}"
    said = {"code_number": str(number), **({} if fields is None else fields)}
    meta = {"kind": "outgoing", "pages": 3, "fields": FIELDS | said}
    previous = hashlib.sha256(f"{box}{number}".encode()).digest()
    receipt = Receipt(
        number, box, tid, hashlib.sha256(tid.encode()).digest(), document_id, sha256, len(content), number,
        "stored", "", RECEIVED, previous, previous, b"cose",
    )  # fmt: skip
    document = StoredDocument(
        box, document_id, tid, sha256, len(content), number, "outgoing", "application/pdf", meta, {}, b"", RECEIVED,
        number,
    )  # fmt: skip
    store.answers.commit(receipt, document)
    return document_id


def say(code: str, detail: str) -> str:
    """The note beside a failed packet, in tests."""
    return f"{code}: {detail}"


def bridge(root: Path, store: ProvinceStore, settings: Settings = SETTINGS, exchange: Exchange | None = None) -> Bridge:
    """A bridge over the store, its folders below `root`."""
    places = Places(root / "edxml")
    return Bridge(store, settings, places, exchange or FolderExchange(places), say)
