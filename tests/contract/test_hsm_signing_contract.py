"""The signing contract on the fake and on the real thing (signer process, SoftHSM)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_pem_x509_certificate

from appliance.demo.pki import issue_certificate, make_pki
from hsm.client import SocketSigner
from tests.contract.signing_suite import SigningSuite, Subject
from tests.fakes.signing import FakeKey, FakeSigner
from tests.fixtures_hsm import NAMES, ORGANIZATION, PIN, SigningBench


class TestFakeSigner(SigningSuite):
    @pytest.fixture(scope="class")
    def made(self) -> dict[str, tuple[rsa.RSAPrivateKey, bytes]]:
        now = datetime.now(UTC)
        pki = make_pki(now)
        made = {}
        for slot in PIN:
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            public = key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            certificate = issue_certificate(
                pki, public, NAMES[slot], ORGANIZATION, now - timedelta(hours=1), now + timedelta(days=1)
            )
            made[slot] = key, load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
        return made

    @pytest.fixture
    def subject(self, made: dict[str, tuple[rsa.RSAPrivateKey, bytes]]) -> Subject:
        return Subject(PIN, {slot: certificate for slot, (_, certificate) in made.items()})

    @pytest.fixture
    def service(self, made: dict[str, tuple[rsa.RSAPrivateKey, bytes]]) -> FakeSigner:
        return FakeSigner({slot: FakeKey(key, certificate, PIN[slot]) for slot, (key, certificate) in made.items()})


@pytest.mark.integration
class TestSocketSigner(SigningSuite):
    @pytest.fixture
    def subject(self, signing_bench: SigningBench) -> Subject:
        return Subject(PIN, {slot: signing_bench.der(slot) for slot in PIN})

    @pytest.fixture
    def service(self, signing_bench: SigningBench, tmp_path: Path) -> SocketSigner:
        config = signing_bench.write_config(tmp_path / "run")
        signing_bench.start(config)
        return SocketSigner(config.parent / "s", 20.0)
