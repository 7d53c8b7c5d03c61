"""The configuration profile: what is in it at a box, and how the province finds a box that has another."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.config import CalendarSection, Config, DigitizeSection, FolderSection, LongtermSection, SyncSection
from appliance.services.profile import digest_of, profile
from appliance.services.vitals import vitals
from appliance.store import Store
from sync.protocol.messages import Presence
from sync.protocol.step import BoxSeen
from sync.province.alerting import HOLD
from sync.province.cli import main
from sync.province.config import Config as ProvinceConfig
from sync.province.config import Folder, render
from sync.province.fleet import Gravity
from sync.province.keeping import Keeper
from sync.province.metrics import metrics
from sync.province.overview import survey
from sync.province.profiles import expected, profile_of
from sync.province.store import Box, ProvinceStore
from sync.province.store.expected import PROFILE, Expected
from tests.fixtures_web import office_config

NOW = 1_790_000_000.0
BOXES = tuple(f"commune-0000{number}" for number in range(1, 5))


def given(root: Path, name: str, **changed: object) -> Config:
    """A box's configuration, in a place of its own, with what its province gives."""
    place = root / name
    place.mkdir()
    for file in ("ca.pem", "tu-dien.toml"):
        (place / file).write_text(f"of the province: {file}")
    sync = SyncSection("mqtt.tinh", place / "ca.pem", place / "a", place / "b", place / "c", receipt_keys={"k": "ab"})
    base = dataclasses.replace(
        office_config(place, sync=sync),
        digitize=DigitizeSection(dictionary=place / "tu-dien.toml"),
        calendar=(CalendarSection(2027, ("2027-01-01",)),),
        longterm=LongtermSection(tsa=("http://tsa",)),
    )
    return dataclasses.replace(base, **changed)  # type: ignore[arg-type]


def code(config: Config) -> str:
    return digest_of(profile(config)).hex()


def test_two_offices_of_a_province_have_one_profile_wherever_their_files_lie(tmp_path: Path) -> None:
    first = given(tmp_path, "một")
    own = dataclasses.replace(first.box, id="commune-00002", commune="UBND xã khác", language="en")
    folders = (FolderSection(tmp_path / "scan", name="Riêng"),)
    second = dataclasses.replace(given(tmp_path, "hai"), box=own, folders=folders)
    assert code(first) == code(second)
    assert len(code(first)) == 16


@pytest.mark.parametrize(
    "changed",
    [
        {"digitize": DigitizeSection(profile="faithful")},
        {"calendar": (CalendarSection(2027, ("2027-01-01", "2027-01-02")),)},
        {"longterm": LongtermSection(tsa=("http://other",))},
        {"sync": None},
    ],
    ids=["digitize", "calendar", "longterm", "province"],
)
def test_whatever_the_province_gives_counts(tmp_path: Path, changed: dict[str, object]) -> None:
    assert code(given(tmp_path, "một")) != code(given(tmp_path, "hai", **changed))


def test_of_a_file_its_content_counts(tmp_path: Path) -> None:
    config = given(tmp_path, "một")
    before = code(config)
    (tmp_path / "một/tu-dien.toml").write_text("another")
    after = code(config)
    (tmp_path / "một/tu-dien.toml").unlink()
    assert len({before, after, code(config)}) == 3, "a file that cannot be read is no file of the province's"


@pytest.mark.parametrize(
    ("said", "had", "wanted"),
    [
        ("", (), ""),
        ("", ("", ""), ""),
        ("", ("a",), "a"),
        ("", ("a", "a", "b", ""), "a"),
        ("", ("a", "b"), ""),
        ("", ("a", "a", "b", "b"), ""),
        ("b", ("a", "a", "a"), "b"),
    ],
)
def test_what_is_expected(said: str, had: tuple[str, ...], wanted: str) -> None:
    assert expected(said, had) == wanted


def test_profiles_as_people_type_them() -> None:
    assert profile_of(" 5F1C0A9BE2D47788 ") == "5f1c0a9be2d47788"
    assert [profile_of(odd) for odd in ("", "5f1c", "x" * 16, "5f1c0a9be2d477880")] == [""] * 4


def test_a_box_that_drifted_is_found_on_the_wall(tmp_path: Path, store: Store) -> None:
    """Four simulated boxes: two alike, one other, one of a release that names none; over the wire's own bytes."""
    kept = ProvinceStore(tmp_path / "tỉnh")
    alike, other = given(tmp_path, "một"), given(tmp_path, "hai", digitize=DigitizeSection(profile="faithful"))
    for box, config in zip(BOXES, (alike, alike, other, None), strict=True):
        kept.fleet.enrol(Box(box, f"UBND {box}", bytes(32), "ab", 0.0))
        said = vitals(config, store, datetime.now(UTC)).profile if config else b""
        life = Presence.decode(Presence(True, 1, int(NOW), disk_free=10**11, profile=said).encode())
        Keeper(kept).carry_out(BoxSeen(box, life, int(NOW), False), NOW)
    fleet = survey(kept, NOW)
    drifted = [
        (view.box.box, found) for view in fleet.boxes for found in view.findings if found.code == "profile-drift"
    ]
    ((box, finding),) = drifted
    assert (box, finding.gravity) == (BOXES[2], Gravity.WARNING)
    assert finding.params == {"profile": code(other), "expected": code(alike)}
    assert fleet.boxes[0].box.box == BOXES[2], "it is called first"
    line = f'commune_box_finding{{box="{BOXES[2]}",code="profile-drift",quiet="false"}} 2'
    assert line in metrics(fleet, NOW).splitlines()
    assert HOLD["profile-drift"] >= 3600, "a change reaches boxes one after another"
    Expected(kept.connection).say(PROFILE, code(other), "lan", NOW)
    named = {view.box.box for view in survey(kept, NOW).boxes for one in view.findings if one.code == "profile-drift"}
    assert named == set(BOXES[:2]), "what a person said counts before what most have"
    kept.fleet.revoke(BOXES[0], NOW)
    named = {view.box.box for view in survey(kept, NOW).boxes for one in view.findings if one.code == "profile-drift"}
    assert named == {BOXES[1]}
    kept.close()


def test_the_command_says_who_differs_and_takes_what_is_expected(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.settings.write_text(render(ProvinceConfig()), "utf-8")
    kept = ProvinceStore(folder.rows)
    for number, box in enumerate(BOXES):
        kept.fleet.enrol(Box(box, f"UBND {box}", bytes(32), "ab", 0.0))
        life = Presence(True, 1, int(NOW), profile=bytes(7) + bytes([number == 3]))
        Keeper(kept).carry_out(BoxSeen(box, life, int(NOW), False), NOW)
    kept.close()

    def run(*words: str) -> tuple[int, dict[str, object]]:
        done = CliRunner().invoke(main, ["profile", *words, "--dir", str(tmp_path), "--json"])
        return done.exit_code, json.loads(done.stdout) if done.stdout else {}

    state, found = run()
    assert state == 8
    assert (found["expected"], found["profiles"]) == ("0" * 16, {"0" * 16: 3, "0" * 15 + "1": 1})
    assert [one["box"] for one in found["drifted"]] == [BOXES[3]]  # type: ignore[attr-defined]
    assert run("--expect", "x", "--by", "lan")[0] == 3
    assert run("--expect", "0" * 15 + "1")[0] == 3, "somebody has to say it"
    state, found = run("--expect", "0" * 15 + "1", "--by", "lan")
    assert (state, len(found["drifted"])) == (8, 3)  # type: ignore[arg-type]
    assert run("--expect", "", "--by", "lan")[1]["expected"] == "0" * 16
