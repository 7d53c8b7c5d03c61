"""Files for people to take along: the signed PDF, the PDF/A, the original scan, and the receipt as JSON.

Only what ``standing.renditions`` offers can be fetched; always as a download, never opened inside our own page.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import PurePosixPath
from urllib.parse import quote

from aiohttp import web

from appliance.store import views
from appliance.store.standing import Rendition
from appliance.web.handing_in import safe_name
from appliance.web.office import OFFICE
from appliance.web.receipts import receipt_facts

_ENDINGS = {"signed": "-da-ky", "archive": "-pdfa", "original": ""}


async def rendition(request: web.Request) -> web.StreamResponse:
    """``GET /papers/{id}/files/{rendition}``."""
    office, paper = request.app[OFFICE], await _paper(request)
    found = next((each for each in paper.renditions if each.name == request.match_info["rendition"]), None)
    if found is None:
        raise web.HTTPNotFound
    path = await asyncio.to_thread(office.store.blobs.existing, found.sha256)
    name = download_name(paper.document.original_name, found)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Content-Type": found.media_type,
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return web.FileResponse(path, headers=headers)


async def receipt(request: web.Request) -> web.Response:
    """``GET /papers/{id}/receipt.json``: the province's answer, opened, with its signed bytes."""
    facts = receipt_facts((await _paper(request)).delivery)
    if facts is None:
        raise web.HTTPNotFound
    text = json.dumps(facts, ensure_ascii=False, indent=2)
    name = f"bien-nhan-{facts['document_id']}.json"
    return web.json_response(text=text, headers={"Content-Disposition": f"attachment; filename={name}"})


def download_name(original: str, found: Rendition) -> str:
    """The original file's name, with what was done to it before the ending."""
    path = PurePosixPath(safe_name(original))
    ending = path.suffix if found.name == "original" else ".pdf"
    return f"{path.stem}{_ENDINGS[found.name]}{ending}"


async def _paper(request: web.Request) -> views.Paper:
    office, document_id = request.app[OFFICE], request.match_info["id"]
    return await asyncio.to_thread(office.store.read, lambda db: views.paper(db, document_id))
