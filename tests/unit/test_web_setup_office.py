"""The office's names, set at a page: in force at once, kept over a start, told to the chain, refused where wrong."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import tomlkit
from click.testing import CliRunner

from appliance import office_settings
from appliance.cli import main
from appliance.cli.enrol import _settle
from appliance.commands import CommandRefused
from appliance.config import Config, ConfigError, SyncSection, load_config
from appliance.config_office import FILE, OfficeValues, applied, said
from appliance.pipeline.placing import looks_of, renamed
from appliance.store import Store, events, open_store, upkeep
from sync.enrolment import Enrolled
from tests.fixtures_store import NOW, Clock
from tests.fixtures_web import ADMINISTRATOR, Visitor, visiting

SMALL = '[box]\nid = "commune-27007"\ncommune = "UBND xã Cũ"\nprovince = "UBND tỉnh"\nstate_dir = "state"\n'
NEW = {
    "commune": "Ủy ban nhân dân xã  Mới ",
    "province": "Ủy ban nhân dân tỉnh Thượng Giang",
    "id": "commune-27008",
    "office": "Văn phòng HĐND và UBND",
    "copy_form": "SAO LỤC",
}


async def test_names_set_at_the_page_hold_at_once_and_are_told(stranger: Visitor, store: Store, office: Config) -> None:
    await stranger.become(ADMINISTRATOR)
    state, where, _ = await stranger.post("/setup/commune", NEW)
    assert (state, where) == (303, "/setup/commune?said=office-set")
    state, text = await stranger.get("/setup/commune")
    assert state == 200 and "<strong>Ủy ban nhân dân xã Mới</strong>" in text  # the head of every page
    assert "UBND xã Đồng Mận → Ủy ban nhân dân xã Mới" in text and "Hoàng Văn Bình" in text
    (told,) = store.read(lambda db: list(events.entries(db, office_settings.OWNER)))
    assert told.event == "office-set" and told.by == "Hoàng Văn Bình (quản trị)"
    assert told.detail["copy_form"] == ["SAO Y", "SAO LỤC"] and told.detail["id"] == ["commune-27007", "commune-27008"]
    assert upkeep.verify(store).sound


async def test_what_is_wrong_is_said_and_changes_nothing(stranger: Visitor, store: Store, office: Config) -> None:
    await stranger.become(ADMINISTRATOR)
    for name, value, said_of_it in (
        ("commune", " ", "Hãy ghi tên cơ quan"),
        ("commune", "x" * 121, "tối đa 120"),
        ("id", "commune-1", "5 chữ số"),
        ("copy_form", "BẢN SAO", "SAO Y, SAO LỤC"),
    ):
        state, _, text = await stranger.post("/setup/commune", NEW | {name: value})
        assert state == 422 and said_of_it in text, name
    assert not (office.box.state_dir / FILE).exists()
    assert not store.read(lambda db: list(events.entries(db, office_settings.OWNER)))


async def test_an_enrolled_box_keeps_its_code(store: Store, office: Config, web_clock: Clock) -> None:
    nowhere = Path("/nowhere")
    enrolled = dataclasses.replace(office, sync=SyncSection("h", nowhere, nowhere, nowhere, nowhere))
    async with visiting(enrolled, store, web_clock) as visitor:
        await visitor.become(ADMINISTRATOR)
        _, text = await visitor.get("/setup/commune")
        assert 'name="id"' not in text
        state, _, text = await visitor.post("/setup/commune", NEW)
        assert state == 422 and "đã ghi danh" in text
        without = {name: value for name, value in NEW.items() if name != "id"}
        assert (await visitor.post("/setup/commune", without))[0] == 303
    assert said(office.box.state_dir).id is None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_what_was_set_goes_before_the_file_at_the_next_start(store: Store, file: Path) -> None:
    before = load_config(file)
    before.box.state_dir.mkdir()
    office_settings.set_office(store, before, OfficeValues(commune="UBND xã Mới", office=""), "x", NOW)
    after = load_config(file)
    assert (after.box.commune, after.box.province) == ("UBND xã Mới", "UBND tỉnh")
    looks = looks_of(before)  # a service that started before
    assert looks.agency == "UBND xã Mới" and renamed(before, looks).agency == "UBND xã Mới"


def test_nothing_new_is_neither_written_nor_told(store: Store, file: Path) -> None:
    before = load_config(file)
    before.box.state_dir.mkdir()
    assert office_settings.set_office(store, before, OfficeValues(commune="UBND xã  Cũ"), "x", NOW) == before
    assert not list(before.box.state_dir.iterdir())


def test_a_settings_file_with_a_mistake_is_told_with_its_own_name(file: Path) -> None:
    (file.parent / "state").mkdir()
    (file.parent / "state" / FILE).write_text('copy_form = "BẢN SAO"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_config(file)
    assert refused.value.code == "config-bad-value" and str(refused.value.params["path"]).endswith(FILE)


def test_a_change_that_cannot_be_told_is_not_made(store: Store, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_config(file)
    before.box.state_dir.mkdir()

    def full(*_: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(events, "append", full)
    with pytest.raises(OSError, match="full"):
        office_settings.set_office(store, before, OfficeValues(commune="UBND xã Mới"), "x", NOW)
    assert not list(before.box.state_dir.iterdir()) and applied(before) == before


def test_the_code_counts_until_the_province_gave_one(store: Store, file: Path) -> None:
    before = load_config(file)
    before.box.state_dir.mkdir()
    office_settings.set_office(store, before, OfficeValues(id="commune-27009"), "x", NOW)
    assert load_config(file).box.id == "commune-27009"
    path = json.dumps(str(file.parent / "none.pem"))
    keys = "".join(f"{name} = {path}\n" for name in ("ca", "certificate", "key", "device_key"))
    file.write_text(f'{SMALL}[sync]\nhost = "h"\n{keys}', encoding="utf-8")
    assert load_config(file).box.id == "commune-27007"


def test_enrolling_takes_up_the_code_that_was_set(store: Store, file: Path) -> None:
    before = load_config(file)
    before.box.state_dir.mkdir()
    office_settings.set_office(store, before, OfficeValues(id="commune-27009"), "x", NOW)
    enrolled = Enrolled("commune-27009", "UBND xã Cũ", "h", 8883, {}, file.parent)
    assert _settle(tomlkit.parse(SMALL), enrolled, file) == "commune-27009"
    other = dataclasses.replace(enrolled, box="commune-27010")
    assert _settle(tomlkit.parse(SMALL), other, file) == "commune-27007"  # told as a mistake by the command


def test_codes_are_refused_by_name(store: Store, file: Path) -> None:
    before = load_config(file)
    with pytest.raises(CommandRefused, match="office-code-bad"):
        office_settings.set_office(store, before, OfficeValues(id="27007"), "x", NOW)


def test_a_backup_takes_the_names_along(file: Path) -> None:
    config = load_config(file)
    store = open_store(config.database, config.blobs)
    office_settings.set_office(store, config, OfficeValues(commune="UBND xã Mới"), "x", NOW)
    store.close()
    target = file.parent / "copy"
    done = CliRunner().invoke(main, ["--config", str(file), "db", "backup", str(target)])
    assert done.exit_code == 0, done.output
    assert said(target).commune == "UBND xã Mới" and not list(target.glob(".*"))
