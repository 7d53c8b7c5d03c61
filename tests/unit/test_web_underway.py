"""Which page is being digitized reaches whoever looks: from the worker's door to the page's event stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from appliance.config import Config
from appliance.door import Door
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.underway import Underway
from appliance.services.worker import door_answers
from tests.fixtures_web import Papers, Visitor


@pytest.fixture
def underway() -> Underway:
    return Underway()


@pytest.fixture
def door(office: Config, underway: Underway) -> Iterator[Door]:
    opened = Door(office.worker_socket, door_answers(Passwords(), underway))
    yield opened
    opened.close()


async def test_pages_are_told_as_they_are_begun(
    visitor: Visitor, office_papers: Papers, underway: Underway, door: Door
) -> None:
    paper = office_papers.received()
    _, text = await visitor.get(f"/papers/{paper}")
    assert f'data-underway="{paper}"' in text and "trang {page}/{of}" in text
    number = text.partition('data-live-number="')[2].partition('"')[0]
    told: list[dict[str, list[int]]] = []
    async with visitor.session.get(f"http://hop/events?since={number}") as answer, asyncio.timeout(20):
        for step in ((3, 12), (4, 12), None):
            if step:
                underway.began(paper, *step)
            else:
                underway.ended(paper)
            while True:
                message = await answer.content.readuntil(b"\n\n")
                if message.startswith(b"event: underway"):
                    told.append(json.loads(message.partition(b"data: ")[2]))
                    break
    assert told == [{paper: [3, 12]}, {paper: [4, 12]}, {}]


async def test_without_a_worker_the_stream_goes_on(visitor: Visitor, office_papers: Papers) -> None:
    async with visitor.session.get("http://hop/events") as answer, asyncio.timeout(20):
        await answer.content.readuntil(b"\n\n")
        await asyncio.sleep(2)
        office_papers.received()
        assert (await answer.content.readuntil(b"\n\n")).startswith(b"event: changed")
