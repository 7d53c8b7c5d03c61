"""Every engine at once, and each of them killed: three RabbitMQ nodes, two workers, PostgreSQL, S3."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.protocol.receipt import Result
from sync.province.verifying import receipts_verifier, verify_store
from tests.fakes.erlang_brokers import RabbitCluster
from tests.fakes.patient import deliver_patiently
from tests.fakes.tcp_proxy import TcpProxy
from tests.fault.test_province_workers import Shift
from tests.fixtures_engines import Engines, Postgres, S3Server
from tests.fixtures_province import Installation

BOXES = ("commune-10001", "commune-10002", "commune-10003")
PAPERS = 4
pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RabbitCluster]:
    """Three nodes, and one address in front of them that goes to a living one."""
    site = Installation(tmp_path)
    made = RabbitCluster(site)
    try:
        yield made
    finally:
        site.close()
        made.close()


class Balancer(TcpProxy):
    """A line to the first node that lives."""

    def __init__(self, port: int, cluster: RabbitCluster) -> None:
        super().__init__(0)
        self._listener.close()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._cluster = cluster

    def _accept(self) -> None:
        living = [number for number in range(RabbitCluster.COUNT) if self._cluster.listens(number)]
        self._target = self._cluster.ports[living[0]] if living else 1
        super()._accept()


def test_nothing_that_was_answered_is_lost(
    cluster: RabbitCluster, own_postgres: Postgres, s3_server: S3Server, s3_keys: None
) -> None:
    site = cluster.site
    shift = Shift(site, Engines(own_postgres.database(), s3_server.bucket(), s3_server.endpoint))
    with Balancer(site.port, cluster):
        try:
            boxes = [site.box(name) for name in BOXES]
            cluster.prepare(list(BOXES))
            for number in range(RabbitCluster.COUNT):
                cluster.start(number)
            for number in range(RabbitCluster.COUNT):
                cluster.wait(number)
            for name in ("a", "b"):
                shift.start(name)
            shift.until(lambda: shift.shared("a", "b"), 120)

            failures: list[BaseException] = []

            def deliver(which: int) -> None:
                try:
                    for number in range(PAPERS):
                        content = os.urandom(250_000)
                        answer = deliver_patiently(boxes[which], content, f"doc-{which}-{number}", number + 1, 240)
                        assert answer.result in (Result.STORED, Result.DUPLICATE)
                        time.sleep(2)
                except BaseException as error:
                    failures.append(error)

            threads = [threading.Thread(target=deliver, args=(which,)) for which in range(len(BOXES))]
            for thread in threads:
                thread.start()
            time.sleep(3)
            cluster.kill(0)
            time.sleep(4)
            shift.workers["a"].kill()
            shift.workers["a"].wait()
            time.sleep(4)
            own_postgres.kill()
            own_postgres.start()
            shift.start("a")
            cluster.start(0)
            for thread in threads:
                thread.join(300)
            assert failures == []
            held = shift.store.reading.documents()
            assert len(held) == PAPERS * len(BOXES)
            assert verify_store(shift.store, receipts_verifier(site.folder.receipt_key)) == []
        finally:
            shift.close()
