"""The search over 500,000 papers (issue 6: < 50 ms on 2 cores), beside FTS5's own order by rank on the same index.

The papers are made here: syllables of administrative Vietnamese drawn with Zipf's weights, ten years of receipt, states
as an office has them. `COMMUNE_BENCH_QUICK` makes a tenth of them. Each question is asked several times on a connection
that has just been opened (cold pages of SQLite, warm pages of the system), and the slowest question counts.
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from appliance.domain.states import State
from appliance.store.migrations import migrate
from appliance.store.searching import Question, found

NAME = "search"
PAPERS = 50_000 if os.environ.get("COMMUNE_BENCH_QUICK") else 500_000
ROUNDS = 7
WORDS_OF_FACTS, WORDS_OF_TEXT = 25, 160
_ONSETS = ("", "b", "c", "ch", "d", "g", "gi", "h", "kh", "l", "m", "n", "ng", "nh", "ph", "qu", "t", "th", "tr", "x")
_RHYMES = (
    "a", "an", "ang", "anh", "ao", "ap", "at", "e", "en", "eu", "i", "ien", "ieu", "im", "inh", "o", "oan", "oi", "ong",
    "u", "ua", "uan", "ung", "uoc", "uong", "uyen", "y", "yen", "am", "ac", "em", "et", "iet", "oc", "on", "op", "ui",
    "up", "ut", "uoi",
)  # fmt: skip
TYPES = ("cong van", "quyet dinh", "thong bao", "bao cao", "to trinh", "ke hoach", "giay moi", "nghi quyet")
FIRST = datetime(2016, 1, 4, 1, tzinfo=UTC)


def papers() -> Iterator[tuple[int, str, str, str, str, str, str]]:
    """(number, id, received, facts, issuer, text, facets) of every paper, oldest first."""
    chance = random.Random(6)
    syllables = [onset + rhyme for onset in _ONSETS for rhyme in _RHYMES]
    chance.shuffle(syllables)
    weights = list(accumulate(1 / rank for rank in range(1, len(syllables) + 1)))
    step = timedelta(days=3650) / PAPERS
    for number in range(1, PAPERS + 1):
        kind, kind_of_paper = chance.choice(("incomingscan", "outgoing")), chance.choice(TYPES)
        drawn = chance.choices(syllables, cum_weights=weights, k=WORDS_OF_FACTS + WORDS_OF_TEXT)
        facts = f"{number % 4000} ubnd vp {kind_of_paper} ve viec " + " ".join(drawn[:WORDS_OF_FACTS])
        issuer = f"uy ban nhan dan xa {drawn[0]} {drawn[1]}"
        text = "cong hoa xa hoi chu nghia viet nam doc lap tu do hanh phuc uy ban nhan dan " + " ".join(drawn)
        facets = f"xk{kind} xt{kind_of_paper.replace(' ', '')}"
        yield number, f"p-{number}", (FIRST + step * number).isoformat(), facts, issuer, text, facets


def state_of(number: int) -> str:
    """Nearly all delivered, the last ones under way, a few refused."""
    if number > PAPERS - 60:
        return State.DIGITIZED.value
    return State.REFUSED.value if number % (PAPERS // 40) == 7 else State.DELIVERED.value


def fill(path: Path) -> None:
    """Make the database: the box's own schema, rows only of what a search reads."""
    raw = sqlite3.connect(path, isolation_level=None)
    import sqlite_utils

    with raw:
        migrate(sqlite_utils.Database(raw))
    raw.execute("PRAGMA synchronous = OFF")
    names = [row[1] for row in raw.execute("PRAGMA table_info(documents)")]
    numbers = {"version", "pages", "current_size", "register_year", "register_number", "attempts", "priority"}
    numbers |= {"part_number"}
    known: set[str] = set()
    raw.execute("BEGIN")
    for number, name, received, facts, issuer, text, facets in papers():
        values = {column: 0 if column in numbers else "" for column in names}
        values |= {"id": name, "state": state_of(number), "received_at": received, "updated_at": received}
        values |= dict.fromkeys(("next_attempt_at", "step", "lease_owner", "lease_until"))
        raw.execute(
            f"INSERT INTO documents ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            [values[column] for column in names],
        )
        raw.execute("INSERT INTO search_rows VALUES (?, ?, ?, 0)", (number, name, received))
        raw.execute(
            "INSERT INTO search_words (rowid, facts, issuer, pages, facets) VALUES (?, ?, ?, ?, ?)",
            (number, facts, issuer, text, facets),
        )
        raw.execute(
            "INSERT INTO search_facts (rowid, facts, issuer, facets) VALUES (?, ?, ?, ?)",
            (number, facts, issuer, facets),
        )
        known.update(facts.split(), issuer.split(), text.split())
        if number % 20_000 == 0:
            raw.execute("COMMIT")
            raw.execute("BEGIN")
    raw.executemany("INSERT INTO search_terms VALUES (?)", [(word,) for word in known])
    raw.execute("COMMIT")
    raw.close()


def questions() -> dict[str, Question]:
    """What people ask, from one word that every paper has to what none has."""
    chance = random.Random(6)
    syllables = [onset + rhyme for onset in _ONSETS for rhyme in _RHYMES]
    chance.shuffle(syllables)
    common, middle, rare = syllables[1], syllables[60], syllables[-1]
    year = date(2019, 5, 1)
    return {
        "a word of every paper": Question("ủy ban"),
        "a phrase of every paper": Question("cộng hòa xã hội chủ nghĩa việt nam"),
        "a number": Question("215/UBND-VP"),
        "common words": Question(f"{common} {middle}"),
        "a common and a rare word": Question(f"{common} {rare}"),
        "two rare words": Question(f"{rare} {syllables[-2]}"),
        "an unfinished word": Question(f"{common} t"),
        "one letter": Question("t"),
        "words that no paper has": Question("khongcotunay xyz"),
        "common words and a type": Question(f"{common} quy", type_name="quyet dinh"),
        "common words, refused": Question(common, states=frozenset({State.REFUSED})),
        "common words, delivered": Question(f"{common} {middle}", states=frozenset({State.DELIVERED})),
        "common words in a month of 2019": Question(common, from_day=year, to_day=year + timedelta(days=30)),
        "a rare word in a month of 2019": Question(rare, from_day=year, to_day=year + timedelta(days=30)),
        "an issuer": Question("", issuer=f"{common} {middle}"),
        "common words of an issuer, a type, a year": Question(
            middle, issuer=common, type_name="bao cao", from_day=year, to_day=year + timedelta(days=365)
        ),
        "refused, no word": Question(states=frozenset({State.REFUSED})),
        "a month, no word": Question(from_day=year, to_day=year + timedelta(days=30)),
        "a type, no word": Question(type_name="giay moi"),
        "the twentieth page of a common word": Question(common, after=str(PAPERS // 2)),
    }


def by_rank(db: Any, question: Question) -> None:
    """The baseline: the same words in FTS5's own order, best first."""
    words = " ".join(f'"{word}"' for word in question.text.replace("/", " ").replace("-", " ").split())
    db.execute(
        "SELECT rowid FROM search_words WHERE search_words MATCH ? ORDER BY rank LIMIT 50", [words or '"ubnd"']
    ).fetchall()


def milliseconds(path: Path, ask: Any) -> float:
    """Median wall time of a question, each time on a new connection."""
    took = []
    for _ in range(ROUNDS):
        db = sqlite3.connect(path)
        began = time.perf_counter()
        ask(db)
        took.append((time.perf_counter() - began) * 1000)
        db.close()
    return statistics.median(took)


def run() -> dict[str, Any]:
    """Make the papers, ask everything both ways."""
    with tempfile.TemporaryDirectory(prefix="commune-bench-") as folder:
        path = Path(folder) / "box.db"
        began = time.monotonic()
        fill(path)
        figures: dict[str, Any] = {
            "papers": PAPERS,
            "made_in_seconds": round(time.monotonic() - began, 1),
            "database_mb": round(path.stat().st_size / 1e6),
        }
        slowest, ratios = 0.0, []
        for name, question in questions().items():
            ours = milliseconds(path, lambda db, question=question: found(db, question))
            figures[f"{name}.ms"] = round(ours, 2)
            slowest = max(slowest, ours)
            if question.text:
                rank = milliseconds(path, lambda db, question=question: by_rank(db, question))
                figures[f"{name}.by_rank_ms"] = round(rank, 2)
                ratios.append(rank / ours)
        figures["median_by_rank_over_ours"] = round(statistics.median(ratios), 1)
    value = round(slowest, 1)
    bar = {
        "name": f"ms of the slowest question over {PAPERS} papers",
        "value": value,
        "bar": "< 50",
        "holds": value < 50,
    }
    return {"figures": figures, "bars": [bar]}
