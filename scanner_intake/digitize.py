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
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from scanner_intake.digitize_children import Ended, run
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
from scanner_intake.passwords import spellings

__all__ = ["FIELD_NAMES", "VERDICTS", "Cost", "Digitized", "Field", "Limits", "Marking", "digitize"]

_log = logging.getLogger(__name__)
OnPage = Callable[[int, int], None]


def digitize(
    source: Path,
    out_dir: Path,
    limits: Limits | None = None,
    language: str = "vie",
    *,
    ignore_markings: bool = False,
    on_page: OnPage | None = None,
    passwords: Sequence[str] = (),
) -> Digitized:
    """Text, fields, markings and, for the verdict ok, a PDF/A-2b at `out_dir/<name of source>.pdf` (replaced when
    there).

    `ignore_markings` is for a paper that an authorised person has looked at and released as not secret: the gate then
    only reports. `on_page(page, of)` is called, in the caller's thread, whenever another page is begun. `passwords` are
    tried on a locked PDF; they stay in memory, and the archive copy needs none.

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
        look = _Progress(work, on_page) if on_page else None
        ended = run(work, limits.wall_seconds, look, spellings(tuple(passwords)))
        failure = _failure(ended, work)
        result = Digitized("unreadable", code=failure) if failure else _collect(work, _target(source, out_dir), limits)
        return replace(result, cost=_cost(source, result.pdf, time.monotonic() - started, ended))
    finally:
        wipe(work)


def _cost(source: Path, pdf: Path | None, seconds: float, ended: Ended) -> Cost:
    return Cost(
        seconds=round(seconds, 3),
        cpu_seconds=ended.cpu_seconds,
        peak_rss_mb=ended.peak_rss_mb,
        bytes_in=source.stat().st_size,
        bytes_out=pdf.stat().st_size if pdf is not None else 0,
    )


def _failure(ended: Ended, work: Path) -> str:
    """ "" or the code of the child's failure."""
    if ended.code is None:
        return "timeout"
    if ended.code == 0:
        return ""
    # The log may quote the document: only its last line, which names the error, and only to the local log.
    _log.warning("digitizing child ended with %s: %s", ended.code, _last_line(work / "child.log"))
    return "limits-exceeded" if ended.code in (-signal.SIGXCPU, -signal.SIGKILL) else "crashed"


class _Progress:
    """Tells `on_page(page, of)` whenever the child has gone on; its two numbers are believed only in range."""

    def __init__(self, work: Path, on_page: OnPage) -> None:
        self._file = work / "progress"
        self._on_page = on_page
        self._told = (0, 0)

    def __call__(self) -> None:
        try:
            page, of = (int(each) for each in _read_regular(self._file, 64).split())
        except (OSError, ValueError, BadResult):
            return
        if 0 < page <= of <= 100_000 and (page, of) != self._told:
            self._told = (page, of)
            self._on_page(page, of)


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
