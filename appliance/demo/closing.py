"""The foot of the last page (Decree 30/2020, ô 7-9b): recipients at the left; authority, position, name at the right.

A draft has an empty space between position and name: a digital signature will stand there (annex I, ô 7c).
"""

from __future__ import annotations

import random
import zlib

from appliance.demo import stamps
from appliance.demo.scan_noise import Mark
from appliance.demo.sheet import Sheet
from appliance.demo.texts import Paper

_LEFT, _MIDDLE = 30.0, 150.0
_TITLE_LINE, _SIGNING_ROOM, _LIST_LINE = 6.0, 29.0, 4.7


def _titles(paper: Paper) -> list[str]:
    return [line for line in (*paper.signer_authority.split("\n"), paper.signer_position) if line]


def height(sheet: Sheet, paper: Paper) -> float:
    """Height in mm that the closing takes under the body."""
    signing = 8.0 + len(_titles(paper)) * _TITLE_LINE + _SIGNING_ROOM + 2
    return max(signing, 8.0 + (len(paper.recipients) + 1) * _LIST_LINE)


def print_closing(sheet: Sheet, paper: Paper, y: float) -> None:
    """Print the closing under height `y` in mm, and hang pen and seal on the sheet where the paper has them."""
    y += 8.0
    sheet.text(_LEFT, y, "Nơi nhận:", "bold-italic", 12)
    for i, recipient in enumerate(paper.recipients, 1):
        sheet.text(_LEFT, y + i * _LIST_LINE, recipient, "regular", 11)
    for i, line in enumerate(_titles(paper)):
        sheet.text(_MIDDLE, y + i * _TITLE_LINE, line, "bold", 14, "m")
    position = y + (len(_titles(paper)) - 1) * _TITLE_LINE
    sheet.text(_MIDDLE, position + _SIGNING_ROOM, paper.signer_name, "bold", 14, "m")
    _pen_and_seal(sheet, paper, position + _SIGNING_ROOM / 2 - 2)


def _pen_and_seal(sheet: Sheet, paper: Paper, middle: float) -> None:
    rng = random.Random(f"closing/{paper.key}")
    width = stamps.SIGNATURE_MM[0]
    if paper.handwritten_signature:
        seed = zlib.crc32(paper.key.encode())
        mask = stamps.turned(stamps.signature(paper.signer_name, seed, sheet.dpi), rng.uniform(-3, 3))
        sheet.marks.append(Mark(_MIDDLE + rng.uniform(-1, 2), middle, mask, stamps.PEN_BLUE))
    if paper.seal:
        # The seal covers about one third of the signature, on its left (Decree 30/2020, article 33).
        x = _MIDDLE - width / 2 + width / 3 - stamps.SEAL_MM / 2
        mask = stamps.turned(stamps.seal(paper.issuer, paper.parent_issuer, sheet.dpi), rng.uniform(-6, 6))
        sheet.marks.append(Mark(x + rng.uniform(-1, 1), middle + rng.uniform(-1, 1), mask, stamps.RED))
