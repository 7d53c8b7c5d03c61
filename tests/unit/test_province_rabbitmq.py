"""The access list in RabbitMQ's form lets nobody reach more than in mosquitto's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sync.protocol import topics
from sync.protocol.topics import PREFIX, PROVINCE_STATE, SENDER, Kind, broker_access_list, receiver_filters
from sync.province.config import Folder
from sync.province.pki import RECEIVER
from sync.province.rabbitmq import definitions, rabbitmq_conf

BOX, OTHER = "commune-27007", "commune-00001"
FOUND = definitions(broker_access_list(RECEIVER), [RECEIVER, SENDER, BOX, OTHER])


def may(name: str, verb: str, topic: str) -> bool:
    """As RabbitMQ decides it: levels are words parted by dots, `+` is `*` in a binding."""
    (rule,) = [rule for rule in FOUND["topic_permissions"] if rule["user"] == name]
    return re.search(rule[verb], topic.replace("/", ".").replace("+", "*")) is not None


@pytest.mark.parametrize(
    ("name", "verb", "topic", "allowed"),
    [
        (BOX, "write", topics.upward(BOX, Kind.CHUNK), True),
        (BOX, "write", topics.presence(BOX), True),
        (BOX, "write", topics.upward(OTHER, Kind.CHUNK), False),
        (BOX, "write", topics.presence(OTHER), False),
        (BOX, "write", topics.downward(BOX, Kind.RECEIPT), False),
        (BOX, "write", PROVINCE_STATE, False),
        (BOX, "write", f"x{topics.presence(BOX)}", False),
        (BOX, "write", f"{topics.presence(BOX)}/more", False),
        (BOX, "read", topics.downward(BOX, Kind.HAVE), True),
        (BOX, "read", PROVINCE_STATE, True),
        (BOX, "read", f"{PREFIX}d/+/h", False),
        (BOX, "read", f"{PREFIX}#", False),
        (BOX, "read", topics.upward(BOX, Kind.CHUNK), False),
        (RECEIVER, "write", topics.downward(OTHER, Kind.RECEIPT), True),
        (RECEIVER, "write", PROVINCE_STATE, True),
        *((RECEIVER, "read", name, True) for name, _ in receiver_filters()),
        (SENDER, "write", topics.downward(BOX, Kind.MANIFEST), True),
        (SENDER, "write", topics.downward(BOX, Kind.RECEIPT), False),
        (SENDER, "write", PROVINCE_STATE, False),
    ],
)
def test_each_name_reaches_what_the_protocol_gives_it(name: str, verb: str, topic: str, allowed: bool) -> None:
    assert may(name, verb, topic) is allowed


def test_a_client_has_its_own_queues_only() -> None:
    (rule,) = [rule for rule in FOUND["permissions"] if rule["user"] == BOX]
    for verb in ("configure", "write", "read"):
        assert re.search(rule[verb], f"mqtt-subscription-{BOX}qos1")
        assert not re.search(rule[verb], f"mqtt-subscription-{OTHER}qos1")
    assert not re.search(rule["configure"], "amq.topic")


def test_nobody_has_a_password_and_nobody_enters_without_a_certificate() -> None:
    assert {(user["password_hash"], *user["tags"]) for user in FOUND["users"]} == {("",)}
    text = rabbitmq_conf(Folder(Path("/tinh")), "127.0.0.1", 8883)
    for line in ("ssl_options.fail_if_no_peer_cert = true", "mqtt.allow_anonymous = false", "listeners.tcp = none"):
        assert line in text.splitlines()
