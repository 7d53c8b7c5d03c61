"""Batches: the parts that a file was split into, the cuts between them, and what undoing a cut needs.

Owns the rows of ``batch_cuts`` and the questions about a batch's family. A batch's own document ended as "split"; its
parts name it. Invariant: nothing of a batch is shown while one of its papers is a suspected secret: the picture of a
cut was taken before any gate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from appliance.domain.documents import Document
from appliance.domain.pages import trouble_joining
from appliance.domain.states import TRANSITIONS, Event
from appliance.domain.steps import Step, next_step
from appliance.store import documents, registers


@dataclass(frozen=True)
class CutRow:
    """The cut in front of part ``part_number``: the batch's pages that lie in it (``pages``, as ``3, 4``).

    ``read``: the sheet was read by its code; else by its bars alone, which may be a mistake.
    """

    batch_id: str
    part_number: int
    pages: str
    read: bool
    picture_sha256: str


@dataclass(frozen=True)
class CutShown:
    """A cut as pages may show it: the part before (None at the batch's beginning) and the sheet's picture."""

    cut: CutRow
    before: Document | None


def keep_cut(db: Any, cut: CutRow) -> None:
    """Remember a cut (in the transaction of the split)."""
    db.execute(
        "INSERT INTO batch_cuts (batch_id, part_number, pages, read, picture_sha256) VALUES (?, ?, ?, ?, ?)",
        [cut.batch_id, cut.part_number, cut.pages, int(cut.read), cut.picture_sha256],
    )


def cut_before(db: Any, part: Document) -> CutRow | None:
    """The cut in front of a part, or None."""
    beside = [one for one in parts(db, part.part_of) if one.part_number == part.part_number] if part.part_of else []
    if any(_place(one) < _place(part) for one in beside):  # parted by hand: the sheet lies in front of the first
        return None
    row = db.execute(
        """SELECT batch_id, part_number, pages, read, picture_sha256 FROM batch_cuts
           WHERE batch_id = ? AND part_number = ?""",
        [part.part_of, part.part_number],
    ).fetchone()
    return CutRow(row[0], row[1], row[2], bool(row[3]), row[4]) if row else None


def parts(db: Any, batch_id: str) -> list[Document]:
    """The papers of a batch that still stand or were ended by a person, in the batch's order."""
    ids = db.execute("SELECT id FROM documents WHERE part_of = ? AND part_of != ''", [batch_id]).fetchall()
    return sorted((one for one in (documents.load(db, row[0]) for row in ids) if not one.replaced), key=_place)


def _place(part: Document) -> tuple[int, int, str]:
    """Where a part stands in its batch: parts cut by hand share a number, and their first pages order them."""
    first = re.match(r"\d+", part.part_pages)
    return part.part_number, int(first.group()) if first else 0, part.id


def neighbour_before(db: Any, part: Document) -> Document | None:
    """The paper that stands in front of ``part`` in its batch, or None."""
    earlier = [one for one in parts(db, part.part_of) if _place(one) < _place(part)] if part.part_of else []
    return earlier[-1] if earlier else None


def adopt(db: Any, old: str, new: str) -> None:
    """The papers that ``old`` was made of belong to the family of ``new`` from now on, which takes its place: families
    stay flat, so that ending a secret finds every copy of its pages.
    """
    db.execute(
        "UPDATE documents SET part_of = ? WHERE part_of = ? AND part_of != '' AND state = 'discarded'", [new, old]
    )


def asked_to_join(db: Any, document_id: str) -> bool:
    """Whether the box is asked to put this paper's pages behind another one's."""
    row = db.execute(
        "SELECT 1 FROM documents WHERE step = ? AND json_extract(facts, '$.joins') = ?", [Step.JOIN.value, document_id]
    ).fetchone()
    return row is not None


def joinable_after(db: Any, first: Document) -> Document | None:
    """The paper whose pages may be put behind this one's: the next part of its batch, else the next one of its kind
    that came and still waits.
    """
    if stays_alone(db, first):
        return None
    if first.part_of:
        later = [one for one in parts(db, first.part_of) if _place(one) > _place(first)]
        following = later[0] if later else None
        fits = following and may_be_joined(following) and may_be_joined(first)
        return following if following and fits and following.part_number > 1 else None
    rows = db.execute(
        """SELECT id FROM documents WHERE state = 'digitized' AND kind = ? AND part_of = '' AND attached_to = ''
           AND (received_at, id) > (?, ?) ORDER BY received_at, id LIMIT 20""",
        [first.kind.value, first.received_at.isoformat(), first.id],
    ).fetchall()
    waiting = (documents.load(db, row[0]) for row in rows)
    fit = (one for one in waiting if not trouble_joining(first, one))
    return next((one for one in fit if not stays_alone(db, one)), None)


def may_be_joined(part: Document) -> bool:
    """Whether the cut beside a part may be undone: nobody has decided about it."""
    return (part.state, Event.REPLACED) in TRANSITIONS and not part.register_number and not part.attached_to


def stays_alone(db: Any, document: Document) -> bool:
    """Whether something hangs on this very paper: an appendix, or a reserved number."""
    hangs = db.execute("SELECT 1 FROM documents WHERE attached_to = ? AND attached_to != ''", [document.id])
    return hangs.fetchone() is not None or registers.held_for(db, document.id) is not None


def cut_shown(db: Any, part: Document) -> CutShown | None:
    """The cut in front of a part as pages may show it; None where there is none or where it must not be seen yet."""
    cut = cut_before(db, part) if part.part_of else None
    if cut is None:
        return None
    around = parts(db, part.part_of)
    if any(one.secret or next_step(one) is Step.DIGITIZE for one in around):
        return None
    return CutShown(cut, neighbour_before(db, part))


def stacks_waiting(db: Any, folder: str) -> list[Document]:
    """Received files of a two-sided folder that are not put together yet, oldest first."""
    rows = db.execute(
        """SELECT id FROM documents AS held WHERE folder = ? AND state = 'received' AND part_of = ''
           AND NOT EXISTS (SELECT 1 FROM documents WHERE part_of = held.id AND part_of != '')
           ORDER BY received_at, id""",
        [folder],
    ).fetchall()
    return [documents.load(db, row[0]) for row in rows]


def pictures(db: Any, batch_id: str) -> set[str]:
    """Digests of the pictures of a batch's cuts."""
    rows = db.execute("SELECT picture_sha256 FROM batch_cuts WHERE batch_id = ?", [batch_id]).fetchall()
    return {row[0] for row in rows} - {""}
