"""What digitizing costs: CPU beside recognition alone, pages a minute beside OCRmyPDF, memory, bytes.

OCRmyPDF runs on the same pages with the same model and its own defaults; recognition alone gets the product's kind of
input and runs in as many processes at a time as the product has workers, because two cores of one machine slow each
other down. All ratios are taken in one run, of CPU seconds where the machine's other load must not count. Pages a
minute count from the start of the two worker processes (of OCRmyPDF) to the end of the last one.
"""

from __future__ import annotations

import io
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from appliance.demo.scan_files import A4_POINTS, write_pdf_scan
from tests.bench import reading
from tests.bench.digitize_workers import WORKERS, digitized
from tests.data.truth import TruthPaper
from tests.data.truth_texts import script

_A3_POINTS = (1190.551, 841.89)


def first_pages(count: int, dpi: int, level: str = "B") -> list[Image.Image]:
    """First pages of different papers, as compressed by the scanner and opened again."""
    pages = []
    for number in range(count):
        paper = TruthPaper(script(number, 77, secrets=False), level, dpi, 77)
        out = io.BytesIO()
        next(paper.pages()).image().save(out, "JPEG", quality=75)
        pages.append(Image.open(io.BytesIO(out.getvalue())).convert("RGB"))
    return pages


def _alone(grays: Sequence[np.ndarray]) -> float:
    """CPU seconds of recognition alone in this process, the model loaded before."""
    reader = reading.Alone()
    reader.read(grays[0][:200])
    reader.cpu_seconds = 0.0
    for gray in grays:
        reader.read(gray)
    return reader.cpu_seconds


def alone(pages: Sequence[Image.Image], dpi: int) -> float:
    """CPU seconds of recognition alone on all pages, shared by `WORKERS` processes as the product's workers share
    them.
    """
    grays = [reading.prepared(np.asarray(page), dpi) for page in pages]
    shares = [part for part in (grays[start::WORKERS] for start in range(WORKERS)) if part]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(_alone, shares))


def _ocrmypdf(source: Path, target: Path) -> tuple[float, float]:
    """Wall and CPU seconds of OCRmyPDF with two jobs and its defaults."""
    program = shutil.which("ocrmypdf") or str(Path(sys.executable).parent / "ocrmypdf")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [program, "-l", "vie", "--jobs", "2", str(source), str(target)],
        check=True, capture_output=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def speed(count: int, folder: Path) -> dict[str, float]:
    """CPU a page at 200 and 300 dpi beside recognition alone; pages a minute of two workers beside OCRmyPDF."""
    figures: dict[str, float] = {}
    for dpi in (200, 300):
        pages = first_pages(count, dpi)
        floor = alone(pages, dpi)
        halves = [folder / f"speed-{dpi}-{half}.pdf" for half in (0, 1)]
        for half, path in enumerate(halves):
            write_pdf_scan(pages[half::2], path, dpi, 75)
        began = time.monotonic()
        facts = [fact for group in digitized([[path] for path in halves], folder / f"out{dpi}") for fact in group]
        wall = time.monotonic() - began
        whole_cpu = sum(fact["cpu_with_starting"] for fact in facts)
        cpu = sum(fact["cpu"] for fact in facts)
        figures |= {
            f"cpu_seconds_a_page_{dpi}dpi": round(cpu / count, 2),
            f"cpu_seconds_a_page_with_starting_two_workers_{dpi}dpi": round(whole_cpu / count, 2),
            f"ocr_alone_cpu_seconds_a_page_{dpi}dpi": round(floor / count, 2),
            f"times_ocr_alone_{dpi}dpi": round(cpu / floor, 2),
            f"pages_a_minute_2_workers_{dpi}dpi": round(count / wall * 60, 1),
        }
        if dpi == 300:
            whole = folder / "speed-whole.pdf"
            write_pdf_scan(pages, whole, dpi, 75)
            other_wall, other_cpu = _ocrmypdf(whole, folder / "speed-ocrmypdf.pdf")
            figures |= {
                "pages_a_minute_ocrmypdf_2_jobs_300dpi": round(count / other_wall * 60, 1),
                "ocrmypdf_cpu_seconds_a_page_300dpi": round(other_cpu / count, 2),
                "times_ocrmypdf_pages_a_minute": round(other_wall / wall, 2),
                "times_ocrmypdf_cpu": round(other_cpu / cpu, 2),
                "ocrmypdf_kb_a_page": round((folder / "speed-ocrmypdf.pdf").stat().st_size / 1024 / count, 1),
            }
        else:
            single = folder / "single.pdf"
            write_pdf_scan(pages[:1], single, dpi, 75)
            fact = digitized([[single]], folder / "single")[0][0]
            figures["cpu_seconds_of_a_one_page_file_200dpi"] = round(fact["cpu"], 2)
            figures["times_ocr_alone_of_a_one_page_file_200dpi"] = round(fact["cpu"] / alone(pages[:1], dpi), 2)
    return figures


def heavy_files(long_pages: int, folder: Path) -> dict[str, Path]:
    """The three inputs whose memory is measured."""
    a4 = first_pages(2, 300)
    wide = Image.new("RGB", (a4[0].width * 2, a4[0].height))
    for place, page in enumerate(a4):
        wide.paste(page, (place * page.width, 0))
    wide = wide.resize((wide.width * 2, wide.height * 2), Image.Resampling.BILINEAR)
    files = {name: folder / f"{name}.pdf" for name in ("a4-300dpi", "a3-600dpi", "long")}
    write_pdf_scan(a4[:1], files["a4-300dpi"], 300, 75)
    write_pdf_scan([wide], files["a3-600dpi"], 600, 80, _A3_POINTS)
    # Short texts: it is the number of pages that is tried here, not recognition.
    short = []
    for number in range(4):
        whole = script(number * 3, 78, secrets=False)
        few = replace(whole, body=whole.body[:1], appendix=None, back=False)
        short.append(next(TruthPaper(few, "B", 200, 78).pages()).image())
    write_pdf_scan([short[i % 4] for i in range(long_pages)], files["long"], 200, 75, A4_POINTS)
    return files


def memory(long_pages: int, folder: Path) -> dict[str, Any]:
    """Peak resident memory of one worker's child on each of them, in MB."""
    files = heavy_files(long_pages, folder)
    groups = digitized([[path] for path in files.values()], folder / "heavy")
    figures: dict[str, Any] = {}
    for name, (fact,) in zip(files, groups, strict=True):
        figures[f"peak_mb_{name}"] = round(fact["rss_mb"])
        figures[f"verdict_{name}"] = f"{fact['verdict']} {fact['code']} ({fact['pages']} trang)".replace("  ", " ")
    figures["pages_of_long"] = long_pages
    return figures
