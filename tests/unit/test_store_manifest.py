"""The manifest: which file a paper is. A revision cut off, in the row or in the file, is noticed and not sent."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.domain.documents import Document, add_signature, give_consent
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event, State
from appliance.pipeline.runner import StepFailed
from appliance.pipeline.sending import Enqueueing, StoreOutbox
from appliance.store import BlobMissing, Store, documents, manifest, open_store
from appliance.store.upkeep import verify
from tests.fixtures_store import NOW, digitized, in_state, keep, loaded, paper, signature, signed_content

FROZEN = Path(__file__).parents[1] / "data" / "frozen"


def twice_signed(store: Store) -> Document:
    """An outgoing paper signed by leader and agency, saved step by step as the pipeline does."""
    from appliance.domain.documents import advance

    fresh = paper(Kind.OUTGOING)
    keep(store, fresh)
    read = digitized(fresh)
    save(store, fresh, read, Event.DIGITIZED, {"sha256": read.current_sha256})
    before = advance(read, Event.APPROVED, NOW)
    save(store, read, before, Event.APPROVED, {})
    for slot in (Slot.LEADER, Slot.AGENCY):
        put(store, signed_content(before.current_sha256, slot))
        waiting = give_consent(before, slot, "clerk", NOW)
        save(store, before, waiting, "consented", {"slot": slot})
        after = add_signature(waiting, signature(waiting, slot), NOW)
        event = Event.SIGNATURES_COMPLETE if after.state is State.SIGNED else Event.SIGNATURE_APPLIED
        save(store, waiting, after, event, {"slot": slot, "sha256": after.current_sha256, "size": after.current_size})
        before = after
    return before


def save(store: Store, before: Document, after: Document, event: str, detail: dict[str, Any]) -> None:
    store.write(lambda db: documents.save(db, before, after, "test", event, detail))


def put(store: Store, content: bytes) -> None:
    passing = store.blobs.folder / "passing"
    passing.write_bytes(content)
    store.blobs.put(passing)
    passing.unlink()


def rolled_back(db: Any, document: Document) -> None:
    """What somebody who may write the rows would do to take the agency's signature away."""
    first = document.signatures[0]
    (facts,) = db.execute("SELECT facts FROM documents WHERE id = ?", [document.id]).fetchone()
    kept = json.loads(facts)
    kept["signatures"] = kept["signatures"][:1]
    db.execute(
        "UPDATE documents SET current_sha256 = ?, current_size = ?, facts = ? WHERE id = ?",
        [first.sha256, first.size, json.dumps(kept), document.id],
    )


def test_every_file_that_a_paper_becomes_has_a_row(store: Store) -> None:
    done = twice_signed(store)
    rows = store.read(lambda db: manifest.lines(db, done.id))
    assert [(row.sha256, row.signatures, row.level) for row in rows] == [
        (done.archive_sha256, 0, ""),
        (done.signatures[0].sha256, 1, "B-B"),
        (done.signatures[1].sha256, 2, "B-B"),
    ]
    assert store.read(documents.not_as_kept) == {} and store.read(manifest.strays) == 0


def test_an_upgrade_tells_its_level(store: Store) -> None:
    done = twice_signed(store)
    put(store, b"with a time stamp")
    proven = replace(done, version=done.version + 1, current_sha256="e" * 64, current_size=17)
    save(store, done, proven, "signatures-complete", {"sha256": "e" * 64, "level": "B-T"})
    row = store.read(lambda db: manifest.newest(db, done.id))
    assert row and (row.sha256, row.signatures, row.level) == ("e" * 64, 2, "B-T")


@pytest.mark.parametrize("statement", ["UPDATE manifest SET sha256 = 'x'", "DELETE FROM manifest"])
def test_no_row_is_changed_or_removed(store: Store, statement: str) -> None:
    twice_signed(store)
    with pytest.raises(sqlite3.DatabaseError, match="append-only"):
        store.write(lambda db: db.execute(statement))


def test_a_row_set_back_to_an_earlier_revision_is_noticed_and_not_sent(store: Store) -> None:
    done = twice_signed(store)
    store.write(lambda db: rolled_back(db, done))
    assert store.read(documents.not_as_kept) == {done.id: manifest.DIFFERS}
    assert store.read(manifest.strays) == 1
    found = verify(store)
    assert (found.rolled_back, found.sound) == ((done.id,), False)
    with pytest.raises(StepFailed, match=manifest.DIFFERS):
        Enqueueing(store)(loaded(store, done.id), NOW)
    assert loaded(store, done.id).state is State.SIGNED


def test_a_manifest_written_on_to_fit_the_rollback_still_disagrees_with_the_chain(store: Store) -> None:
    done = twice_signed(store)
    first = done.signatures[0]

    def forge(db: Any) -> None:
        rolled_back(db, done)
        db.execute(
            "INSERT INTO manifest (document_id, sha256, size, signatures, level, at) VALUES (?,?,?,1,'B-B',?)",
            [done.id, first.sha256, first.size, NOW.isoformat()],
        )

    store.write(forge)
    assert store.read(documents.not_as_kept) == {done.id: manifest.FEWER}
    assert not verify(store).sound


def test_a_file_cut_off_under_its_name_is_noticed_and_not_sent(store: Store) -> None:
    done = twice_signed(store)
    path = store.blobs.path(done.current_sha256)
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-5])
    found = verify(store)
    assert done.current_sha256 in found.damaged and not found.sound
    with pytest.raises(StepFailed, match=manifest.CUT):
        Enqueueing(store)(done, NOW)


def test_a_file_cut_off_in_the_queue_is_not_begun(store: Store) -> None:
    done = twice_signed(store)
    Enqueueing(store)(done, NOW)
    port = StoreOutbox(store, lambda: NOW)
    (parcel,) = port.pending(10)
    with port.open(parcel) as stream:
        assert len(stream.read()) == parcel.size
    path = store.blobs.path(parcel.sha256)
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(BlobMissing):
        port.open(parcel)


def test_papers_without_a_file_have_nothing_to_compare(store: Store) -> None:
    fresh = keep(store, in_state(State.RECEIVED))
    assert store.read(lambda db: manifest.lines(db, fresh.id)) == ()
    assert store.read(documents.not_as_kept) == {}


def test_a_requeued_paper_is_sent_as_it_is_in_the_manifest(store: Store) -> None:
    from appliance.commands import CommandRefused, requeue

    refused = keep(store, in_state(State.REFUSED))
    store.write(
        lambda db: db.execute("UPDATE documents SET current_sha256 = archive_sha256 WHERE id = ?", [refused.id])
    )
    with pytest.raises(CommandRefused) as caught:
        requeue(store, refused.id, "clerk", NOW)
    assert caught.value.code == manifest.DIFFERS


def test_papers_signed_before_there_was_a_manifest_are_in_it(tmp_path: Path) -> None:
    """Every upgraded box would otherwise stop sending. The frozen rows hold papers signed once, twice, half, and
    signed, broken and released."""
    with sqlite3.connect(tmp_path / "box.db") as old:
        old.executescript((FROZEN / "v007.sql").read_text(encoding="utf-8"))
    old.close()
    opened = open_store(tmp_path / "box.db", tmp_path / "blobs")
    assert opened.read(documents.not_as_kept) == {}
    held = opened.read(documents.listed)
    signed = [one for one in held if one.signatures]
    assert {len(one.signatures) for one in signed} == {1, 2} and len(held) == 12
    for one in signed:
        rows = opened.read(lambda db, one=one: manifest.lines(db, one.id))
        assert [row.sha256 for row in rows] == [each.sha256 for each in one.signatures]
        assert [row.signatures for row in rows] == [*range(1, len(one.signatures) + 1)]
    twice = next(one for one in signed if len(one.signatures) == 2)
    opened.write(lambda db: rolled_back(db, twice))
    assert opened.read(documents.not_as_kept) == {twice.id: manifest.DIFFERS}
    opened.close()
