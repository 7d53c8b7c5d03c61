"""To whom a paper goes and what comes with it: "Nơi nhận", "Kính gửi", and the mentions of attachments.

Owns the list under "Nơi nhận:" (Decree 30/2020 ô 9b; its "Lưu: …" is part of it) and the search for attachments by
their own headings (PHỤ LỤC) and by "kèm theo". It judges neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from scanner_intake import spelling
from scanner_intake.digitized import MOST_SURE_GUESS, Field
from scanner_intake.layout import Box, Line, PageText, capitals, honest, key, split_columns, union

_MOST_LINES = 40
_HEADLESS, _LEAST_SURE, _WIDEST = 0.6, 0.45, 0.6
_MOST_LETTERS = 1900
_ITEM = re.compile(r"^\s*[-–—•+*~]{1,2}\s*")
_WITH = re.compile(r"\bk[èeéẻẽẹ]m\s+theo\b", re.IGNORECASE)
_HEADS = re.compile(r"^\W*(?:Ban hành\s+)?k[èeéẻẽẹ]m\s+theo\b", re.IGNORECASE)
_APPENDIX = re.compile(r"^PHU LUC(?: (?:SO )?(?:[IVX]{1,5}|\d{1,2}|[A-H]))?\b")


def describe_closing(pages: Sequence[PageText], type_name: Field | None) -> dict[str, Field]:
    """Fields recipients and attachments, each only when found."""
    fields = {}
    cut = [(page, split_columns([line for line in page.lines if line.words], page.width)) for page in pages]
    for page, lines in cut:
        found = _recipients(page, lines)
        if found is not None:
            fields["recipients"] = found
            break
    else:
        headless = next((each for page, lines in cut if (each := _above_filing(page, lines)) is not None), None)
        if headless is not None:
            fields["recipients"] = headless
    if "recipients" not in fields:
        addressed = _addressed(*cut[0])
        if addressed is not None:
            fields["recipients"] = addressed
    attached = _attachments(cut, type_name.value if type_name else "")
    if attached is not None:
        fields["attachments"] = attached
    return fields


def signature_zone(pages: Sequence[PageText]) -> tuple[int, Box] | None:
    """Page and place of the signature block by the list beside it: right of "Nơi nhận:" to the page's end."""
    for page in pages:
        lines = split_columns([line for line in page.lines if line.words], page.width)
        head = next((line for line in lines if _is_head(line, page)), None)
        if head is not None:
            top, bottom = max(0.0, head.box[1] - 30), min(page.height, head.box[3] + 190)
            return page.number, (0.44 * page.width, top, page.width, bottom)
    return None


def _recipients(page: PageText, lines: list[Line]) -> Field | None:
    """The items under "Nơi nhận:" in the left half, down to the first wide gap."""
    start = next((i for i, line in enumerate(lines) if _is_head(line, page)), None)
    if start is None:
        return None
    head = lines[start]
    items: list[str] = []
    taken: list[Line] = []
    last = head
    for line in lines[start + 1 : start + 1 + 3 * _MOST_LINES]:
        if line.box[0] > 0.5 * page.width or line.middle <= head.middle + 0.3 * head.height:
            continue
        if line.box[1] - last.box[3] > 2.2 * max(head.height, 8.0) or len(taken) >= _MOST_LINES:
            break
        if line.width > _WIDEST * page.width:
            break  # running text
        text = line.text.strip()
        if not any(ch.isalnum() for ch in text):
            continue
        if _ITEM.match(text) or not items or key(text).startswith("LUU "):
            items.append(_ITEM.sub("", text))
        else:
            items[-1] += " " + text
        taken.append(line)
        last = line
        if key(items[-1]).startswith("LUU ") and items[-1].rstrip().endswith("."):
            break
    return _joined(items, taken, page.number)


def _above_filing(page: PageText, lines: list[Line]) -> Field | None:
    """The list whose "Nơi nhận:" was not read, from its last item ("Lưu: …") upwards."""
    left = [line for line in lines if line.box[0] < 0.4 * page.width and any(ch.isalnum() for ch in line.text)]
    end = next((i for i in reversed(range(len(left))) if key(_ITEM.sub("", left[i].text)).startswith("LUU ")), None)
    if end is None or left[end].middle < 0.15 * page.height:
        return None
    start = end
    while start > 0 and _ITEM.match(left[start - 1].text) and left[start - 1].width < 0.45 * page.width:
        if left[start].box[1] - left[start - 1].box[3] > 2.2 * max(left[start].height, 8.0):
            break
        start -= 1
    if start == end:
        return None
    found = _joined([_ITEM.sub("", line.text) for line in left[start : end + 1]], left[start : end + 1], page.number)
    return None if found is None else replace(found, confidence=min(found.confidence, _HEADLESS))


def _is_head(line: Line, page: PageText) -> bool:
    if line.box[0] > 0.4 * page.width or len(line.key) > 14:
        return False
    if fuzz.ratio(line.key[:8], "NOI NHAN") >= 85:
        return True
    return re.fullmatch(r"\w{1,4} NHAN", line.key) is not None and ":" in line.text


def _addressed(page: PageText, lines: list[Line]) -> Field | None:
    """What follows "Kính gửi:" when a paper has no list of recipients."""
    for index, line in enumerate(lines):
        if line.middle > 0.6 * page.height or fuzz.ratio(line.key[:8], "KINH GUI") < 85:
            continue
        first = re.sub(r"^\W*\w+\s+\w+\s*[:;.]?\s*", "", line.text)
        items, taken = ([first], [line]) if any(ch.isalpha() for ch in first) else ([], [line])
        for below in lines[index + 1 : index + 13]:
            if not _ITEM.match(below.text):
                break
            items.append(_ITEM.sub("", below.text))
            taken.append(below)
        return _joined(items, taken, page.number)
    return None


def _joined(items: list[str], lines: list[Line], page: int) -> Field | None:
    kept = [each for item in items if (each := item.strip(" ;.,:_-/~"))]
    if not kept:
        return None
    sure = [word.confidence for line in lines for word in line.words]
    confidence = honest(sure)
    guess = confidence < _LEAST_SURE
    return Field(
        spelling.mended("; ".join(kept))[:_MOST_LETTERS],
        min(confidence, MOST_SURE_GUESS) if guess else confidence,
        page,
        union(line.box for line in lines),
        guess,
    )


def _attachments(cut: Sequence[tuple[PageText, list[Line]]], type_name: str) -> Field | None:
    """Headings of appendices and what is said to come with the paper, in order, each once."""
    mentions: dict[str, str] = {}
    place: tuple[int, Line] | None = None
    for page, lines in cut:
        for index, line in enumerate(lines):
            if _APPENDIX.match(line.key) and any(_HEADS.match(each.text) for each in lines[index + 1 : index + 5]):
                continue  # its title is taken as a whole
            text = _title_above(lines, index, page) or _appendix(line, page) or _mention(lines, index, page, type_name)
            if text and key(text) not in mentions:
                mentions[key(text)] = text
                place = place or (page.number, line)
    if place is None:
        return None
    return Field(spelling.mended("; ".join(mentions.values()))[:_MOST_LETTERS], 0.7, place[0], place[1].box)


def _title_above(lines: list[Line], index: int, page: PageText) -> str:
    """The capital lines over "(Kèm theo …)" at the head of a later page: an attachment's own title."""
    line = lines[index]
    if page.number == 1 or line.middle > 0.45 * page.height or not _HEADS.match(line.text):
        return ""
    title: list[str] = []
    for above in reversed(lines[max(0, index - 6) : index]):
        if capitals(above.text) < 0.7 or sum(ch.isalpha() for ch in above.text) < 4:
            break
        title.insert(0, above.text.strip(" .:;-_"))
    return " ".join(title)


def _appendix(line: Line, page: PageText) -> str:
    found = _APPENDIX.match(line.key)
    if found is None or capitals(line.text) < 0.6 or line.middle > 0.3 * page.height or len(line.key) > 40:
        return ""
    return line.text.strip(" .:;-_")


def _mention(lines: list[Line], index: int, page: PageText, type_name: str) -> str:
    """The sentence part around "kèm theo": in brackets as a whole, else from "kèm theo" to the sentence's end."""
    line = lines[index]
    if _WITH.search(line.text) is None:
        return ""
    below = [each.text for each in lines[index + 1 : index + 3] if abs(each.box[0] - line.box[0]) < 0.2 * page.width]
    text = " ".join([line.text, *below])
    start = text.rfind("(", 0, _WITH.search(text).start() + 1)  # type: ignore[union-attr]
    if start >= 0 and ")" in text[start:]:
        found = text[start + 1 : text.index(")", start)]
    else:
        begin = _WITH.search(text).start()  # type: ignore[union-attr]
        found = re.split(r"[.;:](?:\s|$)", text[begin:], maxsplit=1)[0]
    if key(found).startswith("KEM THEO " + key(type_name) + " SO") and page.number > 1 and type_name:
        return ""  # "(Kèm theo Quyết định số …)" under an appendix names the paper itself
    if page.number > 1 and _HEADS.match(line.text) and line.middle < 0.45 * page.height:
        return ""
    return found.strip(" .,;:()")[:200]
