"""The transport contract, on the fake and on paho over mosquitto with TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.mqtt import MqttLink
from sync.transport import LinkConfig, Transport
from tests.contract.transport_suite import TransportContract, test_access_list_of_the_suite_is_the_products
from tests.fakes.transport import FakeBroker
from tests.fixtures_broker import Broker

__all__ = ["test_access_list_of_the_suite_is_the_products"]


class _FakeNet:
    def __init__(self) -> None:
        self._broker = FakeBroker()

    def link(self, name: str, **changes: object) -> Transport:
        nowhere = Path("nowhere")
        settings: dict[str, object] = {"host": "", "port": 0, "ca": nowhere, "certificate": nowhere, "key": nowhere}
        return self._broker.connect(LinkConfig(client_id=name, **(settings | changes)))  # type: ignore[arg-type]

    def kill(self) -> None:
        self._broker.kill()

    def restart(self) -> None:
        self._broker.restart()


class _RealNet:
    def __init__(self, broker: Broker, version: int) -> None:
        self._broker, self._version = broker, version
        self.links: list[Transport] = []

    def link(self, name: str, **changes: object) -> Transport:
        config = self._broker.link_config(name, **({"version": self._version} | changes))
        self.links.append(MqttLink(config))
        return self.links[-1]

    def kill(self) -> None:
        self._broker.kill()

    def restart(self) -> None:
        self._broker.start()


class TestFake(TransportContract):
    @pytest.fixture
    def net(self) -> _FakeNet:
        return _FakeNet()


@pytest.mark.integration
class TestMqtt5(TransportContract):
    @pytest.fixture
    def net(self, own_broker: Broker) -> Iterator[_RealNet]:
        net = _RealNet(own_broker, 5)
        yield net
        for link in net.links:
            link.close()


@pytest.mark.integration
class TestMqtt311(TransportContract):
    """Same contract but one point: 3.1.1 cannot see that the broker refused a publish (syncing §3)."""

    @pytest.fixture
    def net(self, own_broker: Broker) -> Iterator[_RealNet]:
        net = _RealNet(own_broker, 4)
        yield net
        for link in net.links:
            link.close()

    def test_a_box_reaches_no_topic_of_another(self, net: _RealNet) -> None:  # type: ignore[override]
        with pytest.raises(AssertionError):
            super().test_a_box_reaches_no_topic_of_another(net)
