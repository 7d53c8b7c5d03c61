"""Sentences about accounts: why somebody is not let in, why a change is refused, and what an account's history says."""

from __future__ import annotations

from appliance.wording.catalogue import N_, _

ACCOUNTS: dict[str, str] = {
    "sign-in-wrong": N_("Tên đăng nhập hoặc mật khẩu không đúng. Hãy kiểm tra bộ gõ tiếng Việt và phím Caps Lock."),
    "sign-in-locked": N_(
        "Tài khoản tạm khóa đến {until} vì nhập sai mật khẩu nhiều lần. Hãy chờ, hoặc nhờ quản trị của hộp mở, "
        "hoặc dùng một mã khôi phục."
    ),
    "sign-in-blocked": N_("Tài khoản này đã bị khóa. Hãy liên hệ quản trị của hộp."),
    "sign-in-busy": N_("Quá nhiều người đăng nhập cùng lúc. Hãy thử lại sau vài giây."),
    "recovery-wrong": N_("Tên đăng nhập hoặc mã khôi phục không đúng, hoặc mã đã dùng rồi."),
    "first-code-wrong": N_("Mã dùng lần đầu không đúng hoặc đã quá 24 giờ. Hãy lấy mã mới trên máy của hộp."),
    "first-run-over": N_("Hộp đã có người dùng; hãy đăng nhập."),
    "pin-of-another": N_(
        "Mã PIN do chủ thiết bị nhập: lãnh đạo với thiết bị của lãnh đạo, văn thư với thiết bị của cơ quan."
    ),
    "accounts-none": N_(
        "Chưa có ai có tài khoản trên trang của hộp. Lấy mã dùng lần đầu bằng lệnh commune-box user first-code."
    ),
    "web-certificate-ends": N_("Chứng thư của trang web hết hạn ngày {date}, còn {days} ngày. Hãy xin tỉnh cấp lại."),
    "web-certificate-ended": N_("Chứng thư của trang web đã hết hạn ngày {date}. Hãy xin tỉnh cấp lại ngay."),
    "login-bad": N_("Tên đăng nhập gồm chữ không dấu và số, bắt đầu bằng chữ, tối đa 32 ký tự."),
    "login-taken": N_("Đã có người dùng tên đăng nhập “{login}”."),
    "name-missing": N_("Hãy ghi họ và tên."),
    "role-unknown": N_("Hãy chọn vai trò."),
    "no-such-account": N_("Không có tài khoản này."),
    "last-administrator": N_("Đây là quản trị cuối cùng của hộp. Hãy đặt một quản trị khác trước."),
    "password-short": N_("Mật khẩu cần ít nhất {least} ký tự."),
    "password-long": N_("Mật khẩu dài quá {most} ký tự."),
    "password-plain": N_("Mật khẩu này quá dễ đoán. Hãy dùng vài từ không liền nhau."),
    "password-own-name": N_("Mật khẩu không được chỉ là tên của bạn."),
    "password-differs": N_("Hai lần nhập mật khẩu mới không giống nhau."),
    "password-same": N_("Mật khẩu mới phải khác mật khẩu hiện tại."),
    "old-password-wrong": N_("Mật khẩu hiện tại không đúng."),
}

_EVENTS: dict[str, str] = {
    "account-made": N_("Lập tài khoản {login}"),
    "account-changed": N_("Sửa tên hoặc vai trò"),
    "account-blocked": N_("Khóa tài khoản"),
    "account-unblocked": N_("Mở lại tài khoản"),
    "password-set": N_("Quản trị đặt mật khẩu mới"),
    "password-changed": N_("Tự đổi mật khẩu"),
    "recovery-codes-given": N_("Lập {count} mã khôi phục"),
    "recovery-code-used": N_("Đặt lại mật khẩu bằng mã khôi phục từ {where}"),
    "recovery-failed": N_("Mã khôi phục sai từ {where}"),
    "signed-in": N_("Đăng nhập từ {where}"),
    "signed-out": N_("Đăng xuất"),
    "signed-out-everywhere": N_("Đăng xuất mọi nơi"),
    "sign-in-failed": N_("Đăng nhập không được từ {where}"),
}


def account_sentence(event: str, detail: dict[str, object]) -> str:
    """One line of an account's history in the present language; an unknown event is shown by its own name."""
    known = _EVENTS.get(event)
    return _(known).format_map({"login": "…", "count": "…", "where": "…", **detail}) if known else event
