"""Golden bytes of every message (PROTOCOL.md §4 and appendix), and what the codec refuses."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.protocol.chunk import Chunk, NoSuchTransfer
from sync.protocol.codec import CodecError, decode, encode
from sync.protocol.cose import seal, unseal
from sync.protocol.deflate import deflated
from sync.protocol.messages import Base, Have, HaveState, Manifest, Presence, ProvinceState, Query
from sync.protocol.receipt import FIRST_IN_CHAIN, Receipt, Result, chain_breaks, chain_hash, read_receipt
from sync.wire_identity import SigningKey, verifier

DEVICE = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
RECEIPT_KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64))))
DOCUMENT = "0192f0c1-7a2b-7c3d-8e4f-a1b2c3d4e5f6"
MANIFEST = Manifest(
    "commune-00001",
    DOCUMENT,
    41,
    3_500_123,
    bytes(range(32)),
    3,
    meta={"kind": "outgoing", "fields": {"code": "12/BC-UBND", "subject": "Báo cáo"}},
)
HAVE = Have(MANIFEST.tid, 7, ((0, 65536), (131072, 140000)), 4_194_304, HaveState.RECEIVING, 7, 0)
STORED = Receipt(
    9, "commune-00001", 41, DOCUMENT, MANIFEST.sha256, 3_500_123, MANIFEST.digest, Result.STORED, 1_790_000_100,
    FIRST_IN_CHAIN,
)  # fmt: skip
REFUSED = Receipt(
    10, "commune-00001", 41, DOCUMENT, MANIFEST.sha256, 3_500_123, MANIFEST.digest, Result.REFUSED, 1_790_000_100,
    bytes(range(32)), "bad-signature", "Chữ ký không hợp lệ.",
)  # fmt: skip

_MANIFEST_HEX = (
    "a90001016d636f6d6d756e652d303030303102782430313932663063312d376132622d376333642d386534662d6131623263336434653566"
    "36031829041a0035685b055820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f06030b6f6170706c696361"
    "74696f6e2f7064660ca2646b696e64686f7574676f696e67666669656c6473a264636f64656a31322f42432d55424e44677375626a656374"
    "6942c3a16f2063c3a16f"
)
_RECEIPT_MIDDLE = (
    "026d636f6d6d756e652d303030303103182904782430313932663063312d376132622d376333642d386534662d6131623263336434653566"
    "36055820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f061a0035685b075820d2c418add610d48a0474d6"
    "df422175cd0e22e56a26247c5a27b40922cdc4112108"
)
GOLDEN = [
    (MANIFEST, _MANIFEST_HEX),
    (Query(7, "3", (b"\x01\x02",), 1_790_000_000), "a5000101070281420102036133041a6ab13b80"),
    (HAVE, "a8000101489e730cd292f8c67102070384001a000100001a000200001a000222e0041a00400000050006070700"),
    (Chunk(MANIFEST.tid, 0x1_0000_0400, b"%PDF-1.7"), "01009e730cd292f8c671000100000400ddc8b178255044462d312e37"),
    (
        Presence(True, 3, 1_790_000_000, 2, 7_000_246, 3600, "0.1.0", 10**10),
        "a9000101f50203031a6ab13b800402051a006ad0b606190e100765302e312e30081b00000002540be400",
    ),
    (ProvinceState(True, 1_790_000_000, 7), "a4000101f5021a6ab13b800307"),
    (STORED, f"ab00010109{_RECEIPT_MIDDLE}00091a6ab13be40a5820" + "00" * 32),
    (
        REFUSED,
        f"ad0001010a{_RECEIPT_MIDDLE}02091a6ab13be40a5820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"
        "1e1f0b6d6261642d7369676e61747572650c781c4368e1bbaf206bc3bd206b68c3b46e672068e1bba370206ce1bb872e",
    ),
    (
        Query(8, "3", (MANIFEST.mark,), 1_790_000_000),
        "a5000101080281509e730cd292f8c671d2c418add610d48a036133041a6ab13b80",
    ),
    (Have(MANIFEST.tid, 8, (), 0, HaveState.UNKNOWN, 7), "a8000101489e730cd292f8c671020803800400050406070700"),
]
CBOR_MESSAGES = [message for message, _ in GOLDEN if not isinstance(message, Chunk)]
ALL_TYPES = [type(message) for message, _ in GOLDEN[:7]]


def names(value: object) -> str | None:
    return type(value).__name__ if not isinstance(value, str) else "bytes"


@pytest.mark.parametrize(("message", "golden"), GOLDEN, ids=names)
def test_golden_bytes_both_ways(message, golden: str) -> None:  # type: ignore[no-untyped-def]
    assert message.encode().hex() == golden
    assert type(message).decode(bytes.fromhex(golden)) == message


def test_golden_envelope_transfer_id_and_manifest_hash() -> None:
    envelope = seal("commune-00001", MANIFEST.encode(), DEVICE.sign)
    assert envelope.hex() == (
        "d28452a20127044d636f6d6d756e652d3030303031a058b2" + _MANIFEST_HEX + "5840fa8836262dbdf181b8c23b6682a125c9252f"
        "beac9b0009c7e2e05e7bf4d7ef1576ad5df625131df160618af5360f6001e7a71a144536d5764a04358ae61aeb06"
    )
    assert MANIFEST.tid.hex() == "9e730cd292f8c671"
    assert MANIFEST.digest.hex() == "d2c418add610d48a0474d6df422175cd0e22e56a26247c5a27b40922cdc41121"


@pytest.mark.parametrize("message", CBOR_MESSAGES, ids=names)
def test_fields_of_a_newer_version_are_kept(message) -> None:  # type: ignore[no-untyped-def]
    newer = cbor2.loads(message.encode()) | {99: ["later"], -3: {"a": b"b"}}
    encoded = encode(newer)
    read = type(message).decode(encoded)
    assert read.extra == {99: ["later"], -3: {"a": b"b"}}
    assert read.encode() == encoded


@pytest.mark.parametrize("message", CBOR_MESSAGES, ids=names)
def test_another_major_version_is_refused_by_name(message) -> None:  # type: ignore[no-untyped-def]
    fields = cbor2.loads(message.encode()) | {0: 2}
    with pytest.raises(CodecError) as refusal:
        type(message).decode(encode(fields))
    assert refusal.value.code == "unsupported-version"


@pytest.mark.parametrize("message", CBOR_MESSAGES, ids=names)
def test_each_missing_or_mistyped_field_is_refused(message) -> None:  # type: ignore[no-untyped-def]
    fields = cbor2.loads(message.encode())
    for key in fields:
        for wrong in (None, [], -1, "x" * 3000):
            broken = {**fields, key: wrong} if wrong is not None else {k: v for k, v in fields.items() if k != key}
            if isinstance(wrong, type(fields[key])) and wrong != -1 and not isinstance(wrong, str):
                continue
            with pytest.raises(CodecError):
                type(message).decode(encode(broken))


def test_chunk_refuses_damage_flags_and_nonsense() -> None:
    good = Chunk(b"12345678", 1024, b"x" * 100).encode()
    for index in range(len(good)):
        damaged = bytearray(good)
        damaged[index] ^= 0x40
        with pytest.raises(CodecError):
            Chunk.decode(bytes(damaged))
    for nonsense in (b"", good[:20], good + b"\0", good + bytes(70_000)):
        with pytest.raises(CodecError):
            Chunk.decode(nonsense)


def test_a_short_header_means_one_transfer_only() -> None:
    """PROTOCOL.md 4.3: the checksum is that of the long header, which names the whole tid."""
    chunk = Chunk(MANIFEST.tid, 0x400, b"%PDF-1.7")
    short = chunk.encode(short=True)
    assert short.hex() == "01049e7300000400005e68fd255044462d312e37"
    assert len(chunk.encode()) - len(short) == 8
    alike = MANIFEST.tid[:2] + b"other-"
    assert Chunk.decode(short, [alike, b"12345678", MANIFEST.tid]) == chunk
    for tids in ([], [alike], [b"12345678"]):
        with pytest.raises(NoSuchTransfer):
            Chunk.decode(short, tids)
    for index in range(len(short)):
        damaged = bytearray(short)
        damaged[index] ^= 0x40
        with pytest.raises(CodecError):
            Chunk.decode(bytes(damaged), [MANIFEST.tid, alike])
    far = Chunk(MANIFEST.tid, 2**32, b"x")
    assert Chunk.decode(far.encode(short=True)) == far, "an offset that does not fit goes the long way"
    small = deflated(b"0" * 500)
    assert Chunk.decode(Chunk(MANIFEST.tid, 0, b"0" * 500).encode(small, True), [MANIFEST.tid]).content == b"0" * 500


@pytest.mark.parametrize(
    "hostile",
    [
        "a201020103",  # a key twice
        "bf0001ff",  # indefinite length
        "a1180001",  # longer than needed
        "a2010200010000",  # trailing bytes
        "a20102000" + "1",  # keys out of order
        "fb3ff8000000000000",  # a float
        "c1fb7ff8000000000000",  # a tag
        "d81c81d81d00",  # shared references
        "c249010000000000000000",  # a bignum
        "81" * 400 + "00",  # depth
        "9b00000000ffffffff",  # a lie about length
        "5b7fffffffffffffff",
        "61ff",  # not UTF-8
        "f7",  # undefined
    ],
)
def test_only_deterministic_cbor_is_read(hostile: str) -> None:
    with pytest.raises(CodecError):
        decode(bytes.fromhex(hostile))


def test_nothing_longer_than_a_message_is_parsed() -> None:
    with pytest.raises(CodecError, match="oversize"):
        decode(encode([b"x" * 65536]))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_raise_codec_error_and_nothing_else(payload: bytes) -> None:
    for kind in ALL_TYPES:
        with pytest.raises(CodecError):
            kind.decode(payload)
    with pytest.raises(CodecError):
        unseal(payload)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), st.integers(0, 255), st.sampled_from(CBOR_MESSAGES))
def test_one_changed_byte_is_refused_or_read_as_it_stands(at: int, byte: int, message) -> None:  # type: ignore[no-untyped-def]
    encoded = bytearray(message.encode())
    encoded[at % len(encoded)] = byte
    try:
        read = type(message).decode(bytes(encoded))
    except CodecError:
        return
    assert read.encode() == bytes(encoded)


def test_envelope_is_bound_to_key_name_and_payload() -> None:
    keys = verifier({"commune-00001": DEVICE.public, "commune-00002": RECEIPT_KEY.public})
    envelope = seal("commune-00001", b"payload", DEVICE.sign)
    assert unseal(envelope).verified_by(keys)
    for forged in (
        seal("commune-00001", b"payload", RECEIPT_KEY.sign),
        seal("commune-00002", b"payload", DEVICE.sign),
        seal("nobody", b"payload", DEVICE.sign),
        envelope.replace(b"payload", b"paymore"),
    ):
        assert not unseal(forged).verified_by(keys)


def test_envelope_with_any_other_header_is_refused() -> None:
    protected = encode({1: -8, 4: b"k"})
    for parts in (
        [encode({1: -7, 4: b"k"}), {}, b"p", bytes(64)],  # another algorithm
        [encode({1: -8, 4: b"k", 5: 1}), {}, b"p", bytes(64)],
        [protected, {4: b"other"}, b"p", bytes(64)],
        [protected, {}, None, bytes(64)],  # detached payload
        [protected, {}, b"p", bytes(63)],
        [protected, {}, b"p"],
        [encode({1: -8, 4: b""}), {}, b"p", bytes(64)],
    ):
        with pytest.raises(CodecError):
            unseal(encode(parts, tag=18))
    with pytest.raises(CodecError):
        unseal(encode([protected, {}, b"p", bytes(64)]))  # without the tag


def test_receipt_chain_shows_gap_and_swap() -> None:
    keys = verifier({"tinh": RECEIPT_KEY.public})
    chain: list[bytes] = []
    for number in range(1, 6):
        previous = chain_hash(chain[-1]) if chain else FIRST_IN_CHAIN
        receipt = Receipt(
            number, "commune-00001", number, f"d{number}", bytes(32), 1, bytes(32), Result.STORED, 1, previous
        )
        chain.append(seal("tinh", receipt.encode(), RECEIPT_KEY.sign))
    assert chain_breaks(chain, keys) == []
    assert chain_breaks([*chain[:2], *chain[3:]], keys) == [4]
    assert chain_breaks([chain[0], chain[2], chain[1], chain[3]], keys) == [3, 2, 4]
    with pytest.raises(CodecError, match="bad-signature"):
        read_receipt(seal("tinh", STORED.encode(), DEVICE.sign), keys)


@pytest.mark.parametrize("key", range(7, 10))
def test_reserved_wire_forms_are_refused_until_defined(key: int) -> None:
    fields = cbor2.loads(MANIFEST.encode()) | {key: 1}
    with pytest.raises(CodecError, match="unsupported-version"):
        Manifest.decode(encode(fields))


def test_a_base_is_a_digest_and_a_shorter_size() -> None:
    based = replace(MANIFEST, base=Base(bytes(range(32)), 3_500_000))
    assert (
        based.encode().hex().startswith("aa")
        and "0a825820" + bytes(range(32)).hex() + "1a003567e0" in based.encode().hex()
    )
    assert Manifest.decode(based.encode()) == based
    assert based.digest != MANIFEST.digest and based.tid == MANIFEST.tid
    digest = bytes(32)
    for said in (
        [digest],
        [digest, 1, 2],
        [b"x", 1],
        [digest, 0],
        [digest, MANIFEST.size],
        [digest, True],
        ["x", 1],
        7,
    ):
        with pytest.raises(CodecError, match="bad-field"):
            Manifest.decode(encode(cbor2.loads(MANIFEST.encode()) | {10: said}))


def test_have_ranges_must_ascend() -> None:
    for flat in ([5, 5], [0, 10, 10, 20], [10, 0], [0], [0, True], list(range(66))):
        with pytest.raises(CodecError):
            Have.decode(encode(cbor2.loads(HAVE.encode()) | {3: flat}))
