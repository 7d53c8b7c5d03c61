"""The province's pages as a browser gets them: what they say, and what they never do."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from sync.province.people.rules import Role
from sync.province.store import Box, Presence, ProvinceStore, Receipt, StoredDocument
from tests.fixtures_province_web import Visitor, visiting

BOX, DOCUMENT = "commune-27007", "0197-doc"
SUBJECT = 'Về việc <script>alert("x")</script> & phòng chống bão'


def filled(root: Path) -> ProvinceStore:
    """One healthy box with one document, one that never spoke."""
    store, now = ProvinceStore(root), time.time()
    store.fleet.enrol(Box(BOX, "UBND xã Tân Phú", bytes(32), "ab" * 32, now - 86_400))
    store.fleet.enrol(Box("commune-00001", "UBND xã Mường Lát", bytes(32), "cd" * 32, now - 3 * 86_400))
    store.fleet.note_presence(Presence(BOX, True, now - 1800, now - 1800, 1, 100, now - 1900, 0.0, 10**10, "0.1.0"))
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
async def client(tmp_path: Path) -> AsyncIterator[Visitor]:
    async with visiting(filled(tmp_path / "store"), Role.GIAM_SAT) as made:
        yield made


async def text(client: Visitor, path: str) -> str:
    return await client.text(path)


async def test_the_fleet_page_tells_what_waits_and_what_is_wrong(client: Visitor) -> None:
    page = await text(client, "/")
    for words in ("UBND xã Tân Phú", "Trực tuyến", "6 giờ, từ", "Văn bản chờ lâu", "Chưa từng kết nối"):
        assert words in page
    assert page.index("Tân Phú") < page.index("Mường Lát"), "who is called first stands first"


async def test_one_box_and_one_document(client: Visitor) -> None:
    box = await text(client, f"/box/{BOX}")
    assert "&lt;script&gt;" in box
    assert "<script>alert" not in box
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
async def test_what_is_not_there_is_told_in_words(client: Visitor, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 404
    assert "Không tìm thấy" in await answer.text()


async def test_the_language_is_chosen_and_remembered(client: Visitor) -> None:
    assert '<html lang="vi">' in await text(client, "/")
    assert "Call first" in await text(client, "/?lang=en")
    assert "Boxes online" in await text(client, "/")
    assert "Hộp trực tuyến" in await text(client, "/?lang=vi")
    assert '<html lang="vi">' in await text(client, "/?lang=../../etc")


async def test_every_answer_is_locked_down_and_asks_nobody_else(client: Visitor) -> None:
    for path in (
        "/",
        f"/box/{BOX}",
        f"/document/{BOX}/{DOCUMENT}",
        "/nowhere",
        "/static/live.js",
        "/metrics",
        "/sign-in",
        "/password",
    ):
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    pages = ("/", f"/box/{BOX}", f"/document/{BOX}/{DOCUMENT}", "/password")
    for path in (*pages, "/static/province.css", "/static/wall.css", "/static/live.js", "/static/wall.js"):
        content = await text(client, path)
        assert re.findall(r"https?://|@import|url\(", content) == []
        assert re.findall(r"<[^>]+ (?:style|on\w+)=", content) == []


async def test_another_hosts_name_is_not_served(client: Visitor) -> None:
    for name in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
        answer = await client.get("/", headers={"Host": name})
        assert answer.status == 421
    assert (await client.get("/", headers={"Host": "localhost:1"})).status == 200


async def test_metrics_are_moments_not_ages(client: Visitor) -> None:
    page = await text(client, "/metrics")
    seen = re.search(r'commune_box_last_seen_timestamp_seconds\{box="commune-27007"\} (\S+)', page)
    assert seen is not None
    assert float(seen[1]) == pytest.approx(time.time(), abs=30)
    assert 'commune_box_last_seen_timestamp_seconds{box="commune-00001"}' not in page
    assert 'commune_box_outbox_documents{box="commune-27007"} 2.000' in page
    sample = r'\w+\{box="commune-\d{5}"(,code="[a-z-]+",quiet="(true|false)")?\} -?\d+(\.\d{3})?'
    assert [line for line in page.splitlines() if not re.fullmatch(rf"# .*|{sample}", line)] == []
    assert 'commune_box_finding{box="commune-27007",code="waiting-long",quiet="false"} 2' in page


async def event(stream: ClientResponse) -> tuple[str, dict]:
    """The next event that is not a ping."""
    while True:
        said = (await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 30)).decode()
        if said.startswith("event: "):
            name, _, facts = said.removeprefix("event: ").partition("\ndata: ")
            return name, json.loads(facts)


def version_of(page: str) -> str:
    found = re.search(r'data-version="(\d+)"', page)
    assert found
    return found[1]


async def test_only_rows_that_changed_are_sent_to_an_open_wall(client: Visitor) -> None:
    version = version_of(await text(client, "/"))
    async with client.client.get(f"/events?wall={version}") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        now = time.time()
        presence = Presence("commune-00001", True, now, now, 0, 0, None, 0.0, 10**10, "0.1.0")
        await asyncio.to_thread(client.store.fleet.note_presence, presence)
        while True:
            name, facts = await event(stream)
            assert name == "rows"
            if facts["rows"]:
                break
        ((box, before, markup),) = facts["rows"]
        assert (box, before) == ("commune-00001", BOX), "after the box that needs a call"
        assert "Trực tuyến" in markup
        assert facts["version"] > int(version)


async def test_a_wall_from_before_a_restart_is_loaded_anew(client: Visitor) -> None:
    for version in ("0", "9" * 15, "x"):
        async with client.client.get(f"/events?wall={version}") as stream:
            assert (await event(stream))[0] == "reload"


async def test_a_boxs_page_hears_of_its_own_box_only(client: Visitor) -> None:
    async with client.client.get(f"/events?box={BOX}") as stream:
        await stream.content.readuntil(b"\n\n")
        await asyncio.sleep(1.5)  # the stream has looked once
        now = time.time()
        other = Presence("commune-00001", True, now, now, 7)
        await asyncio.to_thread(client.store.fleet.note_presence, other)
        await asyncio.sleep(2.5)
        mine = Presence(BOX, True, now, now, 9, 100, now - 7 * 3600)
        await asyncio.to_thread(client.store.fleet.note_presence, mine)
        assert (await event(stream))[0] == "changed"
        assert stream.content.total_bytes < 100, "one word for two changes"


async def test_the_wall_is_filtered_and_sorted_without_a_script(client: Visitor) -> None:
    assert "Mường Lát" not in await text(client, "/?q=tan+phu")
    assert "Tân Phú" in await text(client, "/?q=PHÚ+tân")
    assert "Mường Lát" in await text(client, "/?q=00001")
    assert "Tân Phú" not in await text(client, "/?show=off")
    assert "Mường Lát" not in await text(client, "/?show=waiting")
    page = await text(client, "/?sort=name")
    assert page.index("Mường Lát") < page.index("Tân Phú")
    assert 'class="wall tiles"' in await text(client, "/?view=tiles")
    assert 'class="wall tiles"' in await text(client, "/"), "remembered"
