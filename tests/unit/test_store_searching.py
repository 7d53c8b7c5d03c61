"""The search over all papers: what is found, in which order, how far, and what is forgotten with a secret."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.states import Event, State
from appliance.store import Store, documents, open_store, search_index, searching, texts
from appliance.store.searching import Question
from tests.fixtures_store import paper
from tests.fixtures_web import Papers

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def ask(store: Store, text: str = "", **other: object) -> list[str]:
    question = Question(text, **other)  # type: ignore[arg-type]
    return list(store.read(lambda db: searching.found(db, question)).ids)


def kept(store: Store, subject: str = "", days: int = 0, text: str = "", **other: object) -> str:
    """A paper with a subject, received some days after Monday, with a text."""
    made = paper(received_at=MONDAY + timedelta(days=days), original_name=f"{subject}.pdf", **other)
    assert store.write(lambda db: documents.insert(db, made, "intake", {}))
    store.write(lambda db: texts.keep(db, made.id, (text,)))
    return made.id


def test_facts_stand_before_text_and_each_newest_first(store: Store) -> None:
    old_fact = kept(store, "đường giao thông", 0)
    text = kept(store, "khác", 1, "sửa đường giao thông nông thôn")
    new_fact = kept(store, "đường giao thông xóm", 2)
    newest = kept(store, "gì đó", 3, "giao thông, đường")
    assert ask(store, "duong giao thong") == [new_fact, old_fact, newest, text]


def test_words_may_stand_in_facts_and_text_together(store: Store) -> None:
    one = kept(store, "trợ cấp", 0, "hộ nghèo")
    assert ask(store, "trợ cấp hộ nghèo") == [one]
    assert ask(store, "trợ cấp hộ giàu") == []


@pytest.mark.parametrize(("typed", "finds"), [("ldtb", True), ("ld", False), ("ldtbxh", True), ("tbxh", False)])
def test_the_last_word_may_be_unfinished_from_three_letters_on(store: Store, typed: str, finds: bool) -> None:
    one = kept(store, "215/UBND-LĐTBXH")
    assert ask(store, f"215 {typed}") == ([one] if finds else [])


@pytest.mark.parametrize(
    "typed", ['"', "*", "NEAR(a b)", "a OR b", "facts : x", "-", "^", "'; DROP TABLE documents", "_"]
)
def test_nothing_that_people_type_is_an_operator(store: Store, typed: str) -> None:
    kept(store, "đường")
    assert ask(store, typed) == []


def test_days_are_those_of_the_office(store: Store) -> None:
    evening = paper(received_at=datetime(2026, 3, 2, 16, 59, 59, 900_000, tzinfo=UTC), original_name="tối.pdf")
    night = paper(received_at=datetime(2026, 3, 2, 17, 0, tzinfo=UTC), original_name="đêm.pdf")
    for made in (evening, night):
        store.write(lambda db, made=made: documents.insert(db, made, "intake", {}))  # type: ignore[misc]
    second, third = date(2026, 3, 2), date(2026, 3, 3)
    assert ask(store, "pdf", from_day=second, to_day=second) == [evening.id]
    assert ask(store, "pdf", from_day=third) == ask(store, from_day=third) == [night.id]
    assert ask(store, to_day=second) == [evening.id]
    assert ask(store, "pdf", from_day=date(2027, 1, 1)) == ask(store, to_day=date(2020, 1, 1)) == []


@pytest.mark.parametrize("after", ["²", "9" * 30, "-1", "x", "0x1"])
def test_an_address_that_no_page_made_asks_for_the_first_page(store: Store, after: str) -> None:
    one = kept(store, "đường")
    assert ask(store, "duong", after=after) == ask(store, to_day=date(2030, 1, 1), after=after) == [one]


def test_the_calendars_own_ends_leave_no_paper_out(store: Store) -> None:
    one = kept(store, "đường")
    assert ask(store, "duong", from_day=date.min, to_day=date.max) == [one]
    assert ask(store, from_day=date.min) == ask(store, to_day=date.max) == [one]
    assert ask(store, to_day=date.min) == ask(store, from_day=date.max) == []


def test_a_text_that_is_read_again_keeps_the_words_it_still_has(store: Store) -> None:
    one = kept(store, "a", 0, "giữ nguyên bỏđi")
    store.write(lambda db: texts.keep(db, one, ("giữ nguyên thêmvào",)))
    assert ask(store, "giu nguyen themv") == [one]
    assert ask(store, "bodi") == []
    terms = store.read(lambda db: {row[0] for row in db.execute("SELECT term FROM search_terms")})
    assert {"giu", "nguyen", "themvao"} <= terms and "bodi" not in terms


def test_a_wrong_clock_hides_no_paper_of_its_day(store: Store) -> None:
    late = kept(store, "một", 5)
    early = kept(store, "hai", 0)
    day = MONDAY.date()
    assert ask(store, "pdf", from_day=day, to_day=day) == [early]
    assert ask(store, "pdf", from_day=day, to_day=day + timedelta(days=5)) == [early, late]


def test_kind_type_issuer_and_state_narrow(store: Store, office_papers: Papers) -> None:
    scan = office_papers.digitized()
    letter = office_papers.digitized(kind=Kind.OUTGOING)
    office = office_papers.store
    every = ask(office, states=frozenset({State.DIGITIZED}))
    assert every == [letter, scan]
    assert ask(office, kind=Kind.OUTGOING.value) == [letter]
    fields = office_papers.load(scan).fields
    assert ask(office, type_name=fields["type_name"].value.upper()) == every
    assert ask(office, issuer=fields["issuer"].value) == every
    assert ask(office, fields["subject"].value, states=frozenset({State.DIGITIZED})) == every
    assert ask(office, fields["subject"].value, states=frozenset({State.REFUSED})) == []
    assert ask(office, type_name="Nghị quyết liên tịch") == ask(office, issuer="không ai") == []


def test_many_papers_in_a_state_are_found_by_the_index(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [kept(store, f"giống nhau {number}", number) for number in range(6)]
    received = frozenset({State.RECEIVED})
    few = ask(store, "giong nhau", states=received)
    monkeypatch.setattr(searching, "_FEW", 3)
    assert ask(store, "giong nhau", states=received) == few == ids[::-1]
    assert ask(store, "giong nhau", states=frozenset({State.DELIVERED})) == []


def test_pages_follow_one_another_without_gap_or_repetition(store: Store) -> None:
    ids = [kept(store, "", number, "văn bản chung") for number in range(12)]
    facts = [kept(store, "văn bản chung", 20 + number) for number in range(3)]
    for states in (frozenset[State](), frozenset({State.RECEIVED})):
        seen: list[str] = []
        after = ""
        for _ in range(10):
            question = Question("van ban chung", states=states, after=after)
            answer = store.read(lambda db, question=question: searching.found(db, question, 4))  # type: ignore[misc]
            seen += [one for one in answer.ids if one not in seen]
            after = answer.next
            if not after:
                break
        assert sorted(seen) == sorted(ids + facts) and not after
        assert seen[:3] == facts[::-1]


def test_a_secret_leaves_no_word(store: Store) -> None:
    other = kept(store, "kế hoạch", 0, "chung với bí mật")
    one = paper(original_name="a.pdf")
    store.write(lambda db: documents.insert(db, one, "intake", {}))
    store.write(lambda db: texts.keep(db, one.id, ("nội dung xyzzy mật",)))
    assert ask(store, "xyzzy") == [one.id]

    def quarantine(db: object) -> None:
        secret = dataclasses.replace(
            one, state=State.QUARANTINED, version=one.version + 1, reason_code="suspected-secret"
        )
        documents.save(db, one, secret, "clerk", Event.SUSPECTED_SECRET, {})

    store.write(quarantine)
    assert ask(store, "xyzzy") == ask(store, "noi dung") == []
    assert ask(store, "a.pdf") == [one.id], "its file's name is what people may still see"
    terms = store.read(lambda db: {row[0] for row in db.execute("SELECT term FROM search_terms")})
    assert "xyzzy" not in terms and {"mat", "hoach"} <= terms
    assert ask(store, "mat") == [other]


def test_papers_older_than_the_search_are_found_after_the_upgrade(tmp_path: Path) -> None:
    opened = open_store(tmp_path / "box.db", tmp_path / "blobs")
    ids = [kept(opened, f"cũ {number}", number, "chữ trong trang") for number in range(3)]

    def unknown(db: object) -> None:
        for table in ("search_words", "search_facts"):
            db.execute(f"UPDATE {table} SET facts = '', issuer = '', facets = ''")  # type: ignore[attr-defined]
        db.execute("UPDATE search_rows SET stale = 1")  # type: ignore[attr-defined]
        db.execute("DELETE FROM search_terms")  # type: ignore[attr-defined]

    opened.write(unknown)
    assert ask(opened, "cu") == []
    opened.close()
    again = open_store(tmp_path / "box.db", tmp_path / "blobs")
    assert ask(again, "cu") == ids[::-1]
    assert ask(again, "chu trong tra") == ids[::-1]
    assert again.read(lambda db: search_index.stale(db, 10)) == []
    again.close()


def test_a_corrected_field_is_found_and_the_former_one_is_not(store: Store, office_papers: Papers) -> None:
    one = office_papers.digitized(fields={"subject": "trích yếu sai"})
    office_papers.store.write(lambda db: texts.forget(db, one))
    before = office_papers.load(one)
    corrected: Document = dataclasses.replace(
        before,
        version=before.version + 1,
        fields=before.fields | {"subject": dataclasses.replace(before.fields["subject"], value="trích yếu đúng")},
    )
    office_papers.store.write(lambda db: documents.save(db, before, corrected, "Lan", "corrected", {}))
    assert ask(office_papers.store, "trich yeu dung") == [one]
    assert ask(office_papers.store, "sai") == []
