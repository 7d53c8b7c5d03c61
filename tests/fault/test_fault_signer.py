"""Every fault a token can have, done to the real signer process by the fault module: what is told, what is left,
and how it goes on (issue: signing, must show 1; signing.md 9.3 and 11.4).

After each test the fault module's log must show no PIN that this test did not type (tests/fixtures_hsm.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hsm.api import FaultClass, KeyState, SigningError
from hsm.client import SocketSigner
from tests.contract.signing_suite import check, signed_attributes
from tests.fixtures_fault_module import CONTEXT, FaultModule
from tests.fixtures_hsm import PIN, SigningBench

QUICK = "sign_deadline_seconds = 6.0\nrestart_pauses_seconds = [0.1, 0.2, 0.3]"
WRONG = "000000"


def until(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something; the seconds only bound a failing test."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@dataclass
class Office:
    """One running signer, its fault module, and what a test asks of it."""

    bench: SigningBench
    faults: FaultModule
    client: SocketSigner
    keeper: object

    def sign(self, slot: str = "agency", document: str = "d1") -> None:
        """One signature, checked against the certificate."""
        attributes = signed_attributes(self.bench.der(slot), document.encode())
        check(self.bench.der(slot), self.client.sign(slot, attributes, document), attributes)

    def fails(self, slot: str = "agency") -> SigningError:
        with pytest.raises(SigningError) as caught:
            self.sign(slot)
        return caught.value

    def login(self, slot: str = "agency", pin: str = "", documents: int = 0) -> None:
        self.client.login(slot, pin or PIN[slot], documents)

    def login_fails(self, slot: str = "agency", pin: str = WRONG) -> SigningError:
        with pytest.raises(SigningError) as caught:
            self.client.login(slot, pin)
        return caught.value

    def key(self, slot: str = "agency") -> KeyState:
        return self.client.state().key(slot)

    def answers(self) -> bool:
        try:
            self.client.state()
        except SigningError:
            return False
        return True

    def logged_in(self, slot: str = "agency") -> bool:
        try:
            return self.key(slot).logged_in
        except SigningError:
            return False

    def module_process(self) -> int:
        return self.bench.module_process(self.keeper)  # type: ignore[arg-type]


Open = Callable[..., Office]


@pytest.fixture
def open_office(signing_bench: SigningBench, faults: FaultModule, tmp_path: Path) -> Open:
    """Starts a signer; keyword arguments are those of `SigningBench.write_config`, `environment` for the process."""

    def start(deadlines: str = QUICK, environment: dict[str, str] | None = None, **config: str | bool) -> Office:
        path = signing_bench.write_config(tmp_path / "run", deadlines=deadlines, **config)  # type: ignore[arg-type]
        keeper = signing_bench.start(path, **(environment or {}))
        return Office(signing_bench, faults, SocketSigner(tmp_path / "run/s", 60.0), keeper)

    return start


@pytest.fixture
def office(open_office: Open) -> Office:
    return open_office()


# --- AUTH_WRONG -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["0xa0", "0xa1", "0xa2", "0x5", "0x6", "0x54", "0x80000005"])
def test_whatever_a_login_raises_is_a_spent_try(office: Office, answer: str) -> None:
    office.faults.rule(f"call C_Login rv={answer} count=1")
    fault = office.login_fails(pin=PIN["agency"])
    assert (fault.fault, fault.code) == (FaultClass.AUTH_WRONG, "pin-wrong")
    assert not office.key().logged_in
    assert len(office.faults.logins("agency")) == 1, "never twice by the machine"
    office.login()
    office.sign()


def test_a_wrong_pin_then_the_right_one(office: Office) -> None:
    assert office.login_fails().fault is FaultClass.AUTH_WRONG
    assert office.faults.tries_left("agency") == 2
    assert office.key().pin_flags == ("count-low",)
    office.login()
    assert office.faults.tries_left("agency") == 3 and office.key().pin_flags == ()


# --- AUTH_LOCKED ------------------------------------------------------------------------------------------------------


def test_the_last_try_is_never_made_here(office: Office) -> None:
    office.login_fails()
    office.login_fails()
    assert office.faults.tries_left("agency") == 1 and "final-try" in office.key().pin_flags
    for pin in (WRONG, PIN["agency"]):
        fault = office.login_fails(pin=pin)
        assert (fault.fault, fault.code) == (FaultClass.AUTH_LOCKED, "pin-final-try")
    assert len(office.faults.logins("agency")) == 2 and office.faults.tries_left("agency") == 1
    office.faults.forgive("agency")  # the issuer's tool
    office.login()


def test_a_locked_token_is_left_alone(office: Office) -> None:
    office.faults.forgive("agency", 0)
    fault = office.login_fails(pin=PIN["agency"])
    assert (fault.fault, fault.code) == (FaultClass.AUTH_LOCKED, "pin-locked")
    assert office.faults.logins() == []


@pytest.mark.parametrize("answer", ["0xa3", "0xa4", "0x102"])
def test_locked_expired_or_never_set(office: Office, answer: str) -> None:
    office.faults.rule(f"call C_Login rv={answer} count=1")
    assert office.login_fails(pin=PIN["agency"]).fault is FaultClass.AUTH_LOCKED
    assert len(office.faults.logins()) == 1


def test_a_pin_that_must_be_changed_is_not_tried(office: Office) -> None:
    office.faults.rule("tokenflags 0x80000")
    assert office.login_fails(pin=PIN["agency"]).fault is FaultClass.AUTH_LOCKED
    assert "to-be-changed" in office.key().pin_flags and office.faults.logins() == []


# --- AUTH_LOST --------------------------------------------------------------------------------------------------------


def test_a_lost_session_needs_a_person(office: Office) -> None:
    office.login()
    office.faults.rule("call C_Sign rv=0x101 count=1")
    fault = office.fails()
    assert fault.fault is FaultClass.AUTH_LOST
    key = office.key()
    assert not key.logged_in and key.present and key.ended == "not-logged-in"
    assert len(office.faults.logins()) == 1
    office.login()
    office.sign()


# --- TOKEN_LOST -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sticky", [(), ("sticky 1",)], ids=["plain", "sticky"])
def test_pulled_out_in_the_middle_and_back_without_a_restart(office: Office, sticky: tuple[str, ...]) -> None:
    before = office.module_process()
    office.login()
    office.sign()
    office.faults.rule("unplugged 1", *sticky)
    fault = office.fails()
    assert fault.fault is FaultClass.TOKEN_LOST
    key = office.key()
    assert (key.present, key.logged_in, key.ended) == (False, False, "token-lost")
    assert office.login_fails().code == "token-absent"

    office.faults.rule(*sticky)
    until(lambda: office.key().present)
    assert not office.key().logged_in, "back, but its login is over"
    assert office.fails().fault is FaultClass.AUTH_LOST
    office.login()
    office.sign()
    assert office.module_process() == before


def test_pulled_out_unused_is_noticed_by_itself(office: Office) -> None:
    office.login()
    office.faults.rule("unplugged agency")
    until(lambda: bool(office.faults.calls("C_Finalize")))  # nobody asks: the signer looks around by itself
    office.faults.rule()
    key = office.key()
    assert key.present and not key.logged_in and key.ended == "token-lost"


def test_one_token_pulled_leaves_the_other_at_work(office: Office) -> None:
    office.login("leader")
    office.login("agency")
    office.faults.rule("unplugged leader")
    assert office.fails("leader").fault is FaultClass.TOKEN_LOST
    office.sign("agency")
    office.faults.rule()
    office.login("leader")
    office.sign("leader")
    office.sign("agency")


def test_asking_for_an_absent_token_disturbs_nobody(office: Office) -> None:
    office.faults.rule("unplugged leader")
    office.login("agency")
    assert office.login_fails("leader").code == "token-absent"
    office.sign("agency")


def test_a_module_that_sees_tokens_only_at_its_start(office: Office) -> None:
    """Both tokens at work, one is pulled and comes back unseen: its owner's login starts the library anew, and the
    other one's owner is asked again."""
    office.login("leader")
    office.login("agency")
    office.faults.rule("unplugged leader", "sticky 1")
    assert office.fails("leader").fault is FaultClass.TOKEN_LOST
    office.faults.rule("sticky 1")
    office.sign("agency")
    office.login("leader")
    office.sign("leader")
    assert office.fails("agency").fault is FaultClass.AUTH_LOST
    assert office.key("agency").ended == "token-lost"


def test_another_serial_number_is_another_token(office: Office) -> None:
    office.login()
    office.sign()
    office.faults.rule("unplugged 1")
    assert office.fails().fault is FaultClass.TOKEN_LOST
    office.faults.rule("serial agency OTHER-TOKEN")
    until(lambda: office.key().problem == "token-other-serial")
    assert not office.key().present
    fault = office.login_fails()
    assert (fault.fault, fault.code) == (FaultClass.TOKEN_LOST, "token-other-serial")
    assert len(office.faults.logins("agency")) == 1, "the other token saw no PIN"
    office.faults.rule()
    until(lambda: office.key().present)
    office.login()
    office.sign()


def test_the_enrolled_serial_number_counts_from_the_first_moment(open_office: Open) -> None:
    office = open_office(agency='serial = "0123456789"')
    assert office.login_fails().code == "token-other-serial"
    assert office.key().problem == "token-other-serial" and office.faults.logins() == []


# --- DEVICE -----------------------------------------------------------------------------------------------------------


def test_a_device_fault_starts_the_module_anew(office: Office) -> None:
    before = office.module_process()
    office.login()
    office.faults.rule("call C_Sign rv=0x30 count=1")
    assert office.fails().fault is FaultClass.DEVICE
    until(office.answers)
    assert office.module_process() != before
    key = office.key()
    assert not key.logged_in and key.ended == "device-fault"
    office.faults.rule()  # a rule's counter begins anew in a new process
    office.login()
    office.sign()


def test_three_restarts_then_a_person(office: Office) -> None:
    office.faults.rule("call C_GetSlotList rv=0x30")
    assert not office.answers()
    until(lambda: _problem(office) == "device-given-up")
    until(lambda: _started(office) == 5)  # the first, three restarts, and one that only looks
    time.sleep(0.7)
    assert _started(office) == 5 and _problem(office) == "device-given-up", "no more by itself"
    office.faults.rule()
    office.login()  # a person asks: it is tried again, and this PIN was shown once
    office.sign()
    assert len(office.faults.logins()) == 1


def test_three_restarts_then_a_replug(open_office: Open, tmp_path: Path) -> None:
    (tmp_path / "pin.agency").write_text(PIN["agency"])
    office = open_office(credential=True, environment={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    office.faults.allowed = 2
    until(office.logged_in)
    # A module that dies whenever a session is opened, but still tells what is plugged in.
    office.faults.rule("call C_OpenSession crash=abort")
    with pytest.raises(SigningError):
        office.client.login("leader", PIN["leader"])
    until(lambda: _told(office) == "device-given-up")
    assert office.key().present and office.key().ended == "signer-died"
    assert office.fails().code == "device-given-up"
    office.faults.rule("unplugged agency")
    until(lambda: not office.key().present)
    office.faults.rule()
    until(office.logged_in)
    office.sign()


def test_a_module_that_does_not_start(office: Office) -> None:
    office.login()
    office.faults.rule("call C_Initialize rv=0x5", "call C_Sign rv=0x5")
    assert office.fails().fault is FaultClass.DEVICE
    until(lambda: _problem(office) == "device-given-up")
    until(lambda: [call.answer for call in office.faults.calls("C_Initialize")] == [0, 5, 5, 5, 5])
    office.faults.rule()
    office.login()
    office.sign()


def _started(office: Office) -> int:
    return len({call.pid for call in office.faults.calls("C_Initialize")})


def _told(office: Office) -> str:
    """The problem of the key as a living module process tells it; "" while none does."""
    try:
        return office.key().problem
    except SigningError:
        return ""


def _problem(office: Office) -> str:
    try:
        return office.key().problem
    except SigningError as error:
        return error.code


# --- CONFIG -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["0x70", "0x71", "0x62", "0x68", "0x54"])
def test_what_repeating_cannot_help(office: Office, answer: str) -> None:
    before = office.module_process()
    office.login()
    office.faults.rule(f"call C_SignInit rv={answer} count=1")
    assert office.fails().fault is FaultClass.CONFIG
    assert office.key().logged_in and office.module_process() == before
    office.sign()


def test_a_mechanism_the_token_lost_is_config(open_office: Open) -> None:
    office = open_office(agency='hashed_by = "token"')
    office.login()
    office.faults.rule("hidemech 0x40")
    fault = office.fails()
    assert (fault.fault, fault.code) == (FaultClass.CONFIG, "token-refuses")


# --- HANG -------------------------------------------------------------------------------------------------------------


def test_a_hanging_signature_ends_with_the_process(office: Office) -> None:
    before = office.module_process()
    office.login()
    office.faults.rule("call C_Sign hang=1 count=1")
    fault = office.fails()
    assert (fault.fault, fault.code) == (FaultClass.HANG, "module-hangs")
    until(office.answers)
    assert office.module_process() != before
    assert office.key().ended == "module-hangs" and not office.key().logged_in
    office.faults.rule()
    office.login()
    office.sign()


def test_a_hang_that_holds_the_interpreter_is_ended_by_the_keeper(office: Office) -> None:
    """C_Finalize is called without giving the interpreter up: the process's own watchdog cannot run."""
    before = office.module_process()
    office.login()
    office.faults.rule("unplugged 1", "call C_Finalize hang=1")
    impatient = SocketSigner(office.bench.folder.parent / "run/s", 9.0)
    with pytest.raises(SigningError) as caught:
        impatient.sign("agency", signed_attributes(office.bench.der("agency")), "d1")
    assert caught.value.fault in (FaultClass.HANG, FaultClass.CRASH)
    office.faults.rule()
    until(lambda: office.answers() and office.module_process() != before)
    office.login()
    office.sign()


# --- CRASH ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("crash", ["segv", "abort", "exit"])
def test_a_crash_costs_one_answer(office: Office, crash: str) -> None:
    before = office.module_process()
    office.login()
    office.faults.rule(f"call C_Sign crash={crash} count=1")
    assert office.fails().fault is FaultClass.CRASH
    until(office.answers)
    assert office.module_process() != before
    key = office.key()
    assert not key.logged_in and key.ended == "signer-died"
    assert office.fails().fault is FaultClass.AUTH_LOST
    office.faults.rule()
    office.login()
    office.sign()
    assert len(office.faults.logins()) == 2, "one PIN typed before the crash, one after"


# --- every return code there is ---------------------------------------------------------------------------------------

SWEEP = {
    FaultClass.AUTH_WRONG: ["0xa0"],
    FaultClass.AUTH_LOCKED: ["0xa3", "0xa4"],
    FaultClass.AUTH_LOST: ["0x101"],
    FaultClass.TOKEN_LOST: ["0x32", "0x60", "0x82", "0xb3", "0xe0", "0xe1"],
    FaultClass.CONFIG: ["0x54", "0x68", "0x70"],
    FaultClass.DEVICE: [
        "0x5",
        "0x6",
        "0x30",
        "0x31",
        "0x50",
        "0x100",
        "0x104",
        "0x190",
        "0x1b0",
        "0x200",
        "0x80000005",
    ],
}


@pytest.mark.parametrize("fault", SWEEP, ids=lambda fault: fault.value)
def test_every_return_code_has_its_class(office: Office, fault: FaultClass) -> None:
    for answer in SWEEP[fault]:
        until(office.answers)
        office.faults.rule()
        if not office.key().logged_in:
            office.login()
        office.faults.rule(f"call C_SignInit rv={answer} count=1")
        assert office.fails().fault is fault, answer


# --- a PIN at every signature -----------------------------------------------------------------------------------------


def test_a_key_that_asks_each_time_is_answered_for_the_batch(office: Office) -> None:
    office.faults.rule("alwaysauth 1")
    office.login(documents=3)
    for number in range(3):
        office.sign(document=f"d{number}")
    assert office.key().ended == "batch-done"
    assert len(office.faults.logins()) == 1 and len(office.faults.logins(kind=CONTEXT)) == 3
    assert office.fails().fault is FaultClass.AUTH_LOST


def test_a_refused_pin_in_the_batch_ends_the_batch(office: Office) -> None:
    office.faults.rule("alwaysauth 1", "call C_Login skip=2 count=1 rv=0xa0")
    office.login()
    office.sign(document="d1")
    assert office.fails().fault is FaultClass.AUTH_WRONG
    assert office.key().ended == "pin-wrong" and not office.key().logged_in
    assert office.fails().fault is FaultClass.AUTH_LOST
    assert len(office.faults.logins()) == 1 and len(office.faults.logins(kind=CONTEXT)) == 2


def test_flags_are_read_before_each_signature_too(office: Office) -> None:
    office.faults.rule("alwaysauth 1")
    office.login()
    office.sign(document="d1")
    office.faults.forgive("agency", 1)  # somebody spent tries elsewhere
    fault = office.fails()
    assert (fault.fault, fault.code) == (FaultClass.AUTH_LOCKED, "pin-final-try")
    assert len(office.faults.logins(kind=CONTEXT)) == 1 and not office.key().logged_in


def test_a_session_that_died_under_a_held_pin_is_begun_again_once(office: Office) -> None:
    office.faults.rule("alwaysauth 1", "call C_Sign rv=0x101 count=1")
    office.login()
    office.faults.allowed = 1  # the same PIN, which was right a moment before
    office.sign()
    office.faults.rule("alwaysauth 1", "call C_Sign rv=0x101")
    office.faults.allowed = 2
    assert office.fails().fault is FaultClass.AUTH_LOST
    assert not office.key().logged_in and len(office.faults.logins()) == 3


def test_a_token_that_does_not_say_that_it_asks(open_office: Open) -> None:
    office = open_office(agency="pin_each_signature = true")
    office.login()
    office.faults.rule("alwaysauth 1")
    office.sign()
    assert len(office.faults.logins(kind=CONTEXT)) == 1


# --- the reader's own keys -------------------------------------------------------------------------------------------


def test_a_pin_typed_on_the_reader_never_passes_here(office: Office) -> None:
    office.faults.rule(f"pinpad {PIN['agency']}")
    assert office.key().pin_pad
    office.client.login("agency", "")
    office.sign()
    office.faults.rule("pinpad 999999")
    office.client.logout("agency")
    with pytest.raises(SigningError) as caught:
        office.client.login("agency", "")
    assert caught.value.fault is FaultClass.AUTH_WRONG and office.faults.tries_left("agency") == 2


# --- custody ----------------------------------------------------------------------------------------------------------


def test_a_login_nobody_uses_ends(open_office: Open) -> None:
    office = open_office(agency="idle_minutes = 0.02")
    office.login()
    office.sign()
    until(lambda: office.key().ended == "idle")
    assert office.fails().fault is FaultClass.AUTH_LOST


@pytest.fixture
def traces(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "run"


def test_the_pin_is_nowhere_but_in_memory(office: Office, traces: Path) -> None:
    office.login()
    office.login_fails("leader", "77889900")
    office.sign()
    places = [path for path in traces.rglob("*") if path.is_file()]
    for pid in (office.keeper.pid, office.module_process()):  # type: ignore[attr-defined]
        places += [Path(f"/proc/{pid}/cmdline"), Path(f"/proc/{pid}/environ")]
    assert len(places) >= 6
    for place in places:
        content = place.read_bytes()
        assert PIN["agency"].encode() not in content and b"77889900" not in content, place
