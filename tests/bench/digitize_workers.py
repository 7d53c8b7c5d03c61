"""Work of the digitizing measurements spread over the cores: papers written, files digitized by worker processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.bench import reading
from tests.data.truth import TruthPaper

WORKERS = 2


@dataclass(frozen=True)
class Written:
    """A paper as a file; the printed lines of all its pages; pictures of its pages for readers of pictures."""

    paper: TruthPaper
    path: Path
    lines: tuple[str, ...]
    pictures: tuple[Path, ...]
    pages: int


def _write(paper: TruthPaper, folder: Path, pictures: bool) -> Written:
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    shown: list[Path] = []
    count = 0
    for page in paper.pages():
        count += 1
        lines += page.lines
        if pictures and not page.blank:
            shown.append(folder / f"{paper.key}-{page.number}.jpg")
            page.image().save(shown[-1], quality=80, dpi=page.scan.dpi)
    return Written(paper, paper.write(folder), tuple(lines), tuple(shown), count)


def write_all(papers: Sequence[TruthPaper], folder: Path, pictures: int = 0) -> list[Written]:
    """All papers as files, in order; the first `pictures` of them also page by page as JPEG."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_write, paper, folder, i < pictures) for i, paper in enumerate(papers)]
        return [each.result() for each in waiting]


def digitized(groups: Sequence[Sequence[Path]], out: Path) -> list[list[dict[str, Any]]]:
    """One worker process for each group of files, `WORKERS` at a time; facts in the order of the files."""

    def run(number: int) -> list[dict[str, Any]]:
        files = [str(path) for path in groups[number]]
        command = [sys.executable, "-m", "tests.bench.one_worker", str(out / f"w{number}"), *files]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        return [json.loads(line) for line in done.stdout.splitlines()]

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(run, range(len(groups))))


def in_turn(files: Sequence[Path], out: Path) -> list[dict[str, Any]]:
    """All files by two workers, every second file each; facts in the order of the files."""
    groups = [list(files[start::WORKERS]) for start in range(WORKERS)]
    facts = {fact["file"]: fact for group in digitized(groups, out) for fact in group}
    return [facts[str(path)] for path in files]


def naive_all(pictures: Sequence[Path]) -> list[str]:
    """Plain Tesseract on many pictures, `WORKERS` at a time."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(reading.naive, pictures))
