"""Pictures of pages: drawn once by a limited child, kept under the digest of the PDF they show.

Owns the cache folder and how many children run. Refuses to decide what may be seen: callers ask
``standing.picture_source`` first, and ``sweep`` removes whatever is no longer showable (a paper found to be secret
later) and the oldest beyond a cap.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import appliance
from appliance.store import BlobStore

log = logging.getLogger(__name__)
WIDTHS = (900, 1800)
WALL_SECONDS = 30.0
MOST_BYTES = 40 << 20
MOST_KEPT = 400
_ROOT = Path(appliance.__file__).parent.parent


Draw = Callable[[Path, int, int], Awaitable[bytes]]
"""Draws page ``number`` of a PDF ``width`` pixels wide: one line of JSON with all sizes, then a JPEG."""


class NoPicture(Exception):
    """The page cannot be drawn: no such page, a broken file, or more than the child may use."""


class TooSlow(NoPicture):
    """The child did not end in time; on a busy box it may do so later."""


@dataclass(frozen=True)
class Drawn:
    """A page picture (a JPEG) and the size of every page of its PDF in points."""

    picture: bytes
    sizes: tuple[tuple[float, float], ...]


class Pictures:
    """The cache of page pictures of one box."""

    def __init__(self, blobs: BlobStore, folder: Path, draw: Draw, at_once: int = 2) -> None:
        self._blobs = blobs
        self._folder = folder
        self._draw = draw
        self._failed: set[tuple[str, int]] = set()
        self._room = asyncio.Semaphore(at_once)

    async def page(self, sha256: str, number: int, width: int = WIDTHS[0]) -> Drawn:
        """The picture of page ``number`` (1-based), ``width`` pixels wide.

        Raises:
            NoPicture: it cannot be drawn.
        """
        if (sha256, number) in self._failed:  # bytes never change: what could not be drawn once never can
            raise NoPicture(sha256)
        kept = self._folder / sha256
        picture, sizes = kept / f"{number}-{width}.jpg", kept / "sizes.json"
        async with self._room:
            try:
                head, body = await asyncio.to_thread(lambda: (sizes.read_bytes(), picture.read_bytes()))
            except OSError:  # not drawn yet, or swept at this moment because the paper went on
                said = await self._drawn(sha256, number, width)
                head, _, body = said.partition(b"\n")
                await asyncio.to_thread(_keep, kept, {sizes: head, picture: body})
        return Drawn(body, _sizes_in(sha256, head))

    async def _drawn(self, sha256: str, number: int, width: int) -> bytes:
        source = self._blobs.existing(sha256)
        try:
            return await self._draw(source, number, width)
        except TooSlow:
            raise
        except NoPicture:
            log.warning("page %s of %s could not be drawn at the first try", number, sha256)
        try:  # a child can also die of a busy box: only a second failure in a row is the file's
            return await self._draw(source, number, width)
        except TooSlow:
            raise
        except NoPicture:
            self._failed.add((sha256, number))
            raise

    def sweep(self, showable: set[str]) -> None:
        """Remove pictures of files that may not be shown (any more), and the oldest beyond the cap."""
        if not self._folder.is_dir():
            return
        kept = sorted(self._folder.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
        for index, folder in enumerate(kept):
            if folder.name not in showable or index >= MOST_KEPT:
                shutil.rmtree(folder, ignore_errors=True)


async def drawn_by_child(source: Path, number: int, width: int) -> bytes:
    """Let a limited child draw one page; returns what it said (``render_child``).

    Raises:
        NoPicture: it failed, took too long or said too much.
    """
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    with source.open("rb") as file:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "appliance.web.render_child", str(number), str(width),
            stdin=file, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=environment, cwd="/", start_new_session=True,
        )  # fmt: skip
    try:
        async with asyncio.timeout(WALL_SECONDS):
            said = await _read_capped(child)
            code = await child.wait()
    except TimeoutError:
        raise TooSlow(source.name) from None
    finally:
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
    if code != 0 or not said:
        raise NoPicture(source.name)
    return said


async def _read_capped(child: asyncio.subprocess.Process) -> bytes:
    assert child.stdout is not None  # asked for with PIPE
    said = bytearray()
    while piece := await child.stdout.read(1 << 16):
        said += piece
        if len(said) > MOST_BYTES:
            raise TimeoutError  # ended like one that takes too long
    return bytes(said)


def _keep(folder: Path, contents: dict[Path, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
                part.write(content)
            Path(part.name).replace(path)
    except OSError as error:  # the sweep took the folder away, or the disk is full: only the cache is the poorer for it
        log.info("a page picture was not kept: %s", error)


def _sizes_in(sha256: str, head: bytes) -> tuple[tuple[float, float], ...]:
    try:
        return tuple((float(across), float(down)) for across, down in json.loads(head)["sizes"])
    except (ValueError, KeyError) as error:
        raise NoPicture(sha256) from error
