"""What a paper of the test set says: facts and words, drawn from a seed; nothing about how it looks.

Owns `Script` (everything that is printed, stamped or written on one paper) and `script`, which draws the n-th. The
share of stamps, handwriting, backs and appendices is meant for measuring, not for a commune's average day. Invariant:
everything follows from (seed, number); all text is NFC.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

from appliance.demo.texts import COMMUNES, PROVINCE, person, short_place
from tests.data.more_stamps import HARMLESS
from tests.data.truth_kinds import KINDS, OFFICES, SENTENCES, Kind

URGENCIES = ("khan", "thuong-khan", "hoa-toc", "hoa-toc")
SECRECIES = ("mat", "toi-mat", "tuyet-mat")
_VILLAGES = ("Pò Mỏ", "Bản Nhẳng", "Gò Đậu", "Cây Khế", "Lũng Vỉ", "Đầm Sẫm", "Xóm Trễ", "Khuổi Ngọa")


@dataclass(frozen=True)
class Signer:
    """One signature block: authority lines ("" for none), position, name; `title` is printed before the name (a rank,
    a degree) and is no part of it.
    """

    authority: str
    position: str
    name: str
    title: str = ""


@dataclass(frozen=True)
class Look:
    """How an office sets its papers; millimetres and points. Empty lines mean: broken as usual."""

    issuer_lines: tuple[str, ...] = ()
    parent_lines: tuple[str, ...] = ()
    shift: float = 0.0  # of the left column's middle
    points: float = 13.0  # of national title and issuer
    date_drop: float = 0.0  # of the date under the number's row
    month_zero: bool = False  # 05/07 instead of 05/7
    slash: str = "/"  # as printed between number and notation
    title_points: float = 14.0
    subject_style: str = "regular"  # of "V/v …"
    subject_mark: str = "V/v "
    star: str = "*"


@dataclass(frozen=True)
class Script:
    """All that stands on one paper. `by_hand` names what a pen wrote instead of the printer: "number", "day"."""

    key: str
    kind: Kind
    number: str
    notation: str
    issued: date
    place: str
    issuers: tuple[str, ...]
    parent: str
    subject: str
    body: tuple[str, ...]
    addressees: tuple[str, ...]
    recipients: tuple[str, ...]
    signers: tuple[Signer, ...]
    by_hand: frozenset[str] = frozenset()
    urgency: str = ""
    arrow: float | None = None
    secrecy: str = ""
    frame: str = ""
    arrival: tuple[str, str, str] | None = None  # office, number, day
    appendix: tuple[str, tuple[str, ...], Signer] | None = None
    back: bool = False
    seal: bool = True
    look: Look = Look()

    @property
    def party(self) -> bool:
        """Whether the Party's layout applies."""
        return self.kind.layout == "party"

    @property
    def draft(self) -> bool:
        """Whether number and day are still open."""
        return self.kind.layout == "draft"

    @property
    def code(self) -> str:
        """As printed: "12/QĐ-UBND", of the Party "12-NQ/ĐU"; "" for a draft."""
        return "" if self.draft else f"{self.number}{'-' if self.party else '/'}{self.notation}"


def script(number: int, seed: int, *, secrets: bool = True) -> Script:
    """The `number`-th paper of a seed; every seventh one bears a secrecy stamp unless `secrets` is off."""
    rng = random.Random(f"truth/{seed}/{number}")
    kind = KINDS[number % len(KINDS)]
    commune = rng.choice(COMMUNES)
    issued = date(2025, 8, 4) + timedelta(days=rng.randrange(0, 420))
    issuers, parent, notation = _issuer(rng, kind, commune)
    slots = slots_for(rng, commune, issued, _spoken(kind, issuers[0], commune))
    local = kind.issuers != "office" and "TỈNH" not in issuers[0]
    written = Script(
        key=f"{kind.key}-{seed}-{number}",
        kind=kind,
        number=number_of(rng),
        notation=notation,
        issued=issued,
        place=short_place(commune) if local else PROVINCE,
        issuers=issuers,
        parent=parent,
        subject=rng.choice(kind.subjects).format(**slots),
        body=body_for(rng, kind, slots),
        addressees=_addressees(rng, kind, commune),
        recipients=_recipients(rng, kind, notation),
        signers=_signers(rng, kind, issuers),
    )
    return _dressed(rng, written, commune, number, secrets)


def _spoken(kind: Kind, issuer: str, commune: str) -> str:
    """The issuer as running text names it."""
    return issuer.capitalize() if kind.issuers == "office" else f"Ủy ban nhân dân {commune}"


def number_of(rng: random.Random) -> str:
    value = rng.choice(
        (rng.randrange(1, 10), rng.randrange(10, 100), rng.randrange(100, 1000), rng.randrange(1000, 5200))
    )
    return f"{value:02d}"


def _issuer(rng: random.Random, kind: Kind, commune: str) -> tuple[tuple[str, ...], str, str]:
    """Issuers and parent in capitals, and the notation."""
    province = f"UBND TỈNH {PROVINCE}".upper()
    if kind.issuers == "party":
        return (f"ĐẢNG ỦY {commune}".upper(),), f"ĐẢNG BỘ TỈNH {PROVINCE}".upper(), f"{kind.short}/ĐU"
    if kind.issuers == "council":
        return (f"HỘI ĐỒNG NHÂN DÂN {commune}".upper(),), "", f"{kind.short}-HĐND"
    if kind.issuers == "committee":
        whose = rng.choice((f"tỉnh {PROVINCE}", commune, commune))
        return (f"ỦY BAN NHÂN DÂN {whose}".upper(),), "", f"{kind.short}-UBND"
    first, second = rng.sample(OFFICES, 2)
    if kind.layout == "joint":
        return (first[0], second[0]), province, f"{kind.short}-{first[1]}-{second[1]}"
    notation = f"{kind.short}-{first[1]}" if kind.short else f"{first[1]}-{rng.choice(first[2])}"
    return (first[0],), province, notation


def slots_for(rng: random.Random, commune: str, issued: date, office: str) -> dict[str, str]:
    earlier, due = issued - timedelta(days=rng.randrange(6, 90)), issued + timedelta(days=rng.randrange(9, 60))
    return {
        "commune": commune,
        "office": office,
        "village": rng.choice(_VILLAGES),
        "name": person(rng),
        "year": str(issued.year),
        "quarter": str(rng.randrange(1, 5)),
        "month": str(rng.randrange(1, 13)),
        "ref": str(rng.randrange(11, 3600)),
        "earlier": rng.choice((f"{earlier:%d/%m/%Y}", f"{earlier:%d} tháng {earlier.month} năm {earlier.year}")),
        "due": f"{due:%d/%m/%Y}",
        "a": str(rng.randrange(12, 98)),
        "b": f"{rng.randrange(1, 9)}.{rng.randrange(100, 999)}",
        "c": f"{rng.randrange(61, 99)},{rng.randrange(1, 10)}",
        "km": f"{rng.randrange(1, 10)},{rng.randrange(1, 10)}",
        "money": f"{rng.randrange(105, 980)}.{rng.randrange(100, 999)}.000",
    }


def body_for(rng: random.Random, kind: Kind, slots: dict[str, str]) -> tuple[str, ...]:
    chosen = rng.sample(SENTENCES, rng.choice((6, 7, 8, 12)))
    opening = [line.format(**slots) for line in kind.opening]
    decides = bool(opening) and opening[-1].endswith(":")
    paragraphs, place = [], 0
    while place < len(chosen):
        take = rng.choice((1, 2, 2))
        text = " ".join(chosen[place : place + take]).format(**slots)
        count = len(paragraphs) + 1
        paragraphs.append(f"Điều {count}. {text}" if decides else f"{count}. {text}" if rng.random() < 0.7 else text)
        place += take
    if rng.random() < 0.3:
        rows = [f"Thôn {v}\t{rng.randrange(80, 400)}\t{rng.randrange(5, 60)}" for v in rng.sample(_VILLAGES, 3)]
        paragraphs.insert(2, "\n".join(("Đơn vị\tTổng số hộ\tHộ nghèo", *rows)))
    paragraphs[-1] = paragraphs[-1].rstrip(".;") + "./."
    if "\t" in paragraphs[-1]:
        paragraphs.reverse()
    return (*opening, *paragraphs)


def _addressees(rng: random.Random, kind: Kind, commune: str) -> tuple[str, ...]:
    if not kind.addressed:
        return ()
    several = (
        f"Ủy ban nhân dân {commune};",
        "Các phòng, ban, đơn vị trực thuộc;",
        "Trung tâm Phục vụ hành chính công.",
    )
    return several[: rng.choice((1, 1, 2, 3))] if rng.random() < 0.9 else ("Ủy ban nhân dân tỉnh",)


def _recipients(rng: random.Random, kind: Kind, notation: str) -> tuple[str, ...]:
    first = (
        "- Như trên;"
        if kind.addressed
        else rng.choice(("- Như Điều 3;", "- Như thành phần;", "- Các đơn vị liên quan;"))
    )
    middle = rng.sample(
        ("- UBND tỉnh (b/c);", "- CT, các PCT;", "- TT Đảng ủy, HĐND;", "- Đoàn thể xã;", "- Cổng TTĐT;"), 2
    )
    return (first, *middle, f"- Lưu: VT, {rng.choice(('VP', 'KT', 'VHXH', 'TH'))}.")


def _signers(rng: random.Random, kind: Kind, issuers: tuple[str, ...]) -> tuple[Signer, ...]:
    if kind.layout == "two-parties":
        pair = ("THƯ KÝ", "CHỦ TRÌ") if kind.key == "bien-ban" else ("ĐẠI DIỆN BÊN B", "ĐẠI DIỆN BÊN A")
        return tuple(Signer("", position, person(rng)) for position in pair)
    if kind.layout == "joint":
        return tuple(Signer(f"{name}", "GIÁM ĐỐC", person(rng)) for name in reversed(issuers))
    if kind.layout == "party":
        choice = rng.choice((("T/M BAN THƯỜNG VỤ", "BÍ THƯ"), ("T/M ĐẢNG ỦY\nK/T BÍ THƯ", "PHÓ BÍ THƯ")))
    elif kind.issuers == "council":
        choice = rng.choice((("", "CHỦ TỊCH"), ("TM. HỘI ĐỒNG NHÂN DÂN", "CHỦ TỊCH")))
    elif kind.issuers == "committee":
        body = "TM. ỦY BAN NHÂN DÂN"
        choice = rng.choice(((body, "CHỦ TỊCH"), (f"{body}\nKT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), ("", "CHỦ TỊCH")))
    else:
        choice = rng.choice(
            (("", "GIÁM ĐỐC"), ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"), ("TL. GIÁM ĐỐC", "CHÁNH VĂN PHÒNG"))
            if issuers[0].startswith("SỞ")
            else (("", "TRƯỞNG BAN"), ("KT. TRƯỞNG BAN", "PHÓ TRƯỞNG BAN"))
        )
    return (Signer(*choice, person(rng)),)


def _dressed(rng: random.Random, bare: Script, commune: str, number: int, secrets: bool) -> Script:
    """The paper with what stamps, pens and the scanner's operator added."""
    secret = secrets and number % 7 == 4 and not bare.draft
    by_hand = set() if bare.draft else {what for what in ("number", "day") if rng.random() < 0.25}
    urgency = "" if bare.draft else rng.choice(("", "", "", *URGENCIES))
    if bare.kind.key == "cong-dien" and not urgency:
        urgency = "khan"
    day = bare.issued + timedelta(days=rng.randrange(1, 5))
    appendix = None
    if not bare.draft and bare.kind.layout == "decree30" and rng.random() < 0.2:
        slots = slots_for(rng, commune, bare.issued, "cơ quan")
        lines = tuple(line.format(**slots) for line in rng.sample(SENTENCES, 4))
        appendix = ("DANH MỤC NHIỆM VỤ VÀ ĐƠN VỊ THỰC HIỆN", lines, Signer("", "NGƯỜI LẬP BIỂU", person(rng)))
    arrival = None
    chance = (
        0.7 if not bare.kind.type_name else 0.3 if bare.kind.layout == "decree30" and not (urgency or secret) else 0
    )
    if rng.random() < chance:
        arrival = (f"UBND {commune}".upper(), str(rng.randrange(12, 2400)), f"{day.day:02d}/{day.month:02d}")
    return replace(
        bare,
        by_hand=frozenset(by_hand),
        urgency=urgency,
        arrow=rng.uniform(-42, 42) if urgency == "hoa-toc" and rng.random() < 0.5 else None,
        secrecy=SECRECIES[number // 7 % 3] if secret else "",
        frame=rng.choice(tuple(HARMLESS)) if rng.random() < 0.2 else "",
        arrival=arrival,
        appendix=appendix,
        back=rng.random() < 0.12,
        seal=not bare.draft,
    )
