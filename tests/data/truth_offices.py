"""Offices of the second test set: who writes to a commune, as the head of their papers names them.

Names and habits of signing only. Every place is invented; {C} stands for a commune, {P} for a province, {p} for its
initials.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Office:
    """One office: its name and its parent's as printed, line by line; {C} commune, {P} province, in capitals.

    `notation` follows the kind's part ("UBND"); `units` follow it in a letter ("VX"); `seat` is "commune", "province"
    or a place; `signers` are (authority, position).
    """

    lines: tuple[str, ...]
    notation: str
    units: tuple[str, ...]
    signers: tuple[tuple[str, str], ...]
    parent: tuple[str, ...] = ()
    seat: str = "commune"
    layout: str = "decree30"
    titles: tuple[str, ...] = ()


_CHAIR = (
    ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
    ("TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
    ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
    ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH THƯỜNG TRỰC"),
    ("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"),
    ("TUQ. CHỦ TỊCH", "TRƯỞNG PHÒNG KINH TẾ"),
    ("", "Q. CHỦ TỊCH"),
)
_HEAD = (("", "TRƯỞNG PHÒNG"), ("KT. TRƯỞNG PHÒNG", "PHÓ TRƯỞNG PHÒNG"))
_DIRECTOR = (("", "GIÁM ĐỐC"), ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"))
_PRINCIPAL = (("", "HIỆU TRƯỞNG"), ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"))
_MINISTER = (("", "BỘ TRƯỞNG"), ("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"), ("TL. BỘ TRƯỞNG", "CHÁNH VĂN PHÒNG"))
_PARTY = (
    ("T/M BAN THƯỜNG VỤ", "BÍ THƯ"),
    ("T/M BAN THƯỜNG VỤ", "PHÓ BÍ THƯ"),
    ("T/M ĐẢNG ỦY", "PHÓ BÍ THƯ THƯỜNG TRỰC"),
    ("T/L BAN THƯỜNG VỤ", "CHÁNH VĂN PHÒNG"),
)

OFFICES: tuple[Office, ...] = (
    Office(("ỦY BAN NHÂN DÂN", "{C}"), "UBND", ("VX", "KT", "VP", "NC"), _CHAIR),
    Office(("UBND {C}",), "UBND", ("VHXH", "KT"), _CHAIR),
    Office(("ỦY BAN NHÂN DÂN", "{C}"), "UBND", ("VP", "ĐC"), _CHAIR, ("TỈNH {P}",)),
    Office(
        ("HỘI ĐỒNG NHÂN DÂN", "{C}"),
        "HĐND",
        ("VP",),
        (("", "CHỦ TỊCH"), ("TM. THƯỜNG TRỰC HĐND\nKT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")),
    ),
    Office(
        ("VĂN PHÒNG HĐND VÀ UBND",),
        "VP",
        ("TH",),
        (("", "CHÁNH VĂN PHÒNG"), ("KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG")),
        ("UBND {C}",),
    ),
    Office(("PHÒNG VĂN HÓA - XÃ HỘI",), "PVHXH", ("LĐ",), _HEAD, ("UBND {C}",)),
    Office(("PHÒNG KINH TẾ,", "HẠ TẦNG VÀ ĐÔ THỊ"), "KTHTĐT", ("XD",), _HEAD, ("UBND {C}",)),
    Office(("TRUNG TÂM PHỤC VỤ", "HÀNH CHÍNH CÔNG"), "TTPVHCC", ("TH",), _DIRECTOR, ("UBND {C}",)),
    Office(("TRƯỜNG TIỂU HỌC VÀ THCS", "NGUYỄN DU"), "THTHCSND", ("CM",), _PRINCIPAL, ("UBND {C}",), titles=("ThS.",)),
    Office(("TRƯỜNG MẦM NON HOA SEN",), "MNHS", ("VP",), _PRINCIPAL, ("ỦY BAN NHÂN DÂN", "{C}")),
    Office(
        ("CÔNG AN {C}",),
        "CAX",
        ("QLHC",),
        (("", "TRƯỞNG CÔNG AN XÃ"), ("KT. TRƯỞNG CÔNG AN XÃ", "PHÓ TRƯỞNG CÔNG AN XÃ")),
        ("CÔNG AN TỈNH {P}",),
        titles=("Trung tá", "Thiếu tá", "Đại úy"),
    ),
    Office(
        ("BAN CHỈ HUY QUÂN SỰ", "{C}"),
        "BCH",
        ("TM",),
        (("", "CHỈ HUY TRƯỞNG"), ("KT. CHỈ HUY TRƯỞNG", "PHÓ CHỈ HUY TRƯỞNG")),
        ("BỘ CHỈ HUY QUÂN SỰ", "TỈNH {P}"),
        titles=("Trung tá",),
    ),
    Office(("TRẠM Y TẾ {C}",), "TYT", ("CM",), (("", "TRƯỞNG TRẠM"),), ("SỞ Y TẾ TỈNH {P}",), titles=("BS.CKI.",)),
    Office(
        ("BAN CHỈ ĐẠO", "CHUYỂN ĐỔI SỐ"),
        "BCĐ",
        ("TGV",),
        (("", "TRƯỞNG BAN"), ("KT. TRƯỞNG BAN", "PHÓ TRƯỞNG BAN")),
        ("UBND {C}",),
    ),
    Office(("ỦY BAN NHÂN DÂN", "TỈNH {P}"), "UBND", ("KTTH", "NC", "VX"), _CHAIR, seat="province"),
    Office(
        ("VĂN PHÒNG ỦY BAN NHÂN DÂN",),
        "VPUBND",
        ("TTPVHCC",),
        (("", "CHÁNH VĂN PHÒNG"), ("KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG")),
        ("TỈNH {P}",),
        "province",
    ),
    Office(
        ("SỞ VĂN HÓA, THỂ THAO", "VÀ DU LỊCH"),
        "SVHTTDL",
        ("QLVHGĐ",),
        _DIRECTOR,
        ("ỦY BAN NHÂN DÂN", "TỈNH {P}"),
        "province",
    ),
    Office(("SỞ NÔNG NGHIỆP", "VÀ MÔI TRƯỜNG"), "SNNMT", ("QLĐĐ",), _DIRECTOR, ("UBND TỈNH {P}",), "province"),
    Office(
        ("CHI CỤC KIỂM LÂM",),
        "CCKL",
        ("QLBVR",),
        (("", "CHI CỤC TRƯỞNG"), ("KT. CHI CỤC TRƯỞNG", "PHÓ CHI CỤC TRƯỞNG")),
        ("SỞ NÔNG NGHIỆP", "VÀ MÔI TRƯỜNG"),
        "province",
    ),
    Office(
        ("BAN DÂN TỘC VÀ TÔN GIÁO",),
        "BDTTG",
        ("CS",),
        (("", "TRƯỞNG BAN"), ("KT. TRƯỞNG BAN", "PHÓ TRƯỞNG BAN")),
        ("UBND TỈNH {P}",),
        "province",
    ),
    Office(("BAN QUẢN LÝ DỰ ÁN", "ĐẦU TƯ XÂY DỰNG"), "BQLDA", ("KT",), _DIRECTOR, ("UBND TỈNH {P}",), "province"),
    Office(
        ("THUẾ TỈNH {P}",),
        "T{p}",
        ("NVDTPC",),
        (("", "TRƯỞNG THUẾ TỈNH"), ("KT. TRƯỞNG THUẾ TỈNH", "PHÓ TRƯỞNG THUẾ TỈNH")),
        ("CỤC THUẾ",),
        "province",
    ),
    Office(("BẢO HIỂM XÃ HỘI", "TỈNH {P}"), "BHXH", ("CST",), _DIRECTOR, ("BẢO HIỂM XÃ HỘI VIỆT NAM",), "province"),
    Office(("KHO BẠC NHÀ NƯỚC", "KHU VỰC XIV"), "KBXIV", ("KTNN",), _DIRECTOR, ("KHO BẠC NHÀ NƯỚC",), "province"),
    Office(
        ("TÒA ÁN NHÂN DÂN", "KHU VỰC 3 - {P}"),
        "TAKV3",
        ("VP",),
        (("", "CHÁNH ÁN"), ("KT. CHÁNH ÁN", "PHÓ CHÁNH ÁN")),
        ("TÒA ÁN NHÂN DÂN", "TỈNH {P}"),
        "province",
    ),
    Office(
        ("VIỆN KIỂM SÁT NHÂN DÂN", "KHU VỰC 3"),
        "VKSKV3",
        ("VP",),
        (("", "VIỆN TRƯỞNG"), ("KT. VIỆN TRƯỞNG", "PHÓ VIỆN TRƯỞNG")),
        ("VIỆN KIỂM SÁT NHÂN DÂN", "TỈNH {P}"),
        "province",
    ),
    Office(
        ("CÔNG TY ĐIỆN LỰC", "{P}"), "PC{p}", ("KD",), _DIRECTOR, ("TỔNG CÔNG TY", "ĐIỆN LỰC MIỀN TRUNG"), "province"
    ),
    Office(
        ("TRƯỜNG ĐẠI HỌC", "SƯ PHẠM {P}"),
        "ĐHSP",
        ("ĐT",),
        _PRINCIPAL,
        ("BỘ GIÁO DỤC VÀ ĐÀO TẠO",),
        "province",
        titles=("PGS.TS.", "TS."),
    ),
    Office(("BỘ NỘI VỤ",), "BNV", ("CQĐP", "VTLTNN"), _MINISTER, seat="Hà Nội"),
    Office(("BỘ KHOA HỌC VÀ CÔNG NGHỆ",), "BKHCN", ("CĐSQG",), _MINISTER, seat="Hà Nội"),
    Office(
        ("CỤC HÀNH CHÍNH TƯ PHÁP",),
        "HCTP",
        ("HT",),
        (("", "CỤC TRƯỞNG"), ("KT. CỤC TRƯỞNG", "PHÓ CỤC TRƯỞNG")),
        ("BỘ TƯ PHÁP",),
        "Hà Nội",
    ),
    Office(
        ("VĂN PHÒNG CHÍNH PHỦ",),
        "VPCP",
        ("KSTT", "NC"),
        (("KT. BỘ TRƯỞNG, CHỦ NHIỆM", "PHÓ CHỦ NHIỆM"),),
        seat="Hà Nội",
    ),
    Office(
        ("CHÍNH PHỦ",),
        "CP",
        ("KTTH",),
        (("TM. CHÍNH PHỦ\nKT. THỦ TƯỚNG", "PHÓ THỦ TƯỚNG"), ("TM. CHÍNH PHỦ", "THỦ TƯỚNG")),
        seat="Hà Nội",
    ),
    Office(
        ("THỦ TƯỚNG CHÍNH PHỦ",), "TTg", ("CN",), (("", "THỦ TƯỚNG"), ("KT. THỦ TƯỚNG", "PHÓ THỦ TƯỚNG")), seat="Hà Nội"
    ),
    Office(
        ("ỦY BAN MTTQ VIỆT NAM", "{C}"),
        "MTTQ",
        ("BTT",),
        (("TM. BAN THƯỜNG TRỰC", "CHỦ TỊCH"), ("TM. BAN THƯỜNG TRỰC", "PHÓ CHỦ TỊCH")),
    ),
    Office(("HỘI NÔNG DÂN {C}",), "HND", ("TH",), (("T/M BAN THƯỜNG VỤ", "CHỦ TỊCH"),), ("HỘI NÔNG DÂN TỈNH {P}",)),
    Office(("ĐẢNG ỦY {C}",), "ĐU", ("CV",), _PARTY, ("ĐẢNG BỘ TỈNH {P}",), layout="party"),
    Office(
        ("BAN XÂY DỰNG ĐẢNG",),
        "BXDĐ",
        ("CV",),
        (("", "TRƯỞNG BAN"), ("K/T TRƯỞNG BAN", "PHÓ TRƯỞNG BAN")),
        ("ĐẢNG ỦY {C}",),
        layout="party",
    ),
    Office(
        ("ỦY BAN KIỂM TRA",),
        "UBKTĐU",
        ("CV",),
        (("T/M ỦY BAN KIỂM TRA", "CHỦ NHIỆM"), ("T/M ỦY BAN KIỂM TRA", "PHÓ CHỦ NHIỆM")),
        ("ĐẢNG ỦY {C}",),
        layout="party",
    ),
    Office(
        ("BAN TUYÊN GIÁO VÀ DÂN VẬN",),
        "BTGDVTU",
        ("CV",),
        (("K/T TRƯỞNG BAN", "PHÓ TRƯỞNG BAN THƯỜNG TRỰC"),),
        ("TỈNH ỦY {P}",),
        "province",
        "party",
    ),
    Office(("VĂN PHÒNG",), "VPTU", ("CV",), (("", "CHÁNH VĂN PHÒNG"),), ("TỈNH ỦY {P}",), "province", "party"),
)
