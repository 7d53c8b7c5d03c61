"""Accounts: rules, the cost of a password, locks that grow, sessions that end, codes that serve once, the chain."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts import acts, codes, entering, hashing, rules
from appliance.accounts.rules import AccountRefused
from appliance.demo.accounts import make_people
from appliance.health import findings
from appliance.store import Store, events, open_store
from appliance.store import accounts as rows
from appliance.store.standing import Role
from appliance.store.upkeep import backup, verify
from tests.fixtures_store import NOW
from tests.fixtures_web import office_config

PASSWORD, OTHER = "con trâu đi trước 7", "cái cày theo sau 9"
HERE = "192.168.1.20"


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2id at its lowest cost: what is tested is not the price of one guess."""
    monkeypatch.setattr(hashing, "MEMORY_KIB", 8)
    monkeypatch.setattr(hashing, "PASSES", 1)
    monkeypatch.setattr(hashing, "_COST", "$argon2id$v=19$m=8,t=1,p=1$")
    monkeypatch.setattr(hashing, "_NOBODY", "")
    yield


@pytest.fixture
def lan(store: Store, cheap: None) -> rows.Account:
    """A clerk beside an administrator."""
    acts.add(store, "quantri", "Hoàng Văn Bình", Role.ADMINISTRATOR, PASSWORD, "test", NOW, must_change=False)
    return acts.add(store, "lan", "Trần Thị Lan", Role.CLERK, PASSWORD, "test", NOW, must_change=False)


def refused(code: str, act: Any) -> AccountRefused:
    """The refusal of ``act``, which must have this code."""
    with pytest.raises(AccountRefused) as caught:
        act()
    assert caught.value.code == code
    return caught.value


def told(store: Store, account_id: str) -> list[str]:
    """The names of what happened to an account."""
    return [event for _at, _by, event, _detail in store.read(lambda db: rows.told(db, account_id))]


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"), [("Lan", "lan"), (" trần.lan ", "tran.lan"), ("Đức_Thuận-2", "duc_thuan-2")]
)
def test_a_login_name_is_kept_in_small_letters_without_marks(typed: str, kept: str) -> None:
    assert rules.login_of(typed) == kept


@pytest.mark.parametrize("typed", ["", "2lan", "lan thị", ".lan", "lan..a", "lan/", "a" * 33, "lan\n"[:3] + "\x00"])
def test_a_login_name_that_is_none(typed: str) -> None:
    refused("login-bad", lambda: rules.login_of(typed))


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("ngắn 12", "password-short"),
        ("x" * 129, "password-long"),
        ("aaaaaaaaaaab", "password-plain"),
        ("Password123", "password-plain"),
        ("mật khẩu 12", "password-plain"),
        ("matkhau@2026"[:11], "password-plain"),
        ("tranthilan12", "password-own-name"),
        ("Trần Thị Lan", "password-own-name"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str, code: str) -> None:
    refused(code, lambda: rules.check_password(password, "lan", "Trần Thị Lan"))


@pytest.mark.parametrize("password", [PASSWORD, "vanthu vừa đi vừa hát", "k7-xanh-lá-mạ", "matkhau của nhà ai dài"])
def test_a_password_that_is_good_enough(password: str) -> None:
    rules.check_password(password, "lan", "Trần Thị Lan")


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_lock_never_gets_shorter_and_never_longer_than_half_an_hour(fewer: int, more: int) -> None:
    first, second = sorted((fewer, more))
    until = [rules.lock_after(failed, NOW) or NOW for failed in (first, second)]
    assert NOW <= until[0] <= until[1] <= NOW + timedelta(minutes=30)
    assert (until[1] > NOW) == (second > rules.FREE_TRIES)


@pytest.mark.parametrize(("role", "minutes"), [(Role.CLERK, 30), (Role.LEADER, 10), (Role.ADMINISTRATOR, 30)])
def test_a_session_ends_by_idleness_and_at_the_latest_after_twelve_hours(role: Role, minutes: int) -> None:
    assert rules.session_ends(role, NOW, NOW) == NOW + timedelta(minutes=minutes)
    late = NOW + timedelta(hours=11, minutes=55)
    assert rules.session_ends(role, NOW, late) == NOW + timedelta(hours=12)


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_password_costs_what_was_decided_and_fits_however_it_was_composed() -> None:
    phc = hashing.hashed("Mật khẩu dài")
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and not hashing.outdated(phc)
    assert hashing.fits("Mật khẩu dài", phc) and not hashing.fits("mật khẩu dài", phc)
    assert hashing.outdated(phc.replace("t=2", "t=1"))


@pytest.mark.parametrize("kept", ["", "!", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$BBBB", "$2b$12$xyz", "lan"])
def test_a_damaged_hash_fits_nothing(kept: str) -> None:
    assert not hashing.fits("", kept) and not hashing.fits("lan", kept)


def test_at_most_two_passwords_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2)

    class Slow:
        def __init__(self, **_costs: object) -> None: ...

        def derive_phc_encoded(self, _password: bytes) -> str:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            both.wait(120)  # four callers pass two by two, or this breaks
            with lock:
                inside -= 1
            return "$argon2id$"

    monkeypatch.setattr(hashing, "Argon2id", Slow)
    callers = [threading.Thread(target=hashing.hashed, args=("x",)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(300)
    assert most == 2 and not both.broken


def test_a_code_is_read_however_it_was_typed() -> None:
    code = codes.make_code()
    assert codes.digest_of_code(code) == codes.digest_of_code(f" {code.lower().replace('-', ' ')} ")
    assert codes.digest_of_code(code) != codes.digest_of_code(codes.make_code())
    assert len(code) == 23 and set(code) <= set(codes.LETTERS + "-")


# --- signing in ------------------------------------------------------------------------------------------------------


def test_signing_in_and_being_recognised(store: Store, lan: rows.Account) -> None:
    session_id, account = entering.sign_in(store, " Lan ", PASSWORD, NOW, HERE)
    assert account.id == lan.id and account.last_sign_in == NOW
    found = entering.recognise(store, session_id, NOW + timedelta(minutes=29))
    assert found and found[1].name == "Trần Thị Lan" and len(found[0].csrf_key) == 32
    assert session_id not in str(store.read(lambda db: db.execute("SELECT * FROM sessions").fetchall()))
    assert entering.recognise(store, session_id, NOW + timedelta(minutes=30)) is None
    assert entering.recognise(store, session_id + "x", NOW) is None and entering.recognise(store, "", NOW) is None
    entering.sign_out(store, found[0], found[1], NOW)
    assert entering.recognise(store, session_id, NOW) is None
    assert told(store, lan.id) == ["account-made", "signed-in", "signed-out"]


def test_wrong_passwords_lock_longer_and_longer_and_the_right_one_does_not_help(
    store: Store, lan: rows.Account
) -> None:
    now = NOW
    for _ in range(rules.FREE_TRIES):
        refused("sign-in-wrong", lambda: entering.sign_in(store, "lan", OTHER, now, HERE))
    waits = []
    for _ in range(9):
        wrong = refused("sign-in-locked", lambda: entering.sign_in(store, "lan", OTHER, now, HERE))  # noqa: B023
        until = wrong.params["until"]
        assert isinstance(until, datetime)
        early = until - timedelta(seconds=1)
        again = refused("sign-in-locked", lambda: entering.sign_in(store, "lan", PASSWORD, early, HERE))  # noqa: B023
        assert again.params["until"] == until, "a try while locked is not counted"
        waits.append((until - now).total_seconds())
        now = until
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    entering.sign_in(store, "lan", PASSWORD, now, HERE)
    account = store.read(lambda db: rows.find(db, lan.id))
    assert account and account.failed == 0 and account.locked_until is None
    assert told(store, lan.id).count("sign-in-failed") == rules.FREE_TRIES + 9


def test_two_tries_at_once_cannot_both_be_the_last_free_one(store: Store, lan: rows.Account) -> None:
    answers: list[str] = []

    def attempt() -> None:
        try:
            entering.sign_in(store, "lan", OTHER, NOW, HERE)
        except AccountRefused as error:
            answers.append(error.code)

    callers = [threading.Thread(target=attempt) for _ in range(12)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    account = store.read(lambda db: rows.find(db, lan.id))
    assert account and account.failed == rules.FREE_TRIES + 1, "no further password was compared"
    assert len(answers) == 12


def test_an_unknown_name_gets_the_same_answer_and_is_told_once_a_minute(
    store: Store, lan: rows.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    monkeypatch.setattr(hashing, "fits", lambda password, phc: compared.append(phc) or False)
    for second in range(59):
        now = NOW + timedelta(seconds=second)
        refused("sign-in-wrong", lambda: entering.sign_in(store, "mat khau cua toi", OTHER, now, HERE))  # noqa: B023
    assert len(compared) == 59, "each costs what a known name costs"
    assert told(store, "") == ["sign-in-failed"]
    assert "mat khau" not in str(store.read(lambda db: rows.told(db, "")))


def test_a_blocked_account_is_out_at_once_and_only_its_owner_hears_why(store: Store, lan: rows.Account) -> None:
    session_id, _ = entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    acts.block(store, lan.id, "Bình (quản trị)", NOW)
    assert entering.recognise(store, session_id, NOW) is None
    refused("sign-in-wrong", lambda: entering.sign_in(store, "lan", OTHER, NOW, HERE))
    refused("sign-in-blocked", lambda: entering.sign_in(store, "lan", PASSWORD, NOW, HERE))
    acts.unblock(store, lan.id, "Bình (quản trị)", NOW)
    assert entering.sign_in(store, "lan", PASSWORD, NOW, HERE)


def test_a_session_of_a_blocked_account_is_not_recognised_even_if_it_is_there(store: Store, lan: rows.Account) -> None:
    session_id, account = entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    store.write(lambda db: rows.save(db, replace(account, active=False)))
    assert entering.recognise(store, session_id, NOW) is None


def test_an_older_price_is_renewed_by_a_good_sign_in(store: Store, lan: rows.Account, monkeypatch: Any) -> None:
    monkeypatch.setattr(hashing, "PASSES", 2)
    monkeypatch.setattr(hashing, "_COST", "$argon2id$v=19$m=8,t=2,p=1$")
    entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    account = store.read(lambda db: rows.find(db, lan.id))
    assert account and account.password.startswith("$argon2id$v=19$m=8,t=2,p=1$")


def test_old_sessions_are_swept(store: Store, lan: rows.Account) -> None:
    entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    entering.sign_in(store, "lan", PASSWORD, NOW + timedelta(hours=13), HERE)
    assert store.read(lambda db: db.execute("SELECT count(*) FROM sessions").fetchone()[0]) == 1


# --- changing --------------------------------------------------------------------------------------------------------


def test_a_login_name_is_given_once(store: Store, lan: rows.Account) -> None:
    refused("login-taken", lambda: acts.add(store, "LAN", "Lan khác", Role.VIEWER, PASSWORD, "test", NOW))


def test_the_last_administrator_stays(store: Store, lan: rows.Account) -> None:
    (only,) = store.read(rows.administrators)
    refused("last-administrator", lambda: acts.block(store, only, "x", NOW))
    refused("last-administrator", lambda: acts.change(store, only, "Bình", Role.CLERK, "x", NOW))
    acts.change(store, lan.id, "Trần Thị Lan", Role.ADMINISTRATOR, "x", NOW)
    acts.block(store, only, "x", NOW)
    assert store.read(rows.administrators) == [lan.id]


def test_another_role_and_another_password_end_the_sessions(store: Store, lan: rows.Account) -> None:
    first, _ = entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    acts.change(store, lan.id, "Trần Thị Lan Anh", Role.CLERK, "x", NOW)
    assert entering.recognise(store, first, NOW), "a corrected name ends nothing"
    acts.change(store, lan.id, "Trần Thị Lan Anh", Role.VIEWER, "x", NOW)
    assert entering.recognise(store, first, NOW) is None
    second, _ = entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    acts.set_password(store, lan.id, OTHER, "x", NOW)
    assert entering.recognise(store, second, NOW) is None
    assert entering.sign_in(store, "lan", OTHER, NOW, HERE)[1].must_change


def test_changing_ones_own_password_ends_the_other_sessions(store: Store, lan: rows.Account) -> None:
    here, _ = entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    there, _ = entering.sign_in(store, "lan", PASSWORD, NOW, "192.168.1.21")
    digest = codes.digest_of_session(here)
    refused("old-password-wrong", lambda: acts.change_own_password(store, lan.id, OTHER, OTHER, digest, NOW))
    refused("password-same", lambda: acts.change_own_password(store, lan.id, PASSWORD, PASSWORD, digest, NOW))
    refused("password-short", lambda: acts.change_own_password(store, lan.id, PASSWORD, "ngắn", digest, NOW))
    acts.change_own_password(store, lan.id, PASSWORD, OTHER, digest, NOW)
    assert entering.recognise(store, here, NOW) and entering.recognise(store, there, NOW) is None


def test_somebody_unknown(store: Store, cheap: None) -> None:
    for act in (
        lambda: acts.block(store, "none", "x", NOW),
        lambda: acts.set_password(store, "none", PASSWORD, "x", NOW),
        lambda: acts.give_recovery_codes(store, "none", "x", NOW),
        lambda: acts.sign_out_everywhere(store, "none", "x", NOW),
    ):
        refused("no-such-account", act)


# --- codes -----------------------------------------------------------------------------------------------------------


def test_a_recovery_code_serves_once_and_ends_the_lock(store: Store, lan: rows.Account) -> None:
    printed = acts.give_recovery_codes(store, lan.id, "x", NOW)
    assert len(set(printed)) == 10
    for _ in range(5):
        with pytest.raises(AccountRefused):
            entering.sign_in(store, "lan", OTHER, NOW, HERE)
    refused("password-short", lambda: entering.recover(store, "lan", printed[0], "ngắn", NOW, HERE))
    session_id, _ = entering.recover(store, "lan", printed[0].lower(), OTHER, NOW, HERE)
    assert entering.recognise(store, session_id, NOW)
    assert entering.sign_in(store, "lan", OTHER, NOW, HERE)
    refused("recovery-wrong", lambda: entering.recover(store, "lan", printed[0], PASSWORD, NOW, HERE))
    refused("recovery-wrong", lambda: entering.recover(store, "quantri", printed[1], PASSWORD, NOW, HERE))
    refused("recovery-wrong", lambda: entering.recover(store, "none", printed[1], PASSWORD, NOW, HERE))
    assert store.read(lambda db: rows.codes_left(db, lan.id)) == 9
    acts.give_recovery_codes(store, lan.id, "x", NOW)
    refused("recovery-wrong", lambda: entering.recover(store, "lan", printed[1], PASSWORD, NOW, HERE))


def test_a_recovery_code_does_not_take_a_block_back(store: Store, lan: rows.Account) -> None:
    printed = acts.give_recovery_codes(store, lan.id, "x", NOW)
    acts.block(store, lan.id, "x", NOW)
    refused("sign-in-blocked", lambda: entering.recover(store, "lan", printed[0], OTHER, NOW, HERE))
    assert store.read(lambda db: rows.codes_left(db, lan.id)) == 10, "nothing was used up"


def test_the_first_run_makes_one_administrator(store: Store, cheap: None) -> None:
    refused("first-code-wrong", lambda: acts.begin(store, "", "binh", "Bình", PASSWORD, NOW))
    old, code = acts.offer_first_run(store, NOW), acts.offer_first_run(store, NOW)
    refused("first-code-wrong", lambda: acts.begin(store, old, "binh", "Bình", PASSWORD, NOW))
    late = NOW + acts.FIRST_CODE_HOLDS
    refused("first-code-wrong", lambda: acts.begin(store, code, "binh", "Bình", PASSWORD, late))
    made, printed = acts.begin(store, code.lower(), "binh", "Hoàng Văn Bình", PASSWORD, NOW)
    assert made.role is Role.ADMINISTRATOR and len(printed) == 10 and not made.must_change
    refused("first-run-over", lambda: acts.begin(store, code, "x2", "Y", PASSWORD, NOW))
    refused("first-run-over", lambda: acts.offer_first_run(store, NOW))
    assert entering.recover(store, "binh", printed[3], OTHER, NOW, HERE)


# --- the chain -------------------------------------------------------------------------------------------------------


def test_what_happened_stands_in_the_chain_and_no_secret_does(store: Store, lan: rows.Account) -> None:
    entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    printed = acts.give_recovery_codes(store, lan.id, "Hoàng Văn Bình (quản trị)", NOW)
    entering.recover(store, "lan", printed[0], OTHER, NOW, HERE)
    acts.block(store, lan.id, "Hoàng Văn Bình (quản trị)", NOW)
    assert told(store, lan.id) == [
        "account-made", "signed-in", "recovery-codes-given", "recovery-code-used", "account-blocked"
    ]  # fmt: skip
    last = store.read(lambda db: rows.told(db, lan.id))[-1]
    assert last[:2] == (NOW, "Hoàng Văn Bình (quản trị)")
    found = verify(store)
    assert found.sound and store.read(events.broken_at) is None
    whole = str(store.read(lambda db: list(events.entries(db))))
    assert not [secret for secret in (PASSWORD, OTHER, "argon2", *printed) if secret in whole]
    store.write(lambda db: db.execute("UPDATE events SET by = 'ai đó' WHERE event = 'account-blocked'"))
    assert store.read(events.broken_at) is not None


def test_a_box_without_accounts_says_how_they_begin(store: Store, cheap: None, tmp_path: Path) -> None:
    config = office_config(tmp_path)
    fresh = open_store(config.database, config.blobs)
    assert "accounts-none" in {one.code for one in findings(config, NOW)}
    make_people(fresh, NOW)
    assert "accounts-none" not in {one.code for one in findings(config, NOW)}
    fresh.close()


def test_a_backup_has_accounts_and_no_sessions(store: Store, lan: rows.Account, tmp_path: Path) -> None:
    session_id, _account = entering.sign_in(store, "lan", PASSWORD, NOW, HERE)
    backup(store, tmp_path / "copy")
    copy = open_store(tmp_path / "copy" / "box.db", tmp_path / "copy" / "blobs")
    assert entering.recognise(store, session_id, NOW) and entering.recognise(copy, session_id, NOW) is None
    assert entering.sign_in(copy, "lan", PASSWORD, NOW, HERE) and verify(copy).sound
    copy.close()


def test_the_demos_people_sign_in_with_what_is_printed(store: Store, cheap: None) -> None:
    made = make_people(store, NOW)
    assert {one["role"] for one in made} == {role.value for role in Role}
    for one in made:
        _id, account = entering.sign_in(store, one["login"], one["password"], NOW, HERE)
        assert not account.must_change
