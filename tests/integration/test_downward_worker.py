"""What comes down is looked at by the worker, which has no line; the delivery process asks it through the store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from appliance.pipeline.asking import AskedExamination, IncomingExaminer
from appliance.pipeline.examining import Examination
from appliance.store import incoming
from sync.downlink import CannotExamine
from sync.protocol.messages import Manifest
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, paper, running, utc_now, wait_for


@contextmanager
def worker(site: DownSite) -> Iterator[None]:
    """A worker with a store of its own, as its process has."""
    store = site.box_store()
    look = Examination(site.looks.judge, site.looks.read, site.root / "look")
    examiner = IncomingExaminer(store, site.root / BOX / "incoming", look, utc_now)

    def run(stop: threading.Event) -> None:
        while not stop.wait(0.1):
            examiner.turn()

    with running(run):
        yield
    store.close()


@pytest.fixture
def asking(down_site: DownSite) -> DownSite:
    """A site whose box asks its worker."""
    asked = down_site.box_store()
    down_site.examination = AskedExamination(asked, seconds=2.0)
    return down_site


def test_a_document_waits_for_the_worker_and_is_then_taken(asking: DownSite) -> None:
    content = paper(200_000)
    asking.send(content, "den-1")
    with asking.sending(), asking.box() as store:
        wait_for(lambda: [one.ranges for one in store.read(incoming.transfers)] == [((0, 200_000),)])
        assert asking.answer("den-1") == ""
        assert not asking.looks.seen, "the process with the line opens no file"
        with worker(asking):
            wait_for(lambda: asking.answer("den-1") == "accepted", 30)
        held = asking.held("den-1", store)
        assert held is not None
        assert held.signatures["conclusion"] == "valid"
        assert store.blobs.existing(held.sha256).read_bytes() == content
        assert store.read(lambda db: db.execute("SELECT count(*) FROM incoming_verdicts").fetchone()[0]) == 0


def test_a_refusal_of_the_worker_is_the_boxs(asking: DownSite) -> None:
    sent = asking.send(paper(20_000), "den-1")
    asking.looks.verdicts[sent.sha256] = "suspected-secret"
    with worker(asking), asking.sending(), asking.box() as store:
        wait_for(lambda: asking.answer("den-1"), 30)
        assert asking.held("den-1", store) is None
        assert not list((asking.root / BOX / "incoming").iterdir())
    assert asking.outgoing.find("den-1")[0].code == "secret"


def test_a_worker_that_is_away_is_no_reason_of_refusal(down_site: DownSite) -> None:
    asked = AskedExamination(down_site.box_store(), seconds=0.1)
    with pytest.raises(CannotExamine):
        asked.judge(down_site.root / "x", Manifest(BOX, "d", 1, 1, bytes(32), 0))


def test_a_verdict_on_other_bytes_is_no_verdict(down_site: DownSite) -> None:
    store = down_site.box_store()
    manifest = Manifest(BOX, "d", 1, 1, bytes(32), 0)
    wrong = incoming.Judged(manifest.tid.hex(), "11" * 32, "accept", "", "", {}, {}, 1)
    store.write(lambda db: incoming.judge(db, wrong, utc_now()))
    with pytest.raises(CannotExamine):
        AskedExamination(store, seconds=0.1).judge(down_site.root / "x", manifest)
    store.write(lambda db: incoming.restart(db, manifest.tid.hex(), 1))
    assert store.read(lambda db: incoming.verdict(db, manifest.tid.hex())) is None
    store.close()
