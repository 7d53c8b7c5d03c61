"""``/verify``: what the signatures of a file say - one that a person brings, or the file of a paper.

The file is judged in the limited child ``hsm.judge``; nothing of it is interpreted here. What is brought never gets a
name: it lies in a file that no folder shows, and is gone with the answer, also when this process is killed. No script
is needed. At most two files are judged at once; a further person waits.
"""

from __future__ import annotations

import asyncio
import errno
import shutil
import tempfile
from pathlib import Path
from typing import IO, Any

from aiohttp import BodyPartReader, web

from appliance.store import standing, views
from appliance.trusting import trust_files
from appliance.web.admitting import parts_of
from appliance.web.handing_in import KEEP_FREE, safe_name
from appliance.web.office import OFFICE, Office
from appliance.web.presenting import page
from appliance.wording import _
from appliance.wording.verification import in_words
from hsm.judge import judge_file

LARGEST = 100 << 20
SECONDS = 60
_PIECE = 1 << 18
TURN = web.AppKey("one of the two turns to judge a file", asyncio.Semaphore)


class Unfit(Exception):
    """The file is not judged; the text is a sentence for the person."""


def prepare(app: web.Application) -> None:
    """Give the application what this page shares between requests."""
    app[TURN] = asyncio.Semaphore(2)


async def form(request: web.Request) -> web.Response:
    """``GET /verify``."""
    return await _page(request)


async def receive(request: web.Request) -> web.StreamResponse:
    """``POST /verify``: one file in the multipart field ``file``; answered with its verification."""
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPUnsupportedMediaType
    office = request.app[OFFICE]
    room = office.config.box.state_dir / "cache"
    try:
        await asyncio.to_thread(room.mkdir, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=room) as passing:
            name = await _taken(request, passing, room)
            facts = await _judged(request, Path(name), handed=passing.fileno())
    except Unfit as unfit:
        return await _page(request, 422, trouble=str(unfit))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return await _page(request, 503, trouble=_("Hộp không còn đủ chỗ trống. Hãy báo quản trị."))
    except (ValueError, AssertionError) as error:  # how aiohttp says that a multipart body is cut short or malformed
        raise web.HTTPBadRequest from error
    return await _page(request, name=name, facts=facts)


async def of_paper(request: web.Request) -> web.Response:
    """``GET /papers/{id}/signatures``: the paper's file as it is now; 404 where nothing of it may be shown."""
    office, document_id = request.app[OFFICE], request.match_info["id"]
    paper = await asyncio.to_thread(office.store.read, lambda db: views.paper(db, document_id))
    source = standing.picture_source(paper.document)
    if not source:
        raise web.HTTPNotFound
    path = await asyncio.to_thread(office.store.blobs.existing, source)
    expected = tuple(slot.value for slot in paper.document.filled)
    facts = await _judged(request, path, expected=expected)
    return await _page(request, name=paper.row.title, facts=facts, paper=document_id)


async def _taken(request: web.Request, passing: IO[bytes], room: Path) -> str:
    """Write the first file of the request into ``passing``; returns the name that the person's file has."""
    async for part in parts_of(request):
        if part.name == "file" and part.filename:
            await _written(part, passing, room)
            return safe_name(part.filename)
    raise Unfit(_("Chưa chọn tệp nào."))


async def _written(part: BodyPartReader, passing: IO[bytes], room: Path) -> None:
    size = 0
    while piece := await part.read_chunk(_PIECE):
        if not size and b"%PDF-" not in piece[:1024]:
            raise Unfit(_("Chỉ kiểm tra được tệp PDF."))
        size += len(piece)
        if size > LARGEST:
            raise Unfit(_("Tệp lớn hơn {limit} MB.").format(limit=LARGEST >> 20))
        if shutil.disk_usage(room).free < KEEP_FREE:
            raise Unfit(_("Hộp không còn đủ chỗ trống. Hãy báo quản trị."))
        await asyncio.to_thread(passing.write, piece)
    if not size:
        raise Unfit(_("Tệp rỗng."))
    await asyncio.to_thread(passing.flush)


async def _judged(
    request: web.Request, path: Path, expected: tuple[str, ...] = (), handed: int | None = None
) -> dict[str, Any]:
    async with request.app[TURN]:
        return await asyncio.to_thread(
            judge_file, path, trust_files(request.app[OFFICE].config), expected or None, SECONDS, handed=handed
        )


async def _page(
    request: web.Request,
    state: int = 200,
    *,
    name: str = "",
    facts: dict[str, Any] | None = None,
    trouble: str = "",
    paper: str = "",
) -> web.Response:
    office: Office = request.app[OFFICE]
    return await page(
        request,
        "verify.html",
        state,
        name=name,
        words=in_words(facts) if facts else None,
        trouble=trouble,
        paper=paper,
        limit=LARGEST >> 20,
        roots=len(trust_files(office.config).roots),
        live_url="",
    )
