"""The reference cases RC1 to RC4, to the digit: real rows, the report's own queries, half-up shares.

RC1 Hậu Lộc, Thanh Hóa, 5/2021 (one office, all communes, the district); RC2 due dates over Tết; RC3 Ho Chi Minh City,
8/2024, with its cut-off at 11:00; RC4 Sơn La, 9/2018. RC0 is the enforced order of states (``test_domain_documents``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from appliance.registers import catalogues as lists
from appliance.registers.workdays import WorkingDays
from appliance.reports.periods import Period, asked, month
from appliance.reports.shares import told
from appliance.reports.tables import Report, report
from appliance.store import Store, catalogues, open_store
from appliance.store.report_facts import facts_of
from tests.fixtures_reports import Office, in_one_go, local

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def offices(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """All cases in one database, each in a month of its own, with unused numbers between them."""
    root = tmp_path_factory.mktemp("reports")
    shutil.copyfile(migrated_file, root / "box.db")
    store = open_store(root / "box.db", root / "blobs")
    in_one_go(store, hau_loc)
    in_one_go(store, city)
    in_one_go(store, over_tet)
    yield store
    store.close()


def hau_loc(office: Office) -> None:
    """One office in May 2021, the district in June, all communes in July."""
    office.scans(184, local("2021-05-31 23:59"))
    office.letters(86, local("2021-05-01 00:00"), minutes=10)
    office.unused("di", local("2021-05-15 09:00"))
    office.unused("den", local("2021-05-15 09:00"))
    office.scans(1352, local("2021-06-10 09:00"))
    office.letters(894, local("2021-06-10 09:00"))
    office.letters(1, local("2021-06-11 09:00"), agency=False)
    office.scans(3724, local("2021-07-10 09:00"))
    office.letters(970, local("2021-07-10 09:00"))
    office.letters(3, local("2021-07-10 09:00"), agency=False)
    office.letters(4, local("2021-07-12 09:00"), leader=False)


def city(office: Office) -> None:
    """August 2024 up to 11:00 on the 8th, and what came at 11:00 and after."""
    office.files(1787, local("2024-08-01 00:00"), "Tờ trình")
    office.scans(534, local("2024-08-08 10:59"), type_name="Giấy mời")
    office.files(5, local("2024-08-08 11:00"))
    office.scans(7, local("2024-08-08 16:00"))
    office.scans(3, local("2024-07-31 23:59"))


def over_tet(office: Office) -> None:
    """Terms of February 2026: Tết Bính Ngọ stands between 13 and 23 February."""
    office.scans(6, local("2026-02-10 09:00"))
    for number, due, finished in (
        (1, "2026-02-12", "2026-02-12"),  # on its last day
        (2, "2026-02-14", "2026-02-23"),  # ends on a Saturday before Tết: the Monday after it is still in time
        (3, "2026-02-13", "2026-02-23"),  # one working day late
        (4, "2026-02-13", ""),
        (5, "2026-02-26", ""),
        (6, "2026-02-12", ""),
    ):
        office.term(number, 2026, due, finished)
    office.void("den", 2026, 6)  # a void number has no term


def reported(store: Store, period: Period, today: date = TODAY) -> Report:
    return report(store.read(lambda db: facts_of(db, period)), period, WorkingDays(), today)


def test_one_office_in_may_2021(offices: Store) -> None:
    found = reported(offices, month(2021, 5))
    assert found.table("incoming").count("total") == 184
    outgoing = found.table("outgoing")
    for key in ("total", "leader", "agency", "both", "online", "both-online"):
        assert outgoing.count(key) == 86
    for key in ("leader", "agency", "both-online"):
        assert told(outgoing.share(key)) == "100 %"
    assert (found.points, found.unsigned) == (5, ())


def test_the_district(offices: Store) -> None:
    found = reported(offices, month(2021, 6))
    outgoing = found.table("outgoing")
    assert (found.table("incoming").count("total"), outgoing.count("total")) == (1352, 895)
    assert (outgoing.count("leader"), told(outgoing.share("leader"))) == (895, "100 %")
    assert (outgoing.count("agency"), told(outgoing.share("agency"))) == (894, "99,89 %")
    assert len(found.unsigned) == outgoing.count("not-signed") == 1


def test_all_communes(offices: Store) -> None:
    found = reported(offices, month(2021, 7))
    outgoing = found.table("outgoing")
    assert (found.table("incoming").count("total"), outgoing.count("total")) == (3724, 977)
    assert (outgoing.count("leader"), told(outgoing.share("leader"))) == (973, "99,59 %")
    assert (outgoing.count("agency"), told(outgoing.share("agency"))) == (970, "99,28 %")
    assert found.points == 3, "nothing of July was sent online"


def test_the_city_up_to_eleven_o_clock(offices: Store) -> None:
    period = asked({"from": "2024-08-01", "to": "2024-08-08", "cut": "11:00"}, TODAY)
    incoming = reported(offices, period).table("incoming")
    assert [incoming.count(key) for key in ("total", "electronic", "paper")] == [2321, 1787, 534]
    assert [told(incoming.share(key)) for key in ("electronic", "paper")] == ["77 %", "23 %"]
    types = {line.label: line.count for line in reported(offices, period).table("types-in").lines[1:]}
    assert types == {"Tờ trình": 1787, "Giấy mời": 534}
    whole = reported(offices, asked({"from": "2024-08-01", "to": "2024-08-08"}, TODAY)).table("incoming")
    assert [whole.count(key) for key in ("total", "electronic", "paper")] == [2333, 1792, 541]


@pytest.mark.parametrize(
    ("today", "counts"),
    [("2026-02-13", [5, 1, 0, 0, 4]), ("2026-02-22", [5, 1, 0, 2, 2]), ("2026-02-23", [5, 2, 1, 1, 1]),
     ("2026-02-26", [5, 2, 1, 1, 1]), ("2026-02-27", [5, 2, 1, 2, 0])],
)  # fmt: skip
def test_what_is_overdue_over_tet(offices: Store, today: str, counts: list[int]) -> None:
    terms = reported(offices, month(2026, 2), date.fromisoformat(today)).table("terms")
    assert [line.count for line in terms.lines] == counts
    assert sum(line.count for line in terms.lines[1:]) == terms.count("total")


def test_136_procedures(store: Store) -> None:
    rows = "".join(
        f"1.{n:06d},Thủ tục số {n},Lĩnh vực {n % 9},{n % 30},Tờ khai|Giấy tờ tùy thân|Ảnh?\n" for n in range(136)
    )
    found = lists.procedures("code,name,field,days,components\n" + rows)
    store.write(lambda db: catalogues.import_procedures(db, found, "Bình", local("2024-08-08 09:00")))
    table = reported(store, month(2024, 8)).table("procedures")
    assert (table.count("procedures"), table.count("components")) == (136, 408)
    one = store.read(lambda db: catalogues.procedure(db, "1.000007"))
    assert one and one.missing(["tờ khai"]) == ("Giấy tờ tùy thân",)
    assert one.missing(["Tờ khai", " giấy tờ  tùy thân"]) == ()


def test_293_certificates(store: Store) -> None:
    def kind(n: int) -> str:
        return "agency" if n < 40 else "device" if n < 43 else "personal"

    rows = "".join(
        f"Người giữ {n};{kind(n)};{n:X};CA;2018-09-01;{'2018-11-01' if n < 12 else '2021-08-31'};"
        f"{'15/9/2018' if n in (50, 51) else ''}\n"
        for n in range(293)
    )
    found = lists.certificates("holder;kind;serial;issuer;issued_on;expires_on;revoked_on\n" + rows)
    store.write(lambda db: catalogues.import_certificates(db, found, "Bình", local("2018-09-30 09:00")))
    table = reported(store, month(2018, 9), date(2018, 9, 30)).table("certificates")
    assert [(line.key, line.count) for line in table.lines] == [
        ("total", 293), ("personal", 250), ("agency", 40), ("device", 3), ("holding", 291), ("ending", 12),
        ("ended", 0), ("revoked", 2),
    ]  # fmt: skip
    later = reported(store, month(2018, 9), date(2018, 12, 1)).table("certificates")
    assert (later.count("total"), later.count("ended"), later.count("holding")) == (293, 12, 279)
