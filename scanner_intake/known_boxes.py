"""The words of stamps in a frame: what each one means, and how sure a reading must be.

Owns the closed list (Luật BVBMNN: three levels; Decree 30/2020: three urgencies; harmless stamps of offices) and the
comparing of a reading with it. A province adds harmless words by its dictionary (`dictionary`, part `boxes`).

Invariant: a reading that could be a secrecy word never becomes a harmless one: between two, secrecy wins.
"""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz

from scanner_intake.layout import key

SECRET = {"MAT": "mat", "TOI MAT": "toi-mat", "TUYET MAT": "tuyet-mat"}
URGENT = {"HOA TOC": "hoa-toc", "THUONG KHAN": "thuong-khan", "KHAN": "khan", "HOA TOC HEN GIO": "hoa-toc"}
NOTICES = (
    "GIẢI MẬT",
    "SAO Y",
    "SAO Y BẢN CHÍNH",
    "SAO LỤC",
    "TRÍCH SAO",
    "BẢN SAO",
    "BẢN CHÍNH",
    "BẢN GỐC",
    "BẢN LƯU",
    "XEM XONG TRẢ LẠI",
    "LƯU HÀNH NỘI BỘ",
    "KHÔNG PHỔ BIẾN",
    "TÀI LIỆU THU HỒI",
    "DỰ THẢO",
    "CÔNG KHAI",
    "ĐÃ SỐ HÓA",
    "ĐÃ KÝ",
    "ĐÃ DUYỆT",
    "ĐÃ THU TIỀN",
    "CHỨNG THỰC",
    "BẢN ĐIỆN TỬ",
)
_ENVELOPE = "CHINGUOICOTENMOIDUOCBOCBI"  # on the inner envelope of a state secret
_ARRIVALS = ("VAN BAN DEN", "CONG VAN DEN", "DEN")

Meaning = tuple[str, str]


def words(harmless: Iterable[str] = ()) -> dict[str, Meaning]:
    """Word (key form) to kind and value; `harmless` are the province's own notices."""
    known: dict[str, Meaning] = dict.fromkeys(_ARRIVALS, ("arrival-stamp", "den"))
    for notice in (*NOTICES, *harmless):
        known[key(notice)] = ("notice", "-".join(key(notice).lower().split())[:60])
    known |= {name: ("urgency", value) for name, value in URGENT.items()}
    return known | {name: ("secrecy", value) for name, value in SECRET.items()}


def closest(text: str, known: dict[str, Meaning]) -> tuple[str, float]:
    """The stamp word most like one line of the text, with the match 0..100; a line among much other text is not a
    stamp's word.
    """
    best = ("", 0.0)
    total = max(1, sum(ch.isalpha() for ch in text))
    for line in [*text.splitlines(), text]:
        letters = "".join(part for part in key(line).split() if len(part) > 1 or part == "Y")
        for word, (kind, _) in known.items():
            score = fuzz.ratio(letters, word.replace(" ", ""))
            if kind != "secrecy" and sum(ch.isalpha() for ch in line) < 0.5 * total:
                score = 0.0
            if kind == "secrecy" and not _capital(line):
                score = 0.0  # a table's "Mặt bằng"
            if score > best[1] or (score == best[1] and kind == "secrecy"):
                best = (word, score)
    return best


def enough(word: str, attempt: int, known: dict[str, Meaning]) -> float:
    """The score at which a reading is believed: low for secrecy (a false hold is cheap), high for what lets a paper
    pass.
    """
    kind, value = known[word]
    if kind == "secrecy":
        return 75
    if value == "giai-mat":
        return 100  # one letter less is TỐI MẬT
    if kind == "arrival-stamp" and word == "DEN":
        return 100
    return 88 if kind == "notice" else (85 if attempt == 0 else 78)


def resembles_secret(heard: Iterable[str], least: float = 60) -> bool:
    """Whether a line of any reading, in capitals as stamps are cut, is a secrecy word by `least` of 100."""
    lines = [line for text in heard for line in (*text.splitlines(), text) if _capital(line)]
    keys = [key(line).replace(" ", "") for line in lines]
    if any(len(each) >= 5 and fuzz.partial_ratio(each, _ENVELOPE) >= 80 for each in keys):
        return True
    return any(fuzz.ratio(word.replace(" ", ""), each) >= least for word in SECRET for each in keys)


def _capital(line: str) -> bool:
    letters = [ch for ch in line if ch.isalpha()]
    return 2 * sum(ch.isupper() for ch in letters) >= len(letters) > 1
