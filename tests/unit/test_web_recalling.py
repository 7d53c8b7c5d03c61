"""Asking the province for a paper back: when it is offered, what it asks for, and what the answer changes."""

from __future__ import annotations

import pytest

from appliance.store import Store, notices, outbox
from sync.protocol.messages import transfer_id
from sync.protocol.notices import AGREED, FINISHED, KEPT, RECALL, Notice
from sync.protocol.topics import Direction
from tests.fixtures_store import NOW
from tests.fixtures_web import LEADER, Papers, Visitor

BOX = "commune-27007"


def say(store: Store, paper: str, number: int, code: str, reason: str = "") -> None:
    """A word of the province about a paper of the box."""
    delivery = store.read(lambda db: outbox.latest(db, paper))
    assert delivery
    tid = transfer_id(BOX, paper, bytes.fromhex(delivery.sha256))
    word = Notice(BOX, bytes(8), number, Direction.UP, tid, paper, code, int(NOW.timestamp()), reason, "Văn thư tỉnh")
    store.write(lambda db: notices.take(db, word, b"envelope", NOW))


async def test_a_delivered_paper_is_asked_back_once_with_a_reason(
    visitor: Visitor, office_papers: Papers, store: Store
) -> None:
    paper = office_papers.delivered()
    path = f"/papers/{paper}/recall"
    assert path in (await visitor.get(f"/papers/{paper}"))[1]
    state, _, text = await visitor.post(path, {"reason": " "})
    assert state == 422 and "Hãy ghi lý do." in text
    assert (await visitor.post(path, {"reason": "Ban hành nhầm số"}))[1] == f"/papers/{paper}?said=recall"
    (word,) = store.read(lambda db: notices.of_document(db, paper))
    assert (word.code, word.reason, word.by, word.ours) == (RECALL, "Ban hành nhầm số", "Trần Thị Lan (văn thư)", True)
    _, text = await visitor.get(f"/papers/{paper}?said=recall")
    assert "Đã gửi yêu cầu lấy lại." in text and path not in text and "Ban hành nhầm số" in text
    assert "handling-13" not in text, "the history says it in words"
    assert (await visitor.post(path, {"reason": "lần nữa"}))[0] == 409, "the province has not answered yet"


@pytest.mark.parametrize(("answer", "again"), [(KEPT, True), (AGREED, False)])
async def test_only_a_refused_recall_can_be_repeated(
    visitor: Visitor, office_papers: Papers, store: Store, answer: str, again: bool
) -> None:
    paper = office_papers.delivered()
    path = f"/papers/{paper}/recall"
    await visitor.post(path, {"reason": "Ban hành nhầm"})
    say(store, paper, 1, answer, "Đã chuyển xử lý" if answer == KEPT else "")
    _, text = await visitor.get(f"/papers/{paper}")
    assert (path in text) is again
    assert (await visitor.post(path, {"reason": "lần nữa"}))[0] == (303 if again else 409)


async def test_what_becomes_of_a_paper_at_the_province_is_shown(
    visitor: Visitor, office_papers: Papers, store: Store
) -> None:
    paper = office_papers.delivered()
    say(store, paper, 1, FINISHED)
    _, text = await visitor.get(f"/papers/{paper}")
    section = text.partition("Xử lý ở nơi nhận")[2].partition("</section>")[0]
    assert "Hoàn thành" in section and "Văn thư tỉnh" in section


async def test_a_paper_that_was_not_delivered_and_a_leader(visitor: Visitor, office_papers: Papers) -> None:
    waiting, delivered = office_papers.digitized(), office_papers.delivered()
    assert (await visitor.post(f"/papers/{waiting}/recall", {"reason": "x"}))[0] == 409
    await visitor.become(LEADER)
    path = f"/papers/{delivered}/recall"
    assert path not in (await visitor.get(f"/papers/{delivered}"))[1]
    assert (await visitor.post(path, {"reason": "x"}))[0] == 403
