"""The configuration profile that boxes of one province share: which is expected, and who has another.

Owns the rule (knowledge base, operations §9, RC0: one profile per province). Pure. What a person said is expected
counts; without that, what more than half of the boxes that name one have, so that a lone box is found by itself and
nobody is blamed while a province is split. A box that names none (an older release) has not drifted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

LETTERS = 16
"""Hexadecimal digits of a profile."""


def expected(said: str, had: Iterable[str]) -> str:
    """The profile that boxes should have, or "" where none can be told. `had`: what boxes name, "" for none."""
    if said:
        return said
    counts = Counter(one for one in had if one)
    if not counts:
        return ""
    most, count = counts.most_common(1)[0]
    return most if 2 * count > counts.total() else ""


def profile_of(typed: str) -> str:
    """A profile as people type it, or "" where it is none."""
    plain = typed.strip().lower()
    return plain if re.fullmatch(rf"[0-9a-f]{{{LETTERS}}}", plain) else ""
