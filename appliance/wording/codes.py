"""One sentence per stable code: what happened and what the person should do.

Leaves raise and return codes; this table is the only place where a code becomes a sentence. Parameters are ``{named}``.
"""

from __future__ import annotations

from appliance.wording.account_codes import ACCOUNTS
from appliance.wording.appearance_codes import APPEARANCE
from appliance.wording.books import BOOK_CODES
from appliance.wording.cases import CASE_CODES
from appliance.wording.catalogue import N_, _
from appliance.wording.courier_codes import COURIER
from appliance.wording.enrolment_codes import ENROLMENT
from appliance.wording.intake_codes import INTAKE
from appliance.wording.longterm_codes import LONGTERM
from appliance.wording.paper_codes import PAPERS
from appliance.wording.reports import LIST_CODES
from appliance.wording.setup import SETUP_CODES
from appliance.wording.signing_codes import SIGNING
from appliance.wording.verify_codes import VERIFY

_BOX: dict[str, str] = {
    # configuration
    "config-missing": N_("Không tìm thấy tệp cấu hình {path}. Hãy tạo tệp hoặc chỉ ra bằng --config."),
    "config-syntax": N_("Tệp cấu hình {path} sai cú pháp TOML: {detail}."),
    "config-no-signer": N_("Cấu hình {path} không có khóa ký nào dùng mô-đun “{name}”."),
    "enrolment-unreadable": N_("Không đọc được hồ sơ đăng ký khóa ký: {detail}."),
    "enrolment-unwritable": N_("Không ghi được hồ sơ đăng ký khóa ký: {detail}."),
    "enrolment-absent": N_("Vị trí {detail} chưa được đăng ký khóa; hãy dùng commune-box token enrol."),
    "enrolment-in-config": N_("Khóa của vị trí {detail} đang ghi trong tệp cấu hình. Hãy xóa đoạn đó rồi đăng ký."),
    "enrolment-same": N_("Chứng thư số của vị trí {detail} vẫn là chứng thư đang dùng; không có gì để thay."),
    "config-unknown-key": N_("Tệp cấu hình {path} có khóa lạ “{key}”. Hãy xóa hoặc sửa tên khóa."),
    "config-missing-key": N_("Tệp cấu hình {path} thiếu khóa “{key}”."),
    "config-unreadable": N_("Không đọc được tệp cấu hình {path}: {detail}."),
    "config-bad-value": N_("Giá trị của “{key}” trong {path} không hợp lệ: {detail}."),
    # documents and commands
    "no-such-document": N_("Không có văn bản {document_id}."),
    "not-in-this-state": N_("Văn bản đang ở trạng thái “{state}”, không thể thực hiện thao tác này."),
    "changed-meanwhile": N_("Văn bản vừa được người khác thay đổi. Hãy tải lại trang rồi thử lại."),
    "wrong-person": N_("Thao tác này cần {who} thực hiện."),
    "slot-filled": N_("Văn bản đã có chữ ký, không thể rút lại phê duyệt."),
    "reason-needed": N_("Hãy ghi lý do."),
    "split": N_("Tệp này là một lô; hộp đã tách thành từng văn bản."),
    "joined": N_("Phần này đã được ghép vào một văn bản khác."),
    "collated": N_("Mặt trước và mặt sau đã được ghép thành một văn bản."),
    "waits-for-backs": N_("Chờ tệp mặt sau. Hãy lật cả chồng giấy và quét tiếp vào cùng thư mục."),
    "backs-missing": N_("Không có tệp mặt sau, hộp số hóa riêng tệp này."),
    "cut-failed": N_("Không lấy được các trang của văn bản này từ tệp gốc của lô."),
    "separator-by-bars": N_("Có chỗ tách chỉ nhận ra qua vạch, không đọc được mã. Hãy kiểm tra chỗ tách."),
    "sides-do-not-match": N_("Số mặt trước và mặt sau không khớp, hộp không tự ghép. Hãy kiểm tra thứ tự trang."),
    "batch-not-looked-at": N_("Hộp không tìm được tờ phân tách trong tệp này. Nếu là một lô, hãy quét lại."),
    "no-part-before": N_("Không có phần nào đứng trước để ghép."),
    "parts-decided": N_("Đã có quyết định về một trong hai phần, không ghép lại được."),
    "join-itself": N_("Không thể nối một văn bản với chính nó."),
    "join-kind": N_("Hai văn bản khác loại nên không nối được."),
    "join-decided": N_("Một trong hai văn bản không còn chờ duyệt, hoặc đã có số, nên không nối được."),
    "join-of-batch": N_("Một trong hai văn bản được tách từ một lô nên chỉ ghép lại được với phần liền kề của lô ấy."),
    "join-attached": N_("Một trong hai văn bản có phụ lục, là phụ lục hoặc đang giữ một số, nên không nối được."),
    "join-asked": N_("Hộp đang nối văn bản này với một bản quét khác. Hãy chờ vài giây rồi thử lại."),
    "join-failed": N_("Không nối được với bản quét kế tiếp; cả hai văn bản giữ nguyên."),
    "not-joined": N_("Văn bản này không được nối từ hai bản quét."),
    "cut-decided": N_("Đã có quyết định về văn bản này, hoặc hộp còn đang làm, nên không cắt lại được."),
    "pages-not-known": N_("Văn bản được số hóa trước đây nên hộp không biết trang trắng nào đã ẩn. Hãy quét lại."),
    "signed-not-cut": N_("Tệp đã có chữ ký số nên không cắt được: cắt sẽ làm hỏng chữ ký."),
    "page-not-there": N_("Không có trang này để cắt. Tách phải từ trang 2 trở đi."),
    "batch-gone": N_("Tệp gốc của lô không còn, không ghép lại được. Hãy quét lại văn bản."),
    "bad-dossier": N_(
        "Mã hồ sơ “{dossier}” không in được: chỉ dùng chữ không dấu, số và các dấu . / _ -, tối đa 64 ký tự."
    ),
    "worker-away": N_("Dịch vụ số hóa của hộp chưa chạy nên chưa nhận được mật khẩu. Hãy thử lại sau ít phút."),
    # health
    "password-file-missing": N_("Không đọc được tệp mật khẩu {path}."),
    "password-file-open": N_("Tệp mật khẩu {path} cho người khác đọc được. Hãy đặt quyền 600 (chmod 600)."),
    "password-file-wrong": N_(
        "Tệp mật khẩu {path} không đúng dạng: văn bản UTF-8, mỗi dòng một mật khẩu, tối đa 100 dòng, "
        "mỗi dòng tối đa 127 ký tự."
    ),
    "clock-wrong": N_("Đồng hồ của hộp sai ({now}). Hãy chỉnh giờ trước khi ký."),
    "program-missing": N_("Thiếu chương trình {name}. Hãy cài gói tương ứng."),
    "no-drop-folder": N_("Chưa khai báo thư mục nhận bản quét ([[folders]])."),
    "drop-folder-missing": N_("Không có thư mục nhận bản quét {path}."),
    "drop-folder-closed": N_("Hộp không có quyền đọc, ghi thư mục {path}."),
    "disk-low": N_("Ổ đĩa chứa {path} chỉ còn trống {percent} %. Hãy dọn hoặc thay ổ lớn hơn."),
    "not-enrolled": N_("Hộp chưa được tỉnh cấp chứng thư (thiếu phần [sync])."),
    "no-signing-key": N_("Chưa khai báo khóa ký ([[signer.keys]])."),
    "module-missing": N_("Không có mô-đun PKCS#11 {path}. Hãy cài phần mềm của thiết bị."),
    "file-missing": N_("Thiếu tệp {path}."),
    "delivery-waits-long": N_("{count} văn bản chờ gửi, lâu nhất từ {since}. Hãy kiểm tra đường truyền."),
    # signing
    "pin-needed": N_("Cần nhập mã PIN để ký."),
    "token-absent": N_("Thiết bị lưu khóa không cắm vào hộp. Hãy cắm lại thiết bị."),
    "certificate-missing": N_("Chưa có chứng thư số cho khóa ký này."),
    "stamp-image-missing": N_("Chưa có ảnh chữ ký hoặc ảnh dấu trong cấu hình."),
    "store-full": N_("Ổ đĩa đầy. Hãy giải phóng chỗ trống; văn bản không mất và sẽ được xử lý tiếp."),
}
CODES: dict[str, str] = (
    _BOX
    | SIGNING
    | APPEARANCE
    | VERIFY
    | PAPERS
    | INTAKE
    | LONGTERM
    | ENROLMENT
    | COURIER
    | BOOK_CODES
    | CASE_CODES
    | LIST_CODES
    | ACCOUNTS
    | SETUP_CODES
)
"""Every stable code a person may meet, with its Vietnamese sentence."""


class _Lenient(dict[str, object]):
    """Gives "…" for a parameter that whoever kept the code did not keep."""

    def __missing__(self, key: str) -> str:
        return "…"


def text_of(code: str, **params: object) -> str:
    """The sentence for ``code`` in the present language; an unknown code is shown with its parameters."""
    sentence = CODES.get(code)
    if sentence is None:
        details = ", ".join(f"{key}={value}" for key, value in params.items())
        return f"{code} ({details})" if details else code
    return _(sentence).format_map(_Lenient(params))
