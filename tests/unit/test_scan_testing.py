"""Trying out a drop folder: the page is read and no document; a real paper that came instead is never lost."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance import scan_testing
from appliance.commands import CommandRefused
from appliance.config import Config
from appliance.domain.states import State
from appliance.health import pages_without_answer
from appliance.pipeline.receiving import BoxCustodian
from appliance.pipeline.scan_tests import ReadsTestPages, facts_of
from appliance.services.worker import sweep
from appliance.store import Store, documents, events, scan_tests, upkeep
from appliance.store.scan_tests import ScanTest
from appliance.wording import text_of
from scanner_intake.custody import Answer, Claim
from scanner_intake.digitized import Digitized, Limits, Marking
from scanner_intake.glance import Glance
from tests.fixtures_store import NOW, Clock
from tests.fixtures_web import ADMINISTRATOR, Visitor

BY = "Hoàng Văn Bình (quản trị)"
FOLDER = "Văn bản đến"
GOOD = Digitized("ok", 1, text=("Trang thử máy quét của Ủy ban nhân dân xã Đồng Mận, ngày hai mốt tháng mười một",))
SEEN = Glance(1, (300,), ("colour",), ((210, 297),))


class Scanner:
    """Drops files, and has the page read: by the real intake's custodian and the worker's turn, without OCR."""

    def __init__(self, store: Store, folder: Path, clock: Clock) -> None:
        self.store, self.folder, self.clock = store, folder, clock
        self.custodian = BoxCustodian(store, clock)

    def scan(self, content: bytes = b"%PDF-1.7 page", claim_id: str = "claim-1") -> Answer:
        file = self.folder / claim_id
        file.write_bytes(content)
        claim = Claim(claim_id, file, "Quét 01.pdf", FOLDER, "incoming-scan", "policy", len(content), NOW, "khan")
        answer = self.custodian.accept(claim)
        assert isinstance(answer, Answer)
        return answer

    def read(self, result: Digitized = GOOD, seen: Glance = SEEN) -> bool:
        reading = ReadsTestPages(
            self.store, self.folder / "work", Limits(), "vie", lambda *_: result, lambda *_: seen, clock=self.clock
        )
        return reading.turn()

    def last(self) -> ScanTest:
        found = self.store.read(lambda db: scan_tests.last_of(db, FOLDER))
        assert found
        return found


@pytest.fixture
def scanner(store: Store, tmp_path: Path, web_clock: Clock) -> Scanner:
    (tmp_path / "scanner").mkdir()
    return Scanner(store, tmp_path / "scanner", web_clock)


def papers(store: Store) -> list[Any]:
    return store.read(lambda db: documents.listed(db))


def told(store: Store, test_id: str) -> list[str]:
    return [one.event for one in store.read(lambda db: list(events.entries(db, f"scan-test:{test_id}")))]


def test_the_page_is_read_thrown_away_and_never_a_document(store: Store, scanner: Scanner) -> None:
    asked = scan_testing.ask(store, FOLDER, BY, NOW)
    assert scanner.scan() is Answer.TAKEN and scanner.scan() is Answer.TAKEN  # the claim comes again after a crash
    assert scanner.last().state == "arrived" and not papers(store)
    assert sweep(store, timedelta(seconds=-5)) == []  # its bytes are mentioned
    assert scanner.read() and not scanner.read()
    found = scanner.last()
    assert found.state == "read" and found.facts["good"] and found.facts["dpi"] == [300]
    assert found.facts["words"] == 18 and found.facts["beginning"].startswith("Trang thử")
    scan_testing.throw_away(store, asked.id, BY, NOW)
    after = scanner.last()
    assert after.state == "thrown-away" and after.facts["good"] and "beginning" not in after.facts
    assert not papers(store) and list(store.blobs.digests()) == []
    assert scanner.scan() is Answer.TAKEN and not papers(store)  # and the claim once more
    assert told(store, asked.id) == ["scan-test-asked", "scan-test-arrived", "scan-test-thrown-away"]
    assert store.read(scan_tests.proved) == frozenset({FOLDER})
    sweep(store, timedelta(seconds=-5))
    assert upkeep.verify(store).sound and not upkeep.verify(store).orphans


def test_only_the_next_file_is_the_page_and_only_for_a_while(store: Store, scanner: Scanner) -> None:
    asked = scan_testing.ask(store, FOLDER, BY, NOW)
    scanner.scan()
    scanner.scan(b"%PDF-1.7 a paper", "claim-2")
    assert [one.id for one in papers(store)] == ["claim-2"]
    scan_testing.throw_away(store, asked.id, BY, NOW)
    scan_testing.ask(store, FOLDER, BY, NOW)
    scanner.clock.now += scan_testing.WAITS
    scanner.scan(b"%PDF-1.7 too late", "claim-3")
    assert {one.id for one in papers(store)} == {"claim-2", "claim-3"}


def test_a_real_paper_goes_on_as_it_came(store: Store, scanner: Scanner) -> None:
    asked = scan_testing.ask(store, FOLDER, BY, NOW)
    scanner.scan()
    scanner.read()
    assert scan_testing.take_in(store, asked.id, BY, NOW) == "claim-1"
    (paper,) = papers(store)
    assert (paper.state, paper.policy, paper.folder) == (State.RECEIVED, "policy", FOLDER)
    assert paper.original_name == "Quét 01.pdf" and paper.value("urgency") == "khan"
    assert store.blobs.existing(paper.original_sha256).read_bytes() == b"%PDF-1.7 page"
    assert scanner.scan() is Answer.TAKEN and len(papers(store)) == 1
    with pytest.raises(CommandRefused, match="scan-test-not-there"):
        scan_testing.throw_away(store, asked.id, BY, NOW)
    assert upkeep.verify(store).sound


def test_a_suspected_secret_is_no_test_page(store: Store, scanner: Scanner) -> None:
    asked = scan_testing.ask(store, FOLDER, BY, NOW)
    scanner.scan()
    marking = Marking("secrecy", "mat", 1, (0.0, 0.0, 1.0, 1.0), 0.9)
    scanner.read(Digitized("suspected-secret", 1, markings=(marking,), code="suspected-secret"))
    (paper,) = papers(store)  # the worker digitizes it again, and its gate sets it aside
    assert paper.id == "claim-1" and scanner.last().state == "taken-in"
    assert scanner.last().ended_by == "worker" and told(store, asked.id)[-1] == "scan-test-taken-in"


def test_the_same_file_as_a_paper_of_the_box_is_thrown_away_without_the_papers_bytes(
    store: Store, scanner: Scanner
) -> None:
    scanner.scan(claim_id="claim-0")
    asked = scan_testing.ask(store, FOLDER, BY, NOW)
    scanner.scan()
    with pytest.raises(CommandRefused, match="scan-test-twin"):
        scan_testing.take_in(store, asked.id, BY, NOW)
    scan_testing.throw_away(store, asked.id, BY, NOW)
    (paper,) = papers(store)
    assert store.blobs.existing(paper.original_sha256).is_file()


def test_a_try_is_asked_anew_and_given_up_but_not_over_a_page(store: Store, scanner: Scanner) -> None:
    first = scan_testing.ask(store, FOLDER, BY, NOW)
    second = scan_testing.ask(store, FOLDER, BY, NOW + timedelta(minutes=1))
    assert told(store, first.id) == ["scan-test-asked"] and scanner.last().id == second.id
    scan_testing.give_up(store, second.id, BY, NOW)
    assert scanner.last().state == "given-up"
    scanner.scan()
    assert len(papers(store)) == 1
    third = scan_testing.ask(store, FOLDER, BY, NOW + timedelta(minutes=2))
    scanner.clock.now += timedelta(minutes=3)
    scanner.scan(b"%PDF-1.7 other", "claim-2")
    for refused in (
        lambda: scan_testing.ask(store, FOLDER, BY, NOW + timedelta(minutes=4)),
        lambda: scan_testing.give_up(store, third.id, BY, NOW),
        lambda: scan_testing.give_up(store, "none", BY, NOW),
    ):
        with pytest.raises(CommandRefused):
            refused()


@pytest.mark.parametrize(
    ("seen", "text", "codes"),
    [
        (SEEN, GOOD.text, []),
        (dataclasses.replace(SEEN, dpi=(150,)), GOOD.text, ["scan-coarse"]),
        (dataclasses.replace(SEEN, dpi=(600,)), GOOD.text, ["scan-fine"]),
        (dataclasses.replace(SEEN, colours=("black-and-white",)), GOOD.text, ["scan-no-colour"]),
        (dataclasses.replace(SEEN, dpi=(0,), colours=("drawn",)), GOOD.text, []),
        (dataclasses.replace(SEEN, colours=("gray",)), ("một hai ba",), ["scan-few-words", "scan-no-colour"]),
    ],
)
def test_what_should_be_set_otherwise_is_told(seen: Glance, text: tuple[str, ...], codes: list[str]) -> None:
    facts = facts_of(seen, Digitized("ok", 1, text=text))
    assert facts["advice"] == codes and facts["good"] == ("scan-few-words" not in codes)


def test_a_page_that_cannot_be_read_says_why(store: Store, scanner: Scanner) -> None:
    scan_testing.ask(store, FOLDER, BY, NOW)
    scanner.scan()
    scanner.read(Digitized("needs-password", code="needs-password"), Glance(code="needs-password"))
    facts = scanner.last().facts
    assert (facts["good"], facts["code"], facts["advice"], facts["beginning"]) == (False, "needs-password", [], "")
    assert store.read(scan_tests.proved) == frozenset()


async def test_the_page_follows_a_try_to_its_end(
    stranger: Visitor, store: Store, office: Config, scanner: Scanner
) -> None:
    await stranger.become(ADMINISTRATOR)

    async def shown() -> str:
        state, text = await stranger.get("/setup/folders")
        assert state == 200
        return text

    assert (await shown()).count("Thử thư mục này") == 2
    assert (await stranger.post("/setup/folders/2/test"))[0] == 404
    state, where, _ = await stranger.post("/setup/folders/0/test")
    assert (state, where) == (303, "/setup/folders#folder-0")
    text = await shown()
    assert "bấm quét ngay bây giờ" in text and text.count("Thử thư mục này") == 1
    scanner.scan()
    assert "hộp đang đọc…" in await shown()
    scanner.read(GOOD, dataclasses.replace(SEEN, dpi=(150,), colours=("gray",)))
    text = await shown()
    assert "150 dpi" in text and "xám" in text and "210 × 297 mm" in text and "Trang thử máy quét" in text
    assert "Hãy đặt 300 dpi" in text and "Nên đặt quét màu" in text
    state, _, text = await stranger.post("/setup/folders/0/test")
    assert state == 409 and "còn chờ bạn trả lời" in text
    address = f"/setup/folders/tests/{scanner.last().id}"
    assert (await stranger.post(f"{address}/burn"))[0] == 404
    state, where, _ = await stranger.post(f"{address}/throw-away")
    assert (state, where) == (303, "/setup/folders?said=scan-test-throw-away")
    text = await shown()
    assert "đã thử" in text and "18 từ" in text and "Trang thử máy quét" not in text
    assert not papers(store)
    _, steps = await stranger.get("/setup")
    assert "Chưa thử: Văn bản đi" in steps


async def test_a_folder_that_is_away_and_a_try_without_a_page_are_said(
    stranger: Visitor, office: Config, web_clock: Clock
) -> None:
    await stranger.become(ADMINISTRATOR)
    await stranger.post("/setup/folders/0/test")
    web_clock.now += scan_testing.WAITS
    shutil.rmtree(office.folders[1].path)
    _, text = await stranger.get("/setup/folders")
    assert "không thấy trang nào đến" in text and "Không có thư mục nhận bản quét" in text


async def test_a_real_paper_is_taken_in_from_the_page(stranger: Visitor, store: Store, scanner: Scanner) -> None:
    await stranger.become(ADMINISTRATOR)
    await stranger.post("/setup/folders/0/test")
    scanner.scan()
    scanner.read()
    state, where, _ = await stranger.post(f"/setup/folders/tests/{scanner.last().id}/take-in")
    assert (state, where) == (303, "/setup/folders?said=scan-test-take-in")
    (paper,) = papers(store)
    (first, *_rest) = store.read(lambda db: list(events.entries(db, paper.id)))
    assert first.by == BY and first.detail["scan_test"] == scanner.last().id


async def test_a_page_that_nobody_answers_about_is_told(stranger: Visitor, store: Store, scanner: Scanner) -> None:
    await stranger.become(ADMINISTRATOR)
    await stranger.post("/setup/folders/0/test")
    assert "còn chờ bạn trả lời" not in (await stranger.get("/"))[1]
    scanner.scan()
    assert "1 trang thử máy quét còn chờ bạn trả lời" in (await stranger.get("/"))[1]

    def told() -> list[str]:
        return [text_of(one.code, **one.params) for one in pages_without_answer(store, scanner.clock())]

    assert told() == []
    scanner.clock.now += timedelta(minutes=31)
    (sentence,) = told()
    assert f"“{FOLDER}”" in sentence and "còn chờ trả lời ở trang Thiết lập" in sentence
    await stranger.sign_in_again()
    await stranger.post(f"/setup/folders/tests/{scanner.last().id}/throw-away")
    assert told() == [] and "trang thử" not in (await stranger.get("/"))[1]
