"""What this office tells its province of its books (PROTOCOL.md 4.9, 5.7): gathered in a thread beside the uplink.

Owns the step from the box's own report to named counts, and the rhythm. A count that fails is tried again an hour
later; the uplink never waits for one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from appliance.config import Config
from appliance.domain.zone import VIETNAM
from appliance.registers.deadlines import finished_late
from appliance.registers.workdays import WorkingDays
from appliance.reports.periods import Period, month, whole_year
from appliance.reports.tables import report
from appliance.services.clock import utc_now
from appliance.store import Store, account_facts, books
from appliance.store.report_facts import facts_of
from sync.accounting import AccountLine
from sync.protocol.account import Account, CaseState, CaseWord, Docket, batches, code_digest

log = logging.getLogger(__name__)
FIRST_SECONDS, EVERY_SECONDS = 15.0, 300.0
FIGURES_EVERY, FIGURES_AGAIN, DOCKET_AGAIN = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
ENDED_WITHIN = timedelta(days=60)
OVERLAP = timedelta(minutes=1)
"""A dossier that changed while one was looking is told twice rather than never."""
REGISTERS = ("den", "di", "ho-so")
ACTIVE_DAYS = {"month": 4, "year": 40}
"""On how many days somebody must have signed in to count as one who uses the box."""
_EPOCH = date(1970, 1, 1)
_STATES = {
    "open": CaseState.OPEN, "accepted": CaseState.ACCEPTED, "refused": CaseState.REFUSED,
    "returned": CaseState.RETURNED,
}  # fmt: skip


def figures(db: Any, period: Period, calendar: WorkingDays, today: date) -> dict[str, int]:
    """Every count of a month or a year, by the names of PROTOCOL.md 4.9."""
    made = report(facts_of(db, period), period, calendar, today)
    found = {
        f"{short}.{line.key}": line.count
        for short, name in (("in", "incoming"), ("out", "outgoing"), ("due", "terms"))
        for line in made.table(name).lines
        if f"{short}.{line.key}" in _TOLD
    }
    days = account_facts.days_signed_in(db, period)
    active = sum(one >= ACTIVE_DAYS[period.kind] for one in days)
    sent, answered = account_facts.deliveries(db)
    found |= {
        "people.all": len(days), "people.active": active, "sent.total": sent, "sent.answered": answered,
        "sent.waiting": sent - answered, **_cases(db, period, calendar),
    }  # fmt: skip
    if period.kind == "year":
        for register in REGISTERS:
            given, _last, reserved, void = books.figures(db, register, period.first.year)
            missing = account_facts.gaps(db, register, period.first.year)
            told = {"numbers": given, "reserved": reserved, "void": void, "gaps": missing}
            found |= {f"{register}.{name}": count for name, count in told.items()}
    return found


_TOLD = frozenset(
    {
        *(f"in.{key}" for key in ("total", "electronic", "paper", "same-day")),
        *(f"out.{key}" for key in ("total", "leader", "agency", "both", "online", "both-online", "paper")),
        *(f"due.{key}" for key in ("total", "on-time", "late", "overdue", "open")),
    }
)


def _cases(db: Any, period: Period, calendar: WorkingDays) -> dict[str, int]:
    done = account_facts.given_back(db, period)
    found = {
        "case.total": account_facts.accepted_cases(db, period),
        "case.done": len(done),
        "case.late": sum(finished_late(one.due, one.given, calendar) for one in done),
    }
    timed = [one for one in done if one.days]
    if timed:
        found["case.took"] = round(100 * median(calendar.between(one.accepted, one.given) for one in timed))
        found["case.term"] = round(100 * median(one.days for one in timed))
    return found


def accounts(config: Config, db: Any, now: datetime, years: bool = True) -> list[Account]:
    """This month, and in its first ten days the month before; with ``years`` theirs too, which take longer to count."""
    today, wall = now.astimezone(VIETNAM).date(), int(now.timestamp())
    periods = [month(today.year, today.month)]
    if today.day <= 10:
        before = today.replace(day=1) - timedelta(days=1)
        periods.append(month(before.year, before.month))
    if years:
        periods += [whole_year(year) for year in sorted({one.first.year for one in periods}, reverse=True)]
    calendar = config.working_days()
    return [Account(config.box.id, wall, name_of(one), figures(db, one, calendar, today)) for one in periods]


def name_of(period: Period) -> str:
    """``2026`` or ``2026-11``."""
    return f"{period.first:%Y}" if period.kind == "year" else f"{period.first:%Y-%m}"


def dockets(config: Config, db: Any, now: datetime, since: datetime | None) -> list[Docket]:
    """The dossiers that changed since a moment; without one, all that somebody may still ask about."""
    found = account_facts.case_days(db, since, now - ENDED_WITHIN)
    return batches(config.box.id, int(now.timestamp()), [_word(one) for one in found])


def _word(one: account_facts.CaseDay) -> CaseWord:
    due = (one.due - _EPOCH).days if one.due and one.state == "accepted" else 0
    return CaseWord(code_digest(one.code), _STATES[one.state], (one.day - _EPOCH).days, due)


class Bookkeeper:
    """Looks at the books again and again and hands what is new to the line. One thread calls ``look``."""

    def __init__(self, config: Config, store: Store, line: AccountLine) -> None:
        self._config, self._store, self._line = config, store, line
        self._figures_at = self._years_at = self._docket_at = datetime.min.replace(tzinfo=UTC)
        self._looked: datetime | None = None
        self._told: dict[str, tuple[Mapping[str, int], datetime]] = {}

    def look(self, now: datetime) -> None:
        """Tell what changed, and what was not told for long. Raises what the store raises."""
        words: list[Account | Docket] = []
        if now - self._figures_at >= FIGURES_EVERY or now < self._figures_at:
            years = now - self._years_at >= FIGURES_AGAIN or now < self._years_at
            words += self._fresh(self._store.read(lambda db: accounts(self._config, db, now, years)), now)
            self._figures_at, self._years_at = now, now if years else self._years_at
        again = now - self._docket_at >= DOCKET_AGAIN or self._looked is None or now < self._looked
        since = None if again or self._looked is None else self._looked - OVERLAP
        words += self._store.read(lambda db: dockets(self._config, db, now, since))
        self._looked = now
        if again:
            self._docket_at = now
        if words:
            self._line.put(words)

    def _fresh(self, made: Sequence[Account], now: datetime) -> list[Account]:
        fresh = []
        for one in made:
            before = self._told.get(one.period)
            if before is None or before[0] != one.figures or now - before[1] >= FIGURES_AGAIN:
                self._told[one.period] = one.figures, now
                fresh.append(one)
        return fresh


def start_bookkeeping(config: Config, store: Store, line: AccountLine, stop: threading.Event) -> threading.Thread:
    """Start the thread; it ends with ``stop``."""

    def run() -> None:
        keeper, wait = Bookkeeper(config, store, line), FIRST_SECONDS
        while not threading.Event.wait(stop, wait):  # not `stop.wait`: that would vouch for the uplink's own loop
            wait = EVERY_SECONDS
            try:
                keeper.look(utc_now())
            except Exception:  # whatever SQLite raises: the uplink's own reading tells of a broken store
                log.exception("the books could not be counted")

    thread = threading.Thread(target=run, name="bookkeeping", daemon=True)
    thread.start()
    return thread
