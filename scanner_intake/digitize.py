"""Digitizing one file, seen from outside: start the limited child, wait, believe nothing, clean up.

Owns the child's life (own process group, wall clock, end of the whole group), the work folder and its wiping, and the
move of an accepted PDF into the caller's folder. It parses no document itself.

Invariants: whatever the file or the child does, `digitize` returns a `Digitized` or raises OSError for the caller's
own disk; no process of the group and no file of the work folder survives the call; the original is only read.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import select
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from scanner_intake.digitize_limits import environment
from scanner_intake.digitized import (
    FIELD_NAMES,
    RESULT_BYTES,
    VERDICTS,
    BadResult,
    Cost,
    Digitized,
    Field,
    Limits,
    Marking,
    parse,
)

__all__ = ["FIELD_NAMES", "VERDICTS", "Cost", "Digitized", "Field", "Limits", "Marking", "digitize"]

_log = logging.getLogger(__name__)
_CHILD = ("-m", "scanner_intake.digitize_child")


def digitize(
    source: Path,
    out_dir: Path,
    limits: Limits | None = None,
    language: str = "vie",
    *,
    ignore_markings: bool = False,
) -> Digitized:
    """Text, fields, markings and, for the verdict ok, a PDF/A-2b at `out_dir/<name of source>.pdf` (replaced when
    there).

    `ignore_markings` is for a paper that an authorised person has looked at and released as not secret: the gate then
    only reports.

    Raises: OSError when `source` cannot be read or `out_dir` cannot be written.
    """
    limits = limits or Limits()
    source = source.resolve(strict=True)
    if not source.is_file():
        raise IsADirectoryError(str(source))
    out_dir.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".digitize-", dir=out_dir))
    try:
        request = {
            "source": str(source),
            "limits": asdict(limits),
            "language": language,
            "ignore_markings": ignore_markings,
        }
        (work / "request.json").write_bytes(json.dumps(request).encode())
        started = time.monotonic()
        failure, usage = _run(work, limits)
        result = Digitized("unreadable", code=failure) if failure else _collect(work, _target(source, out_dir), limits)
        return replace(result, cost=_cost(source, result.pdf, time.monotonic() - started, usage))
    finally:
        wipe(work)


def _cost(source: Path, pdf: Path | None, seconds: float, usage: resource.struct_rusage) -> Cost:
    return Cost(
        seconds=round(seconds, 3),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
        peak_rss_mb=round(usage.ru_maxrss / 1024, 1),
        bytes_in=source.stat().st_size,
        bytes_out=pdf.stat().st_size if pdf is not None else 0,
    )


def _run(work: Path, limits: Limits) -> tuple[str, resource.struct_rusage]:
    """Runs the child to its end; returns "" or the code of its failure, and what it and its own children used.

    The whole process group is gone afterwards.
    """
    with (work / "child.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, *_CHILD, str(work)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=work,
            env=environment(work),
            start_new_session=True,
            close_fds=True,
        )
        try:
            code = _wait(child, limits.wall_seconds)
        finally:
            usage = _end_group(child)
    if code is None:
        return "timeout", usage
    if code == 0:
        return "", usage
    # The log may quote the document: only its last line, which names the error, and only to the local log.
    _log.warning("digitizing child ended with %s: %s", code, _last_line(work / "child.log"))
    return ("limits-exceeded" if code in (-signal.SIGXCPU, -signal.SIGKILL) else "crashed"), usage


def _wait(child: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The child's exit code, None after `seconds`. The child is left unreaped: whoever reaps it learns what it used."""
    descriptor = os.pidfd_open(child.pid)
    try:
        ready, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    if not ready:
        return None
    end = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert end is not None
    return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status


def _end_group(child: subprocess.Popen[bytes]) -> resource.struct_rusage:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    _pid, state, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(state)
    return usage


def _last_line(path: Path) -> str:
    try:
        lines = path.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:120].split(":")[0] if lines else ""


def _collect(work: Path, target: Path, limits: Limits) -> Digitized:
    try:
        raw = _read_regular(work / "result.json", RESULT_BYTES)
        result = parse(raw, target)
        if result.pdf is not None:
            made = work / "result.pdf"
            if not _read_regular(made, limits.output_bytes, head=8).startswith(b"%PDF-"):
                raise BadResult("not a PDF")
            made.chmod(0o640)
            made.replace(target)
    except (BadResult, OSError) as error:
        _log.warning("digitizing result refused: %s", error)
        return Digitized("unreadable", code="bad-result")
    return result


def _read_regular(path: Path, most: int, head: int | None = None) -> bytes:
    """Reads a file the child wrote; links, devices and oversize files are refused."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size > most:
            raise BadResult("not a plain file of an allowed size")
        return file.read(head if head is not None else most)


def _target(source: Path, out_dir: Path) -> Path:
    """Where the PDF goes; never onto the original itself."""
    target = out_dir / f"{_stem(source)}.pdf"
    if target.exists() and target.samefile(source):
        return out_dir / f"{_stem(source)}-pdfa.pdf"
    return target


def _stem(source: Path) -> str:
    name = source.stem or source.name
    return os.fsencode(name)[:120].decode("utf-8", "ignore").replace("\0", "") or "document"


def wipe(folder: Path) -> None:
    """Overwrites and removes everything in a work folder (a suspected secret's pictures must not stay on the disk).

    On flash and on copying file systems old blocks may survive; the disk itself has to be encrypted for more.
    """
    for root, folders, names in os.walk(folder, topdown=False, followlinks=False):
        for name in names:
            _wipe_file(Path(root) / name)
        for name in folders:
            place = Path(root) / name
            place.unlink() if place.is_symlink() else place.rmdir()
    folder.rmdir()


def _wipe_file(path: Path) -> None:
    found = path.lstat()
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        path.chmod(0o600)
        with path.open("r+b", buffering=0) as file:
            for start, end in _extents(file.fileno(), found.st_size):
                file.seek(start)
                while (left := end - file.tell()) > 0:
                    file.write(bytes(min(left, 1 << 20)))
            os.fsync(file.fileno())
    path.unlink()


def _extents(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """The parts of a file that hold something; a hole of many gigabytes is not worth writing."""
    place = 0
    while place < size:
        try:
            start = os.lseek(descriptor, place, os.SEEK_DATA)
        except OSError:  # nothing but a hole is left
            return
        place = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, place
