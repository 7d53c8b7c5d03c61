"""Frames between the signer process and its clients: versioned, length first, capped. Pure.

Frame = b"CBS" + version (1 byte) + payload length (4 bytes, big-endian) + payload: one JSON object in UTF-8, byte
strings in base64. Refuses any other version, any frame above `MAX_PAYLOAD`, and any payload that is not one JSON
object. The reader learns the length before it holds the payload, so a hostile length costs nothing.
"""

from __future__ import annotations

import base64
import binascii
import json

from hsm.api import FaultClass, KeyState, SignerState, SigningError

VERSION = 1
MAGIC = b"CBS"
HEADER_SIZE = 8
MAX_PAYLOAD = 64 * 1024
"""Signed attributes are some 225 bytes and certificates 2 KB; 64 KiB leaves room and stops a flood."""


class FrameError(ValueError):
    """The other end does not speak this protocol; `code` is `frame-magic`, `frame-version`, `frame-size` or
    `frame-body`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


def encode(message: dict[str, object]) -> bytes:
    """One frame for a message whose values are JSON values. Raises: FrameError (`frame-size`)."""
    payload = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    if len(payload) > MAX_PAYLOAD:
        raise FrameError("frame-size", str(len(payload)))
    return MAGIC + bytes([VERSION]) + len(payload).to_bytes(4, "big") + payload


def payload_length(header: bytes) -> int:
    """The payload length announced by an 8-byte header, in bytes. Raises: FrameError."""
    if len(header) != HEADER_SIZE or header[:3] != MAGIC:
        raise FrameError("frame-magic")
    if header[3] != VERSION:
        raise FrameError("frame-version", str(header[3]))
    length = int.from_bytes(header[4:], "big")
    if length > MAX_PAYLOAD:
        raise FrameError("frame-size", str(length))
    return length


def decode(payload: bytes) -> dict[str, object]:
    """The message in a payload. Raises: FrameError (`frame-body`)."""
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise FrameError("frame-body", type(error).__name__) from error
    if not isinstance(message, dict):
        raise FrameError("frame-body", "not an object")
    return message


def number(message: dict[str, object], name: str) -> int:
    """A whole number of 0 or more; absent means 0. Raises: FrameError (`frame-body`)."""
    value = message.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FrameError("frame-body", name)
    return value


def text(message: dict[str, object], name: str) -> str:
    """A string member. Raises: FrameError (`frame-body`)."""
    value = message.get(name)
    if not isinstance(value, str):
        raise FrameError("frame-body", name)
    return value


def pack(content: bytes) -> str:
    """Bytes as a JSON string."""
    return base64.b64encode(content).decode("ascii")


def unpack(message: dict[str, object], name: str) -> bytes:
    """A base64 member as bytes. Raises: FrameError (`frame-body`)."""
    try:
        return base64.b64decode(text(message, name), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FrameError("frame-body", name) from error


def failure(error: SigningError) -> dict[str, object]:
    """The reply that carries an error to the client."""
    return {"ok": False, "fault": error.fault.value, "code": error.code, "detail": error.detail[:500]}


def raise_failure(message: dict[str, object]) -> None:
    """Raise the SigningError a reply carries; a good reply passes. Raises: SigningError, FrameError."""
    if message.get("ok") is True:
        return
    try:
        fault = FaultClass(text(message, "fault"))
    except ValueError as error:
        raise FrameError("frame-body", "fault") from error
    raise SigningError(fault, text(message, "code"), text(message, "detail"))


def pack_state(state: SignerState) -> dict[str, object]:
    """A SignerState as JSON values."""
    return {
        "ok": True,
        "module": state.module,
        "keys": [
            {
                "slot": key.slot,
                "token_label": key.token_label,
                "token_serial": key.token_serial,
                "key_id": key.key_id,
                "certificate": pack(key.certificate_der) if key.certificate_der is not None else "",
                "logged_in": key.logged_in,
                "pin_flags": list(key.pin_flags),
                "present": key.present,
                "mechanism": key.mechanism,
                "ended": key.ended,
                "documents_left": key.documents_left,
                "pin_pad": key.pin_pad,
                "problem": key.problem,
                "since": key.since,
            }
            for key in state.keys
        ],
    }


def unpack_state(message: dict[str, object]) -> SignerState:
    """The SignerState in a reply. Raises: FrameError (`frame-body`)."""
    keys = message.get("keys")
    if not isinstance(keys, list):
        raise FrameError("frame-body", "keys")
    return SignerState(text(message, "module"), tuple(_key(key) for key in keys))


def _key(entry: object) -> KeyState:
    if not isinstance(entry, dict) or not isinstance(entry.get("pin_flags"), list):
        raise FrameError("frame-body", "keys")
    left = entry.get("documents_left")
    return KeyState(
        slot=text(entry, "slot"),
        token_label=text(entry, "token_label"),
        token_serial=text(entry, "token_serial"),
        key_id=text(entry, "key_id"),
        certificate_der=unpack(entry, "certificate") or None,
        logged_in=entry.get("logged_in") is True,
        pin_flags=tuple(str(flag) for flag in entry["pin_flags"]),
        present=entry.get("present") is True,
        mechanism=text(entry, "mechanism"),
        ended=text(entry, "ended"),
        documents_left=left if isinstance(left, int) else None,
        pin_pad=entry.get("pin_pad") is True,
        problem=text(entry, "problem"),
        since=text(entry, "since"),
    )
