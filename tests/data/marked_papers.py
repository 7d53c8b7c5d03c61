"""Papers with secrecy or urgency stamps anywhere, and papers without any that look as if: the stamp search's trial.

The door: `secret_papers`, `harsh_papers`, `urgent_papers` and `plain_papers` yield pages as scanners deliver them.
Everything follows from (seed, number). A `MarkedPage` says what is on it, so that a miss can be looked at again. What
is drawn on a plain paper beside print, seals and pens stands in `plain_things`.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from appliance.demo import stamps
from appliance.demo.scan_noise import LEVELS, Mark, scan
from appliance.demo.stamps import inked
from tests.data.degradations import Pixels, Scan, degraded
from tests.data.plain_things import add_things
from tests.data.rubber_stamps import ENVELOPE, OTHER_CUTS, SECRET_CUTS, URGENT_CUTS, impression, some_cut, some_press
from tests.data.truth_layout import TruthSheet, composed
from tests.data.truth_texts import script

FORMS = ("colour",) * 9 + ("grey",) * 5 + ("bitonal",) * 4 + ("photocopy",) * 1 + ("fax",) * 1
_DAMAGES = ("yellowing", "bleed-through", "shading", "low-contrast", "dirt", "blur", "noise", "fold-lines", "moved")
_INKS = (stamps.RED,) * 12 + ((96, 30, 120), stamps.PEN_BLUE, (30, 28, 32), (30, 28, 32))
_URGENCY = {"KHẨN": "khan", "THƯỢNG KHẨN": "thuong-khan"}
MOST_DPI = 300.0  # what a page is decoded to at most


@dataclass(frozen=True)
class MarkedPage:
    """A page as decoded: BGR or grey pixels, its size in points, the stamps upon it and how it came about."""

    key: str
    pixels: Pixels
    size_pt: tuple[float, float]
    secret: str
    urgency: str
    told: str


def secret_papers(n: int, seed: int) -> Iterator[MarkedPage]:
    """Pages with one secrecy stamp, now and then with others beside it."""
    words = ("MẬT", "TỐI MẬT", "TUYỆT MẬT", "MẬT", "TỐI MẬT", "MẬT", "TUYỆT MẬT", "MẬT", "TỐI MẬT", ENVELOPE)
    for number in range(n):
        rng = random.Random(f"secret/{seed}/{number}")
        yield _page(rng, f"secret-{seed}-{number}", number, seed, words[number % len(words)])


def urgent_papers(n: int, seed: int) -> Iterator[MarkedPage]:
    """First pages with one urgency stamp about where the law wants it, pressed well enough to be read."""
    words = tuple(URGENT_CUTS)
    for number in range(n):
        rng = random.Random(f"urgent/{seed}/{number}")
        yield _page(rng, f"urgent-{seed}-{number}", number, seed, words[number % len(words)])


def plain_papers(n: int, seed: int) -> Iterator[MarkedPage]:
    """Pages without a secrecy stamp, with everything that resembles one."""
    for number in range(n):
        rng = random.Random(f"plain/{seed}/{number}")
        yield _page(rng, f"plain-{seed}-{number}", number, seed, "")


def harsh_papers(n: int, seed: int) -> Iterator[MarkedPage]:
    """Pages with one secrecy stamp at any turn, two of five with a single border, the ink faded to a third at worst."""
    words = ("MẬT", "TỐI MẬT", "TUYỆT MẬT", "MẬT", "TỐI MẬT", "MẬT")
    for number in range(n):
        yield _harsh(random.Random(f"hard/{seed}/{number}"), f"hard-{seed}-{number}", number, seed, words[number % 6])


def _harsh(rng: random.Random, key: str, number: int, seed: int, word: str) -> MarkedPage:
    form = rng.choice(("colour",) * 4 + ("grey",) * 3 + ("bitonal",) * 2 + ("photocopy",))
    dpi = rng.choice((150, 200, 200, 300, 300))
    sheets = composed(replace(script(number, 9000 + seed, secrets=False), urgency="", arrow=None), dpi)
    sheet = sheets[0] if rng.random() < 0.7 else rng.choice(sheets)
    cut = replace(some_cut(rng, word), lines=rng.choice((2, 2, 2, 1, 1)))
    tilt = rng.choice((rng.uniform(-5, 5), rng.uniform(0, 360), rng.uniform(0, 360)))
    faint = form in ("colour", "grey")
    press = some_press(rng, tilt, faint=faint)
    if faint and rng.random() < 0.25:
        press = replace(press, ink=rng.uniform(0.33, 0.5))
    mask = impression(cut, press, dpi, rng.randrange(1 << 30))
    where, x, y = _where(rng, sheet, mask.shape[1] / dpi * 25.4, mask.shape[0] / dpi * 25.4, 0)
    sheet.marks.append(Mark(x, y, mask, rng.choice((stamps.RED,) * 5 + _INKS[-4:-1])))
    base = rng.choice("AABBC")
    damages = (rng.choice(_DAMAGES),) if rng.random() < 0.2 else ()
    quality = rng.randrange(30, 91)
    told = f"{form} {dpi}dpi [{word} {where} {x:.0f},{y:.0f} {cut} {press}] {base} {damages} q{quality}"
    pixels = _scanned(sheet, base, form, damages, quality, key)
    points = (pixels.pixels.shape[1] * 72 / pixels.dpi[0], pixels.pixels.shape[0] * 72 / pixels.dpi[1])
    return MarkedPage(key, _decoded(pixels), points, word, "", told)


def _page(rng: random.Random, key: str, number: int, seed: int, word: str) -> MarkedPage:
    form = rng.choice(FORMS)
    dpi = rng.choice((150, 200, 200, 200, 300, 300, 300, 600)) if form != "fax" else 200
    written = replace(script(number, 7000 + seed, secrets=False), urgency="", arrow=None)
    told = [form, f"{dpi}dpi"]
    urgent = word in URGENT_CUTS
    sheets = composed(written, dpi)
    place = 0 if urgent or rng.random() < 0.6 else rng.randrange(len(sheets))
    sheet = sheets[place]
    if not word:
        told += add_things(rng, sheet)
    if word not in SECRET_CUTS and rng.random() < (0.3 if not word else 0.15):
        told.append(_other(rng, sheet, form))
    if word:
        told += _stamp(rng, sheet, word, form, level=1 if urgent else 0)
        if not urgent and rng.random() < 0.2:
            told += _stamp(rng, sheet, rng.choice(tuple(URGENT_CUTS)), form, level=1)
    base = rng.choice("AABBBC")
    damages = (rng.choice(_DAMAGES),) if rng.random() < 0.3 else ()
    quality = rng.randrange(30, 91)
    told += [base, *damages, f"q{quality}", f"p{place + 1}"]
    pixels = _scanned(sheet, base, form, damages, quality, key)
    points = (pixels.pixels.shape[1] * 72 / pixels.dpi[0], pixels.pixels.shape[0] * 72 / pixels.dpi[1])
    urgency = _URGENCY.get(word, "hoa-toc") if urgent else ""
    return MarkedPage(key, _decoded(pixels), points, word if word in SECRET_CUTS else "", urgency, " ".join(told))


def _other(rng: random.Random, sheet: TruthSheet, form: str) -> str:
    """A harmless stamp in a frame, anywhere in the margins or on the text."""
    word = rng.choice(tuple(OTHER_CUTS))
    press = some_press(rng, rng.uniform(-6, 6), faint=form == "colour")
    mask = impression(some_cut(rng, word), press, sheet.dpi, rng.randrange(1 << 30))
    x, y = rng.uniform(40, 170), rng.choice((rng.uniform(8, 18), rng.uniform(276, 290), rng.uniform(30, 280)))
    sheet.marks.append(Mark(x, y, mask, stamps.RED))
    return f"[{word} at {x:.0f},{y:.0f}]"


def _stamp(rng: random.Random, sheet: TruthSheet, word: str, form: str, level: int) -> list[str]:
    """One stamp; `level` 0: anywhere and anyhow, 1: carefully."""
    cut = some_cut(rng, word)
    tilt = rng.choice((rng.uniform(-4, 4), rng.uniform(-4, 4), rng.uniform(-25, 25)))
    tilt += rng.choice((0,) * 7 + (90, -90, 180)) if level == 0 else 0
    if level and abs(tilt) > 8:
        tilt /= 4
    press = some_press(rng, tilt, faint=form in ("colour", "grey") and not level)
    if level:
        press = replace(press, again=0.0, worn=0.0)
    if form == "fax":
        press = replace(press, fade=0.0, ink=1.0)  # what a fax loses no person reads either
    mask = impression(cut, press, sheet.dpi, rng.randrange(1 << 30))
    wide, tall = mask.shape[1] / sheet.dpi * 25.4, mask.shape[0] / sheet.dpi * 25.4
    where, x, y = _where(rng, sheet, wide, tall, level)
    colour = rng.choice(_INKS) if level == 0 else stamps.RED
    sheet.marks.append(Mark(x, y, mask, colour))
    shape = f"{cut.width:.0f}x{cut.height:.0f}/{cut.pitch:.2f} {cut.face}{' plain' * (not cut.accents)}"
    how = f"ink{press.ink:.2f} even{press.even:.2f} fade{press.fade:.2f} worn{press.worn:.2f} again{press.again:.1f}"
    shaky = " shaky" * cut.shaky
    return [f"[{word} {where} {x:.0f},{y:.0f} tilt{tilt:.0f} {shape}{shaky} {how} spread{press.spread:.2f} {colour}]"]


def _where(rng: random.Random, sheet: TruthSheet, wide: float, tall: float, level: int) -> tuple[str, float, float]:
    """The middle of a stamp in mm: left under the number, anywhere, on a seal or a signature, or cut by an edge."""
    law = (max(wide / 2 + 10, rng.uniform(36, 60)), rng.uniform(50, 95))
    choice = rng.random()
    if level or choice < 0.4:
        return ("law", *law)
    seals = [(m.x_mm, m.y_mm) for m in sheet.marks if min(m.mask.shape) > 18 * sheet.dpi / 25.4]
    if choice < 0.52 and seals:
        x, y = rng.choice(seals)
        return "on-mark", x + rng.uniform(-20, 20), y + rng.uniform(-14, 14)
    if choice < 0.60:
        lost = rng.uniform(0.03, 0.25)
        x = rng.choice((wide * (0.5 - lost), 210 - wide * (0.5 - lost)))
        return "cut", x, rng.uniform(30, 260)
    return "any", rng.uniform(wide / 2 + 3, 207 - wide / 2), rng.uniform(tall / 2 + 3, 294 - tall / 2)


def _scanned(sheet: TruthSheet, base: str, form: str, damages: tuple[str, ...], quality: int, key: str) -> Scan:
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    marks = [replace(mark, mask=inked(mark.mask, rng, LEVELS[base].ink)) for mark in sheet.marks]
    dpi = (float(sheet.dpi), float(sheet.dpi))
    got = Scan(np.asarray(scan(sheet.toner(), marks, base, rng, sheet.dpi)), dpi)
    names = damages if form == "colour" else (*damages, form)
    got = degraded(got, names, rng)
    if got.bitonal:
        return got
    flat = np.ascontiguousarray(got.pixels if got.pixels.ndim == 2 else got.pixels[:, :, ::-1])
    _, coded = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return replace(got, pixels=np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED), np.uint8))


def _decoded(got: Scan) -> Pixels:
    """Square pixels, at most 300 dpi, as the page pipeline decodes them (BGR or grey)."""
    across, down = got.dpi
    wanted = min(MOST_DPI, max(across, down))
    if (across, down) == (wanted, wanted):
        return got.pixels
    size = (round(got.pixels.shape[1] * wanted / across), round(got.pixels.shape[0] * wanted / down))
    method = cv2.INTER_AREA if wanted < across else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(got.pixels, size, interpolation=method), np.uint8)
