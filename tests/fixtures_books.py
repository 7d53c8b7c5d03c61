"""Clerks at the registers, as processes of their own: what each does until it is killed.

Child bodies must be importable by name. Each clerk tells on a file of its own what was committed, after the commit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance import bookkeeping
from appliance.domain.documents import Document, FieldValue
from appliance.domain.kinds import REGISTERS, Kind
from appliance.domain.states import State
from appliance.store import Store, books, documents, events, incoming, open_store, registers
from appliance.store.incoming import Electronic
from tests.fixtures_store import NOW, in_state, paper


def registered(store: Store, kind: Kind = Kind.INCOMING_SCAN, by: str = "Lan (văn thư)", **fields: str) -> Document:
    """A paper with a number and its row, as an approval makes them."""
    kept = paper(kind, fields={name: FieldValue(value) for name, value in fields.items()})

    def change(db: Any) -> Document:
        documents.insert(db, kept, "test", {})
        register = REGISTERS[kind]
        number = registers.allocate(db, register, 2026, kept.id, NOW)
        after = dataclasses.replace(kept, register=register, register_year=2026, register_number=number, version=2)
        documents.save(db, kept, after, by, "row-entered", {"row": books.enter(db, after, by, NOW)})
        return after

    return store.write(change)


def ended(store: Store) -> Document:
    """A paper that was sent back and has no number."""
    kept = in_state(State.DISCARDED)
    store.write(lambda db: documents.insert(db, kept, "test", {}))
    return kept


def clerk_without_end(root: Path, told: Path, seed: int) -> None:
    """Take, reserve, void and correct in two registers until killed."""
    chance, opened = random.Random(seed), open_store(root / "box.db", root / "blobs")
    by, mine, now = f"văn thư {seed}", [], NOW
    with told.open("a", encoding="utf-8") as file:
        while True:
            now += timedelta(seconds=1)
            act = chance.choice(("take", "take", "reserve", "void", "correct"))
            kind = chance.choice((Kind.INCOMING_SCAN, Kind.OUTGOING))
            if act == "take":
                made = registered(opened, kind, by, subject=f"Tờ {now.isoformat()}", issuer="UBND tỉnh")
                line = f"take {made.register} {made.register_number}"
            elif act == "reserve":
                taken = bookkeeping.reserve(opened, REGISTERS[kind], "giữ cho công văn chưa ký", by, now)
                mine.append(taken)
                line = f"reserve {taken.register} {taken.number}"
            elif mine and act == "void":
                taken = mine.pop(chance.randrange(len(mine)))
                bookkeeping.void(opened, taken.register, taken.year, taken.number, "không ban hành", by, now)
                line = f"void {taken.register} {taken.number}"
            elif mine:
                taken = mine[-1]
                cells = {"subject": f"Việc {chance.randrange(5)}"}
                cells |= {"paper_only": "thư mời"} if taken.register == "di" else {}
                bookkeeping.amend(opened, taken.register, taken.year, taken.number, cells, "ghi nhầm", by, now)
                line = f"correct {taken.register} {taken.number}"
            else:
                continue
            file.write(line + "\n")
            file.flush()


def electronic(number: int, received_at: datetime = NOW, **fields: str) -> Electronic:
    """An electronic document of the province, as its row is; ``number`` is its answer's."""
    name = f"e-{number:05d}"
    return Electronic(
        document_id=name, tid=name, sha256=hashlib.sha256(name.encode()).hexdigest(), size=9, priority=0,
        media_type="application/pdf", meta={"fields": fields}, signatures={}, fields={}, pages=1, envelope=b"",
        answer=number, received_at=received_at, stage="01", stage_at=received_at,
    )  # fmt: skip


def take_electronic(db: Any, one: Electronic) -> None:
    """Put an electronic document into the store, with its answer and its first event."""
    name = one.document_id
    previous = hashlib.sha256(f"before {name}".encode()).digest()
    given = incoming.Answer(one.answer, name, b"m", name, "stored", "", previous, b"cose", one.received_at)
    incoming.commit(db, given, one)
    events.append(db, name, one.received_at, "province", "electronic-stored", {})
