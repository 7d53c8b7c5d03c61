"""Changing what the pages say of the office: checked, told to the chain, then durable in its file.

Owns the one decision about ``config_office``'s file. Refuses the box's code once it is enrolled: the code is the name
on the province's certificate.
"""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import tomlkit

from appliance.commands import CommandRefused
from appliance.config import COPY_FORMS, Config
from appliance.config_checks import BOX_ID
from appliance.config_office import FILE, OfficeValues, applied, in_force
from appliance.ids import new_id
from appliance.store import Store, events
from appliance.store.blobs import sync_folder

OWNER = "office:settings"
"""Under this name the chain tells of changes."""
LONGEST = 120


@dataclass(frozen=True)
class Change:
    """One change as the chain tells it; ``values``: what differed, name → (before, after)."""

    at: datetime
    by: str
    values: dict[str, tuple[str, str]]


def set_office(store: Store, config: Config, wanted: OfficeValues, by: str, now: datetime) -> Config:
    """Keep ``wanted`` (None: unchanged), tell the chain what differs; returns the configuration that holds then.

    The event is committed before the file has its name: a crash between the two leaves a change that is told and did
    not happen, which the page shows; never one that happened and is not told.

    Raises:
        CommandRefused: office-name-missing, office-name-long, office-code-bad, office-code-given, unknown-copy-form.
        OSError: the state folder cannot be written.
    """
    before: dict[str, str] = asdict(in_force(config))
    after = before | {name: " ".join(value.split()) for name, value in asdict(wanted).items() if value is not None}
    _check(config, before, after)
    differing = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not differing:
        return config
    folder = config.box.state_dir
    part = _written(folder, {name: after[name] for name in after if name != "id" or config.sync is None})
    try:
        store.write(lambda db: events.append(db, OWNER, now, by, "office-set", differing))
        part.replace(folder / FILE)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(folder)
    return applied(config)


def history(db: Any, most: int = 10) -> list[Change]:
    """The last changes, the newest first."""
    found = [
        Change(datetime.fromisoformat(one.at), one.by, {name: (pair[0], pair[1]) for name, pair in one.detail.items()})
        for one in events.entries(db, OWNER)
    ]
    return found[::-1][:most]


def _check(config: Config, before: dict[str, str], after: dict[str, str]) -> None:
    if not after["commune"]:
        raise CommandRefused("office-name-missing")
    if any(len(value) > LONGEST or not value.isprintable() for value in after.values()):
        raise CommandRefused("office-name-long", most=LONGEST)
    if not re.fullmatch(BOX_ID, after["id"]):
        raise CommandRefused("office-code-bad")
    if config.sync is not None and after["id"] != before["id"]:
        raise CommandRefused("office-code-given")
    if after["copy_form"] not in COPY_FORMS:
        raise CommandRefused("unknown-copy-form")


def _written(folder: Path, values: dict[str, str]) -> Path:
    """``values`` durable in ``folder``, not under the file's name yet."""
    part = folder / f".{FILE}.{new_id()}.part"  # two people may save at once
    with part.open("w", encoding="utf-8") as stream:
        stream.write(tomlkit.dumps(values))
        stream.flush()
        os.fsync(stream.fileno())
    part.chmod(0o640)
    return part
