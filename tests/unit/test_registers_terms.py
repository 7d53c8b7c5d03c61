"""Working days across Tết, exchanges and weekends; terms, reminders and the overdue list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from appliance import bookkeeping
from appliance.config import CalendarSection, ConfigError, load_config
from appliance.registers.deadlines import Urgency, finished_late, term
from appliance.registers.workdays import WorkingDays, days, year_list
from appliance.store import Store, terms
from tests.fixtures_books import registered
from tests.fixtures_store import NOW

CALENDAR = WorkingDays()


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("2026-02-13", True),  # the Friday before Tết
        ("2026-02-14", False),
        ("2026-02-16", False),
        ("2026-02-17", False),  # the first day of the year Bính Ngọ
        ("2026-02-20", False),
        ("2026-02-23", True),
        ("2026-04-26", False),  # 10th of the third lunar month, a Sunday
        ("2026-04-27", False),  # made up for on the Monday
        ("2026-01-10", True),  # a Saturday worked for 2 January
        ("2026-08-22", True),
        ("2026-08-31", False),
        ("2026-09-03", True),
        ("2025-01-31", False),
        ("2025-04-26", True),
        ("2027-05-03", False),  # 1 May 2027 is a Saturday
        ("2031-05-01", False),  # no list: the days of every year still count
        ("2031-05-02", True),
    ],
)
def test_days_that_are_worked(text: str, works: bool) -> None:
    assert CALENDAR.works(day(text)) is works


def test_terms_run_over_tet() -> None:
    assert CALENDAR.after(day("2026-02-12"), 1) == day("2026-02-13")
    assert CALENDAR.after(day("2026-02-12"), 2) == day("2026-02-23")
    assert CALENDAR.after(day("2026-02-12"), 5) == day("2026-02-26")
    assert CALENDAR.between(day("2026-02-12"), day("2026-02-26")) == 5
    assert CALENDAR.between(day("2026-02-26"), day("2026-02-12")) == 0
    assert CALENDAR.before(day("2026-02-23")) == day("2026-02-13")
    assert CALENDAR.on_or_after(day("2026-02-14")) == day("2026-02-23")
    assert CALENDAR.after(day("2026-11-20"), 1) == day("2026-11-23")  # over a weekend


def test_a_reminder_comes_on_the_working_day_before() -> None:
    due = day("2026-02-23")  # the first Monday after Tết: reminded from Friday 13 February on
    assert [term(due, day(text), CALENDAR).urgency.value for text in ("2026-02-12", "2026-02-13", "2026-02-23")] == [
        "later", "soon", "soon",
    ]  # fmt: skip
    late = term(due, day("2026-02-25"), CALENDAR)
    assert (late.urgency, late.late) == (Urgency.OVERDUE, 2)
    weekend = term(day("2026-11-21"), day("2026-11-22"), CALENDAR)
    assert (weekend.ends, weekend.urgency) == (day("2026-11-23"), Urgency.SOON)
    assert term(day("2026-11-20"), day("2026-11-21"), CALENDAR).late == 1, "late on a Saturday counts as one"
    assert not finished_late(day("2026-11-21"), day("2026-11-23"), CALENDAR)
    assert finished_late(day("2026-11-20"), day("2026-11-23"), CALENDAR)


def test_a_year_without_its_list_is_told() -> None:
    assert CALENDAR.missing(2025, 2026) == ()
    assert CALENDAR.missing(2026, 2027, 2028) == (2027, 2028)
    told = WorkingDays([year_list(2027, ["2027-01-01", "2027-02-05..2027-02-11"])])
    assert told.missing(2027) == ()
    assert not told.works(day("2027-02-08")) and CALENDAR.works(day("2027-02-08"))


@pytest.mark.parametrize("text", ["2026-02-31", "mai", "2026-02-20..2026-02-16", "2026-01-01..2026-03-01", ""])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        days(text)


BOX = '[box]\nid = "commune-27007"\ncommune = "UBND xã Đồng Mận"\nstate_dir = "."\n'


def test_the_configuration_sets_a_year(tmp_path: Path) -> None:
    file = tmp_path / "box.toml"
    file.write_text(f'{BOX}[[calendar]]\nyear = 2027\noff = ["2027-02-05..2027-02-11"]\nworked = ["2027-02-20"]\n')
    config = load_config(file)
    assert config.calendar == (CalendarSection(2027, ("2027-02-05..2027-02-11",), ("2027-02-20",)),)
    assert config.working_days().works(day("2027-02-20"))
    for wrong in ("off = ['2026-02-05']\nyear = 2027", "off = ['5/2/2027']\nyear = 2027"):
        file.write_text(f"{BOX}[[calendar]]\n{wrong}\n")
        with pytest.raises(ConfigError) as caught:
            load_config(file)
        assert caught.value.code == "config-bad-value" and caught.value.params["key"] == "calendar[0]"
    file.write_text(f"{BOX}" + "[[calendar]]\nyear = 2027\noff = []\n" * 2)
    with pytest.raises(ConfigError):
        load_config(file)


def test_the_overdue_list(store: Store) -> None:
    for _ in range(5):
        registered(store, issuer="Sở Y tế", code="1/SYT", subject="Về tiêm chủng")

    def write(number: int, **typed: str) -> None:
        bookkeeping.amend(store, "giai-quyet", 2026, number, typed, "gia hạn", "Lan", NOW)

    write(1, due="20/11/2026", receiver="Trạm y tế")
    write(2, due="13/11/2026")
    write(3, due="13/11/2026", finished_on="16/11/2026")
    write(4, due="24/11/2026")
    today = day("2026-11-23")
    found = store.read(lambda db: terms.unfinished(db, today, CALENDAR))
    assert [(one.row.taken.number, one.term.urgency.value, one.term.late) for one in found] == [
        (2, "overdue", 6), (1, "overdue", 1), (4, "soon", 0),
    ]  # fmt: skip
    assert "Về tiêm chủng; 1/SYT" in found[0].row.cell("document")
    assert [one.row.taken.number for one in store.read(lambda db: terms.overdue(db, today, CALENDAR))] == [2, 1]
    write(2, due="30/11/2026")  # put off: the old date is struck through, the new one counts
    write(1, finished_on="23/11/2026")
    assert [one.row.taken.number for one in store.read(lambda db: terms.unfinished(db, today, CALENDAR))] == [4, 2]


def test_the_check_tells_a_missing_year_and_what_is_overdue(tmp_path: Path, store: Store) -> None:
    from appliance.health import terms_and_calendar
    from tests.fixtures_web import office_config

    registered(store, subject="x")
    bookkeeping.amend(store, "giai-quyet", 2026, 1, {"due": "13/11/2026"}, "", "Lan", NOW)
    config = office_config(tmp_path)
    assert {(one.code, tuple(one.params.values())) for one in terms_and_calendar(config, store, NOW)} == {
        ("terms-overdue", (1,))
    }
    later = datetime(2026, 12, 20, tzinfo=UTC)
    assert ("holidays-missing", False) in {(one.code, one.serious) for one in terms_and_calendar(config, store, later)}
    known = office_config(tmp_path, calendar=(CalendarSection(2027, ("2027-02-05",)),))
    assert "holidays-missing" not in {one.code for one in terms_and_calendar(known, store, later)}
    assert "holidays-missing" in {one.code for one in terms_and_calendar(known, store, later + timedelta(days=400))}
