"""A whole test authority on loopback: root, issuing CA, OCSP, lists of revoked certificates, two time-stamp services.

Owns one `TestAuthority` a test run: its keys, its one YAML file, and a real HTTP server whose clock can be set (time
travel) and whose faults can be asked for by path (`/fault/<name>`). The signers' keys stay with the fake signing
service; the authority knows their public halves only, as with keys on a token (signing.md 11.1).
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from asn1crypto import pem, tsp
from certomancer.integrations.aiohttp_illusionist import AsyncIllusionist
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, PKIArchitecture, ServiceLabel
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hsm.pades import apply_signature
from hsm.stamps import StampImage
from hsm.trust import Trust
from tests.data.signing_pages import make_page, make_seal, make_signature
from tests.fakes.signing import FakeKey, FakeSigner

LEADER, AGENCY = "Nguyễn Thị Thử Nghiệm", "Ủy ban nhân dân xã Thử Nghiệm"
TODAY = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
"""The day on which the tests sign; every moment of a test is given, none is read from a clock."""
_OWN_KEYS = ("root", "issuing", "ocsp", "tsa", "tsa2", "strange-root", "strange-tsa")
_SIGNER_KEYS = ("leader", "agency")

_YAML = """
external-url-prefix: "{url}"
keysets:
  box:
    path-prefix: "{keys}"
    keys:
{key_lines}
pki-architectures:
  box:
    keyset: box
    entity-defaults: {{country-name: VN, organization-name: "UBND xã Thử Nghiệm"}}
    entities:
      root: {{common-name: "CA gốc thử nghiệm"}}
      issuing: {{common-name: "CA cấp phát thử nghiệm G2"}}
      ocsp: {{common-name: "OCSP thử nghiệm"}}
      tsa: {{common-name: "Dấu thời gian thử nghiệm 1"}}
      tsa2: {{common-name: "Dấu thời gian thử nghiệm 2"}}
      strange-root: {{common-name: "CA gốc lạ"}}
      strange-tsa: {{common-name: "Dấu thời gian lạ"}}
      leader: {{common-name: "{leader}"}}
      agency: {{common-name: "{agency}"}}
    certs:
      root: &authority
        subject: root
        subject-key: root
        issuer: root
        authority-key: root
        validity: {{valid-from: "2020-01-01T00:00:00+0000", valid-to: "2045-01-01T00:00:00+0000"}}
        extensions:
          - {{id: basic_constraints, critical: true, value: {{ca: true}}}}
          - {{id: key_usage, critical: true, smart-value: {{schema: key-usage, params: [key_cert_sign, crl_sign]}}}}
      strange-root:
        <<: *authority
        subject: strange-root
        subject-key: strange-root
        issuer: strange-root
        authority-key: strange-root
      issuing:
        issuer: root
        authority-key: root
        validity: {{valid-from: "2021-01-01T00:00:00+0000", valid-to: "2040-01-01T00:00:00+0000"}}
        extensions:
          - {{id: basic_constraints, critical: true, value: {{ca: true, path-len-constraint: 0}}}}
          - {{id: key_usage, critical: true, smart-value: {{schema: key-usage, params: [key_cert_sign, crl_sign]}}}}
          - {{id: crl_distribution_points, smart-value: {{schema: crl-dist-url, params: {{crl-repo-names: [root]}}}}}}
      ocsp:
        issuer: issuing
        validity: {{valid-from: "2022-01-01T00:00:00+0000", valid-to: "2039-01-01T00:00:00+0000"}}
        extensions:
          - {{id: key_usage, critical: true, smart-value: {{schema: key-usage, params: [digital_signature]}}}}
          - {{id: extended_key_usage, critical: true, value: [ocsp_signing]}}
          - {{id: ocsp_no_check}}
      tsa: &stamping
        subject: tsa
        subject-key: tsa
        issuer: root
        authority-key: root
        validity: {{valid-from: "2022-01-01T00:00:00+0000", valid-to: "2032-01-01T00:00:00+0000"}}
        extensions:
          - {{id: key_usage, critical: true, smart-value: {{schema: key-usage, params: [digital_signature]}}}}
          - {{id: extended_key_usage, critical: true, value: [time_stamping]}}
          - {{id: crl_distribution_points, smart-value: {{schema: crl-dist-url, params: {{crl-repo-names: [root]}}}}}}
      tsa2:
        <<: *stamping
        subject: tsa2
        subject-key: tsa2
        validity: {{valid-from: "2029-01-01T00:00:00+0000", valid-to: "2060-01-01T00:00:00+0000"}}
      tsa-today:
        <<: *stamping
        validity: {{valid-from: "{year_ago}", valid-to: "{far}"}}
      strange-tsa:
        <<: *stamping
        subject: strange-tsa
        subject-key: strange-tsa
        issuer: strange-root
        authority-key: strange-root
      leader: &signer
        subject: leader
        subject-key: leader
        issuer: issuing
        authority-key: issuing
        validity: {{valid-from: "2025-01-01T00:00:00+0000", valid-to: "2028-01-01T00:00:00+0000"}}
        extensions:
          - id: key_usage
            critical: true
            smart-value: {{schema: key-usage, params: [digital_signature, non_repudiation]}}
          - id: crl_distribution_points
            smart-value: {{schema: crl-dist-url, params: {{crl-repo-names: [issuing]}}}}
          - id: authority_information_access
            smart-value: {{schema: aia-urls, params: {{ocsp-responder-names: [issuing]}}}}
      agency:
        <<: *signer
        subject: agency
        subject-key: agency
        validity: {{valid-from: "2025-01-01T00:00:00+0000", valid-to: "2030-01-01T00:00:00+0000"}}
      leader-today:
        <<: *signer
        validity: {{valid-from: "{year_ago}", valid-to: "{soon}"}}
      agency-today:
        <<: *signer
        subject: agency
        subject-key: agency
        validity: {{valid-from: "{year_ago}", valid-to: "{soon}"}}
      expired:
        <<: *signer
        validity: {{valid-from: "2022-01-01T00:00:00+0000", valid-to: "2025-01-01T00:00:00+0000"}}
      revoked:
        <<: *signer
        revocation: {{revoked-since: "2026-11-01T00:00:00+0000", reason: key_compromise}}
      revoked-later:
        <<: *signer
        revocation: {{revoked-since: "2026-12-15T00:00:00+0000", reason: key_compromise}}
    services:
      ocsp:
        issuing: {{for-issuer: issuing, responder-cert: ocsp, signing-key: ocsp}}
      crl-repo:
        root: {{for-issuer: root, signing-key: root, simulated-update-schedule: "P90D"}}
        issuing: {{for-issuer: issuing, signing-key: issuing, simulated-update-schedule: "P7D"}}
      time-stamping:
        tsa: {{signing-key: tsa, signing-cert: tsa}}
        tsa-today: {{signing-key: tsa, signing-cert: tsa-today}}
        tsa2: {{signing-key: tsa2, signing-cert: tsa2}}
        strange-tsa: {{signing-key: strange-tsa, signing-cert: strange-tsa}}
"""

PORTAL = "<html><body>Đăng nhập Wi-Fi</body></html>"


@dataclass
class TestAuthority:
    """The authority. `at` is the servers' clock; `asked` counts what was asked of each path."""

    __test__ = False
    folder: Path
    url: str
    arch: PKIArchitecture
    signers: dict[str, rsa.RSAPrivateKey]
    at: datetime = TODAY
    asked: list[str] = field(default_factory=list)
    ocsp_delay: float = 0.0
    deaf: set[str] = field(default_factory=set)
    """Paths (by prefix) that answer 503 now, e.g. "/box/ocsp"."""

    def certificate(self, label: str) -> bytes:
        """A certificate as DER."""
        return self.arch.get_cert(CertLabel(label)).dump()

    def pem(self, label: str) -> Path:
        """A certificate as a PEM file."""
        path = self.folder / f"{label}.cert.pem"
        path.write_bytes(pem.armor("CERTIFICATE", self.certificate(label)))
        return path

    def crl(self, label: str, at: datetime) -> bytes:
        """The list of revoked certificates (DER) of that moment."""
        return self.arch.service_registry.get_crl(ServiceLabel(label), at).dump()

    @property
    def trust(self) -> Trust:
        return Trust((self.certificate("root"),), (self.certificate("issuing"),))

    @property
    def stamp_trust(self) -> Trust:
        return Trust((self.certificate("root"),))

    def service(self, **certificates: str) -> FakeSigner:
        """A signing service, logged in; `leader="revoked"` gives that slot another certificate on the same key."""
        names = {"leader": "leader", "agency": "agency"} | certificates
        keys = {
            slot: FakeKey(self.signers[slot], self.certificate(label), "1234", logged_in=True)
            for slot, label in names.items()
        }
        return FakeSigner(keys)

    def tsa(self, name: str = "tsa") -> str:
        return f"{self.url}/box/tsa/{name}"

    def fault(self, name: str) -> str:
        return f"{self.url}/fault/{name}"


def _write_keys(folder: Path) -> dict[str, rsa.RSAPrivateKey]:
    folder.mkdir(parents=True)
    signers = {}
    for name in (*_OWN_KEYS, *_SIGNER_KEYS):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if name in _SIGNER_KEYS:
            signers[name] = key
            written = key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        else:
            written = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        (folder / f"{name}.pem").write_bytes(written)
    return signers


def _config(folder: Path, url: str) -> CertomancerConfig:
    lines = [f'      {name}: {{path: "{name}.pem"}}' for name in _OWN_KEYS]
    lines += [f'      {name}: {{path: "{name}.pem", public-only: true}}' for name in _SIGNER_KEYS]
    now = datetime.now(UTC)
    ends = {name: now + timedelta(days=days) for name, days in (("year_ago", -365), ("soon", 700), ("far", 2000))}
    moments = {name: end.strftime("%Y-%m-%dT%H:%M:%S+0000") for name, end in ends.items()}
    text = _YAML.format(
        url=url, keys=folder / "keys", key_lines="\n".join(lines), leader=LEADER, agency=AGENCY, **moments
    )
    path = folder / "authority.yml"
    path.write_text(text, encoding="utf-8")
    return CertomancerConfig.from_file(str(path))


class _Server:
    """The HTTP side, on a thread of its own."""

    def __init__(self, authority: TestAuthority, listening: socket.socket) -> None:
        self._authority, self._socket = authority, listening
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._serve())
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _serve(self) -> web.AppRunner:
        authority = self._authority
        clock = _Clock(authority.arch, authority)
        app = clock.build_app()
        app.middlewares.append(self._watch)
        app.router.add_route("*", "/fault/{name}", self._fault)
        # The tests end every connection themselves; a server that waits for a hanging one would not stop.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        return runner

    @web.middleware
    async def _watch(self, request: web.Request, handler: Callable) -> web.StreamResponse:
        authority = self._authority
        authority.asked.append(request.path)
        if any(request.path.startswith(prefix) for prefix in authority.deaf):
            return web.Response(status=503, text="busy")
        if "/ocsp/" in request.path and authority.ocsp_delay:
            await asyncio.sleep(authority.ocsp_delay)
        return await handler(request)

    async def _fault(self, request: web.Request) -> web.StreamResponse:
        name, body = request.match_info["name"], await request.read()
        if name == "hang":
            await asyncio.sleep(600)
        if name == "drip":
            return await self._drip(request)
        if name == "portal":
            return web.Response(text=PORTAL, content_type="text/html")
        if name == "redirect":
            raise web.HTTPFound(self._authority.fault("portal"))
        if name == "junk":
            return self._reply(b"\x30\x03junk that is no answer")
        if name == "huge":
            return self._reply(bytes(3 << 20))
        if name == "error":
            return web.Response(status=502, text="bad gateway")
        asked = tsp.TimeStampReq.load(body)
        if name == "wrong-imprint":
            asked["message_imprint"]["hashed_message"] = bytes(32)
        elif name == "fixed-nonce":
            asked["nonce"] = 7
        elif name == "no-nonce":
            del asked["nonce"]
        elif name == "slow":
            await asyncio.sleep(1.0)
        elif name == "rejects":
            status = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["quota exceeded"]}).dump()
            return self._reply(b"\x30" + bytes([len(status)]) + status)
        return self._reply(self._stamp(asked).dump())

    def _stamp(self, asked: tsp.TimeStampReq) -> tsp.TimeStampResp:
        services = self._authority.arch.service_registry
        return services.summon_timestamper(ServiceLabel("tsa"), self._authority.at).request_tsa_response(asked)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/timestamp-reply"})
        await answer.prepare(request)
        for _ in range(6000):
            await answer.write(b"\x30")
            await asyncio.sleep(0.1)
        return answer

    def _reply(self, body: bytes) -> web.Response:
        return web.Response(body=body, content_type="application/timestamp-reply")


class _Clock(AsyncIllusionist):
    """The services at the moment that the test says."""

    def __init__(self, arch: PKIArchitecture, authority: TestAuthority) -> None:
        super().__init__(arch)
        self._authority = authority

    @property
    def at_time(self) -> datetime:
        return self._authority.at


@pytest.fixture(scope="session")
def authority_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestAuthority]:
    folder = tmp_path_factory.mktemp("authority")
    signers = _write_keys(folder / "keys")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = _config(folder, url)
    authority = TestAuthority(folder, url, config.get_pki_arch(ArchLabel("box")), signers)
    server = _Server(authority, listening)
    server.start()
    yield authority
    server.stop()


@pytest.fixture
def authority(authority_of_the_run: TestAuthority) -> TestAuthority:
    """The authority with its clock, faults and counts set back."""
    one = authority_of_the_run
    one.at, one.ocsp_delay = TODAY, 0.0
    one.asked.clear()
    one.deaf.clear()
    return one


@pytest.fixture(scope="session")
def signed_of_the_run(
    authority_of_the_run: TestAuthority, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A letter with the leader's and the agency's signature, and the same before the agency's."""
    authority, folder = authority_of_the_run, tmp_path_factory.mktemp("signed")
    return sign_letter(authority, folder)


def sign_letter(
    authority: TestAuthority, folder: Path, now: datetime = TODAY, **certificates: str
) -> tuple[Path, Path]:
    """Sign an outgoing letter twice with the fake service; (both signatures, leader only)."""
    service = authority.service(**certificates)
    source = make_page(folder / "letter.pdf", "letter", 0)
    first, both = folder / "leader.pdf", folder / "both.pdf"
    for slot, before, after, image in (
        ("leader", source, first, make_signature()),
        ("agency", first, both, make_seal()),
    ):
        apply_signature(
            before,
            after,
            kind="outgoing",
            slot=slot,
            service=service,
            certificate=service.keys[slot].certificate,
            intermediates=[authority.certificate("issuing")],
            trust=authority.trust,
            stamp=StampImage(image),
            document_id="doc-1",
            now=now,
        )
    return both, first


def sign_today(authority: TestAuthority, folder: Path, now: datetime) -> Path:
    """A letter signed at the machine's own time: what commands need, which ask the clock themselves."""
    return sign_letter(authority, folder, now, leader="leader-today", agency="agency-today")[0]


@pytest.fixture
def signed(signed_of_the_run: tuple[Path, Path], tmp_path: Path) -> Path:
    """A private copy of the letter with both signatures, at level B-B."""
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed_of_the_run[0].read_bytes())
    return path


def wait_until(what: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that another thread or process does."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)
