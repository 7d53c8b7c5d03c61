"""Digitizing, measured side by side in one run: every row that it must hold, beside Tesseract alone and OCRmyPDF.

Quick (`--quick` or COMMUNE_BENCH_QUICK=1) takes few papers and 40 pages for the long PDF, about two minutes on
two idle cores; otherwise about eight. COMMUNE_BENCH_PARTS names parts to run ("speed,memory,quality,varied,
official,everything"). COMMUNE_BENCH_WRONG=1 prints every wrong field and misread line to standard error.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.bench import bench_corpus as corpus
from tests.bench import digitize_cost as cost
from tests.bench import digitize_quality as quality
from tests.bench import digitize_real as real
from tests.bench import reading
from tests.bench.digitize_workers import Written, in_turn, naive_all, write_all
from tests.data import truth

NAME = "digitize"
SEED = 11
_CER_BARS = {"A": 0.4, "B": 0.4, "C": 1.0}
_LEVEL_NAMES = {"A": "clean", "B": "typical", "C": "bad"}


@dataclass(frozen=True)
class Extent:
    """How much is measured: papers a level, of them read by plain Tesseract too, papers of mixed levels, papers of
    other offices, pages.
    """

    papers: int
    naive: int
    mixed: int
    varied: int
    speed_pages: int
    long_pages: int
    official: int
    everything: bool


QUICK = Extent(papers=4, naive=2, mixed=14, varied=10, speed_pages=16, long_pages=40, official=3, everything=False)
WHOLE = Extent(papers=20, naive=10, mixed=42, varied=60, speed_pages=36, long_pages=200, official=11, everything=True)


class Report:
    """Figures and bars as they come in."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.bars: list[dict[str, Any]] = []

    def most(self, name: str, value: float, bar: float) -> None:
        """A bar that the value may not exceed."""
        self.bars.append({"name": name, "value": value, "bar": f"≤ {bar}", "holds": value <= bar})

    def least(self, name: str, value: float, bar: float) -> None:
        """A bar that the value must reach."""
        self.bars.append({"name": name, "value": value, "bar": f"≥ {bar}", "holds": value >= bar})


def run() -> dict[str, Any]:
    """All parts in turn; each works in a folder of its own that is gone afterwards."""
    extent = QUICK if os.environ.get("COMMUNE_BENCH_QUICK") else WHOLE
    asked = os.environ.get("COMMUNE_BENCH_PARTS", "")
    wanted = asked.split(",") if asked else list(PARTS)
    report = Report()
    report.figures["extent"] = "quick" if extent is QUICK else "whole"
    for name in wanted:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](report, extent, Path(folder))
        report.figures[f"seconds_of_{name}"] = round(time.monotonic() - began, 1)
        print(f"  {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return {"figures": report.figures, "bars": report.bars}


def _speed(report: Report, extent: Extent, folder: Path) -> None:
    figures = cost.speed(extent.speed_pages, folder)
    report.figures |= figures
    report.most("CPU of the pipeline ÷ OCR alone, 200 dpi", figures["times_ocr_alone_200dpi"], 1.5)
    report.most("CPU of the pipeline ÷ OCR alone, 300 dpi", figures["times_ocr_alone_300dpi"], 1.8)
    report.least("pages a minute ÷ OCRmyPDF's, 2 workers each", figures["times_ocrmypdf_pages_a_minute"], 4)


def _memory(report: Report, extent: Extent, folder: Path) -> None:
    figures = cost.memory(extent.long_pages, folder)
    report.figures |= figures
    report.most("peak MB, 300-dpi A4 in colour", figures["peak_mb_a4-300dpi"], 350)
    report.most("peak MB, 600-dpi A3 in colour", figures["peak_mb_a3-600dpi"], 500)
    report.most(f"peak MB, PDF of {extent.long_pages} pages", figures["peak_mb_long"], 400)


def _quality(report: Report, extent: Extent, folder: Path) -> None:
    papers: list[Written] = []
    facts: list[quality.Facts] = []
    for level in _CER_BARS:
        written, read = _level(report, extent, level, folder / level)
        papers += written
        facts += read
    good, total, wrong = quality.field_scores(papers, facts)
    rates = {name: round(100 * good[name] / total[name], 1) for name in quality.SCORED if total[name]}
    every = (*quality.SCORED, *quality.ALSO_SCORED)
    report.figures |= {f"field_{name}": f"{good[name]}/{total[name]}" for name in every if total[name]}
    for name, rate in rates.items():
        report.least(f"field {name}, % right", rate, {"signer_name": 90, "urgency": 98}.get(name, 97))
    mixed = write_all(list(truth.test_set(extent.mixed, SEED + 1, "mixed", 200)), folder / "mixed")
    mixed_facts = in_turn([each.path for each in mixed], folder / "mixed-out")
    _mixed_fields(report, mixed, mixed_facts)
    _gate(report, [*papers, *mixed], [*facts, *mixed_facts])
    count, faults = quality.archive_findings(Path(f["pdf"]) for f in [*facts, *mixed_facts] if f["pdf"])
    report.figures |= {"archive_copies_checked": count, "archive_copies_wrong": faults[:10]}
    report.most("archive copies not PDF/A-2b or not clean for qpdf", len(faults), 0)
    if os.environ.get("COMMUNE_BENCH_WRONG"):
        print("\n".join(wrong), file=sys.stderr)


def _level(report: Report, extent: Extent, level: str, folder: Path) -> tuple[list[Written], list[quality.Facts]]:
    """Characters and bytes at one level; odd papers at 300 dpi, even ones at 200."""
    wanted = [
        truth.TruthPaper(paper.script, level, (300, 200)[i % 2], SEED)
        for i, paper in enumerate(truth.test_set(extent.papers, SEED + ord(level), level, 200, secrets=False))
    ]
    papers = write_all(wanted, folder / "papers", extent.naive)
    facts = in_turn([each.path for each in papers], folder / "out")
    own = [reading.errors(w.lines, "\n".join(f["text"])) for w, f in zip(papers, facts, strict=True)]
    back = [
        reading.errors(w.lines, reading.read_back(Path(f["pdf"])))
        for w, f in zip(papers, facts, strict=True)
        if f["pdf"]
    ]
    some = papers[: extent.naive]
    texts = iter(naive_all([picture for each in some for picture in each.pictures]))
    plain = [reading.errors(w.lines, "\n".join(next(texts) for _ in w.pictures)) for w in some]
    cer, theirs = reading.percent(own), reading.percent(plain)
    same = reading.percent(own[: extent.naive])
    name = _LEVEL_NAMES[level]
    report.figures |= {
        f"cer_{name}": cer,
        f"cer_{name}_of_naive_tesseract": theirs,
        f"cer_{name}_on_the_same_papers": same,
        f"cer_{name}_by_pdftotext": reading.percent(back),
    }
    report.most(f"CER %, {name}", cer, _CER_BARS[level])
    report.most(f"CER ÷ naive Tesseract's on the same papers, {name}", round(same / theirs, 2) if theirs else 0.0, 0.5)
    report.most(f"CER % by pdftotext, {name}", reading.percent(back), 1.5)
    if os.environ.get("COMMUNE_BENCH_WRONG"):
        for w, f in zip(papers, facts, strict=True):
            for line in reading.misread(w.lines, "\n".join(f["text"])):
                print(f"{w.paper.key} read wrong: {line}", file=sys.stderr)
    if level == "B":
        _bytes(report, papers, facts)
    return papers, facts


def _bytes(report: Report, papers: list[Written], facts: list[quality.Facts]) -> None:
    """Size of the archive copy at 300 dpi in colour with seal, and whether it still reads as the scan does."""
    chosen = [
        (w, f) for w, f in zip(papers, facts, strict=True) if w.paper.dpi == 300 and w.paper.script.seal and f["pdf"]
    ]
    sizes = [Path(f["pdf"]).stat().st_size / 1024 / w.pages for w, f in chosen]
    reader = reading.Alone()
    scans, copies = [], []
    for written, fact in [pair for pair in chosen if pair[0].pictures][:4]:
        pages = [reader.read(reading.prepared(np.asarray(Image.open(each)), 300)) for each in written.pictures]
        scans.append(reading.errors(written.lines, "\n".join(pages)))
        copies.append(reading.errors(written.lines, reader.read_pdf(Path(fact["pdf"]))))
    before, after = reading.percent(scans), reading.percent(copies)
    kilobytes = round(sum(sizes) / len(sizes), 1) if sizes else 0.0
    report.figures |= {
        "kb_a_page_compact": kilobytes,
        "kb_a_page_largest_paper": round(max(sizes, default=0.0), 1),
        "cer_of_the_scan_read_again": before,
        "cer_of_the_archive_copy_read_again": after,
    }
    report.most("KB a page, compact, 300 dpi in colour with seal", kilobytes, 60)
    report.most("CER % of the archive copy read again, over the scan's", round(after - before, 2), 0.1)


def _mixed_fields(report: Report, papers: list[Written], facts: list[quality.Facts]) -> None:
    """Fields on every kind of damage: told, without a bar."""
    good, total, wrong = quality.field_scores(papers, facts)
    report.figures |= {
        f"mixed_field_{name}": f"{good[name]}/{total[name]}" for name in (*quality.SCORED, *quality.ALSO_SCORED)
    }
    if os.environ.get("COMMUNE_BENCH_WRONG"):
        print("\n".join(wrong), file=sys.stderr)


def _varied(report: Report, extent: Extent, folder: Path) -> None:
    """Fields of papers of other offices, kinds and habits than those the rules were first made for."""
    papers = write_all(list(truth.varied_set(extent.varied, SEED + 2)), folder / "varied")
    facts = in_turn([each.path for each in papers], folder / "varied-out")
    good, total, wrong = quality.field_scores(papers, facts)
    every = (*quality.SCORED, *quality.ALSO_SCORED)
    report.figures |= {f"varied_field_{name}": f"{good[name]}/{total[name]}" for name in every if total[name]}
    for name in quality.SCORED:
        rate = round(100 * good[name] / total[name], 1) if total[name] else 0.0
        report.least(f"varied papers, {name}, % right", rate, {"signer_name": 90, "urgency": 98}.get(name, 97))
    report.figures["varied_certain_but_wrong"] = quality.certain_but_wrong(papers, facts)
    if os.environ.get("COMMUNE_BENCH_WRONG"):
        print("\n".join(wrong), file=sys.stderr)


def _gate(report: Report, papers: list[Written], facts: list[quality.Facts]) -> None:
    """Secrets, and what a pen wrote, over all papers."""
    found = quality.holds(papers, facts)
    pens = quality.pens(papers, facts)
    rate = round(100 * len(found["held"]) / found["open"], 1) if found["open"] else 0.0
    report.figures |= {
        "secret_papers": found["secret"],
        "secret_missed": found["missed"],
        "open_papers": found["open"],
        "held_without_need": found["held"],
        "pens": pens,
    }
    report.most("secret markings missed", len(found["missed"]), 0)
    report.most("papers held without need, %", rate, 2)
    report.most("handwritten or open parts filled in as certain and wrong", pens["certain but wrong"], 0)


def _official(report: Report, extent: Extent, folder: Path) -> None:
    told = real.official(extent.official, folder)
    if told is None:
        report.figures["official"] = "../shared/data is absent"
        return
    count = told["papers"]
    report.figures |= {f"official_{name}": value for name, value in told.items()}
    for name in ("code_notation", "issuer", "type_name", "subject"):
        report.least(f"official papers, {name} right of {count}", told[name], count - 1)
    report.least("official papers, handwritten parts recognised", told["recognised"], told["handwritten"])
    report.most("official papers, certain but wrong", told["certain_but_wrong"], 0)


def _everything(report: Report, extent: Extent, folder: Path) -> None:
    if not extent.everything and "everything" not in os.environ.get("COMMUNE_BENCH_PARTS", ""):
        return
    told = corpus.run()
    report.figures |= {f"everything_{name}": value for name, value in told["figures"].items()}
    report.bars += told["bars"]


PARTS: dict[str, Callable[[Report, Extent, Path], None]] = {
    "speed": _speed,
    "memory": _memory,
    "quality": _quality,
    "varied": _varied,
    "official": _official,
    "everything": _everything,
}
