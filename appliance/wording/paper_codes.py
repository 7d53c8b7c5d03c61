"""Sentences for what became of a file or a paper (codes of ``scanner_intake``, the store and the line)."""

from __future__ import annotations

from appliance.wording.catalogue import N_

PAPERS: dict[str, str] = {
    "truncated": N_(
        "Tệp “{name}” chưa đủ: máy quét dừng giữa chừng hoặc việc chép bị ngắt. Hãy quét lại; nếu máy quét "
        "ghi tiếp, hộp tự nhận."
    ),
    "damaged": N_("Tệp “{name}” bị hỏng, không mở được. Hãy quét lại."),
    "empty": N_("Tệp “{name}” rỗng. Hãy quét lại."),
    "unsupported-type": N_("Tệp không phải PDF, TIFF, JPEG, PNG hoặc HEIC. Hãy quét lại ở một trong các dạng đó."),
    "suspected-secret": N_("Có dấu độ mật. Hộp dừng xử lý, không lưu nội dung và không gửi đi."),
    "marking-unreadable": N_("Có dấu đỏ ở vị trí dấu độ mật mà hộp không đọc được. Hãy xem trên giấy rồi quyết định."),
    "secret": N_("Đã hủy vì là tài liệu bí mật; bản quét đã bị xóa khỏi hộp."),
    "sent-back": N_("Đã trả lại."),
    "released-as-not-secret": N_("Đã có người xác nhận không phải tài liệu bí mật."),
    "unreadable": N_("Không đọc được tệp. Hãy quét lại."),
    "needs-password": N_(
        "Tệp có mật khẩu. Hãy nhập mật khẩu ở trang của văn bản này, hoặc bỏ mật khẩu rồi đưa tệp vào lại."
    ),
    "password-wrong": N_("Mật khẩu đã nhập không mở được tệp. Hãy nhập lại, hoặc bỏ mật khẩu rồi đưa tệp vào lại."),
    "unsupported-image": N_("Dạng ảnh trong tệp không được hỗ trợ. Hãy quét lại ở dạng thường."),
    "too-large": N_("Tệp quá lớn. Hãy quét ở độ phân giải thấp hơn hoặc chia nhỏ."),
    "too-many-pages": N_("Tệp có quá nhiều trang. Hãy chia nhỏ rồi quét lại."),
    "too-many-pixels": N_("Ảnh quá lớn. Hãy quét ở 200 hoặc 300 dpi."),
    "out-of-memory": N_("Tệp cần quá nhiều bộ nhớ. Hãy quét ở độ phân giải thấp hơn hoặc chia nhỏ."),
    "limits-exceeded": N_(
        "Tệp vượt giới hạn bộ nhớ hoặc thời gian xử lý. Hãy quét ở độ phân giải thấp hơn hoặc chia nhỏ."
    ),
    "timeout": N_("Số hóa tệp này quá lâu nên hộp đã dừng. Hãy chia nhỏ rồi quét lại."),
    "crashed": N_("Chương trình số hóa bị dừng khi đọc tệp này."),
    "bad-result": N_("Chương trình số hóa trả kết quả không hợp lệ cho tệp này."),
    "ocr-missing": N_("Thiếu chương trình nhận dạng chữ (tesseract). Hãy báo quản trị cài lại."),
    "ocr-failed": N_("Nhận dạng chữ không thành công."),
    "pdfa-failed": N_("Không tạo được PDF/A từ tệp này. Hãy quét lại hoặc in ra rồi quét."),
    "not-pdfa": N_("Tệp tạo ra không đạt chuẩn PDF/A nên không được dùng."),
    "resolution-assumed": N_("Tệp không ghi độ phân giải; hộp coi là khổ A4."),
    "pages-turned": N_("Có trang bị ngược, hộp đã xoay lại."),
    "pages-pictured": N_("Có trang được chuyển thành ảnh để giữ đúng hình."),
    "blank-pages-hidden": N_("Có mặt giấy trắng không đưa vào bản lưu; bản gốc vẫn giữ đủ."),
    "dictionary-unusable": N_("Từ điển của tỉnh không dùng được; các trường được đọc mà không có từ điển."),
    "profile-changed": N_("Bản lưu kiểu đã chọn lớn hơn bản gốc nên hộp dùng kiểu kia."),
    "marking-not-checked": N_("Bản quét không có màu nên dấu độ mật chỉ được tìm bằng chữ. Hãy xem lại trên giấy."),
    "active-content-removed": N_("Đã bỏ mã chạy trong tệp PDF."),
    "attachments-removed": N_("Đã bỏ tệp đính kèm bên trong PDF; bản gốc vẫn được giữ."),
    "comments-merged": N_("Ghi chú trong PDF đã được in lên trang."),
    "encryption-removed": N_("Tệp có khóa hạn chế, bản lưu đã bỏ khóa."),
    "signed-kept": N_("Tệp đã có chữ ký số nên được giữ nguyên từng byte."),
    "blob-missing": N_("Kho tệp của hộp thiếu một tệp. Hãy báo quản trị khôi phục từ bản sao lưu."),
    "province-offline": N_("Đã nối mạng nhưng đầu tỉnh chưa sẵn sàng nhận."),
    "unpacks-too-large": N_("Nội dung nén trong tệp bung ra quá lớn. Hãy quét lại."),
    "portfolio": N_("Đây là tệp PDF gói nhiều tệp khác. Hãy tách ra và gửi từng tệp."),
    "xfa-form": N_("Đây là biểu mẫu chỉ mở được bằng một phần mềm. Hãy in ra PDF rồi gửi lại."),
    "mended": N_("Tệp PDF có lỗi nhỏ, hộp đã sửa; hãy so lại các trang."),
    "xfa-flattened": N_("Biểu mẫu điện tử đã được in phẳng lên trang."),
    # appendices
    "attach-to-itself": N_("Văn bản không thể là phụ lục của chính nó."),
    "attached-already": N_("Văn bản này đã là phụ lục của một văn bản khác."),
    "attach-held": N_("Văn bản nghi là tài liệu mật không được đính kèm và không có phụ lục đính kèm."),
    "attach-decided": N_("Văn bản này không còn chờ duyệt, hoặc đã có số, nên không đính kèm hay gỡ ra được."),
    "attach-kind": N_("Loại văn bản này không đính kèm được."),
    "main-is-appendix": N_("Văn bản này là phụ lục nên không có phụ lục riêng."),
    "main-decided": N_("Văn bản chính đã được duyệt. Hãy rút lại phê duyệt trước khi thêm hoặc gỡ phụ lục."),
    "not-attached": N_("Văn bản này không phải là phụ lục của văn bản nào."),
    "attached-to-main": N_("Văn bản này là phụ lục, đi cùng văn bản chính. Hãy gỡ ra trước."),
    "has-appendices": N_("Văn bản này có phụ lục đính kèm. Hãy gỡ các phụ lục ra trước."),
    "appendix-needs-code": N_("Hãy ghi số, ký hiệu của văn bản: phụ lục được ký kèm số ấy."),
    "appendix-signed": N_("Phụ lục đã được ký số nên không rút lại phê duyệt được nữa."),
    "awaiting-main": N_("Phụ lục chờ văn bản chính được gửi."),
}
