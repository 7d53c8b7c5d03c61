"""The search over all papers: words of facts and text, issuer, kind, type, state, day of receipt.

Newest first is the order in which the index is read, so a search ends as soon as a page is full, however many papers
there are (`./box bench search`: 500,000). Writes nothing; the rows are `search_index`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from appliance.domain.states import State
from appliance.domain.zone import VIETNAM
from appliance.store.folding import words
from appliance.store.search_index import marks

PAGE = 50
BEST = 20
"""At most so many papers whose facts have the words stand before the others."""
_FEW = 400
"""Papers in the states asked for, up to which each of them is looked at instead of every paper with the words."""
_END = 10_000
"""Papers at either end of a range of days within which a wrong clock may have mixed the order."""
_NUMBER = re.compile(r"[0-9]{1,18}")
"""What SQLite takes for a number of a row; an address may hold anything."""
_UNFINISHED, _COMPLETIONS = 3, 40
"""Letters from which the last word may be unfinished, and how many words it then may stand for."""


@dataclass(frozen=True)
class Question:
    """What is looked for; every part that is given must hold. Days are those on which the box received a paper.

    `text`: words of facts or text, the last one perhaps unfinished. `issuer`: words of the issuing office. `type_name`:
    the type of document as papers write it. `kind`: `appliance.domain.kinds.Kind`. `after`: an answer's `next`.
    """

    text: str = ""
    issuer: str = ""
    type_name: str = ""
    kind: str = ""
    states: frozenset[State] = frozenset()
    from_day: date | None = None
    to_day: date | None = None
    after: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing is asked."""
        return not (words(self.text) or words(self.issuer) or self.type_name or self.kind or self.states) and (
            self.from_day is None and self.to_day is None
        )


@dataclass(frozen=True)
class Answer:
    """Ids of papers, newest first; on the first page before them the newest whose facts, not only text, have the words.

    `next`: what `Question.after` must be for the papers after these, "" when there are no more.
    """

    ids: tuple[str, ...]
    next: str = ""


def found(db: Any, question: Question, limit: int = PAGE) -> Answer:
    """The papers that answer the question, at most ``limit`` of them."""
    if question.empty:
        return Answer(())
    asked = _Asked(question, _completed(db, question.text))
    before = int(question.after) if _NUMBER.fullmatch(question.after) else None
    best: list[str] = []
    if asked.words and question.states and (few := _numbers_in(db, question.states)) is not None:
        rows = _looked_at(db, asked, few, before, limit + 1)
    elif asked.words or asked.narrowed:
        if asked.words:
            best = [one for _, one in _matched(db, asked, "search_facts", None, BEST)]
        rows = _matched(db, asked, "search_words", before, limit + 1 + len(best))
    else:
        rows = _listed(db, question, before, limit + 1)
    others = [row for row in rows if row[1] not in best]
    shown_first = best if before is None else []
    room = limit - len(shown_first)
    ids = (*shown_first, *(one for _, one in others[:room]))
    if len(others) <= room:
        return Answer(ids)
    return Answer(ids, str(others[room - 1][0]) if room else str(others[0][0] + 1))


def _begin(day: date) -> str:
    """The first moment of an office day, as rows write moments (UTC)."""
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC).isoformat()


@dataclass(frozen=True)
class _Asked:
    """A question in words: `words`, each with the words that it may stand for."""

    question: Question
    words: tuple[tuple[str, ...], ...]

    @property
    def narrowed(self) -> str:
        """What else the index must say of a paper, in FTS5's words, or ""."""
        parts = []
        if issuer := words(self.question.issuer):
            parts.append("issuer : (" + " AND ".join(f'"{word}"' for word in issuer) + ")")
        parts += [f'facets : "{mark}"' for mark in marks(self.question.kind, self.question.type_name)]
        return " AND ".join(parts)

    def match(self, table: str) -> str:
        """The question in FTS5's words. Every word is quoted, so nothing that people type is an operator."""
        columns = "{facts issuer pages}" if table == "search_words" else "{facts issuer}"
        asked = " AND ".join("(" + " OR ".join(f'"{word}"' for word in either) + ")" for either in self.words)
        return " AND ".join(part for part in (asked and f"{columns} : ({asked})", self.narrowed) if part)

    def holds(self, facts: str, issuer: str, pages: str, facets: str) -> bool:
        """The same of one paper's row, without the index."""
        has, issuers = {*words(facts), *words(issuer), *words(pages)}, set(words(issuer))
        return (
            all(has.intersection(either) for either in self.words)
            and issuers.issuperset(words(self.question.issuer))
            and set(facets.split()).issuperset(marks(self.question.kind, self.question.type_name))
        )


def _completed(db: Any, text: str) -> tuple[tuple[str, ...], ...]:
    """The words asked for; the last one, if it is long enough, with known words that begin with it.

    Not by FTS5's own prefix queries: these read every paper with any such word before they give the first one.
    """
    asked = words(text)
    if not asked:
        return ()
    *whole, last = asked
    either = [last]
    if len(last) >= _UNFINISHED:
        known = db.execute(
            "SELECT term FROM search_terms WHERE term > ? AND term < ? ORDER BY term LIMIT ?",
            [last, last + "\U0010ffff", _COMPLETIONS],
        )
        either += [row[0] for row in known.fetchall()]
    return (*((word,) for word in whole), tuple(either))


def _days(question: Question) -> tuple[str, list[str]]:
    """A condition on `search_rows`, and its values; the calendar's own first and last day leave nothing out."""
    terms, values = [], []
    if question.from_day is not None and question.from_day > date.min:
        terms.append("r.received_at >= ?")
        values.append(_begin(question.from_day))
    if question.to_day is not None and question.to_day < date.max:
        terms.append("r.received_at < ?")
        values.append(_begin(question.to_day + timedelta(days=1)))
    return "".join(f" AND {term}" for term in terms), values


def _matched(db: Any, asked: _Asked, table: str, before: int | None, limit: int) -> list[tuple[int, str]]:
    """(number, id) of papers by the index, newest first."""
    question = asked.question
    values: list[str | int] = [asked.match(table)]
    where, join = f"{table} MATCH ?", ""
    low, high = _numbers(db, question)
    if before is not None:
        high = before - 1 if high is None else min(high, before - 1)
    if low is not None:
        where, values = where + f" AND {table}.rowid >= ?", [*values, low]
    if high is not None:
        where, values = where + f" AND {table}.rowid <= ?", [*values, high]
    days, day_values = _days(question)
    where, values = where + days, [*values, *day_values]
    if question.states:
        states, state_values = _states(question)
        join = "CROSS JOIN documents AS d ON d.id = r.document_id"
        where, values = f"{where} AND {states}", [*values, *state_values]
    rows = db.execute(
        f"""SELECT {table}.rowid, r.document_id
            FROM {table} CROSS JOIN search_rows AS r ON r.number = {table}.rowid {join}
            WHERE {where} ORDER BY {table}.rowid DESC LIMIT ?""",
        [*values, limit],
    )
    return [(int(number), str(document_id)) for number, document_id in rows.fetchall()]


def _looked_at(db: Any, asked: _Asked, few: list[int], before: int | None, limit: int) -> list[tuple[int, str]]:
    """(number, id) of those among a few papers that answer; asking FTS5 for single rows would cost far more."""
    days, values = _days(asked.question)
    found_rows = []
    rows = db.execute(
        f"""SELECT r.number, r.document_id, w.facts, w.issuer, w.pages, w.facets
            FROM search_rows AS r JOIN search_words AS w ON w.rowid = r.number
            WHERE r.number IN ({", ".join(map(str, few))}){days} ORDER BY r.number DESC""",
        values,
    )
    for number, document_id, *texts in rows:
        if (before is None or number < before) and asked.holds(*texts):
            found_rows.append((int(number), str(document_id)))
            if len(found_rows) == limit:
                break
    return found_rows


def _listed(db: Any, question: Question, before: int | None, limit: int) -> list[tuple[int, str]]:
    """(number, id) of papers where no word was asked for."""
    where, values = _days(question)
    source = "search_rows AS r"
    if before is not None:
        where, values = f"{where} AND r.number < ?", [*values, str(before)]
    if question.states:
        states, state_values = _states(question)
        source = "documents AS d JOIN search_rows AS r ON r.document_id = d.id"
        where, values = f"{where} AND {states}", [*values, *state_values]
    rows = db.execute(
        f"SELECT r.number, r.document_id FROM {source} WHERE 1{where} ORDER BY r.number DESC LIMIT ?", [*values, limit]
    )
    return [(int(number), str(document_id)) for number, document_id in rows.fetchall()]


def _states(question: Question) -> tuple[str, list[str]]:
    names = sorted(state.value for state in question.states)
    return f"d.state IN ({', '.join('?' * len(names))})", names


def _numbers(db: Any, question: Question) -> tuple[int | None, int | None]:
    """The lowest and highest number within the days asked for, (None, None) when no day was named.

    Numbers follow the time of receipt but for jumps of the clock, so it is enough to look at both ends of the range.
    """
    days, values = _days(question)
    if not days:
        return None, None
    ends = []
    for extreme, order in (("min", "ASC"), ("max", "DESC")):
        (number,) = db.execute(
            f"""SELECT {extreme}(number) FROM (SELECT number FROM search_rows AS r WHERE 1{days}
                ORDER BY received_at {order} LIMIT {_END})""",
            values,
        ).fetchone()
        ends.append(0 if number is None else int(number))
    return ends[0], ends[1]


def _numbers_in(db: Any, states: Iterable[State]) -> list[int] | None:
    """Numbers of the papers in these states, or None when they are many."""
    names = [state.value for state in states]
    rows = db.execute(
        f"""SELECT r.number FROM documents AS d JOIN search_rows AS r ON r.document_id = d.id
            WHERE d.state IN ({", ".join("?" * len(names))}) LIMIT ?""",
        [*names, _FEW + 1],
    ).fetchall()
    return [int(row[0]) for row in rows] if len(rows) <= _FEW else None
