"""Every fault of signing reaches a person as a sentence in both languages; those that wait for one say for whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appliance.wording import speak, text_of
from appliance.wording.codes import CODES

HSM = Path(__file__).parents[2] / "hsm"
RAISED = re.compile(r'SigningError\(\s*FaultClass\.(\w+),\s*"([a-z0-9-]+)"', re.S)
ENDED = re.compile(r'_end\([^,\n]+, "([a-z-]+)"\)|"(signer-died|module-hangs|device-fault)"')
WAITS_FOR = {  # code → who is named in the sentence
    "pin-wrong": "Người giữ thiết bị",
    "pin-locked": "Người giữ thiết bị",
    "pin-final-try": "Người giữ thiết bị",
    "not-logged-in": "Người giữ thiết bị",
    "token-lost": "người giữ thiết bị",
    "token-other-serial": "cán bộ kỹ thuật",
    "device-fault": "người giữ thiết bị",
    "device-restarting": "người giữ thiết bị",
    "device-given-up": "cán bộ kỹ thuật",
    "module-hangs": "Người giữ thiết bị",
    "signer-died": "Người giữ thiết bị",
    "signer-not-running": "Cán bộ kỹ thuật",
    "token-refuses": "Cán bộ kỹ thuật",
    "mechanism-missing": "Cán bộ kỹ thuật",
}


def codes() -> set[str]:
    found = set()
    for path in HSM.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= {code for _fault, code in RAISED.findall(text)}
        found |= {first or second for first, second in ENDED.findall(text)}
    return found


def test_the_codes_are_found() -> None:
    assert {"pin-final-try", "device-given-up", "batch-done", "idle", "signer-died", "enrol-several-keys"} <= codes()
    assert len(codes()) > 40


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_code_has_its_sentence(code: str) -> None:
    assert code in CODES
    for language in ("vi", "en"):
        with speak(language):
            assert "{" not in text_of(code, detail="X"), "only a detail is told with a fault of signing"


@pytest.mark.parametrize(("code", "who"), WAITS_FOR.items())
def test_who_must_do_something_is_named(code: str, who: str) -> None:
    assert who in CODES[code]
