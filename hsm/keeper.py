"""The signer process that systemd sees: holds the socket and keeps one module process alive, never loading a module.

Owns starting anew: after a crash, a hang or a fault of the device with pauses of 1, 5 and 30 s, and after the third
in a row not any more ("the circuit is open") until a person asks, or until the token is plugged in anew, which a
resting module process watches that signs nothing. While no module process lives, whoever asks is told why; a PIN in
such a request is dropped, never kept or passed on. A configuration that cannot work ends the keeper too.

Source of the pauses: signing.md 9.3.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from hsm import frames
from hsm.api import FaultClass, SigningError
from hsm.config import SignerConfig
from hsm.door import Door, listen

CALM_SECONDS = 600.0
"""A module process that served this long without a fault counts as healed."""
_HANG, _DEVICE, _RELEASED = 70, 71, 72
_CONFIGURATION = (69, 78)
_STOP_SECONDS = 10.0


@dataclass
class Ward:
    """The module process, or the wait for the next one (moments: monotonic seconds)."""

    process: subprocess.Popen[bytes] | None = None
    alive: int = -1
    seen_at: float = 0.0
    started_at: float = 0.0
    ready: bool = False
    faults: int = 0
    cause: str = ""
    not_before: float = 0.0
    again: bool = False
    """Somebody asked for another attempt while this one was not ready yet: however it ends, it counts for nothing."""


class Keeper:
    """Runs until SIGTERM; `silence_seconds` without a sign of life is a hang."""

    def __init__(self, config: SignerConfig, path: Path) -> None:
        self._config = config
        self._path = path
        self._silence_seconds = config.sign_deadline_seconds + 5.0
        self._ward = Ward()
        self._listener = listen(config.socket)
        self._door = Door(self._listener, config.allowed_uids, self._answer, self._wake)
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._stopping = False
        self._retry = False

    def run(self) -> int:
        """The exit code: 0 after SIGTERM or SIGINT, otherwise the module process's own for a configuration fault."""
        signal.set_wakeup_fd(self._wake_write.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._listener.setblocking(False)
        _tell_supervisor("READY=1")
        try:
            while not self._stopping:
                code = self._turn()
                if code is not None:
                    return code
            return 0
        finally:
            self._end()
            self._listener.close()
            if "LISTEN_PID" not in os.environ:
                self._config.socket.unlink(missing_ok=True)

    # --- one turn ----------------------------------------------------------------------------------------------------

    def _turn(self) -> int | None:
        ward = self._ward
        if ward.process is None and time.monotonic() >= ward.not_before:
            self._start()
        self._wait()
        if ward.process is None:
            return None
        code = ward.process.poll()
        if code is None and time.monotonic() - ward.seen_at > self._silence_seconds:
            ward.process.kill()
            ward.process.wait()
            code = _HANG
        return None if code is None else self._ended(code)

    def _ended(self, code: int) -> int | None:
        """Note how the module process ended; an exit code when the keeper ends too."""
        ward = self._ward
        self._forget_process()
        if self._stopping or code in _CONFIGURATION:
            return 0 if self._stopping else code
        if code == _RELEASED:
            ward.faults, ward.not_before, ward.cause = 0, 0.0, ""
            return None
        if time.monotonic() - ward.started_at > CALM_SECONDS:
            ward.faults = 0
        resting = self._given_up()
        ward.faults += 1
        ward.cause = {_HANG: "module-hangs", _DEVICE: "device-fault"}.get(code, "signer-died")
        pauses = self._config.restart_pauses_seconds
        pause = pauses[ward.faults - 1] if ward.faults <= len(pauses) else 0.0
        # A resting process that cannot live either leaves only a person's word.
        ward.not_before = float("inf") if resting else time.monotonic() + pause
        if ward.again:
            ward.faults, ward.not_before = 0, 0.0
        sys.stderr.write(f"signer: {ward.cause} (exit {code}), fault {ward.faults} in a row\n")
        sys.stderr.flush()
        return None

    def _start(self) -> None:
        ward = self._ward
        read, write = os.pipe()
        os.set_blocking(read, False)
        command = [sys.executable, "-m", "hsm", "--config", str(self._path), "--module-process"]
        command += [f"{self._listener.fileno()}", f"{write}", ward.cause or "-"]
        if self._given_up():
            command.append("--resting")
        try:
            ward.process = subprocess.Popen(
                command, pass_fds=(self._listener.fileno(), write), stdin=subprocess.DEVNULL, close_fds=True
            )
        finally:
            os.close(write)
        ward.alive, ward.ready, ward.again = read, False, False
        ward.started_at = ward.seen_at = time.monotonic()

    def _wait(self) -> None:
        """Until something happens; while no module process serves, peers are answered from here."""
        ward = self._ward
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_read, selectors.EVENT_READ)
            if ward.process is not None:
                selector.register(ward.alive, selectors.EVENT_READ)
            if not ward.ready:
                selector.register(self._listener, selectors.EVENT_READ)
            pause = 1.0 if ward.process is not None else min(1.0, max(0.0, ward.not_before - time.monotonic()))
            ready = {key.fileobj for key, _ in selector.select(pause)}
        if self._wake_read in ready:
            self._wake_read.recv(4096)
        if ward.process is not None and ward.alive in ready:
            self._listen_for_life()
        if self._listener in ready:
            self._door.let_in()

    def _listen_for_life(self) -> None:
        ward = self._ward
        said = os.read(ward.alive, 4096)
        if said:
            ward.seen_at = time.monotonic()
            ward.ready = ward.ready or b"r" in said
        elif ward.process is not None:
            try:
                ward.process.wait(_STOP_SECONDS)  # its end of the pipe is closed: it is ending
            except subprocess.TimeoutExpired:
                ward.process.kill()
                ward.process.wait()

    # --- answers while no module process serves --------------------------------------------------------------------

    def _answer(self, request: dict[str, object]) -> dict[str, object]:
        ward = self._ward
        if frames.text(request, "op") == "retry":
            if not ward.ready:
                ward.faults, ward.not_before = 0, 0.0
                ward.again = ward.process is not None  # it may be ending of what the person has just mended
            self._retry = True
            return {"ok": True}
        if self._given_up():
            raise SigningError(FaultClass.DEVICE, "device-given-up", ward.cause)
        if ward.faults:
            raise SigningError(FaultClass.DEVICE, "device-restarting", ward.cause)
        raise SigningError(FaultClass.CRASH, "signer-starting", "")

    def _given_up(self) -> bool:
        """Whether the circuit is open."""
        return self._ward.faults > len(self._config.restart_pauses_seconds)

    def _wake(self) -> None:
        if self._retry:
            self._retry = False
            self._wake_write.send(b"!")

    def _stop(self, *_: object) -> None:
        self._stopping = True

    # --- ending ------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        process = self._ward.process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._forget_process()

    def _forget_process(self) -> None:
        os.close(self._ward.alive)
        self._ward.process, self._ward.alive, self._ward.ready = None, -1, False


def _tell_supervisor(text: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.connect("\0" + address[1:] if address.startswith("@") else address)
            notify.sendall(text.encode())
