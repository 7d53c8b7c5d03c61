"""Stages and recalls over a real mosquitto, both ways (PROTOCOL.md §4.7, §5.5; Decision 28/2018)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.commands import CommandRefused
from appliance.domain.states import State
from appliance.pipeline import handling
from appliance.store import Store, events, notices, outbox, upkeep
from sync.protocol.cose import seal
from sync.protocol.notices import Heard, Notice, batch
from sync.protocol.topics import Direction, Kind, downward, upward
from sync.province.cli import main
from sync.province.handling import NotPossible
from sync.province.handling import recall as province_recall
from sync.province.store.handling import Handling
from sync.wire_identity import SigningKey
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, paper, running, utc_now, wait_for
from tests.fixtures_store import in_state, keep
from tests.integration.test_downward_wire import Intruder


def province(site: DownSite, *words: str | Path, code: int = 0) -> Any:
    folder = str(site.site.folder.root)
    answer = CliRunner().invoke(main, [*map(str, words), "--dir", folder, "--json"])
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout) if answer.stdout else answer.stderr


def codes(site: DownSite, document: str, ours: bool) -> list[str]:
    """What the province keeps of one end's words."""
    return [word.code for word in Handling(site.store).of_document(document) if word.ours is ours]


def words(store: Store, document: str) -> list[tuple[str, bool]]:
    return [(word.code, word.ours) for word in store.read(lambda db: notices.of_document(db, document))]


def test_every_stage_of_a_document_that_came_down_reaches_the_province(down_site: DownSite) -> None:
    down_site.send(paper(9_000), "den-1")
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: codes(down_site, "den-1", False) == ["01"])
        for code in ("03", "04", "05", "06"):
            handling.set_stage(store, "den-1", code, "Văn thư", utc_now())
        wait_for(lambda: codes(down_site, "den-1", False) == ["01", "03", "04", "05", "06"])
        wait_for(lambda: not store.read(lambda db: notices.unheard(db, BOX, 9)))
        held = down_site.held("den-1", store)
        assert held is not None
        assert held.stage == "06"
        history = [entry.event for entry in store.read(lambda db: list(events.entries(db, "den-1")))]
        assert history == [
            "electronic-stored", "handling-03", "number-taken", "handling-04", "handling-05", "handling-06",
            "row-filled",
        ]  # fmt: skip
        assert upkeep.verify(store).sound
    told = province(down_site, "notices", "den-1")["notices"]
    assert {word["spoken_by"] for word in told} == {"", "Văn thư"}


def test_a_refusal_is_a_notice_with_its_reason(down_site: DownSite) -> None:
    sent = down_site.send(paper(9_000), "den-1")
    down_site.looks.conclusions[sent.sha256] = "unsigned"
    with down_site.sending(), down_site.box():
        wait_for(lambda: codes(down_site, "den-1", False) == ["02"])
    (word,) = Handling(down_site.store).of_document("den-1")
    assert word.reason == "Văn bản thiếu chữ ký số theo quy định."


def test_a_stage_cannot_be_jumped_and_a_refusal_needs_a_reason(down_site: DownSite) -> None:
    down_site.send(paper(9_000), "den-1")
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.held("den-1", store))
        for code, said in (("06", "stage-cannot-follow"), ("02", "reason-needed")):
            with pytest.raises(CommandRefused, match=said):
                handling.set_stage(store, "den-1", code, "Văn thư", utc_now())
        with pytest.raises(CommandRefused, match="no-recall-asked"):
            handling.answer_recall(store, "den-1", True, "Văn thư", utc_now())
        assert words(store, "den-1") == [("01", True)]


def test_a_recall_is_agreed_and_the_bytes_are_gone(down_site: DownSite) -> None:
    down_site.send(paper(9_000), "den-1")
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.held("den-1", store))
        assert "lý do" in province(down_site, "recall", "den-1", code=3)
        assert province(down_site, "recall", "den-1", "--reason", "gửi nhầm")["boxes"] == [BOX]
        wait_for(lambda: store.read(lambda db: notices.recall_asked(db, "den-1")))
        handling.answer_recall(store, "den-1", True, "Chủ tịch", utc_now())
        wait_for(lambda: codes(down_site, "den-1", False) == ["01", "15"])
        held = down_site.held("den-1", store)
        assert held is not None
        assert held.recalled_at is not None
        assert not list(store.blobs.digests())
        verdict = upkeep.verify(store)
        assert verdict.sound
        assert not verdict.orphans
    assert "lấy lại" in province(down_site, "recall", "den-1", "--reason", "lần nữa", code=3)


def test_a_recall_may_be_refused_and_asked_again(down_site: DownSite) -> None:
    down_site.send(paper(9_000), "den-1")
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: down_site.held("den-1", store))
        province(down_site, "recall", "den-1", "--reason", "gửi nhầm")
        wait_for(lambda: store.read(lambda db: notices.recall_asked(db, "den-1")))
        handling.answer_recall(store, "den-1", False, "Chủ tịch", utc_now(), "đã phát hành")
        wait_for(lambda: codes(down_site, "den-1", False) == ["01", "16"])
        assert len(list(store.blobs.digests())) == 1
        province(down_site, "recall", "den-1", "--reason", "vẫn phải lấy lại")
        wait_for(lambda: store.read(lambda db: notices.recall_asked(db, "den-1")))


def test_a_document_recalled_before_it_arrived_is_not_taken(down_site: DownSite) -> None:
    down_site.send(paper(9_000), "den-1")
    province(down_site, "recall", "den-1", "--reason", "gửi nhầm")
    with down_site.box() as store:
        end = down_site.sending_end()
        end._next_look = time.monotonic() + 2.0  # the recall is heard before the offer
        with running(end.run):
            wait_for(lambda: down_site.answer("den-1"))
        assert down_site.held("den-1", store) is None
    assert down_site.outgoing.find("den-1")[0].code == "recalled"


def test_what_a_box_sent_is_handled_and_recalled_the_other_way(down_site: DownSite) -> None:
    """Rows as a delivery leaves them; the notices travel for real."""
    import hashlib

    from sync.province.store import Receipt, StoredDocument

    down_site.enrol()
    with down_site.sending(), down_site.box() as store:
        document = in_state(State.DELIVERED)
        keep(store, document)
        sha256 = document.current_sha256
        store.write(lambda db: outbox.enqueue(db, document.id, sha256, document.current_size, 0, {}, utc_now()))
        tid = hashlib.sha256(b"\0".join((BOX.encode(), document.id.encode(), bytes.fromhex(sha256)))).digest()[:8].hex()
        receipt = Receipt(
            1, BOX, tid, bytes(32), document.id, sha256, 10, 1, "stored", "", 0.0, bytes(32), bytes(32), b"x"
        )
        held = StoredDocument(BOX, document.id, tid, sha256, 10, 1, "outgoing", "application/pdf", {}, {}, b"", 0.0, 1)
        down_site.store.answers.commit(receipt, held)
        province(down_site, "handle", document.id, "03")
        assert "không thể" in province(down_site, "handle", document.id, "02", "--reason", "x", code=3)
        province(down_site, "handle", document.id, "06")
        wait_for(lambda: words(store, document.id) == [("03", False), ("06", False)])
        handling.ask_back(store, BOX, document.id, "Văn thư", utc_now(), "nhầm tệp")
        wait_for(lambda: codes(down_site, document.id, False) == ["13"])
        assert "lý do" in province(down_site, "answer-recall", document.id, "--refuse", code=3)
        province(down_site, "answer-recall", document.id, "--agree")
        wait_for(lambda: ("15", False) in words(store, document.id))
        assert upkeep.verify(store).chain_broken_at is None


def test_notices_wait_for_weeks_and_arrive_in_order(down_site: DownSite) -> None:
    down_site.send(paper(9_000), "den-1")
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: codes(down_site, "den-1", False) == ["01"])
    store = down_site.box_store()
    for code in ("03", *("05" for _ in range(40)), "06"):
        handling.set_stage(store, "den-1", code, "Văn thư", utc_now())
    store.close()
    with down_site.sending(), down_site.box():
        wait_for(lambda: codes(down_site, "den-1", False) == ["01", "03", *("05" for _ in range(40)), "06"])


def test_forged_replayed_and_foreign_notices_change_nothing(down_site: DownSite) -> None:
    device = SigningKey.load(down_site.enrol() / "device.key")
    stream = Handling(down_site.store).stream
    with down_site.box() as store:
        thief = Intruder(down_site, "province-sender")
        recall = Notice(BOX, stream, 1, Direction.DOWN, bytes(8), "den-1", "13", 1, "giả")
        for envelope in (
            seal(down_site.kid, recall.encode(), SigningKey.generate().sign),
            seal(BOX, recall.encode(), device.sign),
            seal(down_site.kid, Notice("commune-00002", stream, 1, Direction.DOWN, bytes(8), "d", "13", 1).encode(),
                 down_site.key.sign),
        ):  # fmt: skip
            assert thief.says(downward(BOX, Kind.NOTICE), batch([envelope]))
        wait_for(lambda: len(down_site.findings) == 3)
        assert words(store, "den-1") == []
        good = batch([seal(down_site.kid, recall.encode(), down_site.key.sign)])
        for _ in range(3):
            assert thief.says(downward(BOX, Kind.NOTICE), good)
        wait_for(lambda: words(store, "den-1") == [("13", False)])
        assert len(store.read(lambda db: list(events.entries(db, "den-1")))) == 1
        thief.link.close()


def test_a_broker_cannot_make_a_box_believe_that_its_notices_were_heard(down_site: DownSite) -> None:
    down_site.send(paper(9_000), "den-1")
    with down_site.box() as store:
        thief = Intruder(down_site, "province-sender")
        stream = store.read(lambda db: bytes(db.execute("SELECT stream FROM notice_stream").fetchone()[0]))
        store.write(lambda db: notices.say(db, Direction.DOWN, "00" * 8, "x", "01", "", "", utc_now()))
        forged = seal(down_site.kid, Heard(BOX, stream, 9).encode(), SigningKey.generate().sign)
        assert thief.says(downward(BOX, Kind.HEARD), forged)
        wait_for(lambda: "bad-signature" in down_site.findings)
        assert len(store.read(lambda db: notices.unheard(db, BOX, 9))) == 1
        assert not thief.says(upward(BOX, Kind.NOTICE), forged), "the access list"
        thief.link.close()


def test_a_province_recalls_only_what_it_sent(down_site: DownSite) -> None:
    down_site.enrol()
    with pytest.raises(NotPossible, match="no-such-document"):
        province_recall(down_site.store, "nothing", "", "lý do", "x", 0.0)
