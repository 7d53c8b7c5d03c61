"""What was enrolled, as files: nothing is lost by a renewal, and nothing unreadable is taken for an enrolment."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_pem_x509_certificate

from appliance.cli import main
from appliance.cli.output import ExitCode
from appliance.config import ConfigError, load_config
from appliance.demo.pki import issue_certificate, make_pki
from appliance.signers import signer_places, signing_service
from hsm import enrolment
from hsm.client import RoutedSigner, SocketSigner
from hsm.enrolment import Enrolment, EnrolmentError
from hsm.modules import find_modules

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def certificate(days: int = 100) -> bytes:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    made = issue_certificate(make_pki(NOW), pem, "Nguyễn Văn Thử", "UBND xã", NOW, NOW + timedelta(days=days))
    return load_pem_x509_certificate(made).public_bytes(serialization.Encoding.DER)


def enrolled(der: bytes, slot: str = "leader", module: str = "/usr/lib/libone.so", serial: str = "S1") -> Enrolment:
    return Enrolment(
        slot=slot,
        module=module,
        environment={"A": "b"},
        token_label="VGCA Token",
        token_serial=serial,
        key_id="01",
        mechanism="ecdsa-p256",
        hashed_by="signer",
        pin_each_signature=True,
        pin_pad=False,
        certificates=(enrolment.describe(der, serial, "01", NOW),),
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    der = certificate()
    made = enrolled(der)
    path = enrolment.save(tmp_path / "signing", made, der)
    assert enrolment.load(tmp_path / "signing", "leader") == made
    assert path.stat().st_mode & 0o777 == 0o644
    assert b"BEGIN CERTIFICATE" in (tmp_path / "signing" / made.present.file).read_bytes()
    assert made.present.subject == "Nguyễn Văn Thử" and made.present.not_after.startswith("2027-03-02")
    assert enrolment.load(tmp_path / "signing", "agency") is None
    assert not list((tmp_path / "signing").glob("*.part"))


def test_every_certificate_a_slot_ever_had_is_kept() -> None:
    first, second, third = (enrolled(certificate(), serial=serial) for serial in ("S1", "S1", "S2"))
    once = enrolment.renewed(first, second, NOW + timedelta(days=1))
    twice = enrolment.renewed(once, third, NOW + timedelta(days=2))
    assert [one.sha256 for one in twice.certificates] == [one.present.sha256 for one in (third, second, first)]
    assert [one.retired_at for one in twice.certificates] == [
        "",
        "2026-11-24T01:00:00+00:00",
        "2026-11-23T01:00:00+00:00",
    ]
    assert [one.token_serial for one in twice.certificates] == ["S2", "S1", "S1"]
    again = enrolment.renewed(twice, dataclasses.replace(second), NOW + timedelta(days=3))
    assert [one.sha256 for one in again.certificates].count(second.present.sha256) == 1
    assert again.present.retired_at == ""


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 9}', '{"version": 1, "slot": "leader", "certificates": []}', '{"version": 1}'],
)
def test_an_unreadable_enrolment_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "leader.json").write_text(content)
    with pytest.raises(EnrolmentError, match="enrolment-unreadable"):
        enrolment.load(tmp_path, "leader")


def test_an_enrolment_of_another_slot_is_no_enrolment(tmp_path: Path) -> None:
    der = certificate()
    enrolment.save(tmp_path, enrolled(der, "agency"), der)
    (tmp_path / "agency.json").rename(tmp_path / "leader.json")
    with pytest.raises(EnrolmentError):
        enrolment.load(tmp_path, "leader")


def box(folder: Path, more: str = "") -> Path:
    path = folder / "config.toml"
    path.write_text(
        f'[box]\nid = "commune-27007"\ncommune = "X"\nstate_dir = "s"\n[signer]\nmodule = "/usr/lib/libone.so"\n{more}'
    )
    return path


def test_the_box_takes_what_was_enrolled(tmp_path: Path) -> None:
    leader, agency = certificate(), certificate()
    enrolment.save(tmp_path / "signing", enrolled(leader, "leader", "/usr/lib/libtwo.so"), leader)
    enrolment.save(tmp_path / "signing", enrolled(agency, "agency"), agency)
    config = load_config(box(tmp_path))
    keys = {key.slot: key for key in config.signer.keys}
    assert keys["agency"].module is None and keys["leader"].module == Path("/usr/lib/libtwo.so")
    assert keys["leader"].environment == {"A": "b"} and keys["leader"].pin_each_signature
    assert (keys["leader"].serial, keys["leader"].token) == ("S1", "VGCA Token") and keys[
        "leader"
    ].hashed_by == "signer"
    assert [(place.name, place.socket.name) for place in signer_places(config)] == [
        ("", "signer.sock"),
        ("leader", "signer-leader.sock"),
    ]
    assert isinstance(signing_service(config), RoutedSigner)


def test_a_slot_in_the_file_stays_as_the_file_says(tmp_path: Path) -> None:
    der = certificate()
    enrolment.save(tmp_path / "signing", enrolled(der, "agency"), der)
    key = '[[signer.keys]]\nslot = "agency"\ntoken = "mine"\nkey_id = "07"\ncertificate = "a.pem"\n'
    config = load_config(box(tmp_path, key))
    assert [(one.slot, one.token) for one in config.signer.keys] == [("agency", "mine")]
    assert isinstance(signing_service(config), SocketSigner)


def test_a_broken_enrolment_stops_the_box_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "signing").mkdir()
    (tmp_path / "signing" / "agency.json").write_text("{")
    with pytest.raises(ConfigError) as caught:
        load_config(box(tmp_path))
    assert caught.value.code == "enrolment-unreadable"


def test_keys_of_one_module_share_a_signer(tmp_path: Path) -> None:
    key = '[[signer.keys]]\nslot = "{0}"\ntoken = "{0}"\nkey_id = "01"\ncertificate = "a.pem"\n'
    key += 'module = "/usr/lib/libtwo.so"\n'
    config = load_config(box(tmp_path, key.format("leader") + key.format("agency")))
    (place,) = signer_places(config)
    assert place.name == "leader" and [key.slot for key in place.keys] == ["leader", "agency"]


def test_modules_are_found_once_and_a_spy_never(tmp_path: Path) -> None:
    library, settings = tmp_path / "lib", tmp_path / "modules"
    library.mkdir()
    settings.mkdir()
    for name in ("libbit4xpki.so", "vendor.so", "pkcs11-spy.so"):
        (library / name).write_bytes(b"")
    (library / "libIDPrimePKCS11.so").symlink_to("vendor.so")
    (settings / "a.module").write_text("module: vendor.so\n")
    (settings / "b.module").write_text(f"# comment\nmodule: {library}/pkcs11-spy.so\n")
    found = find_modules([str(library)], [str(settings), str(tmp_path / "absent")])
    assert [(one.path.name, one.maker) for one in found] == [
        ("libbit4xpki.so", "bit4id"),
        ("libIDPrimePKCS11.so", "Thales IDPrime"),
    ]


def test_a_signer_without_a_key_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    for more in ([], ["--only", "leader"]):
        told = CliRunner().invoke(main, ["--config", str(box(tmp_path)), "serve", "signer", *more])
        assert told.exit_code == ExitCode.CONFIGURATION
