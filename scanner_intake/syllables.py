"""Whether a word can be a Vietnamese syllable: a misread letter most often makes one that cannot.

Owns the shape of the syllable (onset, rime, tone) and the two ways of placing a tone mark. It knows no words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_ONSET_LIST = "ngh ng nh gh gi kh ph th tr ch qu b c d đ g h k l m n p r s t v x"
_ONSETS = tuple(_ONSET_LIST.split())
_RIME_LIST = """
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en eng eo ep et ê
    êch êm ên ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu o oa oac oach oai oam oan oang
    oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt
    ơ ơi ơm ơn ơp ơt u ua uân uâng uât uây uc uê uêch uên uênh uêt ui um un ung uôc uôi uôm uôn uông uôt uơ up ut uy
    uya uych uyên uyêt uynh uyp uyt uyu ư ưa ưc ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu y yêm yên yêng
    yêt yêu
"""
_RIMES = frozenset(_RIME_LIST.split())
_MISPLACED = re.compile(r"(?<!q)(?:u|ư|(?<!g)i)[àáảãạ]$")  # mùa, mưa, mía: never xuã
_STOPPED = ("c", "ch", "p", "t")
_PLACED = re.compile(r"(?:o[àáảãạèéẻẽẹ]|(?<!q)u[ỳýỷỹỵ])(?![^\W\d_])", re.IGNORECASE)


@lru_cache(maxsize=8192)
def is_syllable(word: str) -> bool:
    """Whether the letters of `word` make one Vietnamese syllable, whatever their case."""
    flat = unicodedata.normalize("NFD", word.lower())
    tones = [ch for ch in flat if ch in _TONES]
    bare = unicodedata.normalize("NFC", "".join(ch for ch in flat if ch not in _TONES))
    if len(tones) > 1 or not bare.isalpha() or _MISPLACED.search(word.lower()):
        return False
    return any(bare.startswith(onset) and _fits(onset, bare[len(onset) :], tones) for onset in (*_ONSETS, ""))


def _fits(onset: str, rime: str, tones: list[str]) -> bool:
    if onset == "gi" and (rime == "" or f"i{rime}" in _RIMES):
        return True
    if rime not in _RIMES and not (onset == "qu" and f"u{rime}" in _RIMES):
        return False
    return not rime.endswith(_STOPPED) or (bool(tones) and tones[0] in "\u0301\u0323")


def modern(text: str) -> str:
    """The text with tone marks where they are set today: hoà becomes hòa, uỷ becomes ủy. NFC in, NFC out."""
    return _PLACED.sub(_moved, text)


def _moved(found: re.Match[str]) -> str:
    first, second = found[0][0], found[0][1]
    flat = unicodedata.normalize("NFD", second)
    tone = next(ch for ch in flat if ch in _TONES)
    plain = "".join(ch for ch in flat if ch != tone)
    return unicodedata.normalize("NFC", first + tone) + unicodedata.normalize("NFC", plain)
