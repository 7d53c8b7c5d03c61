"""Parts of the signer process without a token: PIN marks, journal, attributes, the thread and its watchdog."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from pkcs11 import exceptions as p11

from hsm.api import FaultClass, SigningError
from hsm.journal import SigningJournal
from hsm.pin_marks import PinMarks
from hsm.signed_attributes import message_digest
from hsm.token_faults import classify
from hsm.token_thread import HANG_EXIT_CODE, TokenThread
from tests.contract.signing_suite import signed_attributes


def test_a_mark_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "pin-marks.json"
    PinMarks(path).mark("S1")
    PinMarks(path).mark("S2")
    PinMarks(path).clear("S1")
    assert [PinMarks(path).marked(serial) for serial in ("S1", "S2", "S3")] == [False, True, False]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"tried": 5}'])
def test_an_unreadable_mark_file_means_every_try_may_be_spent(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pin-marks.json"
    path.write_text(content)
    assert PinMarks(path).marked("S1")
    PinMarks(path).clear("S1")
    assert not PinMarks(path).marked("S1")


def test_the_journal_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"n":1}\n{"n":2,"to')
    journal = SigningJournal(path)
    journal.append({"n": 3})
    journal.close()
    lines = path.read_bytes().split(b"\n")
    assert lines[0] == b'{"n":1}' and json.loads(lines[2]) == {"n": 3}


def test_attributes_tell_the_digest() -> None:
    import hashlib

    found = message_digest(signed_attributes(b"a certificate", b"content"), b"a certificate")
    assert found == hashlib.sha256(b"content").digest()


def test_attributes_of_another_content_type_are_refused() -> None:
    with pytest.raises(SigningError, match="content type"):
        message_digest(signed_attributes(b"c", content_type="signed_data"), b"c")


@pytest.mark.parametrize(
    ("error", "site", "fault", "code"),
    [
        (p11.PinIncorrect(), "login", FaultClass.AUTH_WRONG, "pin-wrong"),
        (p11.GeneralError(), "login", FaultClass.AUTH_WRONG, "pin-wrong"),
        (p11.FunctionFailed(), "login", FaultClass.AUTH_WRONG, "pin-wrong"),
        (p11.PKCS11Error("Unmapped error code 0x80000005"), "login", FaultClass.AUTH_WRONG, "pin-wrong"),
        (p11.PinIncorrect(), "sign", FaultClass.AUTH_WRONG, "pin-wrong"),
        (p11.PinLocked(), "sign", FaultClass.AUTH_LOCKED, "pin-locked"),
        (p11.PinLocked(), "login", FaultClass.AUTH_LOCKED, "pin-locked"),
        (p11.PinExpired(), "login", FaultClass.AUTH_LOCKED, "pin-locked"),
        (p11.GeneralError(), "sign", FaultClass.DEVICE, "device-fault"),
        (p11.UserNotLoggedIn(), "sign", FaultClass.AUTH_LOST, "not-logged-in"),
        (p11.DeviceRemoved(), "sign", FaultClass.TOKEN_LOST, "token-lost"),
        (p11.SessionHandleInvalid(), "sign", FaultClass.TOKEN_LOST, "token-lost"),
        (p11.TokenNotPresent(), "open", FaultClass.TOKEN_LOST, "token-lost"),
        (p11.MechanismInvalid(), "sign", FaultClass.CONFIG, "token-refuses"),
        (p11.PKCS11Error("Unmapped error code 0x68"), "sign", FaultClass.CONFIG, "token-refuses"),
        (p11.PKCS11Error("Initialisation error"), "sign", FaultClass.DEVICE, "device-fault"),
        (p11.DeviceMemory(), "find", FaultClass.DEVICE, "device-fault"),
    ],
)
def test_faults_are_told_by_where_they_happen(error: Exception, site: str, fault: FaultClass, code: str) -> None:
    found = classify(error, site)
    assert (found.fault, found.code) == (fault, code)


def test_calls_run_on_one_thread_one_after_another() -> None:
    thread = TokenThread()
    seen: list[str] = []
    callers = [
        threading.Thread(target=thread.call, args=(lambda: seen.append(threading.current_thread().name), 5))
        for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert set(seen) == {"pkcs11"} and len(seen) == 8
    thread.stop(1)


def test_an_error_reaches_its_caller_and_the_thread_lives() -> None:
    thread = TokenThread()
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda: 1 // 0, 5)
    assert thread.call(lambda: 7, 5) == 7
    thread.stop(1)


def test_a_hanging_call_ends_the_process_after_telling_the_caller() -> None:
    ended: list[int] = []
    thread = TokenThread(ended.append)
    release = threading.Event()
    with pytest.raises(SigningError) as caught:
        thread.call(lambda: release.wait(5), 0.05)
    assert caught.value.fault is FaultClass.HANG
    end = time.monotonic() + 3
    while not ended and time.monotonic() < end:
        time.sleep(0.02)
    assert ended == [HANG_EXIT_CODE]
    release.set()
