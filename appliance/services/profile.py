"""What of a box's configuration its province gives, and a digest of it: offices of one province should say the same.

Owns the choice of settings: how papers are read and archived, the calendar, whom to believe (roots, time stamps, the
province's keys), where the province is. Not in it: what is this office's own (names, folders, tokens, addresses on its
network, hours of sending) and where things lie: of a file its content counts, not its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from appliance.config import Config

DIGEST_BYTES = 8


def profile(config: Config) -> Mapping[str, Mapping[str, Any]]:
    """Section -> setting -> value; plain values only. A file that cannot be read is "?"."""
    longterm, sync = config.longterm, config.sync
    return {
        "digitize": {
            "language": config.digitize.language,
            "profile": config.digitize.profile,
            "dictionary": _content(config.digitize.dictionary),
        },
        "calendar": {str(one.year): asdict(one) for one in sorted(config.calendar, key=lambda one: one.year)},
        "trust": {
            "roots": _contents(config.signer.roots),
            "intermediates": _contents(config.signer.intermediates),
            "tsa_roots": _contents(longterm.tsa_roots),
            "tsa_intermediates": _contents(longterm.tsa_intermediates),
        },
        "longterm": {
            "tsa": list(longterm.tsa),
            "tsa_policies": sorted(longterm.tsa_policies),
            "list_urls": sorted(longterm.list_urls),
        },
        "province": {}
        if sync is None
        else {
            "host": sync.host,
            "port": sync.port,
            "ca": _content(sync.ca),
            "keys": dict(sorted(sync.receipt_keys.items())),
        },
    }


def digest_of(part: object) -> bytes:
    """The first bytes of the SHA-256 of the value's one JSON form; of the whole profile, or of one section."""
    told = json.dumps(part, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(told.encode()).digest()[:DIGEST_BYTES]


def _content(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "?"


def _contents(paths: Iterable[Path]) -> list[str]:
    return sorted(_content(path) for path in paths)
