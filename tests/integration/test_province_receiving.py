"""The whole receiver over every pair of engines: what a box is promised is kept, whatever keeps it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time

import pytest

from sync.protocol.messages import Base
from sync.protocol.receipt import Result
from sync.province.archiving import archiving
from sync.province.checking import Finding
from sync.province.store import Engines, ProvinceStore
from sync.province.store.engines import save
from sync.province.verifying import receipts_verifier, verify_store
from tests.fakes.patient import deliver_patiently
from tests.fakes.province import ScriptedCheck
from tests.fixtures_engines import S3Server, every_pair
from tests.fixtures_province import BOX, Installation


def receive(site: Installation, check: ScriptedCheck | None = None) -> tuple[ProvinceStore, object]:
    """Start a receiver that takes accepted documents to where these engines keep them."""
    peek = ProvinceStore(site.folder.rows)
    try:
        return site.receive(archiving(check or ScriptedCheck(), peek))
    finally:
        peek.connection.close()


@every_pair
def test_documents_duplicates_refusals_revisions_and_a_restart(province_site: Installation, engines: Engines) -> None:
    save(province_site.folder.rows, engines)
    check = ScriptedCheck(Finding(), Finding("signature-invalid"), Finding())
    store, end = receive(province_site, check)
    box = province_site.box()
    content = os.urandom(120_000)
    assert box.deliver(content, "doc-1", 1).result is Result.STORED
    assert box.deliver(content, "doc-1", 2).result is Result.DUPLICATE
    assert box.deliver(content[::-1], "doc-1", 3).code == "duplicate", "one id, one content"
    assert box.deliver(content, "secret", 4, secrecy="mat").code == "secret"

    refused = os.urandom(90_000)
    assert box.deliver(refused, "doc-2", 5).code == "signature-invalid"
    corrected = refused + os.urandom(3_000)
    manifest = dataclasses.replace(
        box.manifest(corrected, "doc-2", 6), base=Base(hashlib.sha256(refused).digest(), len(refused))
    )
    box.haves.clear()
    box.ask(box.seal(manifest))
    box.until(lambda: box.haves)
    assert box.haves[-1].ranges == ((0, len(refused)),), "only the tail travels"
    box.send(manifest, corrected, len(refused))
    box.until(lambda: box.receipts[-1].result is Result.STORED)

    longer = content + os.urandom(2_000)
    manifest = dataclasses.replace(
        box.manifest(longer, "doc-3", 7), base=Base(hashlib.sha256(content).digest(), 120_000)
    )
    box.haves.clear()
    box.ask(box.seal(manifest))
    box.until(lambda: box.haves)
    assert box.haves[-1].ranges == ((0, 120_000),), "a stored file is a base wherever it is kept"
    end()  # type: ignore[operator]
    store, _ = receive(province_site)
    assert deliver_patiently(box, longer, "doc-3", 7).result is Result.STORED
    assert sorted(held.document_id for held in store.reading.documents()) == ["doc-1", "doc-2", "doc-3"]
    assert {held.sha256 for held in store.reading.documents()} == set(store.blobs.every())
    assert len(store.reading.chain(BOX)) == 7
    assert verify_store(store, receipts_verifier(province_site.folder.receipt_key)) == []


@pytest.mark.parametrize("engines", ["postgres+s3"], indirect=True)
def test_s3_away_costs_time_and_no_document(
    province_site: Installation, engines: Engines, s3_server: S3Server, s3_keys: None
) -> None:
    own = S3Server()
    try:
        engines = dataclasses.replace(engines, blobs=own.bucket(), s3_endpoint=own.endpoint)
        save(province_site.folder.rows, engines)
        store, _ = receive(province_site)
        box, content = province_site.box(), os.urandom(60_000)
        own.kill()
        manifest = box.manifest(content, "doc-1")
        box.ask(box.seal(manifest))
        box.until(lambda: box.haves)
        box.send(manifest, content)
        end = time.monotonic() + 40
        while not (store.transfers.every() and store.transfers.every()[0].attempts):
            assert time.monotonic() < end
            box.turn(0.2)
        assert "blobs-away" in store.transfers.every()[0].last_error
        assert box.receipts == [], "nothing is answered that is not durable where it belongs"
        own.start()
        store.blobs._client.create_bucket(Bucket=engines.blobs.split("/")[2])  # type: ignore[attr-defined]
        assert deliver_patiently(box, content, "doc-1", 1).result is Result.STORED
        assert verify_store(store, receipts_verifier(province_site.folder.receipt_key)) == []
    finally:
        own.kill()
