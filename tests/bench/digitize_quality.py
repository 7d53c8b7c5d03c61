"""How right digitizing is on the test set: characters, fields, handwriting, secrets, archive copies."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pikepdf import pdfa
from rapidfuzz import fuzz

from tests.bench.digitize_workers import Written

Facts = dict[str, Any]
SCORED = ("code", "issued_date", "issuer", "type_name", "subject", "signer_name", "urgency")
ALSO_SCORED = (
    "place", "parent_issuer", "signer_authority", "signer_position", "recipients", "attachments", "arrival_stamp",
)  # fmt: skip
_SUREST_GUESS = 0.3
_PAPERS_OWN = {"code": "number", "issued_date": "day"}
# Old and new places of tone marks are one spelling.
_TONES = {
    "oà": "òa",
    "oá": "óa",
    "oả": "ỏa",
    "oã": "õa",
    "oạ": "ọa",
    "uỷ": "ủy",
    "uý": "úy",
    "uỳ": "ùy",
    "uỹ": "ũy",
    "uỵ": "ụy",
}


def value(facts: Facts, name: str) -> str:
    """A field's value, "" when it was not read."""
    return facts["fields"][name]["value"] if name in facts["fields"] else ""


def certain(facts: Facts, name: str) -> bool:
    """Whether a field is filled in as known, not offered as a guess."""
    field = facts["fields"].get(name)
    return bool(field and field["value"] and not field.get("guess") and field["confidence"] > _SUREST_GUESS)


def by_pen(facts: Facts, name: str) -> bool:
    """Whether a field was recognised as handwritten: never certain, and said to be so (a version that gives no reasons
    may leave it open).
    """
    if certain(facts, name) or facts["verdict"] not in ("ok", "signed-kept"):
        return False
    return facts["absent"].get(name) == "handwritten" if facts["absent"] else True


def plain(text: str) -> str:
    """For comparing names and titles: NFC, lower case, one spelling of tones, punctuation as blanks."""
    text = unicodedata.normalize("NFC", text).lower()
    text = re.sub("|".join(_TONES), lambda found: _TONES[found[0]], text)
    return " ".join(re.sub(r"[^\w]+", " ", text.removeprefix("v/v")).split())


def right(name: str, wanted: str, found: str) -> bool:
    """Whether a field says what the paper says: a subject to 95 %, names by their letters, all else exactly."""
    if name == "subject":
        return fuzz.ratio(plain(wanted), plain(found)) >= 95
    if name in ("recipients", "attachments"):
        return fuzz.ratio(plain(wanted), plain(found)) >= 90
    if name == "arrival_stamp":
        return bool(wanted) == bool(found)  # its number and day are written by hand: whether it was found
    if name == "signer_position":
        return plain(wanted) == plain(found.split(" / ")[-1])  # KT. CHỦ TỊCH also belongs to it
    if name in ("issuer", "signer_name", "parent_issuer", "place", "signer_authority"):
        return plain(wanted) == plain(found)
    return unicodedata.normalize("NFC", found) == wanted


def field_scores(papers: Sequence[Written], facts: Sequence[Facts]) -> tuple[Counter[str], Counter[str], list[str]]:
    """Right and all of each field, over papers that may be read and parts that are printed; and what was wrong."""
    good: Counter[str] = Counter()
    total: Counter[str] = Counter()
    wrong: list[str] = []
    for written, fact in zip(papers, facts, strict=True):
        if written.paper.secret:
            continue
        for name in (*SCORED, *ALSO_SCORED):
            wanted = written.paper.fields[name]
            if wanted is None or name in written.paper.handwritten:
                continue
            if written.paper.script.draft and name in _PAPERS_OWN:
                continue
            total[name] += 1
            if right(name, wanted, value(fact, name)):
                good[name] += 1
            else:
                wrong.append(f"{written.paper.key} {name}: {wanted!r} ← {value(fact, name)!r}")
    return good, total, wrong


def certain_but_wrong(papers: Sequence[Written], facts: Sequence[Facts]) -> list[str]:
    """Printed fields that are filled in as known and say something else."""
    found = []
    for written, fact in zip(papers, facts, strict=True):
        for name in (*SCORED, *ALSO_SCORED):
            wanted = written.paper.fields[name]
            if wanted is not None and certain(fact, name) and not right(name, wanted, value(fact, name)):
                found.append(f"{written.paper.key} {name}: {wanted!r} ← {value(fact, name)!r}")
    return found


def pens(papers: Sequence[Written], facts: Sequence[Facts]) -> dict[str, Any]:
    """Handwritten parts: how many, recognised as such, guessed right, filled in as certain and wrong."""
    wrong: list[str] = []
    told = Counter({"handwritten": 0, "recognised": 0, "guessed right": 0, "certain but wrong": 0})
    for written, fact in zip(papers, facts, strict=True):
        if written.paper.secret or fact["verdict"] != "ok":
            continue
        for name in _PAPERS_OWN:
            wanted, found = written.paper.fields[name] or "", value(fact, name)
            penned = name in written.paper.handwritten or written.paper.script.draft
            if penned and certain(fact, name) and found != wanted:
                told["certain but wrong"] += 1
                wrong.append(f"{written.paper.key} {name}: {wanted!r} ← {found!r}")
            if name in written.paper.handwritten:
                told["handwritten"] += 1
                told["recognised"] += by_pen(fact, name)
                told["guessed right"] += found == wanted
    return {**told, "which": wrong}


def holds(papers: Sequence[Written], facts: Sequence[Facts]) -> dict[str, Any]:
    """The secrecy gate: papers missed and papers held without need, by name."""
    missed = [
        w.paper.key for w, f in zip(papers, facts, strict=True) if w.paper.secret and f["verdict"] != "suspected-secret"
    ]
    held = [
        w.paper.key
        for w, f in zip(papers, facts, strict=True)
        if not w.paper.secret and f["verdict"] == "suspected-secret"
    ]
    secret = sum(w.paper.secret for w in papers)
    return {"secret": secret, "open": len(papers) - secret, "missed": missed, "held": held}


def _well_formed(raw: bytes) -> bool:
    """ISO 19005-2, 6.1.2 to 6.1.4 as bytes: header and binary comment at the very start, end of file at the end."""
    start = re.match(rb"%PDF-1\.[2-7]\r?\n%[\x80-\xff]{4}", raw)
    return bool(start) and re.search(rb"startxref\r?\n\d+\r?\n%%EOF\r?\n?\Z", raw) is not None


def archive_findings(pdfs: Iterable[Path]) -> tuple[int, list[str]]:
    """How many archive copies were checked, and what is wrong with which: PDF/A-2b, bytes, `qpdf --check`."""
    count, wrong = 0, []
    for pdf in pdfs:
        count += 1
        if (verdict := pdfa.validate_written(pdf, "2b").verdict) != "pass":
            wrong.append(f"{pdf.name}: PDF/A-2b {verdict}")
        if not _well_formed(pdf.read_bytes()):
            wrong.append(f"{pdf.name}: header or end of file")
        done = subprocess.run(["qpdf", "--check", str(pdf)], capture_output=True, text=True, check=False)
        if done.returncode != 0 or "WARNING" in done.stderr:
            wrong.append(f"{pdf.name}: qpdf --check {done.returncode}")
    return count, wrong
