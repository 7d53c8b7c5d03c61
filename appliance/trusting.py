"""Whom this box believes when it checks somebody's signatures: the files that its configuration names and are there.

For signers the pinned roots, for time the roots named for it beside them, and every list of revoked certificates at
hand. A file that is missing, or closed to this process, is told by ``appliance.health``; here it only means that less
is believed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from appliance.config import Config
from hsm.judge import TrustFiles


def trust_files(config: Config) -> TrustFiles:
    """The files as they are now; lists come and go, so ask each time."""
    return TrustFiles(
        roots=_there(config.signer.roots),
        intermediates=_there((*config.signer.intermediates, *config.longterm.tsa_intermediates)),
        crls=_there(sorted(config.lists.glob("*.crl")) if config.lists.is_dir() else ()),
        stamp_roots=_there(config.longterm.tsa_roots),
    )


def _there(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(path for path in paths if os.access(path, os.R_OK))
