"""The clerk's desk: what waits in which order, where a finished action leads, and what is shown of a field."""

from __future__ import annotations

from datetime import timedelta

from appliance import commands
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, State
from appliance.store import queues
from appliance.store.queues import Errand
from appliance.store.standing import Role
from tests.fixtures_store import Clock
from tests.fixtures_web import Papers, Visitor

CLERK, LEADER = "Lan (văn thư)", "Thuận (lãnh đạo)"


def waiting(papers: Papers, role: Role = Role.CLERK, errand: str = "") -> queues.Queue:
    return papers.store.read(lambda db: queues.queue(db, role, errand))


def one_of_each(papers: Papers, clock: Clock) -> dict[str, str]:
    """A paper for every errand and some that wait for nobody at the clerk's desk; each a minute younger."""
    made: dict[str, str] = {}

    def put(name: str, paper: str) -> str:
        made[name] = paper
        clock.now += timedelta(minutes=1)
        return paper

    put("approve", papers.digitized())
    put("draft", papers.digitized(kind=Kind.OUTGOING))
    put("secret", papers.quarantine(papers.digitized(), Event.SUSPECTED_SECRET, "suspected-secret"))
    put("aside", papers.quarantine(papers.received(), Event.UNREADABLE, "needs-password"))
    issue = put("issue", papers.digitized(kind=Kind.OUTGOING))
    commands.approve(papers.store, issue, LEADER, clock())
    papers.sign(issue)
    refused = put("refused", papers.digitized())
    commands.approve(papers.store, refused, CLERK, clock())
    papers.answer(papers.enqueue(papers.sign(refused)), "Thiếu trang")
    put("done", papers.delivered())
    put("urgent", papers.digitized(fields={"urgency": "hoa-toc"}))
    return made


def test_urgent_papers_come_first_and_then_those_that_came_first(office_papers: Papers, web_clock: Clock) -> None:
    made = one_of_each(office_papers, web_clock)
    order = [row.document.id for row in waiting(office_papers).rows]
    assert order == [made[name] for name in ("urgent", "approve", "secret", "aside", "issue", "refused")]
    assert [row.document.id for row in waiting(office_papers, Role.LEADER).rows] == [made["draft"]]
    assert waiting(office_papers, Role.VIEWER).rows == ()


def test_numbers_tell_of_every_errand_and_rows_of_the_chosen_one(office_papers: Papers, web_clock: Clock) -> None:
    made = one_of_each(office_papers, web_clock)
    chosen = waiting(office_papers, errand="refused")
    assert [row.document.id for row in chosen.rows] == [made["refused"]]
    assert chosen.total == 6
    assert chosen.numbers == {
        Errand.APPROVE: 2, Errand.SUSPECT: 1, Errand.ASIDE: 1, Errand.ISSUE: 1, Errand.REFUSED: 1,
    }  # fmt: skip


def test_the_numbers_of_both_are_those_of_their_queues(office_papers: Papers, web_clock: Clock) -> None:
    one_of_each(office_papers, web_clock)
    both = office_papers.store.read(queues.numbers)
    assert both == {role: waiting(office_papers, role).numbers for role in (Role.CLERK, Role.LEADER)}
    assert sum(both[Role.LEADER].values()) == 1


def test_a_paper_that_left_the_queue_is_followed_by_the_first(office_papers: Papers) -> None:
    first, second = office_papers.digitized(), office_papers.digitized()
    queue = waiting(office_papers)
    ids = [row.document.id for row in queue.rows]
    assert sorted(ids) == sorted([first, second])
    assert queue.around(ids[0]) == ("", ids[1]) and queue.around(ids[1]) == (ids[0], "")
    assert queue.around("gone") == ("", ids[0])


async def test_the_desk_opens_the_first_paper_and_an_empty_one_says_so(visitor: Visitor, office_papers: Papers) -> None:
    state, text = await visitor.get("/desk")
    assert state == 200 and "Không còn văn bản nào chờ văn thư." in text
    paper = office_papers.digitized()
    state, where, _ = await desk_address(visitor)
    assert (state, where) == (303, f"/desk/{paper}")
    state, _, text = await desk_address(visitor, "?stay=1")
    assert state == 200 and f'rel="next" href="/desk/{paper}"' in text, "an empty desk shows what came, and stays"


async def desk_address(visitor: Visitor, query: str = "") -> tuple[int, str, str]:
    async with visitor.session.get(f"http://hop/desk{query}", allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", ""), await answer.text()


async def test_saving_goes_on_to_the_paper_that_was_seen_as_the_next(visitor: Visitor, office_papers: Papers) -> None:
    papers = [office_papers.digitized() for _ in range(3)]
    ids = [row.document.id for row in waiting(office_papers).rows]
    form = {"version": str(office_papers.load(ids[1]).version), "person": "Lan", "role": "van_thu"}
    state, where, _ = await visitor.post(f"/desk/{ids[1]}/do/approve", form | {"following": ids[2]})
    assert (state, where) == (303, f"/desk/{ids[2]}?said=approve")
    form = {"version": str(office_papers.load(ids[2]).version), "person": "Lan", "role": "van_thu"}
    state, where, _ = await visitor.post(f"/desk/{ids[2]}/do/approve", form | {"following": ids[1]})
    assert where == f"/desk/{ids[0]}?said=approve", "the following one was approved meanwhile: the first that waits"
    form = {"version": str(office_papers.load(ids[0]).version), "person": "Lan", "role": "van_thu"}
    _, where, _ = await visitor.post(f"/desk/{ids[0]}/do/approve", form)
    assert where == "/desk?said=approve"
    assert all(office_papers.load(paper).state is State.APPROVED for paper in papers)


async def test_what_was_typed_stays_when_the_form_is_refused(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized()
    form = {"version": str(office_papers.load(paper).version), "person": "Lan", "role": "van_thu", "show": "approve"}
    typed = {"field-subject": "Đã sửa", "field-issued_date": "32/13/2026"}
    state, _, text = await visitor.post(f"/desk/{paper}/do/approve", form | typed)
    assert state == 422 and "Đã sửa" in text and "32/13/2026" in text and "Ngày văn bản phải có dạng" in text
    assert 'class="queue"' in text and 'data-live-url="/desk/' in text and "show=approve" in text


async def test_each_field_says_where_it_was_read_and_how_surely(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized(sure=0.7, fields={"type_name": ""})
    _, text = await visitor.get(f"/desk/{paper}")
    fields = {part.split('"', 1)[0]: part for part in text.split('data-field="')[1:]}
    assert "nên xem lại" in fields["issuer"] and "tr. 1" in fields["issuer"]
    assert "đọc rõ" in fields["code"] and "chưa đọc được" in fields["type_name"]
    assert list(fields)[:6] == ["issuer", "parent_issuer", "code", "issued_date", "type_name", "subject"]
    assert 'data-mark="issuer"' in text


async def test_a_suspected_secret_shows_only_its_name_at_the_desk(visitor: Visitor, office_papers: Papers) -> None:
    paper = office_papers.digitized(name="SKM_1.pdf", fields={"subject": "Kế hoạch tuyệt mật X"})
    office_papers.quarantine(paper, Event.SUSPECTED_SECRET, "suspected-secret")
    _, text = await visitor.get(f"/desk/{paper}")
    assert "Kế hoạch" not in text and "SKM_1.pdf" in text and "/pages/1.jpg" not in text
    assert f"/desk/{paper}/do/discard" in text and f"/desk/{paper}/do/release" in text
