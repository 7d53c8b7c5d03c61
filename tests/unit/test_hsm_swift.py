"""What replaces slow functions of pyHanko and asn1crypto answers like them, errors and positions included."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic

import hsm.verify  # noqa: F401 - puts the functions in place
from hsm import swift
from hsm.trust import Trust


def outcome(call: Callable[[], Any]) -> tuple[Any, ...]:
    """The value with its type, or the error with its words."""
    try:
        found = call()
    except Exception as error:
        return (type(error), str(error))
    return (type(found), found)


pieces = st.lists(
    st.sampled_from([b"0a", b"F", b"feff0054", b" ", b"\r\n", b"%note>\n", b"x", b">", b"<", b"\x00", b"9" * 40]),
    max_size=12,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(pieces, st.sampled_from([1, 7, 1 << 14]))
@example(b"", 1)
@example(b">", 1)
@example(b"0a" * 30_000 + b">left", 1 << 14)
@example(b"0a" * 30_000, 1 << 14)
def test_a_hexadecimal_string_is_read_as_the_library_reads_it(content: bytes, piece: int) -> None:
    ours, theirs = io.BytesIO(b"..<" + content), io.BytesIO(b"..<" + content)
    ours.seek(2)
    theirs.seek(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(swift, "_PIECE", piece)
        found = outcome(lambda: swift.read_hexadecimal(ours))
    assert found == outcome(lambda: swift._read_hexadecimal(theirs))
    assert ours.tell() == theirs.tell()


WORDS = [
    "VN",
    "UBND  Xã Đông Hòa",
    "ubnd xã đông hòa",
    " UBND xã Đông Hoà ",
    "Straße",
    "STRASSE",
    "ﬁ",
    "x" * 300,
    "\ue000",
    "\u0378",
]
"""With a private and an unassigned letter, which the library refuses to compare."""
names = st.lists(
    st.tuples(st.sampled_from(["common_name", "organization_name", "locality_name"]), st.sampled_from(WORDS)),
    max_size=3,
    unique_by=lambda pair: pair[0],
)


def name_of(words: list[tuple[str, str]], printable: bool) -> x509.Name:
    """As it comes out of a certificate."""
    try:
        return x509.Name.load(x509.Name.build(dict(words), use_printable=printable).dump())
    except (ValueError, UnicodeEncodeError):
        return x509.Name.load(x509.Name.build(dict(words)).dump())


@settings(max_examples=200, deadline=None)
@given(names, names, st.booleans())
def test_names_compare_as_the_library_compares_them(
    one: list[tuple[str, str]], other: list[tuple[str, str]], printable: bool
) -> None:
    for second in (other, one):
        pair = lambda: (name_of(one, False), name_of(second, printable))  # noqa: B023, E731 - used at once
        mine, theirs = pair(), pair()
        assert outcome(lambda: mine[0] == mine[1]) == outcome(lambda: swift._equal(*theirs))  # noqa: B023
        assert outcome(lambda: mine[0].hashable) == outcome(lambda: swift._hashable(theirs[0]))  # noqa: B023
        assert outcome(lambda: mine[0].hashable) == outcome(lambda: mine[0].hashable)  # noqa: B023
    assert (name_of(one, False) == "a word") is False


def test_a_name_within_a_general_name_is_the_same_name() -> None:
    name = name_of([("common_name", WORDS[1])], False)
    general = x509.GeneralName.load(x509.GeneralName(name="directory_name", value=name.copy()).dump())
    assert general.chosen.dump() != name.dump() and general.chosen == name and name == general.chosen
    grown = name_of([("common_name", WORDS[1])], False)
    grown.chosen.append(grown.chosen[0].copy())
    assert grown != name, "a name that was changed here is compared as it is now"


def test_they_are_in_place_and_can_be_put_there_again() -> None:
    swift.put_in_place()
    assert generic.read_hex_string_from_stream is swift.read_hexadecimal
    value = x509.NameTypeAndValue({"type": "common_name", "value": x509.DirectoryString(name="utf8_string", value="Á")})
    assert value.prepped_value == swift._prepare(value, "Á")


def test_certificates_that_threads_share_are_taken_apart_before_any_of_them_looks() -> None:
    """asn1crypto fills `children` while another thread may read them."""
    der = root_certificate()
    fresh = x509.Certificate.load(der)
    fresh["tbs_certificate"]
    assert fresh.children[0].children is None, "lazily, else this test is about nothing"
    trust = Trust((der,), (der,))
    trust.context()
    for certificate in (*trust._parsed[0], *trust._parsed[1]):
        assert all(child is not None for child in certificate.children[0].children)
        assert certificate.native == x509.Certificate.load(der).native


def root_certificate() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = pyca.Name([pyca.NameAttribute(NameOID.COMMON_NAME, "gốc")])
    now = datetime.now(UTC)
    builder = pyca.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(pyca.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_the_releases_that_are_installed_are_those_that_were_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes the lock compares anew (this module), looks at what the release says, and writes it there."""
    assert swift.put_in_place(), f"hsm/swift.py was compared with {swift.COMPARED} only"
    assert generic.read_hex_string_from_stream is swift.read_hexadecimal
    monkeypatch.setattr(generic, "read_hex_string_from_stream", swift._read_hexadecimal)
    monkeypatch.setattr(swift, "version", lambda name: "99.0" if name == "asn1crypto" else swift.COMPARED[name])
    assert not swift.put_in_place()
    assert generic.read_hex_string_from_stream is swift._read_hexadecimal
