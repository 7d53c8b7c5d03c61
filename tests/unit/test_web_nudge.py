"""Moving a signature or a seal from the paper's page: what is shown, what is refused, what is kept."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance import commands
from appliance.cli import main
from appliance.config import Config, SignerSection
from appliance.domain.kinds import Kind, Slot
from appliance.store import Store, events
from tests.data.signing_pages import make_page, make_seal, make_signature
from tests.fixtures_store import NOW
from tests.fixtures_web import Papers, Visitor, office_config

CLERK = {"person": "Trần Thị Lan", "role": "van_thu"}


@pytest.fixture
def office(tmp_path: Path) -> Config:
    """An office with pictures of a signature and a seal."""
    leader, seal = tmp_path / "leader.png", tmp_path / "seal.png"
    leader.write_bytes(make_signature())
    seal.write_bytes(make_seal())
    return dataclasses.replace(office_config(tmp_path), signer=SignerSection(leader_image=leader, seal_image=seal))


@pytest.fixture
def letter(office_papers: Papers, tmp_path: Path) -> str:
    """An outgoing letter that waits for the leader."""
    pdf = make_page(tmp_path / "letter.pdf", "letter").read_bytes()
    return office_papers.digitized(kind=Kind.OUTGOING, pdf=pdf)


def planned(text: str) -> dict[str, float]:
    """Left edge of each planned place on the page's picture, in points."""
    found = re.findall(r'<rect class="planned" data-mark="(\w+)" x="([\d.]+)"', text)
    return {slot: float(left) + 2 for slot, left in found}


async def test_the_page_shows_where_both_will_stand_and_moves_one(
    visitor: Visitor, office_papers: Papers, letter: str, store: Store
) -> None:
    _, text = await visitor.get(f"/papers/{letter}")
    before = planned(text)
    assert set(before) == {"leader", "agency"}
    assert 'name="right" type="number"' in text, "usable from the keyboard, without a script"
    form = {"version": "2", "slot": "agency", "right": "4,5", "down": "-2", **CLERK}
    state, where, _ = await visitor.post(f"/papers/{letter}/nudge", form)
    assert (state, where) == (303, f"/papers/{letter}?said=nudge")
    assert office_papers.load(letter).nudges == {"agency": (4.5, -2.0)}
    _, text = await visitor.get(f"/papers/{letter}")
    after = planned(text)
    assert after["leader"] == before["leader"]
    assert after["agency"] - before["agency"] == pytest.approx(4.5 * 72 / 25.4, abs=0.01)
    last = store.read(lambda db: list(events.entries(db)))[-1]
    assert (last.event, last.by) == ("nudged", "Trần Thị Lan (văn thư)")
    assert "4.5 mm sang phải, -2.0 mm xuống dưới" in text


@pytest.mark.parametrize(
    ("changed", "state", "said"),
    [
        ({"right": "chín"}, 422, "số mi-li-mét"),
        ({"slot": "province"}, 422, "chọn chữ ký"),
        ({"right": "59"}, 409, "ra ngoài trang"),
        ({"down": "61"}, 409, "ngoài trang"),
        ({"version": "1"}, 409, "người khác thay đổi"),
        ({"person": ""}, 401, "chưa đăng nhập"),
    ],
)
async def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(
    visitor: Visitor, office_papers: Papers, letter: str, changed: dict[str, str], state: int, said: str
) -> None:
    form = {"version": "2", "slot": "leader", "right": "1", "down": "0", **CLERK, **changed}
    answered, _, text = await visitor.post(f"/papers/{letter}/nudge", form)
    assert (answered, said in text) == (state, True)
    assert office_papers.load(letter).nudges == {}


async def test_another_page_cannot_move_it(visitor: Visitor, office_papers: Papers, letter: str) -> None:
    form = {"version": "2", "slot": "leader", "right": "1", "down": "0", **CLERK}
    headers = {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert (await visitor.post(f"/papers/{letter}/nudge", form, headers))[0] == 403
    assert office_papers.load(letter).nudges == {}


async def test_after_the_first_signature_nothing_moves(visitor: Visitor, office_papers: Papers, letter: str) -> None:
    commands.approve(office_papers.store, letter, "Nông Văn Thuận (lãnh đạo)", NOW)
    office_papers.sign(letter)
    version = str(office_papers.load(letter).version)
    form = {"version": version, "slot": "agency", "right": "1", "down": "0", **CLERK}
    assert (await visitor.post(f"/papers/{letter}/nudge", form))[0] == 409
    _, text = await visitor.get(f"/papers/{letter}")
    assert "/nudge" not in text


async def test_a_file_that_cannot_be_looked_at_has_a_page_without_planned_places(
    visitor: Visitor, office_papers: Papers
) -> None:
    broken = office_papers.digitized(kind=Kind.OUTGOING)
    for _ in range(2):
        state, text = await visitor.get(f"/papers/{broken}")
        assert state == 200 and planned(text) == {} and "/nudge" in text


def test_the_command_does_the_same(store: Store, office_papers: Papers, letter: str, office: Config) -> None:
    config = store.blobs.path("0" * 64).parents[2] / "config.toml"
    lines = [
        "[box]",
        'id = "commune-27007"',
        'commune = "UBND xã Đồng Mận"',
        f'state_dir = "{config.parent}"',
        "[signer]",
        f'leader_image = "{office.signer.leader_image}"',
        f'seal_image = "{office.signer.seal_image}"',
    ]
    config.write_text("\n".join(lines), encoding="utf-8")
    asked = ["--config", str(config), "doc", "nudge", letter, "--slot", "leader", "--json"]
    done = CliRunner().invoke(main, [*asked, "--right", "-3"])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.output)
    assert facts["nudges"] == {"leader": [-3.0, 0.0]} and set(facts["planned"]) == {"leader", "agency"}
    assert office_papers.load(letter).nudges == {"leader": (-3.0, 0.0)}
    assert CliRunner().invoke(main, [*asked, "--right", "59"]).exit_code == 5
    assert Slot.LEADER.value in office_papers.load(letter).nudges
