"""What digitizing a one-page scan costs, beside the least it can cost: Tesseract alone on the same page.

CPU seconds of all children, so that a busy machine does not spoil them.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from appliance.demo import papers
from scanner_intake.digitize import Limits, digitize

NAME = "digitize"
PAGES = 4


def children_seconds() -> float:
    """CPU seconds of all ended children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run() -> dict[str, Any]:
    """Digitize one-page papers and read the same pages by Tesseract alone."""
    whole, alone, ok = 0.0, 0.0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, file in enumerate(papers.many_papers(PAGES, seed=3)):
            source = folder / f"{number}-{file.name}"
            file.write(source)
            page = folder / f"{number}.png"
            papers.write_png(papers.render(file.paper, 200, file.level, file.seed)[0], page, 200)
            before = children_seconds()
            ok += digitize(source, folder / "out", Limits()).verdict == "ok"
            whole += children_seconds() - before
            before = children_seconds()
            subprocess.run(
                ["tesseract", str(page), "-", "-l", "vie", "--dpi", "200"],
                check=True, capture_output=True, env=os.environ | {"OMP_THREAD_LIMIT": "1"},
            )  # fmt: skip
            alone += children_seconds() - before
    figures = {
        "cpu_seconds_per_page": round(whole / PAGES, 2),
        "tesseract_alone_cpu_seconds_per_page": round(alone / PAGES, 2),
        "times_tesseract_alone": round(whole / alone, 2),
        "digitized": f"{ok}/{PAGES}",
    }
    value = round(whole / PAGES, 2)
    bar = {"name": "CPU seconds a one-page 200-dpi scan", "value": value, "bar": "< 4.0", "holds": value < 4.0}
    return {"figures": figures, "bars": [bar]}
