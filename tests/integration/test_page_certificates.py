"""TLS for a box's pages from the province: an authority of its own, which can speak for offices' networks alone."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509

from sync.province.cli import main
from sync.province.page_authority import TITLE, ForeignHost, load_or_make, page_certificate
from sync.province.pki import server_certificate

BOX = "commune-27007"


def made(place: Path, out: Path, *words: str, exit_code: int = 0) -> dict[str, Any]:
    given = ["page-certificate", BOX, "--dir", str(place), "--out", str(out), "--json", *words]
    answer = CliRunner().invoke(main, given)
    assert answer.exit_code == exit_code, answer.output
    return dict(json.loads(answer.stdout)) if exit_code == 0 else {}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    answer = CliRunner().invoke(main, ["init", "--dir", str(tmp_path / "tinh"), "--json"])
    assert answer.exit_code == 0, answer.output
    return tmp_path / "tinh"


def handshake(certificate: Path, key: Path, ca: Path, host: str) -> None:
    """Server and client in memory, as a browser that trusts the CA would judge. Raises ssl.SSLCertVerificationError."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=str(ca)).wrap_bio(to_client, to_server, server_hostname=host)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_a_browser_that_trusts_the_ca_believes_the_boxs_pages(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "hop"
    facts = made(place, out, "--host", "192.168.1.10", "--host", "hop.local")
    for host in ("192.168.1.10", "hop.local"):
        handshake(out / "pages.pem", out / "pages.key", out / "pages-ca.pem", host)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(out / "pages.pem", out / "pages.key", out / "pages-ca.pem", "192.168.1.11")
    assert (out / "pages.key").stat().st_mode & 0o777 == 0o600
    again = made(place, tmp_path / "other", "--host", "10.1.2.3")
    assert again["ca_sha256"] == facts["ca_sha256"], "one authority for the province"
    assert (place / "pages-ca.pem").read_bytes() != (place / "ca.pem").read_bytes()
    made(place, out, "--host", "192.168.1.10", exit_code=3)


@pytest.mark.parametrize("host", ["bank.example.com", "203.0.113.7", "local.example.com", "notlocal", "2001:db8::1"])
def test_the_authority_cannot_speak_for_the_internet(place: Path, tmp_path: Path, host: str) -> None:
    made(place, tmp_path / "hop", "--host", host, exit_code=5)
    now = datetime.now(UTC)
    authority = load_or_make(place / "pages-ca.pem", place / "pages-ca.key", (), now)
    with pytest.raises(ForeignHost):
        page_certificate(authority, [host], now)
    stolen = server_certificate(authority, [host], now)  # what a thief of the key would sign without asking
    (tmp_path / "leaf.pem").write_bytes(stolen.certificate)
    (tmp_path / "leaf.key").write_bytes(stolen.key)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(tmp_path / "leaf.pem", tmp_path / "leaf.key", place / "pages-ca.pem", host)


def test_a_zone_of_the_province_is_named_when_the_authority_is_made(place: Path, tmp_path: Path) -> None:
    name = "commune-27007.xa.tinh.example"
    made(place, tmp_path / "hop", "--host", name, "--zone", "xa.tinh.example")
    handshake(tmp_path / "hop" / "pages.pem", tmp_path / "hop" / "pages.key", place / "pages-ca.pem", name)
    made(place, tmp_path / "other", "--host", "x.example.net", "--zone", "example.net", exit_code=5)
    certificate = x509.load_pem_x509_certificate((place / "pages-ca.pem").read_bytes())
    assert certificate.extensions.get_extension_for_class(x509.NameConstraints).critical
    assert certificate.subject.rfc4514_string() == f"CN={TITLE}"


def test_a_key_without_its_certificate_is_made_anew(place: Path) -> None:
    (place / "pages-ca.key").write_bytes(b"cut short")
    now = datetime.now(UTC)
    assert load_or_make(place / "pages-ca.pem", place / "pages-ca.key", (), now)


def test_a_wrong_box_name(place: Path, tmp_path: Path) -> None:
    given = ["page-certificate", "+", "--dir", str(place), "--out", str(tmp_path / "x"), "--host", "10.0.0.1"]
    assert CliRunner().invoke(main, given).exit_code == 3
