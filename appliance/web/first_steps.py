"""``/setup``: what a box needs before its first day, each with its true state and where it is done.

Owns the order of the steps and which findings of ``appliance.health`` speak about which; whatever no step speaks about
is listed below them. Refuses to change anything: every step leads to the page or the command that does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from appliance import clock_check, health
from appliance.clock_check import Clock
from appliance.config import Config
from appliance.domain.zone import VIETNAM
from appliance.health import Finding
from appliance.store import Store, documents, scan_tests
from appliance.store import accounts as rows
from appliance.store.standing import Role
from appliance.web.access import NOBODY, allow, only
from appliance.web.office import OFFICE
from appliance.web.presenting import page
from appliance.wording import N_, _, states, text_of

_QUIET = ("pin-needed",)
"""Findings that are everyday life and no gap in the setting up."""


@dataclass(frozen=True)
class Known:
    """What the steps look at: rows counted once, and the findings."""

    config: Config
    now: datetime
    roles: frozenset[Role]
    codes_of_administrators: int
    tried: frozenset[str]
    clock: Clock
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Look:
    """What one step found: whether it is done, and the sentence about it."""

    done: bool
    sentence: str


@dataclass(frozen=True)
class Step:
    """One step: its name, the findings that speak about it (beginnings of codes), where it is done, how to look.

    ``page`` is a route of the pages, ``command`` what the technician types on the box's machine.
    """

    name: str
    about: tuple[str, ...]
    look: Callable[[Known], Look]
    page: str = ""
    command: str = ""


@dataclass(frozen=True)
class Shown:
    """A step as the page shows it; done only when no finding speaks against it."""

    step: Step
    done: bool
    sentence: str
    troubles: tuple[str, ...]


def prepare(app: web.Application) -> None:
    """The route of this module and who may use it."""
    app.add_routes([web.get("/setup", show)])
    allow(app, "/setup", read=only(Role.ADMINISTRATOR), write=NOBODY)


async def show(request: web.Request) -> web.Response:
    """``GET /setup``."""
    office = request.app[OFFICE]
    known = await asyncio.to_thread(_known, office.config, office.store, office.clock())
    spoken_for = tuple(code for step in STEPS for code in step.about) + _QUIET
    others = [_sentence(one) for one in known.findings if not one.code.startswith(spoken_for)]
    steps = [_shown(step, known) for step in STEPS]
    following = next((one for one in steps if not one.done and one.step.page), None)
    return await page(request, "setup.html", steps=steps, following=following, others=others, live_url="")


def _known(config: Config, store: Store, now: datetime) -> Known:
    def read(db: Any) -> tuple[frozenset[Role], int, frozenset[str], Clock]:
        people = [one for one in rows.listed(db) if one.active]
        codes = sum(rows.codes_left(db, one.id) for one in people if one.role is Role.ADMINISTRATOR)
        tried = scan_tests.proved(db) | documents.folders_used(db, [one.shown_name for one in config.folders])
        return frozenset(one.role for one in people), codes, tried, clock_check.look(db, now)

    return Known(config, now, *store.read(read), tuple(health.findings(config, now)))


def _shown(step: Step, known: Known) -> Shown:
    look = step.look(known)
    against = [one for one in known.findings if step.about and one.code.startswith(step.about)]
    return Shown(step, look.done and not against, look.sentence, tuple(_sentence(one) for one in against))


def _sentence(finding: Finding) -> str:
    return text_of(finding.code, **finding.params)


def _commune(known: Known) -> Look:
    box = known.config.box
    return Look(bool(box.commune and box.province), " · ".join(filter(None, [box.commune, box.province, box.id])))


def _clock(known: Known) -> Look:
    shown = known.now.astimezone(VIETNAM).strftime("%H:%M, %d/%m/%Y")
    if known.clock.source == "free":
        return Look(False, _("{time}; không có dịch vụ nào giữ giờ").format(time=shown))
    return Look(True, shown)


def _folders(known: Known) -> Look:
    names = [folder.shown_name for folder in known.config.folders]
    if untried := [name for name in names if name not in known.tried]:
        return Look(False, _("Chưa thử: {names}").format(names=", ".join(untried)))
    return Look(bool(names), _("{names}; đã nhận bản quét").format(names=", ".join(names)))


def _keys(known: Known) -> Look:
    enrolled = {key.slot for key in known.config.signer.keys}
    missing = [_(name) for slot, name in states.SLOTS.items() if slot in ("leader", "agency") and slot not in enrolled]
    if missing:
        return Look(False, _("Chưa có: {names}").format(names=", ".join(missing)))
    return Look(True, _("Đã đăng ký khóa của lãnh đạo và của cơ quan"))


def _province(known: Known) -> Look:
    sync = known.config.sync
    return Look(sync is not None, f"{sync.host}:{sync.port}" if sync else _("Chưa cấu hình nối với tỉnh"))


def _channel(known: Known) -> Look:
    if known.config.web.secure:
        return Look(True, _("Mọi trang đi qua TLS"))
    return Look(False, _("Mật khẩu đang đi trong mạng nội bộ mà không mã hóa"))


def _people(known: Known) -> Look:
    missing = [role for role in (Role.CLERK, Role.LEADER) if role not in known.roles]
    if missing:
        names = ", ".join(_(states.ROLES[role.value]) for role in missing)
        return Look(False, _("Chưa có: {names}").format(names=names))
    return Look(True, _("Đã có văn thư và lãnh đạo"))


def _codes(known: Known) -> Look:
    left = known.codes_of_administrators
    return Look(left >= 3, _("Quản trị còn {n} mã").format(n=left))


STEPS = (
    Step(N_("Tên xã, tên tỉnh"), (), _commune, page="/setup/commune"),
    Step(N_("Đồng hồ"), ("clock-",), _clock, page="/setup/clock"),
    Step(N_("Thư mục nhận bản quét"), ("no-drop-folder", "drop-folder-", "no-events"), _folders, page="/setup/folders",
         command="/etc/commune-box/config.toml [[folders]]"),
    Step(N_("Thiết bị ký số"), ("no-signing-key", "module-missing", "token-", "certificate-"), _keys,
         page="/enrolment", command="commune-box token enrol"),
    Step(N_("Ghi danh với tỉnh"), ("not-enrolled",), _province, page="/setup/province"),
    Step(N_("Trang web qua kênh mã hóa (TLS)"), ("web-certificate-",), _channel, page="/setup/pages"),
    Step(N_("Người dùng"), (), _people, page="/users"),
    Step(N_("Mã khôi phục của quản trị"), (), _codes, page="/me"),
)  # fmt: skip
"""In the order in which an office does them."""
