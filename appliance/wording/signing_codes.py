"""Sentences for the codes of signing: token, signer process, certificates, stamps (raised by ``hsm``)."""

from __future__ import annotations

from appliance.wording.catalogue import N_

SIGNING: dict[str, str] = {
    "pin-wrong": N_(
        "Mã PIN không đúng. Một lần thử đã bị trừ và hộp không tự thử lại. Người giữ thiết bị kiểm tra rồi nhập "
        "lại; còn nghi ngờ thì dừng, hỏi Sở Khoa học và Công nghệ."
    ),
    "pin-locked": N_(
        "Mã PIN đã bị khóa, hết hạn hoặc phải đổi. Hồ sơ vẫn chờ ký. Người giữ thiết bị liên hệ Sở Khoa học và "
        "Công nghệ để mở khóa."
    ),
    "pin-final-try": N_(
        "Chỉ còn một lần nhập mã PIN nên hộp không nhận nữa. Người giữ thiết bị đặt lại mã PIN bằng phần mềm của "
        "thiết bị, hoặc gọi Sở Khoa học và Công nghệ."
    ),
    "credential-refused": N_(
        "Mã PIN lưu sẵn đã bị từ chối trước đó nên không được thử lại. Hãy đăng nhập bằng tay một lần."
    ),
    "credential-unreadable": N_("Không đọc được mã PIN lưu sẵn: {detail}."),
    "pin-mark-not-written": N_("Không ghi được dấu bảo vệ mã PIN ({detail}) nên chưa thử mã PIN. Hãy kiểm tra ổ đĩa."),
    "not-logged-in": N_(
        "Chưa mở khóa thiết bị ký, hoặc phiên ký đã hết. Người giữ thiết bị nhập mã PIN; hồ sơ chờ sẽ được ký tiếp."
    ),
    "login-form-old": N_("Trang này đã cũ hoặc đã được gửi rồi nên mã PIN chưa được thử thêm. Hãy nhập lại ở đây."),
    "login-number-wrong": N_("Số văn bản phải là số từ 1 đến 999. Mã PIN chưa được thử."),
    "token-lost": N_(
        "Thiết bị ký đã bị rút ra. Cắm lại đúng thiết bị rồi người giữ thiết bị nhập mã PIN; hồ sơ vẫn chờ."
    ),
    "token-other-serial": N_(
        "Thiết bị đang cắm có số sê-ri khác ({detail}), không phải thiết bị đã đăng ký. Cắm đúng thiết bị, hoặc "
        "cán bộ kỹ thuật đăng ký lại."
    ),
    "token-ambiguous": N_("Có nhiều thiết bị cùng tên {detail}. Hãy ghi số sê-ri trong cấu hình."),
    "token-in-use": N_("Thiết bị ký đang được chương trình khác dùng."),
    "token-refuses": N_(
        "Thiết bị ký không thực hiện được thao tác này ({detail}); thử lại cũng vậy. Cán bộ kỹ thuật đăng ký lại "
        "khóa với cách ký khác."
    ),
    "device-fault": N_(
        "Thiết bị ký hoặc phần mềm của nó báo lỗi ({detail}). Hộp tự khởi động lại phần ký; sau đó người giữ "
        "thiết bị nhập lại mã PIN."
    ),
    "module-unusable": N_(
        "Không dùng được mô-đun PKCS#11 ({detail}). Cán bộ kỹ thuật cài lại phần mềm của thiết bị, bản cho Linux."
    ),
    "module-hangs": N_(
        "Thiết bị ký không trả lời nên phần ký được khởi động lại; văn bản đang ký dở được bỏ và ký lại sau. "
        "Người giữ thiết bị nhập lại mã PIN."
    ),
    "signer-silent": N_(
        "Phần ký không trả lời kịp; văn bản chưa được ký và sẽ được thử lại. Nếu kéo dài, báo cán bộ kỹ thuật."
    ),
    "signer-not-running": N_("Phần ký chưa chạy. Cán bộ kỹ thuật kiểm tra dịch vụ commune-signer."),
    "signer-died": N_(
        "Phần ký bị dừng giữa chừng và đã được khởi động lại; văn bản đang ký dở chưa có chữ ký. Người giữ thiết "
        "bị nhập lại mã PIN."
    ),
    "signer-protocol": N_("Tiến trình ký trả lời không đúng giao thức: {detail}."),
    "signer-fault": N_("Tiến trình ký gặp lỗi: {detail}."),
    "peer-not-allowed": N_("Người dùng này không được phép gọi tiến trình ký."),
    "operation-unknown": N_("Tiến trình ký không biết thao tác {detail}."),
    "slot-unknown": N_("Không có khóa ký cho vị trí {detail}."),
    "key-not-found": N_("Không tìm thấy khóa ký trên thiết bị: {detail}."),
    "enrol-no-key": N_(
        "Không có khóa ký trên thiết bị, hoặc không có khóa với CKA_ID {detail}. Hãy hỏi nơi cấp chứng thư."
    ),
    "enrol-no-certificate": N_(
        "Thiết bị không chứa chứng thư số. Hãy đưa vào tệp chứng thư do nơi cấp giao (lệnh: --certificate)."
    ),
    "enrol-no-match": N_(
        "Không chứng thư số nào khớp với khóa trên thiết bị ({detail}). Hãy cắm đúng thiết bị, hoặc xin đúng chứng "
        "thư của khóa này."
    ),
    "enrol-several-keys": N_("Thiết bị có nhiều khóa kèm chứng thư: {detail}. Hãy chọn một (lệnh: --key-id)."),
    "enrolment-gone": N_("Thiết bị hoặc chứng thư đã chọn không còn thấy nữa. Hãy cắm lại thiết bị rồi tìm lại."),
    "enrolment-form-old": N_("Trang này đã cũ nên mã PIN chưa được thử. Hãy nhập lại ở đây."),
    "enrolment-pin-missing": N_("Hãy nhập mã PIN của thiết bị (tối đa 64 ký tự)."),
    "enrolment-file-missing": N_("Hãy chọn tệp chứng thư số (PEM hoặc DER)."),
    "enrolment-file-large": N_("Tệp lớn hơn {detail} nên không phải một chứng thư số. Hãy chọn đúng tệp."),
    "enroller-away": N_(
        "Phần đăng ký không trả lời; chưa có gì được ghi. Cán bộ kỹ thuật xem nhật ký của commune-enrolment."
    ),
    "enroller-silent": N_(
        "Thiết bị không trả lời kịp; chưa rõ khóa đã được đăng ký chưa. Xem phần “Đang đăng ký”, rút ra cắm "
        "lại rồi thử."
    ),
    "module-not-known": N_("Mô-đun {detail} không nằm trong danh sách của máy này nên không được nạp."),
    "module-crashes": N_(
        "Mô-đun PKCS#11 bị dừng khi được xem thử ({detail}). Hãy rút ra cắm lại; vẫn vậy thì cán bộ kỹ thuật cài lại "
        "phần mềm của thiết bị."
    ),
    "key-certificate-mismatch": N_(
        "Chứng thư số không khớp với khóa trên thiết bị ({detail}). Hãy chọn đúng chứng thư của thiết bị này."
    ),
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
    "certificate-untrusted": N_(
        "Chứng thư số không thuộc gốc tin cậy đã cấu hình. Hãy chọn chứng thư của cơ quan chứng thực mà hộp tin cậy, "
        "hoặc cán bộ kỹ thuật bổ sung chứng thư gốc và trung gian."
    ),
    "font-missing": N_("Thiếu phông chữ để in dấu ký. Hãy cài gói {detail}."),
    "font-cache-foreign": N_("Thư mục phông chữ {detail} thuộc người dùng khác."),
    "font-glyph-missing": N_("Dấu ký có ký tự không in được: {detail}."),
    "stamp-image-unreadable": N_("Không đọc được ảnh chữ ký hoặc ảnh dấu: {detail}."),
    "page-unreadable": N_("Không dựng được trang để đặt chữ ký: {detail}."),
    "device-restarting": N_(
        "Phần ký vừa gặp lỗi và đang được khởi động lại. Chờ ít phút rồi người giữ thiết bị nhập lại mã PIN."
    ),
    "device-given-up": N_(
        "Thiết bị ký lỗi nhiều lần liên tiếp nên hộp thôi không tự thử nữa. Rút ra cắm lại thiết bị, hoặc nhập "
        "lại mã PIN để thử; vẫn lỗi thì báo cán bộ kỹ thuật."
    ),
    "signer-starting": N_("Phần ký đang khởi động. Chờ ít giây."),
    "mechanism-missing": N_(
        "Thiết bị không có cách ký đã chọn ({detail}). Cán bộ kỹ thuật đăng ký lại khóa với cách ký khác."
    ),
    "batch-done": N_("Lượt ký đã xong nên thiết bị được khóa lại. Lượt sau người giữ thiết bị nhập lại mã PIN."),
    "idle": N_("Lâu không ký nên thiết bị được khóa lại. Người giữ thiết bị nhập lại mã PIN khi cần."),
    "logged-out": N_("Thiết bị đã được đăng xuất. Người giữ thiết bị nhập mã PIN khi cần ký."),
    "signer-config-leader-credential": N_(
        "Mã PIN của lãnh đạo không được lưu sẵn; lãnh đạo luôn tự nhập. Hãy bỏ dòng credential."
    ),
}
