"""``serve intake``: watches the drop folders and takes custody."""

from __future__ import annotations

from appliance.config import Config
from appliance.ids import new_id
from appliance.pipeline.receiving import BoxCustodian
from appliance.services.clock import SystemClock, utc_now
from appliance.services.notify import feed_watchdog, notify, stop_on_signals
from appliance.store import open_store
from appliance.wording import speak, text_of
from scanner_intake.custody import DropFolder, HeldFile
from scanner_intake.watch import Intake


def drop_folders(config: Config) -> list[DropFolder]:
    """The configured drop folders as the intake wants them."""
    return [
        DropFolder(
            path=folder.path,
            name=folder.name or folder.path.name,
            kind=folder.kind,
            policy=folder.approve,
            quiet_seconds=folder.quiet_seconds,
            patience_seconds=folder.patience_seconds,
        )
        for folder in config.folders
    ]


def note_for(language: str, file: HeldFile) -> str:
    """The note that lies beside a set-aside file: what is wrong and what to do."""
    with speak(language):
        return text_of(file.code, **file.params) + "\n"


def serve_intake(config: Config) -> None:
    """Run until SIGTERM."""
    stop = stop_on_signals()
    for folder in config.folders:
        folder.path.mkdir(parents=True, exist_ok=True)
    store = open_store(config.database, config.blobs)
    intake = Intake(
        drop_folders(config),
        BoxCustodian(store, utc_now),
        clock=SystemClock(),
        rescan_seconds=config.intake.rescan_seconds,
        note_for=lambda file: note_for(config.box.language, file),
        new_id=new_id,
    )
    notify("READY=1")
    feed_watchdog(stop)
    intake.run(stop)
    store.close()
