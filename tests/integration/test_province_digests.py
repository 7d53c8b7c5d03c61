"""The weekly digest: which week is due, its figures against plain SQL, told once, the page, the paper, the command."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync.province import days
from sync.province.cli import main
from sync.province.config import Config, Folder, render
from sync.province.digest_papers import digest_paper
from sync.province.digests import Digest, Week, due_week, gather, kept, tell, typed_week
from sync.province.people.rules import Role
from sync.province.printing.paper import Letterhead
from sync.province.printing.paper_pdf import paper_pdf
from sync.province.store import Box, Presence
from sync.province.store.outgoing import Outgoing
from sync.province.wording import VIETNAM
from tests.fixtures_province_web import visiting
from tests.integration.test_province_letters import words_of
from tests.integration.test_province_reports import Office

WEEK = Week(dt.date(2026, 11, 9))
MONDAY, HOUR, DAY = days.begins(WEEK.monday), 3600.0, 86_400.0
ONE, TWO = "commune-00001", "commune-00002"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A week with everything at both of its ends; the second before it and the one after belong to other weeks."""
    made = Office(tmp_path / "store")
    for at in (MONDAY - 1, MONDAY, MONDAY + 3 * DAY, MONDAY + 7 * DAY - 1, MONDAY + 7 * DAY):
        made.answer(ONE, at)
    for at, took in ((MONDAY + DAY, 30.0), (MONDAY + DAY + 1, 7200.0), (MONDAY - 5 * DAY, 30.0)):
        made.answer(TWO, at, took)
    for at, why in ((MONDAY, "secret"), (MONDAY + HOUR, "signature-invalid"), (MONDAY + 2 * HOUR, "signature-invalid")):
        made.answer(TWO, at, refused=why)
    made.answer(TWO, MONDAY + 7 * DAY, refused="secret")
    down = Outgoing(made.store)
    for name, at in (("a", MONDAY - HOUR), ("b", MONDAY), ("c", MONDAY + DAY), ("d", MONDAY + 7 * DAY)):
        down.queue(TWO, name, "ab" * 32, 9, 0, {}, at)
    down.answered(TWO, "a", "accepted", b"r", MONDAY + HOUR)
    down.answered(TWO, "b", "refused", b"r", MONDAY + HOUR, "secret", "…")
    down.answered(TWO, "c", "accepted", b"r", MONDAY + 8 * DAY)
    made.store.fleet.note_presence(Presence(TWO, True, MONDAY + 7 * DAY, MONDAY + 7 * DAY, 4, 9, MONDAY))
    with made.store.connection.writing() as raw:
        for code, since in (("silent", MONDAY), ("clock-skew", MONDAY + DAY), ("disk-low", MONDAY - 1)):
            raw.execute(
                "INSERT INTO alerts (box, code, gravity, since, params) VALUES (?,?,2,?,'{}')", (TWO, code, since)
            )
    made.store.fleet.enrol(Box("commune-00009", "UBND xã Mới", bytes(32), "ab", MONDAY + 7 * DAY))
    yield made
    made.store.close()


def test_the_figures_are_those_of_plain_sql(office: Office) -> None:
    found = {one.box: one for one in gather(office.store, WEEK)}
    assert set(found) == {ONE, TWO, "commune-00003"}, "who was enrolled after the week is not in it"

    def asked(sql: str, box: str) -> int:
        row = office.store.connection.row(sql, (box, MONDAY, MONDAY + 7 * DAY))
        assert row is not None
        return int(row["n"])

    for box, one in found.items():
        for result, figure in (("stored", one.stored), ("refused", one.refused), ("duplicate", one.duplicates)):
            sql = f"SELECT COUNT(*) AS n FROM receipts WHERE result = '{result}' AND box = ? AND issued_at >= ?"
            assert figure == asked(f"{sql} AND issued_at < ?", box), (box, result)
        down = "SELECT COUNT(*) AS n FROM outgoing WHERE box = ? AND queued_at >= ? AND queued_at < ?"
        assert one.sent_down == asked(down, box)
        answered = "FROM outgoing WHERE box = ? AND answered_at >= ? AND answered_at < ?"
        assert one.accepted_down == asked(f"SELECT COUNT(*) AS n {answered} AND answer = 'accepted'", box)
        assert one.refused_down == asked(f"SELECT COUNT(*) AS n {answered} AND answer = 'refused'", box)
        assert one.alerts == asked("SELECT COUNT(*) AS n FROM alerts WHERE box = ? AND since >= ? AND since < ?", box)
    assert found[ONE] == Digest(ONE, "UBND xã Tân Phú", 3, 0, 0, 3, 3, 1)
    assert found[TWO] == Digest(
        TWO, "UBND xã Đồng Mận", 2, 3, 0, 2, 1, 1, 2, 1, 1, 2, 4, {"signature-invalid": 2, "secret": 1}
    )


def test_a_digest_is_told_once_and_stays_as_it_was_told(office: Office) -> None:
    seven = MONDAY + 7 * DAY + 7 * HOUR
    assert tell(office.store, seven - 1) == WEEK.before
    assert tell(office.store, seven) == WEEK
    told = kept(office.store, WEEK)
    office.store.fleet.note_presence(Presence(TWO, True, seven, seven, 900))
    assert tell(office.store, seven + HOUR) is None
    assert kept(office.store, WEEK) == told
    assert {one.box: one.waiting for one in told}[TWO] == 4
    assert [one.box for one in kept(office.store, WEEK, TWO)] == [TWO]
    assert kept(office.store, Week(WEEK.monday + dt.timedelta(7))) == []


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ((2026, 11, 16, 6, 59), "2026-W45"),
        ((2026, 11, 16, 7, 0), "2026-W46"),
        ((2026, 11, 22, 23, 59), "2026-W46"),
        ((2027, 1, 4, 7, 0), "2026-W53"),
        ((2027, 1, 4, 6, 0), "2026-W52"),
    ],
)
def test_a_week_is_due_on_monday_at_seven(moment: tuple[int, ...], name: str) -> None:
    assert due_week(dt.datetime(*moment, tzinfo=VIETNAM).timestamp()).name == name  # type: ignore[misc, arg-type]


def test_weeks_as_people_type_them() -> None:
    assert typed_week("2026-W46") == WEEK == Week.of(WEEK.number)
    assert [typed_week(odd) for odd in ("", "2026-46", "2026-W54", "2026-W00", "x-W1", "9999-W01", "2026-W-1")] == [
        None
    ] * 7


async def test_the_page_shows_the_week_and_the_paper_its_figures(office: Office) -> None:
    tell(office.store, MONDAY + 7 * DAY + 7 * HOUR)
    async with visiting(office.store, Role.GIAM_SAT) as visitor:
        page = await visitor.text(f"/reports/week?week={WEEK.name}")
        for words in ("09/11/2026", "15/11/2026", "UBND xã Đồng Mận", f"/reports/week/{TWO}?week=2026-W46", "62,50"):
            assert words in page, words
        assert "Chưa có tổng hợp" in await visitor.text("/reports/week?week=2019-W01")
        assert (await visitor.get(f"/reports/week/commune-00009?week={WEEK.name}")).status == 404
        answer = await visitor.get(f"/reports/week/{TWO}?week={WEEK.name}")
        assert answer.headers["Content-Disposition"].endswith(f'"tong-hop-2026-W46-{TWO}.pdf"')
        (drawn,) = words_of(await answer.read())
    for words in (
        "TỔNG HỢP TUẦN",
        "tuần 46, từ 09/11/2026 đến 15/11/2026",
        "1 Văn bản đã gửi lên tỉnh 5",
        "4 Tỷ lệ được tiếp nhận 40,00 %",
        "5 Có biên nhận trong 1 giờ 50,00 %",
        "12 Văn bản còn chờ gửi tại hộp 4",
    ):
        assert words in drawn, words


def test_a_quiet_commune_has_a_paper_too() -> None:
    (drawn,) = words_of(paper_pdf(digest_paper(Digest(ONE, "UBND xã Tân Phú"), WEEK, Letterhead("Văn phòng"))))
    assert "Tỷ lệ được tiếp nhận –" in drawn
    assert "Lý do từ chối" not in drawn


def test_the_command_tells_shows_and_writes(tmp_path: Path, office: Office) -> None:
    Folder(tmp_path).settings.write_text(render(Config()), "utf-8")

    def run(*words: str) -> dict[str, object]:
        done = CliRunner().invoke(main, ["digest", *words, "--json", "--dir", str(tmp_path)])
        assert done.exit_code == 0, done.output
        found: dict[str, object] = json.loads(done.stdout)
        return found

    live = run("--week", "2026-W46", "--box", TWO, "-o", str(tmp_path / "out"))
    assert live["told"] is (due_week(time.time()) == WEEK), "of a week that is not due the rows themselves speak"
    (one,) = live["digests"]  # type: ignore[misc]
    assert (one["stored"], one["refused"], one["by_reason"]) == (2, 3, {"signature-invalid": 2, "secret": 1})
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"tong-hop-2026-W46-{TWO}.pdf"]
    due = run()
    assert due["told"] is True, "what is due was made by the asking"
    assert CliRunner().invoke(main, ["digest", "--week", "46", "--dir", str(tmp_path)]).exit_code == 3
