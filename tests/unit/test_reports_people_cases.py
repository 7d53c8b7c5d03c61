"""Reports about people who use the box regularly, and about case dossiers by procedure; out of real rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from appliance import casework
from appliance.registers.cases import Case
from appliance.registers.catalogues import procedures
from appliance.registers.workdays import WorkingDays
from appliance.reports.periods import Period, asked, month, quarter, whole_year
from appliance.reports.tables import Report, Table, regular_days, report
from appliance.store import Store, accounts, catalogues
from appliance.store.accounts import Account
from appliance.store.report_facts import facts_of
from appliance.store.standing import Role
from tests.fixtures_reports import local
from tests.fixtures_store import NOW
from tests.fixtures_web import CLERK, Visitor

MAY, TODAY = month(2026, 5), date(2026, 11, 22)
BY = "Trần Thị Lan (văn thư)"
LIST = (
    "code,name,field,days,components\n"
    "1.001193,Đăng ký khai sinh,Hộ tịch,0,\n"
    "1.000656,Đăng ký khai tử,Hộ tịch,0,\n"
    "2.000815,Chứng thực bản sao,Chứng thực,0,\n"
)


def found(store: Store, period: Period, today: date = TODAY, active_days: int = 10) -> Report:
    facts = store.read(lambda db: facts_of(db, period))
    return report(facts, period, WorkingDays(), today, active_days=active_days)


def person(store: Store, number: int, days: int, active: bool = True, made: str = "2026-01-05 08:00") -> None:
    """An account that was signed in with on so many days of May 2026, on each of them twice."""
    fresh = Account(
        f"a{number}", f"u{number}", f"Người {number}", Role.CLERK, "!", False, active, 0, None, local(made), None
    )

    def change(db: object) -> None:
        accounts.insert(db, fresh)
        for day in range(days):
            for clock in ("00:30", "23:30"):  # in UTC these are two days
                at = local(f"2026-05-{day + 1:02d} {clock}")
                accounts.note(db, fresh.id, at, fresh.name, "signed-in", where="10.0.0.9")
        accounts.note(db, fresh.id, local("2026-05-31 09:00"), "x", "sign-in-failed", where="10.0.0.9")

    store.write(change)


def people(one: Report) -> Table:
    return one.table("people")


def test_nine_of_ten_people_use_the_box_regularly(store: Store) -> None:
    for number in range(9):
        person(store, number, 10 + number)
    person(store, 9, 9)
    person(store, 10, 20, active=False)
    person(store, 11, 0, made="2026-06-02 08:00")
    told = people(found(store, MAY))
    assert (told.count("total"), told.count("active"), told.share("active")) == (10, 9, Decimal("90.00"))
    assert told.count("needed") == 10 and told.count("never") == 0
    assert people(found(store, MAY, active_days=12)).share("active") == Decimal("70.00")
    june = people(found(store, month(2026, 6)))
    assert (june.count("total"), june.count("active"), june.count("never")) == (11, 0, 11)


def test_an_office_without_people_has_no_share(store: Store) -> None:
    told = people(found(store, MAY))
    assert told.count("total") == 0 and told.share("active") is None


@pytest.mark.parametrize(
    ("period", "today", "days"),
    [
        (MAY, date(2026, 5, 31), 10),
        (MAY, date(2026, 12, 1), 10),
        (MAY, date(2026, 5, 16), 5),  # half of the month has begun
        (MAY, date(2026, 5, 1), 1),
        (quarter(2026, 2), TODAY, 30),
        (whole_year(2025), TODAY, 120),
        (asked({"from": "2026-05-01", "to": "2026-05-07"}, TODAY), TODAY, 10),
        (asked({"from": "2026-05-01", "to": "2026-06-30"}, TODAY), TODAY, 20),
    ],
)
def test_how_many_days_make_a_regular_user(period: Period, today: date, days: int) -> None:
    assert regular_days(period, today, 10) == days


def lodged(store: Store, procedure: str, at: datetime, **ways: object) -> Case:
    case = casework.open_case(store, "commune-27007", procedure, "Lò Thị Khuyên", "", BY, at, **ways)  # type: ignore[arg-type]
    return casework.accept(store, case.code, 1, BY, at, WorkingDays())


def test_dossiers_by_procedure_sum_to_the_total(store: Store) -> None:
    store.write(lambda db: catalogues.import_procedures(db, procedures(LIST), BY, NOW))
    may = local("2026-05-11 09:00")
    for procedure, count in (("1.001193", 3), ("2.000815", 5), ("1.000656", 1)):
        for _ in range(count):
            lodged(store, procedure, may)
    posted = lodged(store, "1.001193", may, by_post=True, handed_on_by="Chi cục Thuế")
    casework.give_result(store, posted.code, 2, "", BY, may + timedelta(days=40), "EB123")
    lodged(store, "1.001193", may, by_post=True)
    lodged(store, "1.001193", local("2026-06-01 00:00"))  # the next month's
    casework.open_case(store, "commune-27007", "1.001193", "Vàng A Sáng", "", BY, may)  # not accepted
    told = found(store, MAY)
    cases = told.table("cases")
    assert cases.count("total") == 11
    assert [(line.label, line.count) for line in cases.lines[1:]] == [
        ("Chứng thực bản sao", 5), ("Đăng ký khai sinh", 5), ("Đăng ký khai tử", 1),
    ]  # fmt: skip
    assert sum(line.count for line in cases.lines[1:]) == cases.count("total")
    ways = told.table("case-ways")
    assert {line.key: line.count for line in ways.lines} == {
        "total": 11, "returned": 1, "handed-on": 1, "by-post": 2, "posted": 1,
    }  # fmt: skip


async def test_the_page_shows_both(visitor: Visitor, store: Store) -> None:
    await visitor.become(CLERK)
    store.write(lambda db: catalogues.import_procedures(db, procedures(LIST), BY, NOW))
    lodged(store, "2.000815", NOW)
    _, text = await visitor.get("/reports")
    assert "Hồ sơ một cửa theo thủ tục" in text and "Chứng thực bản sao" in text
    assert "Người dùng thường xuyên" in text and "Số ngày đăng nhập để tính là thường xuyên" in text
