"""The exact words of the demonstration's six papers. Text only; invented communes and persons, dates in March 2026."""

from __future__ import annotations

from datetime import date

from appliance.demo.texts import Paper

_PROVINCE = "ỦY BAN NHÂN DÂN TỈNH THƯỢNG GIANG"
_PARENT = "UBND TỈNH THƯỢNG GIANG"

DECISION = Paper(
    key="quyet-dinh",
    kind="incoming-scan",
    code_number="417",
    code_notation="QĐ-UBND",
    issued_date=date(2026, 3, 9),
    place="Thượng Giang",
    issuer=_PROVINCE,
    parent_issuer="",
    type_name="Quyết định",
    subject="Ban hành Quy chế tiếp nhận, số hóa và luân chuyển hồ sơ giấy tại Ủy ban nhân dân xã, phường, đặc khu",
    body=(
        _PROVINCE,
        "Căn cứ Luật Tổ chức chính quyền địa phương năm 2025;",
        "Căn cứ Luật Giao dịch điện tử năm 2023;",
        "Căn cứ Luật Lưu trữ năm 2024;",
        "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;",
        "Theo đề nghị của Giám đốc Sở Nội vụ tại Tờ trình số 88/TTr-SNV ngày 27 tháng 02 năm 2026.",
        "QUYẾT ĐỊNH:",
        "Điều 1. Ban hành kèm theo Quyết định này Quy chế tiếp nhận, số hóa và luân chuyển hồ sơ giấy tại Ủy ban "
        "nhân dân các xã, phường, đặc khu trên địa bàn tỉnh Thượng Giang (sau đây gọi chung là cấp xã), gồm những "
        "nội dung quy định tại Điều 2 đến Điều 8.",
        "Điều 2. Phạm vi điều chỉnh và đối tượng áp dụng",
        "1. Quy chế này quy định việc quét, nhận dạng, kiểm tra, ký số và gửi văn bản giấy do cơ quan, tổ chức, cá "
        "nhân gửi đến Ủy ban nhân dân cấp xã; việc lưu giữ bản gốc và bản số hóa; trách nhiệm của người đứng đầu, "
        "công chức văn thư và công chức tại Trung tâm Phục vụ hành chính công.",
        "2. Văn bản chứa bí mật nhà nước không thuộc phạm vi điều chỉnh của Quy chế này; nghiêm cấm quét, sao chụp, "
        "lưu giữ, truyền đưa những văn bản đó trên thiết bị có kết nối mạng.",
        "Điều 3. Nguyên tắc số hóa",
        "1. Văn bản được quét đúng kích thước thật (tỷ lệ 100%), ảnh màu, độ phân giải tối thiểu 200 dpi; tệp tin "
        "đầu ra có định dạng PDF/A và có lớp văn bản tiếng Việt để tìm kiếm.",
        "2. Bản số hóa phải trung thực với bản giấy: đủ số trang, không mất chữ, không lệch quá mức, không thêm bớt "
        "nội dung. Trang trắng ở mặt sau được phép ẩn khi hiển thị nhưng không được xóa.",
        "3. Mỗi văn bản chỉ được ký số của cơ quan sau khi công chức văn thư đã kiểm tra và xác nhận. Việc ký số "
        "thực hiện tại trụ sở, không giao thiết bị lưu khóa bí mật cho người khác khi chưa có văn bản cho phép.",
        "Điều 4. Trình tự thực hiện",
        "1. Trong ngày làm việc, văn thư đóng dấu đến, ghi số đến, ngày đến rồi đặt văn bản vào máy quét; những văn "
        "bản có dấu chỉ mức độ hỏa tốc, thượng khẩn, khẩn phải được quét và trình ngay sau khi nhận được.",
        "2. Thiết bị tự động nhận tệp tin từ thư mục quét, nhận dạng chữ, đề xuất các trường thông tin gồm: số, ký "
        "hiệu; ngày, tháng, năm; cơ quan ban hành; tên loại; trích yếu; người ký. Công chức văn thư đối chiếu từng "
        "trường, sửa lỗi nhận dạng nếu có.",
        "3. Tệp tin bị hỏng, bị cắt cụt hoặc không mở được thì chuyển vào khu vực cách ly, kèm theo lý do để người "
        "trực biết và quét lại; hệ thống không tự ý hủy bỏ bất kỳ tệp tin nào.",
        "4. Sau khi ký số, văn bản được xếp vào hàng đợi và gửi về hệ thống của tỉnh theo thứ tự độ khẩn. Trường "
        "hợp đường truyền bị gián đoạn, văn bản vẫn nằm trong hàng đợi và tự động gửi tiếp phần còn thiếu khi có "
        "mạng trở lại.",
        "5. Văn bản chỉ được coi là đã gửi khi đơn vị nhận được biên nhận có chữ ký số của hệ thống tỉnh.",
        "Điều 5. Kiểm tra chất lượng",
        "1. Mỗi tuần, người được phân công chọn ngẫu nhiên ít nhất 5% số văn bản đã số hóa để đối chiếu với bản "
        "giấy; kết quả ghi vào sổ theo dõi. Tỷ lệ văn bản phải quét lại vượt quá 2% thì phải rà soát lại máy quét, "
        "vệ sinh mặt kính, trục cuốn giấy.",
        "2. Sở Khoa học và Công nghệ hướng dẫn kỹ thuật, tổng hợp các lỗi thường gặp và công bố trên Cổng thông tin "
        "điện tử của tỉnh hằng quý.",
        "Điều 6. Bảo quản bản gốc",
        "Bản gốc giấy sau khi số hóa được trả lại hồ sơ công việc, sắp xếp theo số đến; việc giao nộp vào lưu trữ "
        "hiện hành thực hiện trong thời hạn 01 năm kể từ ngày công việc kết thúc. Nghiêm cấm tiêu hủy bản gốc khi "
        "chưa được Hội đồng xác định giá trị tài liệu thông qua.",
        "Điều 7. Kinh phí thực hiện",
        "Kinh phí mua sắm, duy trì thiết bị và bồi dưỡng nghiệp vụ được bố trí trong dự toán chi thường xuyên của "
        "Ủy ban nhân dân cấp xã; ưu tiên những xã vùng cao, hải đảo, nơi hạ tầng viễn thông còn yếu kém, dễ bị chia "
        "cắt trong mùa mưa bão.",
        "Điều 8. Hiệu lực và trách nhiệm thi hành",
        "1. Quyết định này có hiệu lực thi hành kể từ ngày 01 tháng 4 năm 2026 và thay thế Quyết định số "
        "1206/QĐ-UBND ngày 19 tháng 8 năm 2021 của Ủy ban nhân dân tỉnh.",
        "2. Chánh Văn phòng Ủy ban nhân dân tỉnh, Giám đốc Sở Nội vụ, Giám đốc Sở Khoa học và Công nghệ, Chủ tịch "
        "Ủy ban nhân dân các xã, phường, đặc khu và các tổ chức, cá nhân có liên quan chịu trách nhiệm thi hành "
        "Quyết định này./.",
    ),
    recipients=(
        "- Như Điều 8;",
        "- Văn phòng Chính phủ (b/c);",
        "- TT Tỉnh ủy, TT HĐND tỉnh;",
        "- CT, các PCT UBND tỉnh;",
        "- UBND các xã, phường, đặc khu;",
        "- Cổng TTĐT tỉnh;",
        "- Lưu: VT, NC.",
    ),
    signer_authority="TM. ỦY BAN NHÂN DÂN",
    signer_position="CHỦ TỊCH",
    signer_name="Quách Hữu Nhẫn",
    urgency="khan",
    pages=3,
)

REPORT = Paper(
    key="bao-cao",
    kind="incoming-scan",
    code_number="36",
    code_notation="BC-UBND",
    issued_date=date(2026, 3, 10),
    place="Nà Lũng",
    issuer="ỦY BAN NHÂN DÂN XÃ NÀ LŨNG",
    parent_issuer="",
    type_name="Báo cáo",
    subject="Kết quả phối hợp phòng cháy, chữa cháy rừng khu vực giáp ranh tháng 02 năm 2026",
    addressees=("Ủy ban nhân dân xã Đồng Mận",),
    body=(
        "Thực hiện Quy chế phối hợp ký ngày 14 tháng 01 năm 2026 giữa Ủy ban nhân dân xã Nà Lũng và Ủy ban nhân dân "
        "xã Đồng Mận về quản lý, bảo vệ rừng khu vực giáp ranh, Ủy ban nhân dân xã Nà Lũng báo cáo kết quả thực "
        "hiện tháng 02 năm 2026 như sau:",
        "I. KẾT QUẢ TỪ CÁC BUỔI HỌP LIÊN THÔN, NHỮNG VIỆC ĐÃ LÀM ĐƯỢC",
        "1. Công tác tuyên truyền",
        "Đã tổ chức 14 buổi họp thôn với 862 lượt người tham dự; ký cam kết không đốt nương, không mang lửa vào "
        "rừng với 431 hộ. Loa truyền thanh phát bản tin cảnh báo cấp dự báo cháy rừng mỗi ngày hai lần, bằng tiếng "
        "phổ thông và tiếng dân tộc.",
        "2. Công tác tuần tra, kiểm soát",
        "Tổ bảo vệ rừng của hai xã tuần tra chung 09 đợt, phát hiện 03 điểm phát dọn thực bì trái phép, đã nhắc nhở "
        "và yêu cầu dập tắt ngay; không để xảy ra vụ cháy nào. Kết quả cụ thể theo từng thôn:",
        "Thôn\tSố hộ ký cam kết\tSố đợt tuần tra\tĐiểm vi phạm\nPò Mỏ\t126\t3\t1\nBản Nhẳng\t98\t2\t0\nLũng "
        "Vỉ\t117\t2\t2\nĐầm Sẫm\t90\t2\t0\nTổng cộng\t431\t9\t3",
        "3. Công tác chuẩn bị lực lượng, phương tiện",
        "Kiện toàn 04 tổ xung kích với 48 đội viên; bổ sung 30 vỉ dập lửa, 06 bình bơm nước đeo vai, 02 máy thổi "
        "gió; sửa chữa 1,8 km đường băng cản lửa. Tuy vậy, một số dụng cụ đã cũ, gỉ sét, cần được thay thế trong "
        "quý II.",
        "II. KHÓ KHĂN, VƯỚNG MẮC CẦN THÁO GỠ",
        "Thời tiết hanh khô kéo dài, lớp thảm mục dày, dễ bắt lửa. Sóng điện thoại ở các khe núi rất yếu nên việc "
        "báo tin giữa các tổ còn chậm. Một bộ phận người dân vẫn giữ tập quán đốt nương để trồng ngô, sắn; việc xử "
        "phạt chưa đủ sức răn đe. Lực lượng kiểm lâm địa bàn mỏng, mỗi người phụ trách trên 2.300 ha.",
        "III. NHIỆM VỤ THÁNG 3 NĂM 2026: RÕ NGƯỜI, RÕ VIỆC",
        "1. Duy trì trực 24/24 giờ trong những ngày dự báo cháy rừng cấp IV, cấp V; giữ liên lạc bằng bộ đàm giữa "
        "hai xã, báo ngay khi thấy khói.",
        "2. Phối hợp dựng 05 biển cảnh báo, làm mới 2,5 km đường băng cản lửa tại khu vực Khuổi Sẳng; hoàn thành "
        "trước ngày 25/3/2026.",
        "3. Hỗ trợ 60 hộ chuyển đổi từ đốt nương sang ủ phân hữu cơ; giao Hội Nông dân và Đoàn Thanh niên mỗi bên "
        "chủ trì một mô hình mẫu.",
        "4. Rà soát bản đồ giáp ranh, thống nhất tọa độ 07 cột mốc và số hóa toàn bộ hồ sơ giao đất, giao rừng để "
        "hai bên cùng tra cứu.",
        "IV. ĐỀ NGHỊ HỖ TRỢ LỰC LƯỢNG, XE VÀ ỨNG CỨU BẰNG BỘ ĐÀM",
        "Đề nghị Ủy ban nhân dân xã Đồng Mận cử cán bộ dự buổi diễn tập chữa cháy ngày 20/3/2026 tại thôn Lũng Vỉ; "
        "hỗ trợ 01 xe bán tải chở nước và tạo điều kiện cho tổ tuần tra của xã Nà Lũng đi qua lối mòn phía suối "
        "Cẩm. Số điện thoại trực của xã Nà Lũng được gửi kèm theo danh sách đội viên.",
        "Trên đây là báo cáo kết quả phối hợp tháng 02 năm 2026, Ủy ban nhân dân xã Nà Lũng trân trọng gửi quý cơ "
        "quan để cùng thực hiện./.",
    ),
    recipients=(
        "- Như trên;",
        "- Hạt Kiểm lâm khu vực;",
        "- TT Đảng ủy, TT HĐND xã;",
        "- CT, các PCT UBND xã;",
        "- Lưu: VT, KT.",
    ),
    signer_authority="TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH",
    signer_position="PHÓ CHỦ TỊCH",
    signer_name="Nông Thúy Diễm",
    pages=2,
)

LETTER = Paper(
    key="cong-van",
    kind="incoming-scan",
    code_number="1094",
    code_notation="STP-HCTP",
    issued_date=date(2026, 3, 11),
    place="Thượng Giang",
    issuer="SỞ TƯ PHÁP",
    parent_issuer=_PARENT,
    type_name="",
    subject="hướng dẫn chứng thực bản sao điện tử từ bản chính",
    addressees=("Ủy ban nhân dân xã Đồng Mận",),
    body=(
        "Sở Tư pháp nhận được Công văn số 57/UBND-VP ngày 03/3/2026 của Ủy ban nhân dân xã Đồng Mận đề nghị hướng "
        "dẫn chứng thực bản sao điện tử từ bản chính. Sau khi nghiên cứu, Sở Tư pháp có ý kiến như sau:",
        "1. Người yêu cầu chứng thực xuất trình bản chính giấy tờ; người thực hiện chứng thực kiểm tra kỹ bản "
        "chính, đối chiếu với bản chụp và chỉ ký số khi nội dung hoàn toàn phù hợp.",
        "2. Không chứng thực đối với bản chính bị tẩy xóa, sửa chữa, thêm bớt nội dung không hợp lệ; bản chính rách "
        "nát, cũ mờ không xác định được nội dung.",
        "3. Việc thu, nộp phí thực hiện theo quy định hiện hành; mỗi bản sao điện tử phải được lưu trong Kho quản "
        "lý dữ liệu của công dân và ghi sổ chứng thực ngay trong ngày làm việc.",
        "4. Trường hợp đường truyền gặp sự cố, bộ phận tiếp nhận viết giấy hẹn, nêu rõ thời điểm trả kết quả để "
        "người dân khỏi phải đi lại nhiều.",
        "Đề nghị Ủy ban nhân dân xã Đồng Mận tổ chức thực hiện; nếu còn vướng mắc, liên hệ ông Lý Bảo Khuê, Phòng "
        "Hành chính tư pháp./.",
    ),
    recipients=("- Như trên;", "- UBND tỉnh (b/c);", "- Giám đốc, các PGĐ Sở;", "- Lưu: VT, HCTP."),
    signer_authority="KT. GIÁM ĐỐC",
    signer_position="PHÓ GIÁM ĐỐC",
    signer_name="Hoàng Quỳnh Oanh",
    arrival_stamp=True,
)

PROPOSAL = Paper(
    key="to-trinh",
    kind="outgoing",
    code_number="15",
    code_notation="TTr-UBND",
    issued_date=date(2026, 3, 12),
    place="Đồng Mận",
    issuer="ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN",
    parent_issuer="",
    type_name="Tờ trình",
    subject="Về việc hỗ trợ kinh phí sửa chữa, nâng cấp Trạm Y tế xã Đồng Mận năm 2026",
    addressees=("Ủy ban nhân dân tỉnh Thượng Giang;", "Sở Y tế tỉnh Thượng Giang."),
    body=(
        "Trạm Y tế xã Đồng Mận được xây dựng từ năm 2004, phục vụ khám chữa bệnh cho hơn 7.600 người dân của 11 "
        "thôn. Qua nhiều năm sử dụng, công trình đã xuống cấp nghiêm trọng: mái tôn gỉ thủng, tường ẩm mốc, phòng "
        "tiêm chủng chật hẹp, hệ thống điện nước hư hỏng.",
        "Để bảo đảm điều kiện chăm sóc sức khỏe ban đầu cho nhân dân, Ủy ban nhân dân xã Đồng Mận kính trình Ủy ban "
        "nhân dân tỉnh, Sở Y tế xem xét hỗ trợ kinh phí với các nội dung sau:",
        "1. Thay mái, chống thấm và quét sơn lại khu nhà chính, diện tích 260 m2: 415.000.000 đồng.",
        "2. Sửa phòng tiêm chủng, phòng đẻ, khu vệ sinh; lắp bể lọc nước và hệ thống xử lý chất thải lỏng: "
        "328.500.000 đồng.",
        "3. Bổ sung tủ bảo quản vắc xin, máy phát điện dự phòng: 96.500.000 đồng.",
        "Tổng kinh phí đề nghị hỗ trợ là 840.000.000 đồng (tám trăm bốn mươi triệu đồng); xã đối ứng 60.000.000 "
        "đồng từ nguồn xã hội hóa.",
        "Ủy ban nhân dân xã Đồng Mận kính trình Ủy ban nhân dân tỉnh, Sở Y tế xem xét, quyết định./.",
    ),
    recipients=("- Như trên;", "- TT Đảng ủy, TT HĐND xã;", "- Trạm Y tế xã;", "- Lưu: VT, VHXH."),
    signer_authority="TM. ỦY BAN NHÂN DÂN",
    signer_position="CHỦ TỊCH",
    signer_name="Vũ Đức Thuận",
    seal=False,
    handwritten_signature=False,
)

SECRET = Paper(
    key="mat",
    kind="incoming-scan",
    code_number="08",
    code_notation="KH-BCH",
    issued_date=date(2026, 3, 12),
    place="Thượng Giang",
    issuer="BAN CHỈ HUY DIỄN TẬP",
    parent_issuer=_PARENT,
    type_name="Kế hoạch",
    subject="Bảo đảm hậu cần cho cuộc diễn tập tại xã Đồng Mận",
    body=(
        "Nội dung trang này là văn bản giả định, chỉ dùng để kiểm tra việc nhận biết dấu chỉ độ mật trên bản quét. "
        "Ban Chỉ huy diễn tập ban hành Kế hoạch bảo đảm hậu cần như sau:",
        "1. Bố trí chỗ nghỉ cho 40 người tại Nhà văn hóa thôn Pò Mỏ; chuẩn bị đủ nước uống, thuốc sơ cứu, đèn pin "
        "và áo mưa.",
        "2. Bữa ăn do Hội Liên hiệp Phụ nữ xã đảm nhiệm, bảo đảm vệ sinh, đúng giờ; lưu mẫu thức ăn theo quy định.",
        "3. Xe của các đơn vị đỗ tại bãi trống phía sau chợ, không gây cản trở việc buôn bán của nhân dân.",
        "Các đơn vị được phân công hoàn thành công tác chuẩn bị trước ngày diễn tập ba ngày và báo cáo Ban Chỉ huy./.",
    ),
    recipients=("- Các thành viên Ban Chỉ huy;", "- Lưu: VT."),
    signer_authority="KT. TRƯỞNG BAN",
    signer_position="PHÓ TRƯỞNG BAN",
    signer_name="Đặng Minh Thạch",
    secrecy="mat",
)

CUT_SHORT = Paper(
    key="cat-cut",
    kind="incoming-scan",
    code_number="233",
    code_notation="TB-STC",
    issued_date=date(2026, 3, 13),
    place="Thượng Giang",
    issuer="SỞ TÀI CHÍNH",
    parent_issuer=_PARENT,
    type_name="Thông báo",
    subject="Về việc thẩm định quyết toán ngân sách xã Đồng Mận năm 2025",
    body=(
        "Căn cứ kết quả thẩm định hồ sơ quyết toán của Ủy ban nhân dân xã Đồng Mận, Sở Tài chính thông báo như sau:",
        "1. Tổng thu ngân sách xã trên địa bàn: 18.642.300.000 đồng, đạt 104,6% dự toán; trong đó các khoản thu "
        "phí, lệ phí tăng khá.",
        "2. Tổng chi ngân sách xã: 17.905.800.000 đồng; chi đầu tư phát triển 6.210.000.000 đồng, chi thường xuyên "
        "11.695.800.000 đồng.",
        "3. Kết dư ngân sách: 736.500.000 đồng, được chuyển vào thu ngân sách năm sau theo quy định.",
        "Đề nghị Ủy ban nhân dân xã Đồng Mận chỉnh lý sổ kế toán, trình Hội đồng nhân dân xã phê chuẩn và công khai "
        "theo quy định./.",
    ),
    recipients=("- UBND xã Đồng Mận;", "- Kho bạc Nhà nước khu vực;", "- Lưu: VT, QLNS."),
    signer_authority="",
    signer_position="GIÁM ĐỐC",
    signer_name="Mẫn Xuân Phước",
)
