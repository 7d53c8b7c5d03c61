"""What a box says about itself: on the wire, gathered on the box, kept at the province."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from appliance.config import KeySection, SignerSection, SyncSection
from appliance.services.vitals import vitals
from appliance.store import Store
from sync.protocol.codec import CodecError
from sync.protocol.messages import Presence
from sync.protocol.step import BoxSeen
from sync.province.keeping import Keeper
from sync.province.store import Box, ProvinceStore
from tests.fixtures_web import Papers, office_config

BOX = "commune-27007"


def certificate(path: Path, ends: datetime) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "thử")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(ends - timedelta(days=900)).not_valid_after(ends).sign(key, hashes.SHA256())
    )  # fmt: skip
    path.write_bytes(made.public_bytes(Encoding.PEM))


def test_figures_that_are_not_known_cost_nothing_on_the_wire() -> None:
    plain = Presence(True, 3, 100, 2, 700, 60, "0.1.0", 10**9)
    told = dataclasses.replace(plain, token_ends=1_800_000_000, scanned_at=1_799_999_000, scanned=12)
    named = dataclasses.replace(plain, profile=b"12345678")
    assert Presence.decode(named.encode()) == named
    assert len(named.encode()) - len(plain.encode()) == 10
    with pytest.raises(CodecError):
        Presence.decode(dataclasses.replace(plain, profile=b"1234567").encode())
    assert Presence.decode(plain.encode()) == plain
    assert Presence.decode(told.encode()) == told
    assert plain.encode()[0] == 0xA9, "nine keys, as before these fields were there"
    assert len(told.encode()) - len(plain.encode()) == 6 + 6 + 2


def test_the_box_gathers_what_it_knows(store: Store, tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, 8, tzinfo=UTC)
    line, agency = tmp_path / "hộp.pem", tmp_path / "cơ-quan.pem"
    certificate(line, now + timedelta(days=100))
    certificate(agency, now + timedelta(days=20))
    sync = SyncSection("m", line, line, line, line)
    base = office_config(tmp_path, sync=sync)
    config = dataclasses.replace(base, signer=SignerSection(keys=(KeySection("agency", "t", "01", agency),)))
    papers = Papers(store, lambda: now - timedelta(hours=3), tmp_path / "scratch")
    papers.digitized()
    told = vitals(config, store, now)
    assert told.disk_free > 0
    assert told.link_ends == int((now + timedelta(days=100)).timestamp())
    assert told.token_ends == int((now + timedelta(days=20)).timestamp())
    assert (told.scanned, told.scanned_at) == (1, int((now - timedelta(hours=3)).timestamp()))


def test_what_cannot_be_read_is_left_out_and_the_sign_of_life_goes_on(store: Store, tmp_path: Path) -> None:
    missing = tmp_path / "không-có.pem"
    config = office_config(tmp_path, sync=SyncSection("m", missing, missing, missing, missing))
    told = vitals(dataclasses.replace(config, signer=SignerSection()), store, datetime.now(UTC))
    assert (told.link_ends, told.token_ends, told.scanned, told.scanned_at) == (0, 0, 0, 0)


def test_the_province_keeps_them_with_the_last_sign_of_life(tmp_path: Path) -> None:
    kept = ProvinceStore(tmp_path / "tỉnh")
    kept.fleet.enrol(Box(BOX, "UBND xã Tân Phú", bytes(32), "ab", 0.0))
    said = Presence(True, 3, 1000, token_ends=5000, scanned=4, profile=bytes(7) + b"\x01")
    Keeper(kept).carry_out(BoxSeen(BOX, said, 1000, False), 1000.0)
    assert kept.fleet.presences()[BOX].said == {
        "boot_sequence": 3, "token_ends": 5000, "scanned": 4, "profile": "0000000000000001",
    }  # fmt: skip
    kept.close()
