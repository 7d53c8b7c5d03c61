"""The worker's door on the box: pages hand over a typed password, and ask which page is being digitized.

Owns both ends of one small protocol over a Unix socket in the runtime folder: one JSON object a line, one answer, then
the line is closed. What passes here is memory on both sides and is never written down. Only the box's own user can open
the socket (mode 0600); a question that is too long, too slow or of no known kind gets no answer.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_MOST_BYTES = 64 << 10
_SECONDS = 5.0
Question = dict[str, Any]


class DoorClosed(Exception):
    """Nobody answers at the door: the worker is not running, or does not know the question."""


class Door:
    """The worker's end. ``answers`` has a function for each value of a question's ``ask``; it gets the question and
    returns the answer. Raises: OSError when ``path`` cannot be bound.
    """

    def __init__(self, path: Path, answers: Mapping[str, Callable[[Question], Question]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # left by a worker that was killed; two workers never run on one box
        before = os.umask(0o177)
        try:
            self._server = _Listening(str(path), _Visit)
        finally:
            os.umask(before)
        self._server.answers = dict(answers)
        self._path = path
        threading.Thread(target=self._server.serve_forever, name="door", daemon=True).start()

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


class _Listening(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    answers: dict[str, Callable[[Question], Question]]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visit that went wrong ends; its question is not repeated anywhere, because it may hold a password."""


class _Visit(socketserver.StreamRequestHandler):
    timeout = _SECONDS

    def handle(self) -> None:
        question = _object(self.rfile.readline(_MOST_BYTES))
        answer = self.server.answers[str(question.get("ask"))](question)  # type: ignore[attr-defined]
        self.wfile.write(json.dumps(answer).encode() + b"\n")


def ask(path: Path, question: Question, seconds: float = _SECONDS) -> Question:
    """The worker's answer.

    Raises:
        DoorClosed: no worker, no answer in time, or none that can be read.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as line:
            line.settimeout(seconds)
            line.connect(str(path))
            line.sendall(json.dumps(question).encode() + b"\n")
            with line.makefile("rb") as answer:
                return _object(answer.readline(_MOST_BYTES))
    except (OSError, ValueError) as error:
        raise DoorClosed from error


def _object(line: bytes) -> Question:
    found = json.loads(line) if line.endswith(b"\n") else None
    if not isinstance(found, dict):
        raise ValueError("not one object a line")
    return found
