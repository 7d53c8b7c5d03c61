"""The outbox contract on the fake; the box's store runs the same suite in its own module."""

from __future__ import annotations

import pytest

from tests.contract.outbox_suite import Fill, OutboxContract
from tests.fakes.outbox import FakeOutbox


class TestFake(OutboxContract):
    @pytest.fixture
    def outbox(self) -> FakeOutbox:
        return FakeOutbox()

    @pytest.fixture
    def fill(self, outbox: FakeOutbox) -> Fill:
        return lambda document_id, content, priority: outbox.add(document_id, content, priority) and None
