"""Mending what was misread by its marks: set phrases, official names, family names.

Owns the comparing. A word is only replaced inside a phrase that offices write again and again (`phrases`), whose
letters it already has; names of offices may also have one letter misread in a long phrase. Digits, signs and case stay
as read, and so does the place of a tone mark (HOÀ, HÒA): an office's own spelling is no mistake. The name of a place is
no phrase, whatever its letters: PHƯỜNG AN HẢI is no "phương án", XÃ TÂN HỘI ĐÔNG no "hội đồng".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from scanner_intake import phrases
from scanner_intake.layout import key, marks
from scanner_intake.syllables import is_syllable, modern

_LONG = 12  # letters of a phrase in which one may be misread
_RANKS = {"xã", "phường", "tỉnh", "huyện", "quận", "thị trấn", "thị xã", "thành phố", "đặc khu", "tp"}
_NAME = 3  # words after its rank that may be a place's name
_WORD = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_SIGN_AFTER = re.compile(r"[,;.:)]$")

Phrase = tuple[str, ...]


@lru_cache(maxsize=1)
def _running() -> dict[Phrase, Phrase]:
    return _by_key(phrases.RUNNING)


@lru_cache(maxsize=1)
def _official() -> dict[Phrase, Phrase]:
    return _by_key([*phrases.OFFICIAL, *_places()])


def _places() -> list[str]:
    return [f"{rank} {name}" for name in phrases.PROVINCES for rank in ("tỉnh", "thành phố")]


@lru_cache(maxsize=1)
def _long() -> tuple[Phrase, ...]:
    """Phrases in which one letter may be misread; never a place, whose neighbour may be another place."""
    return tuple(each for each in _by_key(phrases.OFFICIAL) if len("".join(each)) >= _LONG)


def _by_key(texts: Iterable[str]) -> dict[Phrase, Phrase]:
    """Phrase by its words' keys; two that differ by their marks alone cancel each other."""
    found: dict[Phrase, Phrase] = {}
    twice: set[Phrase] = set()
    for text in texts:
        words = tuple(word for each in text.split() if (word := each.strip(",-")))
        name = tuple(key(word) for word in words)
        if name in found and found[name] != words:
            twice.add(name)
        found[name] = words
    return {name: words for name, words in found.items() if name not in twice and len(words) > 1}


def mended(text: str) -> str:
    """Running text with the marks of its set phrases put right."""
    return " ".join(_replaced(text.split(" "), _running(), ()))


def official(text: str) -> str:
    """An office's name in capitals with its set phrases put right; one letter of a long phrase may be misread."""
    words = [part for word in text.split(" ") for part in _apart(word)]
    words = _replaced(words, _official(), _long())
    return " ".join(_replaced(words, _running(), ()))


@lru_cache(maxsize=1)
def _joined() -> dict[str, str]:
    """Provinces of two words by their letters: CÀMAU may be cut in two ways, and only one is a province."""
    return {key(name).replace(" ", ""): name for name in phrases.PROVINCES if len(name.split()) == 2}


def _apart(word: str) -> tuple[str, ...]:
    """A word in capitals that is two syllables read without their gap (QUẢNGLÂM), as two."""
    if len(word) < 4 or not (word.isupper() and word.isalpha() and marks(word)) or is_syllable(word):
        return (word,)
    known = _joined().get(key(word))
    if known is not None:
        at = len(known.split()[0])
        return word[:at], word[at:]
    cuts = [at for at in range(2, len(word) - 1) if is_syllable(word[:at]) and is_syllable(word[at:])]
    return (word[: cuts[0]], word[cuts[0] :]) if len(cuts) == 1 else (word,)


def _replaced(words: list[str], known: dict[Phrase, Phrase], near: Sequence[Phrase]) -> list[str]:
    keys = [key(word) for word in words]
    named = _places_in(words)
    longest = max(map(len, known))
    out, place = list(words), 0
    while place < len(words):
        for length in range(min(longest, len(words) - place), 1, -1):
            read = tuple(keys[place : place + length])
            right = known.get(read) or _nearly(read, known, near)
            found = words[place : place + length]
            if right is not None and not (
                _is_place(range(place, place + length), named, right) or _other(found, right)
            ):
                out[place : place + length] = map(_as_read, words[place : place + length], right)
                place += length
                break
        else:
            place += 1
    return out


def _places_in(words: Sequence[str]) -> dict[int, int]:
    """Of each word that belongs to a place, rank included: where its rank stands."""
    bare = [_WORD.sub(r"\2", word) for word in words]
    low = [modern(word).lower() for word in bare]
    found: dict[int, int] = {}
    for start, word in enumerate(low):
        two = " ".join(low[start : start + 2])
        size = 2 if two in _RANKS else 1 if word in _RANKS else 0
        first = start + size
        if not size or first >= len(words) or not bare[first][:1].isupper() or _SIGN_AFTER.search(words[first - 1]):
            continue
        alike = bare[start][:1].isupper() == bare[first][:1].isupper()
        if low[start] == "xã" and (low[max(0, start - 1)] == "tác" or (low[first] == "hội" and alike)):
            continue  # a co-operative; society, and no commune of the name Hội
        found.update(dict.fromkeys(range(start, first), start))
        for place in range(first, min(first + _NAME, len(words))):
            if not bare[place][:1].isupper():
                break
            found[place] = start
            if _SIGN_AFTER.search(words[place]):
                break
    return found


def _is_place(phrase: range, named: dict[int, int], right: Phrase) -> bool:
    """Whether a phrase that was found is (part of) a place's name; one that says the rank itself is meant."""
    starts = {named[at] for at in phrase if at in named}
    if not starts:
        return False
    says_rank = any(rank.split()[0] in right for rank in _RANKS)
    return not (says_rank and starts <= set(phrase))


def _other(read: Sequence[str], right: Phrase) -> bool:
    """Whether two words that differ in both from a phrase are words of their own: VÂN PHONG is no "văn phòng"."""
    bare = [modern(_WORD.sub(r"\2", word)).lower() for word in read]
    return len(read) == 2 and all(a != b and is_syllable(a) for a, b in zip(bare, right, strict=True))


def _nearly(read: Phrase, known: dict[Phrase, Phrase], near: Sequence[Phrase]) -> Phrase | None:
    """The one long phrase of as many words that differs in a single letter."""
    found = [
        each
        for each in near
        if len(each) == len(read)
        and sum(a != b for a, b in zip(each, read, strict=True)) == 1
        and sum(Levenshtein.distance(a, b) for a, b in zip(each, read, strict=True)) == 1
        and all(len(b) > 1 for b in read)
    ]
    return known[found[0]] if len(found) == 1 else None


def _as_read(word: str, right: str) -> str:
    """`right` with the case and the signs of `word`; `word` itself when only its tone mark stands elsewhere."""
    found = _WORD.match(unicodedata.normalize("NFC", word))
    assert found is not None
    before, letters, after = found.groups()
    if modern(letters).lower() == right:
        return word
    shown = right.upper() if letters.isupper() else right.capitalize() if letters[:1].isupper() else right
    return f"{before}{shown}{after}"


def family_name(name: str) -> str:
    """A personal name whose first word was misread by a mark or, when it is no syllable, by one letter."""
    first, _, rest = name.partition(" ")
    if not rest or modern(first).capitalize() in phrases.SURNAMES:
        return name
    same = [each for each in phrases.SURNAMES if key(each) == key(first)]
    if not same and not is_syllable(first):
        same = [each for each in phrases.SURNAMES if len(each) > 3 and Levenshtein.distance(key(each), key(first)) == 1]
    if len(same) != 1:
        return name
    return f"{same[0].upper() if first.isupper() else same[0]} {rest}"


def may_be_name(name: str) -> bool:
    """Whether every word of a personal name is a syllable; names of some peoples are not: they are for a person."""
    return all(is_syllable(word) for word in name.split())
