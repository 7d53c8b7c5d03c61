"""What is said of handling electronic documents, and of a stick that a courier carries (``sync.courier``)."""

from __future__ import annotations

from appliance.wording.catalogue import N_

COURIER: dict[str, str] = {
    "stage-cannot-follow": N_("Văn bản đang ở tình trạng {before}, không chuyển sang {after} được."),
    "no-recall-asked": N_("Không có yêu cầu lấy lại nào đang chờ trả lời cho văn bản {document_id}."),
    "stick-half-copied": N_("{name}: tệp chép dở hoặc không đọc được; hãy chép lại từ tỉnh. Tỉnh vẫn giữ bản gốc."),
    "stick-altered": N_("{name}: nội dung trên thẻ đã bị thay đổi, không nhận. Tỉnh vẫn giữ bản gốc."),
    "stick-unreadable": N_("{name}: bản kê không đọc được, không nhận. Hãy chép lại từ tỉnh."),
    "stick-forged": N_("{name}: không mang chữ ký của tỉnh đã ghi danh hộp này, không nhận."),
    "stick-foreign": N_("{name}: không phải của hộp hay văn bản này, không nhận."),
    "stick-empty": N_("Trong thư mục này không có gì do hộp hay tỉnh chép vào cho hộp này."),
    "stick-no-space": N_("Thẻ nhớ (hoặc đĩa của hộp) hết chỗ; những gì đã chép vẫn còn. Hãy dùng thẻ lớn hơn."),
    "stick-no-key": N_(
        "Không đọc được khóa thiết bị {path}. Hãy chạy lệnh bằng quyền quản trị khi dịch vụ gửi đang chạy."
    ),
    "stick-trouble": N_("Không đọc hoặc ghi được thẻ ({detail}). Không mất gì; hãy cắm lại thẻ và làm lại."),
}
"""Code → sentence."""
