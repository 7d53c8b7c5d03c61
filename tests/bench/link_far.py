"""The far end of one lane: the product's broker and receiver, and what the others send to.

`python -m tests.bench.link_far FOLDER` inside the far namespace; prints `ready`, then runs until it is ended. Every
whole arrival is one line of `FOLDER/arrived.jsonl`: {"by", "name", "size", "at"}; `at` is the machine's monotonic
clock, which all processes share. The others: HTTPS with client certificates (PUT for curl; HEAD and PATCH with an
offset, as tus has), an rsync daemon, and a second mosquitto for plain paho.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from paho.mqtt import client as mqtt

from sync.mqtt import MqttLink
from sync.protocol.topics import receiver_filters
from sync.province import installation
from sync.province.checking import Finding
from sync.province.config import Config, Folder
from sync.province.pki import key_id
from sync.province.receiver import Receiver, link_config
from sync.province.store import ProvinceStore
from sync.wire_identity import SigningKey
from tests.bench.link_line import FAR

BOX = "commune-00001"
MQTTS, PLAIN, HTTPS, RSYNC = 8883, 8884, 8443, 8730
PIECE = 16 * 1024


class Arrivals:
    """What came whole, and when."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()

    def note(self, by: str, name: str, size: int) -> None:
        """Now."""
        line = json.dumps({"by": by, "name": name, "size": size, "at": time.monotonic()})
        with self._lock, self._path.open("a") as file:
            file.write(line + "\n")


class NotedCheck:
    """The receiver's check of a file, called once its last byte is durable; takes everything, for it is noise."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    def check(self, path: Path, kind: str) -> Finding:
        """Note it under the beginning of its digest."""
        content = path.read_bytes()
        self._arrivals.note("ours", hashlib.sha256(content).hexdigest()[:16], len(content))
        return Finding()


def province(root: Path) -> Folder:
    """A province with one box, whose files lie in `root/box`."""
    folder, now = Folder(root / "province"), dt.datetime.now(dt.UTC)
    installation.initialise(folder, Config(broker_host=FAR, broker_port=MQTTS), "0.0.0.0", now)
    installation.enrol(folder, BOX, "UBND xã Thử Nghiệm", root / "box", now)
    return folder


def receive(folder: Folder, arrivals: Arrivals) -> None:
    """Run the product's receiver on a thread and wait until it is connected."""
    key = SigningKey.load(folder.receipt_key)
    link = link_config(folder.root, "127.0.0.1", MQTTS, receiver_filters())
    receiver = Receiver(
        ProvinceStore(folder.rows), NotedCheck(arrivals), key, key_id(key.public), link, MqttLink,
        max_document=200_000_000,
    )  # fmt: skip
    threading.Thread(target=receiver.run, args=(threading.Event(),), daemon=True).start()
    if not receiver.connected.wait(30):
        raise RuntimeError("the receiver did not connect")


def mosquitto(folder: Folder) -> list[subprocess.Popen[bytes]]:
    """The province's broker on its own settings, and one without any for plain paho."""
    plain = folder.root / "plain.conf"
    plain.write_text(
        f"user root\nlistener {PLAIN} 0.0.0.0\ncafile {folder.ca}\ncertfile {folder.broker_certificate}\n"
        f"keyfile {folder.broker_key}\nrequire_certificate true\nallow_anonymous true\n"
        "max_queued_messages 100000\nset_tcp_nodelay true\n"
    )
    return [
        subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(path)], stderr=(folder.root / "broker.log").open("ab"))
        for path in (folder.mosquitto_conf, plain)
    ]


def plain_subscriber(folder: Folder, arrivals: Arrivals) -> None:
    """Count the pieces of plain paho: topic `plain/NAME/COUNT/INDEX`, each acknowledged as it comes."""
    seen: dict[str, dict[int, int]] = {}

    def on_message(_client: object, _user: object, message: mqtt.MQTTMessage) -> None:
        _, name, count, index = message.topic.split("/")
        pieces = seen.setdefault(name, {})
        if len(pieces) < int(count):
            pieces[int(index)] = len(message.payload)
            if len(pieces) == int(count):
                arrivals.note("paho", name, sum(pieces.values()))

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="subscriber", protocol=mqtt.MQTTv5)
    client.on_message = on_message
    client.on_connect = lambda which, *_: which.subscribe("plain/#", 1)
    client.tls_set(str(folder.ca), str(folder.receiver_certificate), str(folder.receiver_key))
    for _ in range(100):
        try:
            client.connect("127.0.0.1", PLAIN)
            break
        except OSError:
            time.sleep(0.1)
    client.loop_start()


def https(folder: Folder, arrivals: Arrivals) -> None:
    """Serve uploads on a thread; what arrives of a PATCH counts at once, whatever happens to the rest."""
    held: dict[str, bytearray] = {}

    class Uploads(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_HEAD(self) -> None:
            """Tell the offset."""
            self._answer(200, {"Upload-Offset": str(len(held.get(self.path, b"")))})

        def do_PUT(self) -> None:
            """Take a whole file or nothing."""
            content, size = bytearray(), int(self.headers["Content-Length"])
            while len(content) < size:
                piece = self.rfile.read1(min(65536, size - len(content)))
                if not piece:
                    return
                content += piece
            arrivals.note("curl", self.path.strip("/"), size)
            self._answer(201, {})

        def do_PATCH(self) -> None:
            """Append from an offset that must be ours."""
            file = held.setdefault(self.path, bytearray())
            at, size = int(self.headers["Upload-Offset"]), int(self.headers["Content-Length"])
            if at != len(file):
                self._answer(409, {"Upload-Offset": str(len(file))})
                self.close_connection = True
                return
            while size:
                piece = self.rfile.read1(min(65536, size))
                if not piece:
                    return
                if len(file) != at:
                    return  # a newer connection has gone on
                file += piece
                at += len(piece)
                size -= len(piece)
            arrivals.note("tus", self.path.strip("/"), len(file))
            self._answer(204, {"Upload-Offset": str(len(file))})

        def _answer(self, code: int, headers: dict[str, str]) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            if code != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder.broker_certificate, folder.broker_key)
    context.load_verify_locations(folder.ca)
    context.verify_mode = ssl.CERT_REQUIRED

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request: object, address: object) -> None:
            """The handshake belongs to the connection's own thread: a dead one must not hold up the next."""
            wrapped = context.wrap_socket(request, server_side=True)  # type: ignore[arg-type]
            super().finish_request(wrapped, address)

        def handle_error(self, *_: object) -> None:
            """Cut lines are what this measures."""

    threading.Thread(target=Server(("0.0.0.0", HTTPS), Uploads).serve_forever, daemon=True).start()


def rsync(root: Path) -> subprocess.Popen[bytes]:
    """A daemon that takes files without TLS: kind to it."""
    inbox = root / "inbox"
    inbox.mkdir()
    settings = root / "rsyncd.conf"
    settings.write_text(
        f"uid = root\ngid = root\nuse chroot = no\n[in]\npath = {inbox}\nread only = no\ntimeout = 60\n"
    )
    return subprocess.Popen(["rsync", "--daemon", "--no-detach", f"--port={RSYNC}", f"--config={settings}"])


def main(root: Path) -> None:
    """Start everything, say so, and stay."""
    arrivals = Arrivals(root / "arrived.jsonl")
    folder = province(root)
    mosquitto(folder)
    receive(folder, arrivals)
    plain_subscriber(folder, arrivals)
    https(folder, arrivals)
    rsync(root)
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
