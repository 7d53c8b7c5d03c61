"""The pages over TLS: who is believed, what the plain port still serves, a renewed certificate, cookies and origins."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import os
import ssl
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientConnectorCertificateError, ClientSession, CookieJar, TCPConnector
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance.accounts import acts, hashing
from appliance.config import Config, ConfigError, load_config
from appliance.config_sections import WebSection
from appliance.demo.installation import free_port
from appliance.health import _pages
from appliance.services.clock import utc_now
from appliance.store import open_store
from appliance.store.standing import Role
from appliance.web.site import serve
from appliance.web.tls import PageCertificate
from tests.fixtures_store import NOW
from tests.fixtures_web import office_config, visiting

PASSWORD = "con trâu đi trước 7"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A CA of this test, and leaves for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "ca.pem"
        self.certificate = self._made(_name("CA thử nghiệm"), self._key, None)
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _made(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, address: str | None) -> x509.Certificate:
        now = utc_now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name("CA thử nghiệm"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=400))
            .add_extension(x509.BasicConstraints(address is None, None), critical=True)
        )
        if address:
            names = [x509.IPAddress(ipaddress.ip_address(address)), x509.DNSName("commune-27007.local")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def leaf(self) -> tuple[Path, Path]:
        """Write (again) a certificate and its key; their files."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, private = self.folder / "leaf.pem", self.folder / "leaf.key"
        content = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        for file, written in (
            (certificate, self._made(_name("hop"), key, "127.0.0.1").public_bytes(serialization.Encoding.PEM)),
            (private, content),
        ):
            part = file.with_suffix(".part")
            part.write_bytes(written)
            part.rename(file)
        return certificate, private


@dataclass
class Served:
    """A running ``serve web`` and two browsers' worth of trust."""

    config: Config
    trusting: ClientSession
    doubting: ClientSession

    @property
    def safe(self) -> str:
        return f"https://127.0.0.1:{self.config.web.port}"

    @property
    def plain(self) -> str:
        return f"http://127.0.0.1:{self.config.web.plain_port}"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def served(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(hashing, "MEMORY_KIB", 8)
    monkeypatch.setattr(hashing, "PASSES", 1)
    certificate, key = authority.leaf()
    taken: set[int] = set()
    section = WebSection("127.0.0.1", free_port(taken), certificate, key, authority.file, free_port(taken))
    config = office_config(tmp_path, web=section)
    store = open_store(config.database, config.blobs)
    acts.add(store, "lan", "Trần Thị Lan", Role.CLERK, PASSWORD, "test", utc_now(), must_change=False)
    store.close()
    stop, ready = threading.Event(), threading.Event()
    running = threading.Thread(target=serve, args=(config, stop, ready.set))
    running.start()
    assert await asyncio.to_thread(ready.wait, 60)
    jar = CookieJar(unsafe=True)
    trust = ssl.create_default_context(cafile=str(authority.file))
    async with (
        ClientSession(connector=TCPConnector(ssl=trust), cookie_jar=jar) as trusting,
        ClientSession() as doubting,
    ):
        yield Served(config, trusting, doubting)
    stop.set()
    await asyncio.to_thread(running.join, 60)


async def test_the_pages_speak_tls_to_who_trusts_the_ca_and_the_plain_port_gives_the_ca(
    served: Served, authority: Authority
) -> None:
    with pytest.raises(ClientConnectorCertificateError):
        await served.doubting.get(f"{served.safe}/sign-in")
    async with served.doubting.get(f"{served.plain}/ca.crt") as answer:
        fetched = await answer.read()
        assert answer.content_type == "application/x-x509-ca-cert"
    assert fetched == authority.certificate.public_bytes(serialization.Encoding.DER)
    mark = hashlib.sha256(fetched).hexdigest().upper()
    for path in ("/", "/ca", "/ca?lang=en"):
        async with served.doubting.get(f"{served.plain}{path}") as answer:
            text = await answer.text()
            assert answer.status == 200 and mark in text.replace(" ", "") and f"{served.safe}/" in text
    async with served.trusting.get(f"{served.safe}/ca") as answer:
        assert answer.status == 200 and mark in (await answer.text()).replace(" ", "")


async def test_the_plain_port_leads_on_and_takes_nothing(served: Served) -> None:
    for path in ("/sign-in", "/papers/none?x=1", "/healthz"):
        async with served.doubting.get(f"{served.plain}{path}", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (307, served.safe + path)
    for path in ("/sign-in", "/ca", "/"):
        headers = {"Origin": served.plain}
        async with served.doubting.post(f"{served.plain}{path}", data={"login": "lan"}, headers=headers) as answer:
            assert answer.status in (404, 405)
    async with served.doubting.get(f"{served.plain}/x", headers={"Host": "evil.example.com"}) as answer:
        assert answer.status == 421, "no redirect to a name that somebody else chose"


async def test_the_cookie_is_for_this_host_and_tls_alone_and_a_plain_origin_is_another(served: Served) -> None:
    form = {"login": "lan", "password": PASSWORD}
    for origin, expected in ((f"http://127.0.0.1:{served.config.web.port}", 403), (served.safe, 303)):
        async with served.trusting.post(
            f"{served.safe}/sign-in", data=form, headers={"Origin": origin}, allow_redirects=False
        ) as answer:
            assert answer.status == expected, origin
    said = answer.headers["Set-Cookie"]
    assert said.startswith("__Host-commune-box-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(said.split("; ")) and "Domain" not in said
    assert "Strict-Transport-Security" not in answer.headers
    async with served.trusting.get(f"{served.safe}/me") as page:
        assert page.status == 200


def test_a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not(authority: Authority) -> None:
    certificate, key = authority.leaf()
    shown = PageCertificate(WebSection(certificate=certificate, key=key))
    first = _shown(shown)
    assert not shown.renew() and _shown(shown) == first
    key.write_text("no key", encoding="ascii")
    assert not shown.renew() and _shown(shown) == first
    authority.leaf()
    os.utime(certificate, ns=(1, 1))
    assert shown.renew() and _shown(shown) != first
    certificate.unlink()
    assert not shown.renew()


def _shown(page: PageCertificate) -> bytes:
    """The certificate that a client gets, in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    client = trust.wrap_bio(to_client, to_server)
    server = page.context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize("lines", ['certificate = "a.pem"', 'key = "a.key"', "plain_port = 80"])
def test_half_a_configuration_is_refused(tmp_path: Path, lines: str) -> None:
    small = '[box]\nid = "commune-01234"\ncommune = "UBND xã Thử"\nstate_dir = "state"\n'
    (tmp_path / "box.toml").write_text(f"{small}[web]\n{lines}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path / "box.toml")
    assert refused.value.code == "config-bad-value" and str(refused.value.params["key"]).startswith("web.")


async def test_a_box_without_a_ca_has_no_page_for_one(tmp_path: Path) -> None:
    config = office_config(tmp_path)
    store = open_store(config.database, config.blobs)
    async with visiting(config, store, lambda: NOW) as stranger:
        for path in ("/ca", "/ca.crt"):
            assert (await stranger.get(path))[0] == 404
    store.close()


def test_a_certificate_that_ends_or_is_away_is_a_finding(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.leaf()
    config = office_config(tmp_path, web=WebSection(certificate=certificate, key=key, ca=authority.file))

    def codes(days: int) -> list[str]:
        return [one.code for one in _pages(config, utc_now() + timedelta(days=days))]

    assert codes(0) == [] and codes(369) == []
    assert codes(371) == ["web-certificate-ends"] and codes(401) == ["web-certificate-ended"]
    certificate.write_text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", encoding="ascii")
    key.unlink()
    assert codes(0) == ["file-missing", "certificate-file-unreadable"]
