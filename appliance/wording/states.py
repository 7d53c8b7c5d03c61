"""Names of what people see about a paper: situations, kinds, fields, urgencies, slots, roles, actions, history.

Owns words only; what is possible or true is decided elsewhere. Tables are keyed by stable identifiers of the domain or
of ``appliance.store.standing`` and holds Vietnamese, marked for the catalogue. Wording follows NĐ 30/2020/NĐ-CP.
"""

from __future__ import annotations

from appliance.wording.books import BOOK_DONE, BOOK_EVENTS
from appliance.wording.cases import CASE_DONE
from appliance.wording.catalogue import N_, _
from appliance.wording.handling import STAGE_DONE
from appliance.wording.handling import STAGES as STAGES  # also for pages, with the other tables
from appliance.wording.longterm_codes import revocation_words
from appliance.wording.setup import SETUP_DONE

SITUATIONS: dict[str, str] = {
    "received": N_("Đang số hóa"),
    "to-approve": N_("Chờ duyệt"),
    "returned": N_("Lãnh đạo trả lại"),
    "attached": N_("Phụ lục, chờ cùng văn bản chính"),
    "joining": N_("Đang nối hai bản quét"),
    "to-sign": N_("Chờ ký số"),
    "to-issue": N_("Chờ phát hành"),
    "signed": N_("Đã ký số"),
    "to-send": N_("Chờ gửi"),
    "delivered": N_("Tỉnh đã nhận"),
    "refused": N_("Bị từ chối"),
    "quarantined": N_("Cách ly"),
    "suspected-secret": N_("Nghi bí mật nhà nước"),
    "discarded": N_("Đã hủy"),
    "replaced": N_("Đã tách, ghép"),
}
"""Where a paper is (``standing.Situation``)."""

STATES: dict[str, str] = {
    "received": N_("Đã tiếp nhận"),
    "digitized": N_("Chờ duyệt"),
    "approved": N_("Chờ ký số"),
    "signed": N_("Đã ký số"),
    "queued": N_("Chờ gửi"),
    "delivered": N_("Tỉnh đã nhận"),
    "refused": N_("Bị từ chối"),
    "quarantined": N_("Cách ly"),
    "discarded": N_("Đã hủy"),
}
"""The states themselves, for sentences about what is not possible."""

TURNS: dict[str, str] = {
    "van_thu": N_("Văn thư xử lý"),
    "lanh_dao": N_("Lãnh đạo xử lý"),
    "box": N_("Hộp đang tự làm"),
    "link": N_("Chờ đường truyền"),
    "nobody": N_("Đã xong"),
}
"""Who has the next word (``standing.Turn``)."""

ROLES: dict[str, str] = {
    "van_thu": N_("văn thư"),
    "lanh_dao": N_("lãnh đạo"),
    "quet": N_("nhân viên quét"),
    "quan_tri": N_("quản trị"),
    "xem": N_("người xem"),
}

KINDS: dict[str, str] = {
    "incoming-scan": N_("Văn bản đến"),
    "outgoing": N_("Văn bản đi"),
    "appendix": N_("Phụ lục"),
    "case-file": N_("Hồ sơ TTHC"),
}

REGISTERS: dict[str, str] = {
    "den": N_("Số đến"),
    "di": N_("Số đi"),
    "ho-so": N_("Số hồ sơ"),
}

FIELDS: dict[str, str] = {
    "code": N_("Số, ký hiệu"),
    "code_number": N_("Số"),
    "code_notation": N_("Ký hiệu"),
    "issued_date": N_("Ngày văn bản"),
    "issuer": N_("Cơ quan ban hành"),
    "parent_issuer": N_("Cơ quan chủ quản"),
    "type_name": N_("Tên loại"),
    "subject": N_("Trích yếu"),
    "urgency": N_("Độ khẩn"),
    "place": N_("Địa danh"),
    "signer_position": N_("Chức vụ người ký"),
    "signer_name": N_("Người ký"),
    "secrecy": N_("Độ mật"),
}
"""In the order of the register of incoming documents (NĐ 30/2020, PL IV)."""

URGENCIES: dict[str, str] = {
    "": N_("Thường"),
    "khan": N_("Khẩn"),
    "thuong-khan": N_("Thượng khẩn"),
    "hoa-toc": N_("Hỏa tốc"),
}

SLOTS: dict[str, str] = {"leader": N_("Chữ ký của lãnh đạo"), "agency": N_("Chữ ký số của cơ quan")}

MECHANISMS: dict[str, str] = {"rsa-v15": "RSA PKCS#1 v1.5", "rsa-pss": "RSA-PSS", "ecdsa-p256": "ECDSA P-256"}
"""Ways of signing (``hsm.api.MECHANISMS``) by the names of their standards, the same in every language."""

CERTIFICATES: dict[str, str] = {
    "leader": N_("Chứng thư của lãnh đạo"),
    "agency": N_("Chứng thư của cơ quan"),
    "issuer": N_("Chứng thư của nơi cấp"),
    "root": N_("Chứng thư gốc"),
}

PIN_FLAGS: dict[str, str] = {
    "count-low": N_("Đã có lần nhập sai mã PIN."),
    "final-try": N_("Chỉ còn một lần nhập mã PIN. Hãy dùng phần mềm của đơn vị cấp chứng thư."),
    "locked": N_("Mã PIN đã bị khóa. Hãy liên hệ đơn vị cấp chứng thư."),
    "to-be-changed": N_("Mã PIN phải được đổi trước khi dùng."),
    "not-set": N_("Thiết bị chưa đặt mã PIN."),
    "credential-refused": N_("Mã PIN lưu trong cấu hình không đúng; cần một người nhập mã PIN."),
}
"""What a token tells about its PIN (``hsm.api.KeyState.pin_flags``)."""

RENDITIONS: dict[str, str] = {
    "signed": N_("Bản đã ký số (PDF)"),
    "archive": N_("Bản PDF/A chưa ký"),
    "original": N_("Bản quét gốc"),
}

ACTIONS: dict[str, str] = {
    "approve": N_("Duyệt"),
    "sign": N_("Ký duyệt"),
    "hand-back": N_("Trả lại kèm ý kiến"),
    "resubmit": N_("Trình lại"),
    "issue": N_("Đóng dấu, phát hành"),
    "withdraw": N_("Rút lại phê duyệt"),
    "send-back": N_("Trả lại để quét lại"),
    "release": N_("Cho số hóa lại"),
    "discard": N_("Hủy văn bản"),
    "mark-secret": N_("Báo nghi tài liệu mật"),
    "requeue": N_("Gửi lại"),
    "join": N_("Ghép lại với phần trước"),
    "detach": N_("Thôi là phụ lục, xử lý riêng"),
    "unjoin": N_("Thôi nối, trả về hai văn bản"),
}

DONE: dict[str, str] = {
    "approve": N_("Đã duyệt. Hộp sẽ ký số rồi gửi lên tỉnh."),
    "sign": N_("Đã ký duyệt. Hộp sẽ ký số bằng thiết bị của lãnh đạo."),
    "hand-back": N_("Đã trả lại cho văn thư kèm ý kiến."),
    "resubmit": N_("Đã trình lại lãnh đạo."),
    "issue": N_("Đã đồng ý phát hành. Hộp sẽ đóng dấu số rồi gửi lên tỉnh."),
    "withdraw": N_("Đã rút lại phê duyệt. Văn bản chờ duyệt trở lại."),
    "send-back": N_("Đã trả lại. Hãy quét lại văn bản giấy."),
    "release": N_("Hộp sẽ số hóa lại văn bản này."),
    "discard": N_("Đã hủy văn bản."),
    "mark-secret": N_("Đã cách ly. Hộp xóa nội dung đã đọc và không gửi văn bản này đi."),
    "recut-part": N_("Đã tách. Hộp đang cắt và số hóa lại hai văn bản."),
    "recut-drop": N_("Đã bỏ trang. Hộp đang số hóa lại văn bản."),
    "recall": N_("Đã gửi yêu cầu lấy lại. Tỉnh trả lời thì hiện ở mục “Xử lý ở nơi nhận”."),
    "requeue": N_("Đã đưa văn bản vào hàng chờ gửi."),
    "join": N_("Đã ghép hai phần thành một văn bản. Hộp đang số hóa lại."),
    "join-next": N_("Hộp đang nối hai bản quét thành một văn bản."),
    "unjoin": N_("Đã thôi nối; hai bản quét là hai văn bản như trước."),
    "attach": N_("Đã đính kèm phụ lục. Phụ lục được duyệt, ký và gửi cùng văn bản này."),
    "detach": N_("Đã gỡ phụ lục ra; nó là một văn bản riêng, chờ xử lý."),
    "nudge": N_("Đã dịch chỗ đặt. Xem khung nét đứt trên ảnh trang."),
    "delegation": N_("Đã giao quyền ký."),
    "delegation-end": N_("Đã dừng quyền ký. Văn bản đã ký trước đó không đổi."),
    "login": N_("Đã mở khóa thiết bị ký số."),
    "signed-out": N_("Đã đăng xuất."),
    "recovered": N_("Đã đặt lại mật khẩu. Hãy gạch mã vừa dùng trên tờ mã khôi phục."),
    "password-changed": N_("Đã đổi mật khẩu. Các máy khác đã được đăng xuất."),
    "user-change": N_("Đã lưu."),
    "user-block": N_("Đã khóa tài khoản; người này bị đăng xuất ngay."),
    "user-unblock": N_("Đã mở lại tài khoản."),
    "user-sign-out": N_("Đã đăng xuất người này ở mọi nơi."),
}
"""What pages say after an action."""
DONE |= BOOK_DONE | CASE_DONE | STAGE_DONE | SETUP_DONE

STATIONS: dict[str, str] = {
    "received": N_("Tiếp nhận"),
    "digitized": N_("Số hóa"),
    "approved": N_("Duyệt"),
    "signatures-complete": N_("Ký số"),
    "enqueued": N_("Chờ gửi"),
    "accepted": N_("Tỉnh nhận"),
}
"""The stations of the one path, by the event that completes each."""

_EVENTS: dict[str, str] = {
    "received": N_("Tiếp nhận tệp “{name}” từ thư mục {folder}"),
    "duplicate-arrived": N_("Tệp “{name}” giống hệt được đưa vào lần nữa, không tạo văn bản mới"),
    "superseded": N_("Có tệp cùng tên “{name}” thay cho bản này"),
    "digitized": N_("Đã số hóa {pages} trang"),
    "unreadable": N_("Không đọc được tệp"),
    "suspected-secret": N_("Nghi là tài liệu bí mật nhà nước, đưa vào cách ly"),
    "gave-up": N_("Không số hóa được sau nhiều lần thử, đưa vào cách ly"),
    "approved": N_("Đã duyệt, lấy số {number}/{year}"),
    "handed-back": N_("Lãnh đạo trả lại dự thảo cho văn thư"),
    "resubmitted": N_("Văn thư trình lại lãnh đạo"),
    "consented": N_("Đồng ý ký: {slot}"),
    "nudged": N_("Dịch chỗ đặt {slot}: {right} mm sang phải, {down} mm xuống dưới"),
    "signature-applied": N_("Đã ký số: {slot}"),
    "signatures-complete": N_("Đã ký số: {slot}; đủ chữ ký"),
    "approval-withdrawn": N_("Đã rút lại phê duyệt"),
    "signature-broken": N_("Chữ ký số không đúng, đưa vào cách ly"),
    "level-raised": N_("Chữ ký số đạt mức {level}"),
    "enqueued": N_("Đã vào hàng chờ gửi, lượt {sequence}"),
    "accepted": N_("Tỉnh đã nhận và ký biên nhận"),
    "refused": N_("Tỉnh từ chối"),
    "requeued": N_("Gửi lại, lượt {sequence}"),
    "released": N_("Cho số hóa lại"),
    "replaced": N_("Được thay bằng {count} văn bản mới"),
    "join-asked": N_("Yêu cầu nối với bản quét “{name}”"),
    "join-taken-back": N_("Thôi nối với bản quét khác"),
    "join-failed": N_("Không nối được với bản quét kế tiếp"),
    "attached": N_("Được đính kèm làm phụ lục của “{main_name}”"),
    "detached": N_("Không còn là phụ lục; là một văn bản riêng"),
    "appendix-attached": N_("Đính kèm phụ lục “{name}”"),
    "appendix-detached": N_("Gỡ phụ lục “{name}” ra"),
    "cut-out": N_("Đã lấy các trang {pages} từ tệp gốc của lô"),
    "backs-missing": N_("Không có tệp mặt sau, số hóa riêng"),
    "sides-do-not-match": N_("Số mặt trước và mặt sau không khớp, số hóa riêng"),
    "batch-not-looked-at": N_("Không tìm được tờ phân tách, số hóa nguyên tệp"),
    "sent-back": N_("Kết thúc: trả lại hoặc hủy"),
}
_EVENTS |= {f"handling-{code}": words for code, words in STAGES.items()}
_WHO: dict[str, str] = {
    "intake": N_("hộp"),
    "worker": N_("hộp"),
    "province": N_("tỉnh"),
    "policy": N_("theo quy định của thư mục"),
    "command-line": N_("cán bộ kỹ thuật trên máy của hộp"),
    "sign-in": N_("người chưa rõ"),
}


class _Lenient(dict[str, object]):
    """Gives "…" for a parameter that an older event did not carry."""

    def __missing__(self, key: str) -> str:
        return "…"


def event_sentence(event: str, detail: dict[str, object]) -> str:
    """One line of a paper's history in the present language; an unknown event is shown by its own name."""
    known = _EVENTS.get(event) or BOOK_EVENTS.get(event)
    if known is None:
        return event
    slot = SLOTS.get(str(detail.get("slot", "")))
    words = detail | ({"slot": _(slot)} if slot else {})
    sentence = _(known).format_map(_Lenient(words))
    given = [str(detail[name]) for name in ("authority", "numbered", "date") if detail.get(name)]
    sentence = " · ".join([sentence, *given])
    state, _space, known_at = str(detail.get("revocation", "")).partition(" ")
    checked = revocation_words(state, known_at)
    return f"{sentence}; {checked}" if checked else sentence


def name_of(by: str) -> str:
    """Who did it: the parts of the box by their common name, people by their own."""
    known = _WHO.get(by.split(":")[0])
    return _(known) if known else by


def spoken(params: dict[str, object]) -> dict[str, object]:
    """The parameters of a refusal with identifiers of the domain replaced by their names."""
    state = STATES.get(str(params.get("state", "")))
    return params | {"state": _(state)} if state else params
