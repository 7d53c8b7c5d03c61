"""The pages of a province's folder, with the settings of its `province.toml`.

Owns the token under which figures are scraped. Needs nothing of what receives: the pages may run as a process of their
own (`commune-province web`), and that one stays small.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sync.province import web
from sync.province.config import Config, Folder
from sync.province.printing.paper import Letterhead
from sync.province.store import ProvinceStore


def metrics_token(path: Path) -> str:
    """What Prometheus says to read the figures (`authorization.credentials_file`); made where there is none yet."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text("ascii").strip()


def pages(folder: Folder, config: Config, store: ProvinceStore) -> web.Pages:
    """The pages over a store."""
    token = metrics_token(folder.metrics_token)
    return web.build(
        store, config.province_name, (config.web_host,), config.web_address, token, letterhead=letterhead(config)
    )


def letterhead(config: Config) -> Letterhead:
    """Who writes the province's letters."""
    return Letterhead(
        config.province_name, config.letter_parent, config.letter_place, config.letter_symbol, config.letter_position
    )
