"""The report of an inspection of one commune's books, from what the commune told (knowledge base, operations §9, RC2).

Owns its words, which are Vietnamese like those of `letters`: each question with its figures and its answer, and what is
asked of the office where an answer is not good. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sync.province.books import Check, Limits
from sync.province.letters import share
from sync.province.office_books import OfficeBooks, in_words
from sync.province.printing.paper import Letterhead, Paper, Part, Table
from sync.province.reporting import percent
from sync.province.wording import Wording

_W = Wording("vi")
BOOKS: Mapping[str, str] = {
    "den": "sổ đăng ký văn bản đến",
    "di": "sổ đăng ký văn bản đi",
    "ho-so": "sổ theo dõi hồ sơ",
}
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "books": (
        "Các sổ đăng ký, theo dõi có được mở không?",
        "Mở ngay {missing} trên hộp và đăng ký đầy đủ từ đầu năm.",
    ),
    "gaps": (
        "Số thứ tự trong sổ có bị ngắt quãng không?",
        "Giải trình {part} số bị thiếu; không xóa số đã cấp, số không dùng phải hủy có lý do.",
    ),
    "overdue": (
        "Tỷ lệ giải quyết quá hạn?",
        "Giải quyết dứt điểm văn bản quá hạn, xác định trách nhiệm từng trường hợp ({part}/{whole}).",
    ),
    "unsigned": (
        "Văn bản đi chưa đủ chữ ký số của lãnh đạo và cơ quan?",
        "Ký số đầy đủ {part} văn bản còn thiếu chữ ký; không phát hành văn bản chưa ký số.",
    ),
    "same-day": (
        "Văn bản đến được đăng ký ngay trong ngày?",
        "Đăng ký văn bản đến ngay trong ngày nhận, chậm nhất là ngày làm việc tiếp theo (Điều 4 NĐ 30/2020).",
    ),
    "electronic": (
        "Văn bản đi hoàn toàn điện tử (đủ chữ ký số, gửi qua mạng)?",
        "Chuyển hẳn sang gửi, nhận văn bản điện tử; văn bản giấy chỉ dùng cho loại được phép.",
    ),
    "active": (
        "Cán bộ sử dụng hệ thống thường xuyên?",
        "Yêu cầu mọi cán bộ có tài khoản xử lý công việc trên hệ thống hằng tuần.",
    ),
}


def inspection(office: OfficeBooks, period: str, limits: Limits, head: Letterhead, month: int, year: int) -> Paper:
    """The report on one commune; `month` and `year`: of the draft."""
    about = f"Kết quả kiểm tra sổ sách, công tác văn thư và một cửa {in_words(period)}"
    if office.told is None:
        said = f"Hộp của đơn vị chưa gửi số liệu sổ sách {in_words(period)} về tỉnh; chưa có căn cứ để kết luận."
        return Paper(head, about, (Part(text=said),), month, year, "BÁO CÁO KIỂM TRA", office.commune)
    found = office.checks(limits)
    bad = [one for one in found if one.good is False]
    heard = f"Theo số liệu hộp của đơn vị gửi về tỉnh lúc {_W.moment(office.told.said_at)}:"
    rows = tuple(
        (str(number), QUESTIONS[one.code][0], _figure(one, office), _verdict(one))
        for number, one in enumerate(found, 1)
    )
    parts = [
        Part("1. Nội dung kiểm tra", heard, table=Table(("TT", "Nội dung", "Số liệu", "Kết luận"), rows, (1, 6, 6, 3))),
        Part("2. Số liệu khác", points=tuple(_more(office))),
        Part(
            "3. Kết luận, kiến nghị",
            f"Đạt {sum(one.good is True for one in found)}, chưa đạt {len(bad)}, "
            f"chưa có số liệu {sum(one.good is None for one in found)} nội dung." + (" Đề nghị đơn vị:" if bad else ""),
            tuple(_asked(one) for one in bad),
        ),
    ]
    return Paper(head, about, tuple(parts), month, year, "BÁO CÁO KIỂM TRA", office.commune)


def _figure(one: Check, office: OfficeBooks) -> str:
    """What stands in the column of figures."""
    if one.good is None:
        return "Không có số liệu"
    if one.code == "books":
        return f"Đã mở {one.part}/{one.whole} sổ" + (f"; chưa mở: {_missing(one)}" if one.missing else "")
    if one.code == "gaps":
        void = sum(office.figures.get(f"{name}.void", 0) for name in BOOKS)
        return f"Thiếu {_W.number(one.part)} số trong {_W.number(one.whole)} số đã cấp; hủy có lý do {_W.number(void)}"
    return f"{_W.number(one.part)}/{_W.number(one.whole)} ({share(percent(one.part, one.whole))})"


def _verdict(one: Check) -> str:
    return {True: "Đạt", False: "Chưa đạt", None: "Chưa rõ"}[one.good]


def _missing(one: Check) -> str:
    return ", ".join(BOOKS[name] for name in one.missing)


def _asked(one: Check) -> str:
    return QUESTIONS[one.code][1].format(missing=_missing(one), part=_W.number(one.part), whole=_W.number(one.whole))


def _more(office: OfficeBooks) -> Iterator[str]:
    figures = office.figures
    count = {name: _W.number(figures.get(name, 0)) for name in ("in.total", "out.total", "out.leader", "out.agency")}
    yield f"Văn bản đến {count['in.total']}, văn bản đi {count['out.total']}."
    whole = figures.get("out.total", 0)
    yield (
        f"Lãnh đạo ký số {count['out.leader']} ({share(percent(figures.get('out.leader', 0), whole))}), "
        f"cơ quan ký số {count['out.agency']} ({share(percent(figures.get('out.agency', 0), whole))})."
    )
    yield f"Văn bản đi không có bản điện tử: {_W.number(figures.get('out.paper', 0))}."
    done, late = figures.get("case.done", 0), figures.get("case.late", 0)
    yield f"Hồ sơ đã trả kết quả {_W.number(done)}, trễ hẹn {_W.number(late)} ({share(percent(late, done))})."
    if figures.get("case.took") and figures.get("case.term"):
        took, term = (f"{figures[name] / 100:.1f}".replace(".", ",") for name in ("case.took", "case.term"))
        yield f"Thời gian giải quyết trung vị {took} ngày làm việc, quy định {term}: rút ngắn {share(office.sooner)}."
    if office.sooner_than_before != "–":
        yield f"So với kỳ trước, thời gian giải quyết rút ngắn {share(office.sooner_than_before)}."
