"""An office behind an HTTP proxy: the link goes through it, and what it refuses is told by its name."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator

import pytest

from sync.mqtt import MqttLink
from sync.protocol.step import Publish
from sync.protocol.topics import Kind, upward
from sync.proxy import Proxy
from sync.transport import Connected, Disconnected, Published
from tests.contract.transport_suite import of, until
from tests.fakes.http_proxy import HttpProxy
from tests.fixtures_broker import Broker

BOX = "commune-00001"
CHUNK = Publish(upward(BOX, Kind.CHUNK), b"x" * 30_000, qos=1)


@pytest.fixture
def link(own_broker: Broker) -> Iterator[Callable[..., MqttLink]]:
    made: list[MqttLink] = []

    def make(proxy: Proxy, **changes: object) -> MqttLink:
        made.append(MqttLink(own_broker.link_config(BOX, proxy=proxy, **changes)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_the_link_goes_through_the_proxy_and_tls_ends_at_the_broker(
    own_broker: Broker, link: Callable[..., MqttLink]
) -> None:
    """The broker's name is resolved by the proxy: the office may have no names of the outside."""
    with HttpProxy(names={"localhost": "127.0.0.1"}) as proxy:
        box = link(Proxy("127.0.0.1", proxy.port, "xã", "mật:khẩu"), host="localhost")
        until([box], lambda events: bool(of(Connected, events)))
        for _ in range(10):
            assert box.publish(CHUNK) is not None
        seen = until([box], lambda events: len(of(Published, events)) == 10)
        assert all(event.ok for event in of(Published, seen))
    assert proxy.heads[0].startswith(f"CONNECT localhost:{own_broker.port} HTTP/1.1\r\nHost: localhost:")
    assert f"Proxy-Authorization: Basic {base64.b64encode('xã:mật:khẩu'.encode()).decode()}\r\n" in proxy.heads[0]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy-refused"),
        ("HTTP/1.0 503 Service Unavailable\r\n\r\n", "proxy-refused"),
        ("SSH-2.0-OpenSSH_9\r\n\r\n", "proxy-refused"),
        ("HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 4_000, "proxy-refused"),
        ("", "connect-timeout"),
    ],
    ids=["credentials", "unavailable", "not-http", "endless", "silent"],
)
def test_what_the_proxy_does_not_open_is_told(link: Callable[..., MqttLink], answer: str, code: str) -> None:
    with HttpProxy(answer) as proxy:
        box = link(Proxy("127.0.0.1", proxy.port), connect_timeout=0.6)
        began = time.monotonic()
        seen = until([box], lambda events: bool(of(Disconnected, events)))
        assert of(Disconnected, seen)[0].code == code
        assert time.monotonic() - began < 5.0


def test_the_proxy_cannot_stand_in_for_the_broker(own_broker: Broker, link: Callable[..., MqttLink]) -> None:
    """One that leads elsewhere meets the name check of TLS."""
    with HttpProxy(names={"province.example": "127.0.0.1"}) as proxy:
        box = link(Proxy("127.0.0.1", proxy.port), host="province.example")
        seen = until([box], lambda events: bool(of(Disconnected, events)))
        assert of(Disconnected, seen)[0].code == "server-certificate-untrusted"


def test_addresses_of_proxies() -> None:
    assert Proxy.parse("http://proxy.ubnd:3128") == Proxy("proxy.ubnd", 3128)
    assert Proxy.parse("http://a%40b:p%3Aw@10.0.0.1:8080/") == Proxy("10.0.0.1", 8080, "a@b", "p:w")
    assert "p:w" not in repr(Proxy("h", 1, "a", "p:w"))
    for wrong in ("proxy:3128", "https://proxy:3128", "http://proxy", "http://:80", "http://p:x", "http://p:1/path"):
        with pytest.raises(ValueError):
            Proxy.parse(wrong)
