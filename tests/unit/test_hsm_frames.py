"""Frames between signer and clients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm import frames
from hsm.api import FaultClass, KeyState, SignerState, SigningError


def _decoded(frame: bytes) -> dict[str, object]:
    length = frames.payload_length(frame[: frames.HEADER_SIZE])
    assert len(frame) == frames.HEADER_SIZE + length
    return frames.decode(frame[frames.HEADER_SIZE :])


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50) | st.booleans() | st.integers()))
def test_what_goes_in_comes_out(message: dict[str, object]) -> None:
    assert _decoded(frames.encode(message)) == message


def test_the_wire_form_stays_as_it_is() -> None:
    """A client and a signer of different builds must understand each other as long as the version says 1."""
    assert frames.encode({"op": "state"}) == b"CBS\x01\x00\x00\x00\x0e" + b'{"op":"state"}'


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"", "frame-magic"),
        (b"CBS\x01\x00\x00\x00", "frame-magic"),
        (b"GET / HT", "frame-magic"),
        (b"CBS\x02\x00\x00\x00\x01", "frame-version"),
        (b"CBS\x01\x00\x01\x00\x01", "frame-size"),
        (b"CBS\x01\xff\xff\xff\xff", "frame-size"),
    ],
)
def test_foreign_headers_are_refused(header: bytes, code: str) -> None:
    with pytest.raises(frames.FrameError) as caught:
        frames.payload_length(header)
    assert caught.value.code == code


def test_the_cap_holds_on_the_way_out() -> None:
    with pytest.raises(frames.FrameError, match="frame-size"):
        frames.encode({"attributes": "x" * frames.MAX_PAYLOAD})


@given(st.binary(max_size=200))
def test_any_payload_is_a_message_or_a_frame_error(payload: bytes) -> None:
    try:
        assert isinstance(frames.decode(payload), dict)
    except frames.FrameError as error:
        assert error.code == "frame-body"


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(frames.FrameError):
        frames.decode(b"[" * 60000)


@pytest.mark.parametrize("value", [None, 5, ["a"], "not base64!", "QQ"])
def test_wrong_members_are_refused(value: object) -> None:
    with pytest.raises(frames.FrameError, match="frame-body"):
        frames.unpack({"signature": value}, "signature")


def test_a_state_survives_the_wire() -> None:
    state = SignerState(
        "libvendor.so",
        (
            KeyState("leader", "Thẻ của lãnh đạo", "AB12", "01", b"\x30\x01", True, ("count-low",), True, "rsa-pss"),
            KeyState("agency", "agency", "", "02", None, False, (), False),
        ),
    )
    assert frames.unpack_state(_decoded(frames.encode(frames.pack_state(state)))) == state


@pytest.mark.parametrize("fault", list(FaultClass))
def test_a_failure_survives_the_wire(fault: FaultClass) -> None:
    with pytest.raises(SigningError) as caught:
        frames.raise_failure(_decoded(frames.encode(frames.failure(SigningError(fault, "some-code", "vì sao")))))
    assert (caught.value.fault, caught.value.code, caught.value.detail) == (fault, "some-code", "vì sao")


@pytest.mark.parametrize("reply", [{}, {"ok": 1}, {"ok": False, "fault": "strange", "code": "", "detail": ""}])
def test_a_reply_that_is_neither_good_nor_a_failure_is_refused(reply: dict[str, object]) -> None:
    with pytest.raises(frames.FrameError):
        frames.raise_failure(reply)
