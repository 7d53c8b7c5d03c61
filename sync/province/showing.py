"""How one document is told: as facts for `--json`, as text for people.

Owns the field names of the answers; reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sync.province.checking import field_value
from sync.province.store import Receipt, StoredDocument
from sync.province.wording import FIELDS, KINDS, RESULTS, SLOTS, Wording, _

if TYPE_CHECKING:  # the pages need what is below, and not all that verifying needs
    from sync.province.verifying import Problem


def signature_rows(document: StoredDocument) -> list[dict[str, str]]:
    """The signatures the check found: slot, signer and time, as far as it told them."""
    found = document.signatures.get("signatures")
    rows = []
    for entry in found if isinstance(found, list) else []:
        if isinstance(entry, dict):
            signer = entry.get("signer") or entry.get("subject") or entry.get("common_name") or ""
            moment = entry.get("signed_at") or entry.get("claimed_at") or entry.get("time") or ""
            rows.append({"slot": str(entry.get("slot", "")), "signer": str(signer), "signed_at": str(moment)})
    return rows


def document_facts(document: StoredDocument, receipt: Receipt | None) -> dict[str, Any]:
    """Everything about one document as plain values."""
    facts: dict[str, Any] = {
        "document_id": document.document_id,
        "box": document.box,
        "commune": document.commune,
        "sha256": document.sha256,
        "size": document.size,
        "sequence": document.sequence,
        "kind": document.kind,
        "media_type": document.media_type,
        "meta": dict(document.meta),
        "check": dict(document.signatures),
        "received_at": document.received_at,
        "rid": document.rid,
    }
    if receipt is not None:
        facts["receipt"] = {
            "rid": receipt.rid,
            "result": receipt.result,
            "issued_at": receipt.issued_at,
            "previous": receipt.previous.hex(),
            "digest": receipt.digest.hex(),
            "cose": receipt.cose.hex(),
        }
    return facts


def document_text(document: StoredDocument, receipt: Receipt | None, w: Wording) -> str:
    """One document for people."""
    lines = [
        f"{document.document_id}  {w.say(KINDS.get(document.kind, document.kind))}",
        f"  {document.box}  {document.commune}",
        f"  sha256 {document.sha256}  {w.size(document.size)}",
    ]
    for name, title in FIELDS.items():
        if value := field_value(document.meta, name):
            lines.append(f"  {w.say(title)}: {value}")
    for row in signature_rows(document):
        lines.append(f"  {w.say(_('Chữ ký'))}: {w.say(SLOTS.get(row['slot'], row['slot']))}  {row['signer']}")
    if receipt is not None:
        result = w.say(RESULTS[receipt.result])
        lines.append(f"  {w.say(_('Biên nhận'))} {receipt.rid}: {result}, {w.moment(receipt.issued_at)}")
    return "\n".join(lines)


PROBLEMS: Mapping[str, str] = {
    "verify-command-missing": _("Không tìm thấy lệnh kiểm tra chữ ký: {about}"),
    "trust-roots-missing": _("Chưa có chứng thư gốc của chữ ký số: {about}"),
    "certificate-unreadable": _("Không đọc được chứng thư {about}: {detail}"),
    "certificate-ends-soon": _("Chứng thư {about} sắp hết hạn."),
    "proofs-lost": _("{about} văn bản không thể bổ sung dấu thời gian nữa; giữ kèm biên nhận làm chứng cứ."),
    "proofs-nearly-lost": _("{about} văn bản sắp quá hạn, không bổ sung dấu thời gian được nữa; kiểm tra dịch vụ này."),
    "proofs-overdue": _("{about} văn bản chưa được bổ sung dấu thời gian đúng hạn; kiểm tra dịch vụ dấu thời gian."),
    "database-damaged": _("Cơ sở dữ liệu hỏng: {detail}"),
    "bytes-missing": _("Mất nội dung của văn bản có giá trị băm {about}"),
    "bytes-changed": _("Nội dung đã lưu bị thay đổi: {about}"),
    "bytes-without-row": _("Nội dung không thuộc văn bản nào: {about}"),
    "receipt-unverifiable": _("Biên nhận của {about} không xác thực được: {detail}"),
    "receipt-changed": _("Biên nhận số {detail} của {about} không còn nguyên vẹn."),
    "document-without-receipt": _("Văn bản {about} của {detail} không có biên nhận khớp với nó."),
    "part-missing": _("Mất phần đã nhận của văn bản {about} ({detail}); hộp sẽ gửi lại."),
    "receipt-chain-broken": _("Chuỗi biên nhận của {about} đứt ở số {detail}"),
}


def problem_text(problem: Problem, w: Wording) -> str:
    """One finding of the audit as a sentence."""
    text = w.say(PROBLEMS.get(problem.code, problem.code))
    return text.format(about=problem.about, detail=problem.detail)
