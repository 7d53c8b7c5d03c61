"""How notices of handling are shown by commands."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.store.notices import Word
from appliance.wording import _
from appliance.wording.handling import STAGES


def word_lines(words: Iterable[Word]) -> list[str]:
    """What either end said about a document, one line each."""
    lines = []
    for word in words:
        who = word.by or (_("hộp này") if word.ours else _("tỉnh"))
        unheard = "" if word.heard else " - " + _("tỉnh chưa nhận được tin")
        reason = f": {word.reason}" if word.reason else ""
        lines.append(f"  {word.at:%Y-%m-%dT%H:%M:%SZ} {who}: {_(STAGES[word.code])}{reason}{unheard}")
    return lines
