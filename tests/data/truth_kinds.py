"""The kinds of papers in the test set: what each is called, who writes it, its subjects and openings, how it is set.

Text only, Vietnamese, every name invented. Slots in braces are filled by `truth_texts`. A kind's `layout` is
"decree30" (Decree 30/2020, annex I), "party" (the Party's Guide 36-HD/VPTW), "joint" (two offices issue together),
"draft" (no number, no day yet) or "two-parties" (contract, minutes: two signatures side by side).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of paper; `type_name` "" for a letter; `short` is its part of the notation, "" for none."""

    key: str
    type_name: str
    short: str
    subjects: tuple[str, ...]
    opening: tuple[str, ...] = ()
    layout: str = "decree30"
    issuers: str = "office"  # office, people's committee, council, party
    addressed: bool = False


KINDS: tuple[Kind, ...] = (
    Kind(
        "quyet-dinh", "Quyết định", "QĐ",
        (
            "Về việc phê duyệt dự toán kinh phí sửa chữa nhà văn hóa thôn {village}",
            "Về việc thành lập Tổ công tác chuyển đổi số của {commune} năm {year}",
            "Ban hành Quy chế tiếp công dân của {office}",
            "Về việc cử công chức tham gia lớp bồi dưỡng nghiệp vụ văn thư, lưu trữ",
        ),
        (
            "Căn cứ Luật Tổ chức chính quyền địa phương năm 2025;",
            "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;",
            "Theo đề nghị của Trưởng phòng Kinh tế tại Tờ trình số {ref}/TTr-KT ngày {earlier}.",
            "QUYẾT ĐỊNH:",
        ),
        issuers="committee",
    ),
    Kind(
        "nghi-quyet", "Nghị quyết", "NQ",
        (
            "Về dự toán thu, chi ngân sách {commune} năm {year}",
            "Về kết quả giám sát việc thực hiện chính sách giảm nghèo bền vững",
            "Thông qua Đề án sắp xếp các điểm trường trên địa bàn {commune}",
        ),
        (
            "Căn cứ Luật Tổ chức chính quyền địa phương năm 2025;",
            "Xét Tờ trình số {ref}/TTr-UBND ngày {earlier} của Ủy ban nhân dân {commune};",
            "QUYẾT NGHỊ:",
        ),
        issuers="council",
    ),
    Kind(
        "cong-van", "", "",
        (
            "đôn đốc báo cáo kết quả thực hiện Đề án 06 quý {quarter}/{year}",
            "tăng cường kiểm tra an toàn thực phẩm dịp Tết Trung thu",
            "trả lời kiến nghị của cử tri {commune} về tuyến đường {village}",
            "phối hợp cung cấp số liệu hộ nghèo, hộ cận nghèo theo Công văn số {ref}/SNNMT-PTNT ngày {earlier}",
            "xử lý vi phạm đất đai tại thôn {village}",
        ),
        addressed=True,
    ),
    Kind(
        "to-trinh", "Tờ trình", "TTr",
        (
            "Về việc xin bổ sung kinh phí mua sắm thiết bị số hóa hồ sơ",
            "Đề nghị phê duyệt chủ trương đầu tư kè chống sạt lở suối {village}",
            "Về việc giao chỉ tiêu biên chế năm {year}",
        ),
        addressed=True, issuers="committee",
    ),
    Kind(
        "bao-cao", "Báo cáo", "BC",
        (
            "Tình hình phát triển kinh tế - xã hội quý {quarter} năm {year}",
            "Kết quả giải quyết thủ tục hành chính tháng {month} năm {year}",
            "Công tác phòng, chống thiên tai và tìm kiếm cứu nạn tại {commune}",
        ),
    ),
    Kind(
        "thong-bao", "Thông báo", "TB",
        (
            "Kết luận của Chủ tịch Ủy ban nhân dân {commune} tại cuộc họp giao ban ngày {earlier}",
            "Về việc tiếp nhận hồ sơ tuyển dụng viên chức năm {year}",
            "Lịch tiêm phòng cho đàn trâu, bò và gia cầm đợt {quarter}",
        ),
    ),
    Kind(
        "ke-hoach", "Kế hoạch", "KH",
        (
            "Triển khai công tác cải cách hành chính năm {year}",
            "Tổ chức diễn tập phòng cháy, chữa cháy rừng tại thôn {village}",
            "Thực hiện phong trào “Toàn dân đoàn kết xây dựng đời sống văn hóa”",
        ),
        issuers="committee",
    ),
    Kind(
        "giay-moi", "Giấy mời", "GM",
        ("Dự hội nghị tổng kết công tác dân vận năm {year}", "Họp đánh giá tiến độ giải phóng mặt bằng thôn {village}"),
    ),
    Kind(
        "bien-ban", "Biên bản", "BB",
        ("Kiểm tra công tác văn thư, lưu trữ tại {commune}", "Họp xét duyệt hộ nghèo thôn {village} năm {year}"),
        layout="two-parties",
    ),
    Kind(
        "huong-dan", "Hướng dẫn", "HD",
        (
            "Bình xét danh hiệu gia đình văn hóa năm {year}",
            "Lập hồ sơ đề nghị hỗ trợ sản xuất vụ đông xuân",
            "Quy trình tiếp nhận và số hóa hồ sơ thủ tục hành chính",
        ),
    ),
    Kind(
        "chi-thi", "Chỉ thị", "CT",
        (
            "Về việc tăng cường các biện pháp bảo vệ rừng mùa khô năm {year}",
            "Về việc siết chặt kỷ luật, kỷ cương hành chính trong các cơ quan nhà nước",
        ),
        issuers="committee",
    ),
    Kind(
        "hop-dong", "Hợp đồng", "HĐ",
        ("Cung cấp thiết bị máy quét và dịch vụ bảo trì", "Thuê khoán bảo vệ rừng phòng hộ thôn {village}"),
        layout="two-parties", issuers="committee",
    ),
    Kind(
        "giay-uy-quyen", "Giấy ủy quyền", "GUQ",
        (
            "Ký chứng thực bản sao, chứng thực chữ ký tại {commune}",
            "Giải quyết công việc từ ngày {earlier} đến ngày {due}",
        ),
        issuers="committee",
    ),
    Kind(
        "cong-dien", "Công điện", "CĐ",
        (
            "Về việc chủ động ứng phó với bão số {quarter} và mưa lũ sau bão",
            "Về việc khẩn trương khắc phục sạt lở tại thôn {village}",
        ),
        issuers="committee", addressed=True,
    ),
    Kind(
        "chuong-trinh", "Chương trình", "CTr",
        ("Công tác trọng tâm quý {quarter} năm {year}", "Hành động vì trẻ em {commune} giai đoạn {year} - 2030"),
    ),
    Kind(
        "quy-che", "Quy chế", "QC",
        ("Phối hợp quản lý, bảo vệ công trình thủy lợi nhỏ", "Làm việc của Trung tâm Phục vụ hành chính công"),
    ),
    Kind(
        "dang-nghi-quyet", "Nghị quyết", "NQ",
        (
            "về tăng cường sự lãnh đạo của Đảng đối với công tác chuyển đổi số",
            "về lãnh đạo thực hiện nhiệm vụ phát triển kinh tế - xã hội năm {year}",
        ),
        layout="party", issuers="party",
    ),
    Kind(
        "dang-thong-bao", "Thông báo", "TB",
        ("kết luận Hội nghị Ban Chấp hành lần thứ {quarter}", "kết quả kiểm tra, giám sát 6 tháng đầu năm {year}"),
        layout="party", issuers="party",
    ),
    Kind(
        "lien-tich", "Kế hoạch", "KHLT",
        (
            "Phối hợp tuyên truyền phổ biến, giáo dục pháp luật năm {year}",
            "Phối hợp bảo đảm an ninh, trật tự trường học năm học {year} - 2027",
        ),
        layout="joint",
    ),
    Kind(
        "du-thao", "Quyết định", "QĐ",
        ("Về việc ban hành nội quy khai thác hồ sơ lưu trữ", "Về việc kiện toàn Ban Chỉ đạo chuyển đổi số {commune}"),
        (
            "Căn cứ Luật Lưu trữ ngày 21 tháng 6 năm 2024;",
            "Xét đề nghị của Chánh Văn phòng Hội đồng nhân dân và Ủy ban nhân dân.",
            "QUYẾT ĐỊNH:",
        ),
        layout="draft", issuers="committee",
    ),
)  # fmt: skip

OFFICES = (  # name, notation, units that draft
    ("SỞ NỘI VỤ", "SNV", ("CCVC", "VTLT", "VP")),
    ("SỞ TÀI CHÍNH", "STC", ("QLNS", "ĐT")),
    ("SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG", "SNNMT", ("PTNT", "QLĐĐ")),
    ("SỞ GIÁO DỤC VÀ ĐÀO TẠO", "SGDĐT", ("GDTrH", "TCCB")),
    ("SỞ Y TẾ", "SYT", ("NVY", "KHTC")),
    ("SỞ KHOA HỌC VÀ CÔNG NGHỆ", "SKHCN", ("CĐS", "BCVT")),
    ("SỞ TƯ PHÁP", "STP", ("HCTP", "PBGDPL")),
    ("THANH TRA TỈNH", "TTr", ("NV1", "VP")),
    ("BAN QUẢN LÝ CÁC KHU CÔNG NGHIỆP", "BQLKCN", ("QHXD", "VP")),
)

SENTENCES = (
    "Các cơ quan, đơn vị rà soát, cập nhật đầy đủ thông tin hồ sơ trên hệ thống, bảo đảm chính xác, kịp thời và thống "
    "nhất với bản giấy đang lưu giữ.",
    "Giao Văn phòng Hội đồng nhân dân và Ủy ban nhân dân theo dõi, đôn đốc, tổng hợp kết quả, báo cáo trước "
    "ngày {due}.",
    "Kinh phí thực hiện {money} đồng, trích từ nguồn dự phòng ngân sách năm {year} theo đúng quy định của Luật "
    "Ngân sách nhà nước.",
    "Trong tháng {month}, bộ phận một cửa đã tiếp nhận {b} hồ sơ, giải quyết đúng hạn {c}%, còn {a} hồ sơ đang bổ sung "
    "giấy tờ.",
    "Thôn {village} có {a} hộ được hỗ trợ làm nhà ở; tỷ lệ hộ sử dụng nước hợp vệ sinh đạt {c}%, tăng so với cùng kỳ.",
    "Tuyến đường dài {km} km đi qua khu vực đồi dốc, mặt đường bị xói lở nghiêm trọng sau đợt mưa từ ngày {earlier}.",
    "Tổ chức tuyên truyền bằng nhiều hình thức như loa truyền thanh, tờ rơi, mạng xã hội; chú trọng vùng sâu, vùng xa, "
    "đồng bào dân tộc thiểu số.",
    "Đề nghị ông (bà) {name} chủ trì, phối hợp với các ngành liên quan kiểm tra thực địa và lập biên bản cụ thể.",
    "Nghiêm cấm mọi hành vi sách nhiễu, gây phiền hà cho tổ chức, công dân khi thực hiện thủ tục hành chính.",
    "Người đứng đầu chịu trách nhiệm nếu để xảy ra chậm trễ, thất lạc văn bản hoặc lộ, lọt thông tin cá nhân.",
    "Việc lựa chọn đơn vị cung cấp phải công khai, minh bạch; ưu tiên sản phẩm có giấy chứng nhận hợp quy và bảo hành "
    "tối thiểu {quarter} năm.",
    "Lực lượng dân quân, công an xã và Đoàn Thanh niên trực 24/24 giờ, sẵn sàng sơ tán {a} hộ dân ở nơi nguy hiểm.",
    "Khuyến khích người dân nộp hồ sơ trực tuyến; trường hợp gặp khó khăn thì được hướng dẫn tận nơi, không thu phí.",
    "Kết quả xếp loại năm {year}: {a} tập thể xuất sắc, {b} cá nhân hoàn thành tốt nhiệm vụ; không có trường hợp bị kỷ "
    "luật.",
    "Quá trình thực hiện nếu phát sinh vướng mắc, các đơn vị phản ánh kịp thời về {office} để xem xét, giải quyết.",
    "Diện tích gieo cấy vụ này đạt {b} ha; sâu cuốn lá, rầy nâu xuất hiện rải rác nhưng đã được khống chế.",
    "Hội Chữ thập đỏ, Hội Cựu chiến binh và Mặt trận Tổ quốc cùng vận động quỹ, giúp đỡ gia đình có hoàn cảnh "
    "khó khăn.",
    "Hồ sơ gồm: đơn đề nghị, bản sao căn cước, giấy xác nhận nơi ở; nộp tại bộ phận tiếp nhận trước 16 giờ 30 phút.",
)
