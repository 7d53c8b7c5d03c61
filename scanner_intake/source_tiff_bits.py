"""TIFF samples of unusual sizes (2 to 32 bits, planes apart) that no library reads: unpacked here.

Owns the own decoder for uncompressed, PackBits and Deflate strips and tiles of whole-number samples. Deflate never
gives more than a strip needs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scanner_intake.tiff import Directory

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL, _SAMPLES, _ROWS = 256, 257, 258, 259, 262, 266, 277, 278
_STRIPS, _STRIP_BYTES, _PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILES = 273, 279, 284, 317, 322, 323, 324
_TILE_BYTES, _FORMAT = 325, 339
_NONE, _DEFLATES, _PACKBITS = 1, (8, 32946), 32773
_MOST_SAMPLES = 60_000_000  # of eight bytes each while they are unpacked


def odd_samples(original: Path, directory: Directory) -> np.ndarray | None:
    """Gray or BGR samples with eight bits, None when the page is not of the kinds this module knows."""
    bits, samples = directory.one(_BITS, 1), directory.one(_SAMPLES, 1)
    width, height = directory.one(_WIDTH), directory.one(_HEIGHT)
    known = directory.one(_COMPRESSION, 1) in (_NONE, _PACKBITS, *_DEFLATES) and directory.one(_PREDICTOR, 1) == 1
    simple = directory.one(_PHOTOMETRIC) in (0, 1, 2) and 1 <= bits <= 32 and 1 <= samples <= 4
    if not known or not simple or directory.one(_FORMAT, 1) != 1 or directory.one(_FILL, 1) != 1:
        return None
    if len(set(directory.all(_BITS))) > 1 or width * height * samples > _MOST_SAMPLES:
        return None
    with original.open("rb") as file:
        content = file.read()
    planes = directory.one(_PLANAR, 1) == 2
    found = np.zeros((height, width, samples), np.uint8)
    for number, (piece, x, y, across, down) in enumerate(_pieces(content, directory, samples if planes else 1)):
        inner = 1 if planes else samples
        values = _unpacked(piece, across * inner, down, bits, content[:2] == b"II")
        if values is None:
            return None
        values = values.reshape(down, across, inner)[: height - y, : width - x]
        plane = number // _in_plane(directory) if planes else 0
        found[y : y + values.shape[0], x : x + values.shape[1], plane : plane + inner] = values
    if directory.one(_PHOTOMETRIC) == 0:
        found = 255 - found
    if samples < 3:
        return np.ascontiguousarray(found[:, :, 0])
    return np.ascontiguousarray(found[:, :, 2::-1])


def _in_plane(directory: Directory) -> int:
    across, down = _piece_size(directory)
    return -(-directory.one(_WIDTH) // across) * -(-directory.one(_HEIGHT) // down)


def _piece_size(directory: Directory) -> tuple[int, int]:
    if directory.all(_TILES):
        return max(1, directory.one(_TILE_WIDTH)), max(1, directory.one(_TILE_HEIGHT))
    height = directory.one(_HEIGHT)
    return directory.one(_WIDTH), max(1, min(directory.one(_ROWS, height) or height, height))


def _pieces(content: bytes, directory: Directory, planes: int) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Unpacked bytes, x, y, width and height of every strip or tile, plane after plane."""
    across, down = _piece_size(directory)
    tiled = bool(directory.all(_TILES))
    starts = directory.all(_TILES if tiled else _STRIPS)
    lengths = directory.all(_TILE_BYTES if tiled else _STRIP_BYTES)
    width, height, bits = directory.one(_WIDTH), directory.one(_HEIGHT), directory.one(_BITS, 1)
    columns, each_plane = -(-width // across), _in_plane(directory)
    inner = 1 if planes > 1 else directory.one(_SAMPLES, 1)
    for number, (start, length) in enumerate(zip(starts, lengths, strict=False)):
        if number >= each_plane * planes:
            return
        place = number % each_plane
        x, y = place % columns * across, place // columns * down
        rows = down if tiled else min(down, height - y)
        need = rows * ((across * inner * bits + 7) // 8)
        yield _inflated(content[start : start + length], directory.one(_COMPRESSION, 1), need), x, y, across, rows


def _inflated(piece: bytes, compression: int, need: int) -> bytes:
    if compression == _NONE:
        return piece[:need]
    if compression in _DEFLATES:
        return zlib.decompressobj().decompress(piece, need)
    made = bytearray()
    place = 0
    while place < len(piece) and len(made) < need:
        head = piece[place]
        place += 1
        if head < 128:
            made += piece[place : place + head + 1]
            place += head + 1
        elif head > 128:
            made += piece[place : place + 1] * (257 - head)
            place += 1
    return bytes(made[:need])


def _unpacked(piece: bytes, across: int, rows: int, bits: int, little: bool) -> np.ndarray | None:
    """Rows of `across` whole numbers, scaled to eight bits."""
    row = (across * bits + 7) // 8
    if len(piece) < row * rows:
        return None
    packed = np.frombuffer(piece, np.uint8, row * rows).reshape(rows, row)
    if bits in (16, 32) or bits == 24:
        order = packed.reshape(rows, across, bits // 8)
        return np.ascontiguousarray(order[:, :, -1 if little else 0])  # the highest byte is the eight-bit value
    if bits == 8:
        return packed
    spread = np.unpackbits(packed, axis=1)[:, : across * bits].reshape(rows, across, bits)
    if bits > 8:
        return np.packbits(spread[:, :, :8], axis=2)[:, :, 0]
    weights = 1 << np.arange(bits - 1, -1, -1)
    values = (spread * weights).sum(axis=2)
    return (values * 255 // ((1 << bits) - 1)).astype(np.uint8)
