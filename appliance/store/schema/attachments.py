"""Papers that go with another one."""

from __future__ import annotations

from typing import Any


def m024_attachments(db: Any) -> None:
    db.execute("ALTER TABLE documents ADD COLUMN attached_to TEXT NOT NULL DEFAULT '' CHECK (attached_to != id)")
    db.execute("CREATE INDEX documents_by_main ON documents (attached_to) WHERE attached_to != ''")
