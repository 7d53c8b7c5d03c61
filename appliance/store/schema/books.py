"""Registers as books: numbers that electronic documents and reservations take too, and rows in all their versions."""

from __future__ import annotations

from typing import Any


def m018_books(db: Any) -> None:
    db.execute("ALTER TABLE register_numbers RENAME TO register_numbers_of_papers")
    db.execute("""
        CREATE TABLE register_numbers (
            register TEXT NOT NULL,
            year INTEGER NOT NULL,
            number INTEGER NOT NULL CHECK (number > 0),
            document_id TEXT UNIQUE REFERENCES documents (id),
            electronic_id TEXT UNIQUE REFERENCES incoming_documents (document_id),
            allocated_at TEXT NOT NULL,
            PRIMARY KEY (register, year, number),
            CHECK (document_id IS NULL OR electronic_id IS NULL)
        ) STRICT
    """)
    db.execute("""
        INSERT INTO register_numbers (register, year, number, document_id, allocated_at)
            SELECT register, year, number, document_id, allocated_at FROM register_numbers_of_papers
            ORDER BY register, year, number
    """)
    db.execute("DROP TABLE register_numbers_of_papers")
    db.execute("CREATE INDEX register_numbers_by_time ON register_numbers (register, allocated_at)")
    # A year that began on paper goes on here: the first number that the box gives.
    db.execute("""
        CREATE TABLE register_starts (
            register TEXT NOT NULL,
            year INTEGER NOT NULL,
            first_number INTEGER NOT NULL CHECK (first_number > 0),
            reason TEXT NOT NULL CHECK (trim(reason) != ''),
            by TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (register, year)
        ) STRICT
    """)
    _numbers_have_no_gaps(db)
    db.execute("""
        CREATE TABLE register_rows (
            sequence INTEGER PRIMARY KEY,
            book TEXT NOT NULL CHECK (book IN ('den', 'di', 'giai-quyet', 'ho-so')),
            register TEXT NOT NULL,
            year INTEGER NOT NULL,
            number INTEGER NOT NULL,
            act TEXT NOT NULL CHECK (act IN ('entered', 'reserved', 'filled', 'corrected', 'voided')),
            cells TEXT NOT NULL,
            reason TEXT NOT NULL CHECK (trim(reason) != '' OR act NOT IN ('reserved', 'corrected', 'voided')),
            by TEXT NOT NULL,
            at TEXT NOT NULL,
            digest TEXT NOT NULL,
            FOREIGN KEY (register, year, number) REFERENCES register_numbers (register, year, number)
        ) STRICT
    """)
    db.execute("CREATE INDEX register_rows_of ON register_rows (book, year, number, sequence)")
    _rows_are_never_rewritten(db)
    _rows_of_before(db)


def _numbers_have_no_gaps(db: Any) -> None:
    db.execute("""
        CREATE TRIGGER register_numbers_follow BEFORE INSERT ON register_numbers
        WHEN NEW.number != 1 + coalesce(
            (SELECT max(number) FROM register_numbers WHERE register = NEW.register AND year = NEW.year),
            (SELECT first_number - 1 FROM register_starts WHERE register = NEW.register AND year = NEW.year), 0)
        BEGIN SELECT RAISE(ABORT, 'a register has no gaps'); END
    """)
    db.execute("""
        CREATE TRIGGER register_numbers_stay BEFORE DELETE ON register_numbers
        BEGIN SELECT RAISE(ABORT, 'a number once taken stays'); END
    """)
    db.execute("""
        CREATE TRIGGER register_numbers_keep BEFORE UPDATE ON register_numbers
        WHEN NEW.register != OLD.register OR NEW.year != OLD.year OR NEW.number != OLD.number
            OR (OLD.document_id IS NOT NULL AND NEW.document_id IS NOT OLD.document_id)
            OR (OLD.electronic_id IS NOT NULL AND NEW.electronic_id IS NOT OLD.electronic_id)
        BEGIN SELECT RAISE(ABORT, 'a number keeps its paper'); END
    """)


def _rows_are_never_rewritten(db: Any) -> None:
    db.execute("""
        CREATE TRIGGER register_rows_delete BEFORE DELETE ON register_rows
        BEGIN SELECT RAISE(ABORT, 'a row of a register is never removed'); END
    """)
    # The one change that there is: a suspected secret leaves nothing of its content.
    db.execute("""
        CREATE TRIGGER register_rows_update BEFORE UPDATE ON register_rows
        WHEN NEW.cells != '{}' OR NEW.sequence != OLD.sequence OR NEW.book != OLD.book OR NEW.register != OLD.register
            OR NEW.year != OLD.year OR NEW.number != OLD.number OR NEW.act != OLD.act OR NEW.reason != OLD.reason
            OR NEW.by != OLD.by OR NEW.at != OLD.at OR NEW.digest != OLD.digest
        BEGIN SELECT RAISE(ABORT, 'a row of a register is never rewritten'); END
    """)


def _rows_of_before(db: Any) -> None:
    """Numbers taken before there were rows get one from their papers' fields; no event holds its digest."""

    def field(name: str) -> str:
        return f"json_extract(facts, '$.fields.{name}.value')"

    titled = f"nullif(trim(coalesce({field('type_name')}, '') || ' ' || coalesce({field('subject')}, '')), '')"
    day = "date(received_at, '+7 hours')"
    db.execute(f"""
        INSERT INTO register_rows (book, register, year, number, act, cells, reason, by, at, digest)
        SELECT taken.register, taken.register, taken.year, number, 'entered',
            json_patch('{{}}', CASE taken.register
                WHEN 'den' THEN json_object('arrival_date', {day}, 'issuer', {field("issuer")}, 'code', {field("code")},
                    'issued_date', {field("issued_date")}, 'subject', {titled})
                WHEN 'di' THEN json_object('code', {field("code")}, 'issued_date', {field("issued_date")},
                    'subject', {titled}, 'signer', {field("signer_name")}, 'recipients', {field("recipients")})
                ELSE json_object('dossier', nullif(dossier, ''), 'procedure', {field("subject")}, 'received_on', {day})
            END), '', 'migration', allocated_at, ''
        FROM register_numbers AS taken JOIN documents ON documents.id = taken.document_id
        WHERE taken.register IN ('den', 'di', 'ho-so') AND reason_code NOT IN ('suspected-secret', 'secret')
        ORDER BY taken.register, taken.year, number
    """)
