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

from scanner_intake import patterns, vocabulary
from scanner_intake.dictionary import Dictionary
from scanner_intake.digitized import Field
from scanner_intake.layout import Line, PageText, Word, capitals, key, split_columns, union


def describe_signer(pages: Sequence[PageText], words: Dictionary | None = None) -> dict[str, Field]:
    """Fields signer_authority, signer_position and signer_name, each only when found.

    The authority is the lines TM., KT., TL., TUQ. or Q. as printed; KT. CHỦ TỊCH also belongs to the position. A name
    whose tone marks differ from a known one only is shown as known.
    """
    for page in pages:
        lines = _bare(split_columns([line for line in page.lines if line.words], page.width))
        block = _function_block(lines, page)
        if not block:
            continue
        fields = {}
        titles = [_title(line) for line in block]
        shown = [line for line, title in zip(block, titles, strict=True) if not title.startswith(("TM", "T/M"))]
        if shown:
            value = " / ".join(title for title in titles if not title.startswith(("TM", "T/M")))
            fields["signer_position"] = Field(value, _mean(shown), page.number, union(line.box for line in shown))
        acting = [(line, title) for line, title in zip(block, titles, strict=True) if _authority(title)]
        if acting:
            box = union(line.box for line, _title in acting)
            value = " / ".join(title for _line, title in acting)
            fields["signer_authority"] = Field(value, _mean([line for line, _title in acting]), page.number, box)
        name = _name_below(lines, block[-1], page)
        if name is not None:
            found = _name_field(name, page.number)
            fields["signer_name"] = replace(found, value=words.signer(found.value)) if words else found
        return fields
    return {}


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


def likelier(first: Field | None, second: Field | None) -> Field | None:
    """The better of two readings of one name: the one that lost no word at its front, else the surer one."""
    if first is None or second is None:
        return first or second
    for short, whole in ((first, second), (second, first)):
        if key(whole.value).endswith(" " + key(short.value)):
            return whole
    return second if second.confidence > first.confidence else first


def _name_field(name: Line, number: int) -> Field:
    return Field(_stripped(name.text), _mean([name]), number, name.box)


def _mean(lines: Sequence[Line]) -> float:
    words = [word for line in lines for word in line.words]
    return round(sum(word.confidence for word in words) / len(words), 2)


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
            return _spelled(re.sub(r"^(TM|KT|TL|TUQ|Q)\s*[.,:;]*\s+", r"\1. ", patterns.respelled(rest)))
    return ""


def _spelled(title: str) -> str:
    """A function that was misread by a letter or cut apart (BỘ TRU ỞN) in its usual spelling."""
    lead, _, function = title.rpartition(". ")
    letters = key(function).replace(" ", "")
    for right in vocabulary.FUNCTION_SPELLINGS:
        wanted = key(right).replace(" ", "")
        if letters != wanted and abs(len(letters) - len(wanted)) <= 1 and fuzz.ratio(letters, wanted) >= 90:
            return f"{lead}. {right}" if lead else right
    return title


def _stripped(text: str) -> str:
    return text.strip(" .,;:-_'`|")


def _name_below(lines: list[Line], function: Line, page: PageText) -> Line | None:
    below = [
        line
        for line in lines
        if line.middle > function.box[3] + 0.8 * line.height
        and abs(line.centre - function.centre) < 0.13 * page.width
        and patterns.is_personal_name(_stripped(line.text))
        and line.confidence >= 0.5
    ]
    return below[0] if below else None
