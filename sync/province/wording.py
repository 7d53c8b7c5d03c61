"""The words of the province's pages and commands.

Owns the catalogue (Vietnamese is the source, English beside it) and how moments, ages, sizes and findings read.
Refuses to invent: a code without a sentence is shown as the code itself. Moments are shown in Vietnam's time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from sync.province.checking import REASONS
from sync.province.fleet import Finding

LANGUAGES = ("vi", "en")
VIETNAM = dt.timezone(dt.timedelta(hours=7), "ICT")
_CATALOGUES = Path(__file__).parent / "locale"

Translate = Callable[[str], str]


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    path = _CATALOGUES / language / "LC_MESSAGES" / "commune-province.po"
    if not path.exists():
        return {}
    with path.open("rb") as stream:
        return {str(entry.id): str(entry.string) for entry in read_po(stream) if entry.id and entry.string}


def _(text: str) -> str:
    """Mark a Vietnamese text for the catalogue."""
    return text


FINDINGS: Mapping[str, tuple[str, str, str]] = {
    "silent": (
        _("Mất liên lạc"),
        _("Hộp không gửi tín hiệu nào đã {age}."),
        _("Gọi xã kiểm tra điện và đường truyền; văn bản vẫn được giữ trên hộp."),
    ),
    "waiting-long": (
        _("Văn bản chờ lâu"),
        _("{count} văn bản chờ gửi, cũ nhất đã {age}."),
        _("Kiểm tra đường truyền của xã; nếu hộp vẫn trực tuyến, xem nhật ký gửi trên hộp."),
    ),
    "refused": (
        _("Có văn bản bị từ chối"),
        _("{count} văn bản bị từ chối trong 24 giờ qua; gần nhất: {reason}"),
        _("Văn thư xã xem lý do trên hộp, sửa và gửi lại."),
    ),
    "missing-numbers": (
        _("Thiếu số thứ tự"),
        _("Thiếu {count} số trong dãy văn bản mà hộp đã gửi."),
        _("Đối chiếu hàng chờ của hộp với sổ của tỉnh."),
    ),
    "unchecked": (
        _("Chưa kiểm tra được"),
        _("{count} văn bản đã nhận đủ nhưng tỉnh chưa kiểm tra được chữ ký."),
        _("Lỗi ở phía tỉnh: chạy `commune-province check`, xem lệnh kiểm tra và chứng thư gốc."),
    ),
    "documents-lost": (
        _("Văn bản thất lạc"),
        _("{count} văn bản hộp đã gửi không có biên nhận và cũng không còn chờ."),
        _("Dừng dọn dữ liệu ở cả hai đầu; đối chiếu hàng gửi của hộp với sổ biên nhận của tỉnh."),
    ),
    "unverifiable": (
        _("Thông điệp không xác thực được"),
        _("{count} thông điệp có chữ ký thiết bị không đúng đã bị bỏ."),
        _("Có thể hộp bị thay khóa hoặc bị giả mạo: ghi danh lại hộp, kiểm tra tại chỗ."),
    ),
    "foreign-box": (
        _("Mạo danh hộp khác"),
        _("{count} thông điệp mang tên hộp khác đã bị bỏ."),
        _("Thu hồi chứng thư của hộp và kiểm tra tại chỗ."),
    ),
    "malformed": (
        _("Thông điệp sai định dạng"),
        _("{count} thông điệp không đọc được đã bị bỏ."),
        _("Kiểm tra phiên bản phần mềm của hộp."),
    ),
    "digest-mismatch": (
        _("Nội dung nhận không khớp"),
        _("{count} lần nội dung nhận được khác giá trị băm đã khai; hộp được yêu cầu gửi lại."),
        _("Nếu lặp lại, kiểm tra ổ đĩa của hộp."),
    ),
    "clock-skew": (
        _("Đồng hồ sai"),
        _("Đồng hồ của hộp lệch {age} ({direction})."),
        _("Bật đồng bộ thời gian trên hộp; ký số cần đúng giờ."),
    ),
    "disk-low": (
        _("Ổ đĩa sắp đầy"),
        _("Hộp còn trống {size}."),
        _("Dọn bản xem trước cũ hoặc thay ổ đĩa lớn hơn."),
    ),
    "token-ending": (
        _("Chứng thư ký số sắp hết hạn"),
        _("Chứng thư ký số của cơ quan còn {days} ngày."),
        _("Nhắc xã xin cấp lại chứng thư ngay; hết hạn thì không ký được văn bản."),
    ),
    "link-ending": (
        _("Chứng thư của hộp sắp hết hạn"),
        _("Chứng thư kết nối của hộp còn {days} ngày."),
        _("Cấp mã ghi danh mới cho hộp: `commune-province enrol`."),
    ),
    "scanner-quiet": (
        _("Máy quét im lặng"),
        _("Hộp không nhận giấy nào từ máy quét đã {age}."),
        _("Hỏi xã có dùng máy quét không; kiểm tra thư mục quét."),
    ),
    "old-software": (
        _("Phần mềm cũ"),
        _("Đã có hộp chạy bản mới hơn: {version}."),
        _("Báo bản mới cho hộp: `commune-province order update`."),
    ),
    "profile-drift": (
        _("Cấu hình lệch"),
        _("Cấu hình do tỉnh quy định trên hộp là {profile}, cả tỉnh dùng {expected}."),
        _("Chạy `commune-box config profile` trên hộp để xem mục nào khác, rồi sửa theo cấu hình chung."),
    ),
    "never-seen": (
        _("Chưa từng kết nối"),
        _("Hộp được ghi danh {age} trước nhưng chưa kết nối lần nào."),
        _("Kiểm tra bộ tệp ghi danh đã được cài lên hộp."),
    ),
    "offline": (
        _("Ngoại tuyến"),
        _("Hộp ngắt kết nối đã {age}."),
        _("Hộp tự kết nối lại; chưa cần làm gì."),
    ),
    "revoked": (
        _("Đã thu hồi"),
        _("Hộp đã bị thu hồi quyền gửi; mọi văn bản của hộp bị bỏ qua."),
        _("Ghi danh lại nếu hộp được dùng tiếp."),
    ),
}
"""Finding code -> title, sentence, what to do."""

KINDS: Mapping[str, str] = {
    "incoming-scan": _("Văn bản đến (bản quét)"),
    "outgoing": _("Văn bản đi"),
    "appendix": _("Phụ lục"),
    "case-file": _("Thành phần hồ sơ"),
}
SLOTS: Mapping[str, str] = {"leader": _("Lãnh đạo"), "agency": _("Cơ quan, tổ chức")}
RESULTS: Mapping[str, str] = {
    "stored": _("Đã tiếp nhận"),
    "duplicate": _("Trùng, đã có"),
    "refused": _("Từ chối"),
}
GRAVITIES: Mapping[int, str] = {1: _("Ghi chú"), 2: _("Cảnh báo"), 3: _("Khẩn cấp")}
URGENCIES: Mapping[str, str] = {
    "": _("Thường"),
    "khan": _("Khẩn"),
    "thuong-khan": _("Thượng khẩn"),
    "hoa-toc": _("Hỏa tốc"),
}
FIELDS: Mapping[str, str] = {
    "code": _("Số, ký hiệu"),
    "issued_date": _("Ngày ban hành"),
    "place": _("Địa danh"),
    "issuer": _("Cơ quan ban hành"),
    "parent_issuer": _("Cơ quan chủ quản"),
    "type_name": _("Tên loại"),
    "subject": _("Trích yếu"),
    "urgency": _("Độ khẩn"),
    "signer_position": _("Chức vụ người ký"),
    "signer_name": _("Người ký"),
    "dossier": _("Mã hồ sơ"),
}
MISSES: Mapping[str, str] = {
    "accepted": _("tỷ lệ được tiếp nhận dưới mức giao"),
    "fast": _("tỷ lệ có biên nhận trong 1 giờ dưới mức giao"),
    "least": _("số văn bản được tiếp nhận dưới mức giao"),
}
"""Target of the roll-up -> what is said of whoever did not reach it."""
ROLES: Mapping[str, str] = {"giam_sat": _("Giám sát (xem)"), "van_hanh": _("Vận hành (xem và thao tác)")}
DIRECTIONS: Mapping[str, str] = {"ahead": _("nhanh"), "behind": _("chậm")}


class Wording:
    """How one language says things."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "vi"
        self._texts = {} if self.language == "vi" else _catalogue(self.language)

    def say(self, text: str) -> str:
        """The text in this language; the Vietnamese one where no translation exists."""
        return self._texts.get(text, text)

    def moment(self, at: float | None) -> str:
        """Day and time in Vietnam, or a dash."""
        if at is None:
            return "–"
        return dt.datetime.fromtimestamp(at, VIETNAM).strftime("%d/%m/%Y %H:%M:%S")

    def day(self, written: str) -> str:
        """A date written YYYY-MM-DD as Vietnamese papers write it; anything else as it is."""
        try:
            return dt.date.fromisoformat(written).strftime("%d/%m/%Y")
        except ValueError:
            return written

    def clock(self, at: float | None, now: float) -> str:
        """The time alone on the same day, day and time otherwise."""
        if at is None:
            return "–"
        local, today = dt.datetime.fromtimestamp(at, VIETNAM), dt.datetime.fromtimestamp(now, VIETNAM)
        return local.strftime("%H:%M:%S" if local.date() == today.date() else "%d/%m %H:%M")

    def span(self, seconds: float) -> str:
        """A length of time in its largest fitting unit."""
        seconds = max(0.0, seconds)
        for size, words in (
            (86_400, self.say("{n} ngày")),
            (3_600, self.say("{n} giờ")),
            (60, self.say("{n} phút")),
        ):
            if seconds >= size:
                return words.format(n=int(seconds // size))
        return self.say("{n} giây").format(n=int(seconds))

    def ago(self, at: float | None, now: float) -> str:
        """How long before now."""
        if at is None:
            return self.say("chưa từng")
        if now - at < 5:
            return self.say("vừa xong")
        return self.say("{span} trước").format(span=self.span(now - at))

    def size(self, count: float | None) -> str:
        """Bytes as people read them (decimal units, comma in Vietnamese)."""
        if count is None:
            return "–"
        value, unit = float(count), "B"
        for larger in ("KB", "MB", "GB", "TB"):
            if value < 1000:
                break
            value, unit = value / 1000, larger
        text = f"{value:.0f}" if unit == "B" or value >= 100 else f"{value:.1f}"
        return f"{text.replace('.', ',') if self.language == 'vi' else text} {unit}"

    def number(self, value: int) -> str:
        """A count with the thousands sign of the language."""
        return f"{value:,}".replace(",", ".") if self.language == "vi" else f"{value:,}"

    def share(self, written: str) -> str:
        """A figure with decimals, written with a point, as the language writes it."""
        return written.replace(".", ",") if self.language == "vi" else written

    def reason(self, code: str) -> str:
        """Why a document was refused."""
        return self.say(REASONS.get(code, code))

    def title(self, finding: Finding) -> str:
        """The finding in two or three words."""
        return self.say(FINDINGS[finding.code][0]) if finding.code in FINDINGS else finding.code

    def advice(self, finding: Finding) -> str:
        """What somebody should do about it."""
        return self.say(FINDINGS[finding.code][2]) if finding.code in FINDINGS else ""

    def sentence(self, finding: Finding) -> str:
        """The finding as a sentence with its figures."""
        if finding.code not in FINDINGS:
            return finding.code
        params = finding.params
        return self.say(FINDINGS[finding.code][1]).format(
            age=self.span(float(params.get("seconds", 0))),
            count=params.get("count", 0),
            reason=self.reason(str(params.get("reason", ""))),
            direction=self.say(DIRECTIONS.get(str(params.get("direction", "")), "")),
            size=self.size(float(params.get("bytes", 0))),
            days=params.get("days", 0),
            version=params.get("version", ""),
            profile=params.get("profile", ""),
            expected=params.get("expected", ""),
        )
