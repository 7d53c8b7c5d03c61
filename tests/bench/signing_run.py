"""One process that signs and verifies the same paper a number of times: `python -m tests.bench.signing_run REQUEST`.

REQUEST is JSON: {"way", "source", "work", "runs", "bench" (folder of `tests.fixtures_hsm`), "socket", "signer_pid"}.
Prints one JSON object: median CPU and wall milliseconds a document (the signer process's CPU is counted in), and this
process's memory in MiB after its imports, at its peak, and the increase.

"ours" is what the worker runs: pre-checks, strict self-check and PDF/A check of what the signature adds.
"worker" is the same with everything loaded that the box's worker has loaded: its memory is the one that counts.
"ours_doubting" checks the whole result for PDF/A, as for a file of unknown making. "plain" is pyHanko as its
documentation shows it: a PKCS#11 session, a visible text stamp in a TrueType font, then validation. "floor" is what
nobody can do without: SHA-256 of the file and one raw C_Sign through the signer.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

PIN, LABEL = "135791", "agency"
AGENCY = "Ủy ban nhân dân xã Thử Nghiệm"
ATTRIBUTES = "signed-attributes.der"
PLAIN_FONT = "/usr/share/fonts/truetype/croscore/Tinos-Regular.ttf"
Once = Callable[[int], None]


def memory_mib(name: str) -> float:
    """`VmHWM` (peak) or `VmRSS` (now) of this process in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith(name))


def cpu_seconds(pid: int) -> float:
    """CPU of another process so far, user and system, to its clock tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """CPU of this process and of the children it has waited for."""
    return sum(used.ru_utime + used.ru_stime for used in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def ours(asked: dict[str, Any], known: bool = True) -> Once:
    """The product's own way; the papers are PDF/A, which the worker knows of what the box digitized."""
    from hsm.certificates import load_certificate
    from hsm.client import SocketSigner
    from hsm.font import font_file
    from hsm.pades import apply_signature
    from hsm.stamps import copy_stamp
    from hsm.trust import Trust, read_certificates

    folder, work = Path(asked["bench"]), Path(asked["work"])
    trust = Trust.from_files([folder / "root.pem"], [folder / "issuing.pem"])
    service, certificate = SocketSigner(Path(asked["socket"])), load_certificate(folder / f"{LABEL}.pem")
    intermediates = read_certificates(folder / "issuing.pem")
    font_file()

    def once(number: int) -> None:
        now = datetime.now(UTC)
        applied = apply_signature(
            Path(asked["source"]),
            work / "ours.pdf",
            kind="incoming-scan",
            slot="agency",
            service=service,
            certificate=certificate,
            intermediates=intermediates,
            trust=trust,
            stamp=copy_stamp(AGENCY, now),
            document_id=f"paper-{number}",
            now=now,
            source_is_pdfa=known,
        )
        assert applied.pdfa

    return once


def worker(asked: dict[str, Any]) -> Once:
    """The product's own way, in a process as large as the worker's."""
    import appliance.services.worker as loaded

    assert loaded
    return ours(asked)


def plain(asked: dict[str, Any]) -> Once:
    """pyHanko's documented way, with the session kept open from paper to paper."""
    from asn1crypto import pem, x509
    from pyhanko.config.pkcs11 import TokenCriteria
    from pyhanko.pdf_utils import text
    from pyhanko.pdf_utils.font import opentype
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign import fields, signers
    from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.stamp import TextStampStyle
    from pyhanko_certvalidator import ValidationContext

    folder, work = Path(asked["bench"]), Path(asked["work"])
    os.environ["SOFTHSM2_CONF"] = asked["environment"]["SOFTHSM2_CONF"]
    session = open_pkcs11_session(asked["module"], token_criteria=TokenCriteria(label=LABEL), user_pin=PIN)

    def certificate(path: Path) -> x509.Certificate:
        return x509.Certificate.load(pem.unarmor(path.read_bytes())[2])

    chain = [certificate(folder / "issuing.pem")]
    root = certificate(folder / "root.pem")
    signer = PKCS11Signer(session, signing_cert=certificate(folder / f"{LABEL}.pem"), ca_chain=chain, key_id=b"\x02")
    style = TextStampStyle(
        stamp_text="SAO Y\n%(signer)s\n%(ts)s\nBản điện tử chuyển đổi từ văn bản giấy",
        text_box_style=text.TextBoxStyle(font=opentype.GlyphAccumulatorFactory(PLAIN_FONT)),
    )

    def once(_number: int) -> None:
        target = work / "plain.pdf"
        with Path(asked["source"]).open("rb") as source, target.open("w+b") as output:
            writer = IncrementalPdfFileWriter(source)
            fields.append_signature_field(writer, fields.SigFieldSpec("Signature", box=(380, 760, 580, 820)))
            meta = signers.PdfSignatureMetadata(field_name="Signature")
            signers.PdfSigner(meta, signer=signer, stamp_style=style).sign_pdf(writer, output=output)
        with target.open("rb") as signed:
            (embedded,) = PdfFileReader(signed).embedded_signatures
            context = ValidationContext(trust_roots=[root], other_certs=chain, allow_fetching=False)
            state = validate_pdf_signature(embedded, context)
            assert state.intact and state.valid

    return once


def floor(asked: dict[str, Any]) -> Once:
    """One digest of the file, one signature of attributes that the signer accepts."""
    from hsm.client import SocketSigner

    service = SocketSigner(Path(asked["socket"]))
    attributes = (Path(asked["work"]) / ATTRIBUTES).read_bytes()

    def once(number: int) -> None:
        digest = sha256()
        with Path(asked["source"]).open("rb") as source:
            while part := source.read(1 << 20):
                digest.update(part)
        service.sign("agency", attributes, f"floor-{number}")

    return once


def main() -> None:
    """Run one request; the first paper is not counted, but its memory is."""
    asked = json.loads(sys.argv[1])
    ways: dict[str, Callable[[dict[str, Any]], Once]] = {
        "ours": ours,
        "worker": worker,
        "ours_doubting": partial(ours, known=False),
        "plain": plain,
        "floor": floor,
    }
    once = ways[asked["way"]](asked)
    base = memory_mib("VmRSS")
    spent: list[float] = []
    wall: list[float] = []
    for number in range(asked["runs"] + 1):
        began, own, its = time.monotonic(), own_seconds(), cpu_seconds(asked["signer_pid"])
        once(number)
        if number or asked["runs"] == 0:
            spent.append((own_seconds() - own + cpu_seconds(asked["signer_pid"]) - its) * 1000)
            wall.append((time.monotonic() - began) * 1000)
        for name in ("ours.pdf", "plain.pdf"):
            made = Path(asked["work"]) / name
            if made.exists() and number == asked["runs"]:
                shutil.copyfile(made, made.with_suffix(".kept.pdf"))
    peak = memory_mib("VmHWM")
    answer = {
        "cpu_ms": round(statistics.median(spent), 1),
        "cpu_ms_mean": round(statistics.fmean(spent), 1),
        "wall_ms": round(statistics.median(wall), 1),
        "base_mib": base,
        "peak_mib": peak,
        "increase_mib": round(peak - base, 1),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
