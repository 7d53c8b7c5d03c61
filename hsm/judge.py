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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hsm.trust import Trust
from hsm.verify import Verification, verify_file

MEMORY_BYTES = 4 * 1024**3
"""Address space, not use: interpreter and libraries alone map more than 1 GiB."""


@dataclass(frozen=True)
class TrustFiles:
    """Where the certificates and lists of a `Trust` lie (PEM or DER)."""

    roots: tuple[Path, ...] = ()
    intermediates: tuple[Path, ...] = ()
    crls: tuple[Path, ...] = ()
    stamp_roots: tuple[Path, ...] = ()

    def read(self) -> Trust:
        """The trust itself. Raises: TrustError (`trust-unreadable`)."""
        return Trust.from_files(self.roots, self.intermediates, self.crls, self.stamp_roots)

    def version(self) -> tuple[tuple[int, int, int], ...]:
        """Changes when one of the files does. Raises: OSError."""
        files = (*self.roots, *self.intermediates, *self.crls, *self.stamp_roots)
        return tuple((held.st_ino, held.st_size, held.st_mtime_ns) for held in (path.stat() for path in files))

    def options(self) -> Mapping[str, tuple[Path, ...]]:
        """The files by the option that names them."""
        return {
            "--trust": self.roots,
            "--intermediate": self.intermediates,
            "--crl": self.crls,
            "--trust-stamp": self.stamp_roots,
        }


def judge_file(
    path: Path,
    trust: TrustFiles,
    expected: Sequence[str] | None,
    seconds: int,
    report: bool = False,
    handed: int | None = None,
) -> dict[str, Any]:
    """The facts of `hsm.verify.Verification`, found in a limited child within `seconds`.

    `report` adds "report", a list of ETSI TS 119 102-2 reports (XML), one for each signature. `handed` is the
    descriptor of an open file to judge instead of `path`, which need have no name.
    """
    command = [sys.executable, "-m", "hsm.judge", "--seconds", str(seconds)]
    for name, values in (*trust.options().items(), ("--expect", tuple(expected or ()))):
        for value in values:
            command += [name, str(value)]
    command += ["--report"] if report else []
    home = str(Path(__file__).resolve().parent.parent)
    search = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    try:
        done = subprocess.run(
            [*command, "--", str(path) if handed is None else f"/dev/fd/{handed}"],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds + 5,
            check=True,
            pass_fds=() if handed is None else (handed,),
        )
        facts: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        code = f"child-{type(error).__name__}"
        return Verification("unreadable", (), False, (code,), conclusion="unreadable").facts()
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
    for name in ("--trust", "--intermediate", "--crl", "--trust-stamp"):
        parser.add_argument(name, type=Path, action="append", default=[])
    parser.add_argument("--expect", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args()
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, given.seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    trust = Trust.from_files(given.trust, given.intermediate, given.crl, given.trust_stamp)
    facts = verify_file(given.file, trust, given.expect or None).facts()
    if given.report:
        from hsm.etsi_report import reports  # a slow import that few ask for

        facts["report"] = reports(given.file, trust)
    json.dump(facts, sys.stdout, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
