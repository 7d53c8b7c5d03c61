"""Sentences about appearances: what a signature's place must tell, who may sign in whose place, number and date."""

from __future__ import annotations

from appliance.wording.catalogue import N_, _

APPEARANCE: dict[str, str] = {
    "number-not-left-open": N_("Văn bản không chừa chỗ cho số, ngày nên không ghi được."),
    "clock-implausible": N_("Đồng hồ của hộp chậm hơn việc đã xảy ra ({detail}). Hãy chỉnh giờ rồi ký lại."),
    "nudge-off-page": N_("Dịch như vậy thì chữ ký ra ngoài trang ({detail})."),
    "nudge-too-late": N_("Chỗ của chữ ký “{slot}” đã có trên văn bản nên không dịch được nữa."),
    "nudge-too-far": N_("Chỉ dịch được tối đa {most} mm."),
    "delegation-missing": N_("{signer} không có trong danh sách được ký {form} Hãy kiểm tra trang Ủy quyền ký thay."),
    "delegation-form": N_("Hình thức ký thay phải là KT., TL. hoặc TUQ."),
    "delegation-incomplete": N_("Hãy ghi người ký và chức vụ được ký thay."),
    "delegation-to-oneself": N_("Không thể tự giao quyền ký cho mình."),
    "delegation-dates": N_("Ngày cuối phải từ hôm nay trở đi và không trước ngày đầu."),
    "delegation-not-standing": N_("Quyền ký này đã dừng trước đó."),
    "delegation-ended": N_("Quyền ký thay đã hết hạn. Hãy kiểm tra quyết định giao quyền."),
    "delegation-not-yet": N_("Quyền ký {form} của {signer} chưa bắt đầu."),
    "copy-form-unknown": N_("Hình thức sao “{detail}” không có trong quy định."),
    "attachment-number-missing": N_("Phụ lục chưa có số, ký hiệu của văn bản chính. Hãy ghi rồi ký lại."),
}
_NOTES: dict[str, str] = {
    "shrunk": N_("thu nhỏ còn {0} % vì thiếu chỗ trống"),
    "moved": N_("đặt lệch {0} mm vì chỗ quy định đã có nội dung"),
    "nudged": N_("đã được dịch tay {0} mm sang phải, {1} mm xuống dưới"),
    "covers": N_("nằm đè lên nội dung vì trang không còn chỗ trống"),
}


def note_sentence(note: str) -> str:
    """One note of a signature's place (``hsm.places.Placement.notes``) in the present language."""
    name, *values = note.split(":")
    known = _NOTES.get(name)
    return _(known).format(*values) if known else note
