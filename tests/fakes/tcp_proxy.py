"""A TCP line between a client and a broker that can hold one direction, swallow both, or cut."""

from __future__ import annotations

import selectors
import socket
import threading
from types import TracebackType


class TcpProxy:
    """`with TcpProxy(port) as line:` - connect to `line.port`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.hold_down = False
        self.hold_up = False
        self.accepted = 0
        self._pairs: dict[socket.socket, tuple[socket.socket, bool]] = {}
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> TcpProxy:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop = True
        self._thread.join(2)
        self.cut()
        self._listener.close()

    def cut(self) -> None:
        """End all connections."""
        for sock in list(self._pairs):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _run(self) -> None:
        while not self._stop:
            with selectors.DefaultSelector() as selector:
                selector.register(self._listener, selectors.EVENT_READ)
                for sock, (_, up) in self._pairs.items():
                    if not (self.hold_up if up else self.hold_down):
                        selector.register(sock, selectors.EVENT_READ)
                for key, _ in selector.select(0.02):
                    if key.fileobj is self._listener:
                        self._accept()
                    else:
                        self._carry(key.fileobj)  # type: ignore[arg-type]

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self.accepted += 1
        try:
            server = socket.create_connection(("127.0.0.1", self._target), 2)
        except OSError:
            client.close()
            return
        self._pairs[client] = (server, True)
        self._pairs[server] = (client, False)

    def _carry(self, sock: socket.socket) -> None:
        if sock not in self._pairs:
            return
        peer = self._pairs[sock][0]
        try:
            carried = sock.recv(65536)
            if carried:
                peer.sendall(carried)
                return
        except OSError:
            pass
        for end in (sock, peer):
            self._pairs.pop(end, None)
            end.close()
