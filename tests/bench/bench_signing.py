"""What a signature costs (bars of the signing issue): CPU, wall and memory of signing and verifying one paper.

Compared in the same run with a floor nobody can do without, and with pyHanko used as its documentation shows. CPU
counts the signing process and the signer process; the token is SoftHSM, so a real token's own time is missing on both
sides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

NAME = "signing"
ROOT = Path(__file__).parents[2]
QUICK = bool(os.environ.get("COMMUNE_BENCH_QUICK"))
PAPERS = {"1p_120kb": (1, 104_000, 25), "10p_1mb": (10, 98_000, 15), "200p_23mb": (200, 115_000, 5)}
"""Pages, bytes of picture a page, papers signed."""
LARGE = (2000, 207_000)


def run() -> dict[str, Any]:
    """Every paper by every way; the large one for memory."""
    from tests.bench.signing_run import ATTRIBUTES
    from tests.data.signing_pages import make_volume
    from tests.fixtures_hsm import PIN, make_bench

    with tempfile.TemporaryDirectory(prefix="bench-signing-") as name:
        folder = Path(name)
        bench = make_bench(folder / "hsm")
        config = bench.write_config(folder / "run")
        process = bench.start(config)
        try:
            from hsm.client import SocketSigner

            SocketSigner(config.parent / "s").login("agency", PIN["agency"])
            (folder / ATTRIBUTES).write_bytes(acceptable_attributes(bench.der("agency")))
            asked = {
                "work": name,
                "bench": str(bench.folder),
                "module": bench.module,
                "environment": bench.environment,
                "socket": str(config.parent / "s"),
                "signer_pid": process.pid,
            }
            figures: dict[str, Any] = {}
            for paper, (pages, picture, runs) in PAPERS.items():
                source = make_volume(folder / f"{paper}.pdf", pages, picture)
                figures[f"{paper}.bytes"] = source.stat().st_size
                for way in ("floor", "plain", "ours", "ours_doubting"):
                    found = measured(asked | {"way": way, "source": str(source), "runs": 3 if QUICK else runs})
                    figures |= {f"{paper}.{way}.{key}": value for key, value in found.items()}
            if not QUICK:
                source = make_volume(folder / "large.pdf", *LARGE)
                figures["large.bytes"] = source.stat().st_size
                for way in ("plain", "ours", "worker"):
                    found = measured(asked | {"way": way, "source": str(source), "runs": 0})
                    figures |= {f"large.{way}.{key}": value for key, value in found.items()}
        finally:
            bench.stop_all()
    return {"figures": figures, "bars": bars(figures)}


def measured(asked: dict[str, Any]) -> dict[str, Any]:
    """One way with one paper, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.signing_run", json.dumps(asked)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    print(f"  {Path(asked['source']).stem} {asked['way']}: {answer}", file=sys.stderr, flush=True)
    return answer


def acceptable_attributes(certificate: bytes) -> bytes:
    """Signed attributes that the signer agrees to sign: of an empty document, under the enrolled certificate."""
    from hashlib import sha256

    from asn1crypto import cms, tsp

    assert tsp.SigningCertificateV2
    named = {"certs": [{"cert_hash": sha256(certificate).digest()}]}
    attributes: bytes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [sha256(b"").digest()]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [named]}),
        ]
    ).dump()
    return attributes


def bars(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """The issue's bars."""
    over = round(figures["1p_120kb.ours.cpu_ms"] - figures["1p_120kb.floor.cpu_ms"], 1)
    faster = round(figures["1p_120kb.plain.cpu_ms"] / figures["1p_120kb.ours.cpu_ms"], 2)
    long = round(figures["200p_23mb.plain.cpu_ms"] / figures["200p_23mb.ours.cpu_ms"], 2)
    found = [
        {"name": "CPU ms over the floor, visible, 1 page", "value": over, "bar": "<= 45", "holds": over <= 45},
        {"name": "times less CPU than plain pyHanko, 1 page", "value": faster, "bar": ">= 3", "holds": faster >= 3},
        {"name": "times less CPU than plain pyHanko, 200 pages", "value": long, "bar": ">= 3", "holds": long >= 3},
    ]
    if "large.worker.peak_mib" in figures:
        peak = figures["large.worker.peak_mib"]
        found.append(
            {"name": "MiB RSS of the worker at a 400 MB file", "value": peak, "bar": "<= 100", "holds": peak <= 100}
        )
    return found
