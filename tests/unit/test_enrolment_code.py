"""The enrolment code: what a hand does to it is found, and what it names is one CA."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.enrolment_code import ALPHABET, BadCode, EnrolmentCode, authority_name, make_code, read_code, secret_digest

letters = st.text(ALPHABET, min_size=1)
codes = st.builds(
    EnrolmentCode, st.text(ALPHABET, min_size=12, max_size=12), st.text(ALPHABET, min_size=10, max_size=10)
)


@given(codes, st.sampled_from(["-", " ", "", " - ", "."]), st.booleans())
def test_however_it_is_typed_it_is_the_same_code(code: EnrolmentCode, between: str, low: bool) -> None:
    said = between.join(str(code).split("-"))
    assert read_code(said.lower() if low else said) == code


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    code = EnrolmentCode("0" * 12, "1" * 10)
    assert read_code(str(code).replace("0", "O").replace("1", "l")) == code


@given(codes, st.integers(0, 23), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_found(code: EnrolmentCode, at: int, wrong: str) -> None:
    plain = str(code).replace("-", "")
    typed = plain[:at] + wrong + plain[at + 1 :]
    if typed == plain:
        assert read_code(typed) == code
        return
    with pytest.raises(BadCode) as caught:
        read_code(typed)
    assert caught.value.code == "code-mistyped"


@given(codes, st.integers(0, 21), st.integers(0, 21))
def test_two_characters_in_the_wrong_order_are_found(code: EnrolmentCode, one: int, other: int) -> None:
    plain = list(str(code).replace("-", ""))
    plain[one], plain[other] = plain[other], plain[one]
    typed = "".join(plain)
    if typed == str(code).replace("-", ""):
        return
    with pytest.raises(BadCode):
        read_code(typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("", "code-length"), ("ABCD", "code-length"), ("A" * 25, "code-length"), ("Ơ" * 24, "code-character"),
     ("U" * 24, "code-character"), ("٣" * 24, "code-character"), ("A" * 100_000, "code-length")],
)  # fmt: skip
def test_what_is_no_code_is_told(typed: str, code: str) -> None:
    with pytest.raises(BadCode) as caught:
        read_code(typed)
    assert caught.value.code == code


@given(st.text(string.printable, max_size=40))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        assert len(read_code(text).secret) == 10
    except BadCode:
        pass


def test_a_code_names_its_ca_and_no_other_and_secrets_differ() -> None:
    one, other = make_code(b"a certificate"), make_code(b"a certificate")
    assert one.names == other.names == authority_name(b"a certificate") and one.secret != other.secret
    assert one.names_authority(b"a certificate") and not one.names_authority(b"another certificate")
    assert secret_digest(one.secret, b"x" * 16) != secret_digest(one.secret, b"y" * 16)
