"""Why a document is not taken: the codes of a refusal, their sentences, and what a manifest says of secrecy.

Owns the words both ends use. Source: Decision 28/2018/QĐ-TTg article 9 (completeness, integrity, authenticity), Decree
30/2020/NĐ-CP article 21; secret papers never travel here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REASONS: Mapping[str, str] = {
    "wrong-addressee": "Văn bản không gửi cho cơ quan này.",
    "unknown-kind": "Loại văn bản không có trong danh mục tiếp nhận.",
    "unreadable": "Tệp không đọc được hoặc không đầy đủ.",
    "changed": "Nội dung văn bản đã bị thay đổi sau khi ký số.",
    "signature-invalid": "Chữ ký số không hợp lệ.",
    "signature-untrusted": "Chứng thư chữ ký số không thuộc nguồn tin cậy, hết hạn hoặc đã bị thu hồi.",
    "signature-missing": "Văn bản thiếu chữ ký số theo quy định.",
    "secret": "Văn bản có dấu chỉ độ mật, không được gửi qua hệ thống này.",
    "duplicate": "Mã văn bản này đã được tiếp nhận với nội dung khác.",
    "size-out-of-bounds": "Tệp rỗng hoặc vượt quá dung lượng cho phép.",
    "recalled": "Văn bản đã được nơi gửi lấy lại.",
    "digest-mismatch": "Nội dung nhận được không khớp với giá trị băm đã khai.",
}
"""Code of a refusal -> the Vietnamese sentence that travels with it; the same of either end."""


def secrecy_marked(meta: Mapping[str, Any]) -> bool:
    """The sender's own words say that the paper is secret: a second lock behind the box's."""
    return bool(field_value(meta, "secrecy").strip())


def field_value(meta: Mapping[str, Any], name: str) -> str:
    """A field of the paper as text: the box sends them under "fields", bare or as {value, confidence}."""
    fields = meta.get("fields")
    found = fields.get(name) if isinstance(fields, Mapping) else None
    found = meta.get(name) if found is None else found
    if isinstance(found, Mapping):
        found = found.get("value")
    return "" if found is None else str(found)
