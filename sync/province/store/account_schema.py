"""Tables of what offices tell of their books. Append-only, like `schema`: a released step is never edited.

`case_states`: by the digest of a dossier's code, in hexadecimal; the codes themselves are not known here.
"""

from __future__ import annotations

ACCOUNTS = """
CREATE TABLE accounts (
    box TEXT NOT NULL REFERENCES boxes(box),
    period TEXT NOT NULL,
    said_at REAL NOT NULL,
    figures TEXT NOT NULL,
    PRIMARY KEY (box, period)
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_period ON accounts (period);

CREATE TABLE case_states (
    box TEXT NOT NULL REFERENCES boxes(box),
    code TEXT NOT NULL CHECK (length(code) = 32),
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)),
    day INTEGER NOT NULL,
    due INTEGER NOT NULL,
    said_at REAL NOT NULL,
    PRIMARY KEY (box, code)
) STRICT, WITHOUT ROWID;
"""
