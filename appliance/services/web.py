"""``serve web``: the pages on the office LAN."""

from __future__ import annotations

from appliance.config import Config
from appliance.services.notify import notify, stop_on_signals
from appliance.web.site import serve


def serve_web(config: Config) -> None:
    """Run until SIGTERM."""
    stop = stop_on_signals()
    notify("READY=1")
    serve(config, stop)
