"""How the stages of handling an electronic document are called (Decision 28/2018/QĐ-TTg; official samples)."""

from __future__ import annotations

from appliance.wording.catalogue import N_

STAGES: dict[str, str] = {
    "01": N_("Đã đến"),
    "02": N_("Từ chối tiếp nhận"),
    "03": N_("Đã tiếp nhận"),
    "04": N_("Phân công xử lý"),
    "05": N_("Đang xử lý"),
    "06": N_("Hoàn thành"),
    "13": N_("Lấy lại"),
    "15": N_("Đồng ý lấy lại"),
    "16": N_("Từ chối lấy lại"),
}
"""Code → words."""

STAGE_DONE: dict[str, str] = {
    "stage-02": N_("Đã từ chối và báo lý do cho tỉnh."),
    "stage-03": N_("Đã tiếp nhận, ghi vào sổ văn bản đến và báo cho tỉnh."),
    "stage-04": N_("Đã ghi phân công xử lý và báo cho tỉnh."),
    "stage-05": N_("Đã ghi đang xử lý và báo cho tỉnh."),
    "stage-06": N_("Đã ghi hoàn thành và báo cho tỉnh."),
    "stage-15": N_("Đã xóa tệp khỏi hộp và báo cho nơi gửi."),
    "stage-16": N_("Đã báo không đồng ý cho nơi gửi."),
}
"""What the page says after each."""
