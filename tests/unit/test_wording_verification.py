"""Every code that a verification can give has a sentence, in both languages, and none shows its code to a clerk."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from appliance.wording import speak
from appliance.wording.verification import ADVICE, CONCLUSIONS, in_words, reason_sentence, shown
from hsm import findings
from hsm.findings import CertificateFacts, Revocation, SignatureFinding, Verification

HSM = Path(__file__).parents[2] / "hsm"
KEBAB = re.compile(r'"([a-z]+(?:-[a-z]+)+)"')
NOT_REASONS = {"document-timestamp", "signature-timestamp", "timestamp-wrong", "validation-data", "loose-bytes"}


def codes() -> set[str]:
    """Every reason code in the verifier's sources, and the two sets that decide the verdict."""
    said = "".join((HSM / f"{name}.py").read_text("utf-8") for name in ("verify", "judging", "proving"))
    return (set(KEBAB.findall(said)) | findings.CHANGED | findings.UNTRUSTED) - NOT_REASONS


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_reason_has_a_sentence(language: str) -> None:
    assert {"coverage-unclear", "gap-not-clean", "agency-lock-missing", "slots-not-as-expected"} <= codes()
    with speak(language):
        for code in [*codes(), "parser-PdfReadError", "child-TimeoutExpired", "signature-unreadable-ValueError"]:
            assert not re.fullmatch(r"[a-z-]+", reason_sentence(code)), code
            assert reason_sentence(code).endswith((".", ")")), code


def test_conclusions_and_advice_are_complete() -> None:
    assert set(CONCLUSIONS) == set(ADVICE) == set(findings.CONCLUSIONS)


def told(**changes: object) -> str:
    finding = SignatureFinding(
        field="F", slot="", signer="Lò Văn A", signed_at="2026-03-05T14:30:00+07:00", intact=True, trusted=True,
        covers_whole_file=True, changed_after=False, certificate_sha256="a" * 64,
        certificate=CertificateFacts(serial="1f", valid_from="2026-01-01T00:00:00+07:00", key="RSA 2048"),
    )  # fmt: skip
    one = Verification("valid", (finding,), True, conclusion="valid").facts()
    one["signatures"][0].update(changes)
    (words,) = in_words(one).signatures
    return "\n".join(f"{label}: {value}" for label, value in words.rows)


def test_a_claim_is_never_told_as_a_proven_time() -> None:
    assert "Thời gian: chưa được chứng minh; người ký ghi 14:30:00 05/03/2026" in told()
    proven = told(proven_at="2026-03-06T08:00:00+07:00", proven_by="document-timestamp")
    assert "có trước 08:00:00 06/03/2026 (dấu thời gian chứng minh); người ký ghi 14:30:00 05/03/2026" in proven


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Revocation("unknown"), "chưa rõ (không có dữ liệu thu hồi)"),
        (Revocation("unknown", known_at="2026-03-01T07:00:00+07:00"), "chưa rõ từ 07:00:00 01/03/2026"),
        (Revocation("good", known_at="2026-03-06T07:00:00+07:00"), "không bị thu hồi (theo dữ liệu lúc 07:00:00"),
        (Revocation("revoked", revoked_at="2026-03-02T07:00:00+07:00"), "ĐÃ BỊ THU HỒI từ 07:00:00 02/03/2026"),
    ],
)
def test_the_three_states_of_revocation_are_told_apart(state: Revocation, expected: str) -> None:
    assert expected in told(revocation=asdict(state))


def test_an_unknown_moment_is_a_question_mark() -> None:
    assert (shown(""), shown("2026-03-05T14:30:00+07:00", day_only=True)) == ("?", "05/03/2026")
