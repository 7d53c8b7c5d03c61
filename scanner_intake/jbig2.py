"""One bitonal picture as a PDF stencil: lossless JBIG2 by our own coder, or CCITT G4 where that was not built.

Owns the loading and building of `jbig2.c` and the choice of the filter. Never lossy or symbol coding: it exchanges
similar letters and digits (digitizing rules 7.3 and 8).

Invariant: both ways give exactly the same pixels; only the bytes differ (G4 about 40 % more).
"""

from __future__ import annotations

import ctypes
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_NAME = "commune-jbig2.so"
_SOURCE = Path(__file__).with_name("jbig2.c")
_FLAGS = ("-O3", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared")


@dataclass(frozen=True)
class Stencil:
    """A coded picture; `filter` and `parms` are the PDF stream's /Filter and /DecodeParms."""

    coded: bytes
    filter: str
    parms: dict[str, Any]
    width: int
    height: int


def encode(black: np.ndarray, dpi: float = 300.0) -> Stencil:
    """`black` is HxW, anything but 0 is black; in the stencil black pixels are 0 bits read with /Decode [0 1]
    (PDF 32000-1, 8.9.6.2 and Table 12).

    Raises: ValueError for a picture without pixels.
    """
    height, width = black.shape
    if not height or not width:
        raise ValueError("a picture without pixels")
    coded = _jbig2(black, dpi)
    if coded is not None:
        return Stencil(coded, "JBIG2Decode", {}, width, height)
    return Stencil(_group4(black), "CCITTFaxDecode", {"K": -1, "Columns": width, "Rows": height}, width, height)


def library() -> Path:
    """Where the built coder belongs: inside the environment that runs this program, never beside the sources."""
    return Path(sys.prefix) / "lib" / "commune-box" / _NAME


def build(target: Path | None = None) -> Path:
    """Compiles the coder with the system's C compiler; an existing library is replaced in one step.

    Raises: OSError or subprocess.CalledProcessError when there is no compiler or it fails.
    """
    target = target or library()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        subprocess.run(["cc", *_FLAGS, "-o", part, _SOURCE], check=True, stdin=subprocess.DEVNULL)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


@cache
def _coder() -> Any:
    try:
        function = ctypes.CDLL(str(library())).jbig2_page
    except (OSError, AttributeError):
        return None
    pointer = ctypes.c_void_p
    function.argtypes = [
        pointer, ctypes.c_int32, ctypes.c_int32, ctypes.c_uint32, ctypes.c_uint32, pointer, ctypes.c_size_t,
    ]  # fmt: skip
    function.restype = ctypes.c_size_t
    return function


def _jbig2(black: np.ndarray, dpi: float) -> bytes | None:
    coder = _coder()
    if coder is None:
        return None
    pixels = np.ascontiguousarray(black, dtype=np.uint8)
    height, width = pixels.shape
    room = 4096 + width * height // 4  # noise costs a little more than one bit a pixel
    out = ctypes.create_string_buffer(room)
    per_metre = round(dpi / 0.0254)
    used = coder(pixels.ctypes.data, width, height, per_metre, per_metre, out, room)
    return out.raw[:used] if used else None


def _group4(black: np.ndarray) -> bytes:
    """The one strip of a G4 TIFF. Pillow tags it "0 is black", but the coder below it takes 1 for fax black: so the
    picture goes in with black as 1.
    """
    with io.BytesIO() as file:
        picture = Image.fromarray(np.where(black, 255, 0).astype(np.uint8)).convert("1", dither=Image.Dither.NONE)
        picture.save(file, "TIFF", compression="group4", strip_size=1 << 30)
        written = file.getvalue()
    with Image.open(io.BytesIO(written)) as again:
        tags: Any = again.tag_v2  # type: ignore[attr-defined]
        if len(tags[273]) != 1 or tags.get(262) != 1 or tags.get(266, 1) != 1:
            raise ValueError("not one plain strip")
        start, length = tags[273][0], tags[279][0]
    return written[start : start + length]


def main(arguments: list[str]) -> int:
    """`--build` compiles the coder; without it says whether it is there. Exit code 0 when it is."""
    if arguments == ["--build"]:
        try:
            build()
        except (OSError, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            return 1
    return 0 if _coder() is not None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
