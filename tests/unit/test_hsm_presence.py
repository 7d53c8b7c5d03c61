"""Which of several tokens is meant: by serial number, and by label only until the serial number is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from hsm.api import FaultClass, SigningError
from hsm.config import KeyConfig
from hsm.token_presence import meant_by


@dataclass
class Shown:
    """What is read of a token here."""

    label: str
    serial: bytes


def key(token: str, serial: str = "") -> KeyConfig:
    return KeyConfig("leader", token, b"\x01", Path("c.pem"), serial=serial)


ONE, TWO = Shown("VGCA Token", b"S1\0\0  "), Shown("VGCA Token", b"S2")


@pytest.mark.parametrize(
    ("wanted", "known", "tokens", "found"),
    [
        (key("VGCA Token"), "", [ONE], ONE),
        (key("S2"), "", [ONE, TWO], TWO),
        (key("VGCA Token", "S2"), "", [ONE, TWO], TWO),
        (key("VGCA Token"), "S1", [ONE, TWO], ONE),
    ],
)
def test_the_right_one(wanted: KeyConfig, known: str, tokens: list[Shown], found: Shown) -> None:
    assert meant_by(wanted, tokens, known) is found


@pytest.mark.parametrize(
    ("wanted", "known", "tokens", "fault", "code"),
    [
        (key("VGCA Token"), "", [ONE, TWO], FaultClass.CONFIG, "token-ambiguous"),
        (key("VGCA Token"), "", [], FaultClass.TOKEN_LOST, "token-absent"),
        (key("other"), "", [ONE], FaultClass.TOKEN_LOST, "token-absent"),
        (key("VGCA Token", "S1"), "", [TWO], FaultClass.TOKEN_LOST, "token-other-serial"),
        (key("VGCA Token"), "S1", [TWO], FaultClass.TOKEN_LOST, "token-other-serial"),
        (key("S1"), "", [TWO], FaultClass.TOKEN_LOST, "token-absent"),
    ],
)
def test_never_a_wrong_one(wanted: KeyConfig, known: str, tokens: list[Shown], fault: FaultClass, code: str) -> None:
    with pytest.raises(SigningError) as caught:
        meant_by(wanted, tokens, known)
    assert (caught.value.fault, caught.value.code) == (fault, code)
