"""What every command gets from the main group: where the configuration is, loaded only when a command asks.

``digitize``, ``sign`` and ``verify`` never ask, so they work without any installation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from appliance.cli.output import ExitCode, fail
from appliance.config import Config, ConfigError, load_config
from appliance.wording import text_of

DEFAULT_CONFIG = Path("/etc/commune-box/config.toml")


@dataclass
class Context:
    """``ctx.obj`` of every command."""

    config_path: Path

    @cached_property
    def config(self) -> Config:
        """The checked configuration.

        Raises:
            CommandFailure: with exit code 7 when the file is absent or wrong, naming file and key.
        """
        try:
            return load_config(self.config_path)
        except ConfigError as error:
            fail(text_of(error.code, **error.params), ExitCode.CONFIGURATION, error.code)
