"""Folding text the Vietnamese way, so that "uy ban" finds "Ủy ban" and "duong" finds "Đường"."""

from __future__ import annotations

import re
import unicodedata

_WORDS = re.compile(r"\w+")


def fold(text: str) -> str:
    """Lower-case ASCII letters of ``text``: marks dropped, đ as d (FTS5 itself does not fold đ)."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()


def words(text: str) -> list[str]:
    """The folded words of ``text``, in order."""
    return _WORDS.findall(fold(text).replace("_", " "))
