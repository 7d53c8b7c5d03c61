"""Slips of the one-door desk as plain values: the receipt with its day and code, the refusal with what is missing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from appliance.domain.zone import VIETNAM
from appliance.registers.cases import BY_POST, Case


@dataclass(frozen=True)
class Slip:
    """One slip on A5. ``lines``: label and text; ``listed``: what the list under ``list_title`` holds; ``code_text``:
    what the square code says ("": none)."""

    office: str
    title: str
    number: str
    place: str
    lines: tuple[tuple[str, str], ...]
    list_title: str
    listed: tuple[str, ...]
    signers: tuple[str, str]
    code_text: str = ""
    footer: str = ""

    def to_json(self) -> str:
        """For the pipe."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Slip:
        """Out of the pipe."""
        told: dict[str, Any] = json.loads(text)
        told["lines"] = tuple(tuple(pair) for pair in told["lines"])
        told["listed"], told["signers"] = tuple(told["listed"]), tuple(told["signers"])
        return cls(**told)


def receipt_slip(case: Case, office: str, address: str) -> Slip:
    """Form 01 of TT 01/2018/TT-VPCP: received, and when the result will be there. ``address``: where a phone looks."""
    received = case.accepted_at.astimezone(VIETNAM) if case.accepted_at else None
    return Slip(
        office=office,
        title="GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        number=f"Số: {case.number}/{case.year}",
        place=_day_line(case.accepted_at or case.opened_at),
        lines=(
            ("Mã hồ sơ", case.code),
            ("Tiếp nhận hồ sơ của", case.applicant),
            ("Địa chỉ, số điện thoại", case.contact),
            ("Nội dung yêu cầu giải quyết", case.procedure.name),
            ("Thời gian nhận hồ sơ", f"{received:%H:%M ngày %d/%m/%Y}" if received else ""),
            ("Thời hạn giải quyết", f"{case.procedure.days} ngày làm việc" if case.procedure.days else "Trong ngày"),
            ("Ngày hẹn trả kết quả", f"{case.due:%d/%m/%Y}" if case.due else ""),
            ("Đăng ký nhận kết quả", BY_POST if case.by_post else "Tại bộ phận một cửa"),
        ),
        list_title="Thành phần hồ sơ đã nhận",
        listed=tuple(one.name for one in case.components if one.name in case.received),
        signers=("NGƯỜI NỘP HỒ SƠ", "NGƯỜI TIẾP NHẬN HỒ SƠ"),
        code_text=address,
        footer=f"Quét mã hoặc mở {address} để xem tình trạng hồ sơ.",
    )


def refusal_slip(case: Case, office: str) -> Slip:
    """Form 03: not accepted, why, and which components are missing."""
    return Slip(
        office=office,
        title="PHIẾU TỪ CHỐI TIẾP NHẬN, GIẢI QUYẾT HỒ SƠ",
        number=f"Mã hồ sơ: {case.code}",
        place=_day_line(case.ended_at or case.opened_at),
        lines=(
            ("Tiếp nhận hồ sơ của", case.applicant),
            ("Địa chỉ, số điện thoại", case.contact),
            ("Nội dung yêu cầu giải quyết", case.procedure.name),
            ("Lý do từ chối", case.reason),
        ),
        list_title="Thành phần hồ sơ còn thiếu",
        listed=case.missing or ("Không thiếu thành phần nào.",),
        signers=("NGƯỜI NỘP HỒ SƠ", "NGƯỜI TIẾP NHẬN HỒ SƠ"),
        footer="Khi nộp lại, xin mang theo phiếu này.",
    )


def _day_line(moment: datetime) -> str:
    day = moment.astimezone(VIETNAM)
    return f"ngày {day:%d} tháng {day:%m} năm {day.year}"
