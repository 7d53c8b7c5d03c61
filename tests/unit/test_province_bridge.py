"""The edXML bridge: what a packet says, what an answer means, what happens once, and after a death at any step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from sync.edxml.checking import flaws
from sync.edxml.packet import Business, Code, Packet, Priority, Processing, ProcessingReport, Response
from sync.edxml.reading import read
from sync.edxml.writing import packet_bytes, report_bytes
from sync.province.bridge.answers import LATER, PAUSES, Verdict, judged, pause
from sync.province.bridge.bridging import AlreadyBridging, Bridge
from sync.province.bridge.exchange import FolderExchange
from sync.province.bridge.ledger import Ledger
from sync.province.bridge.onward import Onward
from sync.province.bridge.packing import code_of, packet_of, safe_name
from sync.province.bridge.places import Places, attachment_names
from sync.province.bridge.settings import Settings, load
from sync.province.config import BadConfig
from sync.province.config import load as load_province
from sync.province.store import ProvinceStore
from sync.province.store.handling import Handling
from sync.province.store.outgoing import Outgoing
from tests.fixtures_bridge import BOX, COMMUNE, NOW, OFFICE, SETTINGS, bridge, deliver, pdf

LETTER = Packet(
    sender=OFFICE, receivers=(COMMUNE,), code=Code("7", "SNV-VP"), subject="Về việc họp", promulgated=date(2026, 3, 1),
    document_id="H99,2026/03/01,7/SNV-VP",
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProvinceStore]:
    opened = ProvinceStore(tmp_path / "store")
    yield opened
    opened.close()


def bring(root: Path, name: str, content: bytes) -> Path:
    """The other system puts a file into the inbox, a minute ago."""
    path = root / "edxml" / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (NOW - 60, NOW - 60))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- a document as a packet -------------------------------------------------------------------------------------------


def test_a_delivered_document_is_a_packet_that_the_checker_takes(store: ProvinceStore) -> None:
    document = store.reading.document(deliver(store, 12))
    assert document is not None
    packet = packet_of(document, pdf(12), COMMUNE, SETTINGS)
    assert flaws(packet, date(2026, 3, 5)) == ()
    assert packet.document_id == "H99.12.34,2026/03/05,12/BC-UBND"
    assert (packet.type_name, packet.type_code, packet.priority) == ("Báo cáo", "2", Priority.EXPRESS)
    assert packet.traces[0].at == datetime.fromisoformat("2026-03-05T13:00:00"), "Vietnamese time, no zone"
    assert packet.files[0].name == "12_BC-UBND.pdf" and packet.pages == 3
    for zipped in (True, False):
        again = read(packet_bytes(packet, zipped=zipped))
        assert again.oddities == ()
        assert again.packet == replace(packet, content=packet.subject)


def test_a_paper_without_number_or_day_gets_no_invented_identifier(store: ProvinceStore) -> None:
    for number, gap in enumerate(({"code_number": "", "code_notation": ""}, {"issued_date": "hôm qua"}), 1):
        document = store.reading.document(deliver(store, number, gap))
        assert document is not None
        packet = packet_of(document, b"x", COMMUNE, SETTINGS)
        assert packet.document_id == ""
        assert packet.files[0].name.endswith(".pdf")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("12", "BC-UBND", ""), Code("12", "BC-UBND")),
        (("", "", "12/BC-UBND"), Code("12", "BC-UBND")),
        (("", "", "45/2026/QĐ-UBND"), Code("45", "2026/QĐ-UBND")),
        (("", "", ""), Code("", "")),
    ],
)
def test_codes(given: tuple[str, str, str], code: Code) -> None:
    assert code_of(*given) == code


@pytest.mark.parametrize(
    "text", ["../../etc/passwd", "/etc/passwd", "..", ".an", "a\0b", "C:\\x\\y.pdf", "x" * 500, ""]
)
def test_no_name_of_a_stranger_is_a_path(text: str) -> None:
    (name,) = attachment_names([text])
    for each in (safe_name(text), name):
        assert each and not each.startswith(".") and len(each) <= 125
        assert not set(each) & set("/\\\0:")


def test_files_of_one_name_stay_apart_and_off_our_own() -> None:
    assert attachment_names(["a.pdf", "A.pdf", "packet.edxml", "facts.json"]) == [
        "a.pdf", "A-2.pdf", "packet-2.edxml", "facts-2.json",
    ]  # fmt: skip


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("http", "body", "verdict", "code"),
    [
        (200, {"success": True, "docId": "d1"}, Verdict.TAKEN, ""),
        (200, {"errorCode": 0}, Verdict.TAKEN, ""),
        (200, {"success": False, "data": {"errorCode": "10", "errorDesc": "x"}}, Verdict.REFUSED, "lgsp-10"),
        (200, {"success": False, "data": {"errorCode": "15"}}, Verdict.CLOSED, "lgsp-15"),
        (200, {"success": False, "data": {"errorCode": 18}}, Verdict.PERSON, "lgsp-18"),
        (200, {"success": False, "data": {"errorCode": "19"}}, Verdict.PERSON, "lgsp-19"),
        (500, {"ErrorCode": "20"}, Verdict.PERSON, "lgsp-20"),
        (400, {"data": {"errorCode": "21"}}, Verdict.REFUSED, "lgsp-21"),
        (400, {"data": {"errorCode": "22"}}, Verdict.REFUSED, "lgsp-22"),
        (200, {"success": False, "data": {"errorCode": "23"}}, Verdict.PERSON, "lgsp-23"),
        (200, {"success": False, "data": {"errorCode": "99"}}, Verdict.PERSON, "lgsp-99"),
        (200, {"success": False}, Verdict.PERSON, "answer-unclear"),
        (200, None, Verdict.PERSON, "answer-unclear"),
        (302, None, Verdict.CLOSED, "http-302"),
        (400, None, Verdict.REFUSED, "http-400"),
        (401, None, Verdict.CLOSED, "http-401"),
        (404, None, Verdict.CLOSED, "http-404"),
        (408, None, Verdict.AGAIN, "http-408"),
        (413, None, Verdict.REFUSED, "http-413"),
        (418, None, Verdict.PERSON, "http-418"),
        (429, None, Verdict.AGAIN, "http-429"),
        (500, None, Verdict.AGAIN, "http-500"),
        (503, ["odd"], Verdict.AGAIN, "http-503"),
    ],
)
def test_what_an_answer_means(http: int, body: Any, verdict: Verdict, code: str) -> None:
    found = judged(http, body)
    assert (found.verdict, found.code) == (verdict, code)


def test_pauses_grow_as_the_platforms_ask_and_never_end() -> None:
    assert [pause(n) for n in range(7)] == [*PAUSES, LATER, LATER]
    assert judged(429, None, "77").wait == 77 and judged(503, None, "Wed, 21 Oct").wait == 0


# --- a folder, once ---------------------------------------------------------------------------------------------------


def test_every_document_goes_out_once_and_the_rows_are_enough_to_go_on(tmp_path: Path, store: ProvinceStore) -> None:
    for number in range(1, 6):
        deliver(store, number)
    first = bridge(tmp_path, store)
    assert first.once(NOW).sent == 5
    outbox = tmp_path / "edxml" / "outbox"
    assert len(names(outbox)) == 5 and all(name.endswith(".edxml") for name in names(outbox))
    packet = read((outbox / names(outbox)[0]).read_bytes()).packet
    assert isinstance(packet, Packet) and packet.files[0].content == pdf(1)
    for path in outbox.iterdir():
        path.unlink()  # the other system takes them
    first.close()
    deliver(store, 6)
    second = bridge(tmp_path, store)
    assert second.once(NOW).sent == 1 and len(names(outbox)) == 1
    assert second.once(NOW).sent == 0
    assert second.ledger.counts() == {"gone": 6}
    second.close()


def test_one_that_cannot_go_waits_for_a_person_and_holds_up_no_other(tmp_path: Path, store: ProvinceStore) -> None:
    deliver(store, 1, {"subject": ""})
    deliver(store, 2, box="commune-00001")
    deliver(store, 3)
    deliver(store, 4, {"signer_name": "x" * 60, "issued_date": "2027-01-01"})
    made = bridge(tmp_path, store)
    done = made.once(NOW)
    assert (done.sent, done.failed) == (1, 3)
    waits = {each.rid: (each.code, each.detail) for each in made.ledger.outgoing("person")}
    assert waits[1] == ("edxml-missing", "Subject")
    assert waits[2] == ("edxml-no-office", "commune-00001")
    assert waits[4][0] == "edxml-too-long" and "FullName > 50" in waits[4][1] and "2027" in waits[4][1]
    assert len(names(tmp_path / "edxml" / "failed")) == 3
    assert made.once(NOW + 1e6).failed == 0, "no machine tries that again by itself"
    made.close()
    known = replace(SETTINGS, boxes={**SETTINGS.boxes, "commune-00001": replace(COMMUNE, organ_id="H99.12.35")})
    mended = bridge(tmp_path, store, known)
    assert mended.ledger.retry("", NOW) == 3
    assert mended.once(NOW).sent == 1
    assert [name[:9] for name in names(tmp_path / "edxml" / "failed")] == ["000000001", "000000004"]
    mended.close()


def test_two_bridges_on_one_folder_do_not_work(tmp_path: Path, store: ProvinceStore) -> None:
    one, other = bridge(tmp_path, store), bridge(tmp_path, store)
    with one.alone(), pytest.raises(AlreadyBridging), other.alone():
        pass
    one.close()
    other.close()


# --- what comes in ----------------------------------------------------------------------------------------------------


def test_a_letter_is_kept_once_and_answered_once(tmp_path: Path, store: ProvinceStore) -> None:
    packet = replace(LETTER, files=read(packet_bytes(packet_of_first(store))).packet.files)  # type: ignore[union-attr]
    made = bridge(tmp_path, store, replace(SETTINGS))
    bring(tmp_path, "cong van.edxml", packet_bytes(packet))
    assert made.once(NOW).received == 1
    assert names(tmp_path / "edxml" / "inbox") == []
    (arrival,) = made.ledger.arrivals()
    assert (arrival.kind, arrival.box, arrival.identifier) == ("edoc", BOX, LETTER.document_id)
    folder = tmp_path / "edxml" / "received" / arrival.sha256[:32]
    assert names(folder) == ["12_BC-UBND.pdf", "facts.json", "packet.edxml"]
    assert (folder / "12_BC-UBND.pdf").read_bytes() == pdf(12)
    bring(tmp_path, "lai.edxml", packet_bytes(packet))
    assert made.once(NOW).received == 0 and len(made.ledger.arrivals()) == 1
    statuses = [path for path in (tmp_path / "edxml" / "outbox").iterdir() if path.name.startswith("status-")]
    assert len(statuses) == 1
    said = read(statuses[0].read_bytes()).packet
    assert isinstance(said, ProcessingReport)
    assert (said.processing, said.sender.organ_id, said.about.code) == (Processing.ARRIVED, "H99.12.34", "7/SNV-VP")
    made.close()


def packet_of_first(store: ProvinceStore) -> Packet:
    document = store.reading.document(deliver(store, 12))
    assert document is not None
    return packet_of(document, pdf(12), COMMUNE, SETTINGS)


@pytest.mark.parametrize("by", ["identifier", "parts"])
def test_a_status_finds_its_document(tmp_path: Path, store: ProvinceStore, by: str) -> None:
    document_id = deliver(store, 12)
    made = bridge(tmp_path, store)
    made.once(NOW)
    identifier = "H99.12.34,2026/03/05,12/BC-UBND" if by == "identifier" else ""
    about = Response("H99.12.34", "12/BC-UBND", identifier, date(2026, 3, 5))
    report = ProcessingReport(OFFICE, about, Processing.REFUSED, "Sai nơi nhận")
    bring(tmp_path, "s.xml", report_bytes(report))
    assert made.once(NOW).received == 1
    (arrival,) = made.ledger.arrivals()
    assert (arrival.kind, arrival.about, arrival.code, arrival.text) == (
        "status", f"{BOX}/{document_id}", "02", "Sai nơi nhận",
    )  # fmt: skip
    assert len(made.ledger.outgoing()) == 1, "nobody answers a status"
    made.close()


def test_what_is_no_packet_is_set_aside_with_the_reason(tmp_path: Path, store: ProvinceStore) -> None:
    made = bridge(tmp_path, store)
    bring(tmp_path, "rác.xml", b"<a>")
    bring(tmp_path, "bom.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    assert made.once(NOW).received == 2
    failed = tmp_path / "edxml" / "failed"
    assert len(names(failed)) == 4
    assert {path.read_text().split(":")[0] for path in failed.glob("*.txt")} == {"xml-malformed", "xml-doctype"}
    assert names(tmp_path / "edxml" / "inbox") == []
    made.close()


def test_a_file_still_being_written_is_left_alone(tmp_path: Path, store: ProvinceStore) -> None:
    made = bridge(tmp_path, store)
    path = bring(tmp_path, "a.edxml", b"<edXML")
    os.utime(path, (2e9, 2e9))  # written this moment, or by a clock that is ahead
    for hidden in (".b.edxml", "c.part", "d.tmp"):
        bring(tmp_path, hidden, b"<a")
    assert made.once(NOW).received == 0
    path.write_bytes(packet_bytes(replace(LETTER, business=Business.RECALL)))
    os.utime(path, (2e9, 2e9))
    assert made.once(NOW).received == 0, "it grew since the last look"
    assert made.once(NOW).received == 1
    assert names(path.parent) == [".b.edxml", "c.part", "d.tmp"]
    made.close()


# --- on to the boxes --------------------------------------------------------------------------------------------------


def test_a_letter_for_a_commune_goes_on_to_its_box_once(tmp_path: Path, store: ProvinceStore) -> None:
    mine = packet_of_first(store).files[0]
    files = (mine, replace(mine, name="bang tinh.xlsx", content=b"PK\x03\x04rest"))
    packet = replace(LETTER, files=files, priority=Priority.EXPRESS_AT_HOUR)
    made = bridge(tmp_path, store)
    bring(tmp_path, "a.edxml", packet_bytes(packet, zipped=False))
    assert made.once(NOW).received == 1
    (sent,) = Outgoing(store).waiting(BOX, 10)
    assert (sent.priority, sent.size, sent.meta["fields"]["code"]) == (3, len(pdf(12)), "7/SNV-VP")
    assert Outgoing(store).blobs.path(sent.sha256).read_bytes() == pdf(12)
    folder = next((tmp_path / "edxml" / "received").iterdir())
    found = read((folder / "packet.edxml").read_bytes()).packet
    assert isinstance(found, Packet)
    again = Onward(store, 10**6)
    sha256 = made.ledger.arrivals()[0].sha256
    assert again.packet(sha256, found, BOX, folder, [mine.name, "x"], NOW) == 1, "after a kill: the same, not another"
    assert len(Outgoing(store).waiting(BOX, 10)) == 1
    assert again.packet(sha256, found, "commune-00099", folder, [mine.name, "x"], NOW) == 0
    assert Onward(store, 10).packet("f" * 64, found, BOX, folder, [mine.name, "x"], NOW) == 0, "too large"
    made.close()


def test_a_packet_for_the_province_stays_there(tmp_path: Path, store: ProvinceStore) -> None:
    mine = packet_of_first(store).files[0]
    made = bridge(tmp_path, store)
    bring(tmp_path, "a.edxml", packet_bytes(replace(LETTER, files=(mine,), receivers=(OFFICE,))))
    assert made.once(NOW).received == 1 and Outgoing(store).waiting(BOX, 10) == []
    made.close()
    quiet = bridge(tmp_path, store, replace(SETTINGS, deliver=False))
    bring(tmp_path, "b.edxml", packet_bytes(replace(LETTER, files=(mine,))))
    assert quiet.once(NOW).received == 1 and Outgoing(store).waiting(BOX, 10) == []
    quiet.close()


def test_a_status_becomes_a_stage_that_the_box_is_told(tmp_path: Path, store: ProvinceStore) -> None:
    document_id = deliver(store, 12)
    made = bridge(tmp_path, store)
    made.once(NOW)
    about = Response("H99.12.34", "12/BC-UBND", "H99.12.34,2026/03/05,12/BC-UBND")
    said = [Processing.ACCEPTED, Processing.IN_PROGRESS, Processing.ACCEPTED, Processing.RECALL_AGREED]
    for number, processing in enumerate(said):
        report = ProcessingReport(OFFICE, about, processing, f"lần {number}")
        bring(tmp_path, f"{number}.xml", report_bytes(report))
        assert made.once(NOW + number).received == 1
    words = Handling(store).of_document(document_id, BOX)
    assert [(word.code, word.spoken_by) for word in words] == [("03", OFFICE.name), ("05", OFFICE.name)]
    assert [each.code for each in reversed(made.ledger.arrivals())] == ["03", "05", "03", "15"], "all are kept"
    made.close()


# --- death at any step ------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """kill -9, as far as one process can play it."""


STEPS: list[tuple[type, str]] = [
    (Ledger, "begin"), (Ledger, "made"), (Ledger, "gone"), (Ledger, "arrived"),
    (Places, "make"), (Places, "hand_over"), (Places, "keep_received"), (Places, "set_aside"),
    (FolderExchange, "taken"),
]  # fmt: skip


def dying_at(monkeypatch: pytest.MonkeyPatch, moment: int, consume: Callable[[], None]) -> Callable[[], int]:
    """Let the `moment`-th border of a step kill; the other system takes what lies in the outbox after every step."""
    passed = 0

    def border() -> None:
        nonlocal passed
        passed += 1
        if passed == moment:
            raise Killed

    for owner, name in STEPS:
        real = getattr(owner, name)

        def step(*args: Any, _real: Any = real, **named: Any) -> Any:
            border()
            answer = _real(*args, **named)
            consume()
            border()
            return answer

        monkeypatch.setattr(owner, name, step)
    return lambda: passed


def test_after_a_death_at_any_step_everything_is_there_once(tmp_path: Path) -> None:
    def play(moment: int) -> int:
        root = tmp_path / str(moment)
        root.mkdir()
        store = ProvinceStore(root / "store")
        for number in (1, 2):
            deliver(store, number)
        bring(root, "a.edxml", packet_bytes(replace(LETTER, business=Business.RECALL)))
        bring(root, "b.xml", b"<broken")
        consumed: list[str] = []

        def consume() -> None:
            for path in sorted((root / "edxml" / "outbox").iterdir()):
                consumed.append(path.name)
                path.unlink()

        with pytest.MonkeyPatch.context() as patch:
            count = dying_at(patch, moment, consume)
            made = bridge(root, store)
            try:
                with made.alone():
                    made.once(NOW)
                    made.once(NOW)
            except Killed:
                pass
            made.close()
            passed = count()
        after: Bridge = bridge(root, store)
        with after.alone():
            for _ in range(3):
                after.once(NOW)
                consume()
        assert len(consumed) == 3 and len(set(consumed)) == 3, (moment, consumed)
        assert after.ledger.counts() == {"gone": 3}
        assert sorted(each.kind for each in after.ledger.arrivals()) == ["edoc", "refused"]
        assert names(root / "edxml" / "inbox") == [] and names(root / "edxml" / "work" / "made") == []
        assert len(names(root / "edxml" / "failed")) == 2 and len(names(root / "edxml" / "received")) == 1
        after.close()
        store.close()
        return passed

    whole = play(10**9)
    assert whole > 20
    for moment in range(1, whole + 1):
        assert play(moment) >= moment


# --- settings ---------------------------------------------------------------------------------------------------------

GOOD = """
[edxml]
exchange = "lgsp"
url = "https://lgsp.example"
system_id = "H99"
timeout = 30
[edxml.type_codes]
"Báo cáo" = "2"
[edxml.office]
organ_id = "H99"
name = "UBND tỉnh"
[edxml.boxes.commune-27007]
organ_id = "H99.1"
name = "UBND xã"
"""


def test_settings_are_read_beside_the_provinces_own(tmp_path: Path) -> None:
    path = tmp_path / "province.toml"
    path.write_text("broker_port = 8883\n" + GOOD)
    assert load_province(path).broker_port == 8883
    found = load(path)
    assert isinstance(found, Settings) and (found.timeout, found.type_codes) == (30.0, {"báo cáo": "2"})
    assert found.boxes[BOX].organ_id == "H99.1"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("timeout = 30", "timout = 30", "timout"),
        ("timeout = 30", 'timeout = "30"', "timeout"),
        ("timeout = 30", "timeout = 0", "timeout"),
        ('exchange = "lgsp"', 'exchange = "pigeon"', "exchange"),
        ('url = "https://lgsp.example"', 'url = "lgsp"', "url"),
        ("commune-27007", "commune-1", "commune-1"),
        ('organ_id = "H99.1"', 'organ = "H99.1"', "commune-27007"),
        ("[edxml.office]", "[edxml.bureau]", "bureau"),
        ("[edxml]", "[edxm]", "edxm"),
    ],
)
def test_a_mistyped_setting_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "province.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(BadConfig, match=named):
        load(path)
        load_province(path)
