"""How clients come to the broker that `init` sets up: boxes straight and through WebSocket, the province's apart."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync.mqtt import MqttLink
from sync.protocol import topics
from sync.protocol.step import Publish
from sync.protocol.topics import Kind
from sync.province import installation, revoking, tunnel_door
from sync.province.receiver import link_config
from sync.province.store import ProvinceStore
from sync.transport import Connected, Disconnected, LinkConfig, Received
from sync.websocket import WebSocketWay
from tests.contract.transport_suite import of, until
from tests.fixtures_province import BOX, Installation, free_port

pytestmark = pytest.mark.integration
OTHER, GONE = "commune-00002", ("commune-01000", "commune-01001")


class _Site(Installation):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root, port = root, free_port()
        self.config = replace(self.config, broker_inner_port=port)
        self.ways: tuple[WebSocketWay | None, ...] = (None,)
        installation.write_broker_files(self.folder, "127.0.0.1", self.config)
        for name in (
            BOX,
            OTHER,
            *GONE,
        ):  # now: enrolling sends the broker a signal that kills it half-started
            installation.enrol(self.folder, name, name, root / name, dt.datetime.now(dt.UTC))

    def link(self, name: str, *, web: bool, client_id: str = "") -> MqttLink:
        """A link with the certificate of box `name`, under another client id if said."""
        out = self.root / name
        return MqttLink(
            LinkConfig(
                client_id=client_id or name, host="127.0.0.1",
                port=self.port, ca=out / "ca.pem",
                certificate=out / "client.pem", key=out / "client.key",
                subscriptions=((topics.downward(name, Kind.RECEIPT), 1),), backoff_most=0.2, will_delay=0,
                ways=(self.ways[web],),
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Site]:
    site = _Site(tmp_path_factory.mktemp("listeners"))
    site.start_broker()
    config, stop, ready = replace(site.config, websocket_port=free_port()), threading.Event(), threading.Event()
    thread = threading.Thread(target=tunnel_door.serve, args=(site.folder, config, "127.0.0.1", stop, ready))
    thread.start()
    assert ready.wait(10)
    site.ways = (None, WebSocketWay(config.websocket_port))
    yield site
    stop.set()
    thread.join(15)
    site.close()


@pytest.mark.parametrize("web", [False, True], ids=["straight", "websocket"])
def test_a_foreign_client_id_takes_no_session_over_and_hears_nothing_of_it(site: _Site, web: bool) -> None:
    victim = site.link(BOX, web=web)
    until([victim], lambda events: bool(of(Connected, events)))
    thief = site.link(OTHER, web=web, client_id=BOX)
    seen = until([thief, victim], lambda events: bool(of(Connected, events)))
    assert not of(Disconnected, seen)
    province = MqttLink(replace(
        link_config(site.folder.root, *site.config.own_broker, ()), client_id="province-receiver-9"
    ))  # fmt: skip
    until([province], lambda events: bool(of(Connected, events)))
    assert province.publish(Publish(topics.downward(BOX, Kind.RECEIPT), b"for the box", 1)) is not None
    assert province.publish(Publish(topics.downward(OTHER, Kind.RECEIPT), b"for the other", 1)) is not None
    got: dict[str, list[bytes]] = {"victim": [], "thief": []}
    end = time.monotonic() + 15
    while not all(got.values()) and time.monotonic() < end:
        province.poll(0.01)
        for name, link in (("victim", victim), ("thief", thief)):
            got[name] += [event.payload for event in of(Received, link.poll(0.05))]
    assert got == {"victim": [b"for the box"], "thief": [b"for the other"]}
    for link in (victim, thief, province):
        link.close()


@pytest.mark.parametrize("web", [False, True], ids=["straight", "websocket"])
def test_a_revoked_box_is_put_off_whichever_way_it_comes(site: _Site, web: bool) -> None:
    name = GONE[web]
    live = site.link(name, web=web)
    until([live], lambda events: bool(of(Connected, events)))
    store = ProvinceStore(site.folder.rows)
    done = revoking.revoke(site.folder, site.config, store, name, dt.datetime.now(dt.UTC))
    store.close()
    assert done == revoking.Revoked(1, reloaded=True, ended=True)
    seen = until([live], lambda events: bool(of(Disconnected, events)))
    for _ in range(30):  # a second and a half of trying to come back, with pauses of at most 0.2 s
        seen += live.poll(0.05)
    assert not of(Connected, seen)
    live.close()
    other = site.link(OTHER, web=web)
    until([other], lambda events: bool(of(Connected, events)))
    other.close()


def test_the_inner_listener_is_for_this_host_alone_and_the_others_name_clients_by_their_certificates(
    site: _Site,
) -> None:
    listeners = site.folder.mosquitto_conf.read_text("utf-8").split("listener ")[1:]
    assert [text.splitlines()[0] for text in listeners] == [
        f"{site.port} 127.0.0.1", f"{site.config.broker_inner_port} 127.0.0.1"
    ]  # fmt: skip
    assert ["use_username_as_clientid true" in text for text in listeners] == [True, False]
    assert all("require_certificate true" in text and "crlfile" in text for text in listeners)
    assert site.config.own_broker == ("127.0.0.1", site.config.broker_inner_port)
