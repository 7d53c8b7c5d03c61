"""Sentences for the codes of long-term proof: time stamps, revocation data, lists of revoked certificates."""

from __future__ import annotations

from appliance.wording.catalogue import N_, _

LONGTERM: dict[str, str] = {
    "awaiting-timestamp": N_("Chờ dấu thời gian trước khi gửi."),
    "tsa-none": N_("Chưa khai báo dịch vụ dấu thời gian ([longterm] tsa)."),
    "tsa-unreachable": N_("Không kết nối được dịch vụ dấu thời gian ({detail})."),
    "tsa-silent": N_("Dịch vụ dấu thời gian không trả lời kịp ({detail})."),
    "tsa-not-an-answer": N_(
        "Trả lời không phải dấu thời gian ({detail}). Có thể mạng đang bắt đăng nhập qua trang web; hãy kiểm tra."
    ),
    "tsa-refused": N_("Dịch vụ dấu thời gian từ chối: {detail}."),
    "tsa-imprint": N_("Dấu thời gian nhận được là của dữ liệu khác nên bị bỏ."),
    "tsa-nonce": N_("Dấu thời gian nhận được không phải trả lời cho yêu cầu này nên bị bỏ."),
    "tsa-policy": N_("Dấu thời gian theo chính sách {detail}, không nằm trong cấu hình."),
    "tsa-untrusted": N_("Dấu thời gian không do dịch vụ tin cậy cấp ({detail})."),
    "tsa-resting": N_("Các dịch vụ dấu thời gian vừa lỗi; hộp sẽ hỏi lại sau."),
    "tsa-pace": N_("Đã hỏi đủ số lần cho phép; hộp sẽ hỏi tiếp sau {detail}."),
    "evidence-unreachable": N_("Không lấy được dữ liệu thu hồi chứng thư ({detail})."),
    "evidence-too-old": N_("Dữ liệu thu hồi cũ hơn dấu thời gian; hộp chờ danh sách mới."),
    "evidence-revoked": N_(
        "Chứng thư đã bị thu hồi trước khi có dấu thời gian: không chứng minh được chữ ký. {detail}"
    ),
    "evidence-expired": N_("Chứng thư đã hết hạn trước khi lấy được dữ liệu thu hồi. {detail}"),
    "evidence-untrusted": N_("Chứng thư không thuộc nguồn tin cậy ({detail})."),
    "evidence-incomplete": N_("Dữ liệu thu hồi chưa đủ ({detail})."),
    "evidence-no-stamp": N_("Tệp chưa có dấu thời gian."),
    "upgrade-unreadable": N_("Không đọc được tệp đã ký ({detail})."),
    "upgrade-not-sound": N_("Tệp đã ký không còn nguyên vẹn ({detail}). Hãy xem lại văn bản này."),
    "upgrade-prefix": N_("Tệp mới không bắt đầu bằng đúng tệp cũ nên bị bỏ."),
    "upgrade-self-check": N_("Tệp mới không qua kiểm tra ({detail}) nên bị bỏ."),
    "upgrade-not-maintainable": N_("Tệp mới chưa đủ dữ liệu để xác minh về sau ({detail}) nên bị bỏ."),
    "stamp-too-large": N_("Dấu thời gian lớn hơn chỗ dành sẵn ({detail} byte) nên bị bỏ."),
    "blob-missing": N_("Thiếu tệp của văn bản trong kho. Hãy phục hồi từ bản sao lưu."),
    "list-unreadable": N_("Tệp không phải danh sách thu hồi chứng thư ({detail})."),
    "list-partial": N_("Danh sách thu hồi không đầy đủ ({detail}) nên không dùng."),
    "list-stranger": N_("Danh sách thu hồi không do cơ quan cấp chứng thư đã cấu hình ký ({detail})."),
    "list-older": N_("Danh sách thu hồi cũ hơn danh sách đang có ({detail})."),
    "list-future": N_("Danh sách thu hồi đề ngày trong tương lai ({detail}). Hãy kiểm tra đồng hồ của hộp."),
    "list-silent": N_("Không tải được danh sách thu hồi ({detail})."),
    "certificate-revoked": N_("Chứng thư số đã bị thu hồi ({detail}). Không được ký bằng chứng thư này."),
    # health
    "proof-backlog": N_("{count} văn bản đã ký chờ dấu thời gian hoặc dữ liệu thu hồi, hạn sớm nhất {deadline}."),
    "proof-overdue": N_(
        "{count} văn bản đã ký quá hạn lấy dấu thời gian hoặc dữ liệu thu hồi. Hãy nối mạng hoặc dùng USB."
    ),
    "proof-nearly-lost": N_(
        "{count} văn bản đã ký sắp không còn chứng minh được, muộn nhất {date}. Hãy nối mạng hoặc dùng USB ngay."
    ),
    "proof-lost": N_("{count} văn bản đã ký không lấy thêm được chứng cứ ({reason})."),
    "revocation-stale": N_("Không rõ tình trạng thu hồi chứng thư từ {since}: danh sách của {issuer} đã hết hạn."),
    "revocation-none": N_("Hộp chưa có danh sách thu hồi chứng thư nào. Hãy nối mạng hoặc nhập từ tệp."),
}

REVOCATIONS: dict[str, str] = {
    "good": N_("chứng thư chưa bị thu hồi (theo danh sách ngày {since})"),
    "unknown": N_("không rõ tình trạng thu hồi từ {since}"),
    "never": N_("không rõ tình trạng thu hồi, hộp chưa có danh sách nào"),
}
"""What was known of the signer's certificate when it signed."""


def revocation_words(state: str, known_at: str) -> str:
    """What was known when it signed, in the present language; "" for a signature of before this was asked."""
    known = REVOCATIONS.get("never" if state == "unknown" and not known_at else state)
    return _(known).format(since=known_at[:10]) if known else ""
