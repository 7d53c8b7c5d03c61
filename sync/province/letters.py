"""What a reminder says (knowledge base, operations §9, RC1): exact counts, each target missed, the papers refused.

Owns the words of the letter, which is Vietnamese whatever language the pages speak. Pure. A share is written as the
report writes it, with the decimal comma of Vietnamese.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sync.province.printing.paper import Letterhead, Paper, Part, Table
from sync.province.reporting import Targets, written
from sync.province.rolling_up import Missed
from sync.province.wording import MISSES, Wording

_W = Wording("vi")


def share(text: str) -> str:
    """A share of `reporting.written`, as Vietnamese papers write it."""
    return text if text == "–" else f"{text.replace('.', ',')} %"


def day(date: dt.date) -> str:
    """A date as Vietnamese papers write it."""
    return date.strftime("%d/%m/%Y")


def reminder(found: Missed, first: dt.date, last: dt.date, targets: Targets, head: Letterhead, today: dt.date) -> Paper:
    """The draft of a reminder to one commune for the days `first` to `last`."""
    line, span = found.place.line, f"từ {day(first)} đến {day(last)}"
    counts = (
        f"Qua theo dõi {span}, đơn vị đã gửi {_W.number(line.answered)} văn bản: {_W.number(line.stored)} được tiếp "
        f"nhận, {_W.number(line.refused)} bị từ chối."
    )
    parts = [Part(text=counts, points=tuple(_missed(found, targets)))]
    if found.refusals:
        parts.append(Part(f"Văn bản bị từ chối ({_W.number(line.refused)}):", table=_refusals(found)))
        if line.refused > len(found.refusals):
            rest = _W.number(line.refused - len(found.refusals))
            parts.append(Part(text=f"… và {rest} văn bản nữa, xem trên trang theo dõi của tỉnh."))
    if line.waiting:
        parts.append(Part(text=f"Đang chờ gửi tại hộp: {_W.number(line.waiting)} văn bản."))
    asked = (
        "Đề nghị đơn vị rà soát, gửi lại văn bản bị từ chối và báo cáo nguyên nhân, biện pháp khắc phục."
        if found.place.misses
        else "Đơn vị đạt mọi mức giao."
    )
    return Paper(
        head, f"nhắc việc gửi văn bản điện tử {span}", (*parts, Part(text=f"{asked}/.")), today.month, today.year,
        to=line.commune,
    )  # fmt: skip


def _missed(found: Missed, targets: Targets) -> Iterator[str]:
    line = found.place.line
    wanted = {
        "accepted": (share(written(line.accepted)), share(f"{targets.accepted / 100:.2f}")),
        "fast": (share(written(line.fast)), share(f"{targets.fast / 100:.2f}")),
        "least": (_W.number(line.stored), _W.number(targets.least)),
    }
    for miss in found.place.misses:
        reached, target = wanted[miss]
        yield f"Chưa đạt: {MISSES[miss]} (đạt {reached}, giao {target})."


def _refusals(found: Missed) -> Table:
    rows = tuple(
        (str(number), one.document_id, _W.moment(one.refused_at), _W.reason(one.code))
        for number, one in enumerate(found.refusals, 1)
    )
    return Table(("TT", "Văn bản", "Lúc", "Lý do"), rows, (0.9, 6.7, 3.8, 4.6))
