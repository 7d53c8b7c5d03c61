"""Bringing files in by the browser: whole or not at all, with a name that can do no harm."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
from aiohttp import FormData

from appliance.config import Config
from appliance.web import handing_in
from appliance.web.handing_in import safe_name
from tests.fixtures_web import Visitor

PDF = b"%PDF-1.7\n" + b"x" * 700_000


def parts(*files: tuple[str, bytes], folder: str = "0") -> FormData:
    """A form as the browser sends it."""
    form = FormData(quote_fields=False)  # browsers send names as plain UTF-8
    form.add_field("folder", folder)
    for name, content in files:
        form.add_field("file", content, filename=name)
    return form


def inside(office: Config, index: int = 0) -> dict[str, bytes]:
    """Everything in a drop folder, hidden or not."""
    return {file.name: file.read_bytes() for file in office.folders[index].path.iterdir()}


async def test_files_arrive_whole_in_the_chosen_folder(visitor: Visitor, office: Config) -> None:
    state, _, text = await visitor.post(
        "/hand-in", parts(("Tờ trình số 15.pdf", PDF), ("a.png", b"\x89PNG\r\n\x1a\nx"), folder="1")
    )
    assert state == 200
    assert "Tờ trình số 15.pdf" in text
    assert "đã vào thư mục Văn bản đi" in text
    assert inside(office, 1) == {"Tờ trình số 15.pdf": PDF, "a.png": b"\x89PNG\r\n\x1a\nx"}
    assert inside(office, 0) == {}


async def test_whatever_the_intake_takes_is_taken_here(visitor: Visitor, office: Config) -> None:
    photo, mailed = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 90, b"\r\n--gate--\r\n" + PDF
    state, _, _ = await visitor.post("/hand-in", parts(("IMG_1.HEIC", photo), ("thư.pdf", mailed)))
    assert state == 200 and inside(office) == {"IMG_1.HEIC": photo, "thư.pdf": mailed}
    assert ".heic" in (await visitor.get("/hand-in"))[1].split("accept=", 1)[1].split(">", 1)[0]


async def test_a_name_in_use_is_not_written_over(visitor: Visitor, office: Config) -> None:
    for _ in range(3):
        await visitor.post("/hand-in", parts(("scan.pdf", PDF)))
    assert sorted(inside(office)) == ["scan (2).pdf", "scan (3).pdf", "scan.pdf"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("virus.exe", b"MZ"), ("page.html", b"<html>"), ("notes.pdf", b"hello"), ("empty.pdf", b"")],
)
async def test_other_formats_leave_nothing(visitor: Visitor, office: Config, name: str, content: bytes) -> None:
    state, _, text = await visitor.post("/hand-in", parts((name, content)))
    assert state == 422 and "PDF, TIFF, JPEG, PNG hoặc HEIC" in text
    assert inside(office) == {}


async def test_one_refused_file_does_not_stop_the_next(visitor: Visitor, office: Config) -> None:
    headers = {"Origin": "http://hop", "Accept": "application/json"}
    state, _, text = await visitor.post("/hand-in", parts(("x.exe", PDF), ("b.pdf", PDF)), headers)
    files = json.loads(text)["files"]
    assert state == 200 and [bool(each["refused"]) for each in files] == [True, False]
    assert list(inside(office)) == ["b.pdf"]


async def test_a_file_beyond_the_limit_leaves_nothing(
    visitor: Visitor, office: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_in, "LARGEST", 500_000)
    state, _, text = await visitor.post("/hand-in", parts(("a.pdf", PDF)))
    assert state == 422 and "lớn hơn" in text and inside(office) == {}


async def test_a_full_disk_leaves_nothing(visitor: Visitor, office: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    state, _, text = await visitor.post("/hand-in", parts(("a.pdf", PDF)))
    assert state == 422 and "không còn đủ chỗ" in text and inside(office) == {}


async def test_a_connection_that_breaks_leaves_nothing(visitor: Visitor, office: Config) -> None:
    socket = visitor.session.connector.path  # type: ignore[union-attr]
    _reader, writer = await asyncio.open_unix_connection(socket)
    body = b"--B\r\nContent-Disposition: form-data; name=folder\r\n\r\n0\r\n"
    body += b'--B\r\nContent-Disposition: form-data; name=file; filename="a.pdf"\r\n\r\n' + PDF
    (cookie,) = visitor.session.cookie_jar
    head = (
        "POST /hand-in HTTP/1.1\r\nHost: hop\r\nOrigin: http://hop\r\nContent-Type: multipart/form-data; boundary=B\r\n"
        f"Cookie: {cookie.key}={cookie.value}\r\nX-Commune-Csrf: {visitor.token}\r\n"
    )
    writer.write(head.encode() + f"Content-Length: {len(body) + 5000}\r\n\r\n".encode() + body)
    await writer.drain()
    await _until(lambda: any(name.endswith(".part") for name in inside(office)))
    writer.close()
    await writer.wait_closed()
    await _until(lambda: inside(office) == {})


async def test_a_body_that_ends_before_its_last_boundary_leaves_nothing(visitor: Visitor, office: Config) -> None:
    body = b"--B\r\nContent-Disposition: form-data; name=folder\r\n\r\n0\r\n"
    body += b'--B\r\nContent-Disposition: form-data; name=file; filename="a.pdf"\r\n\r\n' + PDF
    headers = {"Origin": "http://hop", "Content-Type": "multipart/form-data; boundary=B"}
    state, _, _ = await visitor.post("/hand-in", body, headers)
    assert state in (400, 422) and inside(office) == {}


@pytest.mark.parametrize("folder", ["2", "-1", "x", "../../etc", "٣"])
async def test_only_configured_folders(visitor: Visitor, office: Config, folder: str) -> None:
    state, _, _ = await visitor.post("/hand-in", parts(("a.pdf", PDF), folder=folder))
    assert state == 400 and inside(office) == {}


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\Lan\\Quyết định.pdf", "Quyết định.pdf"),
        (".hidden.pdf", "hidden.pdf"),
        ("a\x00b\n.pdf", "a b.pdf"),
        ('tờ "1": <x>?.pdf', "tờ -1-- -x--.pdf"),
        (".pdf", "pdf"),
        ("", "ban-quet"),
        ("Uỷ ban.pdf", "Uỷ ban.pdf"),
    ],
)
def test_safe_names(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_a_long_name_keeps_its_ending() -> None:
    name = safe_name("Ủy ban nhân dân " * 40 + ".pdf")
    assert len(name.encode()) <= 180 and name.endswith(".pdf")


async def _until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.02)
