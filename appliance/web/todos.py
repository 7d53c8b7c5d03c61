"""Things to do, for the first page: each a sentence about something that waits, and the place where it is done.

Owns which errand is whose, and in which order they are told: what is dangerous first, then what somebody waits for,
then the day's own work. Refuses to decide or change anything. Nothing is told that this person could not do.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from appliance.domain.kinds import Slot
from appliance.domain.zone import VIETNAM
from appliance.store import Store, held, queues, scan_tests, terms, views
from appliance.store.queues import Errand
from appliance.store.standing import Role
from appliance.web.link import SignerGlance
from appliance.web.office import Office
from appliance.web.together import wants_pin
from appliance.wording import N_, _


@dataclass(frozen=True)
class Todo:
    """One thing to do: how urgent it looks ("bad", "warn" or ""), what it is, and the button that leads there."""

    tone: str
    sentence: str
    button: str
    href: str


@dataclass(frozen=True)
class Waiting:
    """What waits, as numbers: papers by role and errand, electronic documents, files, signatures by slot, overdue; and
    ``tests``: pages of drop folders that somebody tried out, about which nobody has said what they are.
    """

    clerk: dict[Errand, int]
    leader: dict[Errand, int]
    electronic: int
    recalls: int
    held: int
    unsigned: dict[Slot, int]
    overdue: int
    tests: int = 0

    def of(self, role: Role) -> int:
        """How many things wait for somebody of this role; for who decides about no paper, all that wait."""
        clerks, leaders = sum(self.clerk.values()) + self.electronic + self.recalls, sum(self.leader.values())
        return {Role.CLERK: clerks, Role.LEADER: leaders}.get(role, clerks + leaders)


_ERRANDS = (
    (Errand.SUSPECT, "bad", N_("{n} văn bản nghi là bí mật nhà nước, đang cách ly."), N_("Xử lý ngay")),
    (Errand.REFUSED, "bad", N_("{n} văn bản bị tỉnh từ chối."), N_("Xem lý do, gửi lại")),
    (Errand.RETURNED, "warn", N_("{n} dự thảo lãnh đạo trả lại kèm ý kiến."), N_("Xem ý kiến")),
    (Errand.ISSUE, "", N_("{n} văn bản lãnh đạo đã ký, chờ phát hành."), N_("Phát hành")),
    (Errand.APPROVE, "", N_("{n} văn bản chờ duyệt."), N_("Duyệt lần lượt")),
    (Errand.ASIDE, "warn", N_("{n} tệp không số hóa được."), N_("Xem và xử lý")),
)
"""The clerk's errands in the order in which they are told; each leads to the desk with these papers alone."""


OVERDUE_SECONDS = 60.0
_OVERDUE: WeakKeyDictionary[Store, tuple[float, int]] = WeakKeyDictionary()


async def waiting_now(office: Office) -> Waiting:
    """The numbers now."""

    def read(db: Any) -> Waiting:
        numbers = queues.numbers(db)
        return Waiting(
            clerk=numbers[Role.CLERK],
            leader=numbers[Role.LEADER],
            electronic=queues.electronic_waiting(db),
            recalls=queues.recalls_waiting(db),
            held=len(held.listed(db)),
            unsigned={slot: views.to_sign(db, slot) for slot in Slot},
            overdue=_overdue(office, db),
            tests=len(scan_tests.unanswered(db)),
        )

    return await asyncio.to_thread(office.store.read, read)


def _overdue(office: Office, db: Any) -> int:
    """Asked once a minute at most: it looks through the books, and the first page is fetched at every change."""
    asked_at, count = _OVERDUE.get(office.store, (float("-inf"), 0))
    if time.monotonic() - asked_at > OVERDUE_SECONDS:
        day = office.clock().astimezone(VIETNAM).date()
        count = len(terms.overdue(db, day, office.config.working_days()))
        _OVERDUE[office.store] = (time.monotonic(), count)
    return count


def todos(waiting: Waiting, glance: SignerGlance, role: Role) -> tuple[Todo, ...]:
    """What somebody of this role should do now."""
    if role is Role.LEADER:
        drafts = sum(waiting.leader.values())
        read = (
            [Todo("", _("{n} dự thảo chờ ký duyệt.").format(n=drafts), _("Đọc và ký"), "/approvals")] if drafts else []
        )
        return (*read, *_tokens(waiting, glance, Slot.LEADER, "/approvals"))
    if role is Role.CLERK:
        return _clerks(waiting, glance)
    if role is Role.ADMINISTRATOR and waiting.tests:
        sentence = _("{n} trang thử máy quét còn chờ bạn trả lời.").format(n=waiting.tests)
        return (Todo("warn", sentence, _("Xem trang thử"), "/setup/folders"),)
    return ()


def _clerks(waiting: Waiting, glance: SignerGlance) -> tuple[Todo, ...]:
    found: list[Todo] = []

    def tell(tone: str, count: int, sentence: str, button: str, href: str) -> None:
        if count:
            found.append(Todo(tone, _(sentence).format(n=count), _(button), href))

    tell("bad", waiting.recalls, N_("Nơi gửi yêu cầu lấy lại {n} văn bản."), N_("Trả lời"), "/incoming")
    for errand, tone, sentence, button in _ERRANDS[:3]:
        tell(tone, waiting.clerk.get(errand, 0), sentence, button, f"/desk?show={errand.value}")
    found += _tokens(waiting, glance, Slot.AGENCY, "/desk/many")
    tell("", waiting.electronic, N_("{n} văn bản điện tử chưa tiếp nhận."), N_("Tiếp nhận"), "/incoming")
    for errand, tone, sentence, button in _ERRANDS[3:]:
        tell(tone, waiting.clerk.get(errand, 0), sentence, button, f"/desk?show={errand.value}")
    tell("warn", waiting.held, N_("{n} tệp trong thư mục quét chưa nhận được."), N_("Xem vì sao"), "/?show=quarantine")
    tell("warn", waiting.overdue, N_("{n} văn bản đã quá hạn giải quyết."), N_("Xem danh sách"), "/registers")
    return tuple(found)


def _tokens(waiting: Waiting, glance: SignerGlance, slot: Slot, href: str) -> list[Todo]:
    """A token that papers wait for: a PIN to type, or a token to plug in."""
    count, token = waiting.unsigned[slot], glance.token(slot.value)
    if not count or (token and token.ready):
        return []
    if wants_pin(token):
        sentence = _("{n} văn bản đã duyệt chờ mã PIN để ký.").format(n=count)
        return [Todo("warn", sentence, _("Nhập mã PIN"), href)]
    sentence = _("{n} văn bản đã duyệt chờ ký, nhưng thiết bị ký số chưa dùng được.").format(n=count)
    return [Todo("warn", sentence, _("Xem thiết bị"), "/certificates")]
