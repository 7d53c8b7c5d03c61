"""A smart card in software, in a virtual reader (vpcd): what real PC/SC middleware sees put in and taken out.

Speaks vpcd's protocol (2-byte length; 1-byte messages are control codes) and as much of a PIV card (NIST SP
800-73-4) as OpenSC asks for to sign with key 9C: SELECT, GET DATA, VERIFY with a retry counter, GENERAL
AUTHENTICATE. `Blank` answers nothing: a card that no module of ours knows.
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa

ATR = bytes.fromhex("3b7d96000080318065b0831111ac83009000")
OK, NOT_FOUND, REFUSED, NOT_VERIFIED, BLOCKED = b"\x90\x00", b"\x6a\x82", b"\x6d\x00", b"\x69\x82", b"\x69\x83"
AID = bytes.fromhex("a000000308000010000100")
CERTIFICATE_9C, CHUID = bytes.fromhex("5fc10a"), bytes.fromhex("5fc102")


def tlv(tag: bytes, value: bytes) -> bytes:
    """BER tag, length, value."""
    size = len(value)
    length = (
        bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else b"\x82" + struct.pack(">H", size)
    )
    return tag + length + value


class Blank:
    """A card without an application."""

    def answer(self, apdu: bytes) -> bytes:
        return REFUSED


@dataclass
class PivCard:
    """One card: its number (GUID, 16 bytes), signing key, certificate (DER), PIN; `verified`: the PINs it was shown."""

    guid: bytes
    key: rsa.RSAPrivateKey
    certificate: bytes
    pin: str
    tries: int = 3
    verified: list[bool] = field(default_factory=list)
    signatures: int = 0
    _open: bool = False
    _chained: bytes = b""
    _waiting: bytes = b""

    def answer(self, apdu: bytes) -> bytes:
        cla, ins, p1, p2 = apdu[:4]
        content = apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""
        if ins == 0xC0:
            return self._send(self._waiting, apdu[4] or 256)
        if cla & 0x10:
            self._chained += content
            return OK
        content, self._chained = self._chained + content, b""
        if ins == 0xA4:
            return self._select(content)
        if ins == 0xCB:
            return self._send(self._object(content))
        if ins == 0x20 and p2 == 0x80:
            return self._verify(content)
        if ins == 0x87 and (p1, p2) == (0x07, 0x9C):
            return self._sign(content)
        return REFUSED

    def _select(self, aid: bytes) -> bytes:
        if not AID.startswith(aid) and not aid.startswith(AID[:5]):
            return NOT_FOUND
        return self._send(tlv(b"\x61", tlv(b"\x4f", AID[5:]) + tlv(b"\x79", tlv(b"\x4f", AID[:5]))))

    def _object(self, asked: bytes) -> bytes | None:
        name = asked[2 : 2 + asked[1]]
        if name == b"\x7e":  # the discovery object comes without a frame: PIV PIN only
            return tlv(b"\x7e", tlv(b"\x4f", AID) + tlv(b"\x5f\x2f", b"\x40\x00"))
        if name == CHUID:
            number = bytes.fromhex("d4e739da739ced39ce739da1685a1082108ce73984108ca3fc")
            value = tlv(b"\x30", number) + tlv(b"\x34", self.guid) + tlv(b"\x35", b"20351231") + b"\x3e\x00\xfe\x00"
            return tlv(b"\x53", value)
        if name == CERTIFICATE_9C:
            return tlv(b"\x53", tlv(b"\x70", self.certificate) + b"\x71\x01\x00\xfe\x00")
        return None

    def _verify(self, given: bytes) -> bytes:
        if not given:  # a question: is the PIN needed, and how many tries are left
            return OK if self._open else bytes([0x63, 0xC0 | self.tries])
        if self.tries == 0:
            return BLOCKED
        right = given.rstrip(b"\xff") == self.pin.encode()
        self.verified.append(right)
        self._open = right
        self.tries = 3 if right else self.tries - 1
        return OK if right else bytes([0x63, 0xC0 | self.tries])

    def _sign(self, template: bytes) -> bytes:
        if not self._open:
            return NOT_VERIFIED
        self._open = False  # key 9C: the PIN at every signature (PIN ALWAYS)
        self.signatures += 1
        size = self.key.key_size // 8
        numbers = self.key.private_numbers()
        padded = int.from_bytes(template[-size:], "big")
        raw = pow(padded, numbers.d, numbers.public_numbers.n).to_bytes(size, "big")
        return self._send(tlv(b"\x7c", tlv(b"\x82", raw)))

    def _send(self, answer: bytes | None, room: int = 256) -> bytes:
        if answer is None:
            return NOT_FOUND
        part, self._waiting = answer[:room], answer[room:]
        if self._waiting:
            return part + bytes([0x61, len(self._waiting) if len(self._waiting) < 256 else 0])
        return part + OK

    def power(self) -> None:
        """Taken out or reset: nobody is verified any more."""
        self._open, self._chained, self._waiting = False, b"", b""


class Inserted:
    """A card lying in the virtual reader at a TCP port of this machine, until `remove`."""

    def __init__(self, port: int, card: PivCard | Blank) -> None:
        self._card = card
        self._line = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._line.settimeout(None)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def remove(self) -> None:
        """Take the card out."""
        try:
            self._line.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the reader is gone
        self._line.close()
        self._thread.join(5)

    def _serve(self) -> None:
        try:
            while True:
                size = struct.unpack(">H", self._read(2))[0]
                message = self._read(size)
                if size == 1 and message[0] <= 4:
                    if isinstance(self._card, PivCard) and message[0] != 4:
                        self._card.power()
                    if message[0] == 4:
                        self._write(ATR)
                else:
                    self._write(self._card.answer(message))
        except OSError:
            return

    def _read(self, size: int) -> bytes:
        parts = b""
        while len(parts) < size:
            # The reader sends length and message apart; without this each would wait for our delayed ACK.
            self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = self._line.recv(size - len(parts))
            if not part:
                raise ConnectionError
            parts += part
        return parts

    def _write(self, content: bytes) -> None:
        self._line.sendall(struct.pack(">H", len(content)) + content)
