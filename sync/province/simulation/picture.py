"""The backlog of a simulation as a picture (PNG).

Owns the drawing: documents waiting over the days, working hours shaded, the greatest value named.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_SIZE = (1280, 560)
_FRAME = (90, 60, 1250, 490)
_INK, _LINE, _PALE, _SHADE = "#1f2933", "#0b5cad", "#d8dee6", "#f3f6fa"
_SAMPLES_A_DAY = 48
_FACES = tuple(
    Path("/usr/share/fonts/truetype") / name
    for name in ("croscore/Arimo-Regular.ttf", "dejavu/DejaVuSans.ttf", "liberation2/LiberationSans-Regular.ttf")
)


def draw_backlog(backlog: Sequence[int], title: str, unit: str, target: Path) -> None:
    """Draw `backlog` (a value each half hour) and write the PNG."""
    image = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(image)
    large, small = _face(22), _face(15)
    left, top, right, bottom = _FRAME
    highest = max(1, *backlog) if backlog else 1
    days = max(1.0, len(backlog) / _SAMPLES_A_DAY)

    def place(index: float, count: float) -> tuple[float, float]:
        x = left + (right - left) * index / max(1, len(backlog) - 1)
        return x, bottom - (bottom - top) * count / (highest * 1.08)

    for day in range(int(days)):
        if day % 7 < 5:
            start, stop = place(day * _SAMPLES_A_DAY + 15, 0)[0], place(day * _SAMPLES_A_DAY + 34, 0)[0]
            draw.rectangle((start, top, stop, bottom), fill=_SHADE)
    for step in _steps(highest):
        y = place(0, step)[1]
        draw.line((left, y, right, y), fill=_PALE)
        draw.text((left - 10, y), f"{step:,}".replace(",", "."), fill=_INK, font=small, anchor="rm")
    for day in range(0, int(days) + 1, max(1, int(days) // 15)):
        x = place(day * _SAMPLES_A_DAY, 0)[0]
        if x <= right:
            draw.text((x, bottom + 10), str(day + 1), fill=_INK, font=small, anchor="ma")
    if len(backlog) > 1:
        draw.line([place(index, count) for index, count in enumerate(backlog)], fill=_LINE, width=2)
    draw.rectangle(_FRAME, outline=_INK)
    draw.text((left, 22), title, fill=_INK, font=large)
    draw.text(((left + right) / 2, bottom + 38), unit, fill=_INK, font=small, anchor="ma")
    image.save(target, "PNG", optimize=True)


def _face(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """A face with every Vietnamese letter where the machine has one; Pillow's own lacks most of them."""
    for path in _FACES:
        if path.exists():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


def _steps(highest: int) -> list[int]:
    """Four to eight round values from 0 to the highest."""
    size = 1
    while highest / size > 8:
        size *= 2 if str(size)[0] in "15" else 1
        size = size * 5 // 2 if str(size)[0] == "2" and highest / size > 8 else size
    return list(range(0, highest + 1, size))
