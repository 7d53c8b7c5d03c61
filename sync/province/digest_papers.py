"""A weekly digest as a paper. Owns its words, which are Vietnamese like those of `letters`. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sync.province.digests import Digest, Week
from sync.province.letters import day, share
from sync.province.printing.paper import Letterhead, Paper, Part, Table
from sync.province.reporting import percent
from sync.province.wording import Wording

_W = Wording("vi")


def digest_paper(one: Digest, week: Week, head: Letterhead) -> Paper:
    """The digest of one commune for a week."""
    rows = tuple((str(number), *row) for number, row in enumerate(lines(one), 1))
    parts = [Part(table=Table(("TT", "Nội dung", "Số liệu"), rows, (1.0, 11.0, 4.0)))]
    if one.by_reason:
        points = tuple(f"{_W.reason(code)} {_W.number(count)} văn bản." for code, count in one.by_reason.items())
        parts.append(Part("Lý do từ chối:", points=points))
    span = f"tuần {week.name[-2:]}, từ {day(week.monday)} đến {day(week.sunday)}"
    return Paper(
        head, f"Gửi, nhận văn bản điện tử {span}", tuple(parts), week.sunday.month, week.sunday.year,
        "TỔNG HỢP TUẦN", one.commune,
    )  # fmt: skip


def lines(one: Digest) -> Iterator[tuple[str, str]]:
    """Each figure with its words."""
    yield "Văn bản đã gửi lên tỉnh", _W.number(one.stored + one.refused)
    yield "Trong đó: được tiếp nhận", _W.number(one.stored)
    yield "Trong đó: bị từ chối", _W.number(one.refused)
    yield "Tỷ lệ được tiếp nhận", share(percent(one.stored, one.stored + one.refused))
    yield "Có biên nhận trong 1 giờ", share(percent(one.within_hour, one.took_count))
    yield "Được tiếp nhận trong tuần trước", _W.number(one.stored_before)
    yield "Gửi lại văn bản đã có (trùng)", _W.number(one.duplicates)
    yield "Văn bản tỉnh gửi xuống", _W.number(one.sent_down)
    yield "Hộp đã nhận văn bản tỉnh gửi", _W.number(one.accepted_down)
    yield "Hộp từ chối văn bản tỉnh gửi", _W.number(one.refused_down)
    yield "Cảnh báo phát sinh", _W.number(one.alerts)
    yield "Văn bản còn chờ gửi tại hộp", _W.number(one.waiting)
