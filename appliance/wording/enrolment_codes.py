"""Sentences for the codes of the box's first meeting with its province."""

from __future__ import annotations

from appliance.wording.catalogue import N_

ENROLMENT: dict[str, str] = {
    "code-length": N_("Mã ghi danh có 24 chữ và số; mã vừa gõ có {detail}. Hãy gõ lại."),
    "code-character": N_("Mã ghi danh không có ký tự “{detail}”. Hãy gõ lại."),
    "code-mistyped": N_("Mã ghi danh bị gõ sai một chỗ. Hãy đối chiếu từng nhóm bốn ký tự rồi gõ lại."),
    "code-unknown": N_("Tỉnh không biết mã ghi danh này. Hãy xin tỉnh cấp mã mới."),
    "code-expired": N_("Mã ghi danh đã hết hạn. Hãy xin tỉnh cấp mã mới."),
    "code-used": N_("Mã ghi danh đã được dùng cho một máy khác. Hãy báo tỉnh ngay nếu không phải quý cơ quan dùng."),
    "too-many": N_("Đã gõ sai quá nhiều lần. Hãy chờ 10 phút rồi thử lại."),
    "csr-bad": N_("Tỉnh không nhận yêu cầu chứng thư của hộp. Hãy báo người hỗ trợ."),
    "proof-bad": N_("Tỉnh không nhận chứng minh khóa thiết bị của hộp. Hãy báo người hỗ trợ."),
    "request-bad": N_("Tỉnh không hiểu yêu cầu ghi danh của hộp. Hãy báo người hỗ trợ."),
    "province-away": N_("Không kết nối được máy của tỉnh ({detail}). Hãy kiểm tra đường truyền và địa chỉ."),
    "province-other": N_(
        "Máy trả lời ở địa chỉ này không phải của tỉnh đã cấp mã ({detail}). Không gửi gì; hãy kiểm tra địa chỉ."
    ),
    "answer-bad": N_(
        "Trả lời của máy tỉnh không dùng được ({detail}). Hãy thử lại với cùng mã, hoặc báo người hỗ trợ."
    ),
    "enrolled-already": N_("Hộp đã được ghi danh ({detail}). Muốn ghi danh lại, hãy dùng --again."),
    "enrol-other-box": N_(
        "Tệp cấu hình nói hộp này là {found}, tỉnh vừa ghi danh nó là {box}. Hãy sửa [box] id rồi khởi động lại."
    ),
}
