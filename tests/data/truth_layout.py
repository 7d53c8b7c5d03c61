"""A paper of the test set on sheets of A4: toner with every printed line recorded, coloured marks beside it.

Owns where things stand in the five layouts (Decree 30/2020 annex I, the Party's Guide 36-HD/VPTW, joint papers,
drafts, two parties). It refuses to know about scanners. Invariant: `TruthSheet.lines` holds exactly what toner shows,
line by line; what is stamped or written by hand is never among them.
"""

from __future__ import annotations

from collections.abc import Sequence

from appliance.demo.sheet import Sheet, Word, balanced, broken, mm_of, set_line
from tests.data.truth_marks import appendix_marks, closing_marks, heading_marks
from tests.data.truth_texts import Script, Signer

LEFT, RIGHT, BOTTOM, MIDDLE = 30.0, 192.0, 274.0, 111.0
ISSUER_MIDDLE, ISSUER_ROOM = 58.0, 66.0
SIGNER_MIDDLE = 150.0
_POINTS, _LINE, _BEFORE = 14.0, 6.2, 2.1
_RANKS = (" TỈNH ", " XÃ ", " PHƯỜNG ", " ĐẶC KHU ")


class TruthSheet(Sheet):
    """A sheet that remembers what was printed on it."""

    def __init__(self, dpi: int) -> None:
        super().__init__(dpi)
        self.lines: list[str] = []

    def text(self, x: float, y: float, text: str, style: str, points: float, anchor: str = "l") -> None:
        """One printed line."""
        self.lines.append(text)
        super().text(x, y, text, style, points, anchor)

    def row(self, words: Sequence[Word], x: float, y: float, room: float, points: float, justify: bool) -> None:
        """One line of running text, remembered as a whole."""
        before = len(self.lines)
        set_line(self, words, x, y, room, points, justify)
        self.lines[before:] = [" ".join(word for word, _ in words)]


def composed(script: Script, dpi: int) -> list[TruthSheet]:
    """The sheets of a paper in order, without blank backs: its pages, then its appendix."""
    page = TruthSheet(dpi)
    y = _party_heading(page, script) if script.party else _heading(page, script)
    pages, y = _run([page], script.body, y + 6)
    tall = 12 + 6 * (len(script.signers[-1].authority.split("\n")) + 1) + 34
    if y + tall > BOTTOM + 8:
        pages.append(_next(dpi, len(pages) + 1))
        pages, y = _run(
            pages, ("Văn bản này có hiệu lực kể từ ngày ký và được gửi đến các đơn vị để thực hiện./.",), 22.0
        )
    _closing(pages[-1], script, y + 6)
    if script.appendix:
        pages.append(_appendix(script, dpi))
    return pages


def _next(dpi: int, number: int) -> TruthSheet:
    page = TruthSheet(dpi)
    page.text(MIDDLE, 14, str(number), "regular", 14, "m")
    return page


# --- heads ------------------------------------------------------------------------------------------------------------


def _heading(page: TruthSheet, script: Script) -> float:
    title, motto = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
    middle = RIGHT - page.width(title, "bold", script.look.points) / 2
    page.text(middle, 25, title, "bold", script.look.points, "m")
    page.text(middle, 30.8, motto, "bold", 14, "m")
    half = page.width(motto, "bold", 14) / 2
    page.rule(middle - half, middle + half, 33.0, 0.3)
    y = _issuers(page, script)
    row = max(33.0, y) + 7.5
    number = _number(page, script, row)
    day = _day(page, script, row + script.look.date_drop, RIGHT - 2)
    if script.kind.type_name:
        bottom, stamps_from = _title(page, script, row + 14), row + 4
    else:
        look = script.look
        bottom = _subject_under_number(page, script, row + 6, look.subject_mark, look.subject_style, 12)
        stamps_from = bottom + 1.5
    reached = heading_marks(page, script, number, day, row, stamps_from)
    if script.addressees:
        bottom = _addressees(page, script, max(bottom + 8, reached if not script.kind.type_name else 0))
    return max(bottom, reached if script.kind.type_name else 0)


def _issuers(page: TruthSheet, script: Script) -> float:
    y, look = 19.4, script.look
    middle = ISSUER_MIDDLE + look.shift
    for line in look.parent_lines or ((script.parent,) if script.parent else ()):
        y += 5.6
        page.text(middle, y, line, "regular", look.points, "m")
    last = ""
    for i, name in enumerate(script.issuers):
        shown = name if i == len(script.issuers) - 1 else f"{name} -"
        for last in look.issuer_lines or _name_lines(page, shown, look.points):
            y += 5.6
            page.text(middle, y, last, "bold", look.points, "m")
    half = page.width(last, "bold", look.points) * 0.42 / 2
    page.rule(middle - half, middle + half, y + 2.3, 0.3)
    return y + 2.3


def _name_lines(page: TruthSheet, name: str, points: float) -> list[str]:
    """An office's name broken as offices do: before the rank of its place, else evenly."""
    rank = next((each for each in _RANKS if each in name), "")
    if rank and page.width(name, "bold", points) > ISSUER_ROOM - 10:
        head, tail = name.split(rank, 1)
        return [head, f"{rank.strip()} {tail}"]
    return balanced(page, name, "bold", points, ISSUER_ROOM)


def _number(page: TruthSheet, script: Script, row: float) -> tuple[float, float]:
    """Prints the number's row; returns where a pen writes the number."""
    label = "Số" if script.party else "Số:"
    dash = "-" if script.party else script.look.slash
    middle = ISSUER_MIDDLE + script.look.shift
    if not script.draft and "number" not in script.by_hand:
        shown = f"{label} {script.number}{dash}{script.notation}"
        page.text(middle, row, shown, "regular", 14 if script.party else 13, "m")
        return (0.0, 0.0)
    rest = f"{dash}{script.notation}"
    gap = 16.0 if script.draft else 6.0 + 3.6 * len(script.number)
    left = middle - (page.width(label, "regular", 13) + gap + page.width(rest, "regular", 13)) / 2
    page.text(left, row, label, "regular", 13)
    page.text(left + page.width(label, "regular", 13) + gap, row, rest, "regular", 13)
    return (left + page.width(label, "regular", 13) + gap / 2, row - 1.6)


def _day(page: TruthSheet, script: Script, row: float, right: float) -> tuple[float, float]:
    """Prints place and date; returns where a pen writes the day."""
    issued = script.issued
    month = f"{issued.month:02d}" if issued.month < 3 or script.look.month_zero else str(issued.month)
    rest = f"tháng {month} năm {issued.year}"
    open_day = script.draft or "day" in script.by_hand
    points = 14 if len(script.place) < 12 else 13
    if not open_day:
        page.text(right, row, f"{script.place}, ngày {issued.day:02d} {rest}", "italic", points, "r")
        return (0.0, 0.0)
    page.text(right, row, rest, "italic", points, "r")
    gap = right - page.width(rest, "italic", points) - 6.5
    page.text(gap - 6.5, row, f"{script.place}, ngày", "italic", points, "r")
    return (gap, row - 1.6)


def _title(page: TruthSheet, script: Script, y: float) -> float:
    page.text(MIDDLE, y, script.kind.type_name.upper(), "bold", 16 if script.party else script.look.title_points, "m")
    wide = 0.0
    for line in balanced(page, script.subject, "bold", 14, 116) if script.subject else ():
        y += 6.0
        page.text(MIDDLE, y, line, "bold", 14, "m")
        wide = page.width(line, "bold", 14)
    if script.party:
        page.text(MIDDLE, y + 4.6, "-----", "regular", 14, "m")
        return y + 5
    page.rule(MIDDLE - wide * 0.21, MIDDLE + wide * 0.21, y + 2.6, 0.3)
    return y + 2.6


def _subject_under_number(page: TruthSheet, script: Script, y: float, lead: str, style: str, points: float) -> float:
    for line in balanced(page, f"{lead}{script.subject}", style, points, ISSUER_ROOM - 4):
        page.text(ISSUER_MIDDLE + script.look.shift, y, line, style, points, "m")
        y += 5.1
    return y - 4.0


def _addressees(page: TruthSheet, script: Script, y: float) -> float:
    if len(script.addressees) == 1:
        page.text(MIDDLE, y, f"Kính gửi: {script.addressees[0].rstrip(';')}.", "regular", 14, "m")
        return y
    left = MIDDLE - max(page.width(f"- {each}", "regular", 14) for each in script.addressees) / 2 + 6
    page.text(left - 2, y, "Kính gửi:", "regular", 14, "r")
    for i, each in enumerate(script.addressees):
        page.text(left, y + i * 6.2, f"- {each}", "regular", 14)
    return y + (len(script.addressees) - 1) * 6.2


def _party_heading(page: TruthSheet, script: Script) -> float:
    """The Party's head: no state title, a star under the issuer, number with a hyphen."""
    title = "ĐẢNG CỘNG SẢN VIỆT NAM"
    middle = RIGHT - 2 - page.width(title, "bold", 15) / 2
    page.text(middle, 25, title, "bold", 15, "m")
    half = page.width(title, "bold", 15) / 2
    page.rule(middle - half, middle + half, 27.0, 0.35)
    look = script.look
    column = ISSUER_MIDDLE + look.shift
    page.text(column, 25, script.parent, "regular", 14, "m")
    y = 25.0
    for line in look.issuer_lines or _name_lines(page, script.issuers[0], 14):
        y += 5.8
        page.text(column, y, line, "bold", 14, "m")
    page.text(column, y + 5.4, look.star, "regular", 14, "m")
    row = y + 10.6
    number = _number(page, script, row)
    day = _day(page, script, row - 4.0, RIGHT - 2)
    if script.kind.type_name:
        bottom = _title(page, script, row + 14)
        return max(bottom, heading_marks(page, script, number, day, row, row + 4))
    bottom = _subject_under_number(page, script, row + 6, look.subject_mark, look.subject_style, 12)
    reached = heading_marks(page, script, number, day, row, bottom + 1.5)
    return _addressees(page, script, max(bottom + 8, reached)) if script.addressees else max(bottom, reached)


# --- body and foot ----------------------------------------------------------------------------------------------------


def _run(pages: list[TruthSheet], paragraphs: Sequence[str], y: float) -> tuple[list[TruthSheet], float]:
    """Running text over as many pages as it takes; returns them and the height reached."""
    for paragraph in paragraphs:
        if "\t" in paragraph:
            if y + 10.0 * (paragraph.count("\n") + 1) > BOTTOM:
                pages.append(_next(pages[0].dpi, len(pages) + 1))
                y = 22.0
            y = _table(pages[-1], paragraph, y + 3)
            continue
        head = paragraph == paragraph.upper()
        style = "bold" if head else "italic" if paragraph.startswith(("Căn cứ", "Theo đề", "Xét ")) else "regular"
        words = [
            (word, "bold" if i < 2 and paragraph.startswith("Điều ") else style)
            for i, word in enumerate(paragraph.split())
        ]
        lines = broken(pages[-1], words, _POINTS, RIGHT - LEFT, 10.0)
        y += _BEFORE
        for i, line in enumerate(lines):
            if y + _LINE > BOTTOM:
                pages.append(_next(pages[0].dpi, len(pages) + 1))
                y = 20.0
            shift = 10.0 if i == 0 else 0.0
            if head:
                pages[-1].text(MIDDLE, y + 4.8, paragraph, "bold", _POINTS, "m")
            else:
                last = i == len(lines) - 1
                pages[-1].row(line, LEFT + shift, y + 4.8, RIGHT - LEFT - shift, _POINTS, not last)
            y += _LINE
    return pages, y


def _table(page: TruthSheet, paragraph: str, y: float) -> float:
    edges = (LEFT, LEFT + 70, LEFT + 116, RIGHT)
    for i, row in enumerate(paragraph.split("\n")):
        for line in (y, y + 9) if i == 0 else (y + 9,):
            page.rule(edges[0], edges[-1], line)
        for x in edges:
            page.post(x, y, y + 9)
        for cell, start, end in zip(row.split("\t"), edges, edges[1:], strict=False):
            page.text((start + end) / 2, y + 6, cell, "bold" if i == 0 else "regular", 13, "m")
        y += 9
    return y + 2


def _closing(page: TruthSheet, script: Script, y: float) -> None:
    if len(script.signers) == 2:
        middles = (66.0, SIGNER_MIDDLE)
    else:
        middles = (SIGNER_MIDDLE,)
        _recipients(page, script, y)
    for signer, middle in zip(script.signers, middles, strict=True):
        position = _signer(page, signer, middle, y)
        closing_marks(page, script, signer, middle, position)
    if len(script.signers) == 2:
        _recipients(page, script, min(y + 50, BOTTOM - 12))


def _recipients(page: TruthSheet, script: Script, y: float) -> None:
    if script.party:
        page.text(LEFT + 4, y, "Nơi nhận:", "regular", 14)
        page.rule(LEFT + 4, LEFT + 4 + page.width("Nơi nhận", "regular", 14), y + 1.0, 0.25)
    else:
        page.text(LEFT, y, "Nơi nhận:", "bold-italic", 12)
    for i, recipient in enumerate(script.recipients, 1):
        page.text(LEFT, y + i * mm_of(13.4), recipient, "regular", 12 if script.party else 11)


def _signer(page: TruthSheet, signer: Signer, middle: float, y: float) -> float:
    """Authority, position and name; returns the height of the position's line."""
    lines = [line for line in (*signer.authority.split("\n"), signer.position) if line]
    for i, line in enumerate(lines):
        page.text(middle, y + i * 6, line, "bold", 14 if page.width(line, "bold", 14) < 74 else 12, "m")
    position = y + (len(lines) - 1) * 6
    page.text(middle, position + 32, f"{signer.title} {signer.name}".strip(), "bold", 14, "m")
    return position


def _appendix(script: Script, dpi: int) -> TruthSheet:
    """A list behind the paper with a signer of its own, who is not the paper's."""
    assert script.appendix is not None
    title, lines, signer = script.appendix
    page = TruthSheet(dpi)
    page.text(MIDDLE, 24, "Phụ lục", "bold", 14, "m")
    page.text(MIDDLE, 30, title, "bold", 14, "m")
    note = f"(Kèm theo văn bản số {script.code} của {script.issuers[0].title()})"
    if "number" not in script.by_hand:
        page.text(MIDDLE, 36, note, "italic", 12, "m")
    _, y = _run([page], lines, 42.0)
    position = _signer(page, signer, SIGNER_MIDDLE, y + 10)
    appendix_marks(page, script, signer, SIGNER_MIDDLE, position)
    return page


def attachments(script: Script) -> str:
    """The title of what is attached, "" for nothing."""
    return script.appendix[0] if script.appendix else ""
