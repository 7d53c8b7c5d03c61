"""What a paper is about: the centred lines under its type, or the "V/v …" of a letter under its number.

Owns where a subject begins and ends (Decree 30/2020 ô 5a and 5b; digitizing rules 11.2). A subject beside which other
text runs, or whose mark was not read, is less sure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner_intake import spelling
from scanner_intake.digitized import Field
from scanner_intake.header import Header, is_note
from scanner_intake.layout import Line, Word, capitals, honest, key, union

_STOPS = ("CAN CU", "KINH GUI", "XET")
_SOME_STOPS = (
    "THUC HIEN",
    "THEO",
    "KINH THUA",
    "THUC HIEN THEO",
)  # a subject may begin so, a paragraph does more often
_UNMARKED, _BESIDE = 0.6, 0.7


def subject_under(header: Header, heading: Line) -> Field | None:
    """Centred lines under the type; ends where the line pitch grows by 45 %, which is where the body begins."""
    width, unit = header.page.width, header.anchor.unit
    taken: list[Line] = []
    pitch = None
    last = heading.middle
    for line in header.lines:
        if line.middle <= heading.middle + 0.4 * unit or line.height < 3 or len(line.key) < 3:
            continue
        step = line.middle - last
        if _begins_body(line, heading, header, taken):
            break
        off_centre = abs(line.centre - heading.centre) > 0.09 * width
        if off_centre or step > 3.5 * unit or (taken and capitals(line.text) > 0.7 and len(line.key) > 12):
            break
        if not taken and capitals(line.text) > 0.9 and len(line.key) > 8:
            break  # who decides, in capitals, right under the type: there is no subject
        if taken and pitch is not None and step > 1.45 * pitch:
            break
        # A skewed scan shortens a step; no line pitch is under 1.15 line heights.
        pitch = max(1.15 * unit, step if pitch is None else min(pitch, step))
        taken.append(line)
        last = line.middle
    return _subject(taken)


def _begins_body(line: Line, heading: Line, header: Header, taken: list[Line]) -> bool:
    """Whether a line is the body's first: by its words, or because it runs from an indent to the right margin."""
    if taken and line.key.startswith("THEO "):
        return False
    if any(line.key == stop or line.key.startswith(stop + " ") for stop in _STOPS):
        return True
    width = header.page.width
    if any(line.key == stop or line.key.startswith(stop + " ") for stop in _SOME_STOPS):
        centred = abs(line.centre - heading.centre) < 0.035 * width and line.width < 0.64 * width
        return not centred
    left, right = _margins(header)
    return not taken and line.box[2] > right - 0.012 * width and line.box[0] > left + 0.02 * width


def _margins(header: Header) -> tuple[float, float]:
    """Where the lines of running text begin and end; the page's borders when there are too few."""
    wide = [line.box for line in header.lines if line.width > 0.6 * header.page.width]
    if len(wide) < 5:
        return 0.0, header.page.width
    left, right = sorted(box[0] for box in wide), sorted(box[2] for box in wide)
    return left[len(left) // 5], right[len(right) // 2]


def subject_letter(header: Header) -> Field | None:
    """ "V/v …" of a công văn, in the left column under the number; words are cut at the column border."""
    lines, beside = _left_lines(header)
    start = next((i for i, line in enumerate(lines) if _after_mark(line) is not None), None)
    marked = start is not None
    if start is None:
        start = _unmarked(lines, header)
    if start is None:
        return None
    first = _after_mark(lines[start]) if marked else lines[start]
    taken = [first if first is not None else lines[start]]
    for line in lines[start + 1 :]:
        if line.height < 3 or len(line.key) < 2:
            continue
        if line.box[1] - taken[-1].box[3] > 1.1 * header.anchor.unit or line.key.startswith("KINH GUI"):
            break
        if line.middle - taken[-1].middle < 0.4 * header.anchor.unit:
            continue
        if not is_note(line):
            taken.append(line)
    bottom = taken[-1].box[3]
    disturbed = any(taken[0].box[1] < line.middle < bottom for line in beside)
    return _subject(taken, 1.0 if marked else _UNMARKED, _BESIDE if disturbed else 1.0)


def _left_lines(header: Header) -> tuple[list[Line], list[Line]]:
    """The lines under the number row, cut at the column border; and those beyond it in the same rows."""
    left, beside = [], []
    for line in header.lines:
        if line.middle < header.number_row + 0.3 * header.anchor.unit or line.middle > 0.5 * header.page.height:
            continue
        border = header.anchor.border
        words = tuple(w for w in line.words if (w.box[0] + w.box[2]) / 2 < border and _legible(w))
        over = tuple(w for w in line.words if (w.box[0] + w.box[2]) / 2 >= border)
        if over:
            words = _without_numeral(words)  # "1." of a note typed beside the subject
            beside.append(Line(over))
        if words and words[0].box[0] <= border:
            left.append(Line(words))
    return left, beside


def _without_numeral(words: tuple[Word, ...]) -> tuple[Word, ...]:
    while words and (re.fullmatch(r"\d[.)]?", words[-1].text) or len(words[-1].text) == 1):
        words = words[:-1]
    return () if len(words) <= 2 and words and words[0].text[:1].isdigit() else words


def _unmarked(lines: Sequence[Line], header: Header) -> int | None:
    """The line right under the number that must be the subject although its "V/v" was not read."""
    unit, border = header.anchor.unit, header.anchor.border
    for index, line in enumerate(lines):
        if line.middle > header.number_row + 2.6 * unit:
            return None
        close = header.number is not None and abs(line.centre - header.number.centre) < 0.25 * border
        if close and len(line.words) >= 2 and capitals(line.text) < 0.5 and not line.key.startswith("KINH GUI"):
            return index
    return None


def _legible(word: Word) -> bool:
    """Specks and strokes read as letters are dropped; a real word read unsurely stays."""
    return word.confidence > 0.2 or (len(word.text) >= 4 and word.text.isalpha())


def _after_mark(line: Line) -> Line | None:
    """The line from its "V/v" on (also read Y/v, V/V, V⁄v), else None."""
    for index, word in enumerate(line.words[:4]):
        if re.match(r"[VYW]\W?[/⁄|\\][VvYyWw]?\W*$", word.text) or word.text[:3].upper() in ("V/V", "Y/V"):
            return Line(line.words[index:])
        if key(word.text) in ("VV", "V V") and len(word.text) > 2:
            return Line(line.words[index:])
    return Line(line.words) if line.key.startswith("VE VIEC") else None


def _trimmed(line: Line) -> tuple[Word, ...]:
    """The line without the specks at its ends that were read as signs."""
    words = line.words
    while words and not any(ch.isalnum() for ch in words[0].text):
        words = words[1:]
    while words and not any(ch.isalnum() or ch in ')”"' for ch in words[-1].text):
        words = words[:-1]
    return words


def _subject(lines: list[Line], *most: float) -> Field | None:
    words = [word for line in lines for word in _trimmed(line)]
    text = re.sub(
        r" (?:[-–—_'.]+(?=[a-zà-ỹđ])|[\[\]{}<>|~^*=\\](?= ))", " ", " ".join(word.text for word in words)
    ).strip(" .,;_-—")
    text = " ".join(text.split())
    text = re.sub(r"^\W*[VYW](?:\W?[/⁄|\\]\W{0,2}[VvYyWw]?|[VvYyWw])(?=[\W\s])", "V/v", text)
    text = re.sub(r"^V[/⁄|\\][vy]\s*(?=[^\W\d_])", "V/v ", text, flags=re.IGNORECASE)
    text = re.sub(r"^\W*[Vv][ềêếeéàa]\s*việc\b", "Về việc", text)
    text = spelling.mended(re.sub(r"(?<=[a-zà-ỹđ]{2})\.(?= [a-zà-ỹđ])", "", text))
    if len(key(text)) < 6:
        return None
    sure = min([honest([word.confidence for word in words if key(word.text)]), *most])
    return Field(text[:1000], round(sure, 2), 1, union(line.box for line in lines))
