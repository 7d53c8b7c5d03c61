"""Words of the setting up: what is refused, what was done, and the names of what can be set."""

from __future__ import annotations

from appliance.wording.catalogue import N_

SETUP_CODES: dict[str, str] = {
    "office-name-missing": N_("Hãy ghi tên cơ quan."),
    "office-name-long": N_("Mỗi ô tối đa {most} ký tự, trên một dòng."),
    "office-code-bad": N_("Mã hộp có dạng commune- và 5 chữ số, như tỉnh đã cho, ví dụ commune-27007."),
    "office-code-given": N_("Hộp đã ghi danh với tỉnh nên mã hộp không đổi ở đây được nữa."),
    "unknown-copy-form": N_("Hình thức bản sao phải là SAO Y, SAO LỤC hoặc TRÍCH SAO."),
    "clock-behind": N_("Đồng hồ của hộp chậm: đang là {now}, mà hộp đã ghi việc lúc {known}. Hãy chỉnh giờ ngay."),
    "clock-late": N_("Đồng hồ của hộp chậm hơn của tỉnh {minutes} phút. Hãy chỉnh giờ."),
    "clock-early": N_("Đồng hồ của hộp nhanh hơn của tỉnh đến {minutes} phút. Hãy kiểm tra giờ."),
}

SETUP_DONE: dict[str, str] = {
    "office-set": N_("Đã lưu. Các trang và văn bản ký từ bây giờ dùng tên này."),
}

OFFICE_NAMES: dict[str, str] = {
    "commune": N_("Tên cơ quan"),
    "province": N_("Cơ quan chủ quản"),
    "id": N_("Mã hộp"),
    "office": N_("Đơn vị số hóa, nếu không phải chính cơ quan"),
    "copy_form": N_("Bản quét được ký là"),
}
"""What ``/setup/commune`` sets, by the names of ``config_office``, in the order of the page."""
