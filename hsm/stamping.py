"""One revision with a document time stamp, in two halves: made ready with room for the token, and filled with it.

Between the halves lies whatever asks the time-stamp service: a minute of network, or a USB stick on its way to town.
The first half decides the digest; the second changes nothing but the reserved room. Both work in place on a copy that
the caller made; every revision comes from `QuietWriter` (signing.md 7.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import cms
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, enumerate_sig_fields
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, PreparedByteRangeDigest

from hsm.fields import QuietWriter

STAMP_FIELD = "CommuneBoxTimestamp"
BYTES_RESERVED = 16384
"""Hex characters for the token: 8192 bytes, below PDF/A's limit for strings (signing.md 4.3)."""
Supplement = Callable[[QuietWriter], None]


@dataclass(frozen=True)
class Prepared:
    """A revision that waits for its token: SHA-256 of what it covers, and the reserved room (byte offsets in the
    file)."""

    digest: bytes
    start: int
    end: int


class TokenTooLarge(Exception):
    """The token needs more room than was reserved. Code: stamp-too-large."""

    code = "stamp-too-large"


def prepare(work: Path, supplement: Supplement | None = None) -> Prepared:
    """Append the revision to `work`, with what `supplement` adds to it. Raises: OSError and pyHanko's PdfError."""
    with work.open("r+b") as stream:
        writer = QuietWriter(stream, strict=True)
        taken = {name for name, _, _ in enumerate_sig_fields(writer.prev)}
        number = next(n for n in range(1, len(taken) + 2) if f"{STAMP_FIELD}{n}" not in taken)
        if supplement is not None:
            supplement(writer)
        writer.ensure_output_version(version=(1, 7))
        if writer.output_version < (2, 0):
            writer.register_extension(ESIC_EXTENSION_1)
        name = f"{STAMP_FIELD}{number}"
        field = SigFieldSpec(
            sig_field_name=name,
            invis_sig_settings=InvisSigSettings(),
            readable_field_name=f"Dấu thời gian {number}",
        )
        steps = PdfCMSEmbedder(new_field_spec=field).write_cms(field_name=name, writer=writer)
        next(steps)
        steps.send(SigObjSetup(sig_placeholder=DocumentTimestamp(bytes_reserved=BYTES_RESERVED)))
        ready, _ = steps.send(SigIOSetup(md_algorithm="sha256", in_place=True))
        return Prepared(ready.document_digest, ready.reserved_region_start, ready.reserved_region_end)


def fill(work: Path, prepared: Prepared, token: bytes) -> None:
    """Write the token (CMS, DER) into its room. Raises: TokenTooLarge; OSError."""
    # Two hexadecimal characters a byte, and the angle brackets around them.
    if 2 * len(token) > prepared.end - prepared.start - 2:
        raise TokenTooLarge(len(token))
    with work.open("r+b") as stream:
        room = PreparedByteRangeDigest(prepared.digest, prepared.start, prepared.end)
        room.fill_with_cms(stream, cms.ContentInfo.load(token))
