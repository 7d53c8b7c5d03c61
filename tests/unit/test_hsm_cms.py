"""Our own CMS against a general decoder: every value where RFC 5652 wants it, and DER in the one allowed form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from asn1crypto import cms as decoder
from asn1crypto import pem, tsp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from appliance.demo.pki import issue_certificate, make_pki
from hsm import cms
from hsm.embedding import SigningKey, signed_digest_algorithm
from hsm.signed_attributes import message_digest
from tests.fakes.signing import FakeSigner

assert tsp.SigningCertificateV2
DIGEST = sha256(b"a document").digest()


def _certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    now = datetime.now(UTC)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    issued = issue_certificate(
        make_pki(now), public, "Nguyễn Thị Thử", "UBND xã Thử", now - timedelta(hours=1), now + timedelta(days=9)
    )
    der: bytes = pem.unarmor(issued)[2]
    return der


@pytest.fixture(scope="module")
def certificate() -> bytes:
    return _certificate(rsa.generate_private_key(65537, 2048))


def test_the_signer_process_accepts_the_attributes(certificate: bytes) -> None:
    assert message_digest(cms.signed_attributes(certificate, DIGEST), certificate) == DIGEST


def test_the_attributes_are_three_in_order_of_der(certificate: bytes) -> None:
    attributes = cms.signed_attributes(certificate, DIGEST)
    read = decoder.CMSAttributes.load(attributes, strict=True)
    assert [each["type"].native for each in read] == ["content_type", "message_digest", "signing_certificate_v2"]
    assert read.dump(force=True) == attributes
    (named,) = read[2]["values"][0]["certs"]
    assert named["issuer_serial"]["serial_number"].native > 0
    assert named["issuer_serial"]["issuer"][0].chosen.native["common_name"]


@pytest.mark.parametrize("mechanism", ["rsa-v15", "rsa-pss", "ecdsa-p256"])
def test_a_general_decoder_reads_back_what_was_put_in(certificate: bytes, mechanism: str) -> None:
    attributes, algorithm = cms.signed_attributes(certificate, DIGEST), signed_digest_algorithm(mechanism)
    other = _certificate(rsa.generate_private_key(65537, 2048))
    made = cms.detached(certificate, [other, certificate], attributes, b"\x05" * 256, algorithm)
    read = decoder.ContentInfo.load(made, strict=True)
    content = read["content"]
    assert (read["content_type"].native, content["version"].native) == ("signed_data", "v1")
    assert content["encap_content_info"]["content_type"].native == "data"
    assert content["encap_content_info"]["content"].native is None
    assert sorted(each.chosen.dump() for each in content["certificates"]) == sorted([certificate, other])
    (signer,) = content["signer_infos"]
    assert signer["signed_attrs"].untag().dump() == attributes
    assert (signer["signature"].native, signer["digest_algorithm"]["algorithm"].native) == (b"\x05" * 256, "sha256")
    assert signer["signature_algorithm"].dump() == algorithm.dump()
    assert (
        signer["sid"].chosen["issuer"].native["common_name"]
        == content["certificates"][0].chosen.issuer.native["common_name"]
    )
    assert read.dump(force=True) == made, "DER"


def test_room_for_the_largest_signature(certificate: bytes) -> None:
    def size(der: bytes) -> int:
        return SigningKey(FakeSigner({}), der, (), "rsa-v15").signature_size

    assert size(certificate) == 256
    assert size(_certificate(rsa.generate_private_key(65537, 3072))) == 384
    assert size(_certificate(ec.generate_private_key(ec.SECP256R1()))) == 72


def test_the_leaf_is_embedded_once(certificate: bytes) -> None:
    assert SigningKey(FakeSigner({}), certificate, (certificate,), "rsa-v15").certificates() == []
