"""``commune-box user``: accounts from the machine itself; passwords from standard input, never from an argument."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance.accounts import acts, entering, hashing
from appliance.cli import main
from appliance.services.clock import utc_now
from appliance.store import Store, open_store
from appliance.store import accounts as rows

PASSWORD = "con trâu đi trước 7"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(hashing, "MEMORY_KIB", 8)
    monkeypatch.setattr(hashing, "PASSES", 1)
    (tmp_path / "config.toml").write_text(
        '[box]\nid = "commune-27007"\ncommune = "UBND xã Thử"\nstate_dir = "state"\n', encoding="utf-8"
    )
    store = open_store(tmp_path / "state" / "box.db", tmp_path / "state" / "blobs")
    yield store
    store.close()


def run(box: Store, *words: str, typed: str = "") -> Result:
    config = box.database.path.parents[1] / "config.toml"
    return CliRunner().invoke(main, ["--config", str(config), "user", *words], input=typed)


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def add(box: Store, login: str, role: str, name: str = "Trần Thị Lan") -> dict[str, Any]:
    words = ("add", login, "--name", name, "--role", role, "--password-stdin", "--json")
    return answer(run(box, *words, typed=PASSWORD + "\n"))


def test_somebody_is_added_and_signs_in(box: Store) -> None:
    made = add(box, "Lan", "van_thu")
    assert (made["login"], made["role"], made["must_change"]) == ("lan", "van_thu", False)
    assert PASSWORD not in json.dumps(made) and "argon2" not in json.dumps(made)
    assert entering.sign_in(box, "lan", PASSWORD, utc_now(), "-")
    (listed,) = answer(run(box, "list", "--json"))["users"]
    assert listed["last_sign_in"] and listed["recovery_codes"] == 0
    assert "lan: Trần Thị Lan (văn thư)" in run(box, "list").stdout


def test_a_password_is_asked_for_twice_and_not_shown(box: Store) -> None:
    result = run(box, "add", "lan", "--name", "Lan", "--role", "xem", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0 and PASSWORD not in result.output
    assert run(box, "add", "x", "--name", "Lan", "--role", "xem", typed="một\nhai\n").exit_code != 0


def test_a_made_up_password_is_printed_once_and_must_be_changed(box: Store) -> None:
    made = answer(run(box, "add", "lan", "--name", "Lan", "--role", "xem", "--made-up", "--json"))
    assert made["must_change"] and entering.sign_in(box, "lan", made["password"], utc_now(), "-")
    again = answer(run(box, "password", "lan", "--made-up", "--json"))
    assert again["password"] != made["password"]
    assert entering.sign_in(box, "lan", again["password"], utc_now(), "-")


def test_blocked_unblocked_and_another_role(box: Store) -> None:
    add(box, "binh", "quan_tri", "Hoàng Văn Bình")
    add(box, "lan", "van_thu")
    assert not answer(run(box, "block", "lan", "--json"))["active"]
    assert "đã khóa" in run(box, "list").stdout
    assert answer(run(box, "unblock", "lan", "--json"))["active"]
    changed = answer(run(box, "role", "lan", "lanh_dao", "--json"))
    assert (changed["role"], changed["name"]) == ("lanh_dao", "Trần Thị Lan")
    refused = run(box, "block", "binh", "--json")
    assert refused.exit_code == 5 and json.loads(refused.stdout)["error"]["code"] == "last-administrator"
    told = box.read(lambda db: rows.told(db, box.read(lambda again: rows.named(again, "lan").id)))
    assert [event for _at, _by, event, _detail in told] == [
        "account-made", "account-blocked", "account-unblocked", "account-changed"
    ]  # fmt: skip
    assert all(by.startswith("command-line:") for _at, by, _event, _detail in told)
    shown = answer(run(box, "history", "lan", "--json"))["events"]
    assert [one["event"] for one in shown] == [event for _at, _by, event, _detail in told]
    assert "Khóa tài khoản - cán bộ kỹ thuật trên máy của hộp" in run(box, "history", "lan").stdout


def test_recovery_codes_are_printed_and_serve(box: Store) -> None:
    add(box, "binh", "quan_tri", "Hoàng Văn Bình")
    codes = answer(run(box, "recovery-codes", "binh", "--json"))["codes"]
    assert len(codes) == 10
    assert entering.recover(box, "binh", codes[0], "cái cày theo sau 9", utc_now(), "-")
    assert len(run(box, "recovery-codes", "binh").stdout.split()) == 10


def test_the_first_code_only_while_nobody_is_there(box: Store) -> None:
    code = answer(run(box, "first-code", "--json"))["code"]
    acts.begin(box, code, "binh", "Hoàng Văn Bình", PASSWORD, utc_now())
    refused = run(box, "first-code")
    assert refused.exit_code == 5 and "Hộp đã có người dùng" in refused.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "2lan", "--name", "Lan", "--role", "xem", "--made-up"), "login-bad"),
        (("add", "lan", "--name", " ", "--role", "xem", "--made-up"), "name-missing"),
        (("add", "lan", "--name", "Lan", "--role", "xem", "--password-stdin"), "password-short"),
        (("block", "ai"), "no-such-account"),
        (("password", "ai", "--made-up"), "no-such-account"),
        (("recovery-codes", "ai"), "no-such-account"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_code(box: Store, words: tuple[str, ...], code: str) -> None:
    result = run(box, *words, "--json")
    assert result.exit_code == 5 and json.loads(result.stdout)["error"]["code"] == code
