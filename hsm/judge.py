"""Verify a hostile file at arm's length: `python -m hsm.judge` is a child with limits, `judge_file` is its parent side.

The child limits its own memory, processor time and core file before it opens anything, and prints the facts as one JSON
object. Whatever becomes of it - killed, out of memory, too slow - is the verdict "unreadable", never an error.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hsm.trust import Trust
from hsm.verify import Verification, verify_file

MEMORY_BYTES = 4 * 1024**3
"""Address space, not use: interpreter and libraries alone map more than 1 GiB."""


def judge_file(
    path: Path, roots: Sequence[Path], intermediates: Sequence[Path], expected: Sequence[str] | None, seconds: int
) -> dict[str, Any]:
    """The facts of `hsm.verify.Verification`, found in a limited child within `seconds`."""
    command = [sys.executable, "-m", "hsm.judge", "--seconds", str(seconds)]
    for name, values in (("--trust", roots), ("--intermediate", intermediates), ("--expect", expected or ())):
        for value in values:
            command += [name, str(value)]
    home = str(Path(__file__).resolve().parent.parent)
    search = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    try:
        done = subprocess.run(
            [*command, "--", str(path)],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds + 5,
            check=True,
        )
        facts: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        return Verification("unreadable", (), False, (f"child-{type(error).__name__}",)).facts()
    return facts


def _limit(what: int, most: int) -> None:
    """Lower a limit; a caller may already have set a tighter one, which stays."""
    _, hard = resource.getrlimit(what)
    kept = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (kept, kept))


def main() -> int:
    """The child: judge one file under limits."""
    parser = argparse.ArgumentParser(prog="python -m hsm.judge")
    parser.add_argument("file", type=Path)
    parser.add_argument("--trust", type=Path, action="append", default=[])
    parser.add_argument("--intermediate", type=Path, action="append", default=[])
    parser.add_argument("--expect", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=120)
    given = parser.parse_args()
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, given.seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    trust = Trust.from_files(given.trust, given.intermediate)
    found = verify_file(given.file, trust, given.expect or None)
    json.dump(found.facts(), sys.stdout, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
