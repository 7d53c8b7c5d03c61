"""Settings of the province's mosquitto.

Owns the text of `mosquitto.conf`; the lists that it names (who may do what, who is revoked) are `revoking`'s. Starts
nothing.
Invariant: nobody connects without a certificate of our CA, and the certificate's name is the user name.
Source of the figures: measurements of mosquitto 2.0.11 (queue of 1000 drops in silence, so it is raised;
`message_size_limit` answers "success" for what it discards, so `max_packet_size` is used instead).
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from sync.province.config import Config, Folder

_CIPHERS = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"
"""Of TLS 1.3, those with SHA-256: a handshake of 48 bytes less, at every cut of every box, than with SHA-384."""


def owner() -> str:
    """The user who runs this, and therefore owns the keys the broker must read."""
    return pwd.getpwuid(os.geteuid()).pw_name


def mosquitto_conf(folder: Folder, bind: str, config: Config) -> str:
    """The text of mosquitto.conf: listeners for boxes at `bind`, one for the province's own clients apart.

    A mosquitto started by root would change to the user `mosquitto`, who cannot read the keys: it changes to their
    owner instead. Started by anybody else it ignores the line.
    """
    root = folder.root.resolve()

    def inside(path: Path) -> Path:
        return root / path.relative_to(folder.root)

    def listener(port: int, address: str, *more: str) -> str:
        lines = (
            f"listener {port} {address}", *more, f"cafile {inside(folder.ca)}", f"crlfile {inside(folder.revoked)}",
            f"certfile {inside(folder.broker_certificate)}", f"keyfile {inside(folder.broker_key)}",
            "tls_version tlsv1.2", f"ciphers_tls1.3 {_CIPHERS}",
            "require_certificate true", "use_identity_as_username true",
        )  # fmt: skip
        return "\n".join(lines) + "\n"

    own = ("use_username_as_clientid true",) if config.broker_inner_port else ()
    listeners = [listener(config.broker_port, bind, *own)]
    if config.broker_inner_port:
        listeners.append(listener(config.broker_inner_port, config.broker_inner_host))
    return f"""# Written by `commune-province init`; change it there or by hand, it is read at the broker's start.
user {owner()}
per_listener_settings false
pid_file {inside(folder.broker_pid)}
{"".join(listeners)}
allow_anonymous false
allow_zero_length_clientid false
acl_file {inside(folder.access_list)}

max_inflight_messages 20
max_packet_size 131072
max_queued_messages 20000
max_queued_bytes 268435456
set_tcp_nodelay true

persistence true
persistence_location {inside(folder.broker_store)}/
autosave_interval 60
persistent_client_expiration 30d

log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
"""


def write_broker_files(folder: Folder, bind: str, config: Config) -> None:
    """Write mosquitto.conf and the broker's own folder; the lists it reads are written by `revoking`."""
    folder.broker_store.mkdir(exist_ok=True)
    folder.mosquitto_conf.write_text(mosquitto_conf(folder, bind, config), "utf-8")
