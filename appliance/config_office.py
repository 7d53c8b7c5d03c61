"""What the administrator said of the office at the pages: a few values that go before the configuration file.

The configuration file is root's and closed to the services, so these have a file of their own in the state folder.
Owns that file's place, shape and effect; changing it is ``appliance.office_settings``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from appliance.config_reading import ConfigError, read
from appliance.config_sections import Config

FILE = "office.toml"


@dataclass(frozen=True)
class OfficeValues:
    """What stands in the file; None: as the configuration file says. ``office``, ``copy_form``: as in ``[signer]``."""

    id: str | None = None
    commune: str | None = None
    province: str | None = None
    office: str | None = None
    copy_form: str | None = None


def said(state_dir: Path) -> OfficeValues:
    """What was set; nothing where the file is not there.

    Raises:
        ConfigError: the file is there and cannot be used (``config_reading.read``).
    """
    try:
        return read(OfficeValues, state_dir / FILE)
    except ConfigError as error:
        if error.code == "config-missing":
            return OfficeValues()
        raise


def applied(config: Config) -> Config:
    """``config`` with what was set. Once the box is enrolled its code is the province's, and what was set says nothing.

    Raises:
        ConfigError: as ``said``.
    """
    values = said(config.box.state_dir)
    box = {name: value for name in ("commune", "province") if (value := getattr(values, name)) is not None}
    if values.id is not None and config.sync is None:
        box["id"] = values.id
    signer = {name: value for name in ("office", "copy_form") if (value := getattr(values, name)) is not None}
    return replace(config, box=replace(config.box, **box), signer=replace(config.signer, **signer))


def in_force(config: Config) -> OfficeValues:
    """The values that ``config`` has."""
    box, signer = config.box, config.signer
    return OfficeValues(box.id, box.commune, box.province, signer.office, signer.copy_form)
