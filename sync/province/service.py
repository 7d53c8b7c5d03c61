"""Runs the province: receiver and pages as threads of one process.

Owns the start, the stop and the rule that if one of them fails the whole process ends and is started anew by its
supervisor. Everything durable survives a kill at any moment, so a stop is only a politeness.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sync.mqtt import MqttLink
from sync.protocol.topics import receiver_filters
from sync.province import enrol_server, tunnel_door, web
from sync.province.archiving import archiving
from sync.province.checking import CommandCheck, DigestOnly, DocumentCheck
from sync.province.config import LONGTERM_OFF, VERIFY_COMMAND, Config, Folder
from sync.province.courier import CourierLink, Staging
from sync.province.crew import Crew
from sync.province.paging import pages
from sync.province.pki import key_id
from sync.province.proving import CommandExtension, Prover
from sync.province.receiver import Receiver, link_config
from sync.province.sending import SendingEnd, sender_link
from sync.province.standing_check import StandingCheck
from sync.province.store import ProvinceStore
from sync.wire_identity import SigningKey

log = logging.getLogger("commune-province.service")
STOP_SECONDS = 8.0


@dataclass
class Running:
    """The threads of a served province and what ended them."""

    stop: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Run `work` on a thread of its own; when it ends, for whatever reason, everything stops."""

        def run() -> None:
            try:
                work()
            except BaseException as error:  # told by the main thread, which then ends the process
                self.failures.append(error)
            finally:
                self.stop.set()

        thread = threading.Thread(target=run, name=name, daemon=True)
        self.threads.append(thread)
        thread.start()

    def wait(self) -> None:
        """Wait for the stop, then for the threads, a bounded time."""
        while not self.stop.wait(0.5):
            pass
        for thread in self.threads:
            thread.join(STOP_SECONDS)


def document_check(folder: Folder, config: Config) -> DocumentCheck:
    """The check that the settings ask for; `verify_command = ["none"]` checks digests only (laboratory)."""
    if config.verify_command == ("none",):
        return DigestOnly()
    roots = folder.resolve(config.trust_roots)
    if config.verify_command == VERIFY_COMMAND and config.verify_standing != ("none",):
        return StandingCheck(
            config.verify_standing, roots, config.verify_seconds, config.verify_memory, config.verify_parallel
        )
    return CommandCheck(config.verify_command, roots, config.verify_seconds, config.verify_memory)


def extension(folder: Folder, config: Config) -> CommandExtension:
    """The step of long-term proof that the settings ask for."""
    roots = folder.resolve(config.trust_roots)
    return CommandExtension(config.longterm_command, roots, config.longterm_seconds, config.verify_memory)


def serve(folder: Folder, config: Config, announce: Callable[[str], None]) -> list[BaseException]:
    """Serve until SIGTERM or SIGINT; returns what failed (nothing after a clean stop)."""
    running = Running()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: running.stop.set())
    store = ProvinceStore(folder.rows)
    key = SigningKey.load(folder.receipt_key)
    receiver = Receiver(
        store,
        archiving(document_check(folder, config), store),
        key,
        key_id(key.public),
        link_config(folder.root, *config.own_broker, receiver_filters()),
        lambda wanted: CourierLink(MqttLink(wanted), Staging(store)),
        config.max_document_bytes,
        config.verify_parallel,
    )
    if folder.sender_key.exists():
        sending = SendingEnd(
            store,
            key,
            key_id(key.public),
            sender_link(folder.root, *config.own_broker),
            MqttLink,
        )
        running.start("sender", lambda: sending.run(running.stop))
    else:  # a province set up by an earlier release
        log.warning("nothing is sent to boxes: run `commune-province init` again, then restart mosquitto")
    if config.enrol_port:
        enrolls = threading.Event()
        running.start(
            "enrolment",
            lambda: enrol_server.serve(folder, config, store, "0.0.0.0", config.enrol_port, running.stop, enrolls),
        )
    if config.websocket_port:
        tunnels = threading.Event()
        running.start("tunnel", lambda: tunnel_door.serve(folder, config, "0.0.0.0", running.stop, tunnels))
    app = pages(folder, config, store)
    ready = threading.Event()
    receiving = Crew(folder.root, config.workers).run if store.connection.shared else receiver.run
    running.start("receiver", lambda: receiving(running.stop))
    if config.longterm_command != LONGTERM_OFF:
        prover = Prover(store, extension(folder, config), config.longterm_pause)
        running.start("longterm", lambda: prover.run(running.stop))
    running.start("web", lambda: web.serve(app, config.web_host, config.web_port, running.stop, ready))
    while not ready.wait(0.1) and not running.stop.is_set():
        pass
    if ready.is_set():
        announce(f"http://{config.web_host}:{config.web_port}/")
    running.wait()
    store.close()
    return running.failures
