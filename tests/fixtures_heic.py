"""A HEIC photo written by hand: one HEVC intra picture whose samples are stored as they are (I_PCM).

The kept library only decodes, so the tests need a writer of their own. It knows the least that a decoder accepts:
32 × 32 blocks, 4:2:0, no filters (ITU-T H.265, 7.3 and 9.3.4; ISO/IEC 23008-12 for the boxes).
"""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

_SIDE = 32
# Table 9-46 of H.265 for the first states: one flag is coded with a context, and always as expected.
_RANGES = (
    (128, 176, 208, 240), (128, 167, 197, 227), (128, 158, 187, 216), (123, 150, 178, 205), (116, 142, 169, 195),
    (111, 135, 160, 185), (105, 128, 152, 175), (100, 122, 144, 166), (95, 116, 137, 158), (90, 110, 130, 150),
)  # fmt: skip


class _Bits:
    def __init__(self) -> None:
        self.bits: list[int] = []

    def u(self, value: int, count: int) -> None:
        self.bits += [value >> (count - 1 - at) & 1 for at in range(count)]

    def ue(self, *values: int) -> None:
        for value in values:
            length = (value + 1).bit_length()
            self.u(0, length - 1)
            self.u(value + 1, length)

    def align(self, first: int | None = None) -> None:
        if first is not None:
            self.u(first, 1)
        self.u(0, -len(self.bits) % 8)

    def done(self) -> bytes:
        return np.packbits(np.array(self.bits, np.uint8)).tobytes()


class _Coder:
    """The arithmetic coder, as far as two flags need it."""

    def __init__(self, out: _Bits) -> None:
        self._out, self._state = out, 0
        self.start()

    def start(self) -> None:
        self._low, self._range, self._first, self._waiting = 0, 510, True, 0

    def expected(self) -> None:
        self._range -= _RANGES[self._state][self._range >> 6 & 3]
        self._state += 1
        self._renew()

    def ending(self, flag: int) -> None:
        self._range -= 2
        if flag:
            self._low += self._range
            self._range = 2
        self._renew()
        if flag:
            self._put(self._low >> 9 & 1)
            self._out.u(self._low >> 7 & 3 | 1, 2)

    def _renew(self) -> None:
        while self._range < 256:
            if self._low < 256:
                self._put(0)
            elif self._low >= 512:
                self._low -= 512
                self._put(1)
            else:
                self._low -= 256
                self._waiting += 1
            self._range <<= 1
            self._low <<= 1

    def _put(self, bit: int) -> None:
        if self._first:
            self._first = False
        else:
            self._out.u(bit, 1)
        self._out.bits += [1 - bit] * self._waiting
        self._waiting = 0


def _unit(kind: int, payload: bytes) -> bytes:
    made, zeros = bytearray((kind << 1, 1)), 0
    for each in payload:
        if zeros >= 2 and each <= 3:
            made.append(3)
            zeros = 0
        made.append(each)
        zeros = zeros + 1 if each == 0 else 0
    return bytes(made)


def _profile(out: _Bits) -> None:
    out.u(3, 8)  # Main Still Picture
    out.u(0x70000000, 32)
    out.u(0b1001 << 44, 48)
    out.u(30, 8)


def _sets(width: int, height: int) -> list[bytes]:
    video, sequence, picture = _Bits(), _Bits(), _Bits()
    video.u(0b0000_11_000000_000_1, 16)
    video.u(0xFFFF, 16)
    _profile(video)
    video.u(1, 1)
    video.ue(0, 0, 0)
    video.u(0, 6)
    video.ue(0)
    video.u(0, 2)
    sequence.u(1, 8)
    _profile(sequence)
    sequence.ue(0, 1, width, height)
    sequence.u(0, 1)
    sequence.ue(0, 0, 0)
    sequence.u(1, 1)
    sequence.ue(0, 0, 0, 2, 0, 0, 3, 0, 0)
    sequence.u(0b0001, 4)
    sequence.u(0x77, 8)
    sequence.ue(2, 0)
    sequence.u(1, 1)
    sequence.ue(0)
    sequence.u(0, 5)
    picture.ue(0, 0)
    picture.u(0, 7)
    picture.ue(0, 0, 0)
    picture.u(0, 3)
    picture.ue(0, 0)
    picture.u(0, 4)
    picture.u(0, 3)
    picture.u(0b101, 3)
    picture.u(0, 2)
    picture.ue(0)
    picture.u(0, 2)
    for each in (video, sequence, picture):
        each.align(1)
    return [_unit(kind, each.done()) for kind, each in ((32, video), (33, sequence), (34, picture))]


def _slice(image: Image.Image) -> bytes:
    light, blue, red = (np.asarray(each) for each in image.convert("YCbCr").split())
    out = _Bits()
    out.u(0b10, 2)
    out.ue(0, 2, 0)
    out.align(1)
    coder = _Coder(out)
    places = [(x, y) for y in range(0, image.height, _SIDE) for x in range(0, image.width, _SIDE)]
    for number, (x, y) in enumerate(places):
        coder.expected()  # part_mode: undivided
        coder.ending(1)  # pcm_flag
        out.align()
        block = light[y : y + _SIDE, x : x + _SIDE].tobytes()
        for plane in (blue, red):
            block += np.ascontiguousarray(plane[y : y + _SIDE : 2, x : x + _SIDE : 2]).tobytes()
        out.bits += np.unpackbits(np.frombuffer(block, np.uint8)).tolist()
        coder.start()
        coder.ending(int(number == len(places) - 1))
    out.align()
    return _unit(20, out.done())


def _box(name: bytes, body: bytes, full: int | None = None) -> bytes:
    body = (b"" if full is None else struct.pack(">I", full)) + body
    return struct.pack(">I", 8 + len(body)) + name + body


def heic(image: Image.Image, turn: int = 0) -> bytes:
    """A HEIC file of a picture whose sides divide by 32 (at most nine blocks); `turn` quarter turns to the left."""
    sets, coded = _sets(*image.size), _slice(image)
    piece = struct.pack(">I", len(coded)) + coded
    head = (
        bytes((1, 3))
        + struct.pack(">I", 0x70000000)
        + bytes((0x90, 0, 0, 0, 0, 0, 30, 0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8))
    )
    arrays = b"".join(
        bytes((0x80 | kind, 0, 1)) + struct.pack(">H", len(each)) + each
        for kind, each in zip((32, 33, 34), sets, strict=True)
    )
    config = head + b"\0\0\x0f\x03" + arrays
    properties = _box(b"hvcC", config) + _box(b"ispe", struct.pack(">II", *image.size), 0)
    properties += _box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0x80))  # all 256 values, as in JPEG
    used = [0x81, 0x02, 0x03]
    if turn:
        properties += _box(b"irot", bytes((turn,)))
        used.append(0x84)
    shares = struct.pack(">IHB", 1, 1, len(used)) + bytes(used)
    kind = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")

    def meta(place: int) -> bytes:
        inside = _box(b"hdlr", bytes(4) + b"pict" + bytes(13), 0) + _box(b"pitm", struct.pack(">H", 1), 0)
        inside += _box(b"iloc", b"\x44\0" + struct.pack(">HHHHII", 1, 1, 0, 1, place, len(piece)), 0)
        entry = _box(b"infe", struct.pack(">HH", 1, 0) + b"hvc1\0", 2 << 24)
        inside += _box(b"iinf", struct.pack(">H", 1) + entry, 0)
        inside += _box(b"iprp", _box(b"ipco", properties) + _box(b"ipma", shares, 0))
        return _box(b"meta", inside, 0)

    place = len(kind) + len(meta(0)) + 8
    return kind + meta(place) + _box(b"mdat", piece)
