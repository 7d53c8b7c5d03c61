"""One box as a row of the wall: the words of each cell, and the row's markup.

Owns what a row says and which cell is marked. Pure but for the wording. A row's words change only when something
happened or an age passes into its next step (`step`): rows that say the same are not sent again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from sync.province.fleet import Gravity
from sync.province.fleet_views import BoxView
from sync.province.wording import VIETNAM, Wording, _

COLUMNS: tuple[tuple[str, str], ...] = (
    ("name", _("Xã, phường")),
    ("link", _("Liên lạc")),
    ("queue", _("Đang chờ")),
    ("refused", _("Từ chối 24 giờ")),
    ("disk", _("Ổ đĩa")),
    ("token", _("Token")),
    ("cert", _("Chứng thư hộp")),
    ("clock", _("Đồng hồ")),
    ("scan", _("Máy quét")),
    ("soft", _("Bản")),
    ("why", _("Cần xem")),
)
"""Class of the column -> its title; the stylesheet names the same classes."""

_MARKED = {
    "silent": "link",
    "never-seen": "link",
    "waiting-long": "queue",
    "missing-numbers": "queue",
    "refused": "refused",
    "disk-low": "disk",
    "token-ending": "token",
    "link-ending": "cert",
    "clock-skew": "clock",
    "scanner-quiet": "scan",
    "old-software": "soft",
    "profile-drift": "soft",
}
"""Finding -> the cell that shows it."""
_SMALL_SKEW = 2.0


@dataclass(frozen=True, slots=True)
class Cell:
    """The words of one cell: the figure, what stands below it, and how grave it is (0: not marked)."""

    text: str
    below: str = ""
    gravity: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """The words of one row; equal rows are not sent again."""

    box: str
    commune: str
    tier: int
    state: str
    """`on`, `off` or `never`."""
    call: bool
    cells: tuple[Cell, ...]
    badges: tuple[tuple[str, int], ...]
    """Title of each finding and its gravity, 0 where it is acknowledged or silenced."""
    place: tuple[int | str, ...]


def step(seconds: float) -> float:
    """An age rounded down to what a person acts upon: 10 minutes, from an hour on hours, from two days on days."""
    size = 600 if seconds < 3600 else 3600 if seconds < 2 * 86_400 else 86_400
    return seconds // size * size


def row_of(view: BoxView, w: Wording, now: float) -> Row:
    """What the wall says of one box."""
    marks = _marks(view)
    presence = view.presence
    days = {name: _days(view.said(name), now, w) for name in ("token_ends", "link_ends")}
    scanned, scanned_at = view.said("scanned"), view.said("scanned_at")
    cells = (
        Cell(_state(view, w), _clock(view.last_seen, now) if view.last_seen else "", marks.get("link", 0)),
        Cell(
            w.number(view.waiting) if view.waiting else "",
            _oldest(view.oldest_waiting_at, now, w),
            marks.get("queue", 0),
        ),
        Cell(w.number(view.refused) if view.refused else "", "", marks.get("refused", 0)),
        Cell(w.size(presence.disk_free) if presence and presence.disk_free else "", "", marks.get("disk", 0)),
        Cell(days["token_ends"], "", marks.get("token", 0)),
        Cell(days["link_ends"], "", marks.get("cert", 0)),
        Cell(_skew(presence.clock_skew if presence else None, w), "", marks.get("clock", 0)),
        Cell(w.number(scanned) if scanned else "", _clock(scanned_at, now) if scanned_at else "", marks.get("scan", 0)),
        Cell(_release(presence.software if presence else ""), "", marks.get("soft", 0)),
    )
    badges = tuple(
        (w.title(found), 0 if found.code in view.quiet and found.gravity >= Gravity.WARNING else int(found.gravity))
        for found in view.findings
        if found.code != "offline"  # the cell of the link says it
    )
    state = "never" if view.last_seen is None else "on" if view.online else "off"
    return Row(
        view.box.box, view.box.commune, int(view.urgency.tier), state, view.urgency.call, cells, badges,
        view.urgency.place,
    )  # fmt: skip


def markup(row: Row, titles: Mapping[str, str]) -> str:
    """The row as HTML. A marked cell carries its title, for on a tile no heading stands above it."""
    short = escape(row.box.removeprefix("commune-"))
    parts = [
        f'<tr id="b{short}" class="t{row.tier} {row.state}{" call" if row.call else ""}"><th scope="row">'
        f'<a href="/box/{escape(row.box)}">{escape(row.commune)}</a><small>{short}</small></th>'
    ]
    for (name, _title), cell in zip(COLUMNS[1:-1], row.cells, strict=True):
        mark = f' class="g{cell.gravity}"' if cell.gravity else ""
        title = f"<u>{titles[name]}</u>" if cell.gravity else ""
        below = f"<small>{escape(cell.below)}</small>" if cell.below else ""
        parts.append(f"<td{mark}>{title}{escape(cell.text)}{below}</td>")
    badges = "".join(f'<b class="g{gravity}">{escape(title)}</b>' for title, gravity in row.badges)
    return "".join((*parts, f"<td>{badges}</td></tr>"))


def titles_of(w: Wording) -> dict[str, str]:
    """The titles of the columns in one language, escaped."""
    return {name: escape(w.say(title)) for name, title in COLUMNS}


def _marks(view: BoxView) -> dict[str, int]:
    marks: dict[str, int] = {}
    for found in view.findings:
        if (cell := _MARKED.get(found.code)) and found.gravity >= Gravity.WARNING:
            marks[cell] = max(marks.get(cell, 0), int(found.gravity))
    return marks


def _state(view: BoxView, w: Wording) -> str:
    if view.last_seen is None:
        return w.say(_("Chưa kết nối"))
    return w.say(_("Trực tuyến")) if view.online else w.say(_("Ngoại tuyến"))


def _clock(at: float | None, now: float) -> str:
    """The minute on the same day, otherwise the day: what was heard long ago needs no minute."""
    if at is None:
        return ""
    local, today = dt.datetime.fromtimestamp(at, VIETNAM), dt.datetime.fromtimestamp(now, VIETNAM)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%d/%m %H:%M" if abs(now - at) < 7 * 86_400 else "%d/%m/%Y")


def _oldest(since: float | None, now: float, w: Wording) -> str:
    if since is None:
        return ""
    age = step(now - since)
    return (
        w.say(_("{span}, từ {clock}")).format(span=w.span(age), clock=_clock(since, now)) if age else _clock(since, now)
    )


def _days(ends: int | None, now: float, w: Wording) -> str:
    return w.say(_("{n} ngày")).format(n=w.number(int((ends - now) // 86_400))) if ends else ""


def _skew(skew: float | None, w: Wording) -> str:
    if skew is None:
        return ""
    if abs(skew) < _SMALL_SKEW:
        return w.say(_("đúng"))
    return ("+" if skew > 0 else "−") + w.span(abs(skew))


def _release(software: str) -> str:
    return software.removeprefix("commune-box ")
