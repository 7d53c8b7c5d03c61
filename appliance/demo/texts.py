"""What a generated administrative paper says: its facts and its words, nothing about how it looks.

Owns `Paper` (the ground truth of one document), `fields` (the same under the field names of the product) and
`varied_paper`, which writes distinct one-page papers from a few subjects. It refuses to name any real commune,
province or person: every name here is invented, and everything is decided by the seed. Invariant: all text is Unicode
NFC.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from appliance.demo.subjects import SUBJECTS, Subject

PROVINCE = "Thượng Giang"
COMMUNES = (
    "xã Đồng Mận",
    "xã Nà Lũng",
    "xã Vĩnh Thủy",
    "xã Khe Sậy",
    "phường Bến Tằm",
    "phường Ỷ Lan Hạ",
    "đặc khu Hòn Diều",
)
URGENCY_WORDS = {"khan": "KHẨN", "thuong-khan": "THƯỢNG KHẨN", "hoa-toc": "HỎA TỐC"}
SECRECY_WORDS = {"mat": "MẬT", "toi-mat": "TỐI MẬT", "tuyet-mat": "TUYỆT MẬT"}
_FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Vũ",
    "Đỗ",
    "Bùi",
    "Đặng",
    "Nông",
    "Lý",
    "Quách",
    "Hà",
    "Mẫn",
    "Giàng",
    "Võ",
)
_MIDDLE = ("Văn", "Thị", "Đức", "Minh", "Ngọc", "Hữu", "Thúy", "Quỳnh", "Xuân", "Bảo", "Hải", "Kỳ")
_GIVEN = (
    "Hưởng",
    "Thuận",
    "Khuê",
    "Diễm",
    "Tuệ",
    "Phước",
    "Lẫm",
    "Sửu",
    "Nhẫn",
    "Oanh",
    "Vượng",
    "Mỹ",
    "Dũng",
    "Bằng",
    "Thạch",
)


@dataclass(frozen=True)
class Paper:
    """One document as its author meant it: the facts that can be checked after digitizing.

    `type_name` is "" for a công văn (Decree 30/2020, annex III gives it no name). `issuer` and `parent_issuer` are in
    capitals, as printed. A body paragraph holding "\\t" is a table: rows parted by "\\n", cells by "\\t"; its first
    row is the heading.
    """

    key: str
    kind: str
    code_number: str
    code_notation: str
    issued_date: date
    place: str
    issuer: str
    parent_issuer: str
    type_name: str
    subject: str
    body: tuple[str, ...]
    recipients: tuple[str, ...]
    signer_authority: str
    signer_position: str
    signer_name: str
    addressees: tuple[str, ...] = ()
    urgency: str = ""
    secrecy: str = ""
    pages: int = 1
    seal: bool = True
    handwritten_signature: bool = True
    arrival_stamp: bool = False
    receiver: str = "UBND XÃ ĐỒNG MẬN"

    @property
    def code(self) -> str:
        """Number and notation as printed, such as "05/QĐ-UBND" (Decree 30/2020, annex I, ô 3)."""
        return f"{self.code_number}/{self.code_notation}"


def fields(paper: Paper) -> dict[str, str]:
    """Expected field values of a paper under the product's field names; dates as YYYY-MM-DD, "" where the paper has
    none.

    A công văn's type is named "Công văn" and its subject keeps the printed "V/v ".
    """
    return {
        "code": paper.code,
        "code_number": paper.code_number,
        "code_notation": paper.code_notation,
        "issued_date": paper.issued_date.isoformat(),
        "place": paper.place,
        "issuer": paper.issuer,
        "parent_issuer": paper.parent_issuer,
        "type_name": paper.type_name or "Công văn",
        "subject": paper.subject if paper.type_name else f"V/v {paper.subject}",
        "urgency": paper.urgency,
        "secrecy": paper.secrecy,
        "signer_position": paper.signer_position,
        "signer_name": paper.signer_name,
    }


def person(rng: random.Random) -> str:
    """An invented Vietnamese name of three syllables."""
    return f"{rng.choice(_FAMILY)} {rng.choice(_MIDDLE)} {rng.choice(_GIVEN)}"


def short_place(commune: str) -> str:
    """The place name of a commune without its rank: "xã Đồng Mận" gives "Đồng Mận"."""
    for rank in ("xã ", "phường ", "đặc khu "):
        commune = commune.removeprefix(rank)
    return commune


def varied_paper(number: int, seed: int, outgoing: bool = False) -> Paper:
    """One distinct one-page paper: `number` goes into its code, all else follows from `seed` and `number`.

    An outgoing paper is a draft of the commune: neither pen signature nor seal, because it will be signed digitally.
    """
    rng = random.Random(f"{seed}/{number}")
    choices = [s for s in SUBJECTS if s.outgoing == outgoing]
    chosen = choices[number % len(choices)]
    commune = COMMUNES[0] if outgoing else rng.choice(COMMUNES)
    issued = date(2026, 1, 5) + timedelta(days=(number * 3 + rng.randrange(3)) % 300)
    slots = _slots(rng, commune, issued)
    return Paper(
        key=f"varied-{seed}-{number}",
        kind="outgoing" if outgoing else "incoming-scan",
        code_number=f"{number:02d}",
        code_notation=chosen.notation,
        issued_date=issued,
        place=short_place(commune) if outgoing else PROVINCE,
        issuer=(f"ỦY BAN NHÂN DÂN {commune}" if outgoing else chosen.issuer).upper(),
        parent_issuer="" if outgoing or chosen.issuer.startswith("ỦY BAN") else f"UBND TỈNH {PROVINCE}".upper(),
        type_name=chosen.type_name,
        subject=chosen.subject.format(**slots),
        body=tuple(p.format(**slots) for p in chosen.body),
        recipients=tuple(r.format(**slots) for r in chosen.recipients),
        addressees=tuple(a.format(**slots) for a in chosen.addressees),
        signer_authority=chosen.authority,
        signer_position=chosen.position,
        signer_name=person(rng),
        urgency=rng.choice(("", "", "", "", "khan", "hoa-toc")) if not outgoing else "",
        seal=not outgoing,
        handwritten_signature=not outgoing,
        arrival_stamp=not outgoing and not chosen.type_name and rng.random() < 0.5,
    )


def _slots(rng: random.Random, commune: str, issued: date) -> dict[str, str]:
    due = issued + timedelta(days=rng.randrange(9, 40))
    earlier = issued - timedelta(days=rng.randrange(6, 60))
    return {
        "commune": commune,
        "place": short_place(commune),
        "province": PROVINCE,
        "due": f"{due:%d/%m/%Y}",
        "earlier": f"{earlier:%d/%m/%Y}",
        "year": str(issued.year),
        "ref": str(rng.randrange(11, 2600)),
        "a": str(rng.randrange(12, 96)),
        "b": str(rng.randrange(120, 990)),
        "c": f"{rng.randrange(61, 99)},{rng.randrange(1, 9)}",
        "km": f"{rng.randrange(1, 10)},{rng.randrange(1, 10)}",
        "money": f"{rng.randrange(105, 980)}.{rng.randrange(0, 10)}00.000",
        "village": rng.choice(("Pò Mỏ", "Bản Nhẳng", "Gò Đậu", "Cây Khế", "Lũng Vỉ", "Đầm Sẫm", "Xóm Trễ")),
        "name": person(rng),
    }


__all__ = [
    "COMMUNES",
    "PROVINCE",
    "SECRECY_WORDS",
    "URGENCY_WORDS",
    "Paper",
    "Subject",
    "fields",
    "person",
    "short_place",
    "varied_paper",
]
