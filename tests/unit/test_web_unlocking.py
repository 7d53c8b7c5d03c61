"""The clerk gives the password of one paper: it reaches the worker, the paper is digitized again, nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.config import Config
from appliance.domain.states import Event, State
from appliance.door import Door
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.underway import Underway
from appliance.services.worker import door_answers
from tests.fixtures_web import LEADER, Papers, Visitor

CLERK = {"person": "Trần Thị Lan", "role": "van_thu"}
SECRET = "Cửa-mở 17"


@pytest.fixture
def known() -> Passwords:
    return Passwords()


@pytest.fixture
def door(office: Config, known: Passwords) -> Iterator[Door]:
    opened = Door(office.worker_socket, door_answers(known, Underway()))
    yield opened
    opened.close()


def locked(papers: Papers, code: str = "needs-password") -> str:
    return papers.quarantine(papers.received("khóa.pdf"), Event.UNREADABLE, code)


async def give(visitor: Visitor, papers: Papers, paper: str, **changes: str) -> tuple[int, str, str]:
    form = {"version": str(papers.load(paper).version), "password": SECRET, **CLERK} | changes
    return await visitor.post(f"/papers/{paper}/password", form)


@pytest.mark.parametrize("code", ["needs-password", "password-wrong"])
async def test_the_password_reaches_the_worker_and_the_paper_starts_again(
    visitor: Visitor, office_papers: Papers, known: Passwords, door: Door, code: str
) -> None:
    paper = locked(office_papers, code)
    _, page = await visitor.get(f"/papers/{paper}")
    assert f'action="/papers/{paper}/password"' in page and 'type="password"' in page
    state, where, _ = await give(visitor, office_papers, paper)
    assert (state, where) == (303, f"/papers/{paper}?said=release")
    document = office_papers.load(paper)
    assert document.state is State.RECEIVED
    assert known.of(document) == (SECRET,)


async def test_nothing_of_it_stays_in_the_pages_or_the_store(
    visitor: Visitor, office_papers: Papers, office: Config, door: Door
) -> None:
    paper = locked(office_papers)
    await give(visitor, office_papers, paper)
    _, page = await visitor.get(f"/papers/{paper}")
    assert SECRET not in page
    for path in office.box.state_dir.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


async def test_without_a_worker_the_paper_stays_and_it_is_said(visitor: Visitor, office_papers: Papers) -> None:
    paper = locked(office_papers)
    state, _, page = await give(visitor, office_papers, paper)
    assert state == 503 and "Dịch vụ số hóa" in page and SECRET not in page
    assert office_papers.load(paper).state is State.QUARANTINED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"password": ""}, 422), ({"password": "x" * 128}, 422), ({"version": "1"}, 409), ({"person": ""}, 401)],
)
async def test_forms_that_cannot_be_used(
    visitor: Visitor, office_papers: Papers, door: Door, changes: dict[str, str], expected: int
) -> None:
    paper = locked(office_papers)
    state, _, page = await give(visitor, office_papers, paper, **changes)
    assert state == expected and SECRET not in page
    assert office_papers.load(paper).state is State.QUARANTINED


async def test_a_paper_that_waits_for_something_else_has_no_such_form(
    visitor: Visitor, office_papers: Papers, known: Passwords, door: Door
) -> None:
    paper = locked(office_papers, "damaged")
    _, page = await visitor.get(f"/papers/{paper}")
    assert f"/papers/{paper}/password" not in page
    state, _, _ = await give(visitor, office_papers, paper)
    assert state == 409
    assert office_papers.load(paper).state is State.QUARANTINED
    assert not known.has_typed(paper)


async def test_the_worker_hears_no_password_of_who_may_not_release(
    visitor: Visitor, office_papers: Papers, known: Passwords, door: Door
) -> None:
    paper = locked(office_papers)
    await visitor.become(LEADER)
    _, page = await visitor.get(f"/papers/{paper}")
    assert f"/papers/{paper}/password" not in page, "no form that would be refused"
    state, _, page = await give(visitor, office_papers, paper, **LEADER)
    assert state == 409 and SECRET not in page
    assert office_papers.load(paper).state is State.QUARANTINED
    assert not known.has_typed(paper)
