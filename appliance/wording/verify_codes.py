"""Sentences for the codes of verification and of the manifest."""

from __future__ import annotations

from appliance.wording.catalogue import N_

VERIFY: dict[str, str] = {
    "papers-not-as-kept": N_(
        "{count} văn bản không còn là tệp ghi trong sổ lưu. Hộp không gửi các văn bản này; hãy chạy commune-box db "
        "verify và khôi phục từ bản sao lưu."
    ),
    "certificate-ends": N_("Chứng thư “{name}” chỉ còn {days} ngày (đến {ends}). Hãy xin gia hạn hoặc cấp lại."),
    "certificate-ended": N_("Chứng thư “{name}” đã hết hạn từ {ends}. Hãy xin cấp lại ngay."),
    "certificate-not-begun": N_("Chứng thư “{name}” chưa có hiệu lực (từ {begins}). Hãy kiểm tra đồng hồ của hộp."),
    "certificate-file-unreadable": N_("Không đọc được tệp chứng thư {path}: {detail}."),
    "file-not-in-manifest": N_(
        "Tệp trong kho không phải tệp ghi trong sổ lưu (có thể bị thay hoặc bị cắt bớt phần ký). Hộp không gửi; "
        "hãy gọi quản trị khôi phục từ bản sao lưu."
    ),
    "file-rolled-back": N_(
        "Tệp đã bị đưa về bản có ít chữ ký hơn. Hộp không gửi; hãy gọi quản trị khôi phục từ bản sao lưu."
    ),
    "file-damaged": N_(
        "Tệp trong kho đã hỏng hoặc bị cắt bớt. Hộp không gửi; hãy gọi quản trị khôi phục từ bản sao lưu."
    ),
}
