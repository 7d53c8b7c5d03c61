"""From a code to a box that speaks, and off the broker again: a real enrolment address, a real mosquitto."""

from __future__ import annotations

import datetime as dt
import json
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509

from appliance.cli import main as box_main
from appliance.config import load_config
from appliance.services.delivery import uplink_config
from sync import enrolment
from sync.enrolment import Enrolled, EnrolmentFailed, enrol
from sync.enrolment_code import BadCode, make_code, read_code
from sync.mqtt import MqttLink
from sync.protocol import topics
from sync.province import enrol_server, enrolling, installation, pki, revoking
from sync.province.cli import main as province_main
from sync.province.config import Config
from sync.province.enrol_book import EnrolBook
from sync.province.enrolling import Desk, Request, RequestRefused, give_code
from sync.province.store import ProvinceStore
from sync.transport import Connected, Disconnected, LinkConfig, Published
from sync.websocket import WebSocketWay
from sync.wire_identity import SigningKey
from tests.fixtures_province import BOX, Installation, free_port

pytestmark = pytest.mark.integration
NOW = dt.datetime.now(dt.UTC)


class Site(Installation):
    """A province with an enrolment address."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.enrol_port = free_port()
        self.config = replace(self.config, enrol_port=self.enrol_port, websocket_port=8443)
        self.store = ProvinceStore(self.folder.rows)
        self._stop, ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(
            target=enrol_server.serve,
            args=(self.folder, self.config, self.store, "127.0.0.1", self.enrol_port, self._stop, ready),
        )
        self._thread.start()
        assert ready.wait(10)

    def code(self, box: str = BOX, hours: float = 1) -> str:
        return give_code(self.folder, box, "UBND xã Tân Phú", dt.datetime.now(dt.UTC), dt.timedelta(hours=hours))

    def enrol(self, code: str, name: str = "a") -> Enrolled:
        return enrol(code, "127.0.0.1", self.enrol_port, self.root / name)

    def link(self, folder: Path, client_id: str = BOX, session_expiry: int = 0) -> MqttLink:
        """The connection of whoever has these files."""
        return MqttLink(
            LinkConfig(
                client_id=client_id, host="127.0.0.1", port=self.port, ca=folder / "ca.pem",
                certificate=folder / "client.pem", key=folder / "client.key", subscriptions=topics.box_filters(BOX),
                session_expiry=session_expiry, backoff_most=0.2, will_delay=0,
            )
        )  # fmt: skip

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        super().close()
        self.store.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def until(link: MqttLink, wanted: Callable[[], bool], seconds: float = 15) -> list[object]:
    """Drive a link until something is true; what happened on the way."""
    events: list[object] = []
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end, events
        events += link.poll(0.05)
    return events


def test_keys_are_made_on_the_box_and_a_document_travels(site: Site) -> None:
    site.start_broker()
    enrolled = site.enrol(site.code())
    assert (enrolled.box, enrolled.commune, enrolled.port) == (BOX, "UBND xã Tân Phú", site.port)
    for name in ("client.key", "device.key"):
        assert stat.S_IMODE((enrolled.folder / name).stat().st_mode) == 0o600
    certificate = x509.load_pem_x509_certificate((enrolled.folder / "client.pem").read_bytes())
    assert certificate.subject.rfc4514_string() == f"CN={BOX}", "the province names the box, not its request"
    for path in site.folder.root.rglob("*"):
        if path.is_file():
            for name in ("client.key", "device.key"):
                assert (enrolled.folder / name).read_bytes() not in path.read_bytes(), "the key left the box"
    (site.root / BOX).symlink_to(enrolled.folder)
    store, _end = site.receive()
    receipt = site.box().deliver(b"%PDF-1.7 xin chao", "0192f0c1-0000-7000-8000-000000000001")
    assert receipt.result.name == "STORED" and store.reading.document(receipt.document_id) is not None


def test_a_code_serves_once(site: Site) -> None:
    code = site.code()
    first = site.enrol(code)
    with pytest.raises(EnrolmentFailed) as caught:
        site.enrol(code, "b")
    assert caught.value.code == "code-used"
    assert not (site.root / "b" / "client.pem").exists()
    (box,) = site.store.fleet.boxes()
    assert box.device_key == SigningKey.load(first.folder / "device.key").public


def test_a_lost_answer_does_not_spend_the_code(site: Site) -> None:
    code = site.code()
    first = site.enrol(code)
    before = (first.folder / "client.pem").read_bytes()
    for name in ("client.pem", "ca.pem", "province.json"):  # the answer never came; the keys are kept
        (first.folder / name).unlink()
    assert site.enrol(code) == first
    assert (first.folder / "client.pem").read_bytes() == before, "the same certificate, not a second one"


def test_codes_that_do_not_serve(site: Site) -> None:
    late = site.code(hours=-1)
    with pytest.raises(EnrolmentFailed) as caught:
        site.enrol(late)
    assert caught.value.code == "code-expired"
    replaced, fresh = site.code(), site.code()
    with pytest.raises(EnrolmentFailed) as caught:
        site.enrol(replaced)
    assert caught.value.code == "code-expired", "a newer code for the box ended it"
    authority = x509.load_pem_x509_certificate(site.folder.ca.read_bytes())
    invented = str(make_code(authority.public_bytes(enrolling.Encoding.DER)))
    with pytest.raises(EnrolmentFailed) as caught:
        site.enrol(invented)
    assert caught.value.code == "code-unknown"
    assert site.store.fleet.boxes() == []
    assert site.enrol(fresh).box == BOX


def test_a_mistyped_code_is_found_before_anything_is_sent_or_written(tmp_path: Path, site: Site) -> None:
    code = site.code()
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    with pytest.raises(BadCode):
        enrol(wrong, "127.0.0.1", 1, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_another_province_is_told_nothing(tmp_path: Path, site: Site) -> None:
    (tmp_path / "other").mkdir()
    other = Site(tmp_path / "other")
    try:
        heard: list[Request] = []
        redeem = Desk.redeem
        Desk.redeem = lambda self, request, now: heard.append(request) or redeem(self, request, now)  # type: ignore[assignment, func-returns-value]
        try:
            with pytest.raises(EnrolmentFailed) as caught:
                enrol(site.code(), "127.0.0.1", other.enrol_port, tmp_path / "x")
        finally:
            Desk.redeem = redeem  # type: ignore[method-assign]
        assert caught.value.code == "province-other" and heard == []
    finally:
        other.close()


def test_guessing_ends_soon(site: Site) -> None:
    authority = x509.load_pem_x509_certificate(site.folder.ca.read_bytes()).public_bytes(enrolling.Encoding.DER)
    good = site.code()
    codes = []
    for _ in range(enrol_server.MOST_OF_ONE + 1):
        with pytest.raises(EnrolmentFailed) as caught:
            site.enrol(str(make_code(authority)))
        codes.append(caught.value.code)
    assert codes == ["code-unknown"] * enrol_server.MOST_OF_ONE + ["too-many"]
    with pytest.raises(EnrolmentFailed) as caught:
        site.enrol(good)
    assert caught.value.code == "too-many", "also for the right one, from there"


def test_who_sends_slowly_or_nonsense_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    monkeypatch.setattr(enrol_server, "READ_SECONDS", 600.0)
    import socket
    import ssl

    context = ssl.create_default_context(cafile=str(site.folder.ca))
    slow = context.wrap_socket(socket.create_connection(("127.0.0.1", site.enrol_port)), server_hostname="127.0.0.1")
    slow.sendall(b"POST /v1/enrolment HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{")
    for body in (b"nonsense", b"[]", b"{}", b"\xff" * 100):
        status, answer = enrolment._asked(
            context, "127.0.0.1", site.enrol_port, "POST", "/v1/enrolment", body.decode("latin-1"), 10
        )
        assert status == 400 and json.loads(answer) == {"code": "request-bad"}
    assert site.enrol(site.code()).box == BOX, "within the box's own patience, far below ten minutes"
    slow.close()


def test_attempts_are_forgotten_and_strangers_do_not_fill_the_memory() -> None:
    attempts = enrol_server.Attempts()
    for _ in range(enrol_server.MOST_OF_ONE):
        attempts.failed("a", 100.0)
    assert attempts.wait("a", 100.0) == enrol_server.WINDOW and attempts.wait("b", 100.0) == 0
    assert attempts.wait("a", 100.0 + enrol_server.WINDOW) == 0
    for number in range(5000):
        attempts.failed(f"x{number}", 2000.0)
    assert attempts.wait("new", 2000.0) > 0 and len(attempts._of_one) <= 1000


def test_no_code_and_no_key_lies_readable_at_the_province(site: Site) -> None:
    code = site.code()
    secret = read_code(code).secret
    raw = b"".join(path.read_bytes() for path in site.folder.root.glob("enrolments.sqlite*"))
    assert raw and secret.encode() not in raw and code.encode() not in raw
    assert stat.S_IMODE(site.folder.enrolments.stat().st_mode) == 0o600


def request(secret: str, **changes: Any) -> Request:
    """A sound request of a box, with changes."""
    from cryptography.hazmat.primitives.asymmetric import ec

    device = SigningKey.generate()
    csr = enrolment._csr(ec.generate_private_key(ec.SECP256R1()))
    sound = Request(secret, csr, device.public, device.sign(enrolment.PROOF + csr))
    return replace(sound, **changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"csr": b"\x30\x03\x02\x01\x01"}, "csr-bad"), ({"csr": b""}, "csr-bad"), ({"proof": bytes(64)}, "proof-bad"),
     ({"device_key": bytes(32)}, "proof-bad"), ({"device_key": b"\xff" * 32}, "proof-bad")],
)  # fmt: skip
def test_a_request_that_proves_nothing_spends_no_code(site: Site, changes: dict[str, Any], code: str) -> None:
    secret = read_code(site.code()).secret
    desk = Desk(site.folder, site.config, site.store)
    with pytest.raises(RequestRefused) as caught:
        desk.redeem(request(secret, **changes), NOW)
    assert caught.value.code == code
    assert desk.redeem(request(secret), NOW)["box"] == BOX
    desk.close()


@pytest.mark.parametrize(
    "said", [None, [], {}, {"secret": 1}, {"secret": "x", "csr": "", "device_key": "", "proof": ""}]
)
def test_no_sense_is_refused(said: Any) -> None:
    with pytest.raises(RequestRefused):
        Request.of(said)


# --- revocation -------------------------------------------------------------------------------------------------------


def test_a_revoked_box_is_off_at_once_and_cannot_return(site: Site) -> None:
    site.start_broker()
    enrolled = site.enrol(site.code())
    other = site.enrol(site.code("commune-00002"), "other")
    link, bystander = site.link(enrolled.folder), site.link(other.folder, "commune-00002")
    until(link, lambda: link.connected)
    until(bystander, lambda: bystander.connected)
    done = revoking.revoke(site.folder, site.config, site.store, BOX, dt.datetime.now(dt.UTC))
    assert done == revoking.Revoked(1, reloaded=True, ended=True)
    events: list[object] = []
    for _ in range(60):  # three seconds of trying to come back, with pauses of at most 0.2 s
        events += link.poll(0.05)
    assert any(isinstance(event, Disconnected) for event in events), "the live session ended"
    assert not any(isinstance(event, Connected) for event in events) and not link.connected
    bystander_events = [event for _ in range(5) for event in bystander.poll(0.02)]
    assert bystander.connected and not any(isinstance(event, Disconnected) for event in bystander_events)
    link.close()
    bystander.close()
    back = site.enrol(site.code(), "again")
    returned = site.link(back.folder)
    until(returned, lambda: returned.connected)
    returned.close()
    old = site.link(enrolled.folder)
    assert not any(isinstance(event, Connected) for _ in range(30) for event in old.poll(0.05)), "the old key stays out"
    old.close()


def test_a_revoked_box_that_presumes_its_broker_is_not_heard_either(site: Site) -> None:
    """PROTOCOL.md 2.4: messages behind a CONNECT that is refused, or inside a handshake that fails, are nobody's."""
    from sync.protocol.messages import Presence
    from sync.protocol.step import Publish

    site.start_broker()
    enrolled = site.enrol(site.code())
    store, _end = site.receive()
    link = site.link(enrolled.folder, session_expiry=3600)
    until(link, lambda: link.connected)
    link.publish(Publish(topics.presence(BOX), Presence(True, 1, 9, 5).encode(), 1, True))
    until(link, lambda: store.fleet.presences().get(BOX) is not None)
    revoking.revoke(site.folder, site.config, site.store, BOX, dt.datetime.now(dt.UTC))
    for _ in range(60):
        for event in link.poll(0.05):
            if isinstance(event, Connected):
                link.publish(Publish(topics.presence(BOX), Presence(True, 1, 9, 77).encode(), 1, True))
            assert not (isinstance(event, Published) and event.ok and link.connected), "nothing is acknowledged"
    assert store.fleet.presences()[BOX].waiting == 5
    link.close()


def test_a_session_under_another_name_is_deaf_and_mute(site: Site) -> None:
    site.start_broker()
    enrolled = site.enrol(site.code())
    store, _end = site.receive()
    hidden = site.link(enrolled.folder, "khac")
    until(hidden, lambda: hidden.connected)
    revoking.revoke(site.folder, site.config, site.store, BOX, dt.datetime.now(dt.UTC))
    from sync.protocol.messages import Presence
    from sync.protocol.step import Publish
    from sync.transport import Received

    hidden.publish(Publish(topics.presence(BOX), Presence(True, 9, 9).encode(), 1, True))
    listener = MqttLink(
        LinkConfig(
            client_id="province-receiver-look", host="127.0.0.1", port=site.port, ca=site.folder.ca,
            certificate=site.folder.receiver_certificate, key=site.folder.receiver_key,
            subscriptions=((topics.presence(BOX), 1),), session_expiry=0,
        )
    )  # fmt: skip
    until(listener, lambda: listener.connected)
    listener.publish(Publish(topics.downward(BOX, topics.Kind.RECEIPT), b"for the box", 1))
    heard = [event for _ in range(20) for link in (hidden, listener) for event in link.poll(0.05)]
    assert not [event for event in heard if isinstance(event, Received) and "/p/" not in event.topic], heard
    assert store.fleet.presences().get(BOX) is None
    hidden.close()
    listener.close()


def test_lists_outlast_init_and_ended_certificates_leave_them(site: Site) -> None:
    site.enrol(site.code())
    revoking.revoke(site.folder, site.config, site.store, BOX, NOW)
    installation.initialise(site.folder, Config(), "127.0.0.1", NOW)
    listed = x509.load_pem_x509_crl(site.folder.revoked.read_bytes())
    assert len(listed) == 1 and f"user {BOX}\ntopic deny" in site.folder.access_list.read_text()
    book = EnrolBook(site.folder.enrolments)
    assert len(book.revoked(NOW.timestamp())) == 1
    assert book.revoked(NOW.timestamp() + (pki.CLIENT_DAYS + 1) * 86_400) == []
    book.close()


def test_revoking_ends_a_code_that_waits(site: Site) -> None:
    site.enrol(site.code())
    waiting = site.code()
    revoking.revoke(site.folder, site.config, site.store, BOX, dt.datetime.now(dt.UTC))
    with pytest.raises(EnrolmentFailed) as caught:
        site.enrol(waiting, "b")
    assert caught.value.code == "code-expired"


def test_without_a_broker_revoking_says_so(site: Site) -> None:
    site.enrol(site.code())
    assert revoking.revoke(site.folder, site.config, site.store, BOX, NOW) == revoking.Revoked(1, False, False)
    assert revoking.revoke(site.folder, site.config, site.store, "commune-00009", NOW) is None


# --- as people type it ------------------------------------------------------------------------------------------------


def said(main: Any, *words: str | Path, exit_code: int = 0) -> dict[str, Any]:
    answer = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert answer.exit_code == exit_code, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_the_two_commands_meet(tmp_path: Path, site: Site) -> None:
    settings = site.folder.settings
    settings.write_text(settings.read_text().replace("enrol_port = 0", f"enrol_port = {site.enrol_port}"))
    given = said(province_main, "enrol", BOX, "--commune", "UBND xã Tân Phú", "--dir", site.folder.root)
    assert given["province"] == f"127.0.0.1:{site.enrol_port}"
    (waiting,) = said(province_main, "boxes", "--dir", site.folder.root)["codes"]
    assert waiting["box"] == BOX
    config = tmp_path / "hop" / "config.toml"
    config.parent.mkdir()
    config.write_text("# của xã\n[web]\nport = 8099  # trang\n")
    typed = given["code"].lower().split("-")
    made = said(box_main, "--config", config, "enrol", *typed, "--province", given["province"])
    assert made["box"] == BOX
    text = config.read_text()
    assert "# của xã" in text and "port = 8099  # trang" in text
    loaded = load_config(config)
    assert loaded.box.id == BOX and loaded.sync is not None
    assert (loaded.sync.port, loaded.sync.key.name) == (site.port, "client.key") and loaded.sync.receipt_keys
    assert uplink_config(loaded).ways == (None, WebSocketWay(8443))
    assert said(province_main, "boxes", "--dir", site.folder.root)["codes"] == []
    failed = CliRunner().invoke(box_main, ["--config", str(config), "enrol", *typed, "--province", given["province"]])
    assert failed.exit_code == 3 and "--again" in failed.output
    again = said(province_main, "enrol", BOX, "--dir", site.folder.root)
    said(box_main, "--config", config, "enrol", again["code"], "--province", again["province"], "--again")
    assert len(list(config.parent.glob("sync.cu-*"))) == 1


def test_a_box_of_another_name_is_told(tmp_path: Path, site: Site) -> None:
    config = tmp_path / "hop" / "config.toml"
    config.parent.mkdir()
    config.write_text('[box]\nid = "commune-00001"\ncommune = "UBND"\nstate_dir = "s"\n')
    address = f"127.0.0.1:{site.enrol_port}"
    answer = CliRunner().invoke(box_main, ["--config", str(config), "enrol", site.code(), "--province", address])
    assert answer.exit_code == 7 and BOX in answer.output and "commune-00001" in answer.output
    assert 'id = "commune-00001"' in config.read_text(), "an identity is not changed in silence"


def test_a_closed_port_and_a_missing_file_are_told(tmp_path: Path, site: Site) -> None:
    closed = CliRunner().invoke(province_main, ["enrol", BOX, "--dir", str(site.folder.root)])
    assert closed.exit_code == 7 and "enrol_port" in closed.output
    config = tmp_path / "c.toml"
    away = ["--config", str(config), "enrol", site.code(), "--province", f"127.0.0.1:{free_port()}"]
    assert CliRunner().invoke(box_main, away).exit_code == 5
    assert not config.exists()


def test_two_processes_share_the_book(tmp_path: Path) -> None:
    one, other = EnrolBook(tmp_path / "b"), EnrolBook(tmp_path / "b")
    one.give("A" * 10, BOX, "x", 0.0, 10.0)
    assert [each.box for each in other.waiting(5.0)] == [BOX]
    one.close()
    other.close()
