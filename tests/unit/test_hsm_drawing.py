"""Pictures of appearances: transparency kept, no picture larger than paper can show, no image that is none."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image

from hsm.appearance import looks
from hsm.drawing import MOST_DOTS, picture_of
from hsm.font import font_file
from hsm.stamps import StampError, StampImage


def png(width: int, height: int, dots: int = 0) -> bytes:
    buffer = io.BytesIO()
    picture = Image.new("RGBA", (width, height), (205, 20, 30, 128))
    picture.save(buffer, "PNG", **({"dpi": (dots, dots)} if dots else {}))
    return buffer.getvalue()


def test_colour_and_transparency_are_kept() -> None:
    made = picture_of(png(4, 3))
    assert (made.width, made.height) == (4, 3)
    assert zlib.decompress(made.colours) == bytes((205, 20, 30)) * 12
    assert zlib.decompress(made.alpha) == bytes([128]) * 12


def test_a_photograph_of_a_seal_is_written_no_larger_than_paper_can_show() -> None:
    content = png(MOST_DOTS + 600, 30)
    assert picture_of(content).width == MOST_DOTS
    assert StampImage(content, 36.0).size(1.0)[0] == pytest.approx(36 / 25.4 * 72), "its size on paper is its own"


def test_a_picture_tells_its_true_size() -> None:
    assert StampImage(png(425, 425, 300)).size(10.0)[0] == pytest.approx(36 / 25.4 * 72, abs=0.3)
    assert StampImage(png(425, 425)).size(36.0)[0] == pytest.approx(36 / 25.4 * 72)


@pytest.mark.parametrize("content", [b"", b"no picture", png(4, 3)[:40]])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(StampError) as caught:
        looks(StampImage(content), font_file(), 36.0)
    assert caught.value.code == "stamp-image-unreadable"
