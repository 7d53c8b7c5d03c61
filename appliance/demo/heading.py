"""The head of page 1: state title, issuer, number, date, title and subject, addressees, stamps (Decree 30/2020, ô
1-5, 9a, 10, 11).
"""

from __future__ import annotations

import random

from appliance.demo import stamps
from appliance.demo.scan_noise import Mark
from appliance.demo.sheet import Sheet, balanced
from appliance.demo.texts import SECRECY_WORDS, URGENCY_WORDS, Paper

_LEFT, _RIGHT = 30.0, 192.0
_ISSUER_MIDDLE, _ISSUER_ROOM = 61.0, 66.0
_BODY_MIDDLE = 111.0
_RANKS = (" TỈNH ", " XÃ ", " PHƯỜNG ", " ĐẶC KHU ")


def print_heading(sheet: Sheet, paper: Paper) -> float:
    """Print everything above the body; return the height in mm at which the body starts."""
    row = max(_state_title(sheet), _issuer(sheet, paper)) + 7.5
    sheet.text(_ISSUER_MIDDLE, row, f"Số: {paper.code}", "regular", 13, "m")
    day = f"{paper.issued_date.day:02d}"
    # Days below 10 and the months 1 and 2 carry a leading nought (Decree 30/2020, annex I, ô 4).
    month = f"{paper.issued_date.month:02d}" if paper.issued_date.month < 3 else str(paper.issued_date.month)
    written = f"{paper.place}, ngày {day} tháng {month} năm {paper.issued_date.year}"
    sheet.text(_RIGHT - 2, row, written, "italic", 14 if len(written) < 42 else 13, "r")
    if paper.type_name:
        stamps_from = row + 4
        bottom = _title(sheet, paper, row + 14)
    else:
        stamps_from = bottom = _letter_subject(sheet, paper, row + 6)
        stamps_from += 1.5
    arrival = _arrival(sheet, paper, row) if paper.arrival_stamp else 0.0
    boxes = _box_stamps(sheet, paper, stamps_from)
    if paper.addressees:
        # A letter's addressees stand under all stamps, those of a titled paper beside them.
        bottom = _addressees(sheet, paper, bottom + 8 if paper.type_name else max(bottom + 8, arrival + 7, boxes + 2))
    return max(bottom + 5, arrival + 3, boxes + 2)


def _state_title(sheet: Sheet) -> float:
    title, motto = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
    middle = _RIGHT - sheet.width(title, "bold", 13) / 2
    sheet.text(middle, 25, title, "bold", 13, "m")
    sheet.text(middle, 30.8, motto, "bold", 14, "m")
    half = sheet.width(motto, "bold", 14) / 2
    sheet.rule(middle - half, middle + half, 33.0, 0.3)
    return 33.0


def _issuer(sheet: Sheet, paper: Paper) -> float:
    lines = [(line, "regular") for line in ([paper.parent_issuer] if paper.parent_issuer else [])]
    name = paper.issuer
    rank = next((r for r in _RANKS if r in name), "")
    if rank:
        head, tail = name.split(rank, 1)
        lines += [(head, "bold"), (f"{rank.strip()} {tail}", "bold")]
    else:
        lines += [(line, "bold") for line in balanced(sheet, name, "bold", 13, _ISSUER_ROOM)]
    y = 25.0
    for i, (line, style) in enumerate(lines):
        y = 25.0 + i * 5.6
        sheet.text(_ISSUER_MIDDLE, y, line, style, 13, "m")
    # A line of one third to one half of the name's length stands under it.
    half = sheet.width(lines[-1][0], "bold", 13) * 0.42 / 2
    sheet.rule(_ISSUER_MIDDLE - half, _ISSUER_MIDDLE + half, y + 2.3, 0.3)
    return y + 2.3


def _title(sheet: Sheet, paper: Paper, y: float) -> float:
    sheet.text(_BODY_MIDDLE, y, paper.type_name.upper(), "bold", 14, "m")
    width = 0.0
    for line in balanced(sheet, paper.subject, "bold", 14, 112):
        y += 6.0
        sheet.text(_BODY_MIDDLE, y, line, "bold", 14, "m")
        width = sheet.width(line, "bold", 14)
    sheet.rule(_BODY_MIDDLE - width * 0.21, _BODY_MIDDLE + width * 0.21, y + 2.6, 0.3)
    return y + 2.6


def _letter_subject(sheet: Sheet, paper: Paper, y: float) -> float:
    for line in balanced(sheet, f"V/v {paper.subject}", "regular", 12, _ISSUER_ROOM - 6):
        sheet.text(_ISSUER_MIDDLE, y, line, "regular", 12, "m")
        y += 5.1
    return y - 4.0


def _addressees(sheet: Sheet, paper: Paper, y: float) -> float:
    if len(paper.addressees) == 1:
        sheet.text(_BODY_MIDDLE, y, f"Kính gửi: {paper.addressees[0]}.".replace("..", "."), "regular", 14, "m")
        return y
    left = _BODY_MIDDLE - max(sheet.width(f"- {a}", "regular", 14) for a in paper.addressees) / 2
    sheet.text(left - 2, y, "Kính gửi:", "regular", 14, "r")
    for i, addressee in enumerate(paper.addressees):
        sheet.text(left, y + i * 6.2, f"- {addressee}", "regular", 14)
    return y + (len(paper.addressees) - 1) * 6.2


def _box_stamps(sheet: Sheet, paper: Paper, y: float) -> float:
    """Secrecy above urgency, at the left under the number or the subject (ô 10a, 10b); a hand never sets them quite
    straight.
    """
    rng = random.Random(f"stamps/{paper.key}")
    for word in (SECRECY_WORDS.get(paper.secrecy, ""), URGENCY_WORDS.get(paper.urgency, "")):
        if not word:
            continue
        width = stamps.BOX_STAMPS[word][0]
        x = max(42.0 - width / 2, 10 + width / 2) + rng.uniform(-1.5, 1.5)
        mask = stamps.turned(stamps.box_stamp(word, sheet.dpi), rng.uniform(-2.2, 2.2))
        sheet.marks.append(Mark(x, y + 4.5 + rng.uniform(0, 0.6), mask, stamps.RED))
        y += 10.5
    return y


def _arrival(sheet: Sheet, paper: Paper, row: float) -> float:
    """The ĐẾN stamp on blank paper: right under the date of a letter, left under the number of a titled paper;
    written in by pen.
    """
    rng = random.Random(f"arrival/{paper.key}")
    x = 166.0 if not paper.type_name else 30.0
    y = row + 4.5 + stamps.ARRIVAL_MM[1] / 2
    tilt = rng.uniform(-1.5, 1.5)
    sheet.marks.append(Mark(x, y, stamps.turned(stamps.arrival_stamp(paper.receiver, sheet.dpi), tilt), stamps.RED))
    day = f"{paper.issued_date.day + 1 if paper.issued_date.day < 28 else 28}/{paper.issued_date.month}"
    entries = (
        (str(rng.randrange(112, 1980)), 7.5, -6.2),
        (day, 9.0, -0.5),
        (rng.choice(("VH-XH", "VP", "KT")), 4.0, 7.4),
    )
    for i, (text, dx, dy) in enumerate(entries):
        sheet.marks.append(Mark(x + dx, y + dy, stamps.handwriting(text, i, sheet.dpi), stamps.PEN_BLUE))
    return y + stamps.ARRIVAL_MM[1] / 2
