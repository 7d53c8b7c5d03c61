"""What the desks offer to each role: no form for what is another's to do, on any page of a desk."""

from __future__ import annotations

import dataclasses
import re

import pytest

from appliance import commands
from appliance.domain.kinds import Kind
from appliance.store import Store
from tests.fixtures_books import electronic, take_electronic
from tests.fixtures_pins import PinSigner
from tests.fixtures_store import NOW
from tests.fixtures_web import CLERK, LEADER, VIEWER, Papers, Visitor


def forms(text: str) -> set[str]:
    """Where the forms of a page send to, without ids and without what every page has."""
    found = re.findall(r'<form [^>]*method="post" action="([^"]+)"', text)
    return {re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}|/e-\d+", "/*", each) for each in found} - {"/sign-out"}


@pytest.fixture
def office_pages(office_papers: Papers, store: Store, pin_signer: PinSigner) -> dict[str, str]:
    """Name → address of one page in every situation of the desks."""
    scan, draft = office_papers.digitized(pages=2), office_papers.digitized(kind=Kind.OUTGOING)
    main, appendix = office_papers.digitized(), office_papers.digitized()
    commands.attach(store, appendix, main, "Trần Thị Lan (văn thư)", NOW)
    office_papers.digitized(name="mặt sau.pdf")  # may be joined with the scan
    issue = office_papers.digitized(kind=Kind.OUTGOING)
    commands.approve(store, issue, "Nông Văn Thuận (lãnh đạo)", NOW)
    office_papers.sign(issue)
    sha256, size = office_papers.blob(b"%PDF-1.7 from the province")
    one = dataclasses.replace(electronic(1, NOW), sha256=sha256, size=size)
    store.write(lambda db: take_electronic(db, one))
    return {
        "scan": f"/desk/{scan}", "draft": f"/approvals/{draft}", "draft's own page": f"/papers/{draft}",
        "main": f"/desk/{main}", "appendix": f"/desk/{appendix}",
        "issue": f"/desk/{issue}", "many": "/desk/many", "approvals": "/approvals",
        "electronic": f"/incoming/{one.document_id}",
    }  # fmt: skip


OFFERED = {
    "scan": ({"/desk/*/do/approve", "/desk/*/do/send-back", "/desk/*/do/mark-secret", "/desk/*/pages", "/desk/*/join",
              "/desk/*/appendices"},
             {"/desk/*/do/send-back", "/desk/*/do/mark-secret"}),
    "draft": (set(), {"/approvals", "/approvals/*/do/hand-back", "/approvals/*/do/mark-secret", "/approvals/*/nudge"}),
    "draft's own page": ({"/papers/*/do/send-back", "/papers/*/do/mark-secret", "/papers/*/nudge",
                          "/papers/*/appendices"},
                         {"/papers/*/do/approve", "/papers/*/do/hand-back", "/papers/*/do/send-back",
                          "/papers/*/do/mark-secret", "/papers/*/nudge"}),
    "main": ({"/desk/*/do/approve", "/desk/*/do/send-back", "/desk/*/do/mark-secret", "/desk/*/do/detach",
              "/desk/*/appendices"},
             {"/desk/*/do/send-back", "/desk/*/do/mark-secret"}),
    "appendix": ({"/desk/*/do/detach", "/desk/*/do/mark-secret"}, {"/desk/*/do/mark-secret"}),
    "issue": ({"/desk/*/do/issue", "/desk/*/token/agency"}, set()),
    "many": ({"/desk/many"}, {"/desk/many"}),
    "approvals": ({"/approvals"}, {"/approvals"}),
    "electronic": ({"/incoming/*/stage"}, {"/incoming/*/stage"}),
}  # fmt: skip
"""What the clerk and the leader are offered on each page; a list's form stands without a button for who may not."""


@pytest.mark.parametrize("name", OFFERED)
async def test_nobody_is_offered_what_is_anothers(visitor: Visitor, office_pages: dict[str, str], name: str) -> None:
    for who, expected in zip((CLERK, LEADER), OFFERED[name], strict=True):
        await visitor.become(who)
        state, text = await visitor.get(office_pages[name])
        assert state == 200 and forms(text) == expected, (name, who)
        buttons = re.findall(r"<button[^>]*data-count=", text)
        deciders = {"many": CLERK, "approvals": LEADER}
        assert bool(buttons) is (deciders.get(name) == who), (name, who)


async def test_a_viewer_only_looks(visitor: Visitor, office_pages: dict[str, str]) -> None:
    await visitor.become(VIEWER)
    for name in ("draft's own page", "electronic"):
        state, text = await visitor.get(office_pages[name])
        assert state == 200 and forms(text) == set(), name
