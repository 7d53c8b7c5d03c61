"""The guided tour: there at a clerk's first sign-in, one step a form, left and begun again, nobody else's."""

from __future__ import annotations

import re

from appliance.store import Store, tours
from appliance.store import accounts as rows
from appliance.web.tour_steps import STEPS, TOUR
from tests.fixtures_web import ADMINISTRATOR, CLERK, LEADER, Visitor


def newcomer(store: Store, name: str = CLERK["person"]) -> str:
    """Who is signed in has never been here; returns the account's id."""
    account = next(one for one in store.read(rows.listed) if one.name == name)
    store.write(lambda db: tours.go_to(db, account.id, TOUR, 0))
    return account.id


def card(text: str) -> str:
    found = re.search(r'<aside class="tour".*?</aside>', text, re.S)
    return found.group() if found else ""


async def test_whoever_has_no_row_is_new(store: Store) -> None:
    assert store.read(lambda db: tours.step_of(db, "nobody", TOUR)) == 0


async def test_a_new_clerk_is_led_through_every_page_to_the_end(visitor: Visitor, store: Store) -> None:
    account = newcomer(store)
    where = "/"
    for number, step in enumerate(STEPS):
        state, text = await visitor.get(where)
        assert state == 200 and f"{number + 1}/{len(STEPS)}" in card(text), step
        assert f'data-tour="{step.mark}"' in text
        state, where, _ = await visitor.post("/tour/next", {"step": str(number)})
        assert state == 303
    assert where == "/?said=tour-end"
    _, text = await visitor.get(where)
    assert not card(text) and "Hết hướng dẫn" in text and "data-tour" not in text
    assert store.read(lambda db: tours.step_of(db, account, TOUR)) is None


async def test_a_form_sent_twice_goes_one_step_and_back_goes_back(visitor: Visitor, store: Store) -> None:
    account = newcomer(store)
    for _ in range(2):
        await visitor.post("/tour/next", {"step": "1"})
    assert store.read(lambda db: tours.step_of(db, account, TOUR)) == 2
    assert (await visitor.post("/tour/back", {"step": "2"}))[1] == "/"
    assert (await visitor.post("/tour/back", {"step": "0"}))[0] == 303
    assert store.read(lambda db: tours.step_of(db, account, TOUR)) == 0
    for deed, step in (("next", "99"), ("next", "x"), ("jump", "0")):
        assert (await visitor.post(f"/tour/{deed}", {"step": step}))[0] == 400


async def test_it_is_left_and_begun_again_from_the_foot_of_the_page(visitor: Visitor, store: Store) -> None:
    newcomer(store)
    state, where, _ = await visitor.post("/tour/end", {"from": "/"})
    assert (state, where) == (303, "/")
    assert (await visitor.post("/tour/end", {"from": "//evil.example/"}))[1] == "/"
    _, text = await visitor.get("/")
    assert not card(text) and 'href="/tour"' in text
    _, text = await visitor.get("/tour")
    assert all(step.title in text for step in STEPS)
    assert (await visitor.post("/tour/begin"))[1] == "/"
    assert card((await visitor.get("/"))[1])


async def test_a_step_stands_on_its_own_page_alone(visitor: Visitor, store: Store) -> None:
    newcomer(store)
    assert not card((await visitor.get("/registers"))[1])
    at = next(number for number, step in enumerate(STEPS) if step.page == "/desk")
    await visitor.post("/tour/next", {"step": str(at - 1)})
    assert STEPS[at].stands_on("/desk/some-paper") and not STEPS[at].stands_on("/desk/many")
    assert card((await visitor.get("/desk"))[1]) and not card((await visitor.get("/desk/many"))[1])


async def test_others_have_none(visitor: Visitor, store: Store) -> None:
    for who in (LEADER, ADMINISTRATOR):
        await visitor.become(who)
        newcomer(store, who["person"])
        _, text = await visitor.get("/")
        assert not card(text) and 'href="/tour"' not in text
        assert (await visitor.get("/tour"))[0] == 403
