"""Keys, certificates, broker settings and province.toml, without any process."""

from __future__ import annotations

import datetime as dt
import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sync.protocol.topics import broker_access_list
from sync.province import installation, pki
from sync.province.config import BadConfig, Config, Folder, load, render
from sync.province.store import ProvinceStore
from sync.wire_identity import SigningKey

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def name_of(found: x509.Certificate) -> str:
    return str(found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


@pytest.mark.parametrize(
    "name",
    [
        "+",
        "#",
        "commune-+",
        "commune-1234",
        "commune-123456",
        "Commune-12345",
        "commune-12345\n",
        "commune-１２３４５",
        "",
    ],
)
def test_a_name_that_is_not_a_box_gets_no_certificate(province_folder: Folder, tmp_path: Path, name: str) -> None:
    with pytest.raises(pki.BadBoxName):
        installation.enrol(province_folder, name, "UBND xã", tmp_path / "out", NOW)
    assert not (tmp_path / "out").exists()


def test_init_makes_everything_and_twice_changes_no_key(province_folder: Folder) -> None:
    keys = [
        province_folder.ca_key,
        province_folder.broker_key,
        province_folder.receiver_key,
        province_folder.receipt_key,
    ]
    before = [key.read_bytes() for key in keys]
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)
    installation.initialise(province_folder, Config(broker_port=1), "127.0.0.1", NOW)
    assert [key.read_bytes() for key in keys] == before
    assert load(province_folder.settings) == Config()


def test_certificates_say_what_they_are_for(province_folder: Folder) -> None:
    ca = certificate(province_folder.ca)
    broker, receiver = (
        certificate(province_folder.broker_certificate),
        certificate(province_folder.receiver_certificate),
    )
    for leaf, usage in ((broker, ExtendedKeyUsageOID.SERVER_AUTH), (receiver, ExtendedKeyUsageOID.CLIENT_AUTH)):
        leaf.verify_directly_issued_by(ca)
        assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [usage]
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = broker.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert name_of(receiver) == pki.RECEIVER


def test_enrol_gives_a_box_what_it_needs_and_remembers_it(province_folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "box"
    installation.enrol(province_folder, "commune-27007", "UBND xã Tân Phú", out, NOW)
    assert sorted(path.name for path in out.iterdir()) == [
        "ca.pem", "client.key", "client.pem", "device.key", "province.json"
    ]  # fmt: skip
    facts = json.loads((out / "province.json").read_text("utf-8"))
    public = SigningKey.load(province_folder.receipt_key).public
    assert facts == {
        "host": "127.0.0.1",
        "port": 8883,
        "ca": "ca.pem",
        "receipt_keys": {pki.key_id(public): public.hex()},
        "box": "commune-27007",
        "commune": "UBND xã Tân Phú",
    }
    assert name_of(certificate(out / "client.pem")) == "commune-27007"
    box = ProvinceStore(province_folder.rows).fleet.box("commune-27007")
    assert box is not None
    assert box.device_key == SigningKey.load(out / "device.key").public
    with pytest.raises(installation.NotEmpty):
        installation.enrol(province_folder, "commune-27007", "UBND xã Tân Phú", out, NOW)


def test_mosquitto_asks_for_certificates_and_bounds_what_it_holds(province_folder: Folder) -> None:
    lines = province_folder.mosquitto_conf.read_text("utf-8").splitlines()
    for line in (
        "listener 8883 127.0.0.1",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous false",
        "max_inflight_messages 20",
        "max_packet_size 131072",
        "persistence true",
        "autosave_interval 60",
    ):
        assert line in lines
    assert not any(line.startswith("message_size_limit") for line in lines)
    assert province_folder.access_list.read_text("utf-8") == broker_access_list(pki.RECEIVER)
    assert stat.S_IMODE(province_folder.access_list.stat().st_mode) == 0o600


def test_settings_survive_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "province.toml"
    wanted = Config(province_name='Tỉnh "Lâm Đồng"', verify_command=("true", "{file}"), verify_seconds=2.5)
    path.write_text(render(wanted), "utf-8")
    assert load(path) == wanted


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("broker_prot = 1", "broker_prot"),
        ('broker_port = "8883"', "broker_port"),
        ("broker_port = true", "broker_port"),
        ("verify_command = []", "verify_command"),
        ("verify_command = [1]", "verify_command"),
        ("broken", "province.toml"),
    ],
)
def test_a_mistake_in_the_settings_is_named(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "province.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadConfig, match=key):
        load(path)
