"""The one configuration file of a box (TOML), read and checked, with what was set at the pages and the keys enrolled.

Nothing reads configuration at import. Relative paths are relative to the file's own folder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from appliance.config_checks import COPY_FORMS, check
from appliance.config_office import FILE, applied
from appliance.config_reading import ConfigError, read
from appliance.config_sections import (
    BoxSection,
    CalendarSection,
    Config,
    DelegationSection,
    DigitizeSection,
    FolderSection,
    HoursSection,
    IntakeSection,
    KeySection,
    LongtermSection,
    SignerSection,
    SubFolderSection,
    SyncSection,
    WebSection,
)
from hsm import enrolment

__all__ = [
    "COPY_FORMS",
    "BoxSection",
    "CalendarSection",
    "Config",
    "ConfigError",
    "DelegationSection",
    "DigitizeSection",
    "FolderSection",
    "HoursSection",
    "IntakeSection",
    "KeySection",
    "LongtermSection",
    "SignerSection",
    "SubFolderSection",
    "SyncSection",
    "WebSection",
    "load_config",
]


def load_config(path: Path) -> Config:
    """Read and check ``path``.

    Raises:
        ConfigError: as ``config_reading.read`` and ``config_checks.check`` say; enrolment-unreadable.
    """
    config = replace(read(Config, path, ours=frozenset({"path"})), path=path.resolve())
    config = _with_enrolled(config)
    check(config, path)  # before what the pages set: a mistake is told with the file that makes it
    config = applied(config)
    check(config, config.box.state_dir / FILE)
    return config


def _with_enrolled(config: Config) -> Config:
    """``config`` with the keys that were enrolled by command; a slot that the file itself describes stays so."""
    keys = list(config.signer.keys)
    for slot in ("leader", "agency"):
        try:
            enrolled = enrolment.load(config.enrolments, slot)
        except enrolment.EnrolmentError as error:
            raise ConfigError("enrolment-unreadable", path=config.enrolments, detail=error.detail) from error
        if enrolled is None or any(key.slot == slot for key in keys):
            continue
        own = Path(enrolled.module) != config.signer.module
        keys.append(
            KeySection(
                slot=slot,
                token=enrolled.token_label or enrolled.token_serial,
                serial=enrolled.token_serial,
                key_id=enrolled.key_id,
                certificate=config.enrolments / enrolled.present.file,
                certificate_sha256=enrolled.present.sha256,
                mechanism=enrolled.mechanism,
                hashed_by=enrolled.hashed_by,
                pin_each_signature=enrolled.pin_each_signature,
                module=Path(enrolled.module) if own else None,
                environment=dict(enrolled.environment) if own else {},
            )
        )
    return replace(config, signer=replace(config.signer, keys=tuple(keys)))
