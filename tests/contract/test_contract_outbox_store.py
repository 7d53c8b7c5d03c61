"""The outbox contract on the box's store, and what only the store promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.domain.documents import Signature, add_signature, advance, give_consent
from appliance.domain.kinds import Slot
from appliance.domain.states import Event
from appliance.pipeline.sending import StoreOutbox
from appliance.store import Store, open_store
from appliance.store import outbox as rows
from tests.contract.outbox_suite import Fill, OutboxContract
from tests.fixtures_store import NOW, Clock, digitized, keep, paper


class TestStore(OutboxContract):
    @pytest.fixture
    def outbox(self, store: Store) -> StoreOutbox:
        return StoreOutbox(store, Clock())

    @pytest.fixture
    def fill(self, store: Store, tmp_path: Path) -> Fill:
        def fill(document_id: str, content: bytes, priority: int) -> None:
            (tmp_path / "signed").write_bytes(content)
            blob = store.blobs.put(tmp_path / "signed")
            waiting = give_consent(
                advance(digitized(paper(id=document_id)), Event.APPROVED, NOW), Slot.AGENCY, "x", NOW
            )
            done = add_signature(waiting, Signature(Slot.AGENCY, blob.sha256, blob.size, NOW, "c" * 64), NOW)
            kept = keep(store, advance(done, Event.ENQUEUED, NOW), queue=False)
            store.write(lambda db: rows.enqueue(db, kept.id, blob.sha256, blob.size, priority, {"kind": "x"}, NOW))

        return fill

    def test_answers_are_durable_on_return(self, store: Store, outbox: StoreOutbox, fill: Fill) -> None:
        fill("a", b"one", 0)
        fill("b", b"two", 0)
        outbox.accepted("a", b"receipt")
        again = open_store(store.database.path, store.blobs.folder)
        assert [parcel.document_id for parcel in StoreOutbox(again, Clock()).pending(10)] == ["b"]
        again.close()

    def test_a_lost_file_is_an_os_error_and_stops_no_other(self, store: Store, outbox: StoreOutbox, fill: Fill) -> None:
        """The uplink survives an OSError of one parcel; anything else would end it for all."""
        fill("a", b"one", 0)
        fill("b", b"two", 0)
        first, second = outbox.pending(10)
        store.blobs.remove(first.sha256)
        with pytest.raises(OSError):
            outbox.open(first)
        with outbox.open(second) as file:
            assert file.read() == b"two"
