"""``serve web``: the pages on the office LAN."""

from __future__ import annotations

from appliance.config import Config
from appliance.services.notify import notify, stop_on_signals
from appliance.web.site import serve


def serve_web(config: Config) -> None:
    """Run until SIGTERM."""
    serve(config, stop_on_signals(), ready=lambda: notify("READY=1"))
