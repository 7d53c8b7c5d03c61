"""How fast the generator makes papers, beside the least that any page costs: an empty sheet scanned and compressed.

Figures are CPU seconds of this process, so that a busy machine does not spoil them; pages per second are per core.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from appliance.demo import papers
from appliance.demo.scan_noise import LEVELS, scan
from appliance.demo.sheet import Sheet

NAME = "papers"
PAGES, DPI = 24, 200


def blank(path: Path, level: str, seed: int) -> None:
    """An empty A4 sheet through the same scanner into the same file format."""
    page = scan(Sheet(DPI).toner(), [], level, np.random.default_rng(seed), DPI)
    papers.write_pdf_scan([page], path, DPI, LEVELS[level].quality)


def run() -> dict[str, Any]:
    """Measure one-page papers of all formats at 200 dpi, warm."""
    spent: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "page"
        for file in papers.many_papers(4, seed=99):
            file.write(target)
        for number, file in enumerate(papers.many_papers(PAGES, seed=7)):
            started = time.process_time()
            file.write(target)
            spent.setdefault(file.form, []).append(time.process_time() - started)
            started = time.process_time()
            blank(target, file.level, number)
            spent.setdefault("blank", []).append(time.process_time() - started)
    baseline = sum(spent["blank"]) / len(spent["blank"])
    forms = {form: sum(costs) / len(costs) for form, costs in spent.items() if form != "blank"}
    mean = sum(cost for form, costs in spent.items() if form != "blank" for cost in costs) / PAGES
    slowest = max(cost for form, costs in spent.items() if form != "blank" for cost in costs)
    figures = {f"cpu_seconds_per_page_{form}": round(cost, 3) for form, cost in sorted(forms.items())}
    figures |= {
        "cpu_seconds_per_page": round(mean, 3),
        "cpu_seconds_slowest_page": round(slowest, 3),
        "pages_per_second": round(1 / mean, 2),
        "blank_pages_per_second": round(1 / baseline, 2),
        "times_the_blank_page": round(mean / baseline, 2),
    }
    bar = {"name": "CPU seconds of the slowest one-page paper at 200 dpi", "value": round(slowest, 3), "bar": "< 0.5"}
    return {"figures": figures, "bars": [{**bar, "holds": slowest < 0.5}]}
