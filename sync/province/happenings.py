"""The words of a box's timeline and of what people did.

Owns a sentence for each kind of happening and each deed. A code without one is shown as the code itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from sync.province.fleet import Finding, Gravity
from sync.province.timeline import Happening
from sync.province.wording import Wording, _

HAPPENINGS: Mapping[str, str] = {
    "came": _("Hộp kết nối lại."),
    "went": _("Hộp mất kết nối."),
    "alert": _("Cảnh báo: {title}. {sentence}"),
    "alert-ended": _("Hết cảnh báo: {title}."),
    "refused": _("Từ chối văn bản {document}: {reason}"),
    "received": _("Nhận {count} văn bản trong giờ này."),
    "ordered": _("Gửi lệnh “{verb}” cho hộp."),
    "obeyed": _("Hộp trả lời lệnh “{verb}”: {result}."),
    "enrolled": _("Hộp được ghi danh."),
    "revoked": _("Hộp bị thu hồi."),
    "deed": _("{person}: {deed} {detail}"),
}
DEEDS: Mapping[str, str] = {
    "signed-in": _("đăng nhập"),
    "locked": _("bị khóa do gõ sai mật khẩu"),
    "password-changed": _("đổi mật khẩu"),
    "password-set": _("được đặt mật khẩu mới"),
    "user-added": _("được thêm"),
    "user-blocked": _("bị khóa"),
    "user-unblocked": _("được mở khóa"),
    "alert-acknowledged": _("nhận xử lý cảnh báo:"),
    "profile-expected": _("quy định mã cấu hình:"),
    "silenced": _("tắt tiếng cảnh báo:"),
    "silence-ended": _("mở lại cảnh báo:"),
    "log-asked": _("xin nhật ký của hộp."),
}
VERBS: Mapping[str, str] = {
    "log": _("xin nhật ký"),
    "configure": _("đặt giờ gửi"),
    "offer-update": _("báo bản mới"),
}
OUTCOMES: Mapping[str, str] = {"done": _("đã làm"), "refused": _("từ chối")}


def sentence(happening: Happening, w: Wording) -> str:
    """One happening for people."""
    params = happening.params
    if happening.kind not in HAPPENINGS:
        return happening.kind
    code = str(params.get("code", ""))
    finding = Finding(code, Gravity.NOTE, {name: params[name] for name in params if name != "code"})
    return (
        w.say(HAPPENINGS[happening.kind])
        .format(
            title=w.title(finding),
            sentence=w.sentence(finding),
            document=params.get("document", ""),
            reason=w.reason(code),
            count=w.number(int(params.get("count", 0))),
            verb=w.say(VERBS.get(str(params.get("verb", "")), str(params.get("verb", "")))),
            result=w.say(OUTCOMES.get(str(params.get("result", "")), "")),
            person=params.get("person", ""),
            deed=w.say(DEEDS.get(str(params.get("deed", "")), str(params.get("deed", "")))),
            detail=params.get("detail", ""),
        )
        .strip()
    )
