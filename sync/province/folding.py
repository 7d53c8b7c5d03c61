"""Letters as a search compares them.

Pure: no marks, no case, đ as d - what somebody types without a Vietnamese keyboard finds the same.
"""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """The text without marks and case."""
    parted = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in parted if not unicodedata.combining(letter)).replace("đ", "d")
