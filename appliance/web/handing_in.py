"""Bringing a file in by the browser: streamed into a drop folder, where the intake takes it like any scan.

Order: hidden temporary name in the same folder, every byte, fsync, then one link to a free name, fsync of the folder.
A connection that breaks leaves nothing. Refuses other formats than a scanner's, files beyond a size, and a nearly
full disk. Whether a file is whole and harmless is not decided here; that is the intake's matter.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from appliance.config import FolderSection
from appliance.web.admitting import parts_of
from appliance.web.office import OFFICE, Office
from appliance.web.presenting import page
from appliance.wording import _
from scanner_intake.heif import is_heic

LARGEST = 500 << 20
KEEP_FREE = 500 << 20
ENDINGS = (".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".heic", ".heif")
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_PIECE = 1 << 18
_FIRST: dict[str, Any] = {"chosen": 0, "ended": False, "endings": ENDINGS}
"""What the page shows before anything was brought."""


class FileRefused(Exception):
    """One file is not taken; the text is a sentence for the person."""


@dataclass(frozen=True)
class Brought:
    """What became of one file: its name in the folder, or the sentence why it was not taken."""

    name: str
    refused: str = ""


async def form(request: web.Request) -> web.Response:
    """``GET /hand-in``."""
    return await page(request, "hand_in.html", folders=_folders(request.app[OFFICE]), brought=(), **_FIRST)


async def receive(request: web.Request) -> web.StreamResponse:
    """``POST /hand-in``: multipart with ``folder`` before any ``file``; a page, or JSON for our own script."""
    folders = _folders(request.app[OFFICE])
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPUnsupportedMediaType
    try:
        chosen, brought = await _all_parts(request, folders)
    except (ValueError, AssertionError) as error:  # how aiohttp says that a multipart body is cut short or malformed
        raise web.HTTPBadRequest from error
    if request.headers.get("Accept") == "application/json":
        return web.json_response({"files": [{"name": each.name, "refused": each.refused} for each in brought]})
    state = 422 if any(each.refused for each in brought) or not brought else 200
    facts = _FIRST | {"folders": folders, "brought": brought, "chosen": chosen, "ended": True, "live_url": ""}
    return await page(request, "hand_in.html", state, **facts)


async def _all_parts(request: web.Request, folders: tuple[FolderSection, ...]) -> tuple[int, list[Brought]]:
    """Which folder was chosen and what became of each file."""
    chosen, brought = 0, []
    async for part in parts_of(request):
        if part.name == "folder":
            chosen = _index((await part.read_chunk(1024)).decode("ascii", "replace"), len(folders))
        elif part.name == "file" and part.filename:
            brought.append(await _one(part, folders[chosen]))
    return chosen, brought


def _folders(office: Office) -> tuple[FolderSection, ...]:
    if not office.config.folders:
        raise web.HTTPNotFound
    return office.config.folders


def _index(text: str, count: int) -> int:
    if not text.isdigit() or int(text) >= count:
        raise web.HTTPBadRequest
    return int(text)


async def _one(part: BodyPartReader, folder: FolderSection) -> Brought:
    name = safe_name(part.filename or "")
    try:
        return Brought(await _written(part, folder.path, name))
    except FileRefused as error:
        while await part.read_chunk(_PIECE):  # the rest of a refused file, so that the next part can be read
            pass
        return Brought(name, str(error))


async def _written(part: BodyPartReader, folder: Path, name: str) -> str:
    if not name.lower().endswith(ENDINGS):
        raise FileRefused(_("Chỉ nhận tệp PDF, TIFF, JPEG, PNG hoặc HEIC."))
    temporary = folder / f".{uuid.uuid4().hex}.part"
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        with await asyncio.to_thread(temporary.open, "xb") as file:
            size, piece = 0, await part.read_chunk(_PIECE)
            if not _looks_like_a_scan(piece):
                raise FileRefused(_("Nội dung không phải PDF, TIFF, JPEG, PNG hoặc HEIC."))
            while piece:
                size += len(piece)
                await asyncio.to_thread(_check_room, folder, size)
                await asyncio.to_thread(file.write, piece)
                piece = await part.read_chunk(_PIECE)
            await asyncio.to_thread(_settle, file)
        return await asyncio.to_thread(_given_name, temporary, folder, name)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FileRefused(_("Hộp không còn đủ chỗ trống. Hãy báo quản trị.")) from None
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise FileRefused(_("Trang này không được phép ghi vào thư mục. Hãy báo quản trị.")) from None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _looks_like_a_scan(head: bytes) -> bool:
    """Whether a file that begins so is of a kind that the intake takes; bytes before a PDF's header are no fault."""
    return head.startswith(_MAGIC) or is_heic(head) or b"%PDF-" in head[:1024]


def _check_room(folder: Path, size: int) -> None:
    if size > LARGEST:
        raise FileRefused(_("Tệp lớn hơn {limit} MB.").format(limit=LARGEST >> 20))
    if shutil.disk_usage(folder).free < KEEP_FREE:
        raise FileRefused(_("Hộp không còn đủ chỗ trống. Hãy báo quản trị."))


def _settle(file: object) -> None:
    file.flush()  # type: ignore[attr-defined]
    os.fsync(file.fileno())  # type: ignore[attr-defined]


def _given_name(temporary: Path, folder: Path, name: str) -> str:
    """Give the file its name, never over another one; returns the name taken."""
    stem, ending = Path(name).stem, Path(name).suffix
    for number in range(1, 1000):
        free = name if number == 1 else f"{stem} ({number}){ending}"
        try:
            os.link(temporary, folder / free)
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            if (folder / free).exists():  # a file system without links (a memory card): the next best
                continue
            temporary.rename(folder / free)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return free
    raise FileRefused(_("Thư mục đã có quá nhiều tệp trùng tên."))


def safe_name(name: str) -> str:
    """A file name in NFC that cannot leave its folder, hide, or trouble another system; at most 180 bytes long."""
    bare = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter if letter.isprintable() else " " for letter in bare)
    kept = " ".join(re.sub(r'[<>:"|?*/]', "-", kept).split()).lstrip(". ")
    stem, ending = Path(kept).stem, Path(kept).suffix
    while len(f"{stem}{ending}".encode()) > 180 and stem:
        stem = stem[:-1]
    return f"{stem.strip() or 'ban-quet'}{ending}"
