"""Words of case dossiers: where one is, refusals, what pages say, events."""

from __future__ import annotations

from appliance.wording.catalogue import N_

CASE_STATES: dict[str, str] = {
    "open": N_("Đang kiểm tra thành phần"),
    "accepted": N_("Đã tiếp nhận, đang giải quyết"),
    "refused": N_("Từ chối tiếp nhận"),
    "returned": N_("Đã trả kết quả"),
}

CASE_CODES: dict[str, str] = {
    "no-such-case": N_("Không có hồ sơ {case}."),
    "no-such-procedure": N_("Danh mục không có thủ tục này. Hãy chọn trong danh sách."),
    "applicant-needed": N_("Hãy ghi tên cá nhân hoặc tổ chức nộp hồ sơ."),
    "case-not-refused": N_("Chỉ nộp lại được hồ sơ đã bị từ chối."),
    "too-late-new-submission": N_(
        "Hồ sơ bị từ chối này chỉ nộp lại được đến hết ngày {last} ({days} ngày). Hãy nhận như hồ sơ mới."
    ),
    "tracking-needed": N_("Người nộp nhận kết quả qua bưu chính: hãy ghi số bưu gửi, hoặc ghi cách đã trả khác."),
    "case-not-in-this-state": N_("Hồ sơ đã sang bước khác, không thể thực hiện thao tác này. Hãy tải lại trang."),
    "case-incomplete": N_("Hồ sơ còn thiếu thành phần bắt buộc nên chưa tiếp nhận được."),
    "component-unknown": N_("Thành phần hồ sơ không có trong danh mục."),
    "lookup-too-often": N_("Tra cứu quá nhiều lần. Hãy đợi một phút rồi thử lại."),
}

CASE_DONE: dict[str, str] = {
    "case-opened": N_("Đã mở hồ sơ. Hãy đánh dấu các thành phần đã nộp."),
    "case-ticked": N_("Đã ghi các thành phần đã nộp."),
    "case-accepted": N_("Đã tiếp nhận và vào sổ. Hãy in giấy tiếp nhận cho người nộp."),
    "case-refused": N_("Đã từ chối. Hãy in phiếu từ chối cho người nộp."),
    "case-returned": N_("Đã ghi trả kết quả."),
    "procedures-imported": N_("Đã nhập danh mục thủ tục."),
}
