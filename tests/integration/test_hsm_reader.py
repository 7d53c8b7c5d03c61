"""Real PC/SC: OpenSC, pcscd and a virtual reader into which cards are put and out of which they are taken.

The card is a PIV card whose signing key wants its PIN at every signature; it counts every PIN it is shown.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_pem_x509_certificate

from appliance.demo.pki import issue_certificate, make_pki
from hsm.api import FaultClass, KeyState, SigningError
from hsm.client import SocketSigner
from tests.contract.signing_suite import check, signed_attributes
from tests.fakes.virtual_card import Blank, Inserted, PivCard
from tests.fixtures_hsm import ROOT, wait_ready
from tests.fixtures_reader import Reader

PIN = "246810"


def make_card(number: int) -> PivCard:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    now = datetime.now(UTC)
    begin, end = now - timedelta(hours=1), now + timedelta(days=100)
    pem = issue_certificate(make_pki(now), public, "Nguyễn Thị Thử", "UBND xã Thử Nghiệm", begin, end)
    der = load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    return PivCard(bytes([number] * 16), key, der, PIN)


def until(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something; the seconds only bound a failing test."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


@dataclass
class Desk:
    """A signer over the reader, and its enrolled card."""

    reader: Reader
    card: PivCard
    client: SocketSigner
    process: subprocess.Popen[bytes]

    def key(self) -> KeyState:
        return self.client.state().key("leader")

    def sign(self, document: str) -> None:
        attributes = signed_attributes(self.card.certificate, document.encode())
        check(self.card.certificate, self.client.sign("leader", attributes, document), attributes)

    def fails(self) -> SigningError:
        with pytest.raises(SigningError) as caught:
            self.sign("d-x")
        return caught.value

    def module_process(self) -> str:
        return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0]


@pytest.fixture
def desk(reader: Reader, tmp_path: Path) -> Iterator[Desk]:
    card = make_card(7)
    (tmp_path / "leader.der").write_bytes(card.certificate)
    environment = f'PCSCLITE_CSOCK_NAME = "{reader.environment["PCSCLITE_CSOCK_NAME"]}"'
    (tmp_path / "signer.toml").write_text(
        f'module = "{reader.module}"\nsocket = "s"\njournal = "signing-journal.jsonl"\nallowed_uids = [{os.getuid()}]\n'
        "restart_pauses_seconds = [0.1, 0.2, 0.3]\n"
        '[[keys]]\nslot = "leader"\ntoken = "0707070707070707"\nserial = "0707070707070707"\nkey_id = "02"\n'
        f'certificate = "leader.der"\n[environment]\n{environment}\n'
    )
    command = [sys.executable, "-m", "hsm", "--config", str(tmp_path / "signer.toml")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    try:
        wait_ready(tmp_path / "s", process)
        yield Desk(reader, card, SocketSigner(tmp_path / "s", 60.0), process)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_in_out_in_again_and_another_card(desk: Desk) -> None:
    assert not desk.key().present
    before = desk.module_process()
    card = Inserted(desk.reader.port, desk.card)
    until(lambda: desk.key().present)
    desk.client.login("leader", PIN, documents=5)
    desk.sign("d1")
    desk.sign("d2")
    assert desk.card.signatures == 2 and desk.card.verified == [True] * 3, "one PIN to begin, one a signature"

    card.remove()
    fault = desk.fails()
    assert fault.fault in (FaultClass.TOKEN_LOST, FaultClass.AUTH_LOST), fault  # AUTH_LOST: it was noticed before
    until(lambda: not desk.key().present)
    assert desk.key().ended == "token-lost" and not desk.key().logged_in

    stranger = make_card(9)
    card = Inserted(desk.reader.port, stranger)
    time.sleep(3.0)  # long enough for the signer to have looked around
    assert not desk.key().present
    with pytest.raises(SigningError) as caught:
        desk.client.login("leader", PIN)
    assert caught.value.fault is FaultClass.TOKEN_LOST and stranger.verified == [], "another card sees no PIN"
    card.remove()

    card = Inserted(desk.reader.port, desk.card)
    until(lambda: desk.key().present)
    assert desk.fails().fault is FaultClass.AUTH_LOST, "back, but its login is over"
    shown = len(desk.card.verified)
    desk.client.login("leader", PIN)
    desk.sign("d3")
    assert len(desk.card.verified) == shown + 2
    assert desk.module_process() == before, "without any restart"
    card.remove()


def test_a_wrong_pin_is_shown_once_and_the_last_try_never(desk: Desk) -> None:
    card = Inserted(desk.reader.port, desk.card)
    until(lambda: desk.key().present)
    for _ in range(2):
        with pytest.raises(SigningError) as caught:
            desk.client.login("leader", "000000")
        assert caught.value.fault is FaultClass.AUTH_WRONG
    assert desk.card.verified == [False, False] and desk.card.tries == 1
    with pytest.raises(SigningError) as caught:
        desk.client.login("leader", PIN)
    assert (caught.value.fault, caught.value.code) == (FaultClass.AUTH_LOCKED, "pin-final-try")
    assert desk.card.verified == [False, False], "not even the right one: a person may err once more"
    card.remove()


def test_a_card_that_nobody_knows_is_no_fault(desk: Desk) -> None:
    card = Inserted(desk.reader.port, Blank())
    time.sleep(3.0)
    key = desk.key()
    assert (key.present, key.problem) == (False, "")
    card.remove()
    card = Inserted(desk.reader.port, desk.card)
    until(lambda: desk.key().present)
    card.remove()
