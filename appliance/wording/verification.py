"""A verification in words that a clerk understands: the conclusion, each signature, why, and what may be relied upon.

Owns sentences only; the facts come from ``hsm.judge`` and nothing is decided here. Command and page say the same. The
signer's own time is never told without saying whether it is proven (TT 15/2025/TT-BKHCN: result, signer, time,
integrity, in Vietnamese).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appliance.wording.catalogue import N_, _
from appliance.wording.codes import text_of
from appliance.wording.states import SLOTS

CONCLUSIONS: dict[str, tuple[str, str]] = {
    "valid": ("good", N_("HỢP LỆ: mọi chữ ký đúng, tin cậy và bao trùm toàn bộ tệp.")),
    "untrusted": ("warn", N_("CHƯA TIN CẬY: chữ ký đúng, nội dung nguyên vẹn, nhưng chưa đủ căn cứ để tin.")),
    "metadata-only": (
        "warn",
        N_("CHỮ KÝ CÒN NGUYÊN: nội dung các trang đúng như khi ký; sau đó tệp chỉ bị ghi lại phần không hiện ra."),
    ),
    "changed": ("bad", N_("ĐÃ BỊ SỬA: tệp bị thay đổi sau khi ký.")),
    "invalid": ("bad", N_("KHÔNG HỢP LỆ: chữ ký sai, thiếu hoặc bị giả mạo.")),
    "unsigned": ("warn", N_("CHƯA KÝ: tệp không có chữ ký số.")),
    "unreadable": ("bad", N_("KHÔNG ĐỌC ĐƯỢC: tệp hỏng hoặc không phải PDF.")),
}
"""How calm the conclusion may be shown, and its sentence."""

ADVICE: dict[str, str] = {
    "valid": N_("Có thể tiếp nhận văn bản này."),
    "untrusted": N_("Nội dung chưa bị sửa từ khi ký. Hãy xác định người ký bằng cách khác trước khi tiếp nhận."),
    "metadata-only": N_(
        "Có thể dựa vào nội dung các trang; không dựa vào thuộc tính của tệp (tiêu đề, ngày tạo, phần mềm)."
    ),
    "changed": N_("Không tiếp nhận. Hãy trả lại nơi gửi và nêu lý do."),
    "invalid": N_("Không tiếp nhận. Hãy trả lại nơi gửi và nêu lý do."),
    "unsigned": N_("Tệp này không có giá trị như văn bản điện tử đã ký."),
    "unreadable": N_("Hãy yêu cầu nơi gửi gửi lại tệp."),
}
UNTRUSTED_PROPERTIES = N_("Nội dung các trang chưa bị sửa, nhưng chưa đủ căn cứ để tin người ký.")

REASONS: dict[str, str] = {
    "digest-mismatch": N_("Nội dung tệp không khớp với nội dung đã ký."),
    "signature-wrong": N_("Giá trị chữ ký sai."),
    "changed-after-signing": N_("Sau khi ký, nội dung hoặc biểu mẫu của tệp đã bị thêm hoặc sửa."),
    "metadata-changed-after-signing": N_(
        "Sau khi ký, phần mềm ghi lại thuộc tính của tệp (tiêu đề, ngày, phần mềm); các trang không đổi."
    ),
    "bytes-after-last-signature": N_("Cuối tệp có phần không chữ ký nào bao trùm."),
    "coverage-unclear": N_("Không rõ chữ ký bao trùm phần nào của tệp."),
    "gap-not-clean": N_("Có dữ liệu giấu trong chỗ chứa chữ ký, nơi không chữ ký nào bảo vệ."),
    "agency-lock-missing": N_("Chữ ký của cơ quan không khóa văn bản."),
    "slots-not-as-expected": N_("Thiếu chữ ký phải có, hoặc thứ tự chữ ký không đúng."),
    "signer-not-as-expected": N_("Người ký không phải người phải ký (chứng thư khác chứng thư đã biết)."),
    "slots-out-of-order": N_("Thứ tự chữ ký không đúng: lãnh đạo ký trước, cơ quan ký sau."),
    "seed-value": N_("Chữ ký không đúng điều kiện mà biểu mẫu đặt ra."),
    "signature-unreadable": N_("Có chữ ký không đọc được."),
    "certificate-untrusted": N_("Chứng thư của người ký không thuộc gốc tin cậy đã cho."),
    "certificate-expired": N_("Chứng thư của người ký đã hết hạn mà không có dấu thời gian trước đó."),
    "certificate-not-yet-valid": N_("Chứng thư của người ký chưa có hiệu lực."),
    "certificate-revoked": N_("Chứng thư của người ký đã bị thu hồi."),
    "issuer-revoked": N_("Chứng thư của nơi cấp đã bị thu hồi."),
    "algorithm-weak": N_("Thuật toán ký đã yếu (SHA-1, hoặc khóa RSA dưới 2048 bit), không còn được chấp nhận."),
    "timestamp-untrusted": N_("Dấu thời gian không thuộc gốc tin cậy đã cho, nên không chứng minh được thời gian."),
    "no-signature": N_("Tệp không có chữ ký số."),
    "parser": N_("Cấu trúc tệp sai hoặc bị cố ý làm sai."),
    "child": N_("Tệp làm quá trình kiểm tra vượt giới hạn thời gian hoặc bộ nhớ."),
}
_FAMILIES = ("signature-unreadable", "parser", "child")
"""Beginnings of codes that carry a technical ending."""

_CHANGES: dict[str, str] = {
    "signatures": N_("thêm chữ ký"),
    "validation-data": N_("thêm dấu thời gian hoặc dữ liệu xác minh"),
    "metadata": N_("ghi lại thuộc tính tệp"),
    "structure": N_("ghi lại cấu trúc tệp, nội dung không đổi"),
    "content": N_("sửa nội dung"),
    "loose-bytes": N_("nối thêm dữ liệu vào cuối tệp"),
}


@dataclass(frozen=True)
class SignatureWords:
    """One signature: who, how calm, and labelled lines."""

    title: str
    tone: str
    rows: tuple[tuple[str, str], ...]


_NUMBER = N_("Số và ngày của văn bản")
"""The field in which the agency's key writes what a draft left open (``hsm.slots.NUMBER``)."""


@dataclass(frozen=True)
class Words:
    """A whole verification: tone ("good", "warn", "bad"), headline, advice, reasons, signatures, lines on the file."""

    tone: str
    headline: str
    advice: str
    reasons: tuple[str, ...]
    signatures: tuple[SignatureWords, ...]
    file: tuple[tuple[str, str], ...]


def in_words(facts: Mapping[str, Any]) -> Words:
    """What the facts of ``hsm.verify.Verification`` say, in the present language."""
    conclusion = str(facts.get("conclusion") or facts["verdict"])
    tone, headline = CONCLUSIONS[conclusion]
    signatures = list(facts["signatures"])
    advice = _(ADVICE[conclusion])
    if conclusion == "metadata-only" and not all(each["trusted"] for each in signatures):
        advice = _(UNTRUSTED_PROPERTIES)
    return Words(
        tone=tone,
        headline=_(headline),
        advice=advice,
        reasons=tuple(dict.fromkeys(reason_sentence(str(code)) for code in facts["reasons"])),
        signatures=tuple(_signature(each) for each in signatures),
        file=_file(facts),
    )


def reason_sentence(code: str) -> str:
    """The sentence for one reason code of a verification."""
    for family in _FAMILIES:
        if code.startswith(family):
            return f"{_(REASONS[family])} ({code.removeprefix(family).strip('-')})".removesuffix(" ()")
    return _(REASONS[code]) if code in REASONS else text_of(code)


def _signature(facts: Mapping[str, Any]) -> SignatureWords:
    certificate = facts["certificate"]
    right = facts["intact"] and not any(each in ("content", "loose-bytes") for each in facts["later_changes"])
    tone = "bad" if not right else "good" if facts["trusted"] and not facts["reasons"] else "warn"
    rows = [(_("Kết quả"), _result(facts, bool(right)))]
    if facts["reasons"]:
        rows.append((_("Vì sao"), " ".join(reason_sentence(str(code)) for code in facts["reasons"])))
    if certificate["organization"] and certificate["organization"] != facts["signer"]:
        rows.append((_("Cơ quan, tổ chức"), certificate["organization"]))
    rows.append((_("Thời gian"), _time(facts)))
    if certificate["serial"]:
        rows += [(_("Chứng thư"), _certificate(certificate)), (_("Thu hồi"), _revocation(facts["revocation"]))]
    rows.append((_("Thay đổi sau đó"), _changes(facts["later_changes"])))
    return SignatureWords(_title(facts), tone, tuple(rows))


def _title(facts: Mapping[str, Any]) -> str:
    name = facts["signer"] or facts["field"]
    if facts["timestamp"]:
        return _("Dấu thời gian: {name}").format(name=name)
    purpose = SLOTS.get(facts["slot"]) or (_NUMBER if facts.get("field") == "CommuneBoxNumber" else "")
    return f"{_(purpose)}: {name}" if purpose else str(name)


def _result(facts: Mapping[str, Any], right: bool) -> str:
    first = _("toàn vẹn") if right else _("không toàn vẹn")
    second = _("tin cậy") if facts["trusted"] else _("chưa tin cậy")
    return f"{first}, {second}"


def _time(facts: Mapping[str, Any]) -> str:
    claimed, proven = facts["signed_at"], facts["proven_at"]
    if facts["timestamp"]:
        return shown(claimed)
    said = _("người ký ghi {time}").format(time=shown(claimed)) if claimed else _("người ký không ghi")
    if proven:
        return _("có trước {time} (dấu thời gian chứng minh); {said}").format(time=shown(proven), said=said)
    return _("chưa được chứng minh; {said}").format(said=said)


def _certificate(facts: Mapping[str, Any]) -> str:
    return _("{issuer} cấp, số {serial}, hiệu lực {begin} đến {end}, {key}").format(
        issuer=facts["issuer"] or "?",
        serial=facts["serial"],
        begin=shown(facts["valid_from"], day_only=True),
        end=shown(facts["valid_to"], day_only=True),
        key=facts["key"],
    )


def _revocation(facts: Mapping[str, Any]) -> str:
    known = shown(facts["known_at"])
    if facts["state"] == "revoked":
        return _("ĐÃ BỊ THU HỒI từ {time}").format(time=shown(facts["revoked_at"]))
    if facts["state"] == "good":
        return _("không bị thu hồi (theo dữ liệu lúc {time})").format(time=known)
    if facts["known_at"]:
        return _("chưa rõ từ {time} (dữ liệu thu hồi đã cũ)").format(time=known)
    return _("chưa rõ (không có dữ liệu thu hồi)")


def _changes(kinds: Sequence[str]) -> str:
    return "; ".join(_(_CHANGES[kind]) for kind in kinds if kind in _CHANGES) or _("không có")


def _file(facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = []
    if facts["verdict"] != "unreadable":
        rows.append(("PDF/A", _("có") if facts["pdfa"] else _("không")))
    if facts.get("level"):
        rows.append((_("Mức chữ ký"), f"PAdES {facts['level']}"))
    if facts.get("sha256"):
        rows.append((_("Giá trị băm SHA-256"), str(facts["sha256"])))
    return tuple(rows)


def shown(moment: str, day_only: bool = False) -> str:
    """``2026-03-05T14:30:00+07:00`` as ``14:30:00 05/03/2026``, or the day alone; "?" when there is none."""
    if not moment:
        return "?"
    return datetime.fromisoformat(moment).strftime("%d/%m/%Y" if day_only else "%H:%M:%S %d/%m/%Y")
