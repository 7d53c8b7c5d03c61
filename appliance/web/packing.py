"""The build's own question before a wheel is made: are the pages' libraries there, as they are pinned?

Run by hatchling alone (``pyproject.toml``); not part of the wheel. A wheel without them would install without a word
and have pages that do not stay current, so it is not built.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LibrariesAreThere(BuildHookInterface[Any]):
    """Refuses a wheel whose libraries were not fetched; an editable installation takes them from the checkout."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before anything is packed.

        Raises:
            SystemExit: with the command that fetches them.
        """
        if version == "editable":
            return
        root = Path(self.root)
        missing = runpy.run_path(str(root / "appliance/web/libraries.py"))["missing"](root)
        if missing:
            raise SystemExit(f"run first: python3 appliance/web/libraries.py  (not there: {', '.join(missing)})")
