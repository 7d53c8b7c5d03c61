"""What the gallery shows of registers, reports and case dossiers: rows of every kind, terms, dossiers at every step."""

from __future__ import annotations

from datetime import datetime

from appliance import bookkeeping, casework
from appliance.domain.zone import VIETNAM
from appliance.registers.catalogues import procedures
from appliance.registers.workdays import WorkingDays
from appliance.store import Store, catalogues, registers

BY = "Trần Thị Lan (văn thư)"
PROCEDURES = (
    "code,name,field,days,components\n"
    "1.001193,Đăng ký khai sinh,Hộ tịch,5,Tờ khai đăng ký khai sinh|Giấy chứng sinh|Ảnh?\n"
    "2.000815,Chứng thực bản sao từ bản chính,Chứng thực,0,Bản chính\n"
)


def fill(store: Store, now: datetime) -> dict[str, str]:
    """Write the rows; returns name of a picture → address."""
    year = now.astimezone(VIETNAM).year

    def amend(book: str, number: int, reason: str = "", **typed: str) -> None:
        bookkeeping.amend(store, book, year, number, typed, reason, BY, now)

    numbers = store.read(lambda db: [one.number for one in registers.of_year(db, "den", year)])
    amend("den", numbers[0], receiver="Văn phòng HĐND và UBND", moved_on=now.astimezone(VIETNAM).strftime("%d/%m/%Y"))
    amend("den", numbers[0], "ghi nhầm đơn vị nhận", receiver="Tổ Văn hóa - Xã hội")
    held = bookkeeping.reserve(store, "den", "chờ công văn giấy của Công an tỉnh", BY, now)
    void = bookkeeping.reserve(store, "den", "giữ nhầm", BY, now)
    bookkeeping.void(store, "den", year, void.number, "cấp trùng số", BY, now)
    amend("giai-quyet", numbers[0], due=f"13/1/{year}", receiver="Tổ Văn hóa - Xã hội", progress="đang xử lý")
    amend("giai-quyet", numbers[1], due=now.astimezone(VIETNAM).strftime("%d/%m/%Y"), receiver="Trạm Y tế")
    return {
        "registers": "/registers", "register": "/registers/den", "register-row": f"/registers/den/{year}/{held.number}",
        "register-handling": "/registers/giai-quyet", "reports": "/reports", "cases": "/cases",
    } | _cases(store, now)  # fmt: skip


def _cases(store: Store, now: datetime) -> dict[str, str]:
    store.write(lambda db: catalogues.import_procedures(db, procedures(PROCEDURES), BY, now))
    whole = frozenset({"Tờ khai đăng ký khai sinh", "Giấy chứng sinh"})
    opened = [
        casework.open_case(store, "commune-27007", code, applicant, "Bản Pà Cò 1", BY, now)
        for code, applicant in (
            ("1.001193", "Lò Thị Khuyên"),
            ("1.001193", "Quàng Văn Pản"),
            ("2.000815", "Sùng A Tủa"),
        )
    ]
    casework.tick(store, opened[1].code, 1, whole, BY, now)
    casework.accept(store, opened[1].code, 2, BY, now, WorkingDays())
    casework.refuse(store, opened[2].code, 1, "bản chính bị tẩy xóa", BY, now)
    names = ("case-open", "case-accepted", "case-refused")
    return {name: f"/cases/{one.code}" for name, one in zip(names, opened, strict=True)} | {
        "lookup": f"/lookup/{opened[1].code}"
    }
