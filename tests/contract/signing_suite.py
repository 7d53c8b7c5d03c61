"""What every SigningService must do, whoever is behind it. Subclass, give the fixtures `service` and `subject`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hsm.api import FaultClass, SigningError, SigningService


@dataclass(frozen=True)
class Subject:
    """What the suite must know of the service under test: right PINs and certificates (DER) by slot."""

    pins: dict[str, str]
    certificates: dict[str, bytes]


def signed_attributes(certificate: bytes, content: bytes = b"a document", content_type: str = "data") -> bytes:
    """Acceptable signed attributes for a document's bytes under a certificate (DER SET)."""
    certificate_id = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate).digest()})
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": [content_type]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
            cms.CMSAttribute(
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2({"certs": [certificate_id]})],
                }
            ),
        ]
    ).dump()


def check(certificate: bytes, signature: bytes, content: bytes) -> None:
    """Raises when the signature is not by the certificate's key."""
    public = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signature, content, padding.PKCS1v15(), hashes.SHA256())


class SigningSuite:
    """The port's contract (hsm.api.SigningService)."""

    def test_nobody_is_logged_in_at_first(self, service: SigningService, subject: Subject) -> None:
        keys = {key.slot: key for key in service.state().keys}
        assert set(keys) == set(subject.pins)
        assert not any(key.logged_in for key in keys.values())
        assert all(key.present and key.pin_flags == () for key in keys.values())
        assert {slot: key.certificate_der for slot, key in keys.items()} == subject.certificates

    def test_unknown_slot_is_refused_everywhere(self, service: SigningService) -> None:
        for call in (
            lambda: service.login("mayor", "1234"),
            lambda: service.logout("mayor"),
            lambda: service.sign("mayor", b"1", "d"),
            lambda: service.state().key("mayor"),
        ):
            with pytest.raises(SigningError) as caught:
                call()
            assert (caught.value.fault, caught.value.code) == (FaultClass.CONFIG, "slot-unknown")

    def test_signing_needs_a_login(self, service: SigningService, subject: Subject) -> None:
        with pytest.raises(SigningError) as caught:
            service.sign("agency", signed_attributes(subject.certificates["agency"]), "d1")
        assert (caught.value.fault, caught.value.code) == (FaultClass.AUTH_LOST, "not-logged-in")

    def test_a_signature_verifies_under_the_enrolled_certificate(
        self, service: SigningService, subject: Subject
    ) -> None:
        for slot, pin in subject.pins.items():
            service.login(slot, pin)
            attributes = signed_attributes(subject.certificates[slot])
            check(subject.certificates[slot], service.sign(slot, attributes, "d1"), attributes)

    def test_a_wrong_pin_spends_one_try_and_is_told(self, service: SigningService, subject: Subject) -> None:
        with pytest.raises(SigningError) as caught:
            service.login("agency", "000000")
        assert (caught.value.fault, caught.value.code) == (FaultClass.AUTH_WRONG, "pin-wrong")
        key = service.state().key("agency")
        assert not key.logged_in and "count-low" in key.pin_flags
        service.login("agency", subject.pins["agency"])
        assert service.state().key("agency").pin_flags == ()

    def test_a_wrong_pin_on_one_token_leaves_the_other_logged_in(
        self, service: SigningService, subject: Subject
    ) -> None:
        service.login("leader", subject.pins["leader"])
        with pytest.raises(SigningError):
            service.login("agency", "000000")
        attributes = signed_attributes(subject.certificates["leader"])
        check(subject.certificates["leader"], service.sign("leader", attributes, "d1"), attributes)

    def test_logout_ends_the_login_of_that_token_only(self, service: SigningService, subject: Subject) -> None:
        for slot, pin in subject.pins.items():
            service.login(slot, pin)
        service.logout("agency")
        service.logout("agency")
        assert [key.slot for key in service.state().keys if key.logged_in] == ["leader"]
        with pytest.raises(SigningError) as caught:
            service.sign("agency", signed_attributes(subject.certificates["agency"]), "d1")
        assert caught.value.fault is FaultClass.AUTH_LOST

    def test_logging_in_again_is_fine(self, service: SigningService, subject: Subject) -> None:
        begun = set()
        for _ in range(3):
            service.login("agency", subject.pins["agency"])
            begun.add(service.state().key("agency").since)
        assert service.state().key("agency").logged_in
        assert len(begun) == 3 and "" not in begun
        service.logout("agency")
        assert service.state().key("agency").since == ""

    def test_attributes_of_another_certificate_are_refused(self, service: SigningService, subject: Subject) -> None:
        service.login("agency", subject.pins["agency"])
        with pytest.raises(SigningError) as caught:
            service.sign("agency", signed_attributes(subject.certificates["leader"]), "d1")
        assert (caught.value.fault, caught.value.code) == (FaultClass.CONFIG, "certificate-not-enrolled")

    @pytest.mark.parametrize("content", [b"", b"\x30\x00", b"\x31\x00", b"\x31\x80\x00", b"pay 1000", b"\x31" * 300])
    def test_anything_else_is_not_signed(self, service: SigningService, subject: Subject, content: bytes) -> None:
        service.login("agency", subject.pins["agency"])
        with pytest.raises(SigningError) as caught:
            service.sign("agency", content, "d1")
        assert caught.value.fault is FaultClass.CONFIG
        assert service.state().key("agency").logged_in

    def test_a_batch_ends_with_its_last_document(self, service: SigningService, subject: Subject) -> None:
        certificate = subject.certificates["agency"]
        service.login("agency", subject.pins["agency"], documents=2)
        assert service.state().key("agency").documents_left == 2
        for document, left in (("d1", 1), ("d1", 1), ("d2", None)):  # the same document again counts once
            attributes = signed_attributes(certificate, document.encode())
            check(certificate, service.sign("agency", attributes, document), attributes)
            assert service.state().key("agency").documents_left == left
        key = service.state().key("agency")
        assert (key.logged_in, key.ended) == (False, "batch-done")
        with pytest.raises(SigningError) as caught:
            service.sign("agency", signed_attributes(certificate), "d3")
        assert caught.value.fault is FaultClass.AUTH_LOST

    def test_without_a_pin_no_try_is_made(self, service: SigningService) -> None:
        with pytest.raises(SigningError) as caught:
            service.login("agency", "")
        assert (caught.value.fault, caught.value.code) == (FaultClass.AUTH_LOST, "pin-needed")
        assert service.state().key("agency").pin_flags == ()

    def test_why_a_login_ended_is_told(self, service: SigningService, subject: Subject) -> None:
        service.login("agency", subject.pins["agency"])
        assert service.state().key("agency").ended == ""
        service.logout("agency")
        assert service.state().key("agency").ended == "logged-out"
