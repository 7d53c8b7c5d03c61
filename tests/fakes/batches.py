"""Batches without pictures: a file whose pages are words, and a stand-in for the cutting child.

A file is ``%PDF`` and its pages, separated by ``|``: ``S`` is a sheet, ``Sk`` one for an outgoing paper, ``X`` bars
alone, ``_`` blank, anything else a paper's page. The plan is the product's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.domain.documents import Document, advance
from appliance.domain.states import Event
from appliance.pipeline.splitting import Splitting
from appliance.store import Store, documents, texts
from scanner_intake.batches import Instruction, PageFinding, Sheet, interleaved, plan
from scanner_intake.cutting import Batch, CutFailed
from scanner_intake.digitized import Limits
from tests.fixtures_store import NOW, paper

SHEETS = {"S": Sheet(Instruction()), "Sk": Sheet(Instruction("outgoing", "HS-7")), "X": Sheet(Instruction(), False)}


def pages_in(path: Path) -> list[str]:
    """The pages of a file of words."""
    return path.read_text(encoding="utf-8").removeprefix("%PDF ").split("|")


def look(source: Path, out_dir: Path, limits: Limits, passwords: Sequence[str] = ()) -> Batch:
    """Stands for ``cut_batch``."""
    pages = pages_in(source)
    made = plan([PageFinding(n, SHEETS.get(page), page == "_") for n, page in enumerate(pages, 1)])
    parts, pictures = [], {}
    for part in made.parts:
        parts.append(out_dir / f"part-{part.number}.pdf")
        parts[-1].write_text("%PDF " + "|".join(pages[page - 1] for page in part.pages), encoding="utf-8")
    for cut in made.cuts:
        pictures[cut.part] = out_dir / f"cut-{cut.part}.jpg"
        pictures[cut.part].write_bytes(f"JPEG of {source.name} {cut.sheets}".encode())
    return Batch(len(pages), made, tuple(parts), pictures)


def take(source: Path, pages: Sequence[int], out_dir: Path, limits: Limits, passwords: Sequence[str] = ()) -> Path:
    """Stands for ``take_pages``."""
    found = pages_in(source)
    target = out_dir / "part-1.pdf"
    target.write_text("%PDF " + "|".join(found[page - 1] for page in pages), encoding="utf-8")
    return target


def together(fronts: Path, backs: Path, out_dir: Path, limits: Limits, passwords: Sequence[str] = ()) -> Path:
    """Stands for ``sides_together``."""
    sides = [*pages_in(fronts), *pages_in(backs)]
    count = len(pages_in(fronts))
    order = interleaved(range(count), range(count, len(sides)))
    if order is None:
        raise CutFailed("sides-do-not-match")
    target = out_dir / "part-1.pdf"
    target.write_text("%PDF " + "|".join(sides[place] for place in order), encoding="utf-8")
    return target


def append(
    first: Path, second: Path, out_dir: Path, limits: Limits, passwords: Sequence[str] = ()
) -> tuple[Path, int, int]:
    """Stands for ``files_together``; a file with a page ``ký`` is signed."""
    ahead, behind = pages_in(first), pages_in(second)
    if "ký" in (*ahead, *behind):
        raise CutFailed("signed")
    target = out_dir / "part-1.pdf"
    target.write_text("%PDF " + "|".join([*ahead, *behind]), encoding="utf-8")
    return target, len(ahead), len(behind)


class Reading:
    """Stands for digitizing: a paper whose text has MẬT is a suspected secret."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, document: Document, now: datetime) -> None:
        path = self._store.blobs.existing(document.original_sha256)
        pages = pages_in(path)
        if any("MẬT" in page for page in pages):
            after = advance(document, Event.SUSPECTED_SECRET, now, reason_code="suspected-secret")
            self._store.write(lambda db: documents.save(db, document, after, "worker", Event.SUSPECTED_SECRET, {}))
            return
        digest = document.original_sha256
        after = advance(document, Event.DIGITIZED, now, pages=len(pages), archive_sha256=digest, current_sha256=digest)

        def change(db: Any) -> None:
            texts.keep(db, document.id, tuple(pages))
            documents.save(db, document, after, "worker", Event.DIGITIZED, {})

        self._store.write(change)


def splitting(store: Store, work: Path, **others: Any) -> Splitting:
    """The step over words; ``den`` is the folder that takes batches."""
    return Splitting(store, work, Limits(), {"den"}, Reading(store), **({"look": look, "take": take} | others))


def arrived(store: Store, scratch: Path, pages: str, **changes: Any) -> Document:
    """A file of words in custody."""
    file = scratch / "arrived"
    file.write_text("%PDF " + pages, encoding="utf-8")
    blob = store.blobs.put(file)
    fresh = paper(original_sha256=blob.sha256, current_size=blob.size, original_name="lô sáng.tif", **changes)
    store.write(lambda db: documents.insert(db, fresh, "intake", {}))
    return fresh


def work_off(store: Store, step: Splitting) -> None:
    """Run the step until no paper waits for digitizing."""
    from appliance.domain.steps import Step, next_step

    while waiting := [one for one in store.read(documents.listed) if next_step(one) is Step.DIGITIZE]:
        step(waiting[0], NOW)
