"""What is stamped or written on a paper of the test set: secrecy and urgency, arrival, frames, pens, seals.

Owns the places of marks, drawn from the paper's own key. A mark never covers printed text but where real ones do (seal
and signature over the signer's name; an arrow stamp may reach the issuer's column).
"""

from __future__ import annotations

import random
import zlib

import numpy as np

from appliance.demo import stamps
from appliance.demo.scan_noise import Mark
from appliance.demo.sheet import Sheet
from appliance.demo.texts import SECRECY_WORDS, URGENCY_WORDS
from tests.data import more_stamps, strokes
from tests.data.truth_texts import Script, Signer

_PENS = (stamps.PEN_BLUE, stamps.PEN_BLUE, (40, 38, 44))
Place = tuple[float, float]


def _rngs(script: Script, what: str) -> tuple[random.Random, np.random.Generator]:
    name = f"{what}/{script.key}"
    return random.Random(name), np.random.default_rng(zlib.crc32(name.encode()))


def heading_marks(sheet: Sheet, script: Script, number: Place, day: Place, row: float, stamps_from: float) -> float:
    """Marks on page 1; returns the height under which text may go on."""
    rng, hand = _rngs(script, "heading")
    pen = rng.choice(_PENS)
    if "number" in script.by_hand:
        sheet.marks.append(Mark(*number, strokes.written(script.number, hand, sheet.dpi, rng.uniform(4.6, 6.0)), pen))
    if "day" in script.by_hand:
        mask = strokes.written(f"{script.issued.day:02d}", hand, sheet.dpi, rng.uniform(4.2, 5.4))
        sheet.marks.append(Mark(*day, mask, pen))
    reached = _boxes(sheet, script, stamps_from, rng)
    if script.arrival:
        reached = max(reached, _arrival(sheet, script, row, rng, hand))
    if script.frame:
        mask = stamps.turned(more_stamps.framed(script.frame, sheet.dpi), rng.uniform(-4, 4))
        # Clerks put it into the top or the bottom margin.
        sheet.marks.append(Mark(rng.uniform(60, 150), rng.choice((12.0, 284.0)), mask, stamps.RED))
    if rng.random() < 0.12:
        mask = strokes.scribble(rng.randrange(5, 11), hand, sheet.dpi)
        sheet.marks.append(Mark(13.0, rng.uniform(120, 200), stamps.turned(mask, 80), stamps.PEN_BLUE))
    return reached


def _boxes(sheet: Sheet, script: Script, y: float, rng: random.Random) -> float:
    """Secrecy above urgency, left under the number (ô 10a, 10b); the arrow by hand at any angle."""
    top = y
    for word in (SECRECY_WORDS.get(script.secrecy, ""), URGENCY_WORDS.get(script.urgency, "")):
        if not word:
            continue
        if word == "HỎA TỐC" and script.arrow is not None:
            mask = stamps.turned(more_stamps.arrow(word, sheet.dpi), script.arrow)
            tall = mask.shape[0] / sheet.dpi * 25.4
            sheet.marks.append(Mark(33.0, top + tall / 2 + 1, mask, stamps.RED))
            top += tall + 2
            continue
        mask = stamps.turned(stamps.box_stamp(word, sheet.dpi), rng.uniform(-4, 4))
        x = max(42.0 - stamps.BOX_STAMPS[word][0] / 2, 12 + stamps.BOX_STAMPS[word][0] / 2)
        sheet.marks.append(Mark(x + rng.uniform(-2, 2), top + 5.2, mask, stamps.RED))
        top += 10.8
    return top + 2 if top > y else 0.0


def _arrival(sheet: Sheet, script: Script, row: float, rng: random.Random, hand: np.random.Generator) -> float:
    assert script.arrival is not None
    office, number, day = script.arrival
    # Under the date of a letter; under the number of a titled paper, where no other stamp stands.
    x, y = 30.0 if script.kind.type_name else 164.0, row + 5.0 + stamps.ARRIVAL_MM[1] / 2
    mask = stamps.turned(stamps.arrival_stamp(office, sheet.dpi), rng.uniform(-2, 2))
    sheet.marks.append(Mark(x, y, mask, rng.choice((stamps.RED, stamps.RED, stamps.PEN_BLUE))))
    for text, dx, dy in ((number, 8.0, -6.4), (day, 10.5, -0.6)):
        written = strokes.written(text, hand, sheet.dpi, 4.2, 0.42)
        sheet.marks.append(Mark(x + dx, y + dy, written, stamps.PEN_BLUE))
    sheet.marks.append(Mark(x + 4, y + 7.4, strokes.scribble(4, hand, sheet.dpi, 3.4), stamps.PEN_BLUE))
    return y + stamps.ARRIVAL_MM[1] / 2 + 7


def closing_marks(sheet: Sheet, script: Script, signer: Signer, middle: float, position: float) -> None:
    """Signature and seal at one signature block; a draft has neither."""
    if script.draft:
        return
    rng, _ = _rngs(script, f"closing/{signer.name}")
    centre, wide = position + 17, stamps.SIGNATURE_MM[0]
    mask = stamps.signature(signer.name, zlib.crc32(script.key.encode()), sheet.dpi)
    sheet.marks.append(
        Mark(middle + rng.uniform(-2, 3), centre, stamps.turned(mask, rng.uniform(-4, 4)), rng.choice(_PENS))
    )
    if script.seal:
        office = script.issuers[0]
        round_seal = stamps.turned(stamps.seal(office, script.parent, sheet.dpi), rng.uniform(-8, 8))
        x = middle - wide / 2 + wide / 3 - stamps.SEAL_MM / 2
        sheet.marks.append(Mark(x + rng.uniform(-1, 2), centre + rng.uniform(-1, 2), round_seal, stamps.RED))


def appendix_marks(sheet: Sheet, script: Script, signer: Signer, middle: float, position: float) -> None:
    """The appendix is signed and not sealed."""
    rng, _ = _rngs(script, "appendix")
    mask = stamps.signature(signer.name, 7, sheet.dpi)
    sheet.marks.append(Mark(middle, position + 17, stamps.turned(mask, rng.uniform(-4, 4)), stamps.PEN_BLUE))
