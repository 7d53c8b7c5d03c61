"""The first page: four numbers for whoever looks, and things to do that lead to where they are done."""

from __future__ import annotations

import dataclasses
import re

import pytest

from appliance import commands
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event
from appliance.store import Store, held
from appliance.store.queues import Errand
from appliance.store.standing import Role
from appliance.web.link import SignerGlance, Token
from appliance.web.todos import Waiting, todos
from appliance.wording import speak
from tests.fixtures_books import electronic, take_electronic
from tests.fixtures_store import NOW
from tests.fixtures_web import CLERK, LEADER, VIEWER, Papers, Visitor

NOTHING = Waiting({}, {}, 0, 0, 0, dict.fromkeys(Slot, 0), 0)
SHUT = SignerGlance((Token("leader", "L", False, True), Token("agency", "A", False, True)))


def tiles(text: str) -> dict[str, tuple[int, str]]:
    """Name of a figure → its number and where it leads."""
    found = re.findall(r'class="tile tile-(\w+)[^"]*" href="([^"]*)"[^>]*>\s*<b>(\d+)</b>', text)
    return {name: (int(number), href) for name, href, number in found}


async def test_four_numbers_and_whose_they_are(visitor: Visitor, office_papers: Papers, store: Store) -> None:
    office_papers.digitized()
    refused = office_papers.digitized()
    commands.approve(store, refused, "Lan (văn thư)", NOW)
    office_papers.answer(office_papers.enqueue(office_papers.sign(refused)), "Thiếu trang")
    sent = office_papers.digitized()
    commands.approve(store, sent, "Lan (văn thư)", NOW)
    office_papers.enqueue(office_papers.sign(sent))
    office_papers.quarantine(office_papers.received(), Event.UNREADABLE, "damaged")
    for _ in range(2):
        office_papers.digitized(kind=Kind.OUTGOING)
    store.write(lambda db: take_electronic(db, electronic(1)))
    file = held.Held("/x/hỏng.pdf", "Văn bản đến", "hỏng.pdf", "reason-needed", {}, NOW)
    store.write(lambda db: held.hold(db, file))
    others = {"send": (1, "/?show=send"), "refused": (1, "/?show=refused"), "quarantine": (2, "/?show=quarantine")}
    for who, mine in ((CLERK, (4, "/desk")), (LEADER, (2, "/approvals")), (VIEWER, (6, "/"))):
        await visitor.become(who)
        _, text = await visitor.get("/")
        assert tiles(text) == {"mine": mine} | others, who
    assert "từ 09:00" in text, "since when something is not sent"


async def test_each_thing_to_do_leads_somewhere(visitor: Visitor, office_papers: Papers, store: Store) -> None:
    office_papers.digitized()
    office_papers.quarantine(office_papers.digitized(), Event.SUSPECTED_SECRET, "suspected-secret")
    store.write(lambda db: take_electronic(db, electronic(1)))
    waits = office_papers.digitized()
    commands.approve(store, waits, "Lan (văn thư)", NOW)
    _, text = await visitor.get("/")
    section = text.partition('class="todos"')[2].partition("</section>")[0]
    told = re.findall(r"<span>([^<]+)</span> <a class=\"button\" href=\"([^\"]+)\"", section)
    assert told == [
        ("1 văn bản nghi là bí mật nhà nước, đang cách ly.", "/desk?show=suspect"),
        ("1 văn bản đã duyệt chờ ký, nhưng thiết bị ký số chưa dùng được.", "/certificates"),
        ("1 văn bản điện tử chưa tiếp nhận.", "/incoming"),
        ("1 văn bản chờ duyệt.", "/desk?show=approve"),
    ]
    for _sentence, href in told:
        assert (await visitor.get(href))[0] == 200, href
    await visitor.become(VIEWER)
    assert 'class="todos"' not in (await visitor.get("/"))[1], "who decides about nothing is asked for nothing"


@pytest.mark.parametrize("errand", [errand for errand in Errand if errand not in (Errand.SIGN, Errand.UNLOCK)])
def test_every_errand_of_the_clerk_is_a_thing_to_do(errand: Errand) -> None:
    with speak("vi"):
        (todo,) = todos(dataclasses.replace(NOTHING, clerk={errand: 3}), SHUT, Role.CLERK)
    assert todo.href == f"/desk?show={errand.value}" and todo.sentence.startswith("3 ")


@pytest.mark.parametrize(("role", "slot", "href"), [
    (Role.CLERK, Slot.AGENCY, "/desk/many"), (Role.LEADER, Slot.LEADER, "/approvals"),
])  # fmt: skip
def test_a_pin_is_asked_of_the_tokens_owner_while_papers_wait(role: Role, slot: Slot, href: str) -> None:
    waiting = dataclasses.replace(NOTHING, unsigned=dict.fromkeys(Slot, 0) | {slot: 2})
    with speak("vi"):
        assert [(one.button, one.href) for one in todos(waiting, SHUT, role)] == [("Nhập mã PIN", href)]
        open_now = SignerGlance(tuple(dataclasses.replace(token, ready=True) for token in SHUT.tokens))
        assert todos(waiting, open_now, role) == ()
        for change in ({"present": False}, {"flags": ("locked",)}):
            shut = SignerGlance(tuple(dataclasses.replace(token, **change) for token in SHUT.tokens))
            assert [one.href for one in todos(waiting, shut, role)] == ["/certificates"]
    assert todos(NOTHING, SHUT, role) == ()
