"""Papers that could not be taken as they came, and the files that correct them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from appliance.domain.documents import Document
from appliance.store.documents import document_of

_NOT_CORRECTED = """NOT EXISTS
    (SELECT 1 FROM events WHERE events.document_id = documents.id AND event = 'superseded')"""


def to_supersede(db: Any, folder: str, name: str, since: datetime) -> str:
    """Id of the newest document that a file of this ``name`` in this ``folder`` corrects, or "".

    Sent back, or in quarantine for another reason than a suspected secret, not before ``since``, and not corrected yet.
    """
    rows = db.execute(
        f"""SELECT * FROM documents WHERE folder = ? AND original_name = ? AND updated_at >= ? AND {_NOT_CORRECTED}
            AND (state = 'quarantined' OR (state = 'discarded' AND reason_code = 'sent-back'))
            ORDER BY received_at DESC""",
        [folder, name, since.isoformat()],
    )
    return next((found.id for found in _documents(rows) if not found.secret), "")


def unread(db: Any) -> list[Document]:
    """Papers in quarantine that no other one corrects, oldest first: those whose bringers have to be told."""
    rows = db.execute(f"SELECT * FROM documents WHERE state = 'quarantined' AND {_NOT_CORRECTED} ORDER BY received_at")
    return _documents(rows)


def parts_of(db: Any, batch_id: str) -> list[Document]:
    """The documents that were cut out of a batch, whatever became of them."""
    return _documents(db.execute("SELECT * FROM documents WHERE part_of = ? AND part_of != ''", [batch_id]))


def _documents(cursor: Any) -> list[Document]:
    names = [column[0] for column in cursor.description]
    return [document_of(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
