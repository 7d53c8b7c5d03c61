"""What pages and the worker ask again and again is asked by an index: a box keeps half a million papers for years.

Each question is run on an empty store and its statements are explained. Reading all of ``documents`` is refused; a walk
along an index that is ordered or narrowed is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from appliance.domain.documents import Document
from appliance.domain.states import State
from appliance.store import Store, attachments, batches, documents, queues, views
from appliance.store.standing import Role
from tests.fixtures_store import in_state, keep

Question = Callable[[Any, Document], object]
QUESTIONS: dict[str, Question] = {
    "appendices": lambda db, one: attachments.of_main(db, one.id),
    "how many appendices": lambda db, one: attachments.counts(db, [one.id, "other"]),
    "offered as appendices": lambda db, one: attachments.offered(db, one),
    "woken appendices": lambda db, one: attachments.wake(db, one.id),
    "parts of a batch": lambda db, one: batches.parts(db, "batch"),
    "joinable": lambda db, one: batches.joinable_after(db, one),
    "asked to join": lambda db, one: batches.asked_to_join(db, one.id),
    "hangs on it": lambda db, one: batches.stays_alone(db, one),
    "a family that moves": lambda db, one: batches.adopt(db, one.id, "new"),
    "stacks of sides": lambda db, one: batches.stacks_waiting(db, "den"),
    "what a secret takes along": lambda db, one: documents.replaced_beside(db, one),
    "the same bytes": lambda db, one: documents.first_with_original(db, one.original_sha256),
    "a desk's queue": lambda db, one: queues.queue(db, Role.CLERK),
    "one paper": lambda db, one: views.paper(db, one.id),
}
_WHOLE = re.compile(r"^SCAN (documents|held|paper)(?! .*INDEX)")


@pytest.mark.parametrize("name", tuple(QUESTIONS))
def test_no_question_reads_every_paper(store: Store, name: str) -> None:
    one = keep(store, in_state(State.DIGITIZED))
    asked: list[str] = []

    def ask(db: Any) -> list[str]:
        db.conn.set_trace_callback(asked.append)
        QUESTIONS[name](db, one)
        db.conn.set_trace_callback(None)
        statements = [text for text in asked if text.lstrip().startswith(("SELECT", "UPDATE", "WITH"))]
        plans = [(text, db.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()) for text in statements]
        return [f"{line[3]}: {text}" for text, plan in plans for line in plan if _WHOLE.match(line[3])]

    assert store.write(ask) == []
    assert asked, "the question was heard"
