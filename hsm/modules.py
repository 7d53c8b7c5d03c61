"""PKCS#11 modules that may be on this machine: the known names in the known places, and what p11-kit registers.

Looks at files only; nothing is loaded. Names: signing.md 9.5 and the makers' own packages. OpenSC's `pkcs11-spy` prints
PINs in clear and is never listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDERS = (
    "/usr/lib",
    "/usr/lib/pkcs11",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
    "/usr/lib64",
    "/usr/lib64/pkcs11",
    "/usr/lib/softhsm",
    "/usr/lib/x86_64-linux-gnu/softhsm",
    "/usr/lib/aarch64-linux-gnu/softhsm",
    "/usr/lib/bit4id",
    "/usr/local/lib",
    "/usr/local/lib/pkcs11",
)
NAMES: dict[str, tuple[str, ...]] = {
    "bit4id": ("libbit4xpki.so", "libbit4ipki.so", "libbit4opki.so", "libbit4p11.so"),
    "SafeNet eToken": ("libeTPkcs11.so", "libeToken.so"),
    "Thales IDPrime": ("libIDPrimePKCS11.so",),
    "Feitian ePass2003": ("libcastle.so", "libcastle.so.1.0.0", "libcastle_v2.so.1.0.0", "libeps2003csp11.so"),
    "Viettel-CA": ("viettel-ca_v6.so", "viettel-ca_v5.so", "viettel-ca_v4.so"),
    "VNPT-CA": ("vnptca_p11_v8.so", "vnptca_p11_v6.so", "vnpt-ca_csp11.so"),
    "NewCA": ("ncca_csp11_v1.so",),
    "I-CA": ("ica_csp11_v1.so",),
    "BkavCA": ("BkavCA.so", "libBkavCA.so"),
    "OpenSC": ("opensc-pkcs11.so",),
    "YubiKey": ("libykcs11.so", "libykcs11.so.2"),
    "SoftHSM": ("libsofthsm2.so",),
    "p11-kit": ("p11-kit-proxy.so", "p11-kit-client.so"),
}
REGISTERED = ("/usr/share/p11-kit/modules", "/etc/pkcs11/modules")
_REFUSED = ("pkcs11-spy",)


@dataclass(frozen=True)
class FoundModule:
    """A module's file; `maker` by its name, "" for one that only p11-kit knows."""

    path: Path
    maker: str


def find_modules(
    folders: Iterable[str] = FOLDERS, registered: Iterable[str] = REGISTERED, extra: Iterable[Path] = ()
) -> tuple[FoundModule, ...]:
    """Every module there is, each file once (links are followed), `extra` ones first."""
    makers = {name: maker for maker, names in NAMES.items() for name in names}
    places = [Path(folder) for folder in folders]
    paths = [*extra, *(place / name for name in makers for place in places)]
    paths += [path for folder in registered for path in _registered(Path(folder), places)]
    found: dict[Path, FoundModule] = {}
    for path in paths:
        if path.is_file() and not path.name.startswith(_REFUSED):
            found.setdefault(path.resolve(), FoundModule(path, makers.get(path.name, "")))
    return tuple(found.values())


def _registered(folder: Path, places: list[Path]) -> list[Path]:
    paths = []
    for setting in sorted(folder.glob("*.module")) if folder.is_dir() else []:
        for name in re.findall(r"^\s*module:\s*(\S+)", setting.read_text(encoding="utf-8", errors="replace"), re.M):
            # p11-kit looks for a bare name in its own folder of modules.
            paths += [Path(name)] if name.startswith("/") else [place / name for place in places]
    return paths
