"""Document rows: compare-and-set saves with their event, leases with an end.

A save names the state and version it was decided on; when the row has moved on meanwhile nothing is written and
``ChangedMeanwhile`` tells the caller. A lease is not part of the document: it only says who is at work, until when.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from appliance.domain.documents import Consent, Document, FieldValue, Signature
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import State
from appliance.domain.steps import Step, next_step
from appliance.store import events, manifest, search_index

_PLAIN = (
    "id", "version", "folder", "policy", "original_sha256", "original_name", "media_type", "pages", "archive_sha256",
    "current_sha256", "current_size", "register", "register_year", "register_number", "supersedes", "reason_code",
    "reason_text", "attempts", "last_error", "part_of", "part_number", "part_pages", "dossier",
    "attached_to",
)  # fmt: skip


class NoSuchDocument(Exception):
    """No document has this id."""


class ChangedMeanwhile(Exception):
    """The document was changed by somebody else since it was read; nothing was written."""


def insert(db: Any, document: Document, by: str, detail: dict[str, Any]) -> bool:
    """Add a new document with its first event; False (and no change) when the id is already there."""
    row = _row_of(document)
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    cursor = db.execute(f"INSERT OR IGNORE INTO documents ({names}) VALUES ({marks})", list(row.values()))
    if cursor.rowcount != 1:
        return False
    manifest.follow(db, document)
    search_index.follow(db, document)
    events.append(db, document.id, document.received_at, by, "received", detail)
    return True


def save(db: Any, before: Document, after: Document, by: str, event: str, detail: dict[str, Any]) -> None:
    """Replace ``before`` by ``after``, forget the lease and append the event.

    Another file than before goes into the manifest; ``detail["level"]`` tells its PAdES level if it is above B-B.

    Raises:
        ChangedMeanwhile: the row no longer is at ``before``'s state and version.
    """
    row = _row_of(after) | {"lease_owner": None, "lease_until": None}
    assignments = ", ".join(f"{name} = ?" for name in row)
    cursor = db.execute(
        f"UPDATE documents SET {assignments} WHERE id = ? AND state = ? AND version = ?",
        [*row.values(), before.id, before.state.value, before.version],
    )
    if cursor.rowcount != 1:
        raise ChangedMeanwhile(before.id)
    manifest.follow(db, after, str(detail.get("level", "")))
    search_index.follow(db, after)
    events.append(db, after.id, after.updated_at, by, event, detail)


def load(db: Any, document_id: str) -> Document:
    """The document.

    Raises:
        NoSuchDocument: nothing has this id.
    """
    row = db.execute("SELECT * FROM documents WHERE id = ?", [document_id])
    found = _dicts(row)
    if not found:
        raise NoSuchDocument(document_id)
    return document_of(found[0])


def listed(db: Any, states: Iterable[State] = (), limit: int = 200) -> list[Document]:
    """Newest documents first, of all states or of ``states``."""
    names = [state.value for state in states]
    where = f"WHERE state IN ({', '.join('?' * len(names))})" if names else ""
    rows = db.execute(f"SELECT * FROM documents {where} ORDER BY received_at DESC, id LIMIT ?", [*names, limit])
    return [document_of(row) for row in _dicts(rows)]


def first_with_original(db: Any, sha256: str) -> Document | None:
    """The oldest document that came from exactly these bytes and still stands, or None.

    A batch that was split stands as long as one of its parts does, and a file that was put together with another one
    as long as what became of them.
    """
    rows = db.execute(
        """SELECT * FROM documents AS held WHERE original_sha256 = ? AND (state != 'discarded' OR EXISTS
               (SELECT 1 FROM documents WHERE part_of = held.id AND part_of != '' AND state != 'discarded')
               OR (reason_code IN ('joined', 'collated') AND part_of != '' AND EXISTS
                   (SELECT 1 FROM documents WHERE id = held.part_of AND state != 'discarded')))
           ORDER BY received_at, id LIMIT 1""",
        [sha256],
    )
    return next((document_of(row) for row in _dicts(rows)), None)


def counts(db: Any) -> dict[State, int]:
    """How many documents are in each state."""
    found = dict(db.execute("SELECT state, count(*) FROM documents GROUP BY state").fetchall())
    return {state: found.get(state.value, 0) for state in State}


def lease(db: Any, owner: str, now: datetime, length: timedelta, steps: Iterable[Step]) -> Document | None:
    """Take the most urgent document that waits for one of ``steps`` and that nobody is at, for ``length``."""
    names = [step.value for step in steps]
    rows = db.execute(
        f"""SELECT * FROM documents WHERE step IN ({", ".join("?" * len(names))})
            AND (lease_until IS NULL OR lease_until < ?) AND (next_attempt_at IS NULL OR next_attempt_at <= ?)
            ORDER BY priority DESC, received_at, id LIMIT 1""",
        [*names, now.isoformat(), now.isoformat()],
    )
    found = _dicts(rows)
    if not found:
        return None
    db.execute(
        "UPDATE documents SET lease_owner = ?, lease_until = ? WHERE id = ?",
        [owner, (now + length).isoformat(), found[0]["id"]],
    )
    return document_of(found[0])


def note_attempt(db: Any, before: Document, after: Document) -> None:
    """Save attempts, next attempt and last error, and give the lease back. Not an event: nothing happened to the paper.

    Raises:
        ChangedMeanwhile: the row no longer is at ``before``'s state and version.
    """
    cursor = db.execute(
        """UPDATE documents SET attempts = ?, next_attempt_at = ?, last_error = ?, version = ?, updated_at = ?,
           lease_owner = NULL, lease_until = NULL WHERE id = ? AND state = ? AND version = ?""",
        [
            after.attempts,
            after.next_attempt_at.isoformat() if after.next_attempt_at else None,
            after.last_error,
            after.version,
            after.updated_at.isoformat(),
            before.id,
            before.state.value,
            before.version,
        ],
    )
    if cursor.rowcount != 1:
        raise ChangedMeanwhile(before.id)


def wake(db: Any, step: Step) -> int:
    """What papers waited for before ``step`` has happened: none waits for its next attempt; returns how many did."""
    cursor = db.execute(
        "UPDATE documents SET next_attempt_at = NULL WHERE step = ? AND next_attempt_at IS NOT NULL", [step.value]
    )
    return int(cursor.rowcount)


def renew(db: Any, owner_prefix: str, until: datetime, document_ids: Iterable[str]) -> None:
    """Prolong the leases on ``document_ids`` of the owners that begin with ``owner_prefix``; all others end."""
    for document_id in document_ids:
        db.execute(
            "UPDATE documents SET lease_until = ? WHERE id = ? AND lease_owner LIKE ? || '%'",
            [until.isoformat(), document_id, owner_prefix],
        )


def end_leases(db: Any, owner_prefix: str) -> None:
    """Give back the leases of owners that cannot be alive any more (the caller holds their lock)."""
    db.execute(
        "UPDATE documents SET lease_owner = NULL, lease_until = NULL WHERE lease_owner LIKE ? || '%'", [owner_prefix]
    )


def referenced_digests(db: Any) -> set[str]:
    """Every blob digest that must be there: all that some row mentions, without the originals wiped as secrets."""
    rows = db.execute(
        """WITH ended AS
               (SELECT id, part_of, original_sha256 FROM documents
                WHERE state = 'discarded' AND reason_code = 'secret'),
           wiped AS
               (SELECT id, original_sha256 FROM ended
                UNION SELECT id, original_sha256 FROM documents
                WHERE state = 'discarded' AND reason_code IN ('split', 'joined', 'collated')
                    AND (id IN (SELECT part_of FROM ended) OR part_of IN (SELECT id FROM ended)
                    OR part_of IN (SELECT part_of FROM ended WHERE part_of != '')))
           SELECT original_sha256 FROM documents
               WHERE NOT (state = 'discarded' AND original_sha256 IN (SELECT original_sha256 FROM wiped))
           UNION SELECT archive_sha256 FROM documents UNION SELECT current_sha256 FROM documents
           UNION SELECT sha256 FROM outbox WHERE document_id NOT IN (SELECT id FROM wiped)
           UNION SELECT picture_sha256 FROM batch_cuts WHERE batch_id NOT IN (SELECT id FROM wiped)
           UNION SELECT sha256 FROM longterm WHERE document_id NOT IN (SELECT id FROM wiped)
           UNION SELECT sha256 FROM incoming_documents WHERE recalled_at IS NULL
           UNION SELECT sha256 FROM scan_tests WHERE state IN ('arrived', 'read')"""
    )
    digests = {row[0] for row in rows.fetchall()}
    for (facts,) in db.execute("SELECT facts FROM documents").fetchall():
        digests |= {signature["sha256"] for signature in json.loads(facts)["signatures"]}
    return digests - {""}


def folders_used(db: Any, folders: Iterable[str]) -> frozenset[str]:
    """Those of ``folders`` through which a paper came."""
    question = "SELECT 1 FROM documents WHERE folder = ? LIMIT 1"
    return frozenset(one for one in folders if db.execute(question, [one]).fetchone())


def not_as_kept(db: Any) -> dict[str, str]:
    """Papers whose file is not the one that the manifest and the chain tell, with the code of what is wrong."""
    rows = db.execute("SELECT * FROM documents WHERE current_sha256 != '' ORDER BY id")
    found = {one.id: manifest.trouble(db, one) for one in map(document_of, _dicts(rows))}
    return {document_id: code for document_id, code in found.items() if code}


def replaced_beside(db: Any, document: Document) -> list[Document]:
    """The batch that ``document`` was cut from, replaced parts, stacks put together: they hold the same pages."""
    batch = document.part_of or document.id
    rows = db.execute(
        """SELECT * FROM documents WHERE (id = ? OR (part_of = ? AND part_of != '')) AND state = 'discarded'
           AND id != ?""",
        [batch, batch, document.id],
    )
    return [one for one in map(document_of, _dicts(rows)) if one.replaced]


def withheld_digests(db: Any) -> set[str]:
    """Blobs that only papers in quarantine as suspected secrets mention: they never leave this box, not in a backup."""
    rows = db.execute("SELECT * FROM documents WHERE state = 'quarantined'")
    suspects = [found for found in map(document_of, _dicts(rows)) if found.secret]
    if not suspects:
        return set()
    suspects += [one for suspect in suspects for one in replaced_beside(db, suspect)]
    whole = {one.original_sha256 for one in suspects if one.replaced}  # a joined paper waits with its batch's file
    others = db.execute(
        f"""SELECT CASE part_of WHEN '' THEN '' ELSE original_sha256 END, original_sha256, archive_sha256,
            current_sha256 FROM documents
            WHERE state != 'discarded' AND id NOT IN ({", ".join("?" * len(suspects))})""",
        [one.id for one in suspects],
    )
    mentioned = {digest for part_of, *row in others.fetchall() if part_of not in whole for digest in row}
    return {digest for one in suspects for digest in one.digests} - mentioned


def _dicts(cursor: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _row_of(document: Document) -> dict[str, Any]:
    facts = {
        "fields": {name: dataclasses.asdict(value) for name, value in document.fields.items()},
        "markings": document.markings,
        "warnings": document.warnings,
        "consents": [
            {"slot": consent.slot, "by": consent.by, "at": consent.at.isoformat()}
            | ({"authority": consent.authority} if consent.authority else {})
            | ({"until": consent.until.isoformat()} if consent.until else {})
            for consent in document.consents
        ],
        "signatures": [
            dataclasses.asdict(signature) | {"signed_at": signature.signed_at.isoformat()}
            for signature in document.signatures
        ],
        **({"nudges": document.nudges} if document.nudges else {}),
        **({"returned": document.returned} if document.returned else {}),
        **({"hidden": document.hidden} if document.hidden else {}),
        **({"kind_before": document.kind_before} if document.kind_before else {}),
        **({"joins": document.joins} if document.joins else {}),
        **({"no_paper": True} if document.no_paper else {}),
        **({"joined_of": document.joined_of, "joined_pages": document.joined_pages} if document.joined_of else {}),
    }
    step = next_step(document)
    return {name: getattr(document, name) for name in _PLAIN} | {
        "state": document.state.value,
        "kind": document.kind.value,
        "facts": json.dumps(facts, ensure_ascii=False),
        "next_attempt_at": document.next_attempt_at.isoformat() if document.next_attempt_at else None,
        "received_at": document.received_at.isoformat(),
        "updated_at": document.updated_at.isoformat(),
        "priority": document.priority,
        "step": step.value if step else None,
    }


def document_of(row: dict[str, Any]) -> Document:
    """A row as a document."""
    facts = json.loads(row["facts"])
    return Document(
        **{name: row[name] for name in _PLAIN},
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        received_at=datetime.fromisoformat(row["received_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
        next_attempt_at=datetime.fromisoformat(row["next_attempt_at"]) if row["next_attempt_at"] else None,
        fields={name: FieldValue(**(value | {"box": tuple(value["box"])})) for name, value in facts["fields"].items()},
        markings=tuple(facts["markings"]),
        warnings=tuple(facts["warnings"]),
        consents=tuple(
            Consent(
                Slot(item["slot"]),
                item["by"],
                datetime.fromisoformat(item["at"]),
                item.get("authority", ""),
                date.fromisoformat(item["until"]) if "until" in item else None,
            )
            for item in facts["consents"]
        ),
        signatures=tuple(
            Signature(
                **(
                    item
                    | {
                        "slot": Slot(item["slot"]),
                        "signed_at": datetime.fromisoformat(item["signed_at"]),
                        "box": tuple(item["box"]),
                        "notes": tuple(item.get("notes", ())),
                        "blanks": tuple(item.get("blanks", ())),
                    }
                )
            )
            for item in facts["signatures"]
        ),
        nudges={slot: (right, down) for slot, (right, down) in facts.get("nudges", {}).items()},
        returned=facts.get("returned", ""),
        hidden=tuple(facts.get("hidden", ())),
        kind_before=facts.get("kind_before", ""),
        joins=facts.get("joins", ""),
        no_paper=facts.get("no_paper", False),
        joined_of=tuple(facts.get("joined_of", ())),
        joined_pages=tuple(facts.get("joined_pages", ())),
    )
