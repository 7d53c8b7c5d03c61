"""What may follow a signature, and which algorithms count: the verifier's rules, without any file.

`STRICT` is the own policy: after a signature only further signatures, document timestamps and validation data.
`LENIENT` also allows /Info and XMP to be rewritten; it never makes a file "valid", it only tells such a change from a
change of content (signing.md 7.2, 7.3). Neither allows a form field's value, an annotation, or anything on a page.
"""

from __future__ import annotations

from asn1crypto import cms, x509
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.settings import KeyUsageConstraints

_LTA = ModificationLevel.LTA_UPDATES
_GLOBAL = [
    CatalogModificationRule(),
    ObjectStreamRule().as_qualified(_LTA),
    XrefStreamRule().as_qualified(_LTA),
    DSSCompareRule().as_qualified(_LTA),
]
_FORM = FormUpdatingRule([SigFieldCreationRule(), SigFieldModificationRule()])
STRICT = StandardDiffPolicy(global_rules=_GLOBAL, form_rule=_FORM)
LENIENT = StandardDiffPolicy(
    global_rules=[*_GLOBAL, DocInfoRule().as_qualified(_LTA), MetadataUpdateRule().as_qualified(_LTA)], form_rule=_FORM
)
KEY_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)

DIGESTS = frozenset({"sha256", "sha384", "sha512", "sha512_224", "sha512_256", "sha3_256", "sha3_384", "sha3_512"})
"""TT 15/2025/TT-BKHCN, Phụ lục I (vietnam-rules.md 5.1); SHA-1 and MD5 are refused."""
KEY_BITS = {"rsa": 2048, "rsassa_pss": 2048, "ec": 256}
"""Smallest keys; kinds that are not named (DSA) are refused."""

GAP_MOST = 1 << 20
"""Bytes; a larger hole for a signature's container is refused: PDF/A allows a sixteenth of it."""


def allowed(result: DiffResult | SuspiciousModification, permission: MDPPerm | None) -> bool:
    """Whether a comparison of revisions stays within its policy and the signature's own DocMDP permission."""
    if not isinstance(result, DiffResult) or result.modification_level is ModificationLevel.OTHER:
        return False
    return permission is None or result.modification_level.value <= permission.value


def key_name(certificate: x509.Certificate) -> str:
    """The kind and size of a certificate's key, as "RSA 2048" or "EC 256"; a kind of no known size by its name."""
    kind, bits = str(certificate.public_key.algorithm), _bits(certificate)
    return f"{'RSA' if kind.startswith('rsa') else kind.upper()} {bits}" if bits else kind.upper()


def _bits(certificate: x509.Certificate) -> int:
    try:
        return int(certificate.public_key.bit_size)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        NameError,
    ):  # asn1crypto, for other kinds than RSA, EC, DSA
        return 0


def weak(signer: cms.SignerInfo, certificate: x509.Certificate, digest: str) -> bool:
    """Whether a signature uses a digest or a key that must not be relied upon.

    `digest` names the algorithm that digested the document (of a timestamp: its imprint).
    """
    used = {digest, str(signer["digest_algorithm"]["algorithm"].native)}
    try:
        used.add(str(signer["signature_algorithm"].hash_algo))
    except ValueError:
        pass  # plain rsassa_pkcs1v15 names no digest of its own
    kind = str(certificate.public_key.algorithm)
    return not used <= DIGESTS or _bits(certificate) < KEY_BITS.get(kind, 1 << 20)


def gap_is_clean(content: bytes) -> bool:
    """Whether the hole that a signature leaves in its byte range holds one hexadecimal string and nothing else.

    Digests do not cover the hole, so anything else in it is hidden from every signature (signing.md 7.1).
    """
    inner = content[1:-1]
    return content[:1] == b"<" and content[-1:] == b">" and not inner.strip(b"0123456789abcdefABCDEF")
