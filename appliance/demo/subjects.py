"""The subjects of varied one-page papers: Vietnamese prose with slots, as offices of a province and a commune write it.

Text only. Slots are filled by `texts.varied_paper`; every subject must fit one page of Decree 30/2020 layout.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """One kind of paper: who writes it, what it is called and its paragraphs with slots in braces."""

    issuer: str
    notation: str
    type_name: str
    subject: str
    body: tuple[str, ...]
    recipients: tuple[str, ...]
    authority: str
    position: str
    addressees: tuple[str, ...] = ()
    outgoing: bool = False


_PROVINCE = "ỦY BAN NHÂN DÂN TỈNH THƯỢNG GIANG"

SUBJECTS: tuple[Subject, ...] = (
    Subject(
        issuer="SỞ NỘI VỤ",
        notation="SNV-CCVC",
        type_name="",
        subject="rà soát đội ngũ cán bộ, công chức cấp xã năm {year}",
        addressees=("Ủy ban nhân dân {commune}",),
        body=(
            "Thực hiện Công văn số {ref}/UBND-NC ngày {earlier} của Ủy ban nhân dân tỉnh về việc rà soát, sắp xếp "
            "đội ngũ cán bộ, công chức cấp xã, Sở Nội vụ đề nghị Ủy ban nhân dân {commune} triển khai một số nội "
            "dung sau đây:",
            "1. Rà soát toàn bộ {a} vị trí việc làm hiện có; đối chiếu với tiêu chuẩn, trình độ chuyên môn, kỹ năng "
            "số của từng người; nêu rõ những trường hợp cần được bồi dưỡng, luân chuyển hoặc bố trí lại cho phù hợp.",
            "2. Lập danh sách công chức đang trực tiếp tiếp nhận hồ sơ tại Trung tâm Phục vụ hành chính công, kèm "
            "theo lịch trực và số điện thoại liên hệ để người dân dễ dàng tra cứu.",
            "3. Gửi báo cáo về Sở Nội vụ trước ngày {due} qua Hệ thống quản lý văn bản và điều hành. Quá thời hạn "
            "nêu trên, đơn vị nào chưa gửi thì Thủ trưởng đơn vị đó chịu trách nhiệm trước Chủ tịch Ủy ban nhân dân "
            "tỉnh.",
            "Trong quá trình thực hiện, nếu có vướng mắc, đề nghị quý đơn vị trao đổi với bà {name}, Phòng Công "
            "chức, viên chức để được hướng dẫn, tháo gỡ kịp thời./.",
        ),
        recipients=("- Như trên;", "- Giám đốc Sở (b/c);", "- Lưu: VT, CCVC."),
        authority="KT. GIÁM ĐỐC",
        position="PHÓ GIÁM ĐỐC",
    ),
    Subject(
        issuer="SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG",
        notation="TB-SNNMT",
        type_name="Thông báo",
        subject="Về việc phòng, chống rét đậm, rét hại cho cây trồng, vật nuôi tại {commune}",
        body=(
            "Theo bản tin dự báo của Đài Khí tượng thủy văn tỉnh, từ nay đến hết ngày {due}, không khí lạnh tăng "
            "cường gây rét đậm, vùng núi cao có nơi dưới 7 độ C, khả năng xảy ra sương muối và băng giá. Sở Nông "
            "nghiệp và Môi trường thông báo như sau:",
            "1. Người chăn nuôi che chắn chuồng trại, dự trữ rơm rạ, cỏ khô và thức ăn tinh; không thả rông trâu, "
            "bò khi nhiệt độ ngoài trời xuống dưới 12 độ C. Toàn xã hiện có {b} con trâu, bò và {a} hộ nuôi lợn nái "
            "cần được theo dõi hằng ngày.",
            "2. Đối với mạ mới gieo, giữ mực nước từ 2 đến 3 cm, phủ ni lông trắng vào ban đêm, bón thêm tro bếp "
            "hoai mục; tuyệt đối không gieo thêm khi chưa có hướng dẫn của cán bộ khuyến nông.",
            "3. Trưởng thôn {village} và các thôn còn lại tổ chức tuyên truyền trên loa truyền thanh mỗi ngày hai "
            "buổi; kịp thời báo cáo thiệt hại, nhất là những hộ có nguy cơ tái nghèo.",
            "Trên đây là thông báo của Sở Nông nghiệp và Môi trường, đề nghị các cơ quan, đơn vị và nhân dân nghiêm "
            "chỉnh thực hiện./.",
        ),
        recipients=("- UBND {commune};", "- Trạm Khuyến nông;", "- Đài Truyền thanh;", "- Lưu: VT, TTBVTV."),
        authority="",
        position="GIÁM ĐỐC",
    ),
    Subject(
        issuer=_PROVINCE,
        notation="QĐ-UBND",
        type_name="Quyết định",
        subject="Về việc hỗ trợ kinh phí khắc phục hậu quả mưa lũ cho {commune}",
        body=(
            "ỦY BAN NHÂN DÂN TỈNH THƯỢNG GIANG",
            "Căn cứ Luật Tổ chức chính quyền địa phương năm 2025;",
            "Căn cứ Luật Ngân sách nhà nước và các văn bản hướng dẫn thi hành;",
            "Theo đề nghị của Giám đốc Sở Tài chính tại Tờ trình số {ref}/TTr-STC ngày {earlier}.",
            "QUYẾT ĐỊNH:",
            "Điều 1. Hỗ trợ Ủy ban nhân dân {commune} số tiền {money} đồng từ nguồn dự phòng ngân sách tỉnh năm "
            "{year} để sửa chữa {a} hộ có nhà bị tốc mái, khơi thông cống rãnh và gia cố kè suối thôn {village}.",
            "Điều 2. Ủy ban nhân dân {commune} quản lý, sử dụng kinh phí đúng mục đích, đúng đối tượng, công khai "
            "tại nhà văn hóa thôn và quyết toán theo quy định; báo cáo kết quả trước ngày {due}.",
            "Điều 3. Chánh Văn phòng Ủy ban nhân dân tỉnh, Giám đốc Sở Tài chính, Giám đốc Kho bạc Nhà nước khu vực "
            "và Chủ tịch Ủy ban nhân dân {commune} chịu trách nhiệm thi hành Quyết định này kể từ ngày ký./.",
        ),
        recipients=("- Như Điều 3;", "- CT, các PCT UBND tỉnh;", "- Lưu: VT, KTTH."),
        authority="TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH",
        position="PHÓ CHỦ TỊCH",
    ),
    Subject(
        issuer="SỞ Y TẾ",
        notation="SYT-NVY",
        type_name="",
        subject="tăng cường phòng, chống dịch kiết lỵ và sốt xuất huyết",
        addressees=("Ủy ban nhân dân {commune};", "Trạm Y tế {commune}."),
        body=(
            "Qua theo dõi, từ đầu năm {year} đến nay trên địa bàn tỉnh đã ghi nhận {b} ca mắc sốt xuất huyết và {a} "
            "ca nghi mắc kiết lỵ, trong đó thôn {village} có tỷ lệ mắc cao. Để chủ động ngăn chặn dịch bệnh lây "
            "lan, Sở Y tế đề nghị:",
            "1. Ủy ban nhân dân {commune} huy động mỗi hộ gia đình dành ít nhất 10 phút mỗi tuần diệt bọ gậy, lật "
            "úp dụng cụ chứa nước, phát quang bụi rậm quanh nhà; kiểm tra nguồn nước ăn ở những nơi vừa ngập.",
            "2. Trạm Y tế bảo đảm đủ cơ số thuốc, dịch truyền và hóa chất; phân công cán bộ trực 24/24 giờ; chuyển "
            "tuyến ngay khi người bệnh có dấu hiệu trở nặng, nhất là trẻ nhỏ và phụ nữ mang thai.",
            "3. Tỷ lệ hộ ký cam kết vệ sinh môi trường phải đạt trên {c}% trước ngày {due}.",
            "Kết quả thực hiện gửi về Sở Y tế (qua Phòng Nghiệp vụ Y) vào thứ Sáu hằng tuần để tổng hợp, báo cáo Ủy "
            "ban nhân dân tỉnh./.",
        ),
        recipients=("- Như trên;", "- UBND tỉnh (b/c);", "- Trung tâm KSBT;", "- Lưu: VT, NVY."),
        authority="TL. GIÁM ĐỐC",
        position="CHÁNH VĂN PHÒNG",
    ),
    Subject(
        issuer=_PROVINCE,
        notation="GM-UBND",
        type_name="Giấy mời",
        subject="Dự hội nghị sơ kết công tác số hóa hồ sơ, tài liệu lưu trữ",
        body=(
            "Ủy ban nhân dân tỉnh Thượng Giang trân trọng kính mời đồng chí Chủ tịch Ủy ban nhân dân {commune} dự "
            "Hội nghị sơ kết công tác số hóa hồ sơ, tài liệu lưu trữ và trả kết quả giải quyết thủ tục hành chính "
            "bằng bản điện tử.",
            "1. Thời gian: 01 buổi, bắt đầu từ 7 giờ 30 phút, ngày {due}.",
            "2. Địa điểm: Hội trường tầng 2, Trụ sở Ủy ban nhân dân tỉnh, số {a} đường Hồ Sen.",
            "3. Thành phần cùng dự: công chức văn thư - lưu trữ và {b} đại biểu của các xã, phường, đặc khu.",
            "4. Nội dung chuẩn bị: mỗi đơn vị gửi báo cáo tham luận không quá 03 trang; nêu rõ số hồ sơ đã quét, tỷ "
            "lệ văn bản được ký số và những khó khăn về đường truyền ở vùng sâu, vùng xa.",
            "Để Hội nghị đạt kết quả tốt, đề nghị đại biểu có mặt đúng giờ, đúng thành phần; nếu vắng phải báo "
            "trước với ông {name}, Phòng Hành chính - Quản trị./.",
        ),
        recipients=("- Như thành phần mời;", "- VPUB: CVP, PCVP;", "- Lưu: VT, HCQT."),
        authority="TL. CHỦ TỊCH",
        position="CHÁNH VĂN PHÒNG",
    ),
    Subject(
        issuer="SỞ VĂN HÓA, THỂ THAO VÀ DU LỊCH",
        notation="CTr-SVHTTDL",
        type_name="Chương trình",
        subject="Hoạt động hè và phòng, chống đuối nước cho trẻ em {commune} năm {year}",
        body=(
            "Sở Văn hóa, Thể thao và Du lịch sẽ phối hợp với Ủy ban nhân dân {commune} tổ chức Chương trình như sau:",
            "I. KHẲNG ĐỊNH Ý NGHĨA CỦA NGÀY HÈ BỔ ÍCH, THU HÚT TRẺ EM",
            "Phấn đấu {c}% trẻ em từ 6 đến 15 tuổi được học bơi; không để xảy ra vụ đuối nước nào trên địa bàn.",
            "II. CHUẨN BỊ SẴN SÀNG CƠ SỞ VẬT CHẤT, KHÉP KÍN VÙNG NƯỚC SÂU",
            "Cắm {a} biển cảnh báo ở ao, hồ, bến suối thôn {village}; kiểm tra phao cứu sinh, sẵn có người trực mỗi "
            "buổi.",
            "III. HƯỚNG DẪN KỸ NĂNG PHÒNG, CHỐNG BỆNH, GIỮ SỨC KHỎE TRẺ NHỎ",
            "Mở 04 lớp bơi miễn phí cho {b} em, mỗi lớp 15 buổi; ưu tiên con em hộ nghèo, hộ cận nghèo.",
            "IV. HẸN NGÀY HỘI THI TẠI TỈNH LỴ, XỬ LÝ CHẶT CHẼ TỪNG KỲ",
            "Hội thi bơi cấp tỉnh diễn ra ngày {due}; danh sách đội tuyển gửi bà {name} trước đó 05 ngày./.",
        ),
        recipients=("- UBND {commune};", "- Đoàn Thanh niên;", "- Lưu: VT, TDTT."),
        authority="KT. GIÁM ĐỐC",
        position="PHÓ GIÁM ĐỐC",
    ),
    Subject(
        issuer="",
        notation="UBND-VP",
        type_name="",
        subject="đề nghị sửa chữa tuyến đường liên thôn {village}",
        addressees=("Sở Xây dựng tỉnh Thượng Giang",),
        outgoing=True,
        body=(
            "Tuyến đường liên thôn {village} dài {km} km là trục giao thông duy nhất nối {a} hộ dân với Trung tâm "
            "{commune}. Sau đợt mưa lớn từ ngày {earlier}, nhiều đoạn mặt đường bị xói lở, rãnh thoát nước bị vùi "
            "lấp, xe cứu thương và xe chở học sinh đi lại rất khó khăn.",
            "Ủy ban nhân dân xã đã huy động {b} ngày công của nhân dân để đắp đất, vá tạm ổ gà, cắm biển cảnh báo "
            "tại những điểm nguy hiểm; tuy nhiên do ngân sách xã còn hạn hẹp nên chưa thể sửa chữa triệt để.",
            "Ủy ban nhân dân {commune} kính đề nghị Sở Xây dựng xem xét, cử cán bộ kỹ thuật khảo sát và bố trí kinh "
            "phí khoảng {money} đồng trong kế hoạch bảo trì đường bộ năm {year}, hoàn thành trước ngày {due} để bảo "
            "đảm an toàn cho nhân dân.",
            "Rất mong nhận được sự quan tâm, giúp đỡ của quý Sở./.",
        ),
        recipients=("- Như trên;", "- TT Đảng ủy, TT HĐND (b/c);", "- CT, các PCT UBND;", "- Lưu: VT, KT."),
        authority="TM. ỦY BAN NHÂN DÂN",
        position="CHỦ TỊCH",
    ),
    Subject(
        issuer="",
        notation="KH-UBND",
        type_name="Kế hoạch",
        subject="Tổ chức Ngày hội Chuyển đổi số tại thôn {village} năm {year}",
        outgoing=True,
        body=(
            "Nhằm giúp nhân dân biết sử dụng dịch vụ công trực tuyến, Ủy ban nhân dân {commune} ban hành Kế hoạch "
            "tổ chức Ngày hội Chuyển đổi số với những nội dung chủ yếu sau:",
            "1. Mục đích: phấn đấu {c}% người dân trong độ tuổi lao động có tài khoản định danh điện tử mức độ 2; "
            "mỗi hộ có ít nhất một người biết nộp hồ sơ qua mạng và tra cứu kết quả.",
            "2. Thời gian, địa điểm: một ngày, hoàn thành trước ngày {due}, tại sân Nhà văn hóa thôn {village}.",
            "3. Nội dung: hướng dẫn cài đặt ứng dụng, chụp và gửi giấy tờ; hỏi đáp về an toàn thông tin, phòng ngừa "
            "lừa đảo; hỗ trợ người cao tuổi, người khuyết tật thực hiện tại chỗ.",
            "4. Kinh phí: {money} đồng, lấy từ nguồn sự nghiệp năm {year} và đóng góp tự nguyện của doanh nghiệp.",
            "5. Phân công: Tổ công nghệ số cộng đồng chủ trì; Đoàn Thanh niên cử {a} tình nguyện viên; ông {name} "
            "tổng hợp, báo cáo./.",
        ),
        recipients=("- UBND tỉnh (b/c);", "- Các thôn, đoàn thể;", "- Lưu: VT, VHXH."),
        authority="TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH",
        position="PHÓ CHỦ TỊCH",
    ),
)
