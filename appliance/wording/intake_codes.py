"""Sentences about drop folders, and the notes that lie in them."""

from __future__ import annotations

from appliance.wording.catalogue import N_

INTAKE: dict[str, str] = {
    "duplicate": N_(
        "Tệp “{name}” giống hệt tệp “{first}” hộp đã nhận lúc {arrived}, nên không nhận lần nữa. Văn bản vẫn được xử "
        "lý bình thường; có thể xóa tệp này. Mã văn bản: {document_id}."
    ),
    "duplicate-numbered": N_(
        "Tệp “{name}” giống hệt văn bản số {number} ngày {day} hộp đã nhận lúc {arrived}, nên không nhận lần nữa. Có "
        "thể xóa tệp này. Mã văn bản: {document_id}."
    ),
    "note-not-read": N_(
        "Bản quét “{name}” nhận lúc {arrived}: {what} Hộp vẫn giữ bản đã nhận. Đưa tệp mới cùng tên vào thư mục nhận, "
        "hộp sẽ nối với bản cũ. Mã văn bản: {document_id}."
    ),
    "note-kept": N_("Bản quét “{name}” nhận lúc {arrived}: {what} Mã văn bản: {document_id}."),
    "kept-for-a-look": N_("Hộp đang giữ văn bản này để văn thư xem. Hãy mở trang của hộp."),
    "drop-folder-unreachable": N_(
        "Thư mục {path} không trả lời từ {since}. Hãy kiểm tra mạng và máy chứa thư mục; hộp tự nhận lại khi có."
    ),
    "drop-folder-full": N_("Ổ đĩa của thư mục {path} đầy. Hãy dọn bớt; tệp trong thư mục không mất."),
    "drop-folder-taken": N_("Một chương trình nhận khác đang dùng thư mục {path}. Hãy dừng một trong hai."),
    "drop-folder-silent": N_("Thư mục {path} chưa được xem lại từ {since}. Hãy kiểm tra mạng và máy chứa thư mục."),
    "no-events": N_("Thư mục {path} không báo khi có tệp mới; hộp vẫn xem lại theo giờ nên nhận chậm hơn một chút."),
}
