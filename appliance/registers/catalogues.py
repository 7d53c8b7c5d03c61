"""CSV lists that an office imports: procedures with their required components, and its certificates.

Comma or semicolon, as spreadsheets of either habit write them; the first line names the columns. A list with a mistake
is refused whole, with the line.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

KINDS = ("personal", "agency", "device")
LONGEST_DAYS = 3
"""Digits of a term in working days: a code or a telephone number in the wrong column is no term."""


class ListRefused(Exception):
    """The list cannot be used; ``code`` and ``line`` (counted from 1) become a sentence, ``detail`` is what stood."""

    def __init__(self, code: str, line: int, detail: str) -> None:
        super().__init__(f"{code} {line}: {detail}")
        self.code = code
        self.line = line
        self.detail = detail


@dataclass(frozen=True)
class Component:
    """One paper that a dossier must (or may) contain."""

    name: str
    required: bool = True


@dataclass(frozen=True)
class Procedure:
    """One administrative procedure: its national code, what it is about, and in how many working days it is settled."""

    code: str
    name: str
    field: str = ""
    days: int = 0
    components: tuple[Component, ...] = ()

    def missing(self, received: Iterable[str]) -> tuple[str, ...]:
        """Required components that are not among those received (told apart without regard to capitals)."""
        there = {" ".join(name.split()).casefold() for name in received}
        return tuple(one.name for one in self.components if one.required and one.name.casefold() not in there)


@dataclass(frozen=True)
class Held:
    """One certificate of the inventory."""

    issuer: str
    serial: str
    holder: str
    kind: str
    issued: date
    expires: date
    revoked: date | None = None


def procedures(text: str) -> list[Procedure]:
    """Columns ``code,name,field,days,components``; components are parted by ``|``; one that ends with ``?`` may lack.

    Raises:
        ListRefused: list-encoding, list-columns, list-empty-cell, list-number, list-twice.
    """
    found: dict[str, Procedure] = {}
    for line, row in _rows(text, ("code", "name")):
        days = row.get("days", "") or "0"
        if not (days.isascii() and days.isdigit() and len(days) <= LONGEST_DAYS):
            raise ListRefused("list-number", line, days)
        parts = [" ".join(part.split()) for part in row.get("components", "").split("|")]
        made = tuple(Component(part.removesuffix("?").strip(), not part.endswith("?")) for part in parts if part)
        if row["code"] in found:
            raise ListRefused("list-twice", line, row["code"])
        found[row["code"]] = Procedure(row["code"], row["name"], row.get("field", ""), int(days), made)
    return list(found.values())


def certificates(text: str) -> list[Held]:
    """Columns ``holder,kind,serial,issuer,issued_on,expires_on,revoked_on``; days YYYY-MM-DD or D/M/YYYY.

    Raises:
        ListRefused: list-encoding, list-columns, list-empty-cell, list-kind, list-day, list-twice.
    """
    found: dict[tuple[str, str], Held] = {}
    for line, row in _rows(text, ("holder", "kind", "serial", "issuer", "issued_on", "expires_on")):
        if row["kind"] not in KINDS:
            raise ListRefused("list-kind", line, row["kind"])
        revoked = row.get("revoked_on", "")
        begins, ends, ended = (
            _day(text, line) for text in (row["issued_on"], row["expires_on"], revoked or "1/1/1900")
        )
        key = (row["issuer"], row["serial"].upper())
        if key in found:
            raise ListRefused("list-twice", line, row["serial"])
        found[key] = Held(*key, row["holder"], row["kind"], begins, ends, ended if revoked else None)
    return list(found.values())


def _rows(text: str, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    text = unicodedata.normalize("NFC", text.removeprefix("\ufeff"))  # as forms send names
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if absent := [name for name in needed if name not in names]:
            raise ListRefused("list-columns", 1, ", ".join(absent))
        reader.fieldnames = names
        for row in reader:
            cells = {name: " ".join((value or "").split()) for name, value in row.items() if isinstance(name, str)}
            if not any(cells.values()):
                continue
            if empty := [name for name in needed if not cells[name]]:
                raise ListRefused("list-empty-cell", reader.line_num, empty[0])
            yield reader.line_num, cells
    except csv.Error as error:
        raise ListRefused("list-encoding", reader.line_num + 1, str(error)) from None  # where the broken row begins


def _day(text: str, line: int) -> date:
    parts = text.split("/")
    try:
        return date.fromisoformat(text) if len(parts) == 1 else date(int(parts[2]), int(parts[1]), int(parts[0]))
    except (ValueError, IndexError):
        raise ListRefused("list-day", line, text) from None
