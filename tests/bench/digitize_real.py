"""Digitizing the real official papers that lie beside the project in `../shared/data`, with their truth.

Says when the folder is absent; nothing of it is ever copied into the project.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from tests.bench.digitize_quality import by_pen, certain, plain, value
from tests.bench.digitize_workers import in_turn

SHARED = Path(__file__).parents[3] / "shared" / "data"
_SUBJECTS = {"subject": "trich_yeu", "issuer": "co_quan", "type_name": "loai"}
_ALSO = {
    "place": "dia_danh",
    "parent_issuer": "co_quan_chu_quan",
    "signer_position": "chuc_vu",
    "signer_name": "nguoi_ky",
    "urgency": "khan",
}
_URGENCIES = {"HỎA TỐC": "hoa-toc", "THƯỢNG KHẨN": "thuong-khan", "KHẨN": "khan"}


def _same(name: str, said: str, found: str) -> bool:
    return _URGENCIES.get(said, said) == found if name == "urgency" else plain(said) == plain(found)


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
                told["certain_but_wrong"] += certain(fact, name)
        for name, hand, text in (("code", "so_viet_tay", "so_ky_hieu"), ("issued_date", "ngay_viet_tay", "ngay")):
            if truth[hand]:
                told["handwritten"] += 1
                told["recognised"] += by_pen(fact, name)
                told["guessed"] += bool(value(fact, name))
                told["guessed_right"] += value(fact, name) == truth[text]
            if certain(fact, name) and value(fact, name) != truth[text]:
                told["certain_but_wrong"] += 1
                wrong.append(f"{truth['file']} {name}: {truth[text]!r} ← {value(fact, name)!r} (certain)")
        for name, text in _ALSO.items():
            said = truth.get(text)
            if text in truth and not _same(name, said or "", value(fact, name)):
                wrong.append(f"{truth['file']} {name}: {said!r} ← {value(fact, name)!r}")
                if certain(fact, name) and said:
                    told["certain_but_wrong"] += 1
    names = (*wanted, "handwritten", "recognised", "guessed", "guessed_right", "certain_but_wrong")
    return {"papers": len(truths), "wrong": wrong, **{name: told[name] for name in names}}
