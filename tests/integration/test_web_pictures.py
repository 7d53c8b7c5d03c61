"""Pictures by the real, limited child; and the service as a whole on a loopback port."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from appliance.config import WebSection
from appliance.services.clock import utc_now
from appliance.store import Store, open_store
from appliance.web.pictures import NoPicture, Pictures, drawn_by_child
from appliance.web.site import serve
from tests.fixtures_web import VIEWER, cookie_for, office_config

pypdfium2 = pytest.importorskip("pypdfium2", reason="pypdfium2 is missing")


def two_pages(path: Path) -> Path:
    """A PDF of two pages of different size, the second one dark."""
    light, dark = Image.new("RGB", (595, 842), "white"), Image.new("RGB", (842, 595), "black")
    light.save(path, "PDF", resolution=72, save_all=True, append_images=[dark])
    return path


async def test_a_page_is_drawn_with_the_sizes_of_all(tmp_path: Path) -> None:
    head, _, body = (await drawn_by_child(two_pages(tmp_path / "a.pdf"), 2, 900)).partition(b"\n")
    assert json.loads(head)["sizes"] == [[595.0, 842.0], [842.0, 595.0]]
    picture = Image.open(io.BytesIO(body))
    assert picture.format == "JPEG" and picture.width == 900
    assert picture.convert("L").getpixel((450, 300)) < 20


@pytest.mark.parametrize("content", [b"", b"not a pdf", b"%PDF-1.7\n" + b"(" * 100_000])
async def test_what_is_no_pdf_gives_no_picture(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.pdf"
    file.write_bytes(content)
    with pytest.raises(NoPicture):
        await drawn_by_child(file, 1, 900)


async def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoPicture):
        await drawn_by_child(two_pages(tmp_path / "a.pdf"), 3, 900)


async def test_a_huge_page_is_drawn_small(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(14_400, 14_400)
    document.save(tmp_path / "huge.pdf")
    _, _, body = (await drawn_by_child(tmp_path / "huge.pdf", 1, 1800)).partition(b"\n")
    assert Image.open(io.BytesIO(body)).width == 1800
    document.new_page(10, 14_400)
    document.save(tmp_path / "narrow.pdf")
    _, _, body = (await drawn_by_child(tmp_path / "narrow.pdf", 2, 1800)).partition(b"\n")
    narrow = Image.open(io.BytesIO(body))
    assert narrow.width * narrow.height <= 41_000_000


async def test_a_picture_is_drawn_once_and_swept_when_it_may_not_be_shown(store: Store, tmp_path: Path) -> None:
    calls = []

    async def counted(source: Path, number: int, width: int) -> bytes:
        calls.append(number)
        return await drawn_by_child(source, number, width)

    blob = store.blobs.put(two_pages(tmp_path / "a.pdf"))
    pictures = Pictures(store.blobs, tmp_path / "cache", counted)
    drawn = await asyncio.gather(*(pictures.page(blob.sha256, 1) for _ in range(3)))
    assert len(calls) <= 2 and drawn[0].picture.startswith(b"\xff\xd8")
    before = len(calls)
    pictures.sweep({blob.sha256})
    await pictures.page(blob.sha256, 1)
    assert len(calls) == before, "kept"
    pictures.sweep(set())
    assert not list((tmp_path / "cache").iterdir())
    assert (await pictures.page(blob.sha256, 1)).picture == drawn[0].picture, "and drawn anew when asked for"
    assert len(calls) == before + 1


async def test_a_sweep_while_a_page_is_drawn_costs_nobody_the_picture(store: Store, tmp_path: Path) -> None:
    async def swept_meanwhile(source: Path, number: int, width: int) -> bytes:
        said = await drawn_by_child(source, number, width)
        pictures.sweep(set())
        return said

    blob = store.blobs.put(two_pages(tmp_path / "a.pdf"))
    pictures = Pictures(store.blobs, tmp_path / "cache", swept_meanwhile)
    for number in (1, 2, 1):
        drawn = await pictures.page(blob.sha256, number)
        assert drawn.picture.startswith(b"\xff\xd8") and len(drawn.sizes) == 2


async def test_what_could_not_be_drawn_is_not_tried_again(store: Store, tmp_path: Path) -> None:
    calls = []

    async def failing(source: Path, number: int, width: int) -> bytes:
        calls.append(number)
        raise NoPicture("broken")

    (tmp_path / "x").write_bytes(b"x")
    blob = store.blobs.put(tmp_path / "x")
    pictures = Pictures(store.blobs, tmp_path / "cache", failing)
    for _ in range(3):
        with pytest.raises(NoPicture):
            await pictures.page(blob.sha256, 1)
    assert calls == [1, 1], "a second failure in a row is the file's, and remembered"


def test_the_service_answers_and_stops(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = office_config(tmp_path, web=WebSection("127.0.0.1", port))
    stop, ready = threading.Event(), threading.Event()
    service = threading.Thread(target=serve, args=(config, stop, ready.set), daemon=True)
    service.start()
    assert ready.wait(20)
    store = open_store(config.database, config.blobs)
    cookie = cookie_for(store, f"http://127.0.0.1:{port}", VIEWER, utc_now())
    store.close()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/events", headers={"Cookie": f"{cookie['name']}={cookie['value']}"}
    )
    stream = urllib.request.urlopen(asked, timeout=10)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        assert json.load(answer)["ok"] is True
    stop.set()
    service.join(10)
    assert not service.is_alive(), "an open event stream must not hold the service"
    stream.close()
