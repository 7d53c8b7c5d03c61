"""JPEG inside TIFF, the new way (compression 7) and the old one (6): whole JPEG streams out of strips and tiles.

Owns the putting together of tables and strips (TIFF Technical Note 2; TIFF 6.0, section 22). It decodes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scanner_intake.source_types import ImageStream
from scanner_intake.tiff import Directory

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _ROWS, _PLANAR = 256, 257, 258, 259, 262, 277, 278, 284
_STRIPS, _STRIP_BYTES, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 273, 279, 322, 323, 324, 325
_STREAM, _STREAM_BYTES, _RESTART, _Q, _DC, _AC, _SUBSAMPLING = 513, 514, 515, 519, 520, 521, 530
_OLD, _NEW = 6, 7
_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_ADOBE_RGB = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"  # transform 0: the three components are RGB


@dataclass(frozen=True)
class Piece:
    """A strip or tile as a JPEG file of its own, with its place in samples from the top left."""

    content: bytes
    x: int
    y: int
    width: int
    height: int
    channels: int

    def stream(self) -> ImageStream:
        """The piece as a PDF keeps it."""
        colour = "gray" if self.channels == 1 else "rgb"
        return ImageStream(self.content, "DCTDecode", {}, self.width, self.height, 8, colour)


def jpeg_pieces(original: Path, directory: Directory) -> list[Piece]:
    """The JPEG streams of a page with 8-bit gray or colour samples side by side; [] when it is not made of such."""
    compression, samples = directory.one(_COMPRESSION, 1), directory.one(_SAMPLES, 1)
    plain = directory.one(_BITS, 1) == 8 and samples in (1, 3) and directory.one(_PLANAR, 1) == 1
    if compression not in (_OLD, _NEW) or not plain or directory.one(_PHOTOMETRIC) not in (1, 2, 6):
        return []
    if compression == _OLD:
        return _old(original, directory)
    pieces = []
    with original.open("rb") as file:
        for start, length, x, y in _places(directory):
            file.seek(start)
            whole = _with_tables(file.read(length), directory.tables, directory.one(_PHOTOMETRIC) == 2)
            found = frame_of(whole)
            if found is None or found[2] != samples:
                return []
            pieces.append(Piece(whole, x, y, found[0], found[1], samples))
    return pieces


def _places(directory: Directory) -> list[tuple[int, int, int, int]]:
    """Start, length, x and y of every strip or tile."""
    width, height = directory.one(_WIDTH), directory.one(_HEIGHT)
    if directory.all(_TILES):
        across, down = directory.one(_TILE_WIDTH), directory.one(_TILE_HEIGHT)
        starts, lengths = directory.all(_TILES), directory.all(_TILE_BYTES)
    else:
        across, down = width, directory.one(_ROWS, height) or height
        starts, lengths = directory.all(_STRIPS), directory.all(_STRIP_BYTES)
    if across <= 0 or down <= 0 or len(starts) != len(lengths):
        return []
    columns = -(-width // across)
    if len(starts) != columns * -(-height // down):
        return []
    pairs = zip(starts, lengths, strict=True)
    return [(s, n, index % columns * across, index // columns * down) for index, (s, n) in enumerate(pairs)]


def _with_tables(piece: bytes, tables: bytes, rgb: bool) -> bytes:
    """An abbreviated stream with its tables before it; one that is RGB says so, for decoders would take it as YCbCr."""
    inner = tables[2:-2] if tables[:2] == _SOI and tables[-2:] == _EOI else b""
    return _SOI + (_ADOBE_RGB if rgb else b"") + inner + piece[2:] if piece[:2] == _SOI else b""


def frame_of(content: bytes) -> tuple[int, int, int] | None:
    """Width, height and components of a JPEG by its frame header; None when there is none with 8 bits."""
    place = 2
    while place + 10 <= len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if marker == 0xFF:
            place += 1
            continue
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = (int.from_bytes(content[place + at : place + at + 2], "big") for at in (5, 7))
            return (width, height, content[place + 9]) if content[place + 4] == 8 else None
        if marker == 0xDA or length < 2:
            return None
        place += 2 + length
    return None


def _old(original: Path, directory: Directory) -> list[Piece]:
    """Old-style JPEG: one stream in the file, or tables and strips apart."""
    content = original.read_bytes()
    start, length = directory.one(_STREAM), directory.one(_STREAM_BYTES)
    width, height, samples = directory.one(_WIDTH), directory.one(_HEIGHT), directory.one(_SAMPLES, 1)
    strips = _scans(content, directory)
    whole = content[start : start + length] if start and length else b""
    if whole[:2] == _SOI and frame_of(whole) is not None:
        scan = whole.find(b"\xff\xda")
        if scan < 0 or len(whole) - scan < 64:  # only the header is there; the coded data are the strips
            whole = whole + strips
    else:
        whole = _made(content, directory, strips)
    found = frame_of(whole)
    if found is None or found != (width, height, samples):
        return []
    return [Piece(whole if whole.endswith(_EOI) else whole + _EOI, 0, 0, width, height, samples)]


def _scans(content: bytes, directory: Directory) -> bytes:
    starts, lengths = directory.all(_STRIPS), directory.all(_STRIP_BYTES)
    pieces = [content[start : start + length] for start, length in zip(starts, lengths, strict=False)]
    # Between strips stands a restart marker; without an interval only one strip can be coded without it.
    return b"".join(
        piece + (b"" if number == len(pieces) - 1 or piece[-2:-1] == b"\xff" else bytes((0xFF, 0xD0 + number % 8)))
        for number, piece in enumerate(pieces)
    )


def _made(content: bytes, directory: Directory, strips: bytes) -> bytes:
    """A JPEG from the tables that lie apart in the file (TIFF 6.0, section 22)."""
    samples = directory.one(_SAMPLES, 1)
    tables = [directory.all(tag) for tag in (_Q, _DC, _AC)]
    if any(len(each) < samples for each in tables) or not strips:
        return b""
    made = bytearray(_SOI)
    for number in range(samples):
        quantities = content[tables[0][number] : tables[0][number] + 64]
        made += b"\xff\xdb\x00\x43" + bytes([number]) + quantities
        for kind, places in ((0, tables[1]), (1, tables[2])):
            counts = content[places[number] : places[number] + 16]
            values = content[places[number] + 16 : places[number] + 16 + sum(counts)]
            made += b"\xff\xc4" + (19 + len(values)).to_bytes(2, "big") + bytes([kind << 4 | number]) + counts + values
    if directory.one(_RESTART):
        made += b"\xff\xdd\x00\x04" + directory.one(_RESTART).to_bytes(2, "big")
    across, down = [*directory.all(_SUBSAMPLING), 2, 2][:2] if samples == 3 else (1, 1)
    size = directory.one(_HEIGHT).to_bytes(2, "big") + directory.one(_WIDTH).to_bytes(2, "big")
    made += b"\xff\xc0" + (8 + 3 * samples).to_bytes(2, "big") + b"\x08" + size + bytes([samples])
    for number in range(samples):
        factors = (across << 4 | down) & 0xFF if number == 0 else 0x11
        made += bytes([number + 1, factors, number])
    made += b"\xff\xda" + (6 + 2 * samples).to_bytes(2, "big") + bytes([samples])
    for number in range(samples):
        made += bytes([number + 1, number << 4 | number])
    return bytes(made + b"\x00\x3f\x00" + strips)
