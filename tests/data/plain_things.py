"""Things on ordinary papers that resemble a stamp in a frame: tables, forms, codes, logos, framed and red headings.

Owns drawing them onto a sheet; no one is a reason to hold a paper. `add_things` puts up to three of them anywhere on a
sheet, over its print too. Words for what was added come back.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import cv2
import numpy as np

from appliance.demo import stamps
from appliance.demo.scan_noise import Mark
from appliance.demo.sheet import Sheet
from tests.data import strokes

_LABELS = ("Mẫu số 01", "ĐỀ CHÍNH THỨC", "PHIẾU LẤY Ý KIẾN", "Mã hồ sơ: 27007", "BẢN NHÁP", "Ô số 3", "Họ và tên")
_CELLS = ("Số TT", "Thôn Pò Mỏ", "1.250", "Đạt", "x", "", "Ghi chú", "12/8", "Tổng", "Nam", "Mặt bằng", "Mã số", "")


def add_things(rng: random.Random, sheet: Sheet) -> list[str]:
    """Draws; returns their names. Every third sheet stays as it is."""
    names = rng.sample(sorted(_THINGS), rng.choice((0, 0, 1, 1, 2, 3)))
    for name in names:
        _THINGS[name](rng, sheet)
    return [f"<{name}>" for name in names]


def _frame(sheet: Sheet, x: float, y: float, wide: float, high: float, thick: float = 0.25) -> None:
    for row in (y, y + high):
        sheet.rule(x, x + wide, row, thick)
    for column in (x, x + wide):
        sheet.post(column, y, y + high, thick)


def _red(
    sheet: Sheet, x: float, y: float, draw: Callable[[np.ndarray, float], None], size: tuple[float, float]
) -> None:
    """A coloured drawing `size` mm large with its upper left corner at (x, y)."""
    scale = sheet.dpi / 25.4
    mask = np.zeros((round(size[1] * scale), round(size[0] * scale)), np.uint8)
    draw(mask, scale)
    sheet.marks.append(Mark(x + size[0] / 2, y + size[1] / 2, mask, stamps.RED))


def _table(rng: random.Random, sheet: Sheet) -> None:
    """A table whose cells have a stamp's size."""
    x, y = rng.uniform(20, 40), rng.uniform(40, 220)
    wide, high = rng.choice((20.0, 30.0, 40.0)), rng.choice((7.0, 8.0, 9.0))
    columns, rows = int(min(5, (195 - x) // wide)), rng.randrange(2, 7)
    for row in range(rows + 1):
        sheet.rule(x, x + columns * wide, y + row * high)
    for column in range(columns + 1):
        sheet.post(x + column * wide, y, y + rows * high)
    for row in range(rows):
        for column in range(columns):
            style = "bold" if row == 0 else "regular"
            sheet.text(x + (column + 0.5) * wide, y + (row + 0.7) * high, rng.choice(_CELLS), style, 12, "m")


def _text_box(rng: random.Random, sheet: Sheet) -> None:
    """A label in a frame, one border or (a word processor's) two."""
    label = rng.choice(_LABELS)
    wide, high = rng.uniform(24, 48), rng.uniform(7, 11)
    x, y = rng.choice((rng.uniform(15, 60), rng.uniform(120, 155))), rng.uniform(8, 270)
    _frame(sheet, x, y, wide, high, rng.choice((0.25, 0.5)))
    if rng.random() < 0.03:
        _frame(sheet, x + 0.9, y + 0.9, wide - 1.8, high - 1.8)
    points = 13.0
    while sheet.width(label, "bold", points) > wide - 3.5:
        points -= 1
    sheet.text(x + wide / 2, y + high / 2 + 1.6, label, "bold", points, "m")


def _boxes(rng: random.Random, sheet: Sheet) -> None:
    """Small boxes to tick and a row of boxes for digits."""
    y = rng.uniform(60, 240)
    for row in range(rng.randrange(1, 4)):
        _frame(sheet, 32, y + 8 * row, 4, 4)
        sheet.text(38, y + 8 * row + 3.4, rng.choice(("Đồng ý", "Không đồng ý", "Ý kiến khác")), "regular", 13)
        if rng.random() < 0.5:
            hand = np.random.default_rng(rng.randrange(1 << 30))
            sheet.marks.append(Mark(34, y + 8 * row + 2, strokes.written("1", hand, sheet.dpi, 4.0), stamps.PEN_BLUE))
    for digit in range(rng.randrange(4, 13)):
        _frame(sheet, 32 + 6 * digit, y + 30, 6, 7)
        sheet.text(35 + 6 * digit, y + 35, str(rng.randrange(10)), "regular", 13, "m")


def _input_box(rng: random.Random, sheet: Sheet) -> None:
    """A box of a form, filled in by hand or left empty."""
    x, y, wide, high = rng.uniform(30, 140), rng.uniform(40, 260), rng.uniform(20, 45), rng.uniform(7, 10)
    sheet.text(x - 2, y + 5.5, "Số:", "regular", 13, "r")
    _frame(sheet, x, y, wide, high)
    if rng.random() < 0.7:
        hand = np.random.default_rng(rng.randrange(1 << 30))
        mask = strokes.written(str(rng.randrange(10, 99999)), hand, sheet.dpi, rng.uniform(4, 6))
        sheet.marks.append(Mark(x + wide / 2, y + high / 2, mask, rng.choice((stamps.PEN_BLUE, (40, 38, 44)))))


def _code(rng: random.Random, sheet: Sheet) -> None:
    """A QR-like code or bars."""
    x, y = rng.choice((12.0, 165.0)), rng.choice((10.0, 255.0))
    if rng.random() < 0.6:
        for row in range(25):
            for column in range(25):
                corner = row in (0, 6, 18, 24) or column in (0, 6, 18, 24)
                if rng.random() < (0.6 if corner else 0.48):
                    sheet.rule(x + column, x + column + 1, y + row + 0.5, 1.0)
        return
    place = x
    while place < x + 32:
        wide = rng.choice((0.4, 0.8, 1.2))
        sheet.post(place, y, y + 10, wide)
        place += wide + rng.choice((0.4, 0.8, 1.2))


def _logo(rng: random.Random, sheet: Sheet) -> None:
    """A coloured sign of an office with letters in it."""
    word = rng.choice(("VNPT", "SỞ Y TẾ", "BIDV", "EVN"))

    def draw(mask: np.ndarray, scale: float) -> None:
        high, wide = mask.shape
        if rng.random() < 0.5:
            cv2.rectangle(mask, (0, 0), (wide - 1, high - 1), 255, -1)
            ink = 0
        else:
            middle, axes = (wide // 2, high // 2), (wide // 2 - 2, high // 2 - 2)
            cv2.ellipse(mask, middle, axes, 0, 0, 360, 255, round(0.6 * scale))
            ink = 255
        place, size = (wide // 6, high * 2 // 3), scale * 0.12
        cv2.putText(mask, word, place, cv2.FONT_HERSHEY_DUPLEX, size, ink, round(scale * 0.4))

    _red(sheet, rng.uniform(12, 160), rng.uniform(6, 16), draw, (rng.uniform(16, 40), rng.uniform(9, 16)))


def _red_heading(rng: random.Random, sheet: Sheet) -> None:
    """A heading printed in red, in a frame now and then."""
    text = rng.choice(("THÔNG BÁO KHẨN CẤP", "GIẤY KHEN", "GIẤY MỜI HỌP", "CHÚ Ý", "LỊCH TIẾP CÔNG DÂN"))
    single = rng.random() < 0.4
    ink = Sheet(sheet.dpi)
    y = rng.uniform(100, 250)
    ink.text(105, y, text, "bold", 15, "m")
    if single:
        wide = ink.width(text, "bold", 15) + 8
        _frame(ink, 105 - wide / 2, y - 6.5, wide, 10, 0.4)
    sheet.marks.append(Mark(105, 297 / 2, ink.toner(), stamps.RED))


def _red_pen(rng: random.Random, sheet: Sheet) -> None:
    """A ring or a box drawn with a red pen around some words, or a remark."""
    x, y, kind = rng.uniform(30, 130), rng.uniform(60, 250), rng.randrange(3)
    hand = np.random.default_rng(rng.randrange(1 << 30))

    def draw(mask: np.ndarray, scale: float) -> None:
        high, wide = mask.shape
        thick = max(1, round(0.5 * scale))
        if kind == 0:
            cv2.ellipse(mask, (wide // 2, high // 2), (wide // 2 - 4, high // 2 - 4), 3, 0, 350, 255, thick)
        elif kind == 1:
            t = np.linspace(0, 1, 60)
            wave = high / 2 + np.cumsum(hand.normal(0, 0.02, 60)) * scale
            cv2.polylines(mask, [np.column_stack((t * wide, wave)).astype(np.int32)], False, 255, thick)
        else:
            corners = np.array([(4, 4), (wide - 5, 4), (wide - 5, high - 5), (4, high - 5)]) + hand.normal(0, 2, (4, 2))
            cv2.polylines(mask, [corners.astype(np.int32)], True, 255, thick)

    _red(sheet, x, y, draw, (rng.uniform(18, 45), rng.uniform(7, 12)))


def _table_in_red(rng: random.Random, sheet: Sheet) -> None:
    """The head of a table on a coloured ground, letters left white."""
    x, y, wide = 30.0, rng.uniform(60, 240), rng.uniform(26, 40)
    for column in range(3):

        def draw(mask: np.ndarray, scale: float) -> None:
            mask[:] = 230
            place, thick = (round(6 * scale), round(6 * scale)), max(1, round(0.3 * scale))
            cv2.putText(mask, "Muc", place, 0, 0.09 * scale, 0, thick)

        _red(sheet, x + column * wide, y, draw, (wide - 0.6, 9.0))


def _person_stamp(rng: random.Random, sheet: Sheet) -> None:
    """The stamp of a name or a day, without a frame, red or blue."""
    ink = Sheet(sheet.dpi)
    text = rng.choice(("Nguyễn Thị Mận", "12 -08- 2026", "CHỦ TỊCH", "KT. CHỦ TỊCH", "Đã kiểm tra", "Trần Văn Mật"))
    x, y = rng.uniform(60, 150), rng.uniform(60, 270)
    ink.text(x, y, text, "bold", 13, "m")
    sheet.marks.append(Mark(105, 297 / 2, ink.toner(), rng.choice((stamps.RED, stamps.PEN_BLUE))))


def _photo(rng: random.Random, sheet: Sheet) -> None:
    """A picture of a face's size, soft and grey."""
    hand = np.random.default_rng(rng.randrange(1 << 30))
    wide, high = round(30 * sheet.dpi / 25.4), round(rng.choice((40, 20)) * sheet.dpi / 25.4)
    soft = cv2.resize(hand.uniform(30, 230, (7, 6)).astype(np.float32), (wide, high), interpolation=cv2.INTER_CUBIC)
    tint = rng.choice(((40, 38, 44), (120, 60, 40)))
    sheet.marks.append(Mark(rng.uniform(30, 170), rng.uniform(50, 240), np.clip(soft, 0, 255).astype(np.uint8), tint))


_THINGS = {
    "table": _table,
    "text-box": _text_box,
    "tick-boxes": _boxes,
    "input-box": _input_box,
    "code": _code,
    "logo": _logo,
    "red-heading": _red_heading,
    "red-pen": _red_pen,
    "red-table": _table_in_red,
    "name-stamp": _person_stamp,
    "photo": _photo,
}
