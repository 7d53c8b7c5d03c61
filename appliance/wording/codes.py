"""One sentence per stable code: what happened and what the person should do.

Leaves raise and return codes; this table is the only place where a code becomes a sentence. Parameters are ``{named}``.
"""

from __future__ import annotations

from appliance.wording.catalogue import N_, _

CODES: dict[str, str] = {
    # configuration
    "config-missing": N_("Không tìm thấy tệp cấu hình {path}. Hãy tạo tệp hoặc chỉ ra bằng --config."),
    "config-syntax": N_("Tệp cấu hình {path} sai cú pháp TOML: {detail}."),
    "config-unknown-key": N_("Tệp cấu hình {path} có khóa lạ “{key}”. Hãy xóa hoặc sửa tên khóa."),
    "config-missing-key": N_("Tệp cấu hình {path} thiếu khóa “{key}”."),
    "config-bad-value": N_("Giá trị của “{key}” trong {path} không hợp lệ: {detail}."),
    # documents and commands
    "no-such-document": N_("Không có văn bản {document_id}."),
    "not-in-this-state": N_("Văn bản đang ở trạng thái “{state}”, không thể thực hiện thao tác này."),
    "changed-meanwhile": N_("Văn bản vừa được người khác thay đổi. Hãy tải lại trang rồi thử lại."),
    "wrong-person": N_("Thao tác này cần {who} thực hiện."),
    "slot-filled": N_("Văn bản đã có chữ ký, không thể rút lại phê duyệt."),
    "reason-needed": N_("Hãy ghi lý do."),
}


def text_of(code: str, **params: object) -> str:
    """The sentence for ``code`` in the present language; an unknown code is shown with its parameters."""
    sentence = CODES.get(code)
    if sentence is None:
        details = ", ".join(f"{key}={value}" for key, value in params.items())
        return f"{code} ({details})" if details else code
    try:
        return _(sentence).format(**params)
    except (KeyError, IndexError):
        return _(sentence)
