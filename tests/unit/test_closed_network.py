"""Unit tests have no network: the guard of ``tests/conftest.py`` is in place for this very folder."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.conftest import NetworkForbidden


@pytest.mark.parametrize("verb", ["connect", "connect_ex", "bind"])
def test_unit_tests_have_no_network(verb: str) -> None:
    with socket.socket() as sock, pytest.raises(NetworkForbidden):
        getattr(sock, verb)(("127.0.0.1", 0))


def test_unit_tests_resolve_no_names() -> None:
    with pytest.raises(NetworkForbidden):
        socket.create_connection(("localhost", 1), timeout=1)


def test_unix_sockets_work(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
