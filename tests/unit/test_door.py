"""The worker's door: what passes it, and that nothing else gets an answer."""

from __future__ import annotations

import json
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.door import Door, DoorClosed, ask
from appliance.pipeline.passwords import Passwords
from appliance.pipeline.underway import Underway
from appliance.services.worker import door_answers
from tests.fixtures_store import paper


@pytest.fixture
def inside() -> tuple[Passwords, Underway]:
    return Passwords(), Underway()


@pytest.fixture
def place(tmp_path: Path, inside: tuple[Passwords, Underway]) -> Iterator[Path]:
    path = tmp_path / "w.sock"
    door = Door(path, door_answers(*inside))
    yield path
    door.close()
    assert not path.exists()


def test_a_typed_password_reaches_the_worker(place: Path, inside: tuple[Passwords, Underway]) -> None:
    document = paper()
    assert ask(place, {"ask": "password", "paper": document.id, "password": "mở ra"}) == {"kept": True}
    assert inside[0].of(document) == ("mở ra",)


def test_pages_under_way_are_told_until_they_are_done(place: Path, inside: tuple[Passwords, Underway]) -> None:
    inside[1].began("a", 1, 12)
    inside[1].began("a", 3, 12)
    inside[1].began("b", 1, 1)
    assert ask(place, {"ask": "underway"}) == {"a": [3, 12], "b": [1, 1]}
    inside[1].ended("a")
    assert ask(place, {"ask": "underway"}) == {"b": [1, 1]}


def test_only_the_boxs_own_user_may_knock(place: Path) -> None:
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "line", [b"", b"no json\n", b"[1]\n", b'{"ask": "other"}\n', b'{"ask": "password"}\n', b"x" * 70_000 + b"\n"]
)
def test_other_questions_get_no_answer_and_the_door_stays_open(
    place: Path, line: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.settimeout(5)
        visitor.connect(str(place))
        visitor.sendall(line)
        visitor.shutdown(socket.SHUT_WR)
        try:
            assert visitor.recv(100) == b""
        except ConnectionResetError:
            pass
    assert ask(place, {"ask": "underway"}) == {}
    assert capfd.readouterr().err == ""


def test_nobody_at_the_door(tmp_path: Path) -> None:
    with pytest.raises(DoorClosed):
        ask(tmp_path / "none.sock", {"ask": "underway"})


def test_an_answer_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    def answers(text: Any) -> bytes:
        return json.dumps(text).encode() + b"\n"

    for answer in (b"", b"{", answers([1])):
        path = tmp_path / f"{len(answer)}.sock"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen(1)

            def once(listening: socket.socket = listening, answer: bytes = answer) -> None:
                visitor, _ = listening.accept()
                with visitor:
                    visitor.recv(1000)
                    visitor.sendall(answer)

            thread = threading.Thread(target=once)
            thread.start()
            with pytest.raises(DoorClosed):
                ask(path, {"ask": "underway"})
            thread.join()


def test_a_socket_left_by_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "w.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    door = Door(path, {"underway": lambda _question: {}})
    assert ask(path, {"ask": "underway"}) == {}
    door.close()
