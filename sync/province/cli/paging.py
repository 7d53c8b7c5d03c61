"""The command that serves the pages alone, beside receivers that run elsewhere on the same rows: web."""

from __future__ import annotations

import dataclasses
import logging
import signal
import sys
import threading
from pathlib import Path

import click

from sync.province.cli.answering import ExitCode, Failure, dir_option, help_text, open_store, settings, w
from sync.province.paging import pages
from sync.province.web import serve as serve_pages
from sync.province.wording import _


@click.command(
    name="web",
    help=help_text(
        _("Chạy riêng trang theo dõi, khi phần nhận văn bản chạy ở tiến trình khác."),
        "commune-province web --dir tinh",
    ),
)
@dir_option
@click.option("--web-port", type=click.IntRange(1, 65535), default=None, help=w.say(_("Cổng khác cho trang theo dõi.")))
def web(directory: Path, web_port: int | None) -> None:
    """Serve the pages until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    folder, config = settings(directory)
    if web_port:
        config = dataclasses.replace(config, web_port=web_port)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    store = open_store(folder)
    try:
        serve_pages(pages(folder, config, store), config.web_host, config.web_port, stop, threading.Event())
    except OSError as error:
        raise Failure(str(error), ExitCode.NOT_POSSIBLE) from error
    finally:
        store.close()
