"""Who signed: the function and the name on the first signature page.

Owns the search for the signature block (Decree 30/2020 ô 7a and 7b). A name under a seal or a pen stroke is often
unreadable; then the field is missing and a person picks it. Names after the first signature page belong to
attachments and are never taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from scanner_intake import patterns, spelling, vocabulary
from scanner_intake.dictionary import Dictionary
from scanner_intake.digitized import MOST_SURE_GUESS, Field
from scanner_intake.layout import Box, Line, PageText, Word, capitals, honest, key, split_columns, union
from scanner_intake.phrases import SURNAMES
from scanner_intake.syllables import modern

_LEAST_SURE = 0.6
_MIDDLE_NAMES = ("THI",)  # never a family name: the one before it was not read


def describe_signer(pages: Sequence[PageText], words: Dictionary | None = None) -> dict[str, Field]:
    """Fields signer_authority, signer_position and signer_name, each only when found.

    The authority is the lines TM., KT., TL., TUQ. or Q. as printed; KT. CHỦ TỊCH also belongs to the position. A name
    whose tone marks differ from a known one only is shown as known. Where the block does not make sense as it was read
    (a deputy's line is missing under KT., something unread stands before the title), its parts are guesses.
    """
    for page in pages:
        lines = _bare(split_columns([line for line in page.lines if line.words], page.width))
        block = _function_block(lines, page)
        if not block:
            continue
        titles, doubtful = _made_sense([_title(line) for line in block], _before_title(block[0]))
        fields = {}
        box, sure = union(line.box for line in block), _sure(block)
        shown = [title for title in titles if not title.startswith(("TM", "T/M"))]
        if shown:
            fields["signer_position"] = _told(" / ".join(shown), sure, page.number, box, doubtful)
        acting = [title for title in titles if _authority(title)]
        if acting:
            fields["signer_authority"] = _told(" / ".join(acting), sure, page.number, box, doubtful)
        name = _name_below(lines, block[-1], page)
        if name is not None:
            found = _name_field(name, page.number)
            fields["signer_name"] = replace(found, value=words.signer(found.value)) if words else found
        return fields
    return {}


def _told(value: str, sure: float, page: int, box: Box, doubtful: bool) -> Field:
    guess = doubtful or sure < _LEAST_SURE
    return Field(value, min(sure, MOST_SURE_GUESS) if guess else sure, page, box, guess)


def _before_title(line: Line) -> str:
    """What stands before the title in its line, as read; "" for nothing but specks."""
    title = key(_title(line)).split(" ")[0]
    for index, word in enumerate(line.words):
        if key(word.text).startswith(title) or title in key(word.text):
            before = [each.text for each in line.words[:index] if key(each.text)]
            return " ".join(before)
    return " ".join(word.text for word in line.words[:1] if key(word.text))


def _made_sense(titles: list[str], before: str) -> tuple[list[str], bool]:
    """The titles as they must have been printed, and whether that is a guess.

    Who signs KT. signs for the chief and is a deputy: a chief's title under it lost its PHÓ, and none was not read.
    """
    if before and not _authority(titles[0]):
        if re.fullmatch(r"\W*[A-Z]?[A-Z1]\W*", key(before)) and key(before).endswith(("T", "1")):
            titles = [f"KT. {titles[0]}", *titles[1:]]
        return _with_deputy(titles)[0], True
    return _with_deputy(titles)


def _with_deputy(titles: list[str]) -> tuple[list[str], bool]:
    found = re.match(r"K[./]?T\b[. ]*(.+)", titles[-1])
    if found is not None:
        return [*titles, _deputy(found[1])], True
    found = re.match(r"K[./]?T\b[. ]*(.+)", titles[-2]) if len(titles) > 1 else None
    if found is not None and key(titles[-1]) in (key(found[1]), key(found[1].split(",")[-1])):
        return [*titles[:-1], _deputy(found[1])], True
    chief = re.match(r"PHÓ (.+)", titles[-1])
    if found is not None and chief is not None and _one_read(key(chief[1]), key(found[1])):
        return [*titles[:-2], f"KT. {chief[1]}", titles[-1]], True
    return titles, False


def _one_read(lower: str, upper: str) -> bool:
    """Whether a deputy's line names a known function and the chief's line above it none, so that one was misread."""
    return lower in vocabulary.FUNCTIONS and upper not in vocabulary.FUNCTIONS and not upper.endswith(lower)


def _deputy(chief: str) -> str:
    """The usual title of a chief's deputy."""
    if key(chief) == "BO TRUONG":
        return "THỨ TRƯỞNG"
    return f"PHÓ {chief.split(',')[-1].strip()}"


def _authority(title: str) -> bool:
    """TM. KT. TL. TUQ. Q. of the state, T/M K/T T/L of the Party."""
    return bool(re.match(r"(?:T/M|K/T|T/L)\b", title)) or key(title).split(" ")[0] in vocabulary.AUTHORITIES


def name_in(zone: Sequence[Line], position: Field, page: PageText) -> Field | None:
    """The signer's name in a second reading of the place under the function."""
    if position.box is None or not zone:
        return None
    function = Line((Word("", position.box, 1.0),))
    name = _name_below(_bare(split_columns(zone, page.width)), function, page)
    return None if name is None else _name_field(name, page.number)


def whole(name: Field, page: PageText) -> Field:
    """A name of a second reading, doubted where the first one saw more letters in its row: an end was lost."""
    if name.box is None or name.guess:
        return name
    left, top, right, bottom = name.box
    near = 3 * (bottom - top)
    for line in page.lines:
        for word in line.words:
            middle, centre = (word.box[1] + word.box[3]) / 2, (word.box[0] + word.box[2]) / 2
            beside = (right < centre and word.box[0] < right + near) or left - near < word.box[2] < left
            if top < middle < bottom and beside and sum(ch.isalpha() for ch in word.text) > 1:
                return doubted(name)
    return name


def doubted(found: Field) -> Field:
    """The same as a guess, for a person to confirm."""
    return replace(found, confidence=min(found.confidence, MOST_SURE_GUESS), guess=True)


def likelier(first: Field | None, second: Field | None) -> Field | None:
    """The better of two readings of one name: the one that lost no word at its front, else the surer one. Readings that
    differ leave a guess.
    """
    if first is None or second is None:
        return first or second
    if modern(first.value) == modern(second.value):
        sure = max(first.confidence, second.confidence)
        return replace(first, confidence=sure, guess=first.guess and second.guess)
    for short, whole in ((first, second), (second, first)):
        if key(whole.value).endswith(" " + key(short.value)):
            return whole
    better = second if second.confidence > first.confidence else first
    return doubted(better)


def _name_field(name: Line, number: int) -> Field:
    read = patterns.without_rank(_stripped(name.text))
    value = spelling.family_name(read)
    sure = _sure([name])
    headless = key(value.split()[0]) in _MIDDLE_NAMES
    guess = sure < _LEAST_SURE or headless or not spelling.may_be_name(value) or (value != read and sure < 0.9)
    return Field(value, min(sure, MOST_SURE_GUESS) if guess else sure, number, name.box, guess)


def _sure(lines: Sequence[Line]) -> float:
    return honest([word.confidence for line in lines for word in line.words if key(word.text)])


def _function_block(lines: list[Line], page: PageText) -> list[Line]:
    """The consecutive function lines nearest to the page's end in its right half."""
    found = [line for line in lines if _is_function(line, page)]
    if not found:
        return []
    block = [found[-1]]
    for line in reversed(found[:-1]):
        if (
            block[0].middle - line.middle > 3 * max(line.height, 9)
            or abs(line.centre - block[0].centre) > 0.13 * page.width
        ):
            break
        block.insert(0, line)
    return block


def _bare(lines: list[Line]) -> list[Line]:
    """The lines without the specks at their ends, which would move their middle."""
    bare = []
    for line in lines:
        words = list(line.words)
        while words and not any(ch.isalnum() for ch in words[0].text):
            words.pop(0)
        while words and not any(ch.isalnum() for ch in words[-1].text):
            words.pop()
        if words:
            bare.append(Line(tuple(words)))
    return bare


def _is_function(line: Line, page: PageText) -> bool:
    top = 0.22 if page.number == 1 else 0.03  # page 1 begins with the header; a signature may begin any other
    if line.centre < 0.56 * page.width or line.middle < top * page.height or line.width > 0.5 * page.width:
        return False
    return bool(_title(line))


def _title(line: Line) -> str:
    """The line from its authority or function word on ("KT. CHỦ TỊCH", "GIÁM ĐỐC"); "" when it names none.

    Up to three marks before it (a seal's edge, a pen stroke) are left out.
    """
    words = [word.text for word in line.words]
    for start in range(min(4, len(words))):
        rest = re.sub(r"^[\W_]+|[\W_]+$", "", " ".join(words[start:]))
        name = key(rest)
        authority = _authority(rest) and " " in name
        named = patterns.starts_with_any(name, vocabulary.FUNCTIONS) or any(
            len(each) >= 10 and fuzz.ratio(name, each) >= 92 for each in vocabulary.FUNCTIONS
        )
        if capitals(rest) >= 0.8 and (authority or named):
            return spelling.official(
                _spelled(re.sub(r"^(TM|KT|TL|TUQ|Q)\s*[.,:;]*\s+", r"\1. ", patterns.respelled(rest)))
            )
    return ""


def _spelled(title: str) -> str:
    """A function that was misread by a letter or cut apart (BỘ TRU ỞN) in its usual spelling."""
    lead, _, function = title.rpartition(". ")
    letters = key(function).replace(" ", "")
    best, score = "", 90.0
    for right in vocabulary.FUNCTION_SPELLINGS:
        wanted = key(right).replace(" ", "")
        if letters == wanted:
            best, score = right if modern(function) != right else function, 101.0
        elif abs(len(letters) - len(wanted)) <= 1 and fuzz.ratio(letters, wanted) > score:
            best, score = right, fuzz.ratio(letters, wanted)
    if not best:
        return title
    return f"{lead}. {best}" if lead else best


def _stripped(text: str) -> str:
    """The text without specks, at its ends and before and after its words; a rank keeps its full stop."""
    text = re.sub(r"""(?<![^\s])[^\w\s]+|["“”‘’*~^|]+(?![^\s])""", "", text)
    return " ".join(text.split()).strip(" .,;:-_'`|")


def _is_name(text: str) -> bool:
    """A personal name; in capitals throughout only behind a family name."""
    if patterns.is_personal_name(text):
        return True
    return text.isupper() and modern(text.split()[0].title()) in SURNAMES and patterns.is_personal_name(text.title())


def _name_below(lines: list[Line], function: Line, page: PageText) -> Line | None:
    below = [
        line
        for line in lines
        if line.middle > function.box[3] + 0.8 * line.height
        and abs(line.centre - function.centre) < 0.13 * page.width
        and _is_name(patterns.without_rank(_stripped(line.text)))
        and line.confidence >= 0.3
    ]
    return below[0] if below else None
