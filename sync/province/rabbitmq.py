"""RabbitMQ as the province's broker, in place of mosquitto.

Owns three files: its settings, its plugins, and its users with what each may write and read. Decides no permission:
the protocol's access list does, and is turned here into RabbitMQ's form (a topic's `/` is `.` there). Starts nothing.
Invariant: nobody enters without a certificate of our CA, the certificate's name is the user, and a box that is not
among the users (never enrolled, or revoked) is not let in.
Source: RabbitMQ 3.10 speaks MQTT 3.1.1 only (5 from 3.13 on), gives no retained message to a filter with wildcards, so
that a box's presence is seen with its next heartbeat; ports lie below 32768, where no outgoing connection takes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sync.province.config import Folder

PLUGINS = "[rabbitmq_mqtt,rabbitmq_auth_mechanism_ssl].\n"
SETTINGS, DEFINITIONS, ENABLED = "rabbitmq.conf", "rabbitmq.json", "rabbitmq.plugins"
_HOST = "/"
_EXCHANGE = "amq.topic"
_NOTHING = "^$"


def rabbitmq_conf(folder: Folder, bind: str, port: int) -> str:
    """The text of rabbitmq.conf for an MQTT listener over TLS at `bind`:`port`."""
    root = folder.root.resolve()
    return f"""# Written by `commune-province broker`; it is read at the broker's start.
listeners.tcp = none
mqtt.listeners.tcp = none
mqtt.listeners.ssl.1 = {bind}:{port}
ssl_options.cacertfile = {root / folder.ca.name}
ssl_options.certfile = {root / folder.broker_certificate.name}
ssl_options.keyfile = {root / folder.broker_key.name}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
ssl_cert_login_from = common_name
mqtt.ssl_cert_login = true
mqtt.allow_anonymous = false
mqtt.vhost = {_HOST}
mqtt.exchange = {_EXCHANGE}
mqtt.prefetch = 20
mqtt.subscription_ttl = 3600000
load_definitions = {root / DEFINITIONS}
"""


def definitions(access_list: str, names: Iterable[str]) -> dict[str, Any]:
    """Users and permissions for these certificate names, from mosquitto's form of the access list."""
    users, queues, topics = [], [], []
    for name in names:
        write, read = _reach(access_list, name)
        own = f"mqtt-subscription-{re.escape(name)}.*"  # the queues of a client's own sessions
        users.append({"name": name, "password_hash": "", "tags": []})
        queues.append(
            {
                "user": name,
                "vhost": _HOST,
                "configure": f"^{own}$",
                "write": f"^({re.escape(_EXCHANGE)}|{own})$",
                "read": f"^({re.escape(_EXCHANGE)}|{own})$",
            }
        )
        topics.append({"user": name, "vhost": _HOST, "exchange": _EXCHANGE, "write": write, "read": read})
    return {"users": users, "vhosts": [{"name": _HOST}], "permissions": queues, "topic_permissions": topics}


def write_rabbitmq_files(folder: Folder, access_list: str, names: Iterable[str], bind: str, port: int) -> list[Path]:
    """Write the three files into the province's folder; a running broker takes the users by `import_definitions`."""
    texts = {
        SETTINGS: rabbitmq_conf(folder, bind, port),
        DEFINITIONS: json.dumps(definitions(access_list, names), indent=1) + "\n",
        ENABLED: PLUGINS,
    }
    for name, text in texts.items():
        (folder.root / name).write_text(text, "utf-8")
    return [folder.root / name for name in texts]


def _reach(access_list: str, name: str) -> tuple[str, str]:
    """What this name may write and read, as two patterns over routing keys."""
    found: dict[str, list[str]] = {"write": [], "read": []}
    user = ""
    for line in access_list.splitlines():
        words = line.split(maxsplit=2)
        if words[:1] == ["user"]:
            user = words[1]
        elif len(words) == 3 and (words[0] == "pattern" or (words[0] == "topic" and user == name)):
            for verb in ("write", "read") if words[1] == "readwrite" else (words[1],):
                found[verb].append(_key(words[2].replace("%u", name)))
    return tuple(f"^({'|'.join(keys)})$" if keys else _NOTHING for keys in found.values())  # type: ignore[return-value]


def _key(topic: str) -> str:
    """A topic filter as a pattern over routing keys; a `+` of another's filter is `*` there and matches as a word."""
    words = {"+": "[^.]+", "#": ".*"}
    return r"\.".join(words.get(level, re.escape(level)) for level in topic.split("/"))
