"""What ``commune-box check`` looks at: one small function per question; each gives findings and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance import clock_check
from appliance.certificates import enrolled, leaf_ends
from appliance.config import Config
from appliance.domain.zone import VIETNAM
from appliance.pipeline.longterm_backlog import backlog_of
from appliance.pipeline.longterm_trust import list_addresses, revocation_lists
from appliance.signers import signing_service
from appliance.store import Store, accounts, manifest, open_store, scan_tests, terms
from appliance.store import longterm as longterm_rows
from appliance.store import outbox as outbox_rows
from hsm.api import SigningError
from hsm.trust import TrustError
from scanner_intake.passwords import BadPasswordFile, load_passwords

EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
"""A clock before this build's time is wrong; signing with it would be worthless."""

TEST_PAGE_WAITS = timedelta(minutes=30)
"""A page that came while a drop folder was tried out may be a real paper: after so long without a word it is told."""


@dataclass(frozen=True)
class Finding:
    """One thing noticed; ``code`` and ``params`` become a sentence. ``serious``: the box cannot do its work."""

    code: str
    serious: bool
    params: dict[str, object] = field(default_factory=dict)


def findings(config: Config, now: datetime) -> list[Finding]:
    """Every finding about this box, serious ones first."""
    questions = (
        _clock(now),
        _programs(),
        drop_folders(config, now),
        _passwords(config),
        _disk(config),
        _files(config),
        _certificates(config, now),
        _store(config, now),
        _longterm(config, now),
        _revocation(config, now),
        _signer(config),
        _pages(config, now),
    )
    found = [finding for question in questions for finding in question]
    return sorted(found, key=lambda finding: not finding.serious)


def _clock(now: datetime) -> Iterator[Finding]:
    if now < EARLIEST:
        yield Finding("clock-wrong", True, {"now": now.isoformat()})


def _programs() -> Iterator[Finding]:
    for name in ("tesseract",):
        if shutil.which(name) is None:
            yield Finding("program-missing", True, {"name": name})


def drop_folders(config: Config, now: datetime) -> Iterator[Finding]:
    """What is wrong with the drop folders: seen from here, and as the running intake tells it."""
    yield from _folders(config)
    yield from _intake(config, now)


def _folders(config: Config) -> Iterator[Finding]:
    if not config.folders:
        yield Finding("no-drop-folder", True)
    for folder in config.folders:
        if not folder.path.is_dir():
            yield Finding("drop-folder-missing", True, {"path": folder.path})
        elif not os.access(folder.path, os.R_OK | os.W_OK | os.X_OK):
            yield Finding("drop-folder-closed", True, {"path": folder.path})


def _passwords(config: Config) -> Iterator[Finding]:
    """Password files that cannot be used: papers of their folders wait for a person, so it is told and not serious."""
    for folder in config.folders:
        if folder.passwords:
            try:
                load_passwords(folder.passwords)
            except BadPasswordFile as error:
                yield Finding(error.code, False, {"path": folder.passwords})


_SEEN_HERE = frozenset({"drop-folder-missing", "drop-folder-closed"})


def _intake(config: Config, now: datetime) -> Iterator[Finding]:
    """What the running intake says of its folders; what `_folders` sees for itself is not told twice."""
    try:
        states = json.loads(config.intake_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    silent_after = max(300.0, 4 * config.intake.rescan_seconds)
    for folder in config.folders:
        state = states.get(folder.shown_name) if isinstance(states, dict) else None
        if not isinstance(state, dict):
            continue
        code, since = str(state.get("code", "")), str(state.get("since", ""))
        if code and (code not in _SEEN_HERE or os.access(folder.path, os.R_OK | os.W_OK | os.X_OK)):
            yield Finding(code, code != "no-events", {"path": folder.path, "since": since})
        seen = str(state.get("scanned_at") or since)
        if not code and seen and (now - datetime.fromisoformat(seen)).total_seconds() > silent_after:
            yield Finding("drop-folder-silent", True, {"path": folder.path, "since": seen})


def _disk(config: Config) -> Iterator[Finding]:
    """Watermarks of free space: warn below a fifth, serious below a twentieth."""
    place: Path = config.box.state_dir
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    percent = round(100 * usage.free / usage.total)
    if percent < 20:
        yield Finding("disk-low", percent < 5, {"percent": percent, "path": place})


def _files(config: Config) -> Iterator[Finding]:
    wanted = [*config.signer.roots, *config.signer.intermediates, *(key.certificate for key in config.signer.keys)]
    if config.sync:
        wanted += [config.sync.ca, config.sync.certificate, config.sync.key, config.sync.device_key]
    else:
        yield Finding("not-enrolled", True)
    if not config.signer.keys:
        yield Finding("no-signing-key", True)
    if not config.signer.module.is_file():
        yield Finding("module-missing", True, {"path": config.signer.module})
    for path in wanted:
        if not path.is_file():
            yield Finding("file-missing", True, {"path": path})


def _certificates(config: Config, now: datetime) -> Iterator[Finding]:
    """What runs out soon: told from 60 days on, serious from 7 (renewing takes the issuer days)."""
    found, unreadable = enrolled(config)
    for one in unreadable:
        if Path(one.path).is_file():  # a missing one is told by `_files`
            yield Finding("certificate-file-unreadable", True, {"path": one.path, "detail": one.detail})
    for certificate in found:
        reached = certificate.warning(now)
        name = certificate.name or certificate.path
        days: dict[str, object] = {"name": name, "begins": _day(certificate.begins), "ends": _day(certificate.ends)}
        if now < certificate.begins:
            yield Finding("certificate-not-begun", True, days)
        elif now >= certificate.ends:
            yield Finding("certificate-ended", True, days)
        elif reached is not None:
            yield Finding("certificate-ends", reached <= 7, {**days, "days": certificate.days_left(now)})


def _day(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y")


def _pages(config: Config, now: datetime) -> Iterator[Finding]:
    """The files of the pages' TLS: there, readable, and not about to end."""
    for path in filter(None, (config.web.certificate, config.web.key, config.web.ca)):
        if not path.is_file():
            yield Finding("file-missing", True, {"path": path})
    if config.web.certificate is None or not config.web.certificate.is_file():
        return
    try:
        ends = leaf_ends(config.web.certificate)
    except (OSError, ValueError) as error:
        yield Finding("certificate-file-unreadable", True, {"path": config.web.certificate, "detail": error})
        return
    if ends <= now:
        yield Finding("web-certificate-ended", True, {"date": _day(ends)})
    elif ends - now <= timedelta(days=30):
        yield Finding("web-certificate-ends", False, {"date": _day(ends), "days": (ends - now).days})


def _store(config: Config, now: datetime) -> Iterator[Finding]:
    if not config.database.exists():
        return
    store = open_store(config.database, config.blobs)
    try:
        count, _, oldest = store.read(outbox_rows.backlog)
        if oldest and (now - oldest).total_seconds() > 86400:
            yield Finding("delivery-waits-long", False, {"count": count, "since": oldest.isoformat()})
        if not store.read(accounts.count):
            yield Finding("accounts-none", False)
        if strays := store.read(manifest.strays):
            yield Finding("papers-not-as-kept", True, {"count": strays})
        yield from pages_without_answer(store, now)
        yield from clock_beside_others(store, now)
        yield from terms_and_calendar(config, store, now)
    finally:
        store.close()


def pages_without_answer(store: Store, now: datetime) -> Iterator[Finding]:
    """Pages of drop folders that were tried out, about which nobody has said what they are."""
    for test in store.read(scan_tests.unanswered):
        if test.arrived_at and now - test.arrived_at > TEST_PAGE_WAITS:
            yield Finding("scan-test-unanswered", False, {"folder": test.folder, "since": _moment(test.arrived_at)})


def clock_beside_others(store: Store, now: datetime) -> Iterator[Finding]:
    """A clock that stands behind the box's own history, or differs from the province's."""
    found = store.read(lambda db: clock_check.look(db, now))
    if found.behind is not None:
        yield Finding("clock-behind", True, {"now": _moment(now), "known": _moment(found.behind)})
    elif found.off and found.ahead is not None:
        minutes = round(abs(found.ahead) / timedelta(minutes=1))
        yield Finding("clock-late" if found.ahead < timedelta() else "clock-early", False, {"minutes": minutes})


def _moment(at: datetime) -> str:
    return at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


def terms_and_calendar(config: Config, store: Store, now: datetime) -> Iterator[Finding]:
    """Terms that have ended, and a year whose days off nobody has set: told for the next one from 15 December on."""
    today, calendar = now.astimezone(VIETNAM).date(), config.working_days()
    if late := store.read(lambda db: terms.overdue(db, today, calendar)):
        yield Finding("terms-overdue", False, {"count": len(late)})
    for year in calendar.missing(today.year, (today + timedelta(days=17)).year):
        yield Finding("holidays-missing", False, {"year": year})


def _longterm(config: Config, now: datetime) -> Iterator[Finding]:
    """The backlog of long-term proof by its deadline; serious when proof will soon be lost for ever."""
    if not config.database.exists():
        return
    store = open_store(config.database, config.blobs)
    try:
        found = backlog_of(store.read(longterm_rows.standing), now)
    finally:
        store.close()
    if found.nearly_lost and found.lost_after:
        yield Finding("proof-nearly-lost", True, {"count": found.nearly_lost, "date": found.lost_after.isoformat()})
    if found.overdue:
        yield Finding("proof-overdue", False, {"count": found.overdue})
    if found.waiting and config.longterm.tsa and found.deadline:
        yield Finding("proof-backlog", False, {"count": found.waiting, "deadline": found.deadline.isoformat()})
    if found.lost:
        yield Finding("proof-lost", False, {"count": found.lost, "reason": found.reason})


def _revocation(config: Config, now: datetime) -> Iterator[Finding]:
    """Lists of revoked certificates that have ended, or are missing although the certificates name some."""
    if not config.signer.keys:
        return
    try:
        kept = revocation_lists(config).kept()
    except TrustError:
        return  # a missing certificate file is told by `_files`
    for one in kept:
        if not one.fresh(now):
            yield Finding("revocation-stale", False, {"since": one.issued.isoformat(), "issuer": one.issuer})
    if not kept and list_addresses(config):
        yield Finding("revocation-none", False)


def _signer(config: Config) -> Iterator[Finding]:
    if not config.signer.keys:
        return
    try:
        state = signing_service(config, deadline=5.0).state()
    except SigningError as error:
        yield Finding(error.code, False)
        return
    for key in state.keys:
        if key.problem:
            yield Finding(key.problem, False, {"slot": key.slot, "detail": key.token_serial})
        elif not key.present:
            yield Finding("token-absent", False, {"slot": key.slot})
        elif not key.logged_in:
            yield Finding("pin-needed", False, {"slot": key.slot})
