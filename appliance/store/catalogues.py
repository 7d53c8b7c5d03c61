"""The office's lists: procedures with their components, certificates. An import adds and replaces, removes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from appliance.registers.catalogues import Component, Held, Procedure
from appliance.store import events


def import_procedures(db: Any, found: Iterable[Procedure], by: str, now: datetime) -> int:
    """Keep the list; returns how many it has. Tells the chain."""
    rows = [[one.code, one.name, one.field, one.days, _components(one), now.isoformat()] for one in found]
    for row in rows:
        db.execute("INSERT OR REPLACE INTO procedures VALUES (?,?,?,?,?,?)", row)
    events.append(db, "catalogue:procedures", now, by, "list-imported", {"count": len(rows)})
    return len(rows)


def import_certificates(db: Any, found: Iterable[Held], by: str, now: datetime) -> int:
    """Keep the list; returns how many it has. Tells the chain."""
    rows = [
        [
            one.issuer, one.serial, one.holder, one.kind, one.issued.isoformat(), one.expires.isoformat(),
            one.revoked.isoformat() if one.revoked else None, now.isoformat(),
        ]
        for one in found
    ]  # fmt: skip
    for row in rows:
        db.execute("INSERT OR REPLACE INTO certificate_inventory VALUES (?,?,?,?,?,?,?,?)", row)
    events.append(db, "catalogue:certificates", now, by, "list-imported", {"count": len(rows)})
    return len(rows)


def procedure(db: Any, code: str) -> Procedure | None:
    """One procedure, or None."""
    return next(iter(_procedures(db, "WHERE code = ?", [code])), None)


def procedures(db: Any) -> list[Procedure]:
    """The catalogue, by field and name."""
    return _procedures(db, "ORDER BY field, name, code", [])


def _procedures(db: Any, where: str, values: list[Any]) -> list[Procedure]:
    rows = db.execute(f"SELECT code, name, field, days, components FROM procedures {where}", values)
    return [
        Procedure(code, name, field, days, tuple(Component(**one) for one in json.loads(components)))
        for code, name, field, days, components in rows.fetchall()
    ]


def certificates(db: Any) -> list[Held]:
    """The inventory, the first to expire first."""
    rows = db.execute(
        """SELECT issuer, serial, holder, kind, issued_on, expires_on, revoked_on FROM certificate_inventory
           ORDER BY expires_on, issuer, serial"""
    )
    return [
        Held(
            issuer, serial, holder, kind, date.fromisoformat(begins), date.fromisoformat(ends),
            date.fromisoformat(revoked) if revoked else None,
        )
        for issuer, serial, holder, kind, begins, ends, revoked in rows.fetchall()
    ]  # fmt: skip


def _components(one: Procedure) -> str:
    return json.dumps([{"name": part.name, "required": part.required} for part in one.components], ensure_ascii=False)
