"""The province's own words: agencies, notations, signers and harmless boxes, read from one TOML file.

Owns the file's format and the comparing of what was read with what is known. It ships no words of its own: without a
file every answer is "unknown", and what was read stays as it is.

The file (all parts optional; every list is of strings)::

    agencies  = ["ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI", "SỞ TƯ PHÁP"]    # as printed at the head of their papers
    notations = ["UBND-KTTH", "SGDĐT-CTrTT"]                          # the part after the number and the type
    signers   = ["Nguyễn Hoàng Giang"]                                # full names, as printed under a signature
    [boxes]
    harmless  = ["ĐÃ KIỂM TRA"]                                       # stamps in a frame that do not hold a paper

Invariants: a word is only replaced by a known one that is the same without diacritics, or (names of agencies) nearly
the same; digits are never touched; what two known words fit equally well stays as read.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz

from scanner_intake.layout import key

_MOST_BYTES = 4 << 20
_MOST_WORDS = 20_000
_NEARLY = 90.0


class BadDictionary(ValueError):
    """The file is not TOML or does not have the documented shape; the text says where."""


@dataclass(frozen=True)
class Dictionary:
    """Known words as they are to be shown."""

    agencies: tuple[str, ...] = ()
    notations: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()

    def agency(self, read: str) -> str:
        """The known agency that `read` is, in capitals, else `read` itself; HOÀ and HÒA are the same word."""
        return _nearest(read, self.agencies, _NEARLY).upper() if self.agencies else read

    def signer(self, read: str) -> str:
        """The known name with the same letters under other tone marks, else `read`: tone errors only (rules 11.4)."""
        return _nearest(read, self.signers, 100.0)

    def notation(self, read: str) -> str:
        """The notation with its agency part as known: Đ read as D, a lost dot. The type's part is not looked at."""
        known = {each.replace("Đ", "D").upper(): each for each in self.notations}
        parts = read.split("-")
        for start in range(len(parts)):
            end = known.get("-".join(parts[start:]).replace("Đ", "D").upper())
            if end is not None:
                return "-".join([*parts[:start], end])
        return read


def _nearest(read: str, words: tuple[str, ...], least: float) -> str:
    wanted = key(read)
    scored = sorted(((fuzz.ratio(wanted, key(word)), word) for word in set(words)), reverse=True)
    if not scored or scored[0][0] < least:
        return read
    if len(scored) > 1 and scored[1][0] == scored[0][0] and scored[0][1].upper() != scored[1][1].upper():
        return read
    return scored[0][1]


def load(path: Path | None) -> Dictionary:
    """The dictionary of a file, an empty one for None.

    Raises: BadDictionary for a file that is absent, too large or not of the documented shape.
    """
    if path is None:
        return Dictionary()
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise BadDictionary("too long")
        shape = tomllib.loads(raw.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadDictionary(str(error)) from error
    unknown = set(shape) - {"agencies", "notations", "signers", "boxes"}
    boxes = shape.get("boxes", {})
    if unknown or not isinstance(boxes, dict) or set(boxes) - {"harmless"}:
        raise BadDictionary(f"unknown part {sorted(unknown) or 'boxes'}")
    return Dictionary(
        _words(shape, "agencies"), _words(shape, "notations"), _words(shape, "signers"), _words(boxes, "harmless")
    )


def _words(shape: dict[str, object], name: str) -> tuple[str, ...]:
    words = shape.get(name, [])
    if not isinstance(words, list) or len(words) > _MOST_WORDS or not all(isinstance(each, str) for each in words):
        raise BadDictionary(f"{name} is not a list of strings")
    return tuple(" ".join(each.split()) for each in words if each.strip())
