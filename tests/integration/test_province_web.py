"""The province's pages as a browser gets them: what they say, and what they never do."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sync.province import web
from sync.province.store import Box, Presence, ProvinceStore, Receipt, StoredDocument

BOX, DOCUMENT = "commune-27007", "0197-doc"
SUBJECT = 'Về việc <script>alert("x")</script> & phòng chống bão'


def filled(root: Path) -> ProvinceStore:
    """One healthy box with one document, one that never spoke."""
    store, now = ProvinceStore(root), time.time()
    store.fleet.enrol(Box(BOX, "UBND xã Tân Phú", bytes(32), "ab" * 32, now - 86_400))
    store.fleet.enrol(Box("commune-00001", "UBND xã Mường Lát", bytes(32), "cd" * 32, now - 3 * 86_400))
    store.fleet.note_presence(Presence(BOX, True, now - 60, now - 60, 1, 100, now - 100, 0.0, 10**10, "0.1.0"))
    store.fleet.note_presence(Presence(BOX, True, now, now, 2, 1_500_000, now - 6 * 3600, 0.0, 10**10, "0.1.0"))
    receipt = Receipt(
        1, BOX, "11" * 8, bytes(32), DOCUMENT, "ab" * 32, 5, 1, "stored", "", now, bytes(32), b"d" * 32, b"C"
    )
    held = StoredDocument(
        BOX, DOCUMENT, "11" * 8, "ab" * 32, 5, 1, "outgoing", "application/pdf",
        {"subject": {"value": SUBJECT, "confidence": 0.9}, "urgency": "hoa-toc", "issued_date": "2026-11-20"},
        {"verdict": "valid", "signatures": [{"slot": "leader", "signer": "Nguyễn Văn A"}]}, b"e", now, 1,
    )  # fmt: skip
    store.answers.commit(receipt, held)
    return store


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient]:
    app = web.build(filled(tmp_path / "store"), "Tỉnh thử", ())
    async with TestClient(TestServer(app)) as made:
        yield made


async def text(client: TestClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def test_the_fleet_page_tells_what_waits_and_what_is_wrong(client: TestClient) -> None:
    page = await text(client, "/")
    for words in ("UBND xã Tân Phú", "Trực tuyến", "2 văn bản chờ gửi, cũ nhất đã 6 giờ", "Chưa từng kết nối"):
        assert words in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


async def test_one_box_and_one_document(client: TestClient) -> None:
    box = await text(client, f"/box/{BOX}")
    assert "1,5 MB" not in box
    assert "<polyline" in box
    assert "cũ nhất 6 giờ" in box
    page = await text(client, f"/document/{BOX}/{DOCUMENT}")
    for words in ("Hỏa tốc", "20/11/2026", "Nguyễn Văn A", "Lãnh đạo", "biên nhận đầu tiên của hộp", "ab" * 32):
        assert words in page
    answer = await client.get("/receipt/1")
    assert (await answer.read(), answer.headers["Content-Type"]) == (b"C", "application/cose")


@pytest.mark.parametrize(
    "path", ["/box/commune-99999", "/document/x/y", "/receipt/99", "/receipt/x", "/receipt/" + "9" * 40, "/nowhere"]
)
async def test_what_is_not_there_is_told_in_words(client: TestClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 404
    assert "Không tìm thấy" in await answer.text()


async def test_the_language_is_chosen_and_remembered(client: TestClient) -> None:
    assert '<html lang="vi">' in await text(client, "/")
    assert "Needs a look" in await text(client, "/?lang=en")
    assert "Boxes online" in await text(client, "/")
    assert "Hộp trực tuyến" in await text(client, "/?lang=vi")
    assert '<html lang="vi">' in await text(client, "/?lang=../../etc")


async def test_every_answer_is_locked_down_and_asks_nobody_else(client: TestClient) -> None:
    for path in ("/", f"/box/{BOX}", f"/document/{BOX}/{DOCUMENT}", "/nowhere", "/static/live.js", "/metrics"):
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/", f"/box/{BOX}", f"/document/{BOX}/{DOCUMENT}", "/static/province.css", "/static/live.js"):
        content = await text(client, path)
        assert re.findall(r"https?://|@import|url\(", content) == []
        assert re.findall(r"<[^>]+ (?:style|on\w+)=", content) == []


async def test_another_hosts_name_is_not_served(client: TestClient) -> None:
    for name in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
        answer = await client.get("/", headers={"Host": name})
        assert answer.status == 421
    assert (await client.get("/", headers={"Host": "localhost:1"})).status == 200


async def test_metrics_are_moments_not_ages(client: TestClient) -> None:
    page = await text(client, "/metrics")
    seen = re.search(r'commune_box_last_seen_timestamp_seconds\{box="commune-27007"\} (\S+)', page)
    assert seen is not None
    assert float(seen[1]) == pytest.approx(time.time(), abs=30)
    assert 'commune_box_last_seen_timestamp_seconds{box="commune-00001"}' not in page
    assert 'commune_box_outbox_documents{box="commune-27007"} 2.000' in page
    assert all(re.fullmatch(r'# .*|\w+\{box="commune-\d{5}"\} -?\d+\.\d{3}', line) for line in page.splitlines())


async def test_a_change_is_told_to_an_open_page(client: TestClient) -> None:
    async with client.get("/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        await stream.content.readuntil(b"\n\n")
        store = client.app[web.STORE]  # type: ignore[union-attr]
        await asyncio.to_thread(store.fleet.touch, "commune-00001", time.time())
        said = await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 5)
        assert said == b"event: changed\ndata: 1\n\n"
