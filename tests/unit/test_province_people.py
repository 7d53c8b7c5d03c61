"""The province's people: the way in, lock-out, sessions; and the commands that make them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync.province.cli import main
from sync.province.config import Config, Folder, render
from sync.province.people import passwords
from sync.province.people.entering import Entered, NotEntered, enter, who
from sync.province.people.rows import People
from sync.province.people.rules import (
    FREE_TRIES,
    IDLE_SECONDS,
    LONGEST_LOCK,
    LONGEST_SECONDS,
    Role,
    alive,
    locked_for,
    name_of,
    password_fault,
    password_of,
)
from sync.province.store import ProvinceStore

NOW = 1_800_000_000.0
PASSWORD = "con đường dài 9"


@pytest.fixture(scope="module")
def hash_of() -> str:
    """One real Argon2id for all tests here."""
    return passwords.hashed(password_of(PASSWORD))


@pytest.fixture
def people(tmp_path: Path, hash_of: str) -> Iterator[People]:
    store = ProvinceStore(tmp_path / "store")
    made = People(store.connection)
    made.add("lan", "Trần Thị Lan", Role.VAN_HANH, hash_of, NOW)
    yield made
    store.close()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Real hashing, and what was hashed: whoever is locked must not cost any."""
    tried: list[str] = []
    real = passwords.fits

    def fits(password: str, kept: str) -> bool:
        tried.append(password)
        return password == password_of(PASSWORD) if len(tried) > 2 else real(password, kept)

    monkeypatch.setattr(passwords, "fits", fits)
    return tried


def test_a_password_is_kept_as_argon2id_of_the_right_cost(hash_of: str) -> None:
    assert hash_of.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits(password_of(PASSWORD), hash_of)
    assert not passwords.fits(PASSWORD + " ", hash_of)
    assert passwords.hashed("x") != passwords.hashed("x"), "salted"


def test_letters_composed_differently_are_the_same_password(people: People) -> None:
    typed = unicodedata.normalize("NFD", PASSWORD)
    assert typed != PASSWORD
    assert isinstance(enter(people, " LAN ", typed, NOW), Entered)


def test_the_fifth_wrong_password_locks_and_each_further_one_twice_as_long(people: People, counted: list[str]) -> None:
    moment, locks = NOW, []
    for _ in range(FREE_TRIES + 3):
        found = enter(people, "lan", "sai", moment)
        assert isinstance(found, NotEntered)
        if found.code == "locked":
            locks.append(found.until - moment)
            tried = len(counted)
            again = enter(people, "lan", PASSWORD, moment + 1)
            assert again == NotEntered("locked", found.until), "even the right one waits"
            assert len(counted) == tried, "and is not even tried"
            moment = found.until
    assert locks == [60.0, 120.0, 240.0, 480.0]
    assert isinstance(enter(people, "lan", PASSWORD, moment), Entered)
    assert people.wrong("lan") == (0, 0.0), "forgotten after the right one"
    assert [deed.deed for deed in people.deeds()] == ["signed-in"] + ["locked"] * 4


def test_a_name_that_nobody_has_is_answered_and_locked_alike(people: People, counted: list[str]) -> None:
    for name in ("lan", "khong.co"):
        answers = [enter(people, name, "sai", NOW) for _ in range(FREE_TRIES)]
        assert [answer.code for answer in answers if isinstance(answer, NotEntered)] == ["wrong"] * 4 + ["locked"]
    assert len(counted) == 2 * FREE_TRIES, "and costs the same"
    assert [deed.about for deed in people.deeds()] == ["", "lan"], "what nobody is called may be a password"
    assert enter(people, "'; DROP TABLE people; --", "sai", NOW) == NotEntered("wrong")


def test_locks_grow_to_a_bound() -> None:
    assert [locked_for(n) for n in (0, 4, 5, 6, 10, 11, 10**6)] == [0, 0, 60, 120, 1920, 3600, LONGEST_LOCK]


def test_who_is_blocked_or_changed_is_out(people: People, hash_of: str) -> None:
    for change in (
        lambda: people.set_blocked("lan", True, NOW),
        lambda: people.set_password("lan", hash_of, NOW),
    ):
        people.set_blocked("lan", False, NOW)
        people.begin("s" * 43, "lan", NOW)
        assert who(people, "s" * 43, NOW + 5) is not None
        change()
        assert who(people, "s" * 43, NOW + 5) is None
    people.set_blocked("lan", True, NOW)
    assert enter(people, "lan", PASSWORD, NOW) == NotEntered("wrong"), "not told that it is blocked"


def test_a_password_changed_while_it_is_compared_lets_nobody_in(
    people: People, hash_of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fits(password: str, kept: str) -> bool:
        people.set_password("lan", passwords.of_nobody(), NOW)
        return kept == hash_of

    monkeypatch.setattr(passwords, "fits", fits)
    assert enter(people, "lan", PASSWORD, NOW) == NotEntered("wrong")
    assert people.deeds() == []


def test_a_session_lives_while_it_is_used_and_twelve_hours_at_most(people: People) -> None:
    people.begin("s" * 43, "lan", NOW)
    moment = NOW
    while moment < NOW + LONGEST_SECONDS:
        assert who(people, "s" * 43, moment) is not None
        moment += IDLE_SECONDS - 61
    assert who(people, "s" * 43, NOW + LONGEST_SECONDS) is None
    people.begin("t" * 43, "lan", NOW)
    assert who(people, "t" * 43, NOW + IDLE_SECONDS - 61, used=False) is not None
    assert who(people, "t" * 43, NOW + IDLE_SECONDS) is None
    assert not alive(NOW, NOW, NOW + IDLE_SECONDS)
    people.begin("u" * 43, "lan", NOW + 2 * LONGEST_SECONDS)
    assert people.session("t" * 43) is None, "cleared away"


def test_the_secret_itself_is_not_in_the_database(people: People) -> None:
    people.begin("bí mật" + "s" * 37, "lan", NOW)
    assert not any("bí mật" in str(tuple(row)) for row in people._rows.rows("SELECT * FROM sessions"))


@pytest.mark.parametrize(
    ("typed", "name"),
    [("Lan.Tran", "lan.tran"), ("a", None), ("lan tran", None), ("lản", None), ("x" * 41, None), ("-lan", None)],
)
def test_names(typed: str, name: str | None) -> None:
    assert name_of(typed) == name


def test_weak_passwords_are_named() -> None:
    assert password_fault("ngắn", "lan") == "too-short"
    assert password_fault("x" * 201, "lan") == "too-long"
    assert password_fault("nguyenlan12", "nguyenlan") == "is-the-name"
    assert password_fault("Nguyễnlan-12", "nguyenlan") == "is-the-name"
    for plain in ("Mật khẩu 123", "password12", "1212121212"):
        assert password_fault(plain, "hoa") == "too-plain", plain
    assert password_fault(PASSWORD, "lan") == ""


def test_the_commands(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "tinh")
    folder.root.mkdir()
    folder.settings.write_text(render(Config()), "utf-8")
    run = CliRunner()

    def asked(*words: str, typed: str = "") -> tuple[int, dict]:
        found = run.invoke(main, ["user", *words, "--dir", str(folder.root), "--json"], input=typed)
        return found.exit_code, json.loads(found.stdout) if found.exit_code == 0 else {}

    assert asked("add", "lan", "--role", "van_hanh", "--password-stdin", typed=f"{PASSWORD}\n")[0] == 0
    assert asked("add", "lan", "--role", "van_hanh", "--password-stdin", typed=f"{PASSWORD}\n")[0] == 3
    assert asked("add", "hoa", "--role", "giam_sat", "--password-stdin", typed="ngắn\n")[0] == 3
    assert asked("add", "hoa", "--role", "quan_tri", "--password-stdin", typed=f"{PASSWORD}\n")[0] == 2
    assert asked("block", "lan")[0] == 0
    lan = {"name": "lan", "shown": "lan", "role": "van_hanh", "blocked": True}
    assert asked("list") == (0, {"users": [lan]})
    assert asked("unblock", "lan")[0] == 0
    assert asked("password", "lan", "--password-stdin", typed="mật khẩu mới 1\n")[0] == 0
    assert asked("block", "hoa")[0] == asked("password", "hoa", "--password-stdin", typed="x\n")[0] == 3
    store = ProvinceStore(folder.rows)
    people = People(store.connection)
    assert isinstance(enter(people, "lan", "mật khẩu mới 1", NOW), Entered)
    assert [deed.deed for deed in people.deeds()][1:] == [
        "password-set",
        "user-unblocked",
        "user-blocked",
        "user-added",
    ]
    store.close()
