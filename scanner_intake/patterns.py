"""Words and patterns of Vietnamese administrative papers: document types, numbers, dates, agencies, functions.

Owns the closed lists of Decree 30/2020/NĐ-CP annex III and the tolerant regular expressions over OCR text. It refuses
to guess: a number or a day that is not made of digits is None, because it was most likely written by hand and a
person must read it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from scanner_intake.layout import key
from scanner_intake.vocabulary import COPIES, PARTY_TYPES, SPELLINGS, TYPES

_ABBREVIATIONS = {each for each in (*TYPES.values(), *PARTY_TYPES.values()) if each} | set(COPIES)
_KINDS = "|".join(sorted(_ABBREVIATIONS, key=len, reverse=True))
# Reading mistakes of Eth and of a lost stroke. HD stays: it is Hướng dẫn, while HĐ is Hợp đồng (digitizing rules 11.2).
_PARTS = {
    "QD": "QĐ",
    "OĐ": "QĐ",
    "OD": "QĐ",
    "CD": "CĐ",
    "ND": "NĐ",
    "QyD": "QyĐ",
    "ĐĐ": "Đ",
    "HDND": "HĐND",
    "ÐA": "ĐA",
}
_AGENCY_PART = {"UBNĐ": "UBND", "UBNI": "UBND", "HDND": "HĐND", "UBMD": "UBND"}

_NUMBER_LINE = re.compile(r"^\W*S\s*[ốóòôỐÓÔo6ó0]{1,2}\s*[:;.]?\s*(.*)$")
_CODE = re.compile(r"^(?P<number>[^/]*?)\s*/\s*(?:(?P<year>20\d\d)\s*/\s*)?(?P<rest>[^\W\d_][^\W_&. -]*[\w&. -]{1,40})")
_PARTY_CODE = re.compile(r"^(?P<number>[^-/]*?)-(?P<rest>[A-ZĐ][A-ZĐa-z]{0,5}/[A-ZĐ][A-ZĐ.-]{0,14})")
_DATE = re.compile(
    r"ng.{1,2}y\s*(?P<day>.{0,9}?)\s*th.{1,3}ng\s*(?P<month>.{0,5}?)\s*n.{1,2}m\s*(?P<year>[12][0-9OoIl|]{3})",
    re.IGNORECASE,
)
_SHORT_DATE = re.compile(  # only as a whole line behind its place: bodies quote such dates
    r"^\W*[^\W\d_]\D{1,40}?[,.;]\s*ng.{1,2}y\s*(?P<day>\d{1,2})\s*[/.-]\s*(?P<month>\d{1,2})\s*[/.-]\s*"
    r"(?P<year>(?:19|20)\d\d)\W*$",
    re.IGNORECASE,
)
_DIGITS = str.maketrans({"I": "1", "l": "1", "|": "1", "!": "1", "O": "0", "o": "0"})
_LOOKS_LIKE = {
    "1": "IlJ|!/⁄{}[]()ÍÌ",
    "0": "OoØøQDÐ",
    "2": "ZzÂÃ£",
    "3": "òôÓÔ",
    "4": "AÁ",
    "5": "SsŠ§$ƒ",
    "6": "GbóÉÊỆ",
    "7": "T†‡Ÿ",
    "8": "B&ß",
    "9": "gqđĐ",
}
_MORE_WORDS, _LONGER = 2, 0.9
_SCRAWLS = {ord(sign): digit for digit, signs in _LOOKS_LIKE.items() for sign in signs}


@dataclass(frozen=True)
class Code:
    """Số and ký hiệu; `number` is None when it is not printed digits."""

    number: str | None
    notation: str

    @property
    def whole(self) -> str | None:
        """As printed, e.g. 05/QĐ-UBND or, for the Party, 496-TB/TU."""
        if self.number is None:
            return None
        return f"{self.number}{'-' if self.party else '/'}{self.notation}"

    @property
    def party(self) -> bool:
        """Whether it is a number of the Party: type/agency after a dash."""
        head = self.notation.split("/")[0]
        return "/" in self.notation and not head.isdigit() and "-" not in head


@dataclass(frozen=True)
class IssuedDate:
    """Day None: not readable (by hand). `likely_day` is what its signs look most like, never certain."""

    day: int | None
    month: int | None
    year: int
    likely_day: int | None = None

    @property
    def iso(self) -> str | None:
        """YYYY-MM-DD when the three parts are there and make a date of the calendar."""
        if self.day is None or self.month is None:
            return None
        try:
            return date(self.year, self.month, self.day).isoformat()
        except ValueError:
            return None


def number_line(text: str) -> str | None:
    """What follows "Số:" on a line that begins with it, else None."""
    found = _NUMBER_LINE.match(text.strip())
    return found[1].strip() if found else None


def parse_code(text: str, type_name: str = "") -> Code | None:
    """Number and notation of what follows "Số:"; the type found on the page repairs a misread abbreviation."""
    text = re.sub("ĐÐ|ÐĐ", "Đ", text)  # one letter seen twice; ĐĐ alone may be one (QLĐĐ)
    text = without_tones(text.replace("Ð", "Đ").replace("—", "-").replace("–", "-").replace("_", " ").strip())
    if is_party_code(text):
        return _party_code(text, type_name)
    text = re.sub(rf"^(\d{{1,5}})\s?(?=(?:{_KINDS})-[A-ZĐ])", r"\1/", text)  # a lost slash
    found = _CODE.match(text)
    if found is None:
        return None
    rest = found["rest"].strip()
    rest = re.sub(r"\s*([-/&.])\s*", r"\1", rest).split(" ")[0].strip("-./& ")
    parts = [_PARTS.get(part, part) for part in rest.split("-")]
    parts = [parts[0], *(_AGENCY_PART.get(part, part) for part in parts[1:])]
    expected = TYPES.get(type_name, "")
    joint = parts[0] in (f"{expected}LT", f"{expected}LN")  # KHLT, KHLN: several agencies issue together
    if expected and len(parts) > 1 and parts[0] not in _ABBREVIATIONS and len(parts[0]) <= 4 and not joint:
        parts[0] = expected
    agency = parts[0].removeprefix(expected)
    if expected and len(parts) == 1 and agency in ("UBND", "HĐND") and parts[0] != agency:
        parts = [expected, agency]  # a lost dash: CTUBND
    if not parts[0] or capitals_only(rest) < 0.5:
        return None
    digits = re.fullmatch(r"\d{1,5}[a-z]?", found["number"].strip().strip("."))
    notation = "-".join(parts)
    if found["year"]:
        notation = f"{found['year']}/{notation}"
    return Code(digits[0] if digits else None, notation)


def without_tones(text: str) -> str:
    """The text without tone marks; Â, Ê, Ô, Ơ, Ư and Đ are letters of notations, Ủ and Ố are misread ones."""
    flat = "".join(ch for ch in unicodedata.normalize("NFD", text) if ch not in "\u0300\u0301\u0303\u0309\u0323")
    return unicodedata.normalize("NFC", flat)


def with_initials(notation: str, issuer: str) -> str:
    """The notation with its misread agency part mended by the initials of the issuer: SVHTTDI becomes SVHTTDL under
    SỞ VĂN HÓA, THỂ THAO VÀ DU LỊCH. Only one letter may differ, none may be missing (offices leave words of their
    name out), and never in short parts.
    """
    words = [word for word in re.findall(r"\w+", issuer) if not re.fullmatch(r"[IVX]+|\d+", word)]  # KHU VỰC III: KV3
    initials = "".join(word[0] for word in words if key(word) not in ("VA", "XA", "TINH"))
    initials = without_tones(initials)
    parts = notation.split("-")
    for index, part in enumerate(parts):
        if not part.isalpha():
            continue
        if len(part) == len(initials) >= 4 and part != initials and Levenshtein.distance(key(part), key(initials)) <= 1:
            parts[index] = initials
    return "-".join(parts)


def is_party_code(text: str) -> bool:
    """Whether what follows "Số" has the Party's form: the dash stands before the slash ("496-TB/TU")."""
    return _PARTY_CODE.match(re.sub(r"\s", "", text)) is not None


def _party_code(text: str, type_name: str) -> Code | None:
    found = _PARTY_CODE.match(re.sub(r"\s", "", text))
    if found is None:
        return None
    kind, agency = found["rest"].rstrip(".-").split("/", 1)
    kind = {"QD": "QĐ", "OĐ": "QĐ", "QDi": "QĐi", "DA": "ĐA"}.get(kind, kind)
    expected = PARTY_TYPES.get(type_name) or TYPES.get(type_name, "")
    if expected and kind not in _ABBREVIATIONS:
        kind = expected
    digits = re.fullmatch(r"\d{1,5}[a-z]?", found["number"].strip("."))
    return Code(digits[0] if digits else None, f"{kind}/{agency}")


def digits_in(text: str) -> str:
    """The digits a scrawl looks most like, "" when some sign looks like none: a guess, to be confirmed by a person."""
    read = "".join(ch for ch in text if not ch.isspace() and ch not in ".,:;_-—–'`’‘\"“”")
    read = read.translate(_SCRAWLS)
    return read if re.fullmatch(r"\d{1,5}", read) else ""


def likely_day(text: str) -> int | None:
    """The day a scrawl looks most like; a 1 with a long upstroke is read as 4 or 7, or as two strokes."""
    digits = digits_in(text)
    if len(digits) == 3 and digits.startswith("11"):
        digits = digits[1:]
    if len(digits) == 2 and digits[0] in "47":
        digits = "1" + digits[1]
    return int(digits) if digits and 1 <= int(digits) <= 31 else None


def likely_month(text: str) -> int | None:
    """The month a scrawl looks most like."""
    digits = digits_in(text)
    return int(digits) if digits and 1 <= int(digits) <= 12 else None


def capitals_only(text: str) -> float:
    """Share of upper-case letters."""
    letters = [ch for ch in text if ch.isalpha()]
    return sum(ch.isupper() for ch in letters) / len(letters) if letters else 0.0


def parse_date(text: str) -> IssuedDate | None:
    """The date in "…, ngày 05 tháng 02 năm 2026" (usual OCR mistakes of I, l, O allowed) or "…, ngày 05/02/2026"."""
    found = _DATE.search(text) or _SHORT_DATE.match(text)
    if found is None:
        return None
    year = found["year"].translate(_DIGITS)
    if not year.isdigit() or not 1945 <= int(year) <= 2100:
        return None
    return IssuedDate(
        _small(found["day"], 31),
        _small(found["month"], 12),
        int(year),
        likely_day(found["day"]),
    )


def _small(text: str, most: int) -> int | None:
    digits = text.strip().strip(".").translate(_DIGITS)
    return int(digits) if re.fullmatch(r"\d{1,2}", digits) and 1 <= int(digits) <= most else None


def place_before_date(text: str) -> str:
    """ "Quảng Ngãi" of "Quảng Ngãi, ngày …"; "" when there is none."""
    found = re.match(r"^[\W_]*([^\W_][^,;\d]{1,40}?)\s*[,.;]\s*ng.{1,2}y", text)
    return found[1].strip() if found else ""


def type_of(text: str) -> tuple[str, float]:
    """The document type a heading names, with the match 0..1; ("", 0.0) below 0.8. A few words may follow it (KẾ HOẠCH
    LIÊN NGÀNH, BIÊN BẢN LÀM VIỆC).
    """
    heading = key(text)
    best = max((*TYPES, *PARTY_TYPES), key=lambda name: fuzz.ratio(heading, key(name)))
    score = fuzz.ratio(heading, key(best)) / 100
    if score >= 0.8:
        return best, score
    words = heading.split()
    longer = [
        name for name in (*TYPES, *PARTY_TYPES) if len(key(name).split()) > 1 and heading.startswith(key(name) + " ")
    ]
    best = max(longer, key=len, default="")
    if best and len(words) - len(best.split()) <= _MORE_WORDS:
        return best, _LONGER
    return "", 0.0


def starts_with_any(text_key: str, heads: list[str] | tuple[str, ...]) -> bool:
    """Whether a key begins with one of the words (whole words)."""
    return any(text_key == head or text_key.startswith(head + " ") for head in heads)


def ends_with_any(text_key: str, tails: list[str] | tuple[str, ...]) -> bool:
    """Whether a key ends with one of the words (whole words)."""
    return any(text_key == tail or text_key.endswith(" " + tail) for tail in tails)


def respelled(text: str) -> str:
    """Agency and function words whose letters are right but whose tone marks were misread, in their usual spelling.

    Both tone placements (ỦY and UỶ) stay as printed.
    """
    for right in SPELLINGS:
        words = right.split()
        pieces = text.split()
        # A word alone is only known by its place: SỞ and SỐ, TỈNH and TĨNH, QUÂN and QUẬN are all words of names.
        ends = len(pieces) - len(words) + 1 if len(words) > 1 else min(1, len(pieces))
        for start in range(ends):
            part = pieces[start : start + len(words)]
            if key(" ".join(part)) == key(right) and "".join(part).isupper() and part[0][:2] not in ("UỶ", "Uỷ"):
                signs = [re.sub(r"^.*\w", "", piece) for piece in part]
                pieces[start : start + len(words)] = [word + sign for word, sign in zip(words, signs, strict=True)]
        text = " ".join(pieces)
    return text


_RANKS = re.compile(
    r"^(?:(?:(?:đại|thượng|trung|thiếu)\s+(?:tướng|tá|úy|uý)|(?:PGS|GS|TSKH|TS|Th\.?\s?S|BS|DS|CN|KS|KTS|LS|NGND|NGƯT|TTND|TTƯT|"
    r"CKI{1,2}|CK\s?[12])(?=[.,\s]))[.,\s]*)+",
    re.IGNORECASE,
)


def without_rank(text: str) -> str:
    """A signer's name without what stands before it: a rank (Trung tá), degrees (PGS.TS., ThS., BS.CKI)."""
    text = _RANKS.sub("", text).strip()
    first, _, rest = text.partition(" ")
    return rest if re.search(r"[.:]", first) and is_personal_name(rest) else text  # a degree that was misread


def is_personal_name(text: str) -> bool:
    """Two to six capitalised words, not all upper case, no digit; an Ê Đê name may begin with H' or Y'."""
    words = re.sub(r"\b[HY]['’ʼ](?=[^\W\d_])", "", text).split()
    return (
        2 <= len(words) <= 6
        and all(re.fullmatch(r"[^\W\d_]{1,8}", word) and word[0].isupper() for word in words)
        and all(word[1:].islower() or len(word) == 1 for word in words)
        and not all(word.isupper() for word in words)
    )
