"""Every mechanism a token may have, on the wire and in the signed document (signing.md 5.3)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from hsm import softhsm
from hsm.api import FaultClass, SigningError
from hsm.client import SocketSigner
from hsm.pades import apply_signature
from hsm.stamps import copy_stamp
from hsm.verify import verify_file
from tests.contract.signing_suite import signed_attributes
from tests.fixtures_fault_module import FaultModule
from tests.fixtures_hsm import PIN, SigningBench, certify

WIRE = [
    ("rsa-v15", (), "0x40"),
    ("rsa-v15", ("hidemech 0x40",), "0x1"),
    ("rsa-pss", (), "0x43"),
    ("rsa-pss", ("hidemech 0x43",), "0xd"),
    ("ecdsa-p256", (), "0x1041"),
    ("ecdsa-p256", ("hidemech 0x1041", "addmech 0x1044"), "0x1044"),
]


def verify(certificate: bytes, policy: str, signature: bytes, content: bytes) -> None:
    """Raises when the signature is not by the certificate's key under the policy."""
    public = x509.load_der_x509_certificate(certificate).public_key()
    if policy == "ecdsa-p256":
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(signature, content, ec.ECDSA(hashes.SHA256()))
        return
    assert isinstance(public, rsa.RSAPublicKey)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    public.verify(signature, content, pss if policy == "rsa-pss" else padding.PKCS1v15(), hashes.SHA256())


@pytest.fixture
def signer(signing_bench: SigningBench, tmp_path: Path) -> Callable[..., SocketSigner]:
    """Starts a signer whose agency key has the policy's kind."""

    def start(policy: str, **config: str) -> SocketSigner:
        if policy == "ecdsa-p256":
            module, environment = signing_bench.faults.real, signing_bench.environment  # type: ignore[union-attr]
            public = softhsm.make_key(environment, module, "agency", PIN["agency"], "0e", "p-256")
            certify(signing_bench, "agency", public)
            signing_bench.key_ids["agency"] = "0e"
        signing_bench.policies["agency"] = policy
        signing_bench.start(signing_bench.write_config(tmp_path / "run", **config))
        return SocketSigner(tmp_path / "run/s", 20.0)

    return start


@pytest.mark.parametrize(("policy", "rules", "mechanism"), WIRE)
def test_both_ways_of_each_policy(
    signer: Callable[..., SocketSigner],
    signing_bench: SigningBench,
    faults: FaultModule,
    policy: str,
    rules: tuple[str, ...],
    mechanism: str,
) -> None:
    faults.rule(*rules)
    client = signer(policy)
    client.login("agency", PIN["agency"])
    attributes = signed_attributes(signing_bench.der("agency"))
    verify(signing_bench.der("agency"), policy, client.sign("agency", attributes, "d1"), attributes)
    assert {call.words for call in faults.calls("C_SignInit")} == {(f"mechanism={mechanism}",)}


@pytest.mark.parametrize(("policy", "hidden"), [("rsa-v15", "0x40"), ("rsa-pss", "0x43"), ("ecdsa-p256", "0x1041")])
def test_what_enrolment_chose_is_not_changed_at_signing(
    signer: Callable[..., SocketSigner], signing_bench: SigningBench, faults: FaultModule, policy: str, hidden: str
) -> None:
    client = signer(policy, agency=f'hashed_by = "{"signer" if policy == "ecdsa-p256" else "token"}"')
    faults.rule(f"hidemech {hidden}")
    client.login("agency", PIN["agency"])
    with pytest.raises(SigningError) as caught:
        client.sign("agency", signed_attributes(signing_bench.der("agency")), "d1")
    assert (caught.value.fault, caught.value.code) == (FaultClass.CONFIG, "token-refuses")


def test_a_token_without_the_policy_is_told_at_login(
    signer: Callable[..., SocketSigner], signing_bench: SigningBench
) -> None:
    signing_bench.policies["leader"] = "ecdsa-p256"  # but its key is RSA
    client = signer("rsa-v15")
    with pytest.raises(SigningError) as caught:
        client.login("leader", PIN["leader"])
    assert (caught.value.fault, caught.value.code) == (FaultClass.CONFIG, "key-certificate-mismatch")


@pytest.mark.parametrize("always", [False, True], ids=["once", "each-time"])
@pytest.mark.parametrize("policy", ["rsa-v15", "rsa-pss", "ecdsa-p256"])
def test_a_whole_document_under_each_policy(
    signer: Callable[..., SocketSigner],
    signing_bench: SigningBench,
    faults: FaultModule,
    paper: Callable[..., Path],
    tmp_path: Path,
    policy: str,
    always: bool,
) -> None:
    faults.rule(*(["alwaysauth 1"] if always else []))
    client = signer(policy)
    client.login("agency", PIN["agency"], documents=1)
    now = datetime.now(UTC)
    target = tmp_path / "signed.pdf"
    applied = apply_signature(
        paper("scan"),
        target,
        kind="incoming-scan",
        slot="agency",
        service=client,
        certificate=signing_bench.der("agency"),
        intermediates=signing_bench.intermediates,
        trust=signing_bench.trust,
        stamp=copy_stamp("ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM", now),
        document_id="d1",
        now=now,
    )
    assert applied.pdfa
    assert verify_file(target, signing_bench.trust, ["agency"]).verdict == "valid"
    assert client.state().key("agency").ended == "batch-done"
    if shutil.which("pdfsig") is None:
        pytest.skip("missing: pdfsig")
    told = subprocess.run(["pdfsig", "-nocert", str(target)], capture_output=True, text=True, timeout=60).stdout
    assert "Signature is Valid" in told, told
