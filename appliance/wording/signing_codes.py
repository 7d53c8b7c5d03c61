"""Sentences for the codes of signing: token, signer process, certificates, stamps (raised by ``hsm``)."""

from __future__ import annotations

from appliance.wording.catalogue import N_

SIGNING: dict[str, str] = {
    "pin-wrong": N_("Mã PIN không đúng. Một lần thử đã bị trừ; hãy kiểm tra rồi nhập lại, không thử nhiều lần."),
    "pin-locked": N_("Mã PIN đã bị khóa hoặc phải đổi. Hãy liên hệ Sở Khoa học và Công nghệ để mở khóa."),
    "pin-final-try": N_(
        "Chỉ còn một lần nhập mã PIN. Hộp không thử nữa; hãy dùng phần mềm của thiết bị hoặc liên hệ Sở Khoa "
        "học và Công nghệ."
    ),
    "credential-refused": N_(
        "Mã PIN lưu sẵn đã bị từ chối trước đó nên không được thử lại. Hãy đăng nhập bằng tay một lần."
    ),
    "credential-unreadable": N_("Không đọc được mã PIN lưu sẵn: {detail}."),
    "pin-mark-not-written": N_("Không ghi được dấu bảo vệ mã PIN ({detail}) nên chưa thử mã PIN. Hãy kiểm tra ổ đĩa."),
    "not-logged-in": N_("Chưa đăng nhập thiết bị ký. Hãy nhập mã PIN."),
    "token-lost": N_("Thiết bị ký đã bị rút ra. Hãy cắm lại và nhập mã PIN."),
    "token-other-serial": N_("Thiết bị đang cắm có số sê-ri khác ({detail}). Hãy cắm đúng thiết bị hoặc đăng ký lại."),
    "token-ambiguous": N_("Có nhiều thiết bị cùng tên {detail}. Hãy ghi số sê-ri trong cấu hình."),
    "token-in-use": N_("Thiết bị ký đang được chương trình khác dùng."),
    "token-refuses": N_("Thiết bị ký không thực hiện được thao tác này: {detail}."),
    "device-fault": N_("Thiết bị ký báo lỗi: {detail}. Hộp sẽ thử khởi động lại."),
    "module-unusable": N_("Không dùng được mô-đun PKCS#11: {detail}."),
    "module-hangs": N_("Thiết bị ký không trả lời. Tiến trình ký được khởi động lại; hãy nhập lại mã PIN."),
    "signer-silent": N_("Tiến trình ký không trả lời kịp thời."),
    "signer-not-running": N_("Tiến trình ký chưa chạy."),
    "signer-died": N_("Tiến trình ký bị dừng giữa chừng. Hãy nhập lại mã PIN."),
    "signer-protocol": N_("Tiến trình ký trả lời không đúng giao thức: {detail}."),
    "signer-fault": N_("Tiến trình ký gặp lỗi: {detail}."),
    "peer-not-allowed": N_("Người dùng này không được phép gọi tiến trình ký."),
    "operation-unknown": N_("Tiến trình ký không biết thao tác {detail}."),
    "slot-unknown": N_("Không có khóa ký cho vị trí {detail}."),
    "key-not-found": N_("Không tìm thấy khóa ký trên thiết bị: {detail}."),
    "key-certificate-mismatch": N_("Chứng thư số không khớp với khóa trên thiết bị ({detail})."),
    "certificate-unreadable": N_("Không đọc được chứng thư số: {detail}."),
    "certificate-not-enrolled": N_("Chứng thư số không phải chứng thư đã đăng ký cho khóa này."),
    "attributes-unreadable": N_("Tiến trình ký từ chối: nội dung cần ký không hợp lệ."),
    "attributes-not-acceptable": N_("Tiến trình ký từ chối: nội dung cần ký không phải chữ ký văn bản."),
    "journal-not-written": N_("Không ghi được nhật ký ký số ({detail}) nên chưa ký."),
    "frame-magic": N_("Yêu cầu gửi tới tiến trình ký sai định dạng."),
    "frame-version": N_("Phiên bản giao thức ký không khớp: {detail}."),
    "frame-size": N_("Yêu cầu gửi tới tiến trình ký quá lớn."),
    "frame-body": N_("Yêu cầu gửi tới tiến trình ký thiếu hoặc sai: {detail}."),
    "signer-config-unreadable": N_("Không đọc được signer.toml: {detail}."),
    "signer-config-unknown-name": N_("signer.toml có khóa lạ."),
    "signer-config-wrong-value": N_("signer.toml có giá trị sai: {detail}."),
    "document-unreadable": N_("Không mở được văn bản để ký: {detail}."),
    "document-encrypted": N_("Văn bản có mật khẩu nên không ký được."),
    "kind-unknown": N_("Không có loại văn bản “{kind}”."),
    "slot-not-of-kind": N_("Loại văn bản “{kind}” không có chữ ký “{slot}”."),
    "slot-out-of-order": N_("Phải có chữ ký “{missing}” trước chữ ký “{slot}”."),
    "slot-already-signed": N_("Văn bản đã có chữ ký “{slot}”."),
    "signature-present-invalid": N_("Chữ ký có sẵn trên văn bản không hợp lệ ({reasons}) nên không ký tiếp."),
    "self-check-failed": N_("Chữ ký vừa tạo không qua kiểm tra ({reasons}); văn bản chưa được ký."),
    "pdfa-broken": N_("Ký xong văn bản không còn là PDF/A ({reasons}); kết quả bị bỏ."),
    "trust-unreadable": N_("Không đọc được chứng thư: {detail}."),
    "certificate-expired": N_("Chứng thư số đã hết hạn ({detail})."),
    "certificate-not-yet-valid": N_("Chứng thư số chưa có hiệu lực ({detail}). Hãy kiểm tra đồng hồ của hộp."),
    "certificate-usage": N_("Chứng thư số không được phép dùng để ký."),
    "certificate-untrusted": N_("Chứng thư số không thuộc gốc tin cậy đã cấu hình."),
    "font-missing": N_("Thiếu phông chữ để in dấu ký. Hãy cài gói {detail}."),
    "font-cache-foreign": N_("Thư mục phông chữ {detail} thuộc người dùng khác."),
    "font-glyph-missing": N_("Dấu ký có ký tự không in được: {detail}."),
    "stamp-image-unreadable": N_("Không đọc được ảnh chữ ký hoặc ảnh dấu: {detail}."),
    "page-unreadable": N_("Không dựng được trang để đặt chữ ký: {detail}."),
}
