"""Who may sign in whose place: given by a leader for a time, ended at any moment, told to the chain, and held to."""

from __future__ import annotations

import dataclasses
import sqlite3
from datetime import date, timedelta

import pytest

from appliance import commands, delegating
from appliance.commands import CommandRefused
from appliance.config import Config
from appliance.domain.authority import Delegation
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.store import Store, delegations, events
from appliance.store.upkeep import verify
from appliance.web.delegations import phase_of
from tests.fixtures_store import NOW, Clock
from tests.fixtures_web import CLERK, LEADER, Papers, Visitor

TODAY = date(2026, 11, 21)
HEAD, DEPUTY = "Nông Văn Thuận (lãnh đạo)", {"person": "Hoàng Thị Diễm", "role": "lanh_dao"}
GOOD = Delegation("KT.", "Hoàng Thị Diễm", "CHỦ TỊCH", TODAY, TODAY + timedelta(days=30), "QĐ 05/QĐ-UBND")
FORM = {
    "form": "KT.", "signer": "Hoàng Thị Diễm", "principal": "CHỦ TỊCH", "begins": "21/11/2026", "ends": "20/12/2026",
    "decision": "QĐ 05/QĐ-UBND",
}  # fmt: skip


def test_what_is_given_counts_until_it_is_ended(store: Store, office: Config) -> None:
    given = delegating.give(store, GOOD, HEAD, NOW)
    assert delegating.who_may_sign(office, store) == (GOOD,)
    delegating.end(store, given.id, HEAD, NOW + timedelta(days=1))
    assert delegating.who_may_sign(office, store) == ()
    with pytest.raises(CommandRefused, match="delegation-not-standing"):
        delegating.end(store, given.id, HEAD, NOW)
    told = [(one.event, one.by) for one in store.read(lambda db: list(events.entries(db, f"delegation:{given.id}")))]
    assert told == [("delegation-given", HEAD), ("delegation-ended", HEAD)]
    assert verify(store).sound


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"form": "TM."}, "delegation-form"),
        ({"signer": "  "}, "delegation-incomplete"),
        ({"principal": ""}, "delegation-incomplete"),
        ({"signer": "nông  văn THUẬN"}, "delegation-to-oneself"),
        ({"ends": TODAY - timedelta(days=1), "begins": TODAY - timedelta(days=9)}, "delegation-dates"),
        ({"begins": TODAY + timedelta(days=2), "ends": TODAY + timedelta(days=1)}, "delegation-dates"),
    ],
)
def test_what_is_not_given(store: Store, changes: dict[str, object], code: str) -> None:
    with pytest.raises(CommandRefused, match=code):
        delegating.give(store, dataclasses.replace(GOOD, **changes), HEAD, NOW)  # type: ignore[arg-type]
    assert store.read(delegations.listed) == []


@pytest.mark.parametrize("change", ["UPDATE delegations SET ends = '2036-01-01'", "DELETE FROM delegations"])
def test_a_row_is_never_rewritten(store: Store, change: str) -> None:
    delegating.give(store, GOOD, HEAD, NOW)
    with pytest.raises(sqlite3.IntegrityError, match="delegation"):
        store.write(lambda db: db.execute(change))


def test_the_last_day_is_one_of_vietnam(store: Store) -> None:
    late = NOW.replace(hour=18)  # 01:00 of the next day in Vietnam
    with pytest.raises(CommandRefused, match="delegation-dates"):
        delegating.give(store, dataclasses.replace(GOOD, ends=TODAY), HEAD, late)
    delegating.give(store, dataclasses.replace(GOOD, ends=TODAY), HEAD, NOW)


def test_phases_include_both_days() -> None:
    phases = [phase_of(GOOD, TODAY + timedelta(days=days)) for days in (-1, 0, 30, 31)]
    assert phases == ["later", "now", "now", "over"] and phase_of(GOOD, TODAY, ended=True) == "ended"


async def test_a_deputy_signs_under_a_delegation_given_on_the_page(
    visitor: Visitor, office_papers: Papers, web_clock: Clock
) -> None:
    paper = office_papers.digitized(kind=Kind.OUTGOING, fields={"signer_position": "KT. CHỦ TỊCH"})
    named = {"paper": f"{paper}:{office_papers.load(paper).version}"}
    await visitor.become(DEPUTY)
    assert (await visitor.post("/approvals", named))[1].endswith("code=delegation-missing")
    await visitor.become(CLERK)
    assert (await visitor.post("/approvals/delegations", FORM))[0] == 403, "a clerk gives nobody the power to sign"
    await visitor.become(LEADER)
    state, where, _ = await visitor.post("/approvals/delegations", FORM)
    assert (state, where) == (303, "/approvals/delegations?said=delegation")
    _, text = await visitor.get(where)
    assert "KT. CHỦ TỊCH (QĐ 05/QĐ-UBND), 21/11/2026–20/12/2026" in text and "đang hiệu lực" in text
    await visitor.become(DEPUTY)
    assert (await visitor.post("/approvals", named))[1] == "/approvals?done=1&left=0"
    (consent,) = office_papers.load(paper).consents
    assert consent.authority.startswith("KT. CHỦ TỊCH") and consent.until == date(2026, 12, 20)


async def test_ending_on_the_page_takes_the_power_away(visitor: Visitor, office_papers: Papers, store: Store) -> None:
    given = delegating.give(store, GOOD, HEAD, NOW)
    paper = office_papers.digitized(kind=Kind.OUTGOING, fields={"signer_position": "KT. CHỦ TỊCH"})
    await visitor.become(LEADER)
    path = f"/approvals/delegations/{given.id}/end"
    assert path in (await visitor.get("/approvals/delegations"))[1]
    assert (await visitor.post(path))[1] == "/approvals/delegations?said=delegation-end"
    _, text = await visitor.get("/approvals/delegations")
    assert "đã dừng" in text and path not in text
    assert (await visitor.post(path))[0] == 409
    with pytest.raises(CommandRefused, match="delegation-missing"):
        commands.approve(store, paper, "Hoàng Thị Diễm (lãnh đạo)", NOW, delegations=store.read(delegations.standing))
    assert office_papers.load(paper).state is State.DIGITIZED


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ends": "31/02/2027"}, "Hãy ghi ngày theo dạng"),
        ({"ends": "1/1/2020"}, "Ngày cuối phải từ hôm nay"),
        ({"signer": "Nông Văn Thuận"}, "Không thể tự giao quyền"),
        ({"form": "TM."}, "Hình thức ký thay phải là"),
    ],
)
async def test_a_form_that_cannot_be_used_is_told_and_kept(
    visitor: Visitor, store: Store, changes: dict[str, str], sentence: str
) -> None:
    await visitor.become(LEADER)
    state, _, text = await visitor.post("/approvals/delegations", FORM | changes)
    assert state == 422 and sentence in text and "QĐ 05/QĐ-UBND" in text
    assert store.read(delegations.listed) == []
