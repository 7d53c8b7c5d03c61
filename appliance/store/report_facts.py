"""The facts of a report, asked row by row in one snapshot: what was registered, signed, sent, refused in a period.

A document belongs to the period in which it got its number; void and unused reserved numbers are no documents. What
nobody registered is not counted anywhere, so the counts fit the printed registers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from appliance.domain.zone import VIETNAM
from appliance.registers.columns import FINISHES
from appliance.reports.facts import Arrived, Certificate, Facts, Handled, Issued, Lodged
from appliance.reports.periods import Period
from appliance.store import catalogues
from sync.protocol.reasons import REASONS

_REGISTERED = """
    SELECT taken.number, taken.allocated_at, documents.received_at AS scanned_at, came.received_at AS came_at,
        (SELECT cells FROM register_rows AS row WHERE row.book = taken.register AND row.year = taken.year
            AND row.number = taken.number ORDER BY sequence DESC LIMIT 1) AS cells,
        coalesce(json_extract(documents.facts, '$.fields.type_name.value'),
            json_extract(came.meta, '$.fields.type_name'), json_extract(came.fields, '$.type_name'), '') AS type_name,
        (SELECT group_concat(json_extract(value, '$.slot')) FROM json_each(documents.facts, '$.signatures')) AS signed,
        EXISTS (SELECT 1 FROM outbox WHERE outbox.document_id = taken.document_id AND answer = 'accepted') AS online
    FROM register_numbers AS taken
        LEFT JOIN documents ON documents.id = taken.document_id
        LEFT JOIN incoming_documents AS came ON came.document_id = taken.electronic_id
    WHERE taken.register = ? AND taken.allocated_at >= ? AND taken.allocated_at < ?
        AND (SELECT act FROM register_rows AS row WHERE row.book = taken.register AND row.year = taken.year
            AND row.number = taken.number ORDER BY sequence DESC LIMIT 1) NOT IN ('reserved', 'voided')
    ORDER BY taken.year, taken.number"""


def facts_of(db: Any, period: Period) -> Facts:
    """Everything that a report on this period counts."""
    span = [moment.astimezone(UTC).isoformat() for moment in (period.since, period.until)]
    office, sender = _recalls(db, span)
    every = catalogues.procedures(db)
    return Facts(
        arrived=tuple(_arrived(row) for row in _asked(db, "den", span)),
        issued=tuple(_issued(row) for row in _asked(db, "di", span)),
        handled=tuple(_handled(db, period.first, period.last)),
        refused_by_province=_refused_by_province(db, span),
        refused_by_office=_refused_by_office(db, span),
        recalled_by_office=office,
        recalled_by_sender=sender,
        transit=tuple(_transit(db, span)),
        certificates=tuple(
            Certificate(one.kind, one.issued, one.expires, one.revoked) for one in catalogues.certificates(db)
        ),
        procedures=len(every),
        components=sum(len(one.components) for one in every),
        cases=tuple(_lodged(db, span)),
        presence=tuple(_presence(db, span)),
    )


def _asked(db: Any, register: str, span: list[str]) -> Iterable[dict[str, Any]]:
    cursor = db.execute(_REGISTERED, [register, *span])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(VIETNAM).date()


def _arrived(row: dict[str, Any]) -> Arrived:
    came, registered = row["scanned_at"] or row["came_at"], _day(row["allocated_at"])
    arrived = _day(came) if came else _written_day(json.loads(row["cells"]).get("arrival_date", ""), registered)
    return Arrived(registered, arrived, bool(row["came_at"]), bool(row["scanned_at"]), row["type_name"])


def _written_day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _issued(row: dict[str, Any]) -> Issued:
    cells = json.loads(row["cells"])
    return Issued(
        number=row["number"],
        registered=_day(row["allocated_at"]),
        signed=frozenset((row["signed"] or "").split(",")) - {""},
        online=bool(row["online"]),
        in_box=row["scanned_at"] is not None,
        type_name=row["type_name"],
        code=cells.get("code", ""),
        subject=cells.get("subject", ""),
        paper_reason=cells.get("paper_only", ""),
    )


def _handled(db: Any, first: date, last: date) -> Iterable[Handled]:
    for book, finish in FINISHES.items():
        rows = db.execute(
            """SELECT json_extract(cells, '$.due'), coalesce(json_extract(cells, '$.' || ?2), '')
               FROM register_rows AS last WHERE book = ?1 AND act != 'voided'
               AND sequence = (SELECT max(sequence) FROM register_rows AS other
                               WHERE other.book = ?1 AND other.year = last.year AND other.number = last.number)
               AND json_extract(cells, '$.due') BETWEEN ?3 AND ?4
               AND NOT EXISTS (SELECT 1 FROM register_rows AS base WHERE base.book = last.register
                               AND base.year = last.year AND base.number = last.number AND base.act = 'voided')""",
            [book, finish, first.isoformat(), last.isoformat()],
        )
        for due, finished in rows.fetchall():
            yield Handled(date.fromisoformat(due), date.fromisoformat(finished) if finished else None)


def _lodged(db: Any, span: list[str]) -> Iterable[Lodged]:
    """Case dossiers accepted in the period, as they stand today."""
    rows = db.execute(
        """SELECT json_extract(procedure, '$.name'), handed_on_by != '', by_post, tracking != '', state = 'returned'
           FROM cases WHERE number > 0 AND accepted_at >= ? AND accepted_at < ? ORDER BY year, number""",
        span,
    )
    for procedure, *facts in rows.fetchall():
        yield Lodged(procedure, *(bool(fact) for fact in facts))


def _presence(db: Any, span: list[str]) -> Iterable[int]:
    """On how many days (Vietnam) of the period each account was signed in with. Those that are blocked now, and those
    made after the period, do not count.
    """
    rows = db.execute(
        """SELECT (SELECT count(DISTINCT date(events.at, '+7 hours')) FROM events
                   WHERE events.document_id = 'account:' || accounts.id
                       AND events.event IN ('signed-in', 'recovery-code-used')
                       AND events.at >= ?1 AND events.at < ?2)
           FROM accounts WHERE active = 1 AND created_at < ?2 ORDER BY created_at, id""",
        span,
    )
    for (days,) in rows.fetchall():
        yield int(days)


def _refused_by_province(db: Any, span: list[str]) -> dict[str, int]:
    """Refusals by their reasons: one for each time, also when the document was sent again and taken."""
    rows = db.execute(
        """SELECT coalesce(json_extract(events.detail, '$.code'), '') FROM outbox
           JOIN events ON events.document_id = outbox.document_id AND events.event = 'refused'
               AND events.at = outbox.answered_at
           WHERE outbox.answer = 'refused' AND outbox.answered_at >= ? AND outbox.answered_at < ?""",
        span,
    )
    return dict(Counter(REASONS.get(code, code) for (code,) in rows.fetchall()))


def _refused_by_office(db: Any, span: list[str]) -> dict[str, int]:
    rows = db.execute("SELECT reason FROM notices_said WHERE code = '02' AND at >= ? AND at < ?", span)
    return dict(Counter(reason for (reason,) in rows.fetchall()))


def _recalls(db: Any, span: list[str]) -> tuple[int, int]:
    """How often the office asked a document back, and how many its senders took back."""
    (office,) = db.execute(
        "SELECT count(*) FROM notices_said WHERE code = '13' AND at >= ? AND at < ?", span
    ).fetchone()
    (sender,) = db.execute(
        "SELECT count(*) FROM incoming_documents WHERE recalled_at >= ? AND recalled_at < ?", span
    ).fetchone()
    return int(office), int(sender)


def _transit(db: Any, span: list[str]) -> Iterable[float]:
    """Seconds from the scan to the first receipt, of the documents receipted in the period."""
    rows = db.execute(
        """SELECT documents.received_at, first.answered_at FROM outbox AS first
           JOIN documents ON documents.id = first.document_id
           WHERE first.answer = 'accepted' AND first.answered_at >= ? AND first.answered_at < ?
               AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.document_id = first.document_id
                               AND earlier.answer = 'accepted' AND earlier.sequence < first.sequence)""",
        span,
    )
    for scanned, receipted in rows.fetchall():
        yield (datetime.fromisoformat(receipted) - datetime.fromisoformat(scanned)).total_seconds()
