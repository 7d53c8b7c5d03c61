"""What a configuration may not say, though each value has the right type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from appliance.config_reading import ConfigError
from appliance.config_sections import Config, FolderSection, LongtermSection
from appliance.domain.authority import FORMS
from appliance.domain.documents import URGENCIES
from scanner_intake.settle import ignored
from sync.carrier import ways_of
from sync.proxy import Proxy

_KINDS = ("incoming-scan", "outgoing", "appendix", "case-file")
COPY_FORMS = ("SAO Y", "SAO LỤC", "TRÍCH SAO")
"""As ``hsm.stamps`` has them; said twice because a configuration must not load what draws."""
_APPROVALS = ("person", "policy")
BOX_ID = r"commune-[0-9]{5}"


def check(config: Config, path: Path) -> None:
    """Refuses what no section by itself can be wrong about: kinds, addresses, hours, folders inside each other.

    Raises:
        ConfigError: config-bad-value, with the key as the file has it.
    """

    def bad(key: str, detail: str) -> ConfigError:
        return ConfigError("config-bad-value", path=path, key=key, detail=detail)

    if not re.fullmatch(BOX_ID, config.box.id):
        raise bad("box.id", "commune-<5 chữ số>")
    if config.digitize.profile not in ("compact", "faithful"):
        raise bad("digitize.profile", config.digitize.profile)
    for index, folder in enumerate(config.folders):
        for name, detail in _folder_mistakes(folder, config.folders[:index]):
            raise bad(f"folders[{index}].{name}", detail)
    for index, hours in enumerate(config.sync.hours if config.sync else ()):
        for name in ("begin", "until"):
            if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", getattr(hours, name)):
                raise bad(f"sync.hours[{index}].{name}", getattr(hours, name))
        if hours.kbit_per_second < 0:
            raise bad(f"sync.hours[{index}].kbit_per_second", str(hours.kbit_per_second))
    if config.sync and config.sync.proxy:
        try:
            Proxy.parse(config.sync.proxy)
        except ValueError:  # its value may hold a password: the message names the form only
            raise bad("sync.proxy", "http://[user:password@]host:port") from None
    if (sync := config.sync) is not None:
        try:
            ways_of(sync.transport, sync.websocket_port, sync.websocket_path)
        except ValueError as error:
            raise bad("sync.transport", str(error)) from None
    if (config.web.certificate is None) != (config.web.key is None):
        raise bad("web.certificate", "certificate + key")
    if config.web.plain_port and not config.web.secure:
        raise bad("web.plain_port", "certificate + key")
    if config.cases.resubmit_days < 0:
        raise bad("cases.resubmit_days", str(config.cases.resubmit_days))
    if not 0 < config.reports.active_days <= 31:
        raise bad("reports.active_days", str(config.reports.active_days))
    if config.intake.rescan_seconds <= 0:
        raise bad("intake.rescan_seconds", str(config.intake.rescan_seconds))
    for name, detail in _longterm_mistakes(config.longterm):
        raise bad(f"longterm.{name}", detail)
    if config.signer.copy_form not in COPY_FORMS:
        raise bad("signer.copy_form", config.signer.copy_form)
    for index, given in enumerate(config.delegations):
        if given.form not in FORMS:
            raise bad(f"delegations[{index}].form", given.form)
        try:
            held = given.delegation()
        except ValueError as error:
            raise bad(f"delegations[{index}]", str(error)) from None
        if held.ends < held.begins:
            raise bad(f"delegations[{index}].ends", given.ends)
    for index, year in enumerate(config.calendar):
        try:
            year.days()
        except ValueError as error:
            raise bad(f"calendar[{index}]", str(error)) from None
        if year.year in {earlier.year for earlier in config.calendar[:index]}:
            raise bad(f"calendar[{index}].year", str(year.year))
    for index, key in enumerate(config.signer.keys):
        if key.slot not in ("leader", "agency"):
            raise bad(f"signer.keys[{index}].slot", key.slot)
        if key.slot in {earlier.slot for earlier in config.signer.keys[:index]}:
            raise bad(f"signer.keys[{index}].slot", key.slot)


def _longterm_mistakes(section: LongtermSection) -> Iterator[tuple[str, str]]:
    for key in ("tsa", "list_urls"):
        for index, url in enumerate(getattr(section, key)):
            if not re.match(r"https?://[^/]", url):
                yield f"{key}[{index}]", url
    for index, policy in enumerate(section.tsa_policies):
        if not re.fullmatch(r"[0-2](\.[0-9]+)+", policy):
            yield f"tsa_policies[{index}]", policy
    for key in ("patience_seconds", "window_minutes", "list_hours", "requests"):
        if getattr(section, key) <= 0:
            yield key, str(getattr(section, key))
    if section.hold_seconds < 0:
        yield "hold_seconds", str(section.hold_seconds)


def _folder_mistakes(folder: FolderSection, earlier: tuple[FolderSection, ...]) -> Iterator[tuple[str, str]]:
    """Key and value of what cannot be meant in one drop folder."""
    if folder.kind not in _KINDS:
        yield "kind", folder.kind
    if folder.approve not in _APPROVALS:
        yield "approve", folder.approve
    if folder.watch not in ("events", "poll"):
        yield "watch", folder.watch
    for key in ("quiet_seconds", "patience_seconds"):
        if getattr(folder, key) < 0:
            yield key, str(getattr(folder, key))
    for other in earlier:
        if folder.path == other.path or folder.path in other.path.parents or other.path in folder.path.parents:
            yield "path", str(folder.path)  # two folders of which one lies in the other would take each other's files
        if folder.shown_name == other.shown_name:
            yield "name", folder.shown_name  # history and notes know a folder by its name
    seen: set[str] = set()
    for number, sub in enumerate(folder.sub):
        name = unicodedata.normalize("NFC", sub.name).casefold()
        if not name or "/" in name or ignored(name) or name in seen:
            yield f"sub[{number}].name", sub.name
        if sub.kind not in ("", *_KINDS):
            yield f"sub[{number}].kind", sub.kind
        if sub.approve not in ("", *_APPROVALS):
            yield f"sub[{number}].approve", sub.approve
        if sub.urgency not in URGENCIES:
            yield f"sub[{number}].urgency", sub.urgency
        seen.add(name)
