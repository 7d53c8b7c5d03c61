"""What the page of a paper says of the token that must sign it: why the PIN is wanted again, or why it is not."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from appliance.config import Config
from appliance.domain.documents import advance, give_consent
from appliance.domain.kinds import Slot
from appliance.domain.states import Event
from appliance.store import Store, documents
from appliance.wording.codes import CODES
from hsm import frames
from hsm.api import KeyState, SignerState
from hsm.door import Door
from tests.fixtures_store import NOW
from tests.fixtures_web import Papers, Visitor

LOCKED = KeyState("agency", "VGCA Token", "S1", "01", None, logged_in=False)


class Signer:
    """A signer's socket that tells the one state a test gives it."""

    def __init__(self) -> None:
        self.key = LOCKED

    def answer(self, request: dict[str, object]) -> dict[str, Any]:
        return frames.pack_state(SignerState("module", (self.key,)))


@pytest.fixture
def signer(office: Config) -> Iterator[Signer]:
    told = Signer()
    office.runtime.mkdir(parents=True, exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(office.signer_socket))
    server.listen()
    door = Door(server, [os.getuid()], told.answer)

    def serve() -> None:
        while True:
            try:
                door.let_in()
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield told
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.mark.parametrize(
    ("key", "says", "asks"),
    [
        (LOCKED, "", True),
        (replace(LOCKED, ended="signer-died"), CODES["signer-died"], True),
        (replace(LOCKED, ended="batch-done"), CODES["batch-done"], True),
        (replace(LOCKED, ended="idle"), CODES["idle"], True),
        (replace(LOCKED, problem="device-given-up"), CODES["device-given-up"], True),
        (replace(LOCKED, present=False, ended="token-lost"), CODES["token-lost"], False),
        (replace(LOCKED, present=False, problem="token-other-serial"), "số sê-ri khác (S1)", False),
        (replace(LOCKED, pin_flags=("count-low", "final-try")), "Chỉ còn một lần nhập mã PIN", False),
        (replace(LOCKED, pin_flags=("locked",)), "Mã PIN đã bị khóa", False),
        (replace(LOCKED, pin_pad=True), "bàn phím của đầu đọc", False),
    ],
)
async def test_the_page_says_why_and_asks_only_where_a_pin_would_be_tried(
    visitor: Visitor, office_papers: Papers, store: Store, signer: Signer, key: KeyState, says: str, asks: bool
) -> None:
    signer.key = key
    before = office_papers.load(office_papers.digitized())
    after = give_consent(advance(before, Event.APPROVED, NOW), Slot.AGENCY, "clerk", NOW)
    store.write(lambda db: documents.save(db, before, after, "clerk", Event.APPROVED, {}))
    state, text = await visitor.get(f"/papers/{before.id}")
    assert state == 200 and says in text
    assert ('name="pin"' in text) == asks
