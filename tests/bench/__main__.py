"""Runs the measurements of the project and reports them: `python -m tests.bench [NAME...] [--json] [--quick]`.

Discovers `tests/bench/bench_*.py`; each has `NAME` and `run() -> {"figures": {...}, "bars": [{"name", "value", "bar",
"holds"}]}`. It reports and never judges: exit 0 even when a bar does not hold; 1 when a measurement itself broke; 2
for an unknown name. With `--json` exactly one JSON object goes to standard output, everything else to standard error.
For one name it is {"name", "machine", "figures", "bars"}; for several it holds each of them under "benches", and all
figures ("name.figure") and bars together at the top.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any


def discovered() -> dict[str, ModuleType]:
    """The measurement modules of this folder by their `NAME`, in order of their files."""
    here = Path(__file__).parent
    modules = (importlib.import_module(f"tests.bench.{path.stem}") for path in sorted(here.glob("bench_*.py")))
    return {module.NAME: module for module in modules}


def machine() -> dict[str, Any]:
    """What the figures were measured on; nothing that names the machine or its owner."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def measured(name: str, module: ModuleType) -> dict[str, Any]:
    """One report; a measurement that raises gives its error instead of figures."""
    on = machine()
    print(f"{name} …", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        result = module.run()
    except Exception as broken:
        traceback.print_exc()
        return {"name": name, "machine": on, "figures": {}, "bars": [], "error": f"{type(broken).__name__}: {broken}"}
    print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    return {"name": name, "machine": on, "figures": result["figures"], "bars": result["bars"]}


def merged(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """One object for several reports."""
    if len(reports) == 1:
        return reports[0]
    return {
        "name": "+".join(report["name"] for report in reports),
        "machine": machine(),
        "benches": reports,
        "figures": {f"{r['name']}.{key}": value for r in reports for key, value in r["figures"].items()},
        "bars": [{**bar, "bench": r["name"]} for r in reports for bar in r["bars"]],
    }


def show(report: dict[str, Any]) -> None:
    """One report for people."""
    print(f"== {report['name']}  ({report['machine']['cpu']}, {report['machine']['cores']} nhân)")
    for key, value in report["figures"].items():
        print(f"   {key:<44} {value}")
    for bar in report["bars"]:
        print(f"   [{'đạt' if bar['holds'] else 'KHÔNG ĐẠT'}] {bar['name']}: {bar['value']} (mức {bar['bar']})")
    if "error" in report:
        print(f"   lỗi: {report['error']}")


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; all of it when no name is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Đo hiệu năng của commune-box.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="tên phép đo; bỏ trống để chạy tất cả")
    parser.add_argument("--json", action="store_true", help="in đúng một đối tượng JSON ra đầu ra chuẩn")
    parser.add_argument("--quick", action="store_true", help="ít mẫu, nhanh (phép đo nào có bản rút gọn)")
    wanted = parser.parse_args(arguments)
    if wanted.quick:
        os.environ["COMMUNE_BENCH_QUICK"] = "1"
    known = discovered()
    unknown = [name for name in wanted.names if name not in known]
    if unknown:
        print(f"không có phép đo: {', '.join(unknown)}; hiện có: {', '.join(known)}", file=sys.stderr)
        return 2
    reports = [measured(name, known[name]) for name in wanted.names or known]
    if wanted.json:
        print(json.dumps(merged(reports), ensure_ascii=False))
    else:
        for report in reports:
            show(report)
    return 1 if any("error" in report for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
