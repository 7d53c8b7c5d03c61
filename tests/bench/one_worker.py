"""One worker process: digitizes the files named on its command line, one after the other, and tells what each cost.

`python -m tests.bench.one_worker OUT FILE...` prints one JSON object a line. CPU seconds and peak memory are those of
the limited child and what it started, as the product itself tells them; where it does not, as the system counted them
(then the memory is the largest so far, so a worker of one file tells that file's). `cpu_with_starting` is always the
system's account of the whole family, with the start of processes that stay.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from scanner_intake.digitize import Digitized, Limits, digitize


def told(result: Digitized) -> dict[str, Any]:
    """What the measurements look at, in plain values."""
    return {
        "verdict": result.verdict,
        "pages": result.pages,
        "pdf": None if result.pdf is None else str(result.pdf),
        "text": list(result.text),
        "fields": {name: dataclasses.asdict(field) for name, field in result.fields.items()},
        "absent": dict(getattr(result, "absent", {})),
        "markings": [[marking.kind, marking.value] for marking in result.markings],
        "code": result.code,
        "cost": dataclasses.asdict(result.cost) if hasattr(result, "cost") else {},
    }


def limits(profile: str | None) -> Limits:
    """The product's limits; `profile` only where this version knows archive profiles."""
    known = inspect.signature(Limits).parameters
    return Limits(**({"profile": profile} if profile and "profile" in known else {}))  # type: ignore[arg-type]


def family_seconds() -> float:
    """CPU seconds of all living descendants and of all they have reaped, by the system's own account: also of a child
    that stays for the next file.
    """
    ticks, waiting = 0, [os.getpid()]
    while waiting:
        for tasks in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            for child in tasks.read_text().split():
                try:
                    after_name = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                except OSError:  # it ended just now and will be counted as reaped
                    continue
                ticks += sum(int(each) for each in after_name[11:15])
                waiting.append(int(child))
    reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ticks / os.sysconf("SC_CLK_TCK") + reaped.ru_utime + reaped.ru_stime


def main(out: Path, files: list[Path]) -> None:
    """Digitize all files in turn."""
    for number, file in enumerate(files):
        before, began = family_seconds(), time.monotonic()
        try:
            fact = told(digitize(file, out / str(number), limits("compact")))
        except Exception as broken:
            fact = {"verdict": "crash", "pages": 0, "pdf": None, "text": [], "fields": {}, "absent": {}, "markings": []}
            fact |= {"code": f"{type(broken).__name__}: {broken}", "cost": {}}
        spent = family_seconds() - before
        fact |= {
            "file": str(file),
            "wall": time.monotonic() - began,
            "cpu": fact["cost"].get("cpu_seconds") or spent,
            "cpu_with_starting": spent,
            "rss_mb": fact["cost"].get("peak_rss_mb") or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        }
        print(json.dumps(fact), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
