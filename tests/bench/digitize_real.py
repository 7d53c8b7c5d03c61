"""Digitizing real files that lie beside the project in `../shared/data`: official papers with truth, and odd files.

Says when the folder is absent; nothing of it is ever copied into the project.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from tests.bench.digitize_quality import by_pen, certain, plain, value
from tests.bench.digitize_workers import digitized, in_turn

SHARED = Path(__file__).parents[3] / "shared" / "data"
_SUBJECTS = {"subject": "trich_yeu", "issuer": "co_quan", "type_name": "loai"}
_SUFFIXES = {".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".heic", ""}


def official(most: int, folder: Path) -> dict[str, Any] | None:
    """Right fields of the official papers, and what became of parts written by hand; None when they are absent."""
    place = SHARED / "vn-official"
    if not (place / "ground-truth.json").is_file():
        return None
    truths = json.loads((place / "ground-truth.json").read_text())[:most]
    facts = in_turn([place / truth["file"] for truth in truths], folder / "official")
    told: Counter[str] = Counter()
    wrong: list[str] = []
    for truth, fact in zip(truths, facts, strict=True):
        notation = truth["so_ky_hieu"].split("/", 1)[1]
        if fact["verdict"] not in ("ok", "signed-kept"):
            wrong.append(f"{truth['file']}: {fact['verdict']} {fact['code']} {fact['markings']}")
        wanted = {name: truth[key] for name, key in _SUBJECTS.items()} | {"code_notation": notation}
        for name, text in wanted.items():
            fits = plain(value(fact, name)) == plain(text)
            if name == "subject":
                fits = fuzz.ratio(plain(value(fact, name)), plain(text)) >= 95
            told[name] += fits
            if not fits:
                wrong.append(f"{truth['file']} {name}: {text!r} ← {value(fact, name)!r}")
        for name, hand, text in (("code", "so_viet_tay", "so_ky_hieu"), ("issued_date", "ngay_viet_tay", "ngay")):
            if truth[hand]:
                told["handwritten"] += 1
                told["recognised"] += by_pen(fact, name)
                told["guessed"] += bool(value(fact, name))
                told["guessed_right"] += value(fact, name) == truth[text]
            if certain(fact, name) and value(fact, name) != truth[text]:
                told["certain_but_wrong"] += 1
                wrong.append(f"{truth['file']} {name}: {truth[text]!r} ← {value(fact, name)!r} (certain)")
    names = (*wanted, "handwritten", "recognised", "guessed", "guessed_right", "certain_but_wrong")
    return {"papers": len(truths), "wrong": wrong, **{name: told[name] for name in names}}


def everything(folder: Path) -> dict[str, Any] | None:
    """A verdict for every file of the folder, with a table on standard error; None when it is absent."""
    if not SHARED.is_dir():
        return None
    files = sorted(
        path
        for path in SHARED.rglob("*")
        if path.is_file() and path.suffix.lower() in _SUFFIXES and path.parent.name != "vn-official"
    )
    before = {path: path.stat().st_size for path in files}
    # Small groups, so that a worker that dies costs the verdicts of few files.
    groups = [files[start : start + 8] for start in range(0, len(files), 8)]
    facts = [fact for group in digitized(groups, folder / "everything") for fact in group]
    verdicts: Counter[str] = Counter()
    for path, fact in zip(files, facts, strict=True):
        verdicts[fact["verdict"]] += 1
        name = str(path.relative_to(SHARED))
        line = f"{name:<70.70} {fact['verdict']:<18} {fact['code']:<22} {fact['pages']:>3} {fact['cpu']:6.1f} s"
        print(line, file=sys.stderr)
    bad = [f["file"] for f in facts if f["verdict"] == "crash" or f["code"] in ("crashed", "timeout", "bad-result")]
    kept = all(path.stat().st_size == size for path, size in before.items())
    return {
        "files": len(files),
        "verdicts": dict(verdicts),
        "bad": [str(Path(name).relative_to(SHARED)) for name in bad],
        "originals_kept": kept,
    }
