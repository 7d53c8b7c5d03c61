"""Electronic documents of the province at the pages: what is shown, every stage, refusal, recall, what is gone."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest

from appliance.store import Store, incoming, notices, views
from appliance.store.incoming import Electronic
from sync.protocol.notices import RECALL, Notice
from sync.protocol.topics import Direction
from tests.fixtures_books import electronic, take_electronic
from tests.fixtures_store import NOW
from tests.fixtures_web import CLERK, LEADER, VIEWER, Papers, Visitor

SUBJECT = "Về việc triển khai Tết trồng cây"


@pytest.fixture
def arrived(store: Store, office_papers: Papers) -> Electronic:
    """One electronic document with its bytes."""
    sha256, size = office_papers.blob(b"%PDF-1.7 from the province")
    plain = electronic(1, NOW, subject=SUBJECT, code="31/UBND-NN", issuer="UBND tỉnh Thượng Giang")
    one = dataclasses.replace(plain, sha256=sha256, size=size)
    store.write(lambda db: take_electronic(db, one))
    return one


def found(store: Store, one: Electronic) -> Electronic:
    again = store.read(lambda db: incoming.find(db, one.document_id))
    assert again
    return again


def ask_back(store: Store, one: Electronic) -> None:
    """The province asks for the document back."""
    tid = hashlib.sha256(one.tid.encode()).digest()[:8]
    notice = Notice(
        "commune-27007",
        bytes(8),
        1,
        Direction.DOWN,
        tid,
        one.document_id,
        RECALL,
        int(NOW.timestamp()),
        "Ban hành nhầm",
    )
    store.write(lambda db: notices.take(db, notice, b"envelope", NOW))


async def test_the_list_shows_what_waits_first(visitor: Visitor, store: Store, arrived: Electronic) -> None:
    urgent = dataclasses.replace(electronic(2, NOW, subject="Hỏa tốc phòng chống bão"), priority=3)
    store.write(lambda db: take_electronic(db, urgent))
    _, text = await visitor.get("/incoming")
    assert text.index("Hỏa tốc phòng chống bão") < text.index(SUBJECT)
    assert "Chờ tiếp nhận" in text and "31/UBND-NN" in text


async def test_taking_up_enters_the_register_and_tells_the_province(
    visitor: Visitor, store: Store, arrived: Electronic
) -> None:
    path = f"/incoming/{arrived.document_id}"
    state, text = await visitor.get(path)
    assert state == 200 and SUBJECT in text and "Tiếp nhận, vào sổ đến" in text and "Hoàn thành" not in text
    state, where, _ = await visitor.post(f"{path}/stage", {"code": "03"})
    assert (state, where) == (303, f"{path}?said=stage-03")
    _, text = await visitor.get(where)
    assert "Số đến 1/2026" in text and "ghi vào sổ văn bản đến" in text and "Phân công xử lý" in text
    assert "tỉnh chưa nhận được tin" in text and "Trần Thị Lan (văn thư)" in text
    (word,) = store.read(lambda db: notices.of_document(db, arrived.document_id))
    assert (word.code, word.by) == ("03", "Trần Thị Lan (văn thư)")


async def test_refusing_needs_a_reason(visitor: Visitor, store: Store, arrived: Electronic) -> None:
    path = f"/incoming/{arrived.document_id}"
    state, _, text = await visitor.post(f"{path}/stage", {"code": "02", "reason": " "})
    assert state == 422 and "Hãy ghi lý do." in text and found(store, arrived).stage == "01"
    state, where, _ = await visitor.post(f"{path}/stage", {"code": "02", "reason": "Gửi nhầm đơn vị"})
    assert (state, where) == (303, f"{path}?said=stage-02")
    _, text = await visitor.get(path)
    assert "Gửi nhầm đơn vị" in text and f"{path}/stage" not in text, "a refusal ends handling"


async def test_a_stage_that_cannot_follow_is_told_in_words(visitor: Visitor, store: Store, arrived: Electronic) -> None:
    path = f"/incoming/{arrived.document_id}"
    state, _, text = await visitor.post(f"{path}/stage", {"code": "06"})
    assert state == 409 and "Đã đến" in text and "Hoàn thành" in text and found(store, arrived).stage == "01"
    for code in ("01", "13", "15", "99", ""):
        assert (await visitor.post(f"{path}/stage", {"code": code}))[0] == 400, code


async def test_a_recall_is_answered_and_its_bytes_are_gone(visitor: Visitor, store: Store, arrived: Electronic) -> None:
    path = f"/incoming/{arrived.document_id}"
    assert (await visitor.post(f"{path}/recall", {"code": "15"}))[0] == 409, "nobody asked"
    ask_back(store, arrived)
    _, text = await visitor.get(path)
    assert "Nơi gửi yêu cầu lấy lại văn bản này." in text and "Ban hành nhầm" in text and f"{path}/stage" not in text
    assert (await visitor.post(f"{path}/recall", {"code": "16", "reason": ""}))[0] == 422
    assert arrived.sha256 in store.read(views.showable_digests)
    assert (await visitor.post(f"{path}/recall", {"code": "15"}))[1] == f"{path}?said=stage-15"
    assert not store.blobs.path(arrived.sha256).exists()
    assert arrived.sha256 not in store.read(views.showable_digests)
    for gone in ("file", "pages/1.jpg"):
        assert (await visitor.get(f"{path}/{gone}"))[0] == 404, gone
    assert "Tệp đã xóa khỏi hộp" in (await visitor.get(path))[1]


async def test_pages_and_file_are_those_of_the_document(visitor: Visitor, store: Store, arrived: Electronic) -> None:
    path = f"/incoming/{arrived.document_id}"
    assert f"{path}/pages/2.jpg" in (await visitor.get(path))[1]
    assert (await visitor.get(f"{path}/pages/3.jpg"))[0] == 404
    async with visitor.session.get(f"http://hop{path}/file") as answer:
        assert await answer.read() == b"%PDF-1.7 from the province"
        assert "31-UBND-NN.pdf" in answer.headers["Content-Disposition"]
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (await visitor.get("/incoming/none"))[0] == 404


@pytest.mark.parametrize(
    ("verdict", "sentence"), [("invalid", "KHÔNG HỢP LỆ"), ("untrusted", "CHƯA TIN CẬY"), ("valid", "HỢP LỆ")]
)
async def test_the_verdict_is_said_in_words(
    visitor: Visitor, store: Store, arrived: Electronic, verdict: str, sentence: str
) -> None:
    facts: dict[str, Any] = {"verdict": verdict, "conclusion": verdict, "signatures": [], "reasons": [], "pdfa": True}
    one = dataclasses.replace(electronic(5, NOW), signatures=facts, sha256=arrived.sha256)
    store.write(lambda db: take_electronic(db, one))
    assert sentence in (await visitor.get(f"/incoming/{one.document_id}"))[1]
    assert (sentence in (await visitor.get("/incoming"))[1]) is (verdict != "valid")


async def test_who_may_answer(visitor: Visitor, store: Store, arrived: Electronic) -> None:
    path = f"/incoming/{arrived.document_id}"
    for who, stage, recall in ((VIEWER, 403, 403), (LEADER, 303, 403), (CLERK, 303, 409)):
        await visitor.become(who)
        assert (await visitor.get(path))[0] == 200
        code = "03" if found(store, arrived).stage == "01" else "05"
        assert (await visitor.post(f"{path}/stage", {"code": code}))[0] == stage, who
        assert (await visitor.post(f"{path}/recall", {"code": "15"}))[0] == recall, who
