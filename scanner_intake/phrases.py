"""Set phrases of administrative Vietnamese, by which misread marks are recognised.

Owns the words only; how they are compared is `spelling`'s. Each phrase is one that offices write again and again and
that has no twin with other marks. Names of a province's own offices and people belong in its dictionary file, not here;
the names of the country's provinces and central offices are no secret of any of them.
"""

from __future__ import annotations


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split(";"))


RUNNING = _listed(
    """
    an ninh; an toàn; bài trừ; ban hành; bảo đảm; bảo hiểm; bảo trợ; bảo vệ; báo cáo; bầu cử; bền vững; bệnh viện; biên
    chế; biên bản; bồi dưỡng; bồi thường; bổ nhiệm; bổ sung; bộ phận; bưu chính; cải cách; cải tạo; cán bộ; cận nghèo;
    căn cứ; căn cước; cấp xã; cấp huyện; chất lượng; chất vấn; chi bộ; chi hội; chi
    ngân sách; chi nhánh; chi thường xuyên; chi tiết; chi trả;
    chỉ đạo; chỉ định; chỉ thị; chỉ tiêu; chính phủ; chính
    quyền; chính sách; chủ trương; chủ tịch; chuẩn hóa; chuyển đổi; chuyển đổi số; chuyên môn; chứng thực; chứng chỉ;
    chữa cháy; chữ ký; chức năng; chương trình; có hiệu lực; công an; công bố; công chức; công dân; công điện; công
    nghệ; công nghiệp; công tác; công trình; công văn; cổng thông tin; cơ quan; cơ sở; củng cố; cung cấp; cử tri; cứu
    hộ; cứu nạn; cựu chiến binh; danh mục; dân cư; dân quân; dân số; dân tộc; dân vận; dịch bệnh; dịch vụ; dịp tết; dịp
    nghỉ; doanh nghiệp; dữ liệu; dự án; dự thảo; dự toán; đại biểu; đại hội; đảng viên; đánh giá; đào tạo; đấu giá; đấu
    thầu; đầu tư; đất đai; đẩy mạnh; đề án; đề nghị; đề xuất; đi kèm; địa bàn; địa chính; địa phương; điện tử; điều
    chỉnh; điều động; định kỳ; đoàn thể; đô thị; đôn đốc; đối tượng; đối với; đội ngũ; đồng bào; đồng thời; đơn vị;
    được; giám sát; giải pháp; giải phóng mặt bằng; giải quyết; giai đoạn; giao thông; giáo dục; giảm nghèo; góp ý; hành
    chính; hạ tầng; hệ thống; hiệu quả; hóa đơn; hoàn thiện; hoạt động; hội đồng; hội nghị; hồ sơ; hỗ trợ; hộ nghèo; hộ
    tịch; hợp đồng; hợp tác xã; hướng dẫn; kế hoạch; kết luận; kết quả; khai thác; khẩn trương; khen thưởng; khiếu nại;
    khoa học; khu vực; kiến nghị; kiện toàn; kiểm kê; kiểm soát; kiểm tra; kinh doanh; kinh phí; kinh tế; kỷ luật; kỷ
    niệm; kỳ họp; kỳ thi; lãnh đạo; lĩnh vực; liên quan; liên thông; luân chuyển; lưu trữ; lực lượng; mặt trận; mầm non;
    miễn nhiệm; môi trường; mua sắm; nâng cao; nâng cấp; nâng lương; năm học; nghỉ hè; nghỉ hưu; nghỉ lễ; nghị định;
    nghị quyết; nghiệm thu; nghiệp vụ; ngân hàng; ngân sách; nguyên đán; người dân; người lao động; nhân dân; nhân sự;
    nhân lực; nhiệm kỳ; nhiệm vụ; nhà nước; nội bộ; nội dung; nội vụ; nông dân; nông nghiệp; nông thôn mới; phát triển;
    phạm vi; phản ánh; pháp luật; phân bổ; phân cấp; phân công; phân loại; phê duyệt; phòng cháy; phòng chống; phổ biến;
    phổ thông; phối hợp; phụ nữ; phương án; quân sự; quản lý; quốc gia; quốc hội; quốc khánh; quốc phòng; quy chế; quy
    định; quy hoạch; quy trình; quyết định; quyết toán; rà soát; sáng kiến; sáng tạo; sáp nhập; sắp xếp; sản xuất; sinh
    viên; học sinh; số hóa; số liệu; sơ kết; sử dụng; sửa chữa; sửa đổi; tài chính; tài nguyên; tài sản; tái định cư;
    tăng cường; tập huấn; tham gia; tham mưu; thanh niên; thanh tra; thành lập; thành phố; thành viên; thẩm định; thẩm
    quyền; thẩm tra; thể thao; thi đua; thi hành; thiên tai; thiết bị; thị trường; thông báo; thông qua; thông tin;
    thông tư; thống kê; thống nhất; thu hồi; thủ tướng; thủ tục; thực hiện; thực phẩm; thường trực; tiêu
    chí; tiếp công dân; tiếp nhận; tiếp tục; tiểu học; tình hình; tìm kiếm; tố cáo; tổ chức; tổng hợp; tổng kết; tốt
    nghiệp; tờ trình; trang thiết bị; trách nhiệm; trẻ em; triển khai; trình tự; trong dịp; trung học; trung ương; trụ
    sở; trợ cấp; trực thuộc; trực tuyến; truyền thông; truyền hình; trường học; tuyên giáo; tuyên truyền; tuyển dụng;
    tuyển sinh; tư pháp; ủy ban; vận động; văn bản; văn hóa; văn phòng; văn thư; vệ sinh; về việc; viên chức; viễn
    thông; vi phạm; việc làm; xây dựng; xác nhận; xã hội; xếp lương; xếp loại; xử lý; xử phạt; y tế; ý kiến; nơi nhận;
    như trên; như điều; đơn thư; để báo cáo; để thực hiện; để phối hợp; bộ trưởng; các sở; sở ban ngành; kỹ sư; thạc sĩ;
    tiến sĩ; gửi kèm; kèm theo; toàn tỉnh; tại chỗ; nước ngoài; chế độ
    """
)

OFFICIAL = _listed(
    """
    nhân dân tỉnh; nhân dân xã; nhân dân phường; nhân dân thành phố; ủy ban nhân dân; hội đồng nhân dân; chủ tịch ủy ban
    nhân dân; thường trực hội đồng nhân dân; văn phòng ủy ban nhân dân; ban chỉ huy quân sự; bộ chỉ huy quân sự; bộ tư
    lệnh; ban chỉ đạo; chuyển đổi số; ban quản lý; ban quản lý dự án; đầu tư xây dựng; các khu công nghiệp; khu kinh tế;
    phục vụ hành chính công; trung tâm phục vụ; trung tâm y tế; trạm y tế; bệnh viện đa khoa; viện kiểm sát nhân dân;
    tòa án nhân dân; kho bạc nhà nước; ngân hàng nhà nước; ngân hàng chính sách xã hội; bảo hiểm xã hội; mặt trận tổ
    quốc việt nam; ủy ban mặt trận tổ quốc; hội nông dân; hội liên hiệp phụ nữ; hội cựu chiến binh; liên đoàn lao động;
    đoàn thanh niên cộng sản hồ chí minh; ban chấp hành; ban thường vụ; ban thường trực; ban tổ chức; ban tuyên giáo và
    dân vận; ban tuyên giáo; ban nội chính; ban xây dựng đảng; ủy ban kiểm tra; đảng bộ tỉnh; đảng bộ thành phố; bộ giáo
    dục và đào tạo; bộ khoa học và công nghệ; bộ nông nghiệp và môi trường; bộ văn hóa, thể thao và du lịch; bộ nội vụ;
    bộ tài chính; bộ tư pháp; bộ y tế; bộ xây dựng; bộ công thương; bộ dân tộc và tôn giáo; bộ quốc phòng; bộ công an;
    bộ ngoại giao; sở giáo dục và đào tạo; sở khoa học và công nghệ; sở nông nghiệp và môi trường; sở văn hóa, thể thao
    và du lịch; sở nội vụ; sở tài chính; sở tư pháp; sở y tế; sở xây dựng; sở công thương; sở dân tộc và tôn giáo; sở
    ngoại vụ; sở lao động; sở tài nguyên; giáo dục và đào tạo; khoa học và công nghệ; nông nghiệp và môi trường; tài
    nguyên và môi trường; thể thao và du lịch; văn hóa - xã hội; kinh tế, hạ tầng và đô thị; phòng kinh tế; phòng văn
    hóa; hành chính tư pháp; văn phòng chính phủ; thủ tướng chính phủ; văn thư và lưu trữ nhà nước; chi cục; kiểm lâm;
    hải quan; cục thuế; cục thống kê; công an tỉnh; công an thành phố; công an xã; công an phường; thanh tra tỉnh; thanh
    tra chính phủ; kiểm toán nhà nước; đài phát thanh và truyền hình; bưu điện tỉnh; công ty điện lực; tổng công ty;
    trường tiểu học; trường trung học cơ sở; trường trung học phổ thông; trường mầm non; trường mẫu giáo; trường đại
    học; trường cao đẳng; trường chính trị; đại học sư phạm; văn phòng đăng ký đất đai; phát triển quỹ đất; trung tâm;
    văn phòng; thành phố
    """
)

PROVINCES = _listed(
    """
    tuyên quang; cao bằng; lai châu; lào cai; thái nguyên; điện biên; lạng sơn; sơn la; phú thọ; bắc ninh; quảng ninh;
    hà nội; hải phòng; hưng yên; ninh bình; thanh hóa; nghệ an; hà tĩnh; quảng trị; huế; đà nẵng; quảng ngãi; gia lai;
    đắk lắk; khánh hòa; lâm đồng; đồng nai; tây ninh; hồ chí minh; đồng tháp; an giang; vĩnh long; cà mau; cần thơ; hà
    giang; yên bái; bắc kạn; hòa bình; vĩnh phúc; bắc giang; hải dương; thái bình; hà nam; nam định; quảng bình; quảng
    nam; kon tum; bình định; phú yên; đắk nông; ninh thuận; bình thuận; bình phước; bà rịa - vũng tàu; bình dương; long
    an; tiền giang; kiên giang; bến tre; trà vinh; bạc liêu; sóc trăng; hậu giang; thừa thiên huế
    """
)

SURNAMES = _listed(
    """
    Nguyễn; Trần; Lê; Phạm; Hoàng; Huỳnh; Phan; Vũ; Võ; Đặng; Bùi; Đỗ; Hồ; Ngô; Dương; Lý; Đào; Đoàn; Vương; Trịnh;
    Đinh; Lâm; Phùng; Mai; Tô; Tạ; Hà; Lương; Cao; Châu; Quách; Lưu; Thái; La; Chu; Kiều; Nông; Triệu; Hứa; Giàng; Thào;
    Sùng; Vàng; Lò; Lù; Cầm; Quàng; Tòng; Lường; Bế; Ma; Mã; Mạc; Nghiêm; Tống; Thân; Thạch; Sơn; Kim; Danh; Khổng;
    Doãn; Đàm; Đồng; Đậu; Cù; Cung; Âu; Tăng; Từ; Uông; Viên; Vi; Xa; Ông; Phí; Quan; Quản; Mẫn; Hàn; Hạ; Giáp; Diệp;
    Điêu; Đới; Lục; Lại; Mùa; Nhữ; Ninh; Phó; Thẩm; Thiều; Tiêu; Trang; Trình; Trương; Văn; Vừ; Khuất; Bạch; Bành; Ân
    """
)
