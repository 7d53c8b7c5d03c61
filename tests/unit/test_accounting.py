"""What the box tells of its books: counts equal its own report, gaps, who uses it, dossiers in time, and the rhythm."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance import casework
from appliance.config import Config
from appliance.registers.catalogues import procedures
from appliance.registers.workdays import WorkingDays
from appliance.reports.periods import month, whole_year
from appliance.services.accounting import Bookkeeper, accounts, dockets, figures
from appliance.store import Store, account_facts, catalogues, open_store
from appliance.store import accounts as people
from sync.accounting import AccountLine
from sync.protocol.account import Account, CaseState, Docket, code_digest
from tests.fixtures_reports import Office, in_one_go, local
from tests.fixtures_web import office_config, signed_in

CALENDAR, BOX, BY = WorkingDays(), "commune-27007", "Lan"
MAY = month(2021, 5)
LIST = "code,name,field,days,components\n1.001,Khai sinh,Hộ tịch,5,Tờ khai\n2.002,Chứng thực,Chứng thực,0,Bản chính\n"


@pytest.fixture(scope="module")
def books(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """RC1's office in May 2021, with unused numbers, terms, paper letters; and dossiers in November 2026."""
    root = tmp_path_factory.mktemp("books")
    shutil.copyfile(migrated_file, root / "box.db")
    store = open_store(root / "box.db", root / "blobs")
    in_one_go(store, may)
    store.write(lambda db: catalogues.import_procedures(db, procedures(LIST), BY, local("2026-11-01 08:00")))
    for day, code, wait in ((2, "1.001", 2), (2, "1.001", 3), (3, "1.001", 9), (3, "2.002", 0), (4, "1.001", None)):
        at = local(f"2026-11-0{day} 09:00")
        case = casework.open_case(store, BOX, code, "Lò Thị Khuyên", "Bản Pà Cò 1", BY, at)
        case = casework.tick(store, case.code, 1, frozenset(one.name for one in case.components), BY, at)
        case = casework.accept(store, case.code, case.version, BY, at, CALENDAR)
        if wait is not None:
            casework.give_result(store, case.code, case.version, "Trực tiếp", BY, at + timedelta(days=wait))
    casework.open_case(store, BOX, "1.001", "Vi Văn Một", "", BY, local("2026-11-05 09:00"))
    yield store
    store.close()


def may(office: Office) -> None:
    office.scans(184, local("2021-05-31 23:59"))
    office.letters(80, local("2021-05-01 00:00"), minutes=10)
    office.letters(4, local("2021-05-02 00:00"), agency=False)
    office.paper_letters(2, local("2021-05-03 09:00"))
    office.unused("di", local("2021-05-15 09:00"))
    office.term(1, 2021, "2021-05-12", "2021-05-12")
    office.term(2, 2021, "2021-05-12", "2021-05-14")
    office.term(3, 2021, "2021-05-12")


def test_the_counts_are_those_of_the_report(books: Store) -> None:
    told = books.read(lambda db: figures(db, MAY, CALENDAR, date(2021, 6, 1)))
    wanted = {
        "in.total": 184, "in.electronic": 0, "in.paper": 184, "in.same-day": 184,
        "out.total": 86, "out.leader": 84, "out.agency": 80, "out.both": 80, "out.online": 80, "out.both-online": 80,
        "out.paper": 2, "due.total": 3, "due.on-time": 1, "due.late": 1, "due.overdue": 1, "due.open": 0,
        "case.total": 0, "case.done": 0, "case.late": 0, "sent.total": 80, "sent.answered": 80, "sent.waiting": 0,
        "people.all": 0, "people.active": 0,
    }  # fmt: skip
    assert told == wanted, "a month has no registers"


def test_a_year_has_its_registers_with_void_reserved_and_missing_numbers(books: Store) -> None:
    told = books.read(lambda db: figures(db, whole_year(2021), CALENDAR, date(2021, 6, 1)))
    assert {name: told[name] for name in told if name.startswith(("den.", "di.", "ho-so."))} == {
        "den.numbers": 184, "den.reserved": 0, "den.void": 0, "den.gaps": 0,
        "di.numbers": 88, "di.reserved": 1, "di.void": 1, "di.gaps": 0,
        "ho-so.numbers": 0, "ho-so.reserved": 0, "ho-so.void": 0, "ho-so.gaps": 0,
    }  # fmt: skip


def test_a_number_that_is_missing_is_a_gap_and_a_late_beginning_is_none(store: Store) -> None:
    """The database itself refuses gaps; what a hand at its file did is told all the same."""

    def put(db: Any) -> None:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        for number in (5, 6, 9):
            values = ["di", 2026, number, "2026-11-01T00:00:00+00:00"]
            db.execute("INSERT INTO register_numbers (register, year, number, allocated_at) VALUES (?,?,?,?)", values)

    store.write(put)
    assert store.read(lambda db: account_facts.gaps(db, "di", 2026)) == 2
    assert store.read(lambda db: account_facts.gaps(db, "di", 2025)) == 0


def test_dossiers_given_back_late_and_how_long_they_took(books: Store) -> None:
    told = books.read(lambda db: figures(db, month(2026, 11), CALENDAR, date(2026, 11, 22)))
    assert (told["case.total"], told["case.done"], told["case.late"]) == (5, 4, 1)
    assert (told["case.took"], told["case.term"]) == (300, 500), "medians of working days, in hundredths"


def test_nine_of_ten_use_the_box(store: Store) -> None:
    """RC4: who signed in on four days of the month; who is blocked does not count."""
    first = local("2026-11-02 08:00")
    for number in range(11):
        who = {"person": f"Người {number}", "role": "van_thu"}
        signed_in(store, who, first)
    accounts_there = store.read(people.listed)

    def sign_in(db: Any) -> None:
        for number, one in enumerate(accounts_there):
            for day in range(4 if number != 3 else 3):
                for hour in (0, 3):  # twice a day is one day
                    at = first + timedelta(days=day, hours=hour)
                    people.note(db, one.id, at, one.name, "signed-in", where="máy")
        blocked = accounts_there[10].id
        db.execute("UPDATE accounts SET active = 0 WHERE id = ?", [blocked])

    store.write(sign_in)
    told = store.read(lambda db: figures(db, month(2026, 11), CALENDAR, date(2026, 11, 22)))
    assert (told["people.active"], told["people.all"]) == (9, 10)
    october = store.read(lambda db: figures(db, month(2026, 10), CALENDAR, date(2026, 11, 22)))
    assert (october["people.active"], october["people.all"]) == (0, 10)


def test_a_docket_has_states_and_days_and_no_word_that_names_anybody(books: Store, office: Config) -> None:
    now = local("2026-11-22 09:00")
    (docket,) = books.read(lambda db: dockets(office, db, now, None))
    assert sorted(one.state for one in docket.cases) == [
        CaseState.OPEN, CaseState.ACCEPTED, *[CaseState.RETURNED] * 4,
    ]  # fmt: skip
    (waiting,) = (one for one in docket.cases if one.state is CaseState.ACCEPTED)
    assert date(1970, 1, 1) + timedelta(days=waiting.day) == date(2026, 11, 4)
    assert date(1970, 1, 1) + timedelta(days=waiting.due) == date(2026, 11, 11)
    encoded = docket.encode()
    assert b"261104" not in encoded and "Khuyên".encode() not in encoded
    codes = books.read(lambda db: [code for (code,) in db.execute("SELECT code FROM cases").fetchall()])
    assert {one.code for one in docket.cases} == {code_digest(code) for code in codes}
    (changed,) = books.read(lambda db: dockets(office, db, now, local("2026-11-05 08:59")))
    assert len(changed.cases) == 3, "the one opened, and two given back after that moment"
    later = local("2027-06-01 09:00")
    (old,) = books.read(lambda db: dockets(office, db, later, None))
    assert len(old.cases) == 2, "what ended long ago nobody asks about"


class Heard(AccountLine):
    """A line that keeps what it is given."""

    def __init__(self) -> None:
        self.words: list[Account | Docket] = []

    def put(self, words: Any) -> None:
        """Keep them."""
        self.words += words

    def taken(self) -> list[str]:
        """What was given since the last question."""
        said = [one.period if isinstance(one, Account) else "docket" for one in self.words]
        self.words = []
        return said


def test_what_changed_is_told_and_the_rest_once_a_day(store: Store, office: Config) -> None:
    line, now = Heard(), local("2026-11-22 09:00")
    store.write(lambda db: catalogues.import_procedures(db, procedures(LIST), BY, now))
    casework.open_case(store, BOX, "1.001", "Vi Văn Một", "", BY, local("2026-11-05 09:00"))
    keeper = Bookkeeper(office, store, line)
    hour, day = timedelta(hours=1), timedelta(days=1)
    keeper.look(now)
    assert line.taken() == ["2026-11", "2026", "docket"]
    keeper.look(now + hour / 2)
    assert line.taken() == []
    keeper.look(now + hour)
    assert line.taken() == [], "nothing changed"
    casework.open_case(store, BOX, "1.001", "Vi Văn Hai", "", BY, now + hour * 1.5)
    keeper.look(now + hour * 2)
    assert line.taken() == ["docket"], "a dossier that is only being put together changes no count"
    keeper.look(now + day)
    assert line.taken() == ["2026-11", "2026"]
    keeper.look(now + 7 * day)
    assert "docket" in line.taken()
    keeper.look(now)  # the clock was put back
    assert line.taken()[-1] == "docket"


def test_the_first_days_of_a_year_speak_of_the_one_before(books: Store, office: Config) -> None:
    def periods(at: datetime, years: bool) -> list[str]:
        return [one.period for one in books.read(lambda db: accounts(office, db, at, years))]

    assert periods(local("2027-01-10 09:00"), True) == ["2027-01", "2026-12", "2027", "2026"]
    assert periods(local("2027-01-10 09:00"), False) == ["2027-01", "2026-12"]
    assert periods(local("2027-01-11 09:00"), True) == ["2027-01", "2027"]


@pytest.fixture
def office(tmp_path: Path) -> Config:
    made = office_config(tmp_path)
    return dataclasses.replace(made, box=dataclasses.replace(made.box, id=BOX))
