"""Enrolment by command: what is on this machine, which key fits which certificate, renewal with its history - and the
box signing with what was enrolled, each module in a signer of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from appliance.config import load_config
from appliance.demo.pki import make_pki
from appliance.services.clock import utc_now
from appliance.services.signer import write_signer_config
from appliance.signers import signer_places, signing_service
from hsm import softhsm
from hsm.api import FaultClass, SigningError
from tests.contract.signing_suite import check, signed_attributes
from tests.fixtures_fault_module import FaultModule
from tests.fixtures_hsm import NAMES, PIN, ROOT, certify
from tests.fixtures_unenrolled import Box


@pytest.fixture
def box(enrolment_box: Box) -> Box:
    return enrolment_box


def test_what_is_on_this_machine(box: Box) -> None:
    environment = [word for pair in box.bench.environment.items() for word in ("--environment", "=".join(pair))]
    box.put_certificate("agency")
    code, told = box.run("list", "--module", box.bench.module, *environment)
    assert code == 0
    found = {one["path"]: one for one in told["modules"]}
    assert found[box.faults.real]["maker"] == "SoftHSM"
    ours = found[box.bench.module]
    tokens = {slot["token"]["label"]: slot for slot in ours["slots"] if slot["token"]}
    assert set(tokens) == {"leader", "agency"}
    agency = tokens["agency"]
    assert agency["policies"] == {"rsa-v15": "token", "rsa-pss": "token", "ecdsa-p256": "signer"}
    assert [one["usage"] for one in agency["certificates"]] == [["digital_signature", "non_repudiation"]]
    assert tokens["leader"]["certificates"] == [] and box.faults.logins() == []


def test_a_module_that_crashes_or_lies_costs_only_its_line(box: Box, tmp_path: Path) -> None:
    (tmp_path / "notes.so").write_text("no module at all")
    box.faults.rule("call C_GetSlotList crash=segv")
    environment = [word for pair in box.bench.environment.items() for word in ("--environment", "=".join(pair))]
    code, told = box.run("list", "--module", box.bench.module, "--module", tmp_path / "notes.so", *environment)
    codes = {one["path"]: one["code"] for one in told["modules"]}
    assert (code, codes[box.bench.module], codes[str(tmp_path / "notes.so")]) == (
        0,
        "module-crashes",
        "module-unusable",
    )
    assert codes[box.faults.real] == ""


def test_enrol_from_the_token_then_sign(box: Box) -> None:
    box.put_certificate("agency")
    code, told = box.enrol("agency", "--token", "agency")
    assert code == 0, told
    assert (told["key_id"], told["mechanism"], told["hashed_by"]) == ("02", "rsa-v15", "token")
    assert told["certificate"]["subject"] == NAMES["agency"] and len(told["token_serial"]) > 4
    key = next(key for key in load_config(box.config).signer.keys if key.slot == "agency")
    assert key.serial == told["token_serial"] and key.certificate_sha256 == told["certificate"]["sha256"]

    box.serve()
    client = signing_service(load_config(box.config))
    client.login("agency", PIN["agency"])
    attributes = signed_attributes(box.bench.der("agency"))
    check(box.bench.der("agency"), client.sign("agency", attributes, "d1"), attributes)
    box.faults.rule(f"serial agency {'X' * 8}")
    assert client.state().key("agency").problem == "token-other-serial"
    with pytest.raises(SigningError) as caught:
        client.sign("agency", attributes, "d1")
    assert caught.value.fault is FaultClass.AUTH_LOST


def test_enrol_from_a_file_and_refuse_what_does_not_fit(box: Box) -> None:
    own, others = box.bench.certificates["agency"], box.bench.certificates["leader"]
    assert box.enrol("agency", "--token", "agency")[1]["error"]["code"] == "enrol-no-certificate"
    code, told = box.enrol("agency", "--token", "agency", "--certificate", others)
    assert (code, told["error"]["code"]) == (6, "enrol-no-match")
    code, told = box.enrol("agency", "--token", "agency", "--certificate", own, "--key-id", "77")
    assert (code, told["error"]["code"]) == (6, "enrol-no-key")
    code, told = box.enrol("agency", "--token", "agency", "--certificate", own, "--mechanism", "ecdsa-p256")
    assert (code, told["error"]["code"]) == (6, "key-certificate-mismatch")
    assert load_config(box.config).signer.keys == (), "nothing was written"
    code, told = box.enrol("agency", "--token", "agency", "--certificate", own, "--mechanism", "rsa-pss")
    assert (code, told["mechanism"]) == (0, "rsa-pss")


def test_a_wrong_pin_at_enrolment_is_one_try_and_the_last_is_refused(box: Box) -> None:
    own = box.bench.certificates["agency"]
    for _ in range(2):
        code, told = box.enrol("agency", "--token", "agency", "--certificate", own, pin="000000")
        assert (code, told["error"]["code"]) == (6, "pin-wrong")
    code, told = box.enrol("agency", "--token", "agency", "--certificate", own)
    assert (code, told["error"]["code"]) == (6, "pin-final-try")
    assert box.faults.tries_left("agency") == 1 and len(box.faults.logins()) == 2


def test_a_certificate_outside_the_pinned_roots_is_refused(box: Box, tmp_path: Path) -> None:
    make_pki(utc_now()).write(tmp_path)
    box.settings["signer"]["roots"] = [str(tmp_path / "root.pem")]
    box.write()
    code, told = box.enrol("agency", "--token", "agency", "--certificate", box.bench.certificates["agency"])
    assert (code, told["error"]["code"]) == (3, "certificate-untrusted")


def test_several_keys_need_a_word_and_labels_mean_nothing(box: Box) -> None:
    environment, real = box.bench.environment, box.faults.real
    first = box.bench.certificates["agency"].read_bytes()
    box.put_certificate("agency")
    second = softhsm.make_key(environment, real, "agency", PIN["agency"], "33", "p-256")
    box.put_certificate("agency", certify(box.bench, "agency", second), "99")  # a CKA_ID that fits no key
    code, told = box.enrol("agency", "--token", "agency")
    assert (code, told["error"]["code"]) == (6, "enrol-several-keys")
    assert "02" in told["error"]["message"] and "33" in told["error"]["message"]
    code, told = box.enrol("agency", "--token", "agency", "--key-id", "33")
    assert (code, told["key_id"], told["mechanism"], told["hashed_by"]) == (0, "33", "ecdsa-p256", "signer")
    assert first != box.bench.certificates["agency"].read_bytes()


def test_two_tokens_without_a_word_are_ambiguous(box: Box) -> None:
    code, told = box.run("enrol", "--slot", "leader", pin=PIN["leader"])
    assert (code, told["error"]["code"]) == (6, "token-ambiguous")
    assert box.faults.logins() == []


def test_renewal_keeps_the_history(box: Box) -> None:
    first = box.bench.certificates["agency"]
    assert box.enrol("agency", "--token", "agency", "--certificate", first)[0] == 0
    code, told = box.run("renew", "--slot", "agency", "--certificate", first, pin=PIN["agency"])
    assert (code, told["error"]["code"]) == (5, "enrolment-same")
    old = box.bench.der("agency")
    public = subprocess.run(
        ["openssl", "x509", "-in", str(first), "-pubkey", "-noout"], capture_output=True, check=True
    ).stdout
    certify(box.bench, "agency", public, days=1800)
    code, told = box.run("renew", "--slot", "agency", "--certificate", first, pin=PIN["agency"])
    assert code == 0, told
    code, told = box.run("history")
    (agency,) = told["enrolments"]
    now, before = agency["certificates"]
    assert now["retired_at"] == "" and before["retired_at"] != "" and now["sha256"] != before["sha256"]
    assert before["sha256"] == sha256(old).hexdigest()
    assert (box.folder / "signing" / before["file"]).exists(), "old signatures stay explained"
    key = next(key for key in load_config(box.config).signer.keys if key.slot == "agency")
    assert key.certificate_sha256 == now["sha256"]


def test_a_slot_in_the_file_is_not_enrolled_over(box: Box) -> None:
    certificate = str(box.bench.certificates["agency"])
    key = {"slot": "agency", "token": "agency", "key_id": "02", "certificate": certificate}
    box.settings["signer"]["keys"] = [key]
    box.write()
    code, told = box.enrol("agency", "--token", "agency", "--certificate", certificate)
    assert (code, told["error"]["code"]) == (5, "enrolment-in-config")


def test_a_changed_certificate_file_is_refused_by_the_signer(box: Box) -> None:
    assert box.enrol("agency", "--token", "agency", "--certificate", box.bench.certificates["agency"])[0] == 0
    key = load_config(box.config).signer.keys[0]
    key.certificate.write_bytes(box.bench.certificates["leader"].read_bytes())
    config = load_config(box.config)
    (place,) = signer_places(config)
    write_signer_config(config, place)
    command = [sys.executable, "-m", "hsm", "--config", str(place.config_file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 69 and "certificate-not-enrolled" in done.stderr


@pytest.fixture
def two_modules(box: Box, fault_library: Path, tmp_path: Path) -> Callable[[], FaultModule]:
    """The leader's key enrolled on a module of its own, the agency's on that of [signer]."""

    def make() -> FaultModule:
        other = FaultModule(fault_library, box.faults.real, tmp_path / "other")
        library = tmp_path / "other_module.so"
        library.write_bytes(fault_library.read_bytes())
        environment = {"SOFTHSM2_CONF": box.bench.environment["SOFTHSM2_CONF"], **other.environment}
        words = [word for pair in environment.items() for word in ("--environment", "=".join(pair))]
        certificates = box.bench.certificates
        given = ("--token", "leader", "--certificate", certificates["leader"], "--module", library, *words)
        assert box.enrol("leader", *given)[0] == 0
        assert box.enrol("agency", "--token", "agency", "--certificate", certificates["agency"])[0] == 0
        return other

    return make


def test_each_module_in_a_signer_of_its_own(box: Box, two_modules: Callable[[], FaultModule]) -> None:
    other = two_modules()
    places = signer_places(load_config(box.config))
    assert [place.name for place in places] == ["", "leader"]
    assert len({place.socket for place in places}) == len({place.journal for place in places}) == 2
    box.serve()
    client = signing_service(load_config(box.config), 20.0)
    assert [key.slot for key in client.state().keys] == ["agency", "leader"]
    for slot in ("agency", "leader"):
        client.login(slot, PIN[slot])
        attributes = signed_attributes(box.bench.der(slot))
        check(box.bench.der(slot), client.sign(slot, attributes, "d1"), attributes)
    # The leader's module dies; the agency's goes on, and the state tells both.
    other.rule("call C_Sign crash=segv")
    with pytest.raises(SigningError) as caught:
        client.sign("leader", signed_attributes(box.bench.der("leader")), "d2")
    assert caught.value.fault is FaultClass.CRASH
    attributes = signed_attributes(box.bench.der("agency"))
    check(box.bench.der("agency"), client.sign("agency", attributes, "d2"), attributes)
    box.bench.processes[-1].kill()
    state = client.state()
    assert state.key("agency").logged_in and not state.key("leader").present
    assert state.key("leader").problem in ("signer-not-running", "signer-died")
    with pytest.raises(SigningError) as caught:
        client.sign("mayor", b"1", "d")
    assert caught.value.code == "slot-unknown"
