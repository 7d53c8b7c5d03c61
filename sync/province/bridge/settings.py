"""The section `[edxml]` of province.toml: who is who, and where packets go.

Owns the names of its keys and of the bridge's folders. Refuses unknown keys by name.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sync.edxml.packet import Organ
from sync.protocol.topics import is_box
from sync.province.config import BadConfig

FOLDER, LGSP = "folder", "lgsp"


@dataclass(frozen=True)
class Settings:
    """What `[edxml]` says. Times in seconds, paths relative to the province's folder."""

    office: Organ
    """The province's own office: packets go to it, and statuses come from it."""
    boxes: Mapping[str, Organ]
    """The office behind each box."""
    exchange: str = FOLDER
    """`folder` or `lgsp`."""
    folder: str = "edxml"
    zipped: bool = True
    """Files travel inside a ZIP archive, as the VNPT kit does; false: as they are."""
    type_code: str = "1"
    """DocumentType/Type where `type_codes` has none: lists differ between systems."""
    type_codes: Mapping[str, str] = field(default_factory=dict)
    """Type name (lower case) → DocumentType/Type."""
    acknowledge: bool = True
    """Status 01 (đã đến) answers every packet that came."""
    deliver: bool = True
    """PDF files and statuses that come for a commune are sent on to its box."""
    most_bytes: int = 200_000_000
    """Of a file that is sent on."""
    url: str = ""
    system_id: str = ""
    secret_file: str = "lgsp.secret"
    ca: str = ""
    """Roots (PEM) for the endpoint's certificate; empty: the system's."""
    timeout: float = 60.0
    poll: float = 300.0


_PLAIN = {each.name: each for each in dataclasses.fields(Settings) if each.name not in ("office", "boxes")}
_ORGAN = {each.name for each in dataclasses.fields(Organ)}


def load(path: Path) -> Settings:
    """Read `[edxml]` of province.toml. Raises BadConfig with the key at fault, `edxml` where there is no section."""
    try:
        found = tomllib.loads(path.read_text("utf-8")).get("edxml")
    except FileNotFoundError as error:
        raise BadConfig(str(path), missing=True) from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise BadConfig(f"{path}: [edxml]")
    values = {name: _plain(name, found[name]) for name in found if name in _PLAIN}
    if strangers := sorted(set(found) - set(_PLAIN) - {"office", "boxes"}):
        raise BadConfig(f"{path}: edxml.{', edxml.'.join(strangers)}")
    boxes = found.get("boxes", {})
    if not isinstance(boxes, dict) or (wrong := [name for name in boxes if not is_box(name)]):
        raise BadConfig(f"{path}: edxml.boxes {', '.join(wrong) if isinstance(boxes, dict) else ''}")
    settings = Settings(
        office=_organ("edxml.office", found.get("office")),
        boxes={name: _organ(f"edxml.boxes.{name}", organ) for name, organ in boxes.items()},
        **values,
    )
    if settings.exchange not in (FOLDER, LGSP):
        raise BadConfig("edxml.exchange")
    if settings.exchange == LGSP and not (settings.url.startswith(("http://", "https://")) and settings.system_id):
        raise BadConfig("edxml.url, edxml.system_id")
    return settings


def _plain(name: str, value: Any) -> Any:
    wanted = _PLAIN[name].default if _PLAIN[name].default is not dataclasses.MISSING else {}
    if isinstance(wanted, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(wanted) or (isinstance(value, float) and value <= 0):
        raise BadConfig(f"edxml.{name}")
    if isinstance(value, dict):
        if not all(isinstance(code, str) for code in value.values()):
            raise BadConfig(f"edxml.{name}")
        return {kind.lower(): code for kind, code in value.items()}
    return value


def _organ(where: str, value: Any) -> Organ:
    if not isinstance(value, dict) or not set(value) <= _ORGAN or not all(isinstance(v, str) for v in value.values()):
        raise BadConfig(where)
    if not value.get("organ_id") or not value.get("name"):
        raise BadConfig(f"{where}: organ_id, name")
    return Organ(**value)
