"""The command of one worker, and of a machine that has nothing but workers: work."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import click

from sync.mqtt import MqttLink
from sync.protocol.topics import receiver_filters
from sync.province.archiving import archiving
from sync.province.cli.answering import ExitCode, Failure, dir_option, fail, help_text, open_store, settings, w
from sync.province.config import Config, Folder
from sync.province.courier import CourierLink, Staging
from sync.province.crew import Crew
from sync.province.pki import key_id
from sync.province.receiver import Receiver, link_config
from sync.province.service import document_check
from sync.province.sharing import Herald, sharing
from sync.province.store import ProvinceStore
from sync.province.store.leases import Leases, ShardShare
from sync.province.wording import _
from sync.province.working import StuckWorker, Worker
from sync.wire_identity import SigningKey


def compose(folder: Folder, config: Config, leases: Leases) -> Worker:
    """A worker on the real broker with the checks that the settings ask for."""
    key = SigningKey.load(folder.receipt_key)
    link = link_config(folder.root, *config.own_broker, ())

    def make_receiver(store: ProvinceStore, share: ShardShare) -> Receiver:
        each = (receiver_filters(range(number, number + 1)) for number in sorted(share.shards))
        subscriptions = tuple(dict.fromkeys(pair for filters in each for pair in filters))
        return Receiver(
            store,
            archiving(document_check(folder, config), store),
            key,
            key_id(key.public),
            link_config(folder.root, *config.own_broker, subscriptions),
            sharing(lambda wanted: CourierLink(MqttLink(wanted), Staging(store), share.owns), share.worker, share.owns),
            config.max_document_bytes,
            config.verify_parallel,
        )

    return Worker(
        leases,
        lambda share: ProvinceStore(folder.rows, share=share),
        make_receiver,
        lambda epoch: Herald(link, MqttLink, epoch),
    )


@click.command(
    help=help_text(
        _("Chạy một hay nhiều tiến trình nhận văn bản trên kho PostgreSQL dùng chung; chia nhau các hộp."),
        "commune-province work --dir tinh --workers 4",
    )
)
@dir_option
@click.option("--workers", type=click.IntRange(1, 16), default=1, help=w.say(_("Số tiến trình nhận trên máy này.")))
@click.option("--name", default="", hidden=True)
@click.option("--parent", type=int, default=0, hidden=True)
def work(directory: Path, workers: int, name: str, parent: int) -> None:
    """Without a name: keep workers running. With one: be that worker, for as long as the parent lives."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    folder, config = settings(directory)
    store = open_store(folder)
    if not store.connection.shared:
        fail(
            _("Chỉ kho PostgreSQL cho nhiều tiến trình cùng nhận; xem `commune-province migrate`."), ExitCode.BAD_INPUT
        )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if not name:
        store.close()
        Crew(folder.root, workers).run(stop)
        return
    if parent:
        threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()
    try:
        compose(folder, config, Leases(store.connection, name)).run(stop)
    except StuckWorker as error:
        raise Failure(str(error), ExitCode.FAILED) from error
    finally:
        store.close()


def _watch(parent: int, stop: threading.Event) -> None:
    """Stop when the parent is gone, however it went: an orphan would answer beside its successor's children."""
    while not stop.wait(1.0):
        if os.getppid() != parent:
            stop.set()
