"""What the box tells its province about itself with every sign of life (`sync.vitals`).

Owns the gathering: disk, certificates, scanner. Raises nothing: a figure that cannot be had is left out, for a sign of
life without it is worth more than none.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from appliance.certificates import enrolled
from appliance.config import Config
from appliance.services.profile import digest_of, profile
from appliance.store import Store
from appliance.store.taken_in import taken_in
from sync.vitals import Vitals

log = logging.getLogger(__name__)
DAY = timedelta(days=1)
SLOTS = frozenset({"leader", "agency"})


def vitals(config: Config, store: Store, now: datetime) -> Vitals:
    """One look at the box."""
    try:
        count, last = store.read(lambda db: taken_in(db, now - DAY))
    except Exception as error:  # whatever SQLite raises: the uplink's own reading tells of a broken store
        log.warning("no figures of the scanner: %s", error)
        count, last = 0, None
    return Vitals(
        disk_free=_room(config.box.state_dir),
        token_ends=_token_ends(config),
        link_ends=_link_ends(config),
        scanned_at=int(last.timestamp()) if last else 0,
        scanned=count,
        profile=digest_of(profile(config)),
    )


def _room(place: Path) -> int:
    try:
        room = os.statvfs(place)
    except OSError as error:
        log.warning("no figure of the disk: %s", error)
        return 0
    return room.f_bavail * room.f_frsize


def _token_ends(config: Config) -> int:
    """The first end among the certificates that people of this office sign under."""
    found, _ = enrolled(config)
    return min((int(one.ends.timestamp()) for one in found if one.role in SLOTS), default=0)


def _link_ends(config: Config) -> int:
    try:
        assert config.sync is not None
        read = x509.load_pem_x509_certificate(config.sync.certificate.read_bytes())
    except (OSError, ValueError) as error:
        log.warning("no figure of the box's certificate: %s", error)
        return 0
    return int(read.not_valid_after_utc.timestamp())
