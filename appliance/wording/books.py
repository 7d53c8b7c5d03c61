"""Words of the registers: titles of books and columns as NĐ 30/2020 (Phụ lục IV) prints them, refusals, events.

Printed registers are always Vietnamese, whatever language a page is in: they are official papers.
"""

from __future__ import annotations

from appliance.wording.catalogue import N_

BOOKS: dict[str, str] = {
    "den": N_("Sổ đăng ký văn bản đến"),
    "di": N_("Sổ đăng ký văn bản đi"),
    "giai-quyet": N_("Sổ theo dõi giải quyết văn bản đến"),
    "ho-so": N_("Sổ theo dõi hồ sơ"),
    "lien-thong": N_("Sổ theo dõi hồ sơ liên thông"),
}

COLUMNS: dict[str, str] = {
    "den.arrival_date": N_("Ngày đến"),
    "den.arrival_number": N_("Số đến"),
    "den.issuer": N_("Tác giả"),
    "den.code": N_("Số, ký hiệu văn bản"),
    "den.issued_date": N_("Ngày tháng văn bản"),
    "den.subject": N_("Tên loại và trích yếu nội dung văn bản"),
    "den.receiver": N_("Đơn vị hoặc người nhận"),
    "den.moved_on": N_("Ngày chuyển"),
    "den.received_by": N_("Ký nhận"),
    "den.note": N_("Ghi chú"),
    "di.code": N_("Số, ký hiệu văn bản"),
    "di.issued_date": N_("Ngày tháng văn bản"),
    "di.subject": N_("Tên loại và trích yếu nội dung văn bản"),
    "di.signer": N_("Người ký"),
    "di.recipients": N_("Nơi nhận văn bản"),
    "di.copy_kept_by": N_("Đơn vị, người nhận bản lưu"),
    "di.copies": N_("Số lượng bản"),
    "di.moved_on": N_("Ngày chuyển"),
    "di.received_by": N_("Ký nhận"),
    "di.note": N_("Ghi chú"),
    "di.paper_only": N_("Lý do không có bản điện tử"),
    "giai-quyet.arrival_number": N_("Số đến"),
    "giai-quyet.document": N_("Tên loại, số, ký hiệu, ngày tháng và tác giả văn bản"),
    "giai-quyet.receiver": N_("Đơn vị hoặc người nhận"),
    "giai-quyet.due": N_("Thời hạn giải quyết"),
    "giai-quyet.progress": N_("Tiến độ giải quyết"),
    "giai-quyet.reply": N_("Số, ký hiệu văn bản trả lời"),
    "giai-quyet.note": N_("Ghi chú"),
    "giai-quyet.finished_on": N_("Ngày giải quyết xong"),
    "ho-so.number": N_("STT"),
    "ho-so.dossier": N_("Mã hồ sơ"),
    "ho-so.procedure": N_("Tên thủ tục hành chính"),
    "ho-so.sets": N_("Số lượng hồ sơ (bộ)"),
    "ho-so.applicant": N_("Tên cá nhân, tổ chức"),
    "ho-so.contact": N_("Địa chỉ, số điện thoại"),
    "ho-so.handler": N_("Cơ quan chủ trì giải quyết"),
    "ho-so.received_on": N_("Ngày nhận hồ sơ"),
    "ho-so.due": N_("Ngày hẹn trả kết quả"),
    "ho-so.returned_on": N_("Ngày trả kết quả"),
    "ho-so.returned_how": N_("Phương thức nhận kết quả"),
    "ho-so.signed_by": N_("Ký nhận"),
    "ho-so.note": N_("Ghi chú"),
    "lien-thong.number": N_("STT"),
    "lien-thong.register_number": N_("Số trong sổ theo dõi hồ sơ"),
    "lien-thong.dossier": N_("Mã hồ sơ"),
    "lien-thong.handed_on_by": N_("Cơ quan chuyển đến"),
    "lien-thong.procedure": N_("Tên thủ tục hành chính"),
    "lien-thong.applicant": N_("Tên cá nhân, tổ chức"),
    "lien-thong.received_on": N_("Ngày nhận hồ sơ"),
    "lien-thong.due": N_("Ngày hẹn trả kết quả"),
    "lien-thong.returned_on": N_("Ngày trả kết quả"),
    "lien-thong.returned_how": N_("Phương thức nhận kết quả"),
}
"""By book and column."""

STANDINGS: dict[str, str] = {
    "reserved": N_("Giữ số"),
    "entered": N_("Đã đăng ký"),
    "void": N_("Số hủy"),
    "corrected": N_("Có sửa"),
}

REASONS: dict[str, str] = {"confirmed-anew": N_("Duyệt lại văn bản")}
"""Reasons that the box gives by itself; people's own are shown as they wrote them."""

BOOK_CODES: dict[str, str] = {
    "number-not-given": N_("Sổ năm {year} chưa có số {number}."),
    "number-not-reserved": N_("Số {number} không phải số đang giữ."),
    "number-not-positive": N_("Số bắt đầu phải từ 1 trở lên."),
    "paper-reason-needed": N_(
        "Số này không có tệp nào trong hộp. Hãy ghi lý do văn bản đi chỉ có bản giấy, không có bản điện tử."
    ),
    "number-void": N_("Số này đã hủy, không ghi thêm được."),
    "number-in-use": N_("Số {number} đang thuộc một văn bản, không hủy được. Hãy trả lại hoặc hủy văn bản trước."),
    "register-begun": N_("Sổ năm {year} đã có số, không đặt lại số bắt đầu được."),
    "wrong-register": N_("Văn bản này thuộc sổ khác."),
    "cell-unknown": N_("Cột “{column}” không ghi được."),
    "cell-not-a-day": N_("Cột “{column}” cần một ngày, ví dụ 5/2/2026."),
    "cell-too-long": N_("Cột “{column}” quá dài."),
    "terms-overdue": N_("{count} văn bản, hồ sơ đã quá hạn giải quyết. Hãy xem danh sách quá hạn ở trang Sổ sách."),
    "holidays-missing": N_(
        "Chưa khai báo đủ ngày nghỉ lễ, Tết năm {year} nên hạn xử lý có thể tính sai. Hãy ghi vào [[calendar]] của tệp "
        "cấu hình theo thông báo nghỉ Tết."
    ),
    "cells-wiped": N_("Văn bản này nghi là tài liệu mật nên sổ không ghi nội dung."),
}

BOOK_DONE: dict[str, str] = {
    "number-reserved": N_("Đã giữ số này. Khi có văn bản, ghi vào dòng hoặc dùng số cho văn bản chờ duyệt."),
    "number-voided": N_("Đã hủy số. Số hủy vẫn nằm trong sổ kèm lý do."),
    "number-used": N_("Đã dành số này cho văn bản. Dòng sổ được ghi khi văn bản được duyệt."),
    "row-written": N_("Đã ghi sổ."),
    "register-started": N_("Đã đặt số đầu tiên của sổ năm nay."),
}
"""What pages say after an act."""

BOOK_EVENTS: dict[str, str] = {
    "list-imported": N_("Nhập danh sách {count} dòng"),
    "register-started": N_("Sổ năm {year} bắt đầu từ số {number}"),
    "number-taken": N_("Vào sổ, lấy số {number}/{year}"),
    "number-reserved": N_("Giữ số {number}/{year}"),
    "number-used": N_("Dùng số đã giữ {number}/{year}"),
    "number-voided": N_("Hủy số {number}/{year}"),
    "row-filled": N_("Ghi thêm vào sổ ở số {number}/{year}"),
    "row-corrected": N_("Sửa dòng trong sổ ở số {number}/{year}"),
}
