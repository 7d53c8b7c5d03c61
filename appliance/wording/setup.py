"""Words of the setting up: what is refused, what was done, and the names of what can be set."""

from __future__ import annotations

from appliance.wording.catalogue import N_

SETUP_CODES: dict[str, str] = {
    "office-name-missing": N_("Hãy ghi tên cơ quan."),
    "office-name-long": N_("Mỗi ô tối đa {most} ký tự, trên một dòng."),
    "office-code-bad": N_("Mã hộp có dạng commune- và 5 chữ số, như tỉnh đã cho, ví dụ commune-27007."),
    "office-code-given": N_("Hộp đã ghi danh với tỉnh nên mã hộp không đổi ở đây được nữa."),
    "unknown-copy-form": N_("Hình thức bản sao phải là SAO Y, SAO LỤC hoặc TRÍCH SAO."),
    "scan-test-open": N_("Trang thử lần trước của thư mục này còn chờ bạn trả lời."),
    "scan-test-arrived": N_("Trang đã đến rồi. Hãy xem kết quả rồi trả lời."),
    "scan-test-not-there": N_("Lần thử này đã xong hoặc chưa có trang nào đến."),
    "scan-test-twin": N_("Hộp đã có đúng tệp này trong một văn bản khác. Hãy bỏ trang thử."),
    "no-such-scan-test": N_("Không có lần thử này."),
    "scan-few-words": N_("Hầu như không đọc được chữ. Hãy xem giấy có úp ngược mặt, quá mờ hay trắng không."),
    "scan-coarse": N_("Máy quét đặt dưới 200 dpi nên chữ nhỏ đọc không chắc. Hãy đặt 300 dpi."),
    "scan-fine": N_("Máy quét đặt trên 400 dpi: tệp lớn hơn mà không đọc được thêm. Nên đặt 300 dpi."),
    "scan-no-colour": N_("Máy quét không lấy màu: dấu đỏ, dấu mật, dấu khẩn khó nhận ra. Nên đặt quét màu."),
    "scan-test-unanswered": N_(
        "Trang thử của thư mục “{folder}” đến lúc {since} còn chờ trả lời ở trang Thiết lập: bỏ đi hay là văn bản thật."
    ),
    "clock-behind": N_("Đồng hồ của hộp chậm: đang là {now}, mà hộp đã ghi việc lúc {known}. Hãy chỉnh giờ ngay."),
    "clock-late": N_("Đồng hồ của hộp chậm hơn của tỉnh {minutes} phút. Hãy chỉnh giờ."),
    "clock-early": N_("Đồng hồ của hộp nhanh hơn của tỉnh đến {minutes} phút. Hãy kiểm tra giờ."),
}

SETUP_DONE: dict[str, str] = {
    "office-set": N_("Đã lưu. Các trang và văn bản ký từ bây giờ dùng tên này."),
    "tour-end": N_("Hết hướng dẫn. Mở lại bất cứ lúc nào ở cuối trang."),
    "scan-test-give-up": N_("Đã thôi chờ. Tệp đến từ bây giờ là văn bản."),
    "scan-test-throw-away": N_("Đã bỏ trang thử; hộp không giữ gì của nó."),
    "scan-test-take-in": N_("Đã nhận làm văn bản. Hộp đang số hóa."),
}

OFFICE_NAMES: dict[str, str] = {
    "commune": N_("Tên cơ quan"),
    "province": N_("Cơ quan chủ quản"),
    "id": N_("Mã hộp"),
    "office": N_("Đơn vị số hóa, nếu không phải chính cơ quan"),
    "copy_form": N_("Bản quét được ký là"),
}
"""What ``/setup/commune`` sets, by the names of ``config_office``, in the order of the page."""

SCAN_COLOURS: dict[str, str] = {
    "colour": N_("màu"),
    "gray": N_("xám"),
    "black-and-white": N_("đen trắng"),
    "drawn": N_("không phải bản quét"),
}
"""How a page was scanned (``scanner_intake.glance.COLOURS``)."""
