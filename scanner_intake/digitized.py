"""The typed outcome of digitizing one file, and the strict reader of what the child process wrote.

Owns `Digitized` and its parts, the fixed words (verdicts, field names, urgency, secrecy) and the JSON border between
the limited child and its parent. The child has parsed a hostile file, so nothing it writes is believed before it
passed `parse`.

Invariants: a suspected secret carries neither text nor PDF nor fields; every string is NFC without control characters.
"""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERDICTS = ("ok", "suspected-secret", "unreadable", "needs-password", "signed-kept")
FIELD_NAMES = (
    "code",
    "code_number",
    "code_notation",
    "issued_date",
    "place",
    "issuer",
    "parent_issuer",
    "type_name",
    "subject",
    "urgency",
    "secrecy",
    "recipients",
    "signer_authority",
    "signer_position",
    "signer_name",
    "arrival_stamp",
    "attachments",
)
ABSENT = ("not-found", "handwritten", "unclear", "covered")
MOST_SURE_GUESS = 0.3
MARKING_KINDS = ("urgency", "secrecy", "notice", "arrival-stamp", "seal", "unknown")
MEDIA_TYPES = ("", "application/pdf", "image/tiff", "image/jpeg", "image/png", "image/heif")
RESULT_BYTES = 64 << 20
_TEXT_CHARACTERS = 400_000
_VALUE_CHARACTERS = 2_000


class BadResult(Exception):
    """The child's result does not have the agreed shape."""


@dataclass(frozen=True)
class Limits:
    """What one file may cost: bytes in, pages, pixels of one image, address space of each process, CPU and wall
    seconds. `dictionary` is the path of the province's own words (`dictionary.load`), "" for none; `profile` is the
    archive copy's (`archive_profiles.PROFILES`).
    """

    source_bytes: int = 200 << 20
    pages: int = 300
    pixels: int = 150_000_000
    memory_bytes: int = 2 << 30
    cpu_seconds: int = 900
    wall_seconds: float = 1200.0
    output_bytes: int = 1 << 30
    dictionary: str = ""
    profile: str = "compact"


@dataclass(frozen=True)
class Field:
    """One described field; `box` in points from the top left of the displayed page, or None when it has no place.

    A `guess` (a number or day written by hand) is for a person to confirm: its confidence is at most
    `MOST_SURE_GUESS`, and nothing may take it for a fact.
    """

    value: str
    confidence: float
    page: int
    box: tuple[float, float, float, float] | None
    guess: bool = False


@dataclass(frozen=True)
class Marking:
    """One stamp seen on a page; `value` is the recognised word's code (e.g. "mat", "khan"), "" when it could not be
    read.
    """

    kind: str
    value: str
    page: int
    box: tuple[float, float, float, float]
    confidence: float


@dataclass(frozen=True)
class Cost:
    """What one file took: wall and CPU seconds and the peak memory (MiB) of its child, bytes in and out."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass(frozen=True)
class Digitized:
    """What became of one file. `text` has one string per page. `code` is "" unless something must be said about it.

    `absent` says of every field that is missing, or only guessed, why (a word of `ABSENT`). `hidden_pages` are the
    original's blank pages that the PDF leaves out; all other page numbers count the PDF's pages.
    """

    verdict: str
    pages: int = 0
    pdf: Path | None = None
    text: tuple[str, ...] = ()
    fields: dict[str, Field] = field(default_factory=dict)
    markings: tuple[Marking, ...] = ()
    warnings: tuple[str, ...] = ()
    media_type: str = ""
    code: str = ""
    absent: dict[str, str] = field(default_factory=dict)
    cost: Cost = Cost()
    hidden_pages: tuple[int, ...] = ()


def dump(result: Digitized) -> bytes:
    """The child's side of the border: one JSON object, the PDF reduced to whether there is one."""
    shape = {
        "verdict": result.verdict,
        "pages": result.pages,
        "has_pdf": result.pdf is not None,
        "text": list(result.text),
        "fields": {
            name: {
                "value": f.value,
                "confidence": f.confidence,
                "page": f.page,
                "box": _listed(f.box),
                "guess": f.guess,
            }
            for name, f in result.fields.items()
        },
        "absent": result.absent,
        "markings": [
            {"kind": m.kind, "value": m.value, "page": m.page, "box": _listed(m.box), "confidence": m.confidence}
            for m in result.markings
        ],
        "warnings": list(result.warnings),
        "hidden_pages": list(result.hidden_pages),
        "media_type": result.media_type,
        "code": result.code,
    }
    return json.dumps(shape, ensure_ascii=True).encode()


def parse(raw: bytes, pdf: Path) -> Digitized:
    """The parent's side: checks every type, range and word. `pdf` is the one path at which a PDF may be.

    Raises: BadResult for anything that is not exactly the agreed shape.
    """
    if len(raw) > RESULT_BYTES:
        raise BadResult("too long")
    try:
        shape = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadResult("not JSON") from error
    _keys(shape, "verdict pages has_pdf text fields absent markings warnings hidden_pages media_type code")
    verdict = _one_of(shape["verdict"], VERDICTS)
    pages = _integer(shape["pages"], 0, 100_000)
    if not isinstance(shape["has_pdf"], bool):
        raise BadResult("has_pdf")
    if shape["has_pdf"] != (verdict == "ok"):
        raise BadResult("a PDF belongs to the verdict ok and to no other")
    text = tuple(_string(page, _TEXT_CHARACTERS, lines=True) for page in _list(shape["text"], 100_000))
    fields = _fields(shape["fields"], pages)
    absent = _absent(shape["absent"])
    if verdict not in ("ok", "signed-kept") and (text or fields or absent):
        raise BadResult("text without a verdict that allows it")
    return Digitized(
        verdict=verdict,
        pages=pages,
        pdf=pdf if shape["has_pdf"] else None,
        text=text,
        fields=fields,
        markings=tuple(_marking(each, pages) for each in _list(shape["markings"], 10_000)),
        warnings=tuple(_code(each) for each in _list(shape["warnings"], 1_000)),
        media_type=_one_of(shape["media_type"], MEDIA_TYPES),
        code=_code(shape["code"]),
        absent=absent,
        hidden_pages=tuple(_integer(each, 1, 100_000) for each in _list(shape["hidden_pages"], 100_000)),
    )


def clean(text: str, *, lines: bool = False) -> str:
    """NFC without control and surrogate characters; line ends stay when `lines`."""
    text = unicodedata.normalize("NFC", text)
    return "".join(
        ch for ch in text if (lines and ch == "\n") or unicodedata.category(ch) not in ("Cc", "Cs", "Cn", "Co")
    )


def _listed(box: tuple[float, float, float, float] | None) -> list[float] | None:
    return None if box is None else [round(each, 1) for each in box]


def _keys(shape: Any, names: str) -> None:
    if not isinstance(shape, dict) or set(shape) != set(names.split()):
        raise BadResult("keys")


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise BadResult("list")
    return value


def _string(value: Any, most: int, *, lines: bool = False) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise BadResult("string")
    if clean(value, lines=lines) != value:
        raise BadResult("characters")
    return value


def _code(value: Any) -> str:
    text = _string(value, 64)
    if not all(ch.isascii() and (ch.isalnum() or ch == "-") for ch in text):
        raise BadResult("code")
    return text


def _one_of(value: Any, words: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in words:
        raise BadResult("word")
    return value


def _integer(value: Any, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadResult("integer")
    return value


def _number(value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadResult("number")
    if not least <= value <= most:
        raise BadResult("range")
    return float(value)


def _box(value: Any) -> tuple[float, float, float, float]:
    corners = [_number(each, -20_000, 20_000) for each in _list(value, 4)]
    if len(corners) != 4:
        raise BadResult("box")
    return (corners[0], corners[1], corners[2], corners[3])


def _fields(value: Any, pages: int) -> dict[str, Field]:
    if not isinstance(value, dict) or not set(value) <= set(FIELD_NAMES):
        raise BadResult("fields")
    fields = {}
    for name, each in value.items():
        _keys(each, "value confidence page box guess")
        if not isinstance(each["guess"], bool):
            raise BadResult("guess")
        fields[name] = Field(
            value=_string(each["value"], _VALUE_CHARACTERS),
            confidence=_number(each["confidence"], 0, MOST_SURE_GUESS if each["guess"] else 1),
            page=_integer(each["page"], 1, max(1, pages)),
            box=None if each["box"] is None else _box(each["box"]),
            guess=each["guess"],
        )
    return fields


def _absent(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not set(value) <= set(FIELD_NAMES):
        raise BadResult("absent")
    return {name: _one_of(reason, ABSENT) for name, reason in value.items()}


def _marking(value: Any, pages: int) -> Marking:
    _keys(value, "kind value page box confidence")
    return Marking(
        kind=_one_of(value["kind"], MARKING_KINDS),
        value=_code(value["value"]),
        page=_integer(value["page"], 1, max(1, pages)),
        box=_box(value["box"]),
        confidence=_number(value["confidence"], 0, 1),
    )
