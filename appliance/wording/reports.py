"""Words of reports: tables and their lines by key. Printed reports are Vietnamese; pages follow their language."""

from __future__ import annotations

from appliance.wording.catalogue import N_

TABLES: dict[str, str] = {
    "incoming": N_("Văn bản đến"),
    "outgoing": N_("Văn bản đi"),
    "terms": N_("Thời hạn giải quyết"),
    "exceptions": N_("Từ chối, lấy lại"),
    "transit": N_("Từ lúc quét đến lúc tỉnh ký biên nhận"),
    "certificates": N_("Chứng thư số"),
    "procedures": N_("Danh mục thủ tục hành chính"),
    "types-in": N_("Văn bản đến theo tên loại"),
    "types-out": N_("Văn bản đi theo tên loại"),
}

LINES: dict[str, str] = {
    "incoming.total": N_("Tổng số văn bản đến"),
    "incoming.electronic": N_("Điện tử"),
    "incoming.paper": N_("Giấy"),
    "incoming.by-hand": N_("Ghi tay vào sổ, không số hóa"),
    "incoming.same-day": N_("Đăng ký trong ngày đến"),
    "incoming.next-working-day": N_("Đăng ký ngày làm việc tiếp theo"),
    "incoming.later": N_("Đăng ký muộn hơn"),
    "outgoing.total": N_("Tổng số văn bản đi"),
    "outgoing.electronic": N_("Có bản điện tử"),
    "outgoing.paper": N_("Chỉ có bản giấy"),
    "outgoing.leader": N_("Lãnh đạo đã ký số"),
    "outgoing.agency": N_("Cơ quan đã ký số"),
    "outgoing.both": N_("Đủ chữ ký số của lãnh đạo và cơ quan"),
    "outgoing.online": N_("Đã gửi qua mạng, có biên nhận"),
    "outgoing.both-online": N_("Đủ hai chữ ký số và đã gửi qua mạng (NĐ 307/2025)"),
    "outgoing.not-signed": N_("Chưa đủ chữ ký số"),
    "terms.total": N_("Văn bản, hồ sơ có hạn trong kỳ"),
    "terms.on-time": N_("Xong đúng hạn"),
    "terms.late": N_("Xong quá hạn"),
    "terms.overdue": N_("Chưa xong, đã quá hạn"),
    "terms.open": N_("Chưa xong, còn trong hạn"),
    "exceptions.refused-by-province": N_("Tỉnh từ chối"),
    "exceptions.refused-by-office": N_("Xã từ chối tiếp nhận"),
    "exceptions.recalled-by-office": N_("Xã xin lấy lại"),
    "exceptions.recalled-by-sender": N_("Nơi gửi đã lấy lại"),
    "transit.receipted": N_("Văn bản có biên nhận"),
    "transit.median": N_("Trung vị"),
    "transit.nine-of-ten": N_("Chín phần mười số văn bản không quá"),
    "transit.longest": N_("Lâu nhất"),
    "certificates.total": N_("Tổng số chứng thư số đã cấp"),
    "certificates.personal": N_("Cá nhân"),
    "certificates.agency": N_("Cơ quan, tổ chức"),
    "certificates.device": N_("Thiết bị, dịch vụ"),
    "certificates.holding": N_("Còn hiệu lực"),
    "certificates.ending": N_("Hết hạn trong 60 ngày tới"),
    "certificates.ended": N_("Đã hết hạn"),
    "certificates.revoked": N_("Đã thu hồi"),
    "procedures.procedures": N_("Thủ tục hành chính"),
    "procedures.components": N_("Thành phần hồ sơ"),
    "types-in.total": N_("Tổng số văn bản đến"),
    "types-out.total": N_("Tổng số văn bản đi"),
    "types-in.no-type": N_("Chưa rõ tên loại"),
    "types-out.no-type": N_("Chưa rõ tên loại"),
}
"""By table and line."""

LIST_CODES: dict[str, str] = {
    "list-columns": N_("Dòng 1 của danh sách thiếu cột: {detail}."),
    "list-empty-cell": N_("Dòng {line}: cột {detail} để trống."),
    "list-number": N_("Dòng {line}: “{detail}” không phải số ngày."),
    "list-kind": N_("Dòng {line}: loại “{detail}” không phải personal, agency hoặc device."),
    "list-day": N_("Dòng {line}: “{detail}” không phải một ngày."),
    "list-twice": N_("Dòng {line}: “{detail}” có hai lần trong danh sách."),
    "list-encoding": N_("Danh sách phải là tệp CSV mã UTF-8."),
    "bad-period": N_("Kỳ báo cáo không đúng."),
}
