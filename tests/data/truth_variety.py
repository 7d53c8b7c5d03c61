"""Papers of other offices, kinds and habits than the first set: what real desks of communes and wards receive.

Text and habits only; every place, office and person is invented. Offices are those after the two-level reform of 2025
(communes, wards, special zones and provinces), with the Party, the Front, schools, police, courts, ministries and
enterprises; kinds are those of Decree 30/2020 that the first set lacks, and those of the legal papers above it.
Invariant: everything follows from (seed, number).
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace
from datetime import date, timedelta

from appliance.demo.texts import person
from tests.data.truth_kinds import KINDS, Kind
from tests.data.truth_offices import OFFICES, Office
from tests.data.truth_texts import Look, Script, Signer, body_for, number_of, slots_for

_PROVINCES = ("Thượng Giang", "Quảng Lâm", "Hòa Sơn", "Nam Ninh Thượng", "Bắc Trạch")
_COMMUNES = (
    "xã Bình Hòa", "xã Tân Thạnh Đông", "phường Mỹ Thượng", "xã Đắk Pơ Nang", "phường Hưng Đạo",
    "xã Ia Rvê Hạ", "đặc khu Cồn Sẻ", "xã Xuân Quỳ", "phường Thủy Đường", "xã Sơn Kỳ",
)  # fmt: skip
_WARRANT = ("ngày 16 tháng 6 năm 2025", "ngày 05/3/2020", "ngày 28 tháng 02 năm 2026")


_SUBJECTS = (
    "Về việc công bố Danh mục thủ tục hành chính được sửa đổi, bổ sung thuộc thẩm quyền giải quyết của {office}",
    "Về việc điều chỉnh khoản 2 Điều 1 Quyết định số {ref}/QĐ-UBND ngày {earlier}",
    "Thực hiện phong trào thi đua “Cả nước chung tay vì người nghèo - Không để ai bị bỏ lại phía sau” năm {year}",
    "Về việc phê duyệt kết quả lựa chọn nhà thầu gói thầu số 0{quarter}: “Mua sắm thiết bị phục vụ số hóa hồ sơ”",
    "Kết quả 5 năm thực hiện Nghị quyết số 29-NQ/TW và nhiệm vụ, giải pháp giai đoạn {year} - 2030",
    "Về việc giao kế hoạch vốn đầu tư công năm {year} (đợt {quarter})",
    "Về việc kiện toàn Ban Chỉ đạo phát triển khoa học, công nghệ, đổi mới sáng tạo, chuyển đổi số và Đề án 06",
    "Tổ chức kỷ niệm 80 năm Ngày Quốc khánh nước Cộng hòa xã hội chủ nghĩa Việt Nam (02/9/1945 - 02/9/2025)",
    "Về việc bổ nhiệm, xếp lương đối với viên chức",
    "Về việc thu hồi đất để thực hiện Dự án: Cải tạo, nâng cấp đường ĐT.{month}7 đoạn qua thôn {village}",
)
_LETTERS = (
    "góp ý dự thảo Nghị định sửa đổi, bổ sung một số điều của Nghị định số 30/2020/NĐ-CP",
    "đôn đốc thực hiện Kế hoạch số {ref}/KH-UBND ngày {earlier}",
    "đề nghị cung cấp hồ sơ địa chính thửa đất số {a}, tờ bản đồ số {quarter}",
    "triển khai chữ ký số, chứng thư số cho cán bộ, công chức cấp xã",
    "báo cáo tình hình, kết quả giải quyết đơn thư khiếu nại, tố cáo tháng {month}/{year}",
    "mời họp",
    "tăng cường công tác phòng, chống bệnh dịch tả lợn châu Phi và tiêm phòng vắc-xin cho đàn vật nuôi trên địa bàn",
    "xác minh văn bằng, chứng chỉ của ông {name}",
)
_KINDS = (
    *((kind.type_name, kind.short) for kind in KINDS if kind.layout == "decree30" and kind.type_name),
    ("Quy định", "QyĐ"), ("Thông cáo", "TC"), ("Phương án", "PA"), ("Đề án", "ĐA"), ("Dự án", "DA"),
    ("Bản ghi nhớ", "BGN"), ("Bản thỏa thuận", "BTT"), ("Giấy giới thiệu", "GGT"), ("Giấy nghỉ phép", "GNP"),
    ("Phiếu gửi", "PG"), ("Phiếu chuyển", "PC"), ("Phiếu báo", "PB"), ("Thư công", ""),
)  # fmt: skip
_PARTY_KINDS = (
    ("Nghị quyết", "NQ"), ("Quyết định", "QĐ"), ("Kết luận", "KL"), ("Chỉ thị", "CT"), ("Kế hoạch", "KH"),
    ("Hướng dẫn", "HD"), ("Báo cáo", "BC"), ("Thông báo", "TB"), ("Tờ trình", "TTr"), ("Chương trình", "CTr"),
    ("", "CV"), ("Thông tri", "TT"), ("Quy định", "QĐi"),
)  # fmt: skip
_LEGAL = {"CP": ("Nghị định", "NĐ"), "BNV": ("Thông tư", "TT"), "BKHCN": ("Thông tư", "TT")}
_BARE = ("Giấy giới thiệu", "Giấy nghỉ phép", "Phiếu chuyển", "Phiếu gửi", "Thư công")  # often without a subject


def varied(number: int, seed: int) -> Script:
    """The `number`-th paper of a seed."""
    rng = random.Random(f"variety/{seed}/{number}")
    office = OFFICES[(number * 7 + seed) % len(OFFICES)]
    province, commune = rng.choice(_PROVINCES), rng.choice(_COMMUNES)
    kind = _kind(rng, office)
    issued = date(2025, 7, 1) + timedelta(days=rng.randrange(0, 470))
    names = [_named(line, commune, province) for line in office.lines]
    parents = [_named(line, commune, province) for line in office.parent]
    slots = slots_for(rng, commune, issued, " ".join(names).capitalize())
    slots["ref"] = rng.choice((slots["ref"], f"{int(slots['ref']):04d}", "0" + slots["quarter"]))
    subject = _subject(rng, kind, slots)
    signer = rng.choice(office.signers)
    seats = {"commune": commune.split(" ", 2 if commune.startswith("đặc") else 1)[-1], "province": province}
    script = Script(
        key=f"khac-{seed}-{number}",
        kind=kind,
        number=number_of(rng),
        notation=_notation(rng, office, kind, issued, province),
        issued=issued,
        place=seats.get(office.seat, office.seat),
        issuers=(" ".join(names),),
        parent=" ".join(parents),
        subject=subject,
        body=_opening(rng, office, kind, names, slots) + body_for(rng, kind, slots),
        addressees=_addressees(rng, commune, province) if not kind.type_name or kind.addressed else (),
        recipients=_recipients(rng, kind, office),
        signers=(
            Signer(*signer, person(rng), rng.choice(office.titles) if office.titles and rng.random() < 0.7 else ""),
        ),
        urgency=rng.choice(("", "", "", "", "khan", "thuong-khan", "hoa-toc")),
        back=rng.random() < 0.05,
        look=_look(rng, names, parents),
    )
    return _old_spelling(script) if rng.random() < 0.25 else script


def _named(line: str, commune: str, province: str) -> str:
    initials = "".join(word[0] for word in province.split())
    return line.replace("{C}", commune).replace("{P}", province).upper().replace("{p}", initials)


def _kind(rng: random.Random, office: Office) -> Kind:
    if office.layout == "party":
        name, short = rng.choice(_PARTY_KINDS)
    elif office.notation in _LEGAL and rng.random() < 0.4:
        name, short = _LEGAL[office.notation]
    elif office.notation in ("TTg", "CP"):
        name, short = rng.choice((("Quyết định", "QĐ"), ("Chỉ thị", "CT"), ("Công điện", "CĐ"), ("Nghị quyết", "NQ")))
    elif rng.random() < 0.35:
        name, short = "", ""
    else:
        name, short = rng.choice(_KINDS)
    key = "khac-" + "".join(
        ch for ch in unicodedata.normalize("NFD", name.lower() or "cv") if ch.isascii() and ch.isalpha()
    )
    return Kind(key, name, short, (), layout=office.layout, addressed=name in ("Tờ trình", "Công điện"))


def _notation(rng: random.Random, office: Office, kind: Kind, issued: date, province: str) -> str:
    agency = office.notation.replace("{p}", "".join(word[0] for word in province.split()))
    if office.layout == "party":
        return f"{kind.short}/{agency}"
    if not kind.short:
        return f"{agency}-{rng.choice(office.units)}" if not kind.type_name else agency
    legal = kind.type_name in ("Nghị định", "Thông tư") or (agency in ("HĐND", "UBND") and rng.random() < 0.25)
    year = (
        f"{issued.year}/" if legal and kind.type_name in ("Nghị quyết", "Quyết định", "Nghị định", "Thông tư") else ""
    )
    return f"{year}{kind.short}-{agency}"


def _subject(rng: random.Random, kind: Kind, slots: dict[str, str]) -> str:
    if not kind.type_name:
        return rng.choice(_LETTERS).format(**slots)
    if kind.type_name in _BARE and rng.random() < 0.7:
        return ""
    text = rng.choice(_SUBJECTS).format(**slots)
    if kind.layout == "party" and rng.random() < 0.5:
        text = text[0].lower() + text[1:]
    return text


def _opening(
    rng: random.Random, office: Office, kind: Kind, names: list[str], slots: dict[str, str]
) -> tuple[str, ...]:
    """Who decides in capitals, the grounds, the word of decision; or a plain first paragraph."""
    if kind.type_name not in ("Quyết định", "Nghị quyết", "Nghị định", "Thông tư"):
        first = (
            "Thực hiện Công văn số {ref}/UBND-NC ngày {earlier} về việc báo cáo kết quả, {office} báo cáo như sau:",
            "Kính thưa toàn thể cán bộ, công chức và nhân dân,",
            "Căn cứ Kế hoạch số {ref}/KH-UBND ngày {earlier}, nay thông báo các nội dung như sau:",
        )
        return (rng.choice(first).format(**slots),) if rng.random() < 0.7 else ()
    whole = " ".join(names)
    who = f"CHỦ TỊCH {whole}" if whole.startswith("ỦY BAN") and rng.random() < 0.5 else whole
    return (
        *((who,) if len(who) < 46 and office.layout != "party" else ()),
        f"Căn cứ Luật Tổ chức chính quyền địa phương {rng.choice(_WARRANT)};",
        f"Theo đề nghị của Chánh Văn phòng tại Tờ trình số {slots['ref']}/TTr-VP ngày {slots['earlier']}.",
        f"{'QUYẾT NGHỊ' if kind.short == 'NQ' else 'QUYẾT ĐỊNH'}:",
    )


def _addressees(rng: random.Random, commune: str, province: str) -> tuple[str, ...]:
    several = (
        f"Sở Nội vụ tỉnh {province};",
        f"Ủy ban nhân dân {commune};",
        "Các cơ quan, đơn vị trực thuộc;",
        "Công an, Ban Chỉ huy Quân sự xã;",
    )
    return several[: rng.choice((1, 1, 2, 3, 4))]


def _recipients(rng: random.Random, kind: Kind, office: Office) -> tuple[str, ...]:
    lists = (
        ("- Như Điều 3;", "- Thường trực Đảng ủy;", "- CT, các PCT UBND;", f"- Lưu: VT, {office.units[0]}."),
        ("- Như trên;", "- Bộ Tư pháp (để b/c);", f"- Lưu: VT, {office.units[0]} (05b)."),
        ("- Thường trực HĐND xã;", "- UBMTTQVN xã;", "- Các thôn, tổ dân phố;", "- Đài truyền thanh;", "- Lưu: VT."),
        ("- Như kính gửi;", "- Cổng thông tin điện tử;", f"- Lưu: VT, {office.units[0]}, Hoa03."),
    )
    party = ("- Thường trực Tỉnh ủy (b/c),", "- Các chi bộ trực thuộc,", "- Lưu Văn phòng Đảng ủy.")
    return party if kind.layout == "party" else rng.choice(lists)


def _look(rng: random.Random, names: list[str], parents: list[str]) -> Look:
    return Look(
        issuer_lines=tuple(names),
        parent_lines=tuple(parents),
        shift=rng.uniform(-4, 3),
        points=rng.choice((12.0, 13.0, 13.0)),
        date_drop=rng.choice((0.0, 0.0, 0.0, -3.0, 2.0)),
        month_zero=rng.random() < 0.5,
        slash=rng.choice(("/", "/", "/", " /", " / ")),
        title_points=rng.choice((13.0, 14.0, 15.0, 16.0)),
        subject_style=rng.choice(("regular", "regular", "italic")),
        subject_mark=rng.choice(("V/v ", "V/v ", "V/v: ", "Về việc ")),
        star=rng.choice(("*", "*", "***")),
    )


def _old_spelling(script: Script) -> Script:
    """The paper of an office that sets tone marks the old way: HOÀ, UỶ."""

    def old(text: str) -> str:
        for new, was in (("ÒA", "OÀ"), ("ỦY", "UỶ"), ("ÓA", "OÁ"), ("òa", "oà"), ("ủy", "uỷ"), ("óa", "oá")):
            text = text.replace(new, was)
        return text

    look = replace(
        script.look,
        issuer_lines=tuple(map(old, script.look.issuer_lines)),
        parent_lines=tuple(map(old, script.look.parent_lines)),
    )
    return replace(
        script,
        issuers=tuple(map(old, script.issuers)),
        parent=old(script.parent),
        subject=old(script.subject),
        signers=tuple(replace(each, authority=old(each.authority)) for each in script.signers),
        look=look,
    )
