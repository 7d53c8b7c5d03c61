"""An HTTP proxy that knows CONNECT and nothing else, on a loopback port; remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType


class HttpProxy:
    """`with HttpProxy() as proxy:` - `answer`: what it says instead of opening the way; "" says nothing at all;
    `only`: the ports it leads to, 403 for the others."""

    def __init__(
        self, answer: str | None = None, names: dict[str, str] | None = None, only: set[int] | None = None
    ) -> None:
        self._answer, self._names, self._only = answer, names or {}, only
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heads: list[str] = []
        self._open: list[socket.socket] = []

    def __enter__(self) -> HttpProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.heads.append(head.decode())
            if self._answer is not None:
                client.sendall(self._answer.encode())
                return
            host, _, port = head.decode().split()[1].rpartition(":")
            if self._only is not None and int(port) not in self._only:
                client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            server = socket.create_connection((self._names.get(host, host), int(port)), 5)
            self._open.append(server)
            client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 office\r\n\r\n")
            threading.Thread(target=self._carry, args=(server, client), daemon=True).start()
            self._carry(client, server)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
