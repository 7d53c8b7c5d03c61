"""The pages as a browser gets them: what they show, what they escape, what they refuse. No network: a unix socket."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from appliance.config import Config
from appliance.domain.kinds import Kind
from appliance.domain.states import Event
from appliance.store import Store, held
from tests.fixtures_store import NOW, Clock
from tests.fixtures_web import SUBJECT, Papers, Visitor, write_link

HOSTILE = '"><script>alert(1)</script>{{7*7}}'


async def test_home_shows_figures_rows_and_held_files(visitor: Visitor, office_papers: Papers, store: Store) -> None:
    paper = office_papers.digitized()
    file = held.Held("/x/hỏng.pdf", "Văn bản đến", "hỏng.pdf", "reason-needed", {}, NOW)
    store.write(lambda db: held.hold(db, file))
    state, text = await visitor.get("/")
    assert state == 200
    assert f'href="/papers/{paper}"' in text and SUBJECT in text
    assert "Chờ duyệt" in text and "hỏng.pdf" in text and "Hãy ghi lý do." in text


async def test_home_filtered_by_a_figure(visitor: Visitor, office_papers: Papers) -> None:
    waiting, done = office_papers.digitized(), office_papers.delivered()
    _, text = await visitor.get("/?show=approve")
    assert waiting in text and done not in text


async def test_the_line_says_since_when_and_how_many_wait(
    visitor: Visitor, office_papers: Papers, office: Config, web_clock: Clock
) -> None:
    from appliance import commands

    paper = office_papers.digitized()
    commands.approve(office_papers.store, paper, "Lan", web_clock())
    office_papers.enqueue(office_papers.sign(paper))
    _, text = await visitor.get("/")
    assert "Chưa cấu hình nối với tỉnh" in text and "1 văn bản chờ gửi" in text
    write_link(office, False, NOW - timedelta(minutes=48), "link-lost")
    from appliance.web.link import read_link
    from appliance.web.presenting import line_of

    line = line_of(read_link(office.link_file), 14, True, NOW)
    assert (line.tone, line.sentence, line.detail) == ("down", "Mất mạng từ 08:12", "14 văn bản chờ gửi")
    write_link(office, False, NOW, "reason-needed")
    assert line_of(read_link(office.link_file), 1, True, NOW).detail == "1 văn bản chờ gửi. Hãy ghi lý do."
    write_link(office, True, NOW)
    assert line_of(read_link(office.link_file), 0, True, NOW).sentence == "Đang kết nối tỉnh"
    office.link_file.write_text("{half")
    assert line_of(read_link(office.link_file), 0, True, NOW).tone == "unknown"


async def test_one_paper_shows_fields_history_and_its_way(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.delivered()
    state, text = await visitor.get(f"/papers/{paper}")
    assert state == 200
    for expected in (SUBJECT, "Tỉnh đã nhận và ký biên nhận", "Đã duyệt, lấy số 1/2026", "Số đến 1/2026", "4711"):
        assert expected in text
    assert "/do/" not in text, "nothing can be done with a delivered paper"


async def test_what_a_paper_says_is_escaped(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized(name=HOSTILE, fields={"subject": HOSTILE, "issuer": HOSTILE}, text=HOSTILE)
    for path in ("/", f"/papers/{paper}", f"/search?q={'alert'}", f"/search?q={HOSTILE}"):
        _, text = await visitor.get(path)
        assert "<script>alert" not in text and "49" not in text.split("</style>")[-1].split("alert(1)")[0][-3:]
    _, text = await visitor.get(f"/papers/{paper}")
    assert "&lt;script&gt;alert(1)" in text


async def test_a_suspected_secret_shows_neither_text_nor_field_nor_picture_nor_file(
    visitor: Visitor, office_papers: Papers
) -> None:
    paper = office_papers.digitized(fields={"subject": "Kế hoạch tuyệt mật X"}, text="nội dung Y")
    office_papers.quarantine(paper, Event.SUSPECTED_SECRET, "suspected-secret")
    for path in ("/", f"/papers/{paper}", "/search?q=Y", "/search?q=tuyet+mat"):
        _, text = await visitor.get(path)
        assert "Kế hoạch" not in text and "nội dung Y" not in text
    _, text = await visitor.get(f"/papers/{paper}")
    assert "Nghi là tài liệu bí mật nhà nước" in text and '<img src="/papers' not in text
    for path in ("pages/1.jpg", "files/archive", "files/original", "receipt.json"):
        state, _ = await visitor.get(f"/papers/{paper}/{path}")
        assert state == 404, path


async def test_language_follows_the_switch_and_is_remembered(visitor: Visitor) -> None:
    _, text = await visitor.get("/")
    assert '<html lang="vi">' in text and "Văn bản hôm nay" in text
    _, text = await visitor.get("/?lang=en")
    assert '<html lang="en">' in text and "Văn bản hôm nay" not in text
    _, text = await visitor.get("/")
    assert '<html lang="en">' in text
    _, text = await visitor.get("/?lang=xx")
    assert '<html lang="vi">' in text


async def test_every_answer_carries_the_strict_headers(visitor: Visitor) -> None:
    for path in ("/", "/nothing", "/static/box.css", "/healthz"):
        async with visitor.session.get(f"http://hop{path}") as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_no_page_asks_anything_from_outside(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    for path in ("/", f"/papers/{paper}", "/hand-in", "/me", "/search?q=x", "/static/box.js", "/static/box.css"):
        _, text = await visitor.get(path)
        assert "https://" not in text and "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "style=" not in text and " onclick" not in text


async def test_a_foreign_host_name_is_refused(visitor: Visitor) -> None:
    state, _ = await visitor.get("/", headers={"Host": "evil.example.com"})
    assert state == 421
    for host in ("192.168.1.5:8080", "commune-27007.example.vn", "hop.local", "[fe80::1]:80"):
        state, _ = await visitor.get("/", headers={"Host": host})
        assert state == 200, host


async def test_health_answers_without_paper_facts(visitor: Visitor, office_papers: Papers) -> None:
    office_papers.digitized()
    state, text = await visitor.get("/healthz")
    facts = json.loads(text)
    assert state == 200 and facts["ok"] and facts["waiting"] == 0 and SUBJECT not in text


async def test_unknown_paper_and_page(visitor: Visitor) -> None:
    for path in ("/papers/none", "/papers/none/files/signed", "/nothing", "/static/..%2fbase.html"):
        state, text = await visitor.get(path)
        assert state == 404 and "<h1>" in text


async def test_downloads_and_receipt(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.delivered(name="Báo cáo quý.pdf")
    async with visitor.session.get(f"http://hop/papers/{paper}/files/signed") as answer:
        assert (await answer.read()).startswith(b"%PDF-1.7 signed")
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''B%C3%A1o")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    _, text = await visitor.get(f"/papers/{paper}/receipt.json")
    facts = json.loads(text)
    assert facts["answer"] == "accepted" and facts["opened"]["number"] == 4711
    assert facts["opened"]["sha256"] == facts["sha256"]


async def test_events_tell_of_a_change(visitor: Visitor, office_papers: Papers) -> None:
    async with visitor.session.get("http://hop/events") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        await answer.content.readuntil(b"\n\n")
        await asyncio.sleep(1)
        office_papers.received()
        async with asyncio.timeout(5):
            assert (await answer.content.readuntil(b"\n\n")).startswith(b"event: changed")


async def test_a_change_between_the_page_and_its_listening_is_told(visitor: Visitor, office_papers: Papers) -> None:
    _, text = await visitor.get("/")
    number = text.partition('data-live-number="')[2].partition('"')[0]
    await asyncio.sleep(0.6)  # the watcher has seen the store once
    office_papers.received()
    await asyncio.sleep(1)  # and the change, before the page listens
    async with visitor.session.get(f"http://hop/events?since={number}") as answer:
        async with asyncio.timeout(5):
            told = await answer.content.readuntil(b"\n\n") + await answer.content.readuntil(b"\n\n")
    assert b"event: changed" in told
    _, text = await visitor.get("/")
    number = text.partition('data-live-number="')[2].partition('"')[0]
    async with visitor.session.get(f"http://hop/events?since={number}") as answer:
        await answer.content.readuntil(b"\n\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await answer.content.readuntil(b"\n\n")


async def test_a_page_picture_is_not_sent_twice(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    async with visitor.session.get(f"http://hop/papers/{paper}/pages/1.jpg") as answer:
        assert answer.status == 200 and answer.content_type == "image/jpeg"
        mark = answer.headers["ETag"]
    async with visitor.session.get(f"http://hop/papers/{paper}/pages/1.jpg", headers={"If-None-Match": mark}) as again:
        assert again.status == 304 and again.headers["Cache-Control"] == "private, no-cache"


async def test_why_something_waits_is_said_in_words(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.received()
    office_papers.fail(paper, "store-full")
    _, text = await visitor.get("/")
    assert "Ổ đĩa đầy" in text and "09:00" in text


async def test_a_refused_paper_shows_the_reason_of_the_province(visitor: Visitor, office_papers: Papers) -> None:
    from appliance import commands

    paper = office_papers.digitized(kind=Kind.APPENDIX)
    commands.approve(office_papers.store, paper, "Lan", NOW)
    office_papers.answer(office_papers.enqueue(office_papers.sign(paper)), "Tệp không đúng")
    _, text = await visitor.get(f"/papers/{paper}")
    assert "Tệp không đúng" in text and "/do/requeue" in text
